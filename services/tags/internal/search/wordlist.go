package search

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxTextBytes is how much of the source of a post is read for its words.
	maxTextBytes = 256 << 10
	// maxWords bounds the different words of a post's text.
	maxWords = 10_000
)

// Source is what of a post is searched.
type Source struct {
	Title string
	// Labels are names of tags and authors.
	Labels []string
	// Body is the source text in Format, "markdown" or "html".
	Body, Format string
	// Others are plain texts beside the body: excerpt, captions.
	Others []string
}

// Wordlist is a post as it is searched: the different words of each of its
// places, sorted and joined by spaces.
type Wordlist struct {
	Title, Labels, Text string
}

// NewWordlist reads the words of a post: of a long text those of its first
// 256 KiB, at most 10,000 different ones. Linear in the length of the text.
func NewWordlist(s Source) Wordlist {
	title, labels, text := make(set), make(set), make(set)
	title.add(s.Title)
	for _, l := range s.Labels {
		labels.add(l)
	}
	for _, o := range s.Others {
		text.add(o)
	}
	text.add(plain(s.Body, s.Format == "html"))
	return Wordlist{Title: title.String(), Labels: labels.String(), Text: text.String()}
}

// Hash is the same for the same words.
func (d Wordlist) Hash() string {
	h := sha256.New()
	for _, words := range []string{d.Title, d.Labels, d.Text} {
		h.Write([]byte(strconv.Itoa(len(words)) + " " + words)) // a hash takes everything
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// Scope is a word that no text has: the wordlists of a site have it.
func Scope(site string) string { return "__" + hex.EncodeToString([]byte(site)) }

type set map[string]struct{}

func (s set) add(text string) {
	words := scanner{seen: make(map[string]struct{}), emit: func(word string, _ bool) {
		if len(s) < maxWords {
			s[word] = struct{}{}
		}
	}}
	words.scan(text)
}

// String joins the words, sorted.
func (s set) String() string {
	words := make([]string, 0, len(s))
	for w := range s {
		words = append(words, w)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
