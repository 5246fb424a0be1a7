package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/tag"
)

// Operate changes the taxonomy of a site, in one transaction with what undoes it
// and the notices of tags. Entries are brought up to it afterwards. Faults:
// NotFound, Stale, and those of Do.
func (s *Store) Operate(ctx context.Context, d tag.Deed) (tag.Outcome, error) {
	return s.operate(ctx, d.Site, func(ctx context.Context, o *operating) error {
		r := o.x.At(d.Slug)
		if r == nil {
			return fault.NotFound("there is no tag %s", d.Slug)
		}
		if d.Expected != 0 && d.Expected != r.Version {
			return fault.Stale("the tag is at version %d, not %d", r.Version, d.Expected)
		}
		into, err := d.Do(o.x, r.ID)
		if err != nil {
			return err
		}
		o.op = o.x.Record(tag.Operation{Kind: d.Kind, By: d.By, At: d.At}, []string{r.ID}, into)
		o.walk = o.x.Touched()
		if d.Posts == nil {
			return nil
		}
		o.op.Moves, o.op.Standing = o.number, true
		if !slices.Contains(o.walk, r.ID) {
			o.walk = append(o.walk, r.ID)
		}
		return s.move(ctx, o, r.ID, into, d.Posts)
	})
}

// Undo puts back what an operation did. Faults: NotFound; Conflict if it was undone
// already, or if a later operation stands in the way.
func (s *Store) Undo(ctx context.Context, site, id, by string, at time.Time) (tag.Outcome, error) {
	if !ids.Valid(id) {
		return tag.Outcome{}, fault.NotFound("there is no such operation")
	}
	return s.operate(ctx, site, func(ctx context.Context, o *operating) error {
		row, err := o.q.GetOperation(ctx, db.GetOperationParams{SiteID: site, ID: id})
		if errors.Is(err, sql.ErrNoRows) {
			return fault.NotFound("there is no such operation")
		}
		if err != nil {
			return fmt.Errorf("read operation %s: %w", id, err)
		}
		was, err := operationOf(db.ListOperationsRow(row))
		if err != nil {
			return err
		}
		if was.UndoneBy != "" {
			return fault.Conflict("the operation was undone already")
		}
		for _, came := range was.Came() {
			n, err := o.q.LaterOperation(ctx, db.LaterOperationParams{TagID: came, Number: was.Number})
			if err != nil {
				return fmt.Errorf("look for later operations: %w", err)
			}
			if n > 0 {
				return inTheWay(ctx, o, was, fault.Conflict("a later operation stands in the way: one on the tag %s", o.x.Tag(came).Slug))
			}
		}
		if err := o.x.Undo(was); err != nil {
			return inTheWay(ctx, o, was, err)
		}
		o.op = o.x.Record(tag.Operation{Kind: tag.Undone, By: by, At: at, Undid: id}, was.IDs, was.IDs)
		o.walk = o.x.Touched()
		if was.Moves != 0 {
			o.op.Moves, o.op.Standing = was.Moves, !was.Standing
			if err := o.q.StandMoves(ctx, db.StandMovesParams{Standing: o.op.Standing, Operation: was.Moves}); err != nil {
				return fmt.Errorf("undo the moves of operation %s: %w", id, err)
			}
			for _, moved := range was.IDs {
				if !slices.Contains(o.walk, moved) {
					o.walk = append(o.walk, moved)
				}
			}
		}
		return mark(ctx, o, was)
	})
}

// inTheWay adds to what keeps an operation from being undone the latest one on its tags
// since, which can be undone first.
func inTheWay(ctx context.Context, o *operating, was tag.Operation, why error) error {
	var last, other tag.Operation
	touched := slices.Concat(was.IDs, was.Into)
	for _, c := range was.Changes {
		touched = append(touched, c.Tag)
	}
	slices.Sort(touched)
	for _, id := range slices.Compact(touched) {
		rows, err := o.q.ListOperationsOf(ctx, db.ListOperationsOfParams{TagID: id, Before: math.MaxInt64, PageSize: batch})
		if err != nil {
			return fmt.Errorf("look for later operations: %w", err)
		}
		for _, row := range rows {
			op, err := operationOf(db.ListOperationsRow(row))
			if err != nil {
				return err
			}
			if op.Number <= was.Number || op.UndoneBy != "" {
				continue
			}
			if op.Overlaps(was) && op.Number > last.Number {
				last = op
			}
			if op.Number > other.Number {
				other = op
			}
		}
	}
	if last.ID == "" {
		last = other
	}
	if last.ID == "" {
		return why
	}
	return fault.Conflict("%s; undo operation %s first (%s %s)", fault.TextOf(why), last.ID, last.Kind, strings.Join(last.Names, ", "))
}

// operating is a transaction that changes a taxonomy.
type operating struct {
	tx     *sql.Tx
	q      *db.Queries
	x      *tag.Taxonomy
	id     string
	number int64
	op     tag.Operation
	walk   []string
}

func (s *Store) operate(ctx context.Context, site string, do func(ctx context.Context, o *operating) error) (out tag.Outcome, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		o := &operating{tx: tx, q: db.New(tx), id: ids.New()}
		last, err := turn(ctx, o.q, 0, 1)
		if err != nil {
			return err
		}
		o.number = last.Operations
		if o.x, err = s.taxonomy(ctx, tx, site); err != nil {
			return err
		}
		before := o.x.Views()
		if err := do(ctx, o); err != nil {
			return err
		}
		o.op.ID, o.op.Number, o.op.Site = o.id, o.number, site
		if err := s.saveTaxonomy(ctx, tx, o.x, before, o.op.Kind, o.id, o.op.At); err != nil {
			return err
		}
		if err := s.saveOperation(ctx, o); err != nil {
			return err
		}
		s.db.AfterCommit(ctx, s.Wake)
		out = tag.Outcome{Operation: o.op}
		for _, id := range o.op.Into {
			out.Tags = append(out.Tags, o.x.View(id))
		}
		return nil
	})
	return out, err
}

func (s *Store) saveOperation(ctx context.Context, o *operating) error {
	walk, err := listOf(o.walk)
	if err != nil {
		return err
	}
	if len(o.walk) > 0 {
		if err := o.tx.QueryRowContext(ctx, s.sql.carriers, walk).Scan(&o.op.Posts); err != nil {
			return fmt.Errorf("count the posts of an operation: %w", err)
		}
	}
	o.op.Running = o.op.Posts > 0
	record, err := json.Marshal(o.op)
	if err != nil {
		return fmt.Errorf("write an operation: %w", err)
	}
	err = o.q.PutOperation(ctx, db.PutOperationParams{
		Number: o.number, ID: o.id, SiteID: o.op.Site, Kind: string(o.op.Kind), Running: o.op.Running, Record: string(record), Posts: o.op.Posts, Walk: walk,
	})
	if err != nil {
		return fmt.Errorf("put an operation: %w", err)
	}
	for _, id := range slices.Concat(o.op.IDs, o.op.Into) {
		if err := o.q.PutOperationTag(ctx, db.PutOperationTagParams{TagID: id, Number: o.number}); err != nil {
			return fmt.Errorf("put the tags of an operation: %w", err)
		}
	}
	return nil
}

// moveRow is a row of entry_move as JSON.
type moveRow struct {
	PostID    string `json:"post_id"`
	LeadID    string `json:"lead_id"`
	Operation int64  `json:"operation"`
	FromID    string `json:"from_id"`
	IntoIDs   string `json:"into_ids"`
}

// move notes the ways of posts that leave a tag for some of the tags into.
func (s *Store) move(ctx context.Context, o *operating, from string, into []string, chosen [][]string) error {
	takers := make(map[string][]string)
	var postIDs []string
	for i, posts := range chosen {
		for _, id := range posts {
			if takers[id] == nil {
				postIDs = append(postIDs, id)
			}
			if !slices.Contains(takers[id], into[i]) {
				takers[id] = append(takers[id], into[i])
			}
		}
	}
	taken := make(map[string]bool)
	for some := range slices.Chunk(postIDs, batch) {
		entries, err := s.entries(ctx, o.tx, some)
		if err != nil {
			return err
		}
		moves, err := s.moves(ctx, o.tx, some)
		if err != nil {
			return err
		}
		var rows []moveRow
		for _, id := range some {
			e := entries[id]
			if e.Site != o.x.Site() {
				continue
			}
			to, err := listOf(takers[id])
			if err != nil {
				return err
			}
			seen := make(map[string]bool)
			for _, lead := range o.x.Stand(e.Names, e.Language, moves[id]).Leads {
				if slices.Contains(lead.To, from) && !seen[lead.From] {
					seen[lead.From] = true
					for _, part := range takers[id] {
						taken[part] = true
					}
					rows = append(rows, moveRow{PostID: id, LeadID: lead.From, Operation: o.number, FromID: from, IntoIDs: to})
				}
			}
		}
		if err := saveRows(ctx, o.tx, s.sql.putMoves, rows); err != nil {
			return fmt.Errorf("note the ways of posts: %w", err)
		}
	}
	for i, part := range into {
		if len(chosen[i]) > 0 && !taken[part] {
			return tag.Part{Name: o.x.Tag(part).Name}.Refused(" would have no posts: none of those that are named for it carries the tag")
		}
	}
	return nil
}

// Operation reads what was done. Faults: NotFound.
func (s *Store) Operation(ctx context.Context, site, id string) (tag.Outcome, error) {
	if !ids.Valid(id) {
		return tag.Outcome{}, fault.NotFound("there is no such operation")
	}
	row, err := s.read(ctx).GetOperation(ctx, db.GetOperationParams{SiteID: site, ID: id})
	if errors.Is(err, sql.ErrNoRows) {
		return tag.Outcome{}, fault.NotFound("there is no such operation")
	}
	if err != nil {
		return tag.Outcome{}, fmt.Errorf("read operation %s: %w", id, err)
	}
	op, err := operationOf(db.ListOperationsRow(row))
	if err != nil {
		return tag.Outcome{}, err
	}
	out, err := s.outcomes(ctx, []tag.Operation{op})
	if err != nil {
		return tag.Outcome{}, err
	}
	return out[0], nil
}

// Operations lists at most size operations of a site, newest first, those before a
// number (0: from the newest), with a slug only those about the tag that has or
// had it.
func (s *Store) Operations(ctx context.Context, site, slug string, before int64, size int32) ([]tag.Outcome, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	q := s.read(ctx)
	var rows []db.ListOperationsRow
	if slug == "" {
		var err error
		if rows, err = q.ListOperations(ctx, db.ListOperationsParams{SiteID: site, Before: before, PageSize: size}); err != nil {
			return nil, fmt.Errorf("list operations: %w", err)
		}
	} else {
		of, err := s.addressed(ctx, site, slug)
		if err != nil || len(of) == 0 {
			return nil, err
		}
		list, err := q.ListOperationsOf(ctx, db.ListOperationsOfParams{TagID: of[0].ID, Before: before, PageSize: size})
		if err != nil {
			return nil, fmt.Errorf("list the operations of tag %s: %w", slug, err)
		}
		for _, row := range list {
			rows = append(rows, db.ListOperationsRow(row))
		}
	}
	ops := make([]tag.Operation, len(rows))
	for i, row := range rows {
		var err error
		if ops[i], err = operationOf(row); err != nil {
			return nil, err
		}
	}
	return s.outcomes(ctx, ops)
}

// outcomes adds the tags that came out of operations.
func (s *Store) outcomes(ctx context.Context, ops []tag.Operation) ([]tag.Outcome, error) {
	var wanted []string
	for _, op := range ops {
		wanted = append(wanted, op.Into...)
	}
	slices.Sort(wanted)
	views, err := s.Views(ctx, slices.Compact(wanted))
	if err != nil {
		return nil, err
	}
	out := make([]tag.Outcome, len(ops))
	for i, op := range ops {
		out[i].Operation = op
		for _, id := range op.Into {
			if at := slices.IndexFunc(views, func(v tag.View) bool { return v.ID == id && !v.Gone }); at >= 0 {
				out[i].Tags = append(out[i].Tags, views[at])
			}
		}
	}
	return out, nil
}

func operationOf(row db.ListOperationsRow) (tag.Operation, error) {
	var op tag.Operation
	if err := json.Unmarshal([]byte(row.Record), &op); err != nil {
		return op, fmt.Errorf("read operation %s: %w", row.ID, err)
	}
	op.ID, op.Number, op.Site, op.Kind, op.UndoneBy = row.ID, row.Number, row.SiteID, tag.Kind(row.Kind), row.UndoneBy
	op.Running, op.Posts, op.PostsDone = row.Running, row.Posts, row.PostsDone
	return op, nil
}
