package shortcode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

func TestCarry(t *testing.T) {
	t.Parallel()
	e := Env{
		Address: func(a string) (string, bool) { return "/p/" + a, a != "none" },
		Param:   func(name string) (string, bool) { return "P", name == "known" },
	}
	tests := []struct{ source, want, findings string }{
		{"plain {{ x }}", "plain {{ x }}", ""},
		{`{{< figure src="/a.png" alt="A" title="T" link="/x" >}}`, `[![A](/a.png "T")](/x)`, ""},
		{`{{< figure alt="A" >}}`, "", `1 {{< figure alt="A" >}} cannot be carried over; left out`},
		{`{{< youtube id="abc" autoplay="true" >}} {{< vimeo 12 >}} {{< gist user 34 >}}`, "<https://www.youtube.com/watch?v=abc> <https://vimeo.com/12> <https://gist.github.com/user/34>", ""},
		{`{{< tweet user="u" id="1" >}} {{< param known >}}`, "<https://x.com/u/status/1> P", ""},
		{`[a]({{< ref "x.md#y" >}}) [b]({{% relref none %}})`, "[a](/p/x.md#y) [b]()", "1 {{% relref none %}} leads to nothing that is imported; left out"},
		{"{{< highlight go \"linenos=1\" >}}\ncode ``` {{ x }}\n{{< /highlight >}}", "````go\ncode ``` {{ x }}\n````", ""},
		{"{{< details \"More <x>\" >}}\ntext\n{{< /details >}}", "<details><summary>More &lt;x&gt;</summary>\n\ntext\n\n</details>", ""},
		{"{{% note %}}\n{{% note %}}\ninner\n{{% /note %}}\n{{% /note %}}\n", "inner\n", "1 {{% note %}} is not known here; its content stays without it\n2 {{% note %}} is not known here; its content stays without it"},
		{"{{< lone />}} a", " a", "1 {{< lone />}} cannot be carried over; left out"},
		{"`{{< youtube x >}}` `{{</* youtube x */>}}`", "`{{< youtube x >}}` `{{< youtube x >}}`", ""},
		{"{{< youtube \"javascript:alert(1)\" >}}", "", "1 {{< youtube \"javascript:alert(1)\" >}} cannot be carried over; left out"},
	}
	sc := markup.NewScanner()
	for _, tt := range tests {
		got, findings := Carry(markup.NewText(tt.source, 1), sc.Code(tt.source, markup.Markdown), e)
		var lines []string
		for _, f := range findings {
			lines = append(lines, fmt.Sprintf("%d %s %s", f.Line, f.Tag, f.Reason))
		}
		if got.String() != tt.want || strings.Join(lines, "\n") != tt.findings {
			t.Errorf("Carry(%q) =\n%q, %q; want\n%q, %q", tt.source, got, lines, tt.want, tt.findings)
		}
	}
}
