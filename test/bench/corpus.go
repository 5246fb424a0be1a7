package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// item is a post of the corpus.
type item struct {
	Title, Slug, Body string
	Tags              []string
}

const words = `le la les un une des été forêt château élève fenêtre naïve façade garçon leçon déjà voilà être après très
œuvre cœur hôtel côte île noël août théâtre siècle mémoire énergie société réseau données requête réponse serveur message
journal écriture lecture lumière rivière montagne chemin voyage maison jardin ville marché peuple histoire projet équipe
travail méthode qualité mesure résultat vitesse page article auteur lecteur édition public simple rapide fiable ouvert
libre nouveau ancien grand petit clair léger profond the press prints every word before readers open their windows and
nobody waits for a writer to finish good names honest numbers small steps`

const tagNames = "politique culture science économie société sport santé climat europe technologie histoire littérature musique cinéma voyage cuisine éducation justice ville jardin"

// corpus makes n posts of about 1,170 words with headings, lists, code, quotes
// and links, 20 tags, 3 a post. The same n gives the same posts.
func corpus(n int) []item {
	vocabulary, tags := strings.Fields(words), strings.Fields(tagNames)
	out := make([]item, n)
	for i := range out {
		r := rand.New(rand.NewPCG(uint64(i), 42))
		g := generator{r, vocabulary}
		out[i] = item{Title: fmt.Sprintf("%s %d", g.sentence(6), i), Slug: fmt.Sprintf("post-%05d", i), Body: g.body()}
		for _, t := range r.Perm(len(tags))[:3] {
			out[i].Tags = append(out[i].Tags, tags[t])
		}
	}
	return out
}

type generator struct {
	r     *rand.Rand
	words []string
}

func (g generator) sentence(n int) string {
	out := make([]string, n)
	for i := range out {
		w := g.words[g.r.IntN(len(g.words))]
		switch g.r.IntN(30) {
		case 0:
			w = "**" + w + "**"
		case 1:
			w = "*" + w + "*"
		case 2:
			w = fmt.Sprintf("[%s](https://example.org/%d)", w, g.r.IntN(9999))
		case 3:
			w = "`" + w + "`"
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}

func (g generator) paragraph(n int) string {
	var b strings.Builder
	for n > 0 {
		k := 8 + g.r.IntN(14)
		b.WriteString(g.sentence(k))
		b.WriteString(". ")
		n -= k
	}
	return b.String()
}

func (g generator) body() string {
	var b strings.Builder
	for section := range 7 {
		fmt.Fprintf(&b, "## %s\n\n", g.sentence(5))
		for range 2 {
			b.WriteString(g.paragraph(65) + "\n\n")
		}
		switch section % 4 {
		case 0:
			for range 4 {
				b.WriteString("- " + g.sentence(8) + "\n")
			}
		case 1:
			b.WriteString("```go\nfor i := range n {\n\tx[i] = y[i] &^ 7 // é < à\n}\n```\n")
		case 2:
			b.WriteString("> " + g.sentence(14) + "\n")
		case 3:
			b.WriteString("| a | b |\n|---|--:|\n| " + g.sentence(3) + " | 7 |\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}
