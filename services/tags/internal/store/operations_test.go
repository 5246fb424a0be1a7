package store_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/tag"
)

// settle brings entries up to everything that was done.
func (s *shelf) settle(t testing.TB) {
	t.Helper()
	for {
		wait, err := s.Restand(t.Context(), "test", noon())
		if err != nil {
			t.Fatalf("Restand: %v", err)
		}
		if wait < 0 {
			return
		}
	}
}

type deed func(x *tag.Taxonomy, id string) ([]string, error)

func rename(name, slug string) deed {
	return func(x *tag.Taxonomy, id string) ([]string, error) { return []string{id}, x.Rename(id, name, slug) }
}

func describe(p tag.Patch) deed {
	return func(x *tag.Taxonomy, id string) ([]string, error) { return []string{id}, x.Describe(id, p) }
}

func merge(into string) deed {
	return func(x *tag.Taxonomy, id string) ([]string, error) {
		to := x.At(into)
		if to == nil {
			return nil, fault.Invalid("into", "is no tag")
		}
		return []string{to.ID}, x.Merge(id, to.ID)
	}
}

func split(all bool, parts ...tag.Part) deed {
	return func(x *tag.Taxonomy, id string) ([]string, error) {
		for i := range parts {
			parts[i].ID = ids.New()
		}
		return x.Split(id, parts, all)
	}
}

func (s *shelf) operate(t testing.TB, slug string, kind tag.Kind, do deed, posts ...[]string) (tag.Outcome, error) {
	t.Helper()
	return s.Operate(t.Context(), tag.Deed{Site: "main", Slug: slug, Kind: kind, By: "Zoé", At: noon(), Do: do, Posts: posts})
}

func (s *shelf) must(t testing.TB, slug string, kind tag.Kind, do deed, posts ...[]string) tag.Outcome {
	t.Helper()
	o, err := s.operate(t, slug, kind, do, posts...)
	if err != nil {
		t.Fatalf("%s %s: %v", kind, slug, err)
	}
	s.settle(t)
	return o
}

func (s *shelf) undo(t testing.TB, o tag.Outcome) tag.Outcome {
	t.Helper()
	out, err := s.Undo(t.Context(), "main", o.ID, "Zoé", noon())
	if err != nil {
		t.Fatalf("undo %s of %v: %v", o.Kind, o.Slugs, err)
	}
	s.settle(t)
	return out
}

// carried lists the tags of a post as "slug Name", those above in parentheses.
func (s *shelf) carried(t testing.TB, n int) string {
	t.Helper()
	list, err := s.Entries(t.Context(), []string{post(n).ID})
	if err != nil || len(list) != 1 {
		t.Fatalf("the entry of %d: %v, %v", n, list, err)
	}
	return show(list[0])
}

func show(e entry.Entry) string {
	var out []string
	for _, c := range e.Tags {
		text := c.Slug + " " + c.Name
		if c.Internal {
			text += " internal"
		}
		if c.Inherited {
			text = "(" + text + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (s *shelf) wants(t testing.TB, when string, posts map[int]string) {
	t.Helper()
	for n, want := range posts {
		if got := s.carried(t, n); got != want {
			t.Errorf("%s: post %d carries %q, want %q", when, n, got, want)
		}
	}
}

func (s *shelf) count(t testing.TB, query string) (n int) {
	t.Helper()
	if err := s.db.Conn(t.Context()).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestOperationsAndUndoingThem(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Transport", "Bus"), post(2, "Transport"), post(3, "Marchés publics"), post(4, "Velo", "#suivi"), post(5, "Bus", "Vélo"))
		first := map[int]string{
			1: "transport Transport, bus Bus", 2: "transport Transport", 3: "marches-publics Marchés publics",
			4: "velo Velo, internal-suivi #suivi internal", 5: "bus Bus, velo Vélo",
		}
		s.wants(t, "at first", first)

		renamed := s.must(t, "velo", tag.Renamed, rename("Bicyclette", ""))
		s.wants(t, "renamed", map[int]string{4: "bicyclette Bicyclette, internal-suivi #suivi internal", 5: "bus Bus, bicyclette Bicyclette", 1: first[1]})
		if v, err := s.TagAt(t.Context(), "main", "velo"); err != nil || v.Slug != "bicyclette" || !slices.Equal(v.Aliases, []string{"Vélo"}) {
			t.Errorf("the tag at the former address = %+v, %v", v, err)
		}
		s.put(t, post(6, "VÉLO"))
		s.wants(t, "a post with the former name", map[int]string{6: "bicyclette Bicyclette"})

		above := s.must(t, "bus", tag.Described, describe(tag.Patch{Parent: new("transport"), Names: &map[string]string{"en": "Coach"}}))
		s.must(t, "transport", tag.Described, describe(tag.Patch{Parent: new("marches-publics")}))
		s.wants(t, "below another", map[int]string{
			1: "transport Transport, bus Bus, (marches-publics Marchés publics)", 5: "bus Bus, bicyclette Bicyclette, (transport Transport), (marches-publics Marchés publics)",
		})
		if _, err := s.operate(t, "marches-publics", tag.Described, describe(tag.Patch{Parent: new("bus")})); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("a circle = %v, want Invalid", err)
		}

		merged := s.must(t, "bicyclette", tag.Merged, merge("transport"))
		s.wants(t, "merged", map[int]string{5: "bus Bus, transport Transport, (marches-publics Marchés publics)", 6: "transport Transport, (marches-publics Marchés publics)"})
		if v, err := s.TagAt(t.Context(), "main", "velo"); err != nil || v.Slug != "transport" {
			t.Errorf("the tag at the address before last = %+v, %v", v, err)
		}
		if _, err := s.Undo(t.Context(), "main", renamed.ID, "", noon()); fault.KindOf(err) != fault.KindConflict || !strings.Contains(fault.TextOf(err), merged.ID) {
			t.Errorf("undoing the renaming of a tag that is gone = %v, want Conflict with operation %s", err, merged.ID)
		}
		chosen := s.must(t, "transport", tag.Split, split(false, tag.Part{Name: "Rail"}, tag.Part{Name: "Route"}),
			[]string{post(1).ID, post(2).ID, post(3).ID}, []string{post(2).ID, post(6).ID})
		s.wants(t, "split by posts", map[int]string{
			1: "rail Rail, bus Bus, (marches-publics Marchés publics), (transport Transport)",
			2: "rail Rail, route Route, (marches-publics Marchés publics)",
			3: first[3], 6: "route Route, (marches-publics Marchés publics)",
			5: "bus Bus, transport Transport, (marches-publics Marchés publics)",
		})
		back := s.undo(t, chosen)
		s.wants(t, "not split", map[int]string{2: "transport Transport, (marches-publics Marchés publics)", 6: "transport Transport, (marches-publics Marchés publics)"})
		if _, err := s.TagAt(t.Context(), "main", "rail"); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a tag that came of what was undone = %v, want NotFound", err)
		}
		again := s.undo(t, back)
		s.wants(t, "split again", map[int]string{2: "rail Rail, route Route, (marches-publics Marchés publics)", 6: "route Route, (marches-publics Marchés publics)"})
		s.undo(t, again)
		s.undo(t, merged)
		s.wants(t, "two again", map[int]string{6: "bicyclette Bicyclette", 2: "transport Transport, (marches-publics Marchés publics)"})
		whole := s.must(t, "bus", tag.Split, split(true, tag.Part{Name: "Autocar"}, tag.Part{Name: "Autobus"}))
		s.wants(t, "split in two", map[int]string{1: "transport Transport, autocar Autocar, autobus Autobus, (marches-publics Marchés publics)"})
		s.put(t, post(7, "BUS"))
		s.wants(t, "a post with the name of what was split", map[int]string{7: "autocar Autocar, autobus Autobus, (transport Transport), (marches-publics Marchés publics)"})
		s.undo(t, whole)
		s.undo(t, above)
		s.undo(t, renamed)
		s.wants(t, "after all", map[int]string{4: "velo Velo, internal-suivi #suivi internal", 5: "bus Bus, velo Vélo", 6: "velo VÉLO", 7: "bus BUS"})
	})
}

func TestASplitThatWasUndoneLeavesNamesFree(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Science"), post(2, "Science"))
		s.must(t, "science", tag.Described, describe(tag.Patch{Aliases: &[]string{"labo"}}))
		s.undo(t, s.must(t, "science", tag.Split, split(false, tag.Part{Name: "Étude", Aliases: []string{"labo"}}), []string{post(1).ID}))
		s.must(t, "science", tag.Split, split(false, tag.Part{Name: "Étude"}), []string{post(1).ID})
		s.put(t, post(3, "Labo"))
		s.wants(t, "split again, without the alias", map[int]string{1: "etude Étude", 2: "science Science", 3: "science Science"})
	})
}

func TestATagThatComesBackWithAPostLeavesNamesToOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Science"))
		s.must(t, "science", tag.Described, describe(tag.Patch{Aliases: &[]string{"labo"}}))
		s.undo(t, s.must(t, "science", tag.Split, split(false, tag.Part{Name: "Étude", Aliases: []string{"labo"}}), []string{post(1).ID}))
		s.put(t, post(2, "Étude"), post(3, "Labo"))
		s.wants(t, "after that", map[int]string{2: "etude Étude", 3: "science Science"})
	})
}

func TestATagThatComesBackAloneTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Science"), post(2, "Trains"))
		s.must(t, "science", tag.Described, describe(tag.Patch{Aliases: &[]string{"labo"}}))
		s.undo(t, s.must(t, "science", tag.Split, split(false, tag.Part{Name: "Étude", Aliases: []string{"labo"}}), []string{post(1).ID}))
		s.must(t, "trains", tag.Renamed, rename("Trains", "etude"))
		s.put(t, post(3, "Étude"))
		s.put(t, post(4, "Labo"))
		s.wants(t, "after that", map[int]string{2: "etude Trains", 3: "etude-2 Étude", 4: "science Science"})
		if v, err := s.TagAt(t.Context(), "main", "etude"); err != nil || v.Name != "Trains" {
			t.Errorf("the tag at its address = %+v, %v; want Trains", v, err)
		}
	})
}

func TestAnAliasCanBecomeATagAgain(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Bike"), post(2, "Bicyclette"), post(3, "Bicyclette"))
		s.must(t, "bike", tag.Merged, merge("bicyclette"))
		merged := map[int]string{1: "bicyclette Bicyclette", 2: "bicyclette Bicyclette", 3: "bicyclette Bicyclette"}
		s.wants(t, "merged", merged)
		apart := s.must(t, "bicyclette", tag.Split, split(false, tag.Part{Name: "Bike"}), []string{post(2).ID})
		s.put(t, post(4, "BIKE"))
		s.wants(t, "apart", map[int]string{1: "bike Bike", 2: "bike Bike", 3: "bicyclette Bicyclette", 4: "bike Bike"})
		if v, err := s.TagAt(t.Context(), "main", "bicyclette"); err != nil || len(v.Aliases) > 0 {
			t.Errorf("the tag that it came of is %+v, %v; want it without aliases", v, err)
		}
		s.undo(t, apart)
		merged[4] = "bicyclette Bicyclette"
		s.wants(t, "together again", merged)
		if v, err := s.TagAt(t.Context(), "main", "bike"); err != nil || v.Slug != "bicyclette" {
			t.Errorf("the former address leads to %+v, %v; want Bicyclette", v, err)
		}
	})
}

// world is what the random operations are made on.
const (
	randomPosts = 24
	randomSteps = 14
)

func (s *shelf) everything(t testing.TB) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for n := range randomPosts {
		list, err := s.Entries(t.Context(), []string{post(n).ID})
		if err != nil {
			t.Fatalf("Entries: %v", err)
		}
		for _, e := range list {
			out[e.PostID] = show(e)
		}
	}
	return out
}

// random does something to a tag; nothing if that cannot be done.
func (s *shelf) random(t testing.TB, r *rand.Rand, names []string) (tag.Outcome, bool) {
	t.Helper()
	pick := func() string { return names[r.IntN(len(names))] }
	slug := tag.Address(pick())
	var chosen []string
	for n := range randomPosts {
		if r.IntN(3) == 0 {
			chosen = append(chosen, post(n).ID)
		}
	}
	var o tag.Outcome
	var err error
	switch r.IntN(8) {
	case 0:
		o, err = s.operate(t, slug, tag.Renamed, rename(pick()+" "+pick(), ""))
	case 1, 2:
		o, err = s.operate(t, slug, tag.Merged, merge(tag.Address(pick())))
	case 3:
		o, err = s.operate(t, slug, tag.Split, split(true, tag.Part{Name: pick()}, tag.Part{Name: pick() + "s " + pick()}))
	case 4, 5:
		o, err = s.operate(t, slug, tag.Split, split(false, tag.Part{Name: pick()}, tag.Part{Name: pick() + "x"}), chosen, chosen[:len(chosen)/2])
	case 6:
		o, err = s.operate(t, slug, tag.Described, describe(tag.Patch{Parent: new(tag.Address(pick()))}))
	case 7:
		o, err = s.operate(t, slug, tag.Described, describe(tag.Patch{Aliases: &[]string{pick() + "y"}, Internal: new(r.IntN(2) == 0)}))
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
		return o, true
	case kind == fault.KindInvalid, kind == fault.KindConflict, kind == fault.KindNotFound:
		return o, false
	}
	t.Fatalf("a random operation: %v", err)
	return o, false
}

// TestUndoingAllGivesBackEverything does random things to tags while posts come and
// go, and undoes them, the last first.
func TestUndoingAllGivesBackEverything(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		names := []string{"Été", "Gare", "Pont", "Quai", "Rail", "#note"}
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 5))
			posts := make([]entry.Post, randomPosts)
			for n := range posts {
				posts[n] = post(n, names[r.IntN(len(names))], names[r.IntN(len(names))])
			}
			s.put(t, posts...)
			want := s.everything(t)
			var done []tag.Outcome
			for range randomSteps {
				if o, ok := s.random(t, r, names); ok {
					done = append(done, o)
				}
				if r.IntN(2) == 0 { // some are published while entries are brought up
					if _, err := s.Restand(t.Context(), "test", noon()); err != nil {
						t.Fatalf("Restand: %v", err)
					}
				}
				n := r.IntN(randomPosts)
				s.put(t, withdrawn(n))
				s.put(t, posts[n])
			}
			s.settle(t)
			middle := s.everything(t)
			s.settleAll(t, middle)
			for _, o := range slices.Backward(done) {
				s.undo(t, o)
			}
			if diff := cmp.Diff(want, s.everything(t)); diff != "" {
				t.Fatalf("seed %d: after undoing %d operations (-want +got):\n%s", seed, len(done), diff)
			}
			if len(done) < randomSteps/4 {
				t.Errorf("seed %d: only %d of %d operations could be done", seed, len(done), randomSteps)
			}
		}
	})
}

// settleAll holds that entries say what their names stand for: putting all posts
// anew changes none.
func (s *shelf) settleAll(t testing.TB, want map[string]string) {
	t.Helper()
	told := s.count(t, `SELECT count(*) FROM outbox WHERE aggregate_type = 'entry'`)
	if err := s.mendAll(t.Context()); err != nil {
		t.Fatalf("put all posts again: %v", err)
	}
	if diff := cmp.Diff(want, s.everything(t)); diff != "" {
		t.Fatalf("entries said something else than their names stand for (-said +stand for):\n%s", diff)
	}
	if n := s.count(t, `SELECT count(*) FROM outbox WHERE aggregate_type = 'entry'`); n != told {
		t.Fatalf("%d entries were told of anew, want none", n-told)
	}
}
