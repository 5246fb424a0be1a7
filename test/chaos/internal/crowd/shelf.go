package crowd

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/parution/parution/test/chaos/internal/journal"
)

// post is what authors believe about a post.
type post struct {
	id, slug string
	version  int32
	status   string
	// doubt: an operation on it has no known end, or somebody else was quicker.
	doubt bool
	busy  bool
}

// shelf is what authors know together. Safe for concurrent use.
type shelf struct {
	mu    sync.Mutex
	posts []*post
	byID  map[string]*post
}

func newShelf() *shelf { return &shelf{byID: make(map[string]*post)} }

// fits tells whether an operation makes sense on a post in that state.
func fits(kind journal.Kind, status string) bool {
	switch kind {
	case journal.Publish, journal.Schedule:
		return status == "draft" || status == "withdrawn"
	case journal.Withdraw:
		return status == "published" || status == "scheduled"
	case journal.Revise, journal.Tag, journal.Delete:
		return status != "deleted"
	case journal.Create, journal.Site, journal.Rename, journal.Merge, journal.Undo:
	}
	return false
}

// pick chooses a post for an operation: few posts have most of the changes
// (Zipf), and the newest are in front. Several authors may have the same one.
func (s *shelf) pick(r *rand.Rand, kind journal.Kind) (post, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.posts)
	if n == 0 {
		return post{}, false
	}
	from := zipf(r, n)
	for i := range n {
		p := s.posts[n-1-(from+i)%n]
		if p.status == "deleted" || !fits(kind, p.status) {
			continue
		}
		if p.busy && r.IntN(4) > 0 { // conflicts are to happen, but not all of the time
			continue
		}
		p.busy = true
		return *p, true
	}
	return post{}, false
}

// done takes note of what is known of a post now.
func (s *shelf) done(id string, change func(*post)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID[id]
	if p == nil {
		p = &post{id: id}
		s.byID[id] = p
		s.posts = append(s.posts, p)
	}
	p.busy = false
	change(p)
}

// slug is the address of some post that is published, or was.
func (s *shelf) slug(r *rand.Rand) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.posts)
	if n == 0 {
		return "", false
	}
	for i := range min(n, 20) {
		p := s.posts[n-1-(zipf(r, n)+i)%n]
		if p.slug != "" && (p.status == "published" || p.status == "withdrawn") {
			return p.slug, true
		}
	}
	return "", false
}

// zipf is a number below n; k is as likely as 1/(k+1).
func zipf(r *rand.Rand, n int) int {
	return min(n-1, int(math.Exp(r.Float64()*math.Log(float64(n+1))))-1)
}

// tags are some of a pool; few of them are on most posts.
func tags(r *rand.Rand) []string {
	pool := words()
	var out []string
	for range r.IntN(4) {
		if t := pool[zipf(r, len(pool))]; !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// words are the pool of tags, as authors write them.
func words() []string {
	return []string{
		"Go", "Événements", "Presse", "Open Source", "Databases", "Typographie", "Web", "Performance", "Testing", "Sécurité",
		"Architecture", "Linux", "Réseau", "Design", "Histoire", "Cinéma", "Musique", "Voyage", "Cuisine", "Sciences",
	}
}
