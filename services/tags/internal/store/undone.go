package store

import (
	"context"
	"fmt"

	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/tag"
)

// mark notes that an operation was undone. What that one had undone itself is in force
// again, can be undone like any other, and what it in turn had undone no longer is.
func mark(ctx context.Context, o *operating, was tag.Operation) error {
	by := o.id
	for {
		if err := o.q.MarkUndone(ctx, db.MarkUndoneParams{UndoneBy: by, Number: was.Number}); err != nil {
			return fmt.Errorf("mark operation %s: %w", was.ID, err)
		}
		if was.Undid == "" {
			return nil
		}
		if by = was.ID; was.UndoneBy == "" { // until now it was in force
			by = ""
		}
		row, err := o.q.GetOperation(ctx, db.GetOperationParams{SiteID: was.Site, ID: was.Undid})
		if err != nil {
			return fmt.Errorf("read operation %s: %w", was.Undid, err)
		}
		if was, err = operationOf(db.ListOperationsRow(row)); err != nil {
			return err
		}
	}
}
