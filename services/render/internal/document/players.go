package document

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// playing is what is known of the player that is open.
type playing struct {
	// plays: it has something that this site can play. elsewhere is the first
	// address of another host.
	plays     bool
	elsewhere string
	// title is what the author calls it.
	title string
	// image and imageAlt are the document's first image before it.
	image, imageAlt string
}

// startPlayer opens a film or a sound; one does not stand in another.
func (s *sanitiser) startPlayer(t tag) {
	within := s.has(player)
	if !within {
		s.playing = playing{title: s.phrase(t, "title"), image: s.image, imageAlt: s.imageAlt}
	}
	s.push(t, within)
}

// playable is the address that a player or its source plays, false if that is
// none, or on another host: pages load nothing from there.
func (s *sanitiser) playable(t tag) (string, bool) {
	src, ok := cleanURL(t.get("src"), webSchemes)
	switch {
	case !ok:
		return "", false
	case s.isOutside(src):
		if s.playing.elsewhere == "" {
			s.playing.elsewhere = src
		}
		return "", false
	}
	s.playing.plays = true
	return withinSite(src), true
}

// endPlayer writes a link in the place of a player that has only addresses of
// other hosts, so that the film is not lost.
func (s *sanitiser) endPlayer(o open) {
	p := s.playing
	if p.plays || p.elsewhere == "" {
		return
	}
	s.w.buf = s.w.buf[:o.tag]
	s.image, s.imageAlt, s.picture = p.image, p.imageAlt, placed{}
	s.writeStandIn(tag{source: atom.A}, p.elsewhere, standInLabel(p.title, p.elsewhere))
}

// standInLabel is what a link to something of another host reads: its title, or
// else its address without what is the same in all of them.
func standInLabel(title, address string) []byte {
	if title != "" {
		return []byte(title)
	}
	_, bare, _ := strings.Cut(address, "://")
	return []byte(strings.TrimSuffix(strings.TrimPrefix(bare, "www."), "/"))
}
