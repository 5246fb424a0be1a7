// Package paging makes and reads the page tokens of lists: opaque to clients,
// and good only for the filters that they were made with.
package paging

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"strconv"

	"github.com/parution/parution/chassis/fault"
)

// Max bounds every page.
const Max = 100

// Size is the page size to use for what was asked: 0 means usual. Faults:
// Invalid page_size.
func Size(asked, usual int32) (int32, error) {
	switch {
	case asked == 0:
		return usual, nil
	case asked < 0 || asked > Max:
		return 0, fault.Invalid("page_size", "is %d; must be 1 to %d", asked, Max)
	}
	return asked, nil
}

type token struct {
	Filters string          `json:"f"`
	Place   json.RawMessage `json:"p"`
}

// Token is the token for what follows place in the list that filters select.
func Token(place any, filters ...string) (string, error) {
	p, err := json.Marshal(place)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(token{Filters: digest(filters), Place: p})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// Read puts the place of a token into the pointer place; false for an empty
// token, the first page. Faults: Invalid page_token.
func Read(text string, place any, filters ...string) (bool, error) {
	if text == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false, bad()
	}
	var t token
	if err := json.Unmarshal(raw, &t); err != nil {
		return false, bad()
	}
	if t.Filters != digest(filters) {
		return false, fault.Invalid("page_token", "belongs to another list: the filters were changed")
	}
	if err := json.Unmarshal(t.Place, place); err != nil {
		return false, bad()
	}
	return true, nil
}

func bad() error {
	return fault.Invalid("page_token", "is not a next_page_token of an earlier answer")
}

func digest(filters []string) string {
	h := fnv.New64a()
	for _, f := range filters {
		_, _ = h.Write([]byte(strconv.Quote(f))) // a hash takes everything
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
