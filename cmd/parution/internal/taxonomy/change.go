package taxonomy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/terminal"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

const (
	running = "running"
	// firstLook is when an operation is looked at first, each time twice as late
	// up to lastLook: most are done at once.
	firstLook = 20 * time.Millisecond
	lastLook  = 500 * time.Millisecond
)

// Work changes tags and waits until posts have followed.
type Work struct {
	API API
	terminal.Output

	// JSON writes the operation instead of a sentence; NoWait does not wait.
	JSON, NoWait bool
	// Progress makes what is told how many posts have followed.
	Progress func() terminal.Progress
	// Pause waits and tells whether to go on.
	Pause func(ctx context.Context, d time.Duration) bool
}

// Rename gives a tag another name, and the slug if one is given.
func (w *Work) Rename(ctx context.Context, tag, name, newSlug string) error {
	t, err := Find(ctx, w.API, tag)
	if err != nil {
		return err
	}
	return w.do(ctx, pathOf(t.GetSlug())+":rename", &tagsv1.RenameTagRequest{Name: name, NewSlug: newSlug})
}

// Merge makes one tag of several, each by an operation of its own: into stays.
func (w *Work) Merge(ctx context.Context, tags []string, into string) error {
	stays, err := Find(ctx, w.API, into)
	if err != nil {
		return err
	}
	gone := make([]*tagsv1.Tag, len(tags))
	for i, tag := range tags { // all of them before the first is merged
		if gone[i], err = Find(ctx, w.API, tag); err != nil {
			return err
		}
		if gone[i].GetId() == stays.GetId() {
			return fmt.Errorf("%s and %s are one tag already", tag, into)
		}
	}
	for _, t := range gone {
		if err := w.do(ctx, pathOf(t.GetSlug())+":merge", &tagsv1.MergeTagRequest{Into: stays.GetSlug()}); err != nil {
			return err
		}
	}
	return nil
}

// Split makes parts of a tag.
func (w *Work) Split(ctx context.Context, tag string, parts []*tagsv1.SplitTagRequest_Part) error {
	t, err := Find(ctx, w.API, tag)
	if err != nil {
		return err
	}
	return w.do(ctx, pathOf(t.GetSlug())+":split", &tagsv1.SplitTagRequest{Parts: parts})
}

// Undo puts things back as they were before an operation.
func (w *Work) Undo(ctx context.Context, id string) error {
	err := w.do(ctx, operationsPath+"/"+url.PathEscape(id)+":undo", &tagsv1.UndoTagOperationRequest{})
	if client.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("there is no operation %s; parution tag log shows what was done", id)
	}
	return err
}

// UndoLast undoes the newest operation that is neither undone nor an undoing itself.
func (w *Work) UndoLast(ctx context.Context) error {
	list, err := operations(ctx, w.API, "", pageSize)
	if err != nil {
		return err
	}
	for _, op := range list.GetOperations() {
		// What undid another may be undone too, but that is not what is meant by the last one.
		if op.GetState() != "undone" && op.GetKind() != "undone" {
			return w.Undo(ctx, op.GetId())
		}
	}
	return errors.New("there is nothing to undo; parution tag log shows what was done")
}

// Describe sends what change makes of a tag; it answers the fields that it set.
// Somebody who changed the tag meanwhile is not overwritten.
func (w *Work) Describe(ctx context.Context, tag string, change func(*tagsv1.Tag) (mask []string, err error)) error {
	t, err := Find(ctx, w.API, tag)
	if err != nil {
		return err
	}
	mask, err := change(t)
	if err != nil {
		return err
	}
	var op tagsv1.TagOperation
	_, err = w.API.Patch(ctx, pathOf(t.GetSlug()), t, mask, t.GetVersion(), &op)
	if client.StatusOf(err) == http.StatusPreconditionFailed {
		return fmt.Errorf("%s was changed by somebody else just now; look at it and say it again: %w", t.GetSlug(), err)
	}
	if err != nil {
		return err
	}
	return w.tell(ctx, &op)
}

func (w *Work) do(ctx context.Context, path string, in proto.Message) error {
	var op tagsv1.TagOperation
	if _, err := w.API.Change(ctx, path, in, &op); err != nil {
		return err
	}
	return w.tell(ctx, &op)
}

// tell waits for an operation and says what it did, and how to take it back.
func (w *Work) tell(ctx context.Context, op *tagsv1.TagOperation) error {
	if !w.NoWait {
		var err error
		if op, err = w.await(ctx, op); err != nil {
			return err
		}
	}
	if w.JSON {
		return w.Output.JSON(op, true)
	}
	text := terminal.Plain(sentence(op))
	switch {
	case op.GetState() == running:
		w.Say("%s; posts follow: %d of %d so far", text, op.GetPostsDone(), op.GetPosts())
		w.Note("how far it is: parution tag log")
	case op.GetPosts() == 1:
		w.Say("%s; 1 post follows", text)
	default:
		w.Say("%s; %d posts follow", text, op.GetPosts())
	}
	w.Note("to take it back: parution tag undo %s", op.GetId())
	return nil
}

// await looks at a running operation until it has ended. What it did to the tags
// holds from the first moment, so an end of the waiting is no end of the operation.
func (w *Work) await(ctx context.Context, op *tagsv1.TagOperation) (*tagsv1.TagOperation, error) {
	if op.GetState() != running {
		return op, nil
	}
	progress := w.Progress()
	defer progress.End()
	silent := false
	for pause := firstLook; op.GetState() == running; pause = min(2*pause, lastLook) {
		progress.Step(int(op.GetPostsDone()), int(op.GetPosts()))
		if !w.Pause(ctx, pause) {
			return nil, fmt.Errorf("%w; it goes on: parution tag log shows how far it is", context.Cause(ctx))
		}
		var next tagsv1.TagOperation
		_, err := w.API.Call(ctx, http.MethodGet, operationsPath+"/"+url.PathEscape(op.GetId()), nil, &next)
		status := client.StatusOf(err)
		switch {
		case err == nil:
			op = &next
			if silent {
				w.Note("the server answers again")
				silent = false
			}
		case ctx.Err() != nil, status >= 400 && status < 500 && status != http.StatusTooManyRequests:
			return nil, err
		case !silent && status != http.StatusTooManyRequests:
			w.Note("the server does not answer; waiting until it does. Ctrl+C leaves: the operation goes on once the server runs, parution tag log shows how far it is")
			silent = true
		}
	}
	progress.Step(int(op.GetPosts()), int(op.GetPosts()))
	return op, nil
}
