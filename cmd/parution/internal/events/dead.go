package events

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/terminal"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
)

const (
	deadPath = "/api/v1/dead-letters"
	// reasonWidth is what the list shows of a reason.
	reasonWidth = 60
)

// Ref names a dead letter: "tags/posts/post/ID" is what tags put aside of the
// post ID that posts owns.
type Ref struct{ Name, Source, Type, ID string }

// ParseRef reads what String writes.
func ParseRef(text string) (Ref, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 4 || parts[0] == "" || parts[1] == "" || parts[2] == "" || parts[3] == "" {
		return Ref{}, fmt.Errorf("%q is no dead letter: parution events dead list shows them, such as tags/posts/post/ID", text)
	}
	return Ref{parts[0], parts[1], parts[2], parts[3]}, nil
}

// String names it for people.
func (r Ref) String() string { return r.Name + "/" + r.Source + "/" + r.Type + "/" + r.ID }

func (r Ref) path() string {
	return deadPath + "/" + url.PathEscape(r.Name) + "/" + url.PathEscape(r.Source) + "/" + url.PathEscape(r.Type) + "/" + url.PathEscape(r.ID)
}

func refOf(d *eventsv1.DeadLetter) Ref {
	n := d.GetNotice()
	return Ref{d.GetName(), d.GetSource(), n.GetAggregateType(), n.GetAggregateId()}
}

func letters(ctx context.Context, api API) (*operationsv1.ListDeadLettersResponse, error) {
	var out operationsv1.ListDeadLettersResponse
	_, err := api.Call(ctx, http.MethodGet, deadPath, nil, &out)
	return &out, err
}

// ListDead writes what was put aside, oldest first. Services that do not answer
// are an error after all others were told of.
func ListDead(ctx context.Context, api API, o terminal.Output, asJSON bool) error {
	list, err := letters(ctx, api)
	if err != nil {
		return err
	}
	if asJSON {
		return errors.Join(o.JSON(list, true), unanswered(list.GetUnanswered()))
	}
	if len(list.GetDeadLetters()) == 0 {
		return nothing(o, list)
	}
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "DEAD LETTER\tVERSION\tKIND\tTRIED\tPUT ASIDE\tREASON") // flushed below
	for _, d := range list.GetDeadLetters() {
		n := d.GetNotice()
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%s\n", terminal.Plain(refOf(d).String()), n.GetVersion(), terminal.Plain(n.GetKind()), d.GetAttempts(),
			d.GetParkedAt().AsTime().Local().Format(time.DateTime), short(terminal.Plain(d.GetReason())))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return unanswered(list.GetUnanswered())
}

// nothing says that there is no dead letter, if that is known.
func nothing(o terminal.Output, list *operationsv1.ListDeadLettersResponse) error {
	if err := unanswered(list.GetUnanswered()); err != nil {
		return err
	}
	o.Note("nothing was put aside")
	return nil
}

func short(s string) string {
	if r := []rune(s); len(r) > reasonWidth {
		return string(r[:reasonWidth-1]) + "…"
	}
	return s
}

// ShowDead writes all that is known of one dead letter.
func ShowDead(ctx context.Context, api API, o terminal.Output, ref Ref, asJSON bool) error {
	list, err := letters(ctx, api)
	if err != nil {
		return err
	}
	for _, d := range list.GetDeadLetters() {
		if refOf(d) != ref {
			continue
		}
		if asJSON {
			return o.JSON(d, true)
		}
		n := d.GetNotice()
		w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
		for _, row := range [][2]string{
			{"read model", d.GetName()},
			{"source", d.GetSource()},
			{n.GetAggregateType(), n.GetAggregateId()},
			{"site", n.GetSite()},
			{"version", fmt.Sprintf("%d in epoch %d", n.GetVersion(), n.GetEpoch())},
			{"position", fmt.Sprint(n.GetPos())},
			{"kind", n.GetKind()},
			{"notice", n.GetId()},
			{"happened", n.GetOccurredAt().AsTime().Local().Format(time.DateTime)},
			{"tried", fmt.Sprintf("%d times", d.GetAttempts())},
			{"put aside", d.GetParkedAt().AsTime().Local().Format(time.DateTime)},
			{"reason", d.GetReason()},
		} {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", terminal.Plain(row[0]), terminal.Plain(row[1])) // flushed below
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
		return nil
	}
	return errors.Join(notThere(ref), unanswered(list.GetUnanswered()))
}

func notThere(ref Ref) error {
	return fmt.Errorf("%s was not put aside; parution events dead list shows what was", ref)
}

// RetryDead applies the present state of what was put aside. What is not found is
// the letter or what it is about: the answer says which, and what became of it.
func RetryDead(ctx context.Context, api API, o terminal.Output, ref Ref) error {
	_, err := api.Call(ctx, http.MethodPost, ref.path()+":retry", &operationsv1.RetryDeadLetterRequest{}, nil)
	if client.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%s was not applied: %w; parution events dead list shows what is aside", ref, err)
	}
	if err != nil {
		return fmt.Errorf("%s stays aside: %w", ref, err)
	}
	o.Say("applied %s", ref)
	return nil
}

// RetryAllDead retries each one; what stays aside is an error after all were tried.
func RetryAllDead(ctx context.Context, api API, o terminal.Output) error {
	list, err := letters(ctx, api)
	if err != nil {
		return err
	}
	if len(list.GetDeadLetters()) == 0 {
		return nothing(o, list)
	}
	failed := []error{unanswered(list.GetUnanswered())}
	for _, d := range list.GetDeadLetters() {
		failed = append(failed, RetryDead(ctx, api, o, refOf(d)))
	}
	return errors.Join(failed...)
}

// DropDead forgets what was put aside.
func DropDead(ctx context.Context, api API, o terminal.Output, ref Ref) error {
	_, err := api.Call(ctx, http.MethodDelete, ref.path(), nil, nil)
	if client.StatusOf(err) == http.StatusNotFound {
		return notThere(ref)
	}
	if err != nil {
		return err
	}
	o.Say("dropped %s: %s stays without that change until the next one", ref, ref.Name)
	return nil
}
