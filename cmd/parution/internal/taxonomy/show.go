package taxonomy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/parution/parution/cmd/parution/internal/terminal"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// Filter says which tags List shows, and how.
type Filter struct {
	// Order is "slug" or "count"; Parent names a tag, or nothing.
	Order, Parent, Prefix string
	JSON                  bool
}

// List writes the tags of the site.
func List(ctx context.Context, api API, o terminal.Output, f Filter) error {
	query := url.Values{}
	for name, v := range map[string]string{"order": f.Order, "prefix": f.Prefix} {
		if v != "" {
			query.Set(name, v)
		}
	}
	if f.Parent != "" {
		above, err := Find(ctx, api, f.Parent)
		if err != nil {
			return err
		}
		query.Set("parent", above.GetSlug())
	}
	all, err := list(ctx, api, query)
	if err != nil {
		return err
	}
	switch {
	case f.JSON:
		return o.JSON(all, true)
	case len(all.GetTags()) == 0:
		o.Note("there is no such tag")
		return nil
	}
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TAG\tNAME\tPOSTS\tBELOW\tREADERS SEE\tALIASES") // flushed below
	for _, t := range all.GetTags() {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", terminal.Plain(t.GetSlug()), terminal.Plain(t.GetName()), t.GetCount(),
			terminal.Plain(cmp.Or(t.GetParent(), "-")), yes(!t.GetInternal()), terminal.Plain(cmp.Or(strings.Join(t.GetAliases(), ", "), "-")))
	}
	return flush(w)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func flush(w *tabwriter.Writer) error {
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// Show writes all that is known of a tag.
func Show(ctx context.Context, api API, o terminal.Output, tag string, asJSON bool) error {
	t, err := Find(ctx, api, tag)
	if err != nil {
		return err
	}
	if asJSON {
		return o.JSON(t, true)
	}
	rows := [][2]string{
		{"name", t.GetName()},
		{"address", "/tags/" + t.GetSlug()},
		{"posts", strconv.Itoa(int(t.GetCount()))},
		{"readers see it", yes(!t.GetInternal())},
	}
	for _, language := range slices.Sorted(maps.Keys(t.GetNames())) {
		rows = append(rows, [2]string{"name in " + language, t.GetNames()[language]})
	}
	rows = append(rows, [][2]string{
		{"aliases", strings.Join(t.GetAliases(), ", ")},
		{"above it", t.GetParent()},
		{"below it", strings.Join(t.GetChildren(), ", ")},
		{"former addresses", strings.Join(prefixed("/tags/", t.GetFormerSlugs()), ", ")},
		{"colour", t.GetColour()},
		{"image", t.GetImage()},
		{"image shows", t.GetImageAlt()},
		{"description", strings.Join(strings.Fields(t.GetDescription()), " ")},
		{"id", t.GetId()},
		{"version", strconv.Itoa(int(t.GetVersion()))},
	}...)
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", row[0], terminal.Plain(row[1])) // flushed below
		}
	}
	return flush(w)
}

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}

// Log writes the newest operations, at most limit; with tag only those about it.
func Log(ctx context.Context, api API, o terminal.Output, tag string, limit int, asJSON bool) error {
	out, err := operations(ctx, api, tag, limit)
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return o.JSON(out, true)
	case len(out.GetOperations()) == 0:
		o.Note("nothing was done to it so far")
		return nil
	}
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "OPERATION\tWHEN\tWHO\tPOSTS\tSTATE\tWHAT") // flushed below
	for _, op := range out.GetOperations() {
		state := op.GetState()
		if state == running {
			state = fmt.Sprintf("%s, %d done", running, op.GetPostsDone())
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", op.GetId(), op.GetAt().AsTime().Local().Format(time.DateTime),
			terminal.Plain(cmp.Or(op.GetBy(), "-")), op.GetPosts(), terminal.Plain(state), terminal.Plain(sentence(op)))
	}
	return flush(w)
}

// operations reads the newest, at most limit; the token of the answer leads to
// those before.
func operations(ctx context.Context, api API, tag string, limit int) (*tagsv1.ListTagOperationsResponse, error) {
	query := url.Values{}
	if tag != "" {
		t, err := Find(ctx, api, tag)
		if err != nil {
			return nil, err
		}
		query.Set("slug", t.GetSlug())
	}
	out := &tagsv1.ListTagOperationsResponse{}
	for len(out.GetOperations()) < limit {
		var page tagsv1.ListTagOperationsResponse
		query.Set("page_size", strconv.Itoa(min(pageSize, limit-len(out.GetOperations()))))
		if _, err := api.Call(ctx, http.MethodGet, operationsPath+"?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		out.Operations = append(out.Operations, page.GetOperations()...)
		out.NextPageToken = page.GetNextPageToken()
		if out.GetNextPageToken() == "" {
			break
		}
		query.Set("page_token", out.GetNextPageToken())
	}
	return out, nil
}
