package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/parution/parution/chassis/ids"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// incarnationKey is where a stream's metadata tells which creation it is of.
const incarnationKey = "parution-incarnation"

// provisionTries is how often another process may create or delete the stream
// in between.
const provisionTries = 5

// Provision creates the stream of owner or brings its settings up to date. A
// stream that is created gets a fresh incarnation: what it was before, its
// sequences begin again. Idempotent; several processes may do so at once.
// ErrAway without a connection.
func Provision(ctx context.Context, js jetstream.JetStream, owner string, replicas int) error {
	if err := Here(js); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	var err error
	for range provisionTries {
		if err = provision(ctx, js, owner, replicas); err == nil {
			return nil
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			break
		}
	}
	return fmt.Errorf("provision stream %s: %w", Name(owner), err)
}

func provision(ctx context.Context, js jetstream.JetStream, owner string, replicas int) error {
	s, err := js.Stream(ctx, Name(owner))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, settings(owner, replicas, ids.New()))
		return err
	}
	if err != nil {
		return err
	}
	incarnation := s.CachedInfo().Config.Metadata[incarnationKey]
	if incarnation == "" { // it was made by a release that gave none
		incarnation = ids.New()
	}
	_, err = js.UpdateStream(ctx, settings(owner, replicas, incarnation))
	return err
}

func settings(owner string, replicas int, incarnation string) jetstream.StreamConfig {
	prefix := strings.Join([]string{root, owner, ""}, ".")
	return jetstream.StreamConfig{
		Name:        Name(owner),
		Description: "Notices of the service " + owner,
		Subjects:    []string{prefix + ">"},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      MaxAge,
		MaxBytes:    maxBytes,
		Duplicates:  dedupe,
		Replicas:    max(1, replicas),
		AllowDirect: true,
		RePublish:   &jetstream.RePublish{Source: prefix + ">", Destination: strings.Join([]string{liveRoot, owner, ">"}, ".")},
		Metadata:    map[string]string{incarnationKey: incarnation},
	}
}

// End is where a stream ends.
type End struct {
	// Incarnation changes when the stream is created anew.
	Incarnation string
	// Sequence is that of the newest message there ever was; 0 for a new stream.
	Sequence uint64
	// Last is the newest notice; nil if the stream holds none, or if what it
	// holds is no notice.
	Last *eventsv1.Notice
}

// Ends asks the broker where owner's stream ends.
func Ends(ctx context.Context, js jetstream.JetStream, owner string) (End, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	s, err := js.Stream(ctx, Name(owner))
	if err != nil {
		return End{}, fmt.Errorf("look at stream %s: %w", Name(owner), err)
	}
	info := s.CachedInfo()
	end := End{Incarnation: info.Config.Metadata[incarnationKey], Sequence: info.State.LastSeq}
	if info.State.Msgs == 0 {
		return end, nil
	}
	last, err := s.GetMsg(ctx, end.Sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound): // it was removed by hand, or is too old by now
		return end, nil
	case err != nil:
		return End{}, fmt.Errorf("read the end of stream %s: %w", Name(owner), err)
	}
	if _, n, err := Notice(ctx, last.Header, last.Data); err == nil && n.GetOwner() == owner {
		end.Last = n
	}
	return end, nil
}

// Moved tells whether err says that the stream does not end where the publisher
// thought: another one was there first, or the stream went back in time.
func Moved(err error) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	return api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}
