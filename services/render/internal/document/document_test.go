package document_test

import (
	"testing"

	"github.com/parution/parution/services/render/internal/document"
)

func TestX(t *testing.T) {
	c := document.New()
	for _, s := range []string{"# Été\n\nSalut **le** monde[^1] http://a.example/x\n\n| a | b |\n|--:|---|\n| `x\\|y` | 2 |\n\n- [x] ok\n\n[^1]: note\n\n<iframe src=\"https://www.youtube.com/embed/x\"></iframe>\n\n## b\n# c\n\n```go\n\nx\n```\n"} {
		d, err := c.Convert(document.Source{Text: s, Language: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(d.HTML)
		t.Logf("%+v", *d)
	}
}
