package query_test

import (
	"testing"

	"github.com/parution/parution/services/tags/internal/query"
)

func TestClosedTextsCanBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"soupe courge": "soupe courge", `"bas de casse`: `"bas de casse"`, "« bas de casse": "« bas de casse»", "“bas de": "“bas de”", `encre "bas`: `encre "bas"`,
		"(pain": "(pain)", "((pain OU soupe) -encre": "((pain OU soupe) -encre)", `jardin (abeilles OU "les courges`: `jardin (abeilles OU "les courges")`,
		"titre:(pain": "titre:(pain)", `tag:"open`: `tag:"open"`, "pain)": "", "pain OU": "", "auter:morvan": "", "": "",
	} {
		got, ok := query.Closed(text)
		if got != want || ok != (want != "" || text == "") {
			t.Errorf("Closed(%q) = %q, %t, want %q", text, got, ok, want)
		}
	}
}
