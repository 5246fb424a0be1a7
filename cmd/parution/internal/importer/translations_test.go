package importer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is a file with front matter.
func page(lines ...string) string {
	return "---\ntitle: A title\ndate: 2020-01-01\n" + strings.Join(lines, "\n") + "\n---\nText"
}

// Posts that say the same in several languages find each other, in all ways in
// which people arrange them.
func TestTranslations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		kind  Kind
		files map[string]string
		// want is language and key of each post, by file.
		want map[string]string
	}{
		{"Hugo, by name", Hugo, map[string]string{
			"hugo.toml":      "defaultContentLanguage = \"en\"\n",
			"content/p/a.md": page(), "content/p/a.fr.md": page(), "content/p/b.md": page(), "content/q/a.md": page(),
			"content/c/index.md": page(), "content/c/index.fr.md": page(), "content/d/index.md": page(),
		}, map[string]string{
			"content/p/a.md": "en hugo:path:p/a", "content/p/a.fr.md": "fr hugo:path:p/a", "content/p/b.md": "en ", "content/q/a.md": "en ",
			"content/c/index.md": "en hugo:path:c/index", "content/c/index.fr.md": "fr hugo:path:c/index", "content/d/index.md": "en ",
		}},
		{"Hugo, by folders that the configuration names", Hugo, map[string]string{
			"hugo.toml":       "defaultContentLanguage = \"en\"\n[languages.en]\ncontentDir = \"content/english\"\n[languages.fr]\ncontentDir = \"francais\"\n",
			"francais/p/a.md": page(), "content/english/p/a.md": page(), "content/english/p/b.md": page(),
		}, map[string]string{"francais/p/a.md": "fr hugo:path:p/a", "content/english/p/a.md": "en hugo:path:p/a", "content/english/p/b.md": "en "}},
		{"Hugo, by name in one folder that all languages share", Hugo, map[string]string{
			"hugo.toml":  "defaultContentLanguage = \"en\"\n[languages.en]\ncontentDir = \"all\"\n[languages.fr]\ncontentDir = \"all\"\n[languages.de]\ncontentDir = \"all\"\n",
			"all/p/a.md": page(), "all/p/a.fr.md": page(), "all/p/b.md": page(),
		}, map[string]string{"all/p/a.md": "en hugo:path:p/a", "all/p/a.fr.md": "fr hugo:path:p/a", "all/p/b.md": "en "}},
		{"Hugo, by folders that are called like languages", Hugo, map[string]string{
			"content/fr/p/a.md": page(), "content/en/p/a.md": page(), "content/fr/p/b.md": page(), "content/about.md": page("lang: fr"),
		}, map[string]string{"content/fr/p/a.md": "fr hugo:path:p/a", "content/en/p/a.md": "en hugo:path:p/a", "content/fr/p/b.md": "fr ", "content/about.md": "fr "}},
		{"Hugo, a section that only sounds like a language", Hugo, map[string]string{
			"content/it/a.md": page("lang: en"), "content/p/a.md": page("lang: fr"),
		}, map[string]string{"content/it/a.md": "en ", "content/p/a.md": "fr "}},
		{"Hugo, by key", Hugo, map[string]string{
			"content/a.md": page("lang: fr", "translationKey: about"), "content/b.md": page("lang: en", "translationKey: about"), "content/c.md": page("lang: en", "translationKey: alone"),
		}, map[string]string{"content/a.md": "fr about", "content/b.md": "en about", "content/c.md": "en alone"}},
		{"Jekyll, by reference", Jekyll, map[string]string{
			"_posts/2020-01-01-a.md": page("lang: fr", "ref: quay"), "_posts/2020-01-01-b.md": page("lang: en", "ref: quay"),
			"_posts/2020-01-01-c.md": page("lang: en", "ref: book-7"), "_posts/2020-01-01-d.md": page("lang: en", "ref: book-7"),
			"_posts/2020-01-01-e.md": page("lang: fr", "page_id: e"), "_posts/2020-01-01-f.md": page("lang: en", "page_id: e"),
		}, map[string]string{
			"_posts/2020-01-01-a.md": "fr jekyll:ref:quay", "_posts/2020-01-01-b.md": "en jekyll:ref:quay", "_posts/2020-01-01-c.md": "en ", "_posts/2020-01-01-d.md": "en ",
			"_posts/2020-01-01-e.md": "fr jekyll:ref:e", "_posts/2020-01-01-f.md": "en jekyll:ref:e",
		}},
		{"Markdown, by name", Markdown, map[string]string{
			"n/a.fr.md": page(), "n/a.en.md": page(), "n/react.ts.md": page("lang: en"), "m/a.md": page("lang: fr"),
		}, map[string]string{"n/a.fr.md": "fr markdown:path:n/a", "n/a.en.md": "en markdown:path:n/a", "n/react.ts.md": "en ", "m/a.md": "fr "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			site, report := bring(t, tt.kind, tree(t, tt.files))
			got := make(map[string]string)
			if report.Created != len(tt.want) {
				t.Errorf("%d posts were written, want %d", report.Created, len(tt.want))
			}
			for id, p := range site.posts {
				_, file, _ := strings.Cut(id, ":")
				got[file] = p.Language + " " + p.TranslationKey
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("language and key (-want +got):\n%s\n%s", diff, report)
			}
		})
	}
}

func TestLongKeys(t *testing.T) {
	t.Parallel()
	site, _ := bring(t, Markdown, tree(t, map[string]string{
		"a.md": page("translation_key: " + strings.Repeat("k", 200) + "a"), "b.md": page("translation_key: " + strings.Repeat("k", 200) + "b"),
	}))
	a, b := site.posts["markdown:a.md"].TranslationKey, site.posts["markdown:b.md"].TranslationKey
	if a == b || a == "" || len(a) > maxKeyChars || len(b) > maxKeyChars {
		t.Errorf("keys = %q and %q, want two that differ, within the limit", a, b)
	}
}

// The old addresses of pages in several languages lead to them.
func TestOldAddressesOfTranslations(t *testing.T) {
	t.Parallel()
	site, _ := bring(t, Hugo, tree(t, map[string]string{
		"hugo.toml":              "defaultContentLanguage = \"en\"\n[languages.en]\ncontentDir = \"content/english\"\n[languages.fr]\ncontentDir = \"content/french\"\n",
		"content/french/p/a.md":  page(),
		"content/english/p/a.md": page() + " [fr](/fr/p/a/) ![p](pic.png)", "content/english/p/pic.png": "",
	}))
	if p := site.posts["hugo:content/french/p/a.md"]; len(p.Aliases) == 0 || p.Aliases[0] != "/fr/p/a/" {
		t.Errorf("the French page was at %v, want /fr/p/a/", p.Aliases)
	}
	if p := site.posts["hugo:content/english/p/a.md"]; len(p.Aliases) == 0 || p.Aliases[0] != "/p/a/" || !strings.Contains(p.Body, "](/posts/a-2)") || !strings.Contains(p.Body, "](/media/") {
		t.Errorf("the English page was at %v and says %q", p.Aliases, p.Body)
	}
}

// What stands below the cover comes over, as text.
func TestCaptions(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"beside the image":         "image: /a.png\nimage_alt: A quay\ncaption: The *quay*, by [Ada](https://example.org)",
		"in a map":                 "cover:\n  image: /a.png\n  alt: A quay\n  caption: The *quay*, by [Ada](https://example.org)",
		"as Ghost has it":          "feature_image: /a.png\nfeature_image_alt: A quay\nfeature_image_caption: The <em>quay</em>, by Ada",
		"a header of Jekyll":       "header:\n  teaser: /a.png\n  image_description: A quay\n  caption: The quay, by Ada",
		"without a cover":          "caption: The quay, by Ada\nimage_alt: A quay",
		"of a cover that has gone": "image: /gone.png\ncaption: The quay, by Ada",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, _ := bring(t, Jekyll, tree(t, map[string]string{"_posts/2020-01-01-a.md": page(lines), "a.png": ""}))
			p := site.posts["jekyll:_posts/2020-01-01-a.md"]
			alt, caption := "A quay", "The quay, by Ada"
			if strings.Contains(name, "without") || strings.Contains(name, "gone") {
				alt, caption = "", ""
			}
			if p.ImageAlt != alt || p.ImageCaption != caption || (p.Image == "") != (alt == "") {
				t.Errorf("cover %q, alt %q, caption %q; want %q and %q", p.Image, p.ImageAlt, p.ImageCaption, alt, caption)
			}
		})
	}
}
