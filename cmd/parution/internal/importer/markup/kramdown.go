package markup

import (
	"regexp"
	"slices"
	"strings"
)

// Kramdown's own marks, which would show in the text elsewhere.
var (
	attrList  = regexp.MustCompile(`\{:\s*(?:(?:[.#][\w-]+|[\w-]+=(?:"[^"\n]*"|'[^'\n]*')|[\w-]+)\s*)*\}`)
	blockMark = regexp.MustCompile(`(?s)\{::comment\}.*?\{:/(?:comment)?\}|\{::comment[^}\n]*/\}|\{::options[^}\n]*/\}|\{::nomarkdown[^}\n]*\}|\{:/(?:nomarkdown)?\}`)
	headingID = regexp.MustCompile(`(?m)^ {0,3}#{1,6}[ \t][^\n]*?([ \t]*\{[#.:][^{}\n]*\})[ \t]*#*[ \t]*$`)
	listItem  = regexp.MustCompile(`^[ \t]*(?:[*+-]|\d+[.)])[ \t]+\S[^\n]*\n$`)
)

// DropKramdown finds kramdown's attribute lists ({: .class}), extensions
// ({::comment}) and heading ids ({#id}) outside of code, to be left out. The list that
// {:toc} makes a table of contents of goes with it: pages have their own.
func DropKramdown(s string, code []Range) []Edit {
	if !strings.Contains(s, "{:") && !strings.Contains(s, "{#") {
		return nil
	}
	var out []Edit
	for _, m := range blockMark.FindAllStringIndex(s, -1) {
		if !in(code, m[0]) {
			out = append(out, Edit{Range: WholeLine(s, Range{m[0], m[1]})})
		}
	}
	for _, m := range headingID.FindAllStringSubmatchIndex(s, -1) {
		if !in(code, m[2]) {
			out = append(out, Edit{Range: Range{m[2], m[3]}})
		}
	}
	for _, m := range attrList.FindAllStringIndex(s, -1) {
		if in(code, m[0]) || m[0] > 0 && s[m[0]-1] == '\\' {
			continue
		}
		r := WholeLine(s, Range{m[0], m[1]})
		if isTOC(s[m[0]:m[1]]) && r.Start > 0 && s[r.Start-1] == '\n' {
			start := strings.LastIndexByte(s[:r.Start-1], '\n') + 1
			if listItem.MatchString(s[start:r.Start]) {
				r.Start = start
			}
		}
		out = append(out, Edit{Range: r})
	}
	return out
}

func isTOC(list string) bool {
	return slices.Contains(strings.Fields(strings.Trim(list, "{:}")), "toc")
}
