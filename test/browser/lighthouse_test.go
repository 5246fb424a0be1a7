package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// tries is how often Lighthouse may look at a page. What it measures, and whether it
// gets to that, depends on what else the machine does meanwhile, which is not the
// page's fault; what the page is to blame for is there each time.
const tries = 5

// lighthouseScores: 100 of 100 in each of Lighthouse's four categories, on a slow
// telephone in a slow network as Lighthouse simulates them.
func lighthouseScores(t *testing.T, s *stage) {
	t.Helper()
	program, node, chrome := judge(t, lighthouse), interpreter(t, "node"), program(t)
	for _, at := range s.some("home", "post") {
		t.Run(at.name, func(t *testing.T) {
			var worst []string
			for range tries {
				if worst = scores(t, node, program, chrome, at.at); len(worst) == 0 {
					return
				}
			}
			for _, w := range worst {
				t.Error(w)
			}
		})
	}
}

// report is what Lighthouse says of a page, as far as we look.
type report struct {
	RuntimeError *struct{ Code, Message string } `json:"runtimeError"`
	Categories   map[string]struct {
		Score *float64 `json:"score"`
		Refs  []struct {
			ID     string  `json:"id"`
			Weight float64 `json:"weight"`
		} `json:"auditRefs"`
	} `json:"categories"`
	Audits map[string]struct {
		Title   string   `json:"title"`
		Score   *float64 `json:"score"`
		Display string   `json:"displayValue"`
		Error   string   `json:"errorMessage"`
	} `json:"audits"`
}

// scores are the categories in which an address has less than 100, and why.
func scores(t *testing.T, node, program, chrome, address string) []string {
	t.Helper()
	var options []string
	for _, f := range flags() {
		name, value, _ := strings.Cut(f, "=")
		options = append(options, name+`="`+value+`"`)
	}
	cmd := exec.CommandContext(t.Context(), node, program, address, "--output=json", "--output-path=stdout", "--quiet", "--no-enable-error-reporting",
		"--only-categories=performance,accessibility,best-practices,seo", "--chrome-flags="+strings.Join(options, " "))
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "CHROME_PATH="+chrome, "HOME="+home, "XDG_CONFIG_HOME="+home, "TMPDIR="+home)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	var r report
	if decoded := json.Unmarshal(out, &r); err != nil || decoded != nil {
		// Chromium's trace may lack its beginning: Lighthouse then asks to be run again.
		return []string{fmt.Sprintf("run Lighthouse on %s: %v, %v: %.2000s", address, err, decoded, problems.String())}
	}
	if r.RuntimeError != nil {
		return []string{"Lighthouse: " + r.RuntimeError.Code + " " + r.RuntimeError.Message}
	}
	var below, all []string
	for name, c := range r.Categories {
		if c.Score == nil {
			below = append(below, name+" has no score")
			continue
		}
		all = append(all, fmt.Sprintf("%s %.0f", name, *c.Score*100))
		if *c.Score == 1 {
			continue
		}
		line := fmt.Sprintf("%s %.0f:", name, *c.Score*100)
		for _, ref := range c.Refs {
			if a := r.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 1 {
				line += fmt.Sprintf(" %s (%s %s);", ref.ID, a.Title, a.Display)
			}
		}
		below = append(below, line)
	}
	if len(r.Categories) != 4 {
		below = append(below, fmt.Sprintf("%d categories, want 4", len(r.Categories)))
	}
	t.Log(strings.Join(all, ", "))
	return below
}
