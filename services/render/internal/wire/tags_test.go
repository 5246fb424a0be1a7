package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
)

// Whatever another service answers, nothing but mark elements is markup.
func TestOnlyMarksAreMarkup(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "plain": "plain", "a <mark>b</mark> c": "a <mark>b</mark> c", "l&#39;été &amp; <mark>œ</mark>": "l&#39;été &amp; <mark>œ</mark>",
		"<script>alert(1)</script>": "&lt;script&gt;alert(1)&lt;/script&gt;", "<mark onclick=x>a</mark>": "&lt;mark onclick=x&gt;a&lt;/mark&gt;",
		"<mark><mark>a</mark></mark>": "<mark>&lt;mark&gt;a</mark>&lt;/mark&gt;", "<mark>a": "<mark>a</mark>", "a</mark>": "a&lt;/mark&gt;",
		"a < b & c > d \" '": "a &lt; b &amp; c &gt; d &#34; &#39;", "&lt;b&gt;": "&lt;b&gt;", "<": "&lt;",
	} {
		if got := marked(text); got != want {
			t.Errorf("marked(%q) = %q, want %q", text, got, want)
		}
		if again := marked(want); again != want {
			t.Errorf("marked(%q) = %q, want it as it was", want, again)
		}
	}
}

func TestATagIsWhatReadersMaySee(t *testing.T) {
	t.Parallel()
	text := &document.Document{HTML: "<p>Plomb.</p>", Excerpt: "Plomb."}
	state := func(image string) *tagsv1.TagState {
		return &tagsv1.TagState{Id: "1", Site: "main", FormerSlugs: []string{"old"}, Tag: &tagsv1.Tag{
			Id: "1", Slug: "plomb", Name: "Plomb", Colour: "#a01b2c", Image: image, ImageAlt: "Une casse", Parent: "outils", Names: map[string]string{"en": "Lead"},
		}}
	}
	want := &page.Tag{
		ID: "1", Site: "main", Slug: "plomb", Name: "Plomb", Names: map[string]string{"en": "Lead"}, Description: "<p>Plomb.</p>", Summary: "Plomb.",
		Colour: "#a01b2c", Image: "/media/casse.jpg", ImageAlt: "Une casse", Parent: "outils", Former: []string{"old"},
	}
	if diff := cmp.Diff(want, Tag(state("https://carnet.example/media/casse.jpg"), text, "https://carnet.example")); diff != "" {
		t.Errorf("a tag (-want +got):\n%s", diff)
	}
	if got := Tag(state("https://elsewhere.example/a.jpg"), text, "https://carnet.example"); got.Image != "" || got.ImageAlt != "" {
		t.Errorf("a tag shows an image of another host: %q", got.Image)
	}
	moved := Tag(&tagsv1.TagState{Id: "1", Site: "main", FormerSlugs: []string{"plomb"}, MovedTo: "2", MovedToSlug: "encre"}, nil, "")
	if diff := cmp.Diff(&page.Tag{ID: "1", Site: "main", Former: []string{"plomb"}, MovedTo: "2"}, moved); diff != "" {
		t.Errorf("a tag that another took the place of (-want +got):\n%s", diff)
	}
	if gone := Tag(&tagsv1.TagState{Id: "1", Site: "main"}, nil, ""); gone.Visible() {
		t.Error("readers see a tag that is no more")
	}
	e := Entry(&tagsv1.Entry{PostId: "p", Site: "main", Indexed: true, Keywords: []string{"plomb"}, Tags: []*tagsv1.Tag{
		{Id: "1", Slug: "plomb", Name: "Plomb"}, {Id: "2", Slug: "hash-x", Name: "#x", Internal: true}, {Id: "3", Slug: "outils", Name: "Outils", Inherited: true},
	}})
	if len(e.Tags) != 2 || e.Tags[0].ID != "1" || !e.Tags[1].Inherited || len(e.Keywords) != 1 {
		t.Errorf("an entry = %+v", e)
	}
}
