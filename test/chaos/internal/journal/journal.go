// Package journal is the record of what authors asked for: each operation is
// written before it is sent and after its answer, so that what may have happened
// can be worked out whatever dies.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Kind is what an operation asks for.
type Kind string

// The kinds.
const (
	Create   Kind = "create"
	Revise   Kind = "revise"
	Tag      Kind = "tag" // a revision of the tags
	Publish  Kind = "publish"
	Withdraw Kind = "withdraw"
	Schedule Kind = "schedule"
	Delete   Kind = "delete"
	Site     Kind = "site" // the publication's own settings

	Rename Kind = "rename" // of a tag
	Merge  Kind = "merge"  // of two tags
	Undo   Kind = "undo"   // of what was done to tags
)

// OnTags tells whether it is something that is done to tags as a whole.
func (k Kind) OnTags() bool { return k == Rename || k == Merge || k == Undo }

// Outcome is how an operation ended.
type Outcome string

// The outcomes. Unknown is also what an operation without an answer in the journal has.
const (
	OK      Outcome = "ok"      // it has had its effect
	Fail    Outcome = "fail"    // it was refused and has had none
	Unknown Outcome = "unknown" // either
)

// Op is an operation and, once it is known, its answer.
type Op struct {
	N    int64     `json:"n"`
	Kind Kind      `json:"kind"`
	Key  string    `json:"key"` // the Idempotency-Key of every attempt
	Sent time.Time `json:"sent"`
	// Post is whom it concerns; of Create only its answer tells.
	Post string `json:"post,omitempty"`
	// Expected is the version that it was made on (If-Match); 0 for Create.
	Expected int32 `json:"expected,omitempty"`
	// Mark is a word that is in the text of this operation alone; empty if it
	// writes no text.
	Mark string `json:"mark,omitempty"`
	// Title is the title that it writes; empty if it keeps the title.
	Title string `json:"title,omitempty"`
	// Tags are those that Create and Tag write.
	Tags []string `json:"tags,omitempty"`
	// Publish: Create shows the post at once.
	Publish bool `json:"publish,omitempty"`
	// Of is the slug of the tag that Rename and Merge are of, Into the new name, or the slug of
	// the tag that stays.
	Of   string `json:"of,omitempty"`
	Into string `json:"into,omitempty"`
	// Operation is the one on tags that it became; of Undo the one that it undoes
	// stands in Of.
	Operation string `json:"operation,omitempty"`
	// At is the moment of Schedule.
	At time.Time `json:"at,omitzero"`

	Outcome  Outcome   `json:"outcome,omitempty"`
	Status   int       `json:"status,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Answered time.Time `json:"answered,omitzero"`
	// Version and Slug are those that the answer tells.
	Version int32  `json:"version,omitempty"`
	Slug    string `json:"slug,omitempty"`
	Problem string `json:"problem,omitempty"`
	// Stale tells what the author read right afterwards, if that was older than
	// what they had written.
	Stale string `json:"stale,omitempty"`
	// Late tells the same of what they read at first and not any more when they
	// read it again.
	Late string `json:"late,omitempty"`
}

// Journal is a file of operations, one line each. Make it with New. Safe for
// concurrent use.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	last int64
}

// New makes the file path.
func New(path string) (*Journal, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create the journal: %w", err)
	}
	return &Journal{file: file}, nil
}

// Begin gives op its number and writes it down; only then may it be sent.
func (j *Journal) Begin(op Op) (Op, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	op.N = j.last + 1
	if err := j.write(op); err != nil {
		return op, err
	}
	j.last = op.N
	return op, nil
}

// End writes down how op ended.
func (j *Journal) End(op Op) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.write(op)
}

func (j *Journal) write(op Op) error {
	line, err := json.Marshal(op)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// Begun is how many operations were begun.
func (j *Journal) Begun() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

// Read reads the operations of a file in the order of their beginning. One
// without an answer is unknown. A last line that is cut off is left out.
func Read(path string) (_ []Op, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var ops []Op
	at := make(map[int64]int)
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return ops, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		var op Op
		if err := json.Unmarshal(line, &op); err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		if op.Outcome == "" {
			op.Outcome = Unknown
		}
		if i, ok := at[op.N]; ok {
			ops[i] = op
			continue
		}
		at[op.N] = len(ops)
		ops = append(ops, op)
	}
}
