package theme

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/language"

	"github.com/parution/parution/services/render/internal/page"
)

// withThird is our messages and a made-up Polish, which has more plural forms than
// ours: every message is there, marked.
func withThird(t *testing.T, change func(file map[string]any)) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	for _, name := range []string{"en.json", "fr.json"} {
		text, err := fs.ReadFile(sub("messages"), name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: text}
	}
	var file map[string]any
	if err := json.Unmarshal(out["en.json"].Data, &file); err != nil {
		t.Fatal(err)
	}
	messages, ok := file["messages"].(map[string]any)
	if !ok {
		t.Fatal("there are no messages")
	}
	for key, m := range messages {
		if text, ok := m.(string); ok {
			messages[key] = "PL " + text
		}
	}
	messages["posts"] = map[string]string{"one": "%d wpis", "few": "%d wpisy", "other": "%d wpisów"}
	file["language"], file["first"] = "pl", "1"
	file["dates"] = map[string]string{"day": "{day} {month} {year}", "month": "{month} {year}", "year": "{year}"}
	delete(file, "regions")
	if change != nil {
		change(file)
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	out["pl.json"] = &fstest.MapFile{Data: text}
	return out
}

func TestThirdLanguageIsOneFile(t *testing.T) {
	t.Parallel()
	c, err := readCatalogues(withThird(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	th, err := build(Default, c, ownLayers(Default)...)
	if err != nil {
		t.Fatal(err)
	}
	body, err := th.Tagged(&page.Site{Title: "Strona", Language: "pl-PL"}, "/tags/a", Tagged{Tags: []page.Label{{Slug: "a", Name: "A"}}, Total: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="pl-PL"`, "3 wpisy", "PL Skip to content"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	w, _ := c.words(language.Polish, time.UTC)
	for n, want := range map[int]string{0: "0 wpisów", 1: "1 wpis", 2: "2 wpisy", 5: "5 wpisów", 12: "12 wpisów", 22: "22 wpisy"} {
		if got := w.say("posts", n); got != want {
			t.Errorf("%d posts = %q, want %q", n, got, want)
		}
	}
}

func TestCatalogueThatLacksSomethingIsRefused(t *testing.T) {
	t.Parallel()
	messages := func(file map[string]any) map[string]any {
		m, ok := file["messages"].(map[string]any)
		if !ok {
			t.Fatal("there are no messages")
		}
		return m
	}
	for name, change := range map[string]func(file map[string]any){
		"a message less":     func(file map[string]any) { delete(messages(file), "home") },
		"a message more":     func(file map[string]any) { messages(file)["hello"] = "x" },
		"an empty message":   func(file map[string]any) { messages(file)["home"] = "" },
		"no other":           func(file map[string]any) { messages(file)["posts"] = map[string]string{"one": "%d"} },
		"a number":           func(file map[string]any) { messages(file)["home"] = 1 },
		"eleven months":      func(file map[string]any) { file["months"] = []string{"a"} },
		"another name":       func(file map[string]any) { file["language"] = "de" },
		"an unknown setting": func(file map[string]any) { file["colour"] = "red" },
		"no dates":           func(file map[string]any) { delete(file, "dates") },
	} {
		if _, err := readCatalogues(withThird(t, change)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestEveryMessageIsUsedAndFits holds that messages have the same arguments in every
// language, and that there is none that no page and no template says.
func TestEveryMessageIsUsedAndFits(t *testing.T) {
	t.Parallel()
	c, err := ownCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	verbs := regexp.MustCompile(`%[a-z]`)
	arguments := func(raw json.RawMessage) string {
		var forms map[string]string
		if json.Unmarshal(raw, &forms) == nil {
			raw = json.RawMessage(forms["other"])
		}
		return strings.Join(verbs.FindAllString(string(raw), -1), "")
	}
	for _, one := range c.list[1:] {
		for key, raw := range one.Messages {
			if got, want := arguments(raw), arguments(c.list[0].Messages[key]); got != want {
				t.Errorf("message %s in %s takes %s, in English %s", key, one.Language, got, want)
			}
		}
	}
	var all strings.Builder
	for _, root := range []fs.FS{sub("themes"), sub("shared")} {
		err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(root, name)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	said := all.String() + goSource(t)
	for key := range c.list[0].Messages {
		// Some keys are made: of what is absent, and of its lead.
		if !strings.Contains(said, `"`+key+`"`) && !strings.Contains(said, `"`+strings.TrimSuffix(key, "-lead")+`"`) {
			t.Errorf("nobody says %s", key)
		}
	}
}

// TestFrenchMessagesAreSetAsPostsAre holds one rule of spaces for titles and for
// what stands around them: a narrow one before ; : ! and ?, a wide one within « ».
func TestFrenchMessagesAreSetAsPostsAre(t *testing.T) {
	t.Parallel()
	c, err := ownCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	wrong := regexp.MustCompile("[^\u202f][;:!?]|«[^\u00a0]|[^\u00a0]»")
	for _, one := range c.list {
		if base, _ := one.tag.Base(); base.String() != "fr" {
			continue
		}
		for key, raw := range one.Messages {
			if strings.HasSuffix(key, "-say") {
				continue // what is typed into the search box is no sentence
			}
			texts := map[string]string{}
			if err := json.Unmarshal(raw, &texts); err != nil {
				var text string
				if err := json.Unmarshal(raw, &text); err != nil {
					t.Fatal(err)
				}
				texts["other"] = text
			}
			for _, text := range texts {
				if at := wrong.FindString(text); at != "" {
					t.Errorf("message %s: %q has %q", key, text, at)
				}
			}
		}
	}
}

func TestDaysOfEachLanguage(t *testing.T) {
	t.Parallel()
	days := []time.Time{time.Date(2018, 2, 16, 12, 0, 0, 0, time.UTC), time.Date(2018, 3, 1, 12, 0, 0, 0, time.UTC)}
	for tag, want := range map[string][2]string{
		"fr": {"16 février 2018", "1er mars 2018"}, "fr-CH": {"16 février 2018", "1er mars 2018"},
		"en": {"February 16, 2018", "March 1, 2018"}, "en-US": {"February 16, 2018", "March 1, 2018"},
		"en-GB": {"16 February 2018", "1 March 2018"}, "en-AU": {"16 February 2018", "1 March 2018"},
		"en-CA": {"February 16, 2018", "March 1, 2018"},
	} {
		w := speaking(t, tag, "UTC")
		for i, day := range days {
			if got := w.date(day); got != want[i] {
				t.Errorf("%s: %q, want %q", tag, got, want[i])
			}
		}
	}
}

// TestPostSpeaksItsLanguage holds what belongs to a post and what to the frame.
func TestPostSpeaksItsLanguage(t *testing.T) {
	t.Parallel()
	th := folio(t)
	at := time.Date(2018, 2, 16, 12, 0, 0, 0, time.UTC)
	d := &page.Doc{Card: page.Card{ID: "1", Slug: "a", Title: "T", Minutes: 3, PublishedAt: at}, EditedAt: at.AddDate(0, 0, 2), HTML: "<p>x</p>"}
	for i := range 3 {
		d.Contents = append(d.Contents, page.Heading{Level: 2, ID: "user-content-" + string(rune('a'+i)), Text: "H"})
	}
	for _, c := range []struct {
		site, post string
		want, not  []string
	}{
		{
			"en", "fr",
			[]string{`<html lang="en" dir="ltr">`, "Skip to content", "16 février 2018", "Mis à jour le 18 février 2018", "3\u00a0min de lecture", "Sommaire", "lang=\"fr\" dir=\"ltr\">\n<header>\n<h1>T</h1>"},
			[]string{"February", "Contents"},
		},
		{
			"fr", "en-GB",
			[]string{`<html lang="fr" dir="ltr">`, "Aller au contenu", "16 February 2018", "Updated 18 February 2018", "3\u00a0min read", `lang="en-GB"`},
			[]string{"février", "Sommaire"},
		},
		// Nobody speaks Hebrew here: the words around the text are the site's.
		{"fr", "he", []string{"lang=\"he\" dir=\"rtl\">\n<header>\n<h1>T</h1>", "16 février 2018", "Sommaire"}, []string{"February"}},
		{"fr", "fr", []string{`<h1>T</h1>`, "16 février 2018"}, []string{`lang="en`}},
		// Nor German: the frame is in English, and says so.
		{"de", "de", []string{`<html lang="en" dir="ltr">`, "lang=\"de\" dir=\"ltr\">\n<header>\n<h1>T</h1>", "February 16, 2018"}, nil},
		{"ar", "ar", []string{`<html lang="en" dir="ltr">`, "lang=\"ar\" dir=\"rtl\">\n<header>\n<h1>T</h1>"}, nil},
		{"", "", []string{`<html lang="en" dir="ltr">`, "lang=\"\" dir=\"ltr\">\n<header>\n<h1>T</h1>"}, nil},
	} {
		d.Language = c.post
		body, err := th.Post(&page.Site{Title: "Site", Language: c.site}, Post{Doc: d})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(string(body), want) {
				t.Errorf("a post in %q on a site in %q lacks %q", c.post, c.site, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(string(body), not) {
				t.Errorf("a post in %q on a site in %q has %q", c.post, c.site, not)
			}
		}
	}
}

func TestUpdatedIsToldAfterADay(t *testing.T) {
	t.Parallel()
	th := folio(t)
	at := time.Date(2018, 2, 16, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]bool{-time.Hour: false, 0: false, settled: false, settled + time.Second: true, 1000 * time.Hour: true} {
		d := &page.Doc{Card: page.Card{Slug: "a", Title: "T", Language: "en", PublishedAt: at}, EditedAt: at.Add(after)}
		body, err := th.Post(&page.Site{Language: "en"}, Post{Doc: d})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(body), ">Updated "); got != want {
			t.Errorf("edited %v after publication: told %t, want %t", after, got, want)
		}
	}
}
