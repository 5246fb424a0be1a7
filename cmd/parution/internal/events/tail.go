package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/parution/parution/cmd/parution/internal/terminal"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

const (
	changesPath = "/api/v1/changes"
	// pageSize and wait are the most that the server gives.
	pageSize = 1000
	wait     = 25 * time.Second

	firstPause = 500 * time.Millisecond
	lastPause  = 5 * time.Second
)

// From is where to begin.
const (
	FromStart = "start"
	FromNow   = "now"
)

// Tail follows the changes of a site.
type Tail struct {
	API API
	terminal.Output

	// From is FromStart, FromNow or a token of an earlier time.
	From string
	// JSON writes each change as one JSON object instead of a line for people.
	JSON bool
	// Pause waits between two tries and tells whether to go on.
	Pause func(ctx context.Context, d time.Duration) bool
}

// Run writes changes as they come until ctx ends, which is no error. A server
// that is lost is asked again, with the last token, until it is there; one that
// was never there or refuses the call is an error.
func (t *Tail) Run(ctx context.Context) error {
	after := t.From
	if after == FromStart {
		after = ""
	}
	var epoch int32
	lost := 0
	reached := false
	for {
		var page postsv1.ListChangesResponse
		_, err := t.API.Call(ctx, http.MethodGet, t.path(after, reached), nil, &page)
		switch {
		case ctx.Err() != nil:
			if reached {
				t.Note("to go on from here: --from %s", after)
			}
			return nil
		case err != nil && (!reached || isRefusal(err)):
			return err
		case err != nil:
			if lost == 0 {
				t.Note("the server is lost (%v); trying again", cause(err))
			}
			t.Pause(ctx, min(lastPause, firstPause<<min(lost, 10))) // that ctx ended is seen above
			lost++
			continue
		case lost > 0:
			t.Note("the server is there again")
			lost = 0
		}
		if reached && page.GetEpoch() > epoch {
			t.Note("the server's database was set back (epoch %d, before %d): what you hold may be of a past that is no more; begin again with --from %s", page.GetEpoch(), epoch, FromStart)
		}
		after, epoch, reached = page.GetNext(), page.GetEpoch(), true
		if err := t.write(&page); err != nil {
			return err
		}
	}
}

// cause is an error without the address, which people know.
func cause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// path asks for what is after a place; the first time without waiting, so that
// what is wrong is told at once.
func (t *Tail) path(after string, waits bool) string {
	query := url.Values{"page_size": {strconv.Itoa(pageSize)}}
	if after != "" {
		query.Set("after", after)
	}
	if waits {
		query.Set("wait", strconv.Itoa(int(wait.Seconds())))
	}
	return changesPath + "?" + query.Encode()
}

func (t *Tail) write(page *postsv1.ListChangesResponse) error {
	for i, c := range page.GetChanges() {
		if !t.JSON {
			t.Say("%s", Line(c))
			continue
		}
		next := ""
		if i == len(page.GetChanges())-1 {
			next = page.GetNext()
		}
		text, err := object(c, next)
		if err != nil {
			return err
		}
		t.Say("%s", text)
	}
	return nil
}

// object is a change as JSON, and with the token to go on from there if there is one.
func object(c *postsv1.Change, next string) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write change %s: %w", c.GetId(), err)
	}
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("write change %s: %w", c.GetId(), err)
	}
	if next != "" {
		if members["next"], err = json.Marshal(next); err != nil {
			return nil, fmt.Errorf("write change %s: %w", c.GetId(), err)
		}
	}
	if text, err = json.Marshal(members); err != nil {
		return nil, fmt.Errorf("write change %s: %w", c.GetId(), err)
	}
	return text, nil
}

// Line is a change for people, in local time:
//
//	2026-11-23 10:30:00  published   post 01a2…345e v2  Three lakes (/posts/three-lakes) #Walks
func Line(c *postsv1.Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-10s  %s %s v%d", c.GetOccurredAt().AsTime().Local().Format(time.DateTime),
		terminal.Plain(c.GetKind()), terminal.Plain(c.GetType()), terminal.Plain(c.GetAggregateId()), c.GetVersion())
	if f := c.GetFacts(); f != nil {
		fmt.Fprintf(&b, "  %s (/posts/%s)", terminal.Plain(f.GetTitle()), terminal.Plain(f.GetSlug()))
		for _, tag := range f.GetTags() {
			b.WriteString(" #" + terminal.Plain(tag))
		}
	}
	return b.String()
}
