package tag

import (
	"slices"
	"strings"
)

// Carried is a tag as a post carries it.
type Carried struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	// Name is in the post's language. Until an editor names the tag it is as the author
	// wrote it.
	Name     string `json:"name"`
	Internal bool   `json:"internal,omitempty"`
	// Inherited: above a tag that the post carries.
	Inherited bool `json:"inherited,omitempty"`
}

// Move is the way that a name of one post goes since a tag was split: where it
// led to From it leads to Into.
type Move struct {
	Post string   `json:"post"`
	Lead string   `json:"lead"`
	From string   `json:"from"`
	Into []string `json:"into"`
}

// Standing is what the names of a post stand for.
type Standing struct {
	// Tags are the post's own in its order, then those above them.
	Tags []Carried
	// Labels are the names that the post is searched by.
	Labels []string
	// Through are the other tags that decided: should one change, so may the standing.
	Through []string
	// Leads are, for each of the post's names, the tag that it leads to by itself, and
	// where that ends.
	Leads []Lead
}

// Lead is where a name of a post begins and ends.
type Lead struct {
	Name string
	From string
	To   []string
}

// Stand tells what names stand for in a language. Names that Lacks tells of stand
// for nothing. The moves are those of the post, in the order in which they came.
func (x *Taxonomy) Stand(names []string, language string, moves []Move) Standing {
	s := standing{x: x, language: language, seen: make(map[string]bool), labelled: make(map[string]bool), through: make(map[string]bool)}
	for _, name := range names {
		lead := x.Named(x.Key(name))
		if lead == nil {
			continue
		}
		ends := s.ends(lead.ID, moves)
		s.out.Leads = append(s.out.Leads, Lead{Name: name, From: lead.ID, To: ends})
		for _, id := range ends {
			if r := x.tags[id]; r != nil {
				s.carry(r, name, false)
			}
		}
	}
	for i := 0; i < len(s.out.Tags); i++ { // it grows: those above have some above them
		if r := x.tags[x.tags[s.out.Tags[i].ID].Parent]; r != nil && !r.Gone {
			s.carry(r, "", true)
		}
	}
	for id := range s.through {
		if !s.seen[id] {
			s.out.Through = append(s.out.Through, id)
		}
	}
	slices.Sort(s.out.Through)
	return s.out
}

type standing struct {
	x                       *Taxonomy
	language                string
	seen, labelled, through map[string]bool
	out                     Standing
}

// ends are the tags at which a way ends that begins at lead.
func (s *standing) ends(lead string, moves []Move) []string {
	at := []string{lead}
	for _, m := range moves {
		if m.Lead != lead {
			continue
		}
		if !slices.Contains(at, m.From) {
			further := s.follow(at)
			if !slices.Contains(further, m.From) {
				continue
			}
			at = further
		}
		s.through[m.From] = true
		i := slices.Index(at, m.From)
		at = slices.Replace(slices.Clone(at), i, i+1, m.Into...)
	}
	return s.follow(at)
}

// follow goes on from tags to those that took their places, each once.
func (s *standing) follow(from []string) []string {
	var out []string
	seen := make(map[string]bool)
	var visit func(id string)
	visit = func(id string) {
		r := s.x.tags[id]
		if r == nil || seen[id] {
			return
		}
		seen[id] = true
		s.through[id] = true
		for _, next := range r.Into {
			if next == id {
				out = append(out, id)
			} else {
				visit(next)
			}
		}
		if len(r.Into) == 0 && !r.Gone {
			out = append(out, id)
		}
	}
	for _, id := range from {
		visit(id)
	}
	return out
}

func (s *standing) carry(r *Record, written string, inherited bool) {
	if s.seen[r.ID] {
		return
	}
	s.seen[r.ID] = true
	name := r.Name
	switch {
	case r.Named:
		name = r.NameIn(s.language)
	case written != "" && s.x.Key(written) == s.x.Key(r.Name):
		name = strings.TrimSpace(written)
	}
	s.out.Tags = append(s.out.Tags, Carried{ID: r.ID, Slug: r.Slug, Name: name, Internal: r.Internal, Inherited: inherited})
	if r.Internal {
		return
	}
	s.label(name)
	if !r.Named {
		return
	}
	s.label(r.Name)
	for _, list := range []map[string]string{r.Names, r.Aliases} {
		for _, key := range sortedKeys(list) {
			if !IsInternal(list[key]) { // it came with a tag that readers did not see
				s.label(list[key])
			}
		}
	}
}

func (s *standing) label(name string) {
	if !s.labelled[name] {
		s.labelled[name] = true
		s.out.Labels = append(s.out.Labels, name)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
