package site

import (
	"net/url"
	"strings"
	"testing"
)

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"/", "/posts/a", "//evil.example", "/a/../..//b", "/%2e%2e/x", "/%c3%a9", "/a%2fb", `/\evil`, "/a!(b)", "/;a", "/%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			return
		}
		name, move, ok := canonical(u)
		if !ok {
			return
		}
		if !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "//") || strings.Contains(name, "/../") {
			t.Fatalf("canonical(%q) = %q", raw, name)
		}
		if move == "" {
			return
		}
		to, err := url.Parse(move)
		if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(move, "/") || strings.HasPrefix(move, "//") {
			t.Fatalf("canonical(%q) moves to %q, which leaves the host (%v)", raw, move, err)
		}
		if again, further, ok := canonical(to); !ok || further != "" || again != name {
			t.Fatalf("canonical(%q) moves to %q, which moves on to %q", raw, move, further)
		}
	})
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"/posts/a": "/posts/a", "/é": "/%C3%A9", "/%C3%A9": "/%C3%A9", "/100%": "/100%25", "/tags/a+b": "/tags/a+b", "/tags/a?page=2": "/tags/a?page=2",
		"//evil": "", "https://evil/": "", "evil": "", "": "", `/\evil`: "", "javascript:alert(1)": "",
	} {
		if got, ok := target(location); got != want || ok != (want != "") {
			t.Errorf("target(%q) = %q %t, want %q", location, got, ok, want)
		}
	}
}
