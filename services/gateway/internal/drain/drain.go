// Package drain reads what a refused request still sends: a client that is
// answered while it writes sees a broken connection instead of the answer.
package drain

import (
	"io"
	"net/http"
)

// patience is how many times its limit a request may be longer and still hear why it was refused.
const patience = 4

// Body reads on, up to a few times limit.
func Body(r *http.Request, limit int64) {
	_, _ = io.CopyN(io.Discard, r.Body, patience*limit) // whatever ends it ends it
}
