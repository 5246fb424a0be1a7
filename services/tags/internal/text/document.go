package text

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	index "github.com/blevesearch/bleve_index_api"
	"golang.org/x/text/unicode/norm"
)

// Fields of the index. Names are short: each place of a word leads to one.
const (
	// inWords has all words with their places; the only one with places.
	inWords = "w"
	// inStems has the stems of all words that are not their own stem: those are found
	// among the words.
	inStems = "s"
	// inTitle, inHeadings and inLabels have the words and stems of these alone, for their
	// weight. Authors are among the labels.
	inTitle    = "t"
	inHeadings = "h"
	inLabels   = "l"
	// inForms has words as they are written, behind the folded word and a zero byte, where
	// they are not written as they are folded.
	inForms = "f"
	// inDays has the day of publication, two bytes.
	inDays = "d"
)

// Places: titles begin at titlePlace, labels and authors at labelPlace, headings and
// text at bodyPlace. A phrase cannot go from one to another.
const (
	titlePlace = 1
	labelPlace = 1 << 9
	bodyPlace  = 1 << 12
)

const day = 24 * time.Hour

// dayOf counts days since 1970, as far as two bytes go.
func dayOf(t time.Time) uint16 {
	return uint16(min(max(t.Unix()/int64(day/time.Second), 0), 1<<16-1))
}

// key is a post's number as the index has it.
func key(number uint32) string {
	return string(binary.BigEndian.AppendUint32(nil, number))
}

// document is a post as bleve takes it. It is analysed by one of bleve's own goroutines.
type document struct {
	Document

	id     string
	fields []*field
	pool   *sync.Pool
	store  store
}

// newDocument is what a post is in the index.
func newDocument(d Document, pool *sync.Pool) *document {
	const counted = index.IndexField
	const listed = index.IndexField | index.SkipFreqNorm
	doc := document{Document: d, id: key(d.Number), pool: pool}
	for _, f := range []field{
		{name: inWords, options: counted | index.IncludeTermVectors},
		{name: inStems, options: counted},
		{name: inTitle, options: counted},
		{name: inHeadings, options: counted},
		{name: inLabels, options: counted},
		{name: inForms, options: listed},
		{name: inDays, options: listed},
	} {
		f.doc = &doc
		doc.fields = append(doc.fields, &f)
	}
	return &doc
}

// ID and what follows is index.Document.
func (d *document) ID() string { return d.id }

// Size is roughly the memory that it takes.
func (d *document) Size() int {
	return 200 * len(d.fields)
}

// VisitFields visits all fields.
func (d *document) VisitFields(visit index.FieldVisitor) {
	for _, f := range d.fields {
		visit(f)
	}
}

// VisitComposite visits none: there are none.
func (d *document) VisitComposite(index.CompositeFieldVisitor) {}

// HasComposite is false.
func (d *document) HasComposite() bool { return false }

// NumPlainTextBytes is for bleve's statistics, which nobody reads.
func (d *document) NumPlainTextBytes() uint64 { return 0 }

// StoredFieldsBytes is for bleve's statistics, too.
func (d *document) StoredFieldsBytes() uint64 { return 0 }

// Indexed tells whether bleve may leave it out.
func (d *document) Indexed() bool { return false }

// AddIDField is called by bleve before anything else.
func (d *document) AddIDField() {
	f := field{name: "_id", options: index.IndexField | index.StoreField, length: 1}
	f.value = []byte(d.id)
	f.terms = index.TokenFrequencies{d.id: {Term: f.value}}
	f.terms[d.id].SetFrequency(1)
	d.fields = append(d.fields, &f)
}

// field is a field of a document.
type field struct {
	name    string
	options index.FieldIndexingOptions
	value   []byte
	length  int
	terms   index.TokenFrequencies
	// doc is analysed with its first field.
	doc *document
}

// Name and what follows is index.Field.
func (f *field) Name() string { return f.name }

// Value is kept where the options say so.
func (f *field) Value() []byte { return f.value }

// ArrayPositions are none.
func (f *field) ArrayPositions() []uint64 { return nil }

// EncodedFieldType is bleve's for text.
func (f *field) EncodedFieldType() byte { return 't' }

// Options are how it is kept.
func (f *field) Options() index.FieldIndexingOptions { return f.options }

// AnalyzedLength is how many words it has.
func (f *field) AnalyzedLength() int { return f.length }

// AnalyzedTokenFrequencies are its terms.
func (f *field) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }

// NumPlainTextBytes is for bleve's statistics.
func (f *field) NumPlainTextBytes() uint64 { return 0 }

// Analyze makes the terms of the whole document once.
func (f *field) Analyze() {
	if f.name == inWords {
		f.doc.analyse()
	}
}

// count counts a term.
func (f *field) count(term string) *index.TokenFreq {
	t := f.terms[term]
	if t == nil {
		t = f.doc.store.freq(term)
		f.terms[term] = t
	}
	if !f.options.SkipFreqNorm() {
		t.SetFrequency(t.Frequency() + 1)
	}
	return t
}

// analyse finds the terms of all fields.
func (d *document) analyse() {
	a, ok := d.pool.Get().(*analyser)
	if !ok {
		a = &analyser{known: map[string]map[string]string{}}
	}
	defer d.pool.Put(a)
	a.begin(d)
	s := d.Source
	d.expect(s)
	a.add(d.fields[2], titlePlace, labelPlace-paragraph, s.Title)
	a.add(d.fields[4], labelPlace, bodyPlace-paragraph, s.Labels...)
	a.add(d.fields[4], a.next, bodyPlace-paragraph, s.Authors...)
	a.add(d.fields[3], bodyPlace, 0, s.Headings...)
	a.add(nil, max(a.next, bodyPlace), 0, s.Body)
	days := d.fields[6]
	days.count(string(binary.BigEndian.AppendUint16(nil, dayOf(d.PublishedAt))))
	days.length = 1
}

// expect makes room for about as many terms as a text has.
func (d *document) expect(s *Source) {
	const perWord = 12 // bytes of a text for each of its different words
	size := len(s.Title) + len(s.Body)
	for _, lists := range [][]string{s.Headings, s.Labels, s.Authors} {
		for _, text := range lists {
			size += len(text)
		}
	}
	n := min(size/perWord, 4096)
	for _, f := range d.fields {
		if f.terms != nil {
			continue
		}
		room := 8
		switch f.name {
		case inWords:
			room = n
		case inStems:
			room = n / 2
		case inForms:
			room = n / 8
		}
		f.terms = make(index.TokenFrequencies, room)
	}
	d.store.grow = max(n, 16)
}

// store is where what belongs to terms is kept: thousands of small things that live as
// long as their document.
type store struct {
	freqs []index.TokenFreq
	bytes []byte
	lists []*index.TokenLocation
	// grow is how many are made at a time.
	grow int
}

func (s *store) freq(term string) *index.TokenFreq {
	if len(s.freqs) == 0 {
		s.freqs = make([]index.TokenFreq, max(s.grow, 16))
	}
	f := &s.freqs[0]
	s.freqs = s.freqs[1:]
	if cap(s.bytes)-len(s.bytes) < len(term) {
		s.bytes = make([]byte, 0, max(8*s.grow, 128, len(term)))
	}
	from := len(s.bytes)
	s.bytes = append(s.bytes, term...)
	f.Term = s.bytes[from:len(s.bytes):len(s.bytes)]
	return f
}

// places is an empty list with room for one: most words are once in a text.
func (s *store) places() []*index.TokenLocation {
	if len(s.lists) == 0 {
		s.lists = make([]*index.TokenLocation, max(s.grow, 16))
	}
	one := s.lists[:0:1]
	s.lists = s.lists[1:]
	return one
}

// maxKnown bounds the stems of a language that an analyser remembers.
const maxKnown = 40_000

// analyser finds the terms of documents, one after the other.
type analyser struct {
	words, stems, forms *field
	stem                stemmer
	// known are stems that were made before, by language and word; here are those of this
	// language.
	known  map[string]map[string]string
	here   map[string]string
	tokens []token
	// next is a place behind everything that was added.
	next int
}

// add adds the words of texts to the fields that have all words, and to one more. Words
// from the place end on are left out; 0 is no end.
func (a *analyser) add(more *field, at, end int, texts ...string) {
	for _, text := range texts {
		a.tokens, at = scan(text, a.tokens[:0], at)
		at += paragraph
		locations := make([]index.TokenLocation, len(a.tokens))
		for i, t := range a.tokens {
			if end > 0 && t.at >= end {
				return
			}
			locations[i].Position = t.at
			freq := a.words.count(t.text)
			if freq.Locations == nil {
				freq.Locations = a.words.doc.store.places()
			}
			freq.Locations = append(freq.Locations, &locations[i])
			stem := a.stemOf(t)
			if t.form == part {
				a.words.length++
				a.stems.length++
			}
			if t.form == part || t.form == joined {
				if form := formOf(text[t.start:t.end], t.text); form != "" {
					a.forms.count(form)
				}
			}
			if stem != "" {
				a.stems.count(stem)
			}
			if more == nil {
				continue
			}
			more.count(t.text)
			if stem != "" {
				more.count(stem)
			}
			if t.form == part {
				more.length++
			}
		}
	}
	a.next = at
}

func (a *analyser) stemOf(t token) string {
	if a.stem == nil || !t.letters {
		return ""
	}
	stem, ok := a.here[t.text]
	if !ok {
		if stem = a.stem(t.text); stem[min(len(stem), 1):] == t.text {
			stem = ""
		}
		a.here[t.text] = stem
	}
	return stem
}

// begin turns to another document.
func (a *analyser) begin(d *document) {
	a.words, a.stems, a.forms = d.fields[0], d.fields[1], d.fields[5]
	a.next, a.stem = 0, stemmerOf(d.Language)
	base, _, _ := strings.Cut(strings.ToLower(d.Language), "-")
	if a.stem == nil {
		return
	}
	if a.here = a.known[base]; a.here == nil || len(a.here) > maxKnown {
		a.here = make(map[string]string, 1024)
		a.known[base] = a.here
	}
}

// formOf is the term that tells how a word is written; empty if it is as it is folded, or
// only as one that stands with spaces in it ("1 000 000").
func formOf(written, folded string) string {
	plain := len(written) == len(folded)
	for i := 0; plain && i < len(written); i++ {
		plain = written[i] < utf8.RuneSelf
	}
	if plain || strings.ContainsFunc(written, func(r rune) bool { return unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) }) {
		return ""
	}
	form := norm.NFC.String(strings.ToLower(written))
	if form == folded || len(form) > maxWordBytes {
		return ""
	}
	return folded + "\x00" + form
}
