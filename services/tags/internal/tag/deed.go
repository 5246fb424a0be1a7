package tag

import "time"

// Deed is what is to be done to a tag.
type Deed struct {
	Site string
	// Slug is a present or former one. Expected is the version that the tag must
	// have; 0: any.
	Slug     string
	Expected int32
	Kind     Kind
	By       string
	At       time.Time
	// Do does it and answers the ids of the tags that come out.
	Do func(x *Taxonomy, id string) ([]string, error)
	// Posts are, for each of the tags that come out, the posts that go there, if
	// these are chosen. Posts that do not carry the tag are passed over; a part is refused
	// if none of its own does.
	Posts [][]string
}

// Outcome is an operation and the tags that came out of it, as they are now.
type Outcome struct {
	Operation

	Tags []View
}
