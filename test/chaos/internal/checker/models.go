package checker

import (
	"maps"
	"slices"
	"strings"
)

// slugs are those of tags as the run writes them, each once.
func slugs(names []string) []string {
	fold := strings.NewReplacer("é", "e", "É", "e", " ", "-")
	var out []string
	for _, n := range names {
		if s := strings.ToLower(fold.Replace(n)); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// called are the slugs of the tags that these words lead to today, each once.
func (s *State) called(words []string) []string {
	var out []string
	for _, word := range slugs(words) {
		name := word
		if id, ok := s.Names[word]; ok {
			name = s.living(id)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// circle is the slug of tags of which each took the place of the other: no tag has it, so
// that whoever compares it finds something wrong.
const circle = "(in a circle)"

// living is the slug of the tag that a tag has become.
func (s *State) living(id string) string {
	for range len(s.Tags) + 1 {
		t := s.Tags[id]
		if t.MovedTo == "" {
			return t.Slug
		}
		id = t.MovedTo
	}
	return circle
}

// published are the public posts, newest first.
func (s *State) published() []Post {
	var list []Post
	for _, p := range s.Posts {
		if p.Public() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Post) int {
		if c := b.PublishedAt.Compare(a.PublishedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list
}

// tagCounts are how many public posts carry each tag.
func (s *State) tagCounts() map[string]int {
	out := make(map[string]int)
	for _, p := range s.published() {
		for _, t := range s.called(p.Tags) {
			out[t]++
		}
	}
	return out
}

// checkFeeds looks at the outboxes: positions without a gap, versions in their
// order, nothing left behind.
func checkFeeds(f *Findings, s *State) {
	for owner, list := range s.Outbox {
		byPlace := slices.Clone(list)
		slices.SortFunc(byPlace, func(a, b Notice) int {
			if a.Epoch != b.Epoch {
				return int(a.Epoch - b.Epoch)
			}
			return int(a.Pos - b.Pos)
		})
		var before *Notice
		last := make(map[string]int32)
		for i, n := range byPlace {
			switch {
			case n.Pos == 0:
				f.Add(I9, owner, n.Aggregate, "the notice of version %d (%s) has no place", n.Version, n.Kind)
			case before == nil && n.Pos != 1, before != nil && before.Epoch == n.Epoch && n.Pos != before.Pos+1:
				f.Add(I9, owner, n.Aggregate, "the notice at (%d, %d) does not follow the one before it", n.Epoch, n.Pos)
			case !n.Sent:
				f.Add(I1, owner, n.Aggregate, "the notice at (%d, %d) was never sent", n.Epoch, n.Pos)
			}
			name := n.Type + " " + n.Aggregate
			if n.Version <= last[name] {
				f.Add(I9, owner, n.Aggregate, "version %d stands behind version %d", n.Version, last[name])
			}
			last[name] = n.Version
			before = &byPlace[i]
		}
	}
}

// checkVersions holds what each read model says that it has against its owners.
func checkVersions(f *Findings, s *State) {
	newest := func(owner string) map[Key]Place {
		out := make(map[Key]Place)
		for _, n := range s.Outbox[owner] {
			k := Key{owner, n.Type, n.Aggregate}
			if p := (Place{n.Epoch, n.Version}); out[k].Less(p) {
				out[k] = p
			}
		}
		return out
	}
	for reader, sources := range map[string][]string{Tags: {Posts}, Render: {Posts, Tags}} {
		for _, source := range sources {
			for k, want := range newest(source) {
				if reader == Tags && k.Type == "site" {
					continue // tags does not follow them
				}
				got, ok := s.Versions[reader][k]
				switch {
				case !ok || got.Less(want) || got.Version < want.Version:
					f.Add(I1, reader, k.ID, "has %s %s at %v, %s is at %v", k.Source, k.Type, got, source, want)
				case got.Version > want.Version || got.Epoch > s.Epoch[source]: // a state comes with its owner's present epoch
					f.Add(I2, reader, k.ID, "has %s %s at %v, which %s has never been: it is at %v", k.Source, k.Type, got, source, want)
				}
			}
		}
	}
}

// checkModels recomputes the read models from the posts.
// Where an owner was set back it may know less than a read model remembers as gone.
func checkModels(f *Findings, s *State, setBack bool) {
	for id, p := range s.Posts {
		checkEntry(f, s, Tags, s.Index[id], p, setBack)
		doc, ok := s.Docs[id]
		checkEntry(f, s, Render, doc, p, setBack)
		if at := s.Versions[Render][Key{Posts, "post", id}]; ok && doc.Less(at) {
			f.Add(I2, Render, id, "shows %v and says that it has %v", doc.Place, at)
		}
		if p.Public() && ok && (markOf(plain(doc.Text)) != markOf(p.Body) || doc.Featured != p.Featured) {
			f.Add(I3, Render, id, "shows the text of %s, the post has %s", markOf(plain(doc.Text)), markOf(p.Body))
		}
	}
	for service, list := range map[string]map[string]Entry{Tags: s.Index, Render: s.Docs} {
		for id, e := range list {
			if _, ok := s.Posts[id]; !ok && (e.Shown == 1 || !setBack) {
				f.Add(I3, service, id, "is of no post")
			}
		}
		want := s.tagCounts()
		if !maps.Equal(want, s.Counts[service]) {
			for slug := range both(want, s.Counts[service]) {
				if want[slug] != s.Counts[service][slug] {
					f.Add(I3, service, "", "counts %d posts with tag %s, there are %d", s.Counts[service][slug], slug, want[slug])
				}
			}
		}
		for id, got := range s.Carried[service] {
			if p := s.Posts[id]; !p.Public() {
				f.Add(I4, service, id, "is in the lists of %q", got)
			}
		}
	}
}

func both(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// plain takes the marks of markup away.
func plain(html string) string { return strings.NewReplacer("<p>", "", "<em>", "").Replace(html) }

func checkEntry(f *Findings, s *State, service string, e Entry, p Post, setBack bool) {
	want := 0
	switch {
	case p.Public():
		want = 1
	case p.WasPublic:
		want = 2
	}
	switch {
	case e.Shown == want:
	case service == Tags && e.Shown == 0 && want == 2: // it never saw the post public
	case setBack && e.Shown == 2 && want == 0: // its owner does not know any more that it was
	case e.Shown == 1:
		f.Add(I4, service, p.ID, "is public there, the post is %s", p.Status)
	case e.Shown == 2 && want == 0:
		f.Add(I3, service, p.ID, "is gone there, and never was public")
	default:
		f.Add(I1, service, p.ID, "is not there as %s", p.Status)
	}
	if want != 1 || e.Shown != 1 {
		return
	}
	var labels []string
	for _, l := range e.Labels {
		labels = append(labels, l.Slug)
	}
	slices.Sort(labels)
	wanted := s.called(p.Tags)
	if e.Slug != p.Slug || e.Title != p.Title || !e.PublishedAt.Equal(p.PublishedAt) || !slices.Equal(labels, wanted) {
		f.Add(I3, service, p.ID, "is %s %q %s %q there, the post is %s %q %s %q", e.Slug, e.Title, e.PublishedAt, labels, p.Slug, p.Title, p.PublishedAt, wanted)
	}
	carried := slices.Sorted(slices.Values(s.Carried[service][p.ID]))
	if !slices.Equal(carried, wanted) {
		f.Add(I3, service, p.ID, "is in the lists of %q, its tags are %q", carried, wanted)
	}
}

// checkDead compares the dead letters with those that were planted: ids of aggregates.
func checkDead(f *Findings, s *State, planted []string) {
	found := make(map[string]bool)
	for _, d := range s.Dead {
		found[d.ID] = true
		if !slices.Contains(planted, d.ID) {
			f.Add(I10, d.Service, d.ID, "%s of %s was put aside: %s", d.Type, d.Source, d.Reason)
		}
	}
	for _, id := range planted {
		if !found[id] {
			f.Add(I10, "", id, "was planted and is not among the dead letters")
		}
	}
}
