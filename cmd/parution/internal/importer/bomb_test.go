package importer

import (
	"strings"
	"testing"
	"time"
)

func TestBombs(t *testing.T) {
	const n = 1 << 20
	for _, unit := range []string{"[", "](", "![", "<a ", "<a b=\"", "<!--", "<pre>", "<script>", "{{", "{%", "{% if %}", "{% x %}", "{% for a in b %}", "{% raw %}", "{{ x | a }}", "`", "*a ", "a_", "[a](b \"", "[a](<b", "> ", "- ", "[a]: b\n", "![a][a]", "{:", "{: .a}\n", "<video>", "<video><source src=/x.mp4>", "http://a/2020/01/01/x ", "/2020/01/01/", "<http://", "(", "&amp;", "[^1]", "[^1]: a\n\n", "| a ", "\\", "[a](b)", "![a](b.png)", "{{<", "{{< a >}}", "{% enda %}"} {
		body := strings.Repeat(unit, n/len(unit)-1)
		dir := tree(t, map[string]string{"_posts/2020-01-01-a.md": head + body})
		start := time.Now()
		_, err := Run(t.Context(), Options{Kind: Jekyll, Path: dir, Site: newMemory()})
		if d := time.Since(start); d > 500*time.Millisecond {
			t.Logf("%q: %v %v", unit, d, err)
		}
	}
}
