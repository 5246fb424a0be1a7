package document

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/chassis/typography"
)

// sizes is the value of an image's sizes: as wide as the column of text, which
// is as wide as a small screen.
const sizes = "(min-width: 46rem) 42rem, 100vw"

// wordsAbove is after how many words an image is likely to be out of sight when
// the page opens, and may come later.
const wordsAbove = 80

// placed is an image in the output.
type placed struct {
	from, to int
	// caption is its title as it was written.
	caption string
}

// writeImage writes an image, its description if its address may not be used,
// or a link to one of another host: pages load nothing from there.
func (s *sanitiser) writeImage(t tag) {
	alt := s.phrase(t, "alt")
	src, ok := cleanURL(t.get("src"), webSchemes)
	if !ok {
		if alt != "" {
			s.text([]byte(alt))
		}
		return
	}
	if s.isOutside(src) {
		s.writeImageLink(t, src, alt)
		return
	}
	src = withinSite(src)
	first := s.image == ""
	if first {
		s.image, s.imageAlt = src, alt
	}
	s.picture = placed{from: len(s.w.buf), caption: oneLine(t.get("title"))}
	s.w.raw("<img")
	s.writeGlobal(t)
	s.w.attr("src", src)
	s.w.attr("alt", alt)
	s.writePicture(t, src)
	if !first || s.prose.words > wordsAbove {
		s.w.raw(` loading="lazy"`)
	}
	s.w.raw(` decoding="async">`)
	s.picture.to = len(s.w.buf)
	s.setter.Thing()
	if s.quiet.set&inHeading != 0 {
		s.outline.text.add([]byte(alt))
	}
}

// writePicture writes the size of an image, so that nothing moves when it
// comes, and its smaller copies. The address of one of ours tells both; an
// author may have it shown smaller.
func (s *sanitiser) writePicture(t tag, src string) {
	p, ours := picture.Parse(src)
	width, height := pixels(t, "width"), pixels(t, "height")
	shown := sizes
	switch {
	case !ours:
	case width == 0 && height == 0:
		width, height = p.Width, p.Height
	case height == 0:
		height = max(1, (width*p.Height+p.Width/2)/p.Width)
		shown = strconv.Itoa(width) + "px"
	case width == 0:
		width = max(1, (height*p.Width+p.Height/2)/p.Height)
		shown = strconv.Itoa(width) + "px"
	default:
		shown = strconv.Itoa(width) + "px"
	}
	if width > 0 {
		s.w.attr("width", strconv.Itoa(width))
	}
	if height > 0 {
		s.w.attr("height", strconv.Itoa(height))
	}
	if !ours {
		return
	}
	if set := p.Srcset(); set != "" {
		s.w.attr("srcset", set)
		s.w.attr("sizes", shown)
	}
}

// pixels is an attribute's value in pixels, 0 if it is none.
func pixels(t tag, name string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(t.get(name), "px"))
	if err != nil || n < 0 || n >= 100_000 {
		return 0
	}
	return n
}

// endPicture makes a figure of a paragraph that holds a titled image and
// nothing else, as Markdown has no other way to give it a caption. The
// paragraph's start tag has no attributes then, as goldmark gives it none.
func (s *sanitiser) endPicture(o open) bool {
	p := s.picture
	start := []byte("<p>")
	if !s.markdown || p.caption == "" || p.from != o.mark || p.to != len(s.w.buf) || !bytes.HasSuffix(s.w.buf[:o.mark], start) {
		return false
	}
	image := string(s.w.buf[p.from:p.to])
	if before, after, found := strings.Cut(image, ` title="`); found {
		_, after, _ = strings.Cut(after, `"`)
		image = before + after
	}
	s.w.buf = s.w.buf[:o.mark-len(start)]
	s.w.raw("<figure>")
	s.w.raw(image)
	s.w.raw("<figcaption>")
	s.gap()
	s.writeRaised(s.setter.Set([]byte(p.caption)))
	s.w.raw("</figcaption></figure>")
	s.picture = placed{}
	return true
}

// writeImageLink writes a link in the place of an image. Within a link there
// can be no other: there the image's name alone is left.
func (s *sanitiser) writeImageLink(t tag, src, alt string) {
	label := alt
	for _, v := range []string{s.phrase(t, "title"), s.labels.image} {
		if strings.TrimSpace(label) == "" {
			label = v
		}
	}
	s.writeStandIn(t, src, []byte(label))
	if s.quiet.set&inHeading != 0 {
		s.outline.text.add([]byte(label))
	}
}

// phrase is an attribute that people read, set as text of the element's
// language is.
func (s *sanitiser) phrase(t tag, name string) string {
	v := oneLine(t.get(name))
	if v == "" {
		return ""
	}
	return typography.Text(v, s.languageOf(t))
}
