package live

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// place is a place in render's feed: the id of what is told there.
type place struct {
	epoch int32
	pos   int64
}

func (p place) after(o place) bool {
	return p.epoch > o.epoch || p.epoch == o.epoch && p.pos > o.pos
}

func (p place) follows(o place) bool { return p.epoch == o.epoch && p.pos == o.pos+1 }

// String is the place as an event's id: "1.105".
func (p place) String() string {
	return strconv.FormatInt(int64(p.epoch), 10) + "." + strconv.FormatInt(p.pos, 10)
}

// parsePlace reads what String wrote.
func parsePlace(s string) (place, bool) {
	before, after, _ := strings.Cut(s, ".")
	epoch, err := strconv.ParseInt(before, 10, 32)
	if err != nil {
		return place{}, false
	}
	pos, err := strconv.ParseInt(after, 10, 64)
	p := place{int32(epoch), pos}
	return p, err == nil && epoch > 0 && pos >= 0 && p.String() == s
}

func placeOf(n *eventsv1.Notice) place { return place{n.GetEpoch(), n.GetPos()} }

// event is what readers of a site are told, as it is sent.
type event struct {
	at    place
	site  string
	heard time.Time
	frame []byte
}

// happening is the data of an event "post".
type happening struct {
	Event    string `json:"event"`
	ID       string `json:"id"`
	Version  int32  `json:"version"`
	Slug     string `json:"slug"`
	Title    string `json:"title"`
	Language string `json:"language"`
	URL      string `json:"url"`
}

// relisting is the data of an event "tags".
type relisting struct {
	// Tags are slugs; none: any tag's list may have changed.
	Tags []string `json:"tags"`
}

const (
	// tagKey begins the key of a tag's list of posts, aboutKey that of what stands above it.
	tagKey   = "tag:"
	aboutKey = "about:"
	// maxTags is how many tags an event names.
	maxTags = 30
)

// eventOf is what a notice of render means to open pages; ok is false if nothing.
func eventOf(n *eventsv1.Notice, now time.Time) (e event, ok bool) {
	e = event{at: placeOf(n), site: n.GetSite(), heard: now}
	var facts renderv1.PressFacts
	if err := n.GetFacts().UnmarshalTo(&facts); err != nil {
		// Something changed that this version cannot name.
		e.frame = resetFrame(e.at)
		return e, true
	}
	if facts.GetEvent() != "" {
		e.frame = frame("post", e.at, happening{
			Event: facts.GetEvent(), ID: facts.GetPost().GetId(), Version: facts.GetPost().GetVersion(),
			Slug: facts.GetSlug(), Title: facts.GetTitle(), Language: facts.GetLanguage(),
			URL: (&url.URL{Path: "/posts/" + facts.GetSlug()}).EscapedPath(),
		})
		return e, true
	}
	tags := []string{}
	for _, key := range facts.GetKeys() {
		for _, of := range []string{tagKey, aboutKey} {
			if slug, is := strings.CutPrefix(key, of); is && !slices.Contains(tags, slug) {
				tags = append(tags, slug)
			}
		}
	}
	switch {
	case len(tags) == 0:
		return event{}, false
	case len(tags) > maxTags:
		tags = tags[:0]
	}
	e.frame = frame("tags", e.at, relisting{Tags: slices.Clip(tags)})
	return e, true
}

// frame is an event on the wire. The data never holds a line's end: JSON escapes it.
func frame(name string, at place, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil { // strings and integers only
		text = []byte("{}")
	}
	return []byte("event: " + name + "\nid: " + at.String() + "\ndata: " + string(text) + "\n\n")
}

// resetFrame says that nobody knows what happened up to at: look for yourself.
func resetFrame(at place) []byte { return frame("reset", at, struct{}{}) }

// placeFrame tells a reader where it is, so that it goes on from there when it
// connects again. It is no event.
func placeFrame(at place) []byte { return []byte("id: " + at.String() + "\n\n") }

// retryFrame tells a reader how long to wait before it connects again.
func retryFrame(after time.Duration) []byte {
	return []byte("retry: " + strconv.FormatInt(after.Milliseconds(), 10) + "\n\n")
}
