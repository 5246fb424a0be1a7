package text

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	index "github.com/blevesearch/bleve_index_api"
	"github.com/blevesearch/vellum/levenshtein"
)

const (
	// maxListed bounds the words that are looked at in each segment to complete one.
	maxListed = 20_000
	// minCorrected is the shortest word that is corrected, minTwice the shortest of which
	// two letters may be wrong, in letters.
	minCorrected = 4
	minTwice     = 8
	// maxCorrected is the longest.
	maxCorrected = 32
)

// listed is a word and how many posts have it.
type listed struct {
	word  string
	posts uint64
}

// complete lists words that begin so, as they are folded, most frequent first.
func (v *view) complete(b *budget, start string, size int) ([]string, error) {
	if start == "" {
		return nil, nil
	}
	counts := map[string]uint64{}
	for _, s := range v.large() {
		words, err := s.frequent(b, start)
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			counts[w.word] += w.posts
		}
	}
	all := make([]listed, 0, len(counts))
	for w, n := range counts {
		all = append(all, listed{w, n})
	}
	slices.SortFunc(all, byPosts)
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = w.word
	}
	return v.living(b, words, size)
}

func byPosts(a, b listed) int {
	return cmp.Or(cmp.Compare(b.posts, a.posts), cmp.Compare(a.word, b.word))
}

// frequent lists the words of a segment that begin so, those of withdrawn posts included.
// Of very many only the most frequent are listed.
func (s *leaf) frequent(b *budget, start string) ([]listed, error) {
	if words := s.listed.get(start); words != nil {
		return words, nil
	}
	dict, err := s.dictionary(inWords)
	if err != nil {
		return nil, err
	}
	var words []listed
	if err := eachTerm(dict, true, nil, []byte(start), after(start), func(e *index.DictEntry) (bool, error) {
		words = append(words, listed{e.Term, e.Count})
		return len(words) < maxListed, b.spend(2)
	}); err != nil {
		return nil, err
	}
	if len(words) >= minRemembered {
		slices.SortFunc(words, byPosts)
		words = slices.Clone(words[:minRemembered])
		s.listed.put(start, words)
	}
	return words, nil
}

// large are the segments that have nine tenths of all posts: the tiny ones that were
// written last say little about what is frequent, and there may be many.
func (v *view) large() []*leaf {
	posts := 0
	for _, s := range v.segments {
		posts += len(s.numbers)
	}
	kept := slices.Clone(v.segments)
	slices.SortStableFunc(kept, func(a, b *leaf) int { return cmp.Compare(len(b.numbers), len(a.numbers)) })
	n := 0
	for i, s := range kept {
		if n += len(s.numbers); n*10 >= posts*9 {
			return kept[:i+1]
		}
	}
	return kept
}

// written is how a folded word is mostly written.
func (v *view) written(b *budget, folded string) (string, error) {
	counts := map[string]uint64{}
	plain := uint64(0)
	for _, s := range v.segments {
		if err := b.spend(2); err != nil {
			return "", err
		}
		list, err := s.list(inWords, folded)
		if err != nil {
			return "", err
		}
		if list != nil {
			plain += list.Count()
		}
		dict, err := s.dictionary(inForms)
		if err != nil {
			return "", err
		}
		start := folded + "\x00"
		if err := eachTerm(dict, false, nil, []byte(start), after(start), func(e *index.DictEntry) (bool, error) {
			list, err := s.list(inForms, e.Term)
			if err != nil || list == nil {
				return err == nil, err // only withdrawn posts have it
			}
			counts[strings.TrimPrefix(e.Term, start)] += list.Count()
			return len(counts) < 100, b.spend(1)
		}); err != nil {
			return "", err
		}
	}
	best, most := folded, uint64(0)
	total := uint64(0)
	for form, n := range counts {
		total += n
		if n > most || n == most && form < best {
			best, most = form, n
		}
	}
	if plain > total && plain-total > most {
		return folded, nil
	}
	return best, nil
}

// writtenAll is written of many.
func (v *view) writtenAll(b *budget, folded []string) ([]string, error) {
	all := make([]string, 0, len(folded))
	for _, f := range folded {
		w, err := v.written(b, f)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all, nil
}

// typos makes the automata that take words that are written nearly so.
type typos struct {
	once     sync.Once
	err      error
	builders [3]*levenshtein.LevenshteinAutomatonBuilder
}

func (t *typos) of(word string, distance uint8) (*levenshtein.DFA, error) {
	t.once.Do(func() {
		for d := uint8(1); d <= 2 && t.err == nil; d++ {
			t.builders[d], t.err = levenshtein.NewLevenshteinAutomatonBuilder(d, true)
		}
	})
	if t.err != nil {
		return nil, t.err
	}
	return t.builders[distance].BuildDfa(word, distance)
}

// correct lists words that are written nearly as word, the best first, folded.
func (v *view) correct(b *budget, t *typos, word string, size int) ([]string, error) {
	most := mostWrong(word)
	for distance := uint8(1); distance <= most; distance++ {
		words, err := v.similar(b, t, word, distance)
		if err != nil {
			return nil, err
		}
		if words, err = v.living(b, words, size); err != nil || len(words) > 0 {
			return words, err
		}
	}
	return nil, nil
}

// similar lists words that are so far from word, the best first.
func (v *view) similar(b *budget, t *typos, word string, distance uint8) ([]string, error) {
	worth := map[string]float64{}
	automaton, err := t.of(word, distance)
	if err != nil {
		return nil, err
	}
	for _, s := range v.segments {
		dict, err := s.dictionary(inWords)
		if err != nil {
			return nil, err
		}
		if err := b.spend(between / 4); err != nil {
			return nil, err
		}
		if err := eachTerm(dict, true, automaton, nil, nil, func(e *index.DictEntry) (bool, error) {
			worth[e.Term] += float64(e.Count) * likely(word, e.Term, distance)
			return len(worth) < maxListed, b.spend(4)
		}); err != nil {
			return nil, err
		}
	}
	words := make([]string, 0, len(worth))
	for w := range worth {
		if utf8.RuneCountInString(w) >= minCorrected-1 && !isDigits(w) {
			words = append(words, w)
		}
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(worth[b], worth[a]), cmp.Compare(a, b))
	})
	return words, nil
}

// living are the first size of words that a post still has: dictionaries keep those of
// posts that were withdrawn until segments are merged, and readers must not see these.
func (v *view) living(b *budget, words []string, size int) ([]string, error) {
	out := make([]string, 0, min(size, len(words)))
	for _, w := range words {
		if len(out) == size {
			break
		}
		n, err := v.count(b, inWords, w)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, w)
		}
	}
	return out, nil
}

// likely weighs a correction: people rarely mistake the first letter, and more often leave
// one out, put one in twice or change the order of two than type another one.
func likely(typed, word string, distance uint8) float64 {
	w := 1.0
	if a, _ := utf8.DecodeRuneInString(typed); !strings.HasPrefix(word, string(a)) {
		w /= 8
	}
	if len(typed) != len(word) || sameLetters(typed, word) {
		w *= 2
	}
	return w / math.Pow(10, float64(distance))
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// telling lists the words of a text that tell most about it.
func (v *view) telling(b *budget, s Source, stem stemmer, size int) ([]Term, error) {
	found := map[string]*candidate{}
	var tokens []token
	read := func(text string, weight float64) error {
		tokens, _ = scan(text, tokens[:0], 0)
		for _, t := range tokens {
			if err := b.spend(1); err != nil {
				return err
			}
			note(found, t, stem, weight)
		}
		return nil
	}
	if err := read(s.Title, 3); err != nil {
		return nil, err
	}
	for _, h := range s.Headings {
		if err := read(h, 1.5); err != nil {
			return nil, err
		}
	}
	if err := read(s.Body, 1); err != nil {
		return nil, err
	}
	often := make([]*candidate, 0, len(found))
	for _, c := range found {
		often = append(often, c)
	}
	slices.SortFunc(often, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.often, a.often), cmp.Compare(a.word, b.word))
	})
	return v.rare(b, often[:min(len(often), 300)], size)
}

// candidate is a word of a text, with its other forms.
type candidate struct {
	word, stem string
	often      float64
}

// note counts a word of a text.
func note(found map[string]*candidate, t token, stem stemmer, weight float64) {
	if t.form == joined || isFunction(t.text) || isFrenchFunction(t.text) || isEnglishFunction(t.text) || isDigits(t.text) ||
		t.form == part && utf8.RuneCountInString(t.text) < 3 {
		return
	}
	c := candidate{word: t.text}
	if stem != nil && t.letters {
		c.stem = stem(t.text)
	}
	k := cmp.Or(c.stem, c.word)
	if found[k] == nil {
		found[k] = &c
	}
	found[k].often += weight
}

// rare chooses from the words of a text, by how often they are there and how rarely
// elsewhere.
func (v *view) rare(b *budget, words []*candidate, size int) ([]Term, error) {
	posts := 0
	for _, s := range v.segments {
		posts += len(s.numbers)
	}
	type telling struct {
		Term

		worth float64
	}
	var all []telling
	for _, c := range words {
		n, err := 0, error(nil)
		if c.stem != "" {
			n, err = v.countStem(b, c.stem)
		}
		if err == nil && n == 0 {
			n, err = v.count(b, inWords, c.word)
		}
		if err != nil {
			return nil, err
		}
		// One post has it: that is the text itself. A quarter of all: it tells nothing.
		if n < 2 || n > max(posts/4, 3) {
			continue
		}
		all = append(all, telling{Term{c.word, n}, math.Sqrt(c.often) * math.Log(float64(posts+1)/float64(n))})
	}
	slices.SortFunc(all, func(a, b telling) int {
		return cmp.Or(cmp.Compare(b.worth, a.worth), cmp.Compare(a.Text, b.Text))
	})
	terms := make([]Term, 0, min(size, len(all)))
	for _, t := range all[:min(size, len(all))] {
		terms = append(terms, t.Term)
	}
	return terms, nil
}
