// Package taxonomy shows and changes the tags of a site from the command line.
package taxonomy

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/config"
	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/cmd/parution/internal/client"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

const (
	tagsPath       = "/api/v1/tags"
	operationsPath = "/api/v1/tag-operations"
	// pageSize is the most that the server gives.
	pageSize = 100
)

// API is what the package needs of a client.
type API interface {
	Call(ctx context.Context, method, path string, in, out proto.Message, headers ...client.Header) (int, error)
	Change(ctx context.Context, path string, in, out proto.Message, headers ...client.Header) (int, error)
	Patch(ctx context.Context, path string, in proto.Message, mask []string, version int32, out proto.Message) (int, error)
}

var _ API = (*client.Client)(nil)

// Find is the tag that people mean by text: its present or a former slug, or any
// name that leads to it. What nothing is called so is refused with what is called
// nearly so.
func Find(ctx context.Context, api API, text string) (*tagsv1.Tag, error) {
	var out tagsv1.Tag
	wanted := cmp.Or(address(text), text)
	_, err := api.Call(ctx, http.MethodGet, pathOf(wanted), nil, &out)
	if err == nil {
		return &out, nil
	}
	if client.StatusOf(err) != http.StatusNotFound {
		return nil, err
	}
	all, err := list(ctx, api, url.Values{})
	if err != nil {
		return nil, err
	}
	var known []string
	for _, t := range all.GetTags() {
		called := slugsOf(t)
		if slices.Contains(called, wanted) {
			return t, nil
		}
		known = append(known, called...)
	}
	if near := config.Nearest(wanted, known); near != "" {
		return nil, fmt.Errorf("there is no tag %s; did you mean %s?", text, near)
	}
	return nil, fmt.Errorf("there is no tag %s; parution tag list shows all", text)
}

// slugsOf are what the names of a tag make, its own slug first.
func slugsOf(t *tagsv1.Tag) []string {
	out := []string{t.GetSlug(), address(t.GetName())}
	for _, name := range t.GetNames() {
		out = append(out, address(name))
	}
	for _, name := range t.GetAliases() {
		out = append(out, address(name))
	}
	return out
}

// address is the slug that a name has by itself: "#archive" is another tag than "archive".
func address(name string) string {
	if rest, internal := strings.CutPrefix(strings.TrimSpace(name), "#"); internal {
		return slug.Make("internal " + rest)
	}
	return slug.Make(name)
}

func pathOf(tag string) string { return tagsPath + "/" + url.PathEscape(tag) }

// list reads all pages.
func list(ctx context.Context, api API, query url.Values) (*tagsv1.ListTagsResponse, error) {
	out := &tagsv1.ListTagsResponse{}
	query.Set("page_size", strconv.Itoa(pageSize))
	for {
		var page tagsv1.ListTagsResponse
		if _, err := api.Call(ctx, http.MethodGet, tagsPath+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		out.Tags = append(out.Tags, page.GetTags()...)
		out.Total = max(page.GetTotal(), int32(len(out.GetTags()))) //nolint:gosec // a site has fewer tags
		if page.GetNextPageToken() == "" {
			return out, nil
		}
		query.Set("page_token", page.GetNextPageToken())
	}
}

// sentence says what an operation did.
func sentence(op *tagsv1.TagOperation) string {
	of, into := called(op.GetNames(), op.GetSlugs()), strings.Join(called(op.GetIntoNames(), op.GetInto()), ", ")
	first := ""
	if len(of) > 0 {
		first = of[0]
	}
	switch op.GetKind() {
	case "renamed":
		return "renamed " + first + " to " + into
	case "merged", "split":
		return op.GetKind() + " " + first + " into " + into
	case "undone":
		return "undid " + op.GetUndid() + " on " + strings.Join(of, ", ")
	}
	return op.GetKind() + " " + strings.Join(of, ", ")
}

// called are the names of tags, each with its slug where that is not what the name makes
// by itself; an older server tells slugs alone.
func called(names, slugs []string) []string {
	out := make([]string, len(slugs))
	for i, s := range slugs {
		switch {
		case i >= len(names):
			out[i] = s
		case address(names[i]) == s:
			out[i] = names[i]
		default:
			out[i] = names[i] + " (" + s + ")"
		}
	}
	return out
}
