package importer

import (
	"context"
	"html"
	"regexp"
	"sort"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// carrying is one post being made ready.
type carrying struct {
	it      *item
	index   *index
	library *library
	edits   []markup.Edit
	text    markup.Text
	code    []markup.Range
	// gone are the names of reference definitions that are left out.
	gone map[string]bool
	// links are the labels of links.
	links   []markup.Range
	outside int
}

// carry finishes the post: its body and cover as the site takes them. Answers
// with the number of images on other hosts. An error ends the import.
func (r *reader) carry(ctx context.Context, it *item, x *index, l *library) (int, error) {
	text := markup.NewText(it.body, it.bodyLine)
	if at, deep := markup.Deep(it.body, maxNesting); deep && it.format == markup.Markdown {
		it.refuse(text.Line(at), "limit", "quotes and lists are nested deeper than %d levels", maxNesting)
		return 0, nil
	}
	code := r.scanner.Code(it.body, it.format)
	if carried := x.source.carry(it, text, code, x); carried.String() != it.body {
		text = carried
		code = r.scanner.Code(text.String(), it.format)
	}
	c := &carrying{it: it, index: x, library: l, text: text, code: code, gone: make(map[string]bool)}
	if err := c.references(ctx); err != nil {
		return 0, err
	}
	c.scripts(r.scanner)
	it.post.Body = strings.TrimRight(strings.TrimLeft(text.Apply(c.edits).String(), "\n"), " \t\n")
	if err := c.coverAddress(ctx); err != nil {
		return 0, err
	}
	if n := len(it.post.Body); n > maxBodyBytes {
		it.refuse(0, "limit", "the body has %d bytes; at most %d", n, maxBodyBytes)
	}
	return c.outside, nil
}

func (c *carrying) edit(r markup.Range, text string) {
	c.edits = append(c.edits, markup.Edit{Range: r, New: text})
}

func (c *carrying) warn(at int, topic, format string, args ...any) {
	c.it.warn(c.text.Line(at), topic, format, args...)
}

// references leads every link and image to its new place.
func (c *carrying) references(ctx context.Context) error {
	s := c.text.String()
	refs := markup.Refs(s, c.it.format, c.code)
	labels := labelsOf(refs, true)
	c.links = labelsOf(refs, false)
	lost := make(map[int]bool) // tags whose source is gone, by position
	for _, ref := range refs {
		if ref.Kind == markup.Use {
			continue
		}
		if ref.Kind == markup.Bare && markup.Inside(labels, ref.Start) {
			continue // what a link shows stays
		}
		if ref.Dest == "" && c.nowhere(ref) {
			continue
		}
		if err := c.reference(ctx, ref, lost); err != nil {
			return err
		}
	}
	for _, ref := range refs {
		if ref.Kind == markup.Use && ref.Image && c.gone[strings.ToLower(ref.Name)] {
			c.edit(ref.Range, ref.Label)
		}
	}
	c.elements(lost)
	return nil
}

// nowhere leaves of a link or an image without destination what it shows.
// Editors leave them behind, and so do tags that were left out.
func (c *carrying) nowhere(ref markup.Ref) bool {
	switch ref.Kind {
	case markup.Link, markup.Image:
		label := strings.Index(c.text.String()[ref.Start:], "[") + ref.Start + 1
		c.edit(markup.Range{Start: ref.Start, End: label}, "")
		c.edit(markup.Range{Start: label + len(ref.Label), End: ref.End}, "")
		return true
	case markup.Definition, markup.Use, markup.Autolink, markup.Bare, markup.Attribute:
	}
	return false
}

// labelsOf lists what links, and images if asked for, show: nothing in it can
// be a link again.
func labelsOf(refs []markup.Ref, images bool) []markup.Range {
	var out []markup.Range
	for _, r := range refs {
		if (r.Kind == markup.Link || images && r.Kind == markup.Image) && (len(out) == 0 || r.Start >= out[len(out)-1].End) {
			out = append(out, markup.Range{Start: r.Start, End: r.At.Start})
		}
	}
	return out
}

// reference leads one link or image to its new place.
func (c *carrying) reference(ctx context.Context, ref markup.Ref, lost map[int]bool) error {
	if ref.Attr == "srcset" {
		return c.candidates(ctx, ref)
	}
	image := ref.Kind == markup.Image || ref.Kind == markup.Attribute && ref.Tag.Name != "a" && ref.Tag.Name != "area" && ref.Tag.Name != "iframe"
	t := c.index.find(c.it, ref.Dest, image)
	if t.note != "" {
		c.warn(ref.Start, "link", "%s", t.note)
	}
	switch t.verdict {
	case keep:
	case isOutside:
		if image {
			c.outside++
		}
	case leadsTo:
		c.lead(ref, t.address)
	case isMedia:
		address, refusal, err := c.library.address(ctx, t.file)
		if err != nil {
			return err
		}
		if refusal == "" {
			c.lead(ref, address)
			return nil
		}
		t.reason = refusal
		c.missing(ref, t, image, lost)
	case isMissing:
		c.missing(ref, t, image || ref.Kind == markup.Definition && isMediaPath(ref.Dest), lost)
	}
	return nil
}

// lead writes an address in the place of a reference's destination.
func (c *carrying) lead(ref markup.Ref, address string) {
	switch ref.Kind {
	case markup.Attribute:
		address = html.EscapeString(address)
		if at := ref.At.Start; at > 0 && c.text.String()[at-1] != '"' && c.text.String()[at-1] != '\'' {
			address = `"` + address + `"`
		}
		c.edit(ref.At, address)
	case markup.Autolink, markup.Bare:
		c.edit(ref.Range, "["+markup.Label(ref.Label)+"]("+markup.Dest(address)+")")
	case markup.Link, markup.Image, markup.Definition, markup.Use:
		c.edit(ref.At, markup.Dest(address))
	}
}

// missing reports a reference that leads nowhere. An image leaves its
// description; a link leads to the old site, if that is known.
func (c *carrying) missing(ref markup.Ref, t target, image bool, lost map[int]bool) {
	if !image {
		if t.address != "" && ref.Kind != markup.Bare && ref.Kind != markup.Autolink {
			c.lead(ref, t.address)
			c.warn(ref.Start, "link", "%s %s; leads to the old site", ref.Dest, t.reason)
			return
		}
		c.warn(ref.Start, "link", "%s %s; left as it is", ref.Dest, t.reason)
		return
	}
	c.warn(ref.Start, "missing image", "%s %s; left out", ref.Dest, t.reason)
	switch ref.Kind {
	case markup.Image:
		label := ref.Label
		if strings.TrimSpace(label) == "" && markup.Inside(c.links, ref.Start) {
			label = markup.Label(stem(ref.Dest)) // a link must show something
		}
		c.edit(ref.Range, label)
	case markup.Definition:
		c.gone[strings.ToLower(ref.Label)] = true
		c.edit(markup.WholeLine(c.text.String(), ref.Range), "")
	case markup.Attribute:
		lost[ref.Start] = true
		if ref.Tag.Name == "img" {
			c.edit(ref.Range, html.EscapeString(ref.Tag.Value("alt")))
		} else {
			c.edit(ref.At, "")
		}
	case markup.Link, markup.Use, markup.Autolink, markup.Bare:
	}
}

// candidates leads a srcset to its new places; those that are missing go.
func (c *carrying) candidates(ctx context.Context, ref markup.Ref) error {
	var out []string
	for part := range strings.SplitSeq(ref.Dest, ", ") {
		address, size, _ := strings.Cut(strings.TrimSpace(part), " ")
		t := c.index.find(c.it, address, true)
		switch t.verdict {
		case isMedia:
			to, refusal, err := c.library.address(ctx, t.file)
			if err != nil {
				return err
			}
			if refusal != "" {
				continue
			}
			address = to
		case isMissing:
			c.warn(ref.Start, "missing image", "%s %s; left out", address, t.reason)
			continue
		case keep, leadsTo, isOutside:
		}
		out = append(out, strings.TrimSpace(address+" "+size))
	}
	if joined := strings.Join(out, ", "); joined != ref.Dest {
		c.lead(ref, joined)
	}
	return nil
}

var (
	sourceTag  = regexp.MustCompile(`(?i)<(?:source|track)\b[^>]*>\s*`)
	blankLines = regexp.MustCompile(`\n\s*\n`)
)

// elements replaces a film or sound of which no source is left by what it
// holds for programs that cannot show it.
func (c *carrying) elements(lost map[int]bool) {
	s := c.text.String()
	if len(lost) == 0 {
		return
	}
	tags := markup.Tags(s, c.code)
	for _, e := range markup.MediaElements(s, c.code) {
		sources, missing := 0, 0
		first := sort.Search(len(tags), func(i int) bool { return tags[i].Start >= e.Start })
		for _, t := range tags[first:] {
			if t.Start >= e.End {
				break
			}
			for _, a := range t.Attrs {
				if a.Name == "src" || a.Name == "data" || a.Name == "srcset" {
					sources++
					if lost[t.Start] {
						missing++
					}
				}
			}
		}
		if missing > 0 && missing == sources {
			inner := blankLines.ReplaceAllString(strings.TrimSpace(sourceTag.ReplaceAllString(s[e.Inner.Start:e.Inner.End], "")), "\n")
			c.edit(e.Range, inner)
		}
	}
}

var scriptTag = regexp.MustCompile(`(?i)<script\b`)

// scripts reports programs: pages run none.
func (c *carrying) scripts(sc *markup.Scanner) {
	s := c.text.String()
	found := scriptTag.FindAllStringIndex(s, -1)
	if len(found) == 0 {
		return
	}
	blocks := sc.Blocks(s, c.it.format)
	for _, m := range found {
		if !markup.Inside(blocks, m[0]) {
			c.warn(m[0], "script", "a script of the page does not come over, nor what it shows")
		}
	}
}
