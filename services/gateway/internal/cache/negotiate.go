package cache

import (
	"net/http"
	"strings"
)

// encoding is a content coding that pages are kept in.
type encoding uint8

const (
	identity encoding = iota
	gz
	br
	encodings
)

func (e encoding) name() string {
	switch e {
	case gz:
		return "gzip"
	case br:
		return "br"
	case identity, encodings:
	}
	return "identity"
}

// negotiate picks the coding that a reader likes best (RFC 9110 §12.5.3), and
// of equals the shortest result. It allocates nothing.
func negotiate(accept []string) encoding {
	best, most := identity, 0
	for _, line := range accept {
		for line != "" {
			var item string
			item, line, _ = strings.Cut(line, ",")
			name, params, _ := strings.Cut(item, ";")
			enc, q := coding(strings.TrimSpace(name)), quality(params)
			if enc != identity && (q > most || (q == most && q > 0 && enc > best)) {
				best, most = enc, q
			}
		}
	}
	return best
}

func coding(name string) encoding {
	switch {
	case strings.EqualFold(name, "br"):
		return br
	case strings.EqualFold(name, "gzip"), name == "*":
		return gz
	}
	return identity
}

// quality is the weight in thousandths: "q=0.5" is 500, nothing is 1000.
func quality(params string) int {
	params = strings.TrimSpace(params)
	if len(params) < 3 || (params[0] != 'q' && params[0] != 'Q') || params[1] != '=' {
		return 1000
	}
	if params[2] == '1' {
		return 1000
	}
	q, unit := 0, 100
	for i := 4; i < len(params) && unit > 0 && params[i] >= '0' && params[i] <= '9'; i++ {
		q += int(params[i]-'0') * unit
		unit /= 10
	}
	return q
}

// matches tells whether the reader has v already (RFC 9110 §13.2.2).
//
// A date counts only if it is exactly ours: withdrawing the newest post makes a
// list's date go back, and then "not since" would be wrong.
func (v *variant) matches(h http.Header) bool {
	if tags, ok := h["If-None-Match"]; ok {
		return v.etag != "" && anyTag(tags, v.etag)
	}
	dates := h["If-Modified-Since"]
	return len(dates) == 1 && v.lastModified != "" && dates[0] == v.lastModified
}

// anyTag compares weakly, as GET asks.
func anyTag(lines []string, etag string) bool {
	for _, line := range lines {
		for line != "" {
			line = strings.TrimLeft(line, " \t,")
			if strings.HasPrefix(line, "*") {
				return true
			}
			line = strings.TrimPrefix(line, "W/")
			if !strings.HasPrefix(line, `"`) {
				break
			}
			end := strings.IndexByte(line[1:], '"')
			if end < 0 {
				break
			}
			if line[:end+2] == etag {
				return true
			}
			line = line[end+2:]
		}
	}
	return false
}
