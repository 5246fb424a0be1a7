package post

import "time"

// Revision is the content of a post after one change.
type Revision struct {
	// Number is the version that the change made.
	Number int32
	// Author is the name of who made it.
	Author    string
	CreatedAt time.Time
	Content   Content
}
