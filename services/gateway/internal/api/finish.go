package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/identity"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// What an answer may hold; the types that grpc-gateway makes pass them on.
type (
	withPost     interface{ GetPost() *postsv1.Post }
	withSite     interface{ GetSite() *postsv1.Site }
	withTag      interface{ GetTag() *tagsv1.Tag }
	withSecret   interface{ GetSecret() string }
	withExisting interface{ GetExisting() bool }
	withVersion  interface {
		GetId() string
		GetVersion() int32
	}
)

var (
	_ withSecret  = (*accountsv1.CreateTokenResponse)(nil)
	_ withVersion = (*postsv1.DeletePostResponse)(nil)
)

// versionHeader tells of a post that was written what a reader sends as
// Parution-At-Least to see it.
const versionHeader = "Parution-Version"

// finish sets what an answer says beside its body: the version as ETag and, of
// a post that was written, as Parution-Version, the status 201 and the address of what was created, 304 for what is known.
func finish(ctx context.Context, w http.ResponseWriter, answer proto.Message) error {
	h := w.Header()
	p := preconditionOf(ctx)
	if p.read && identity.From(ctx).Role == identity.Public && p.call != postsv1.ChangesService_ListChanges_FullMethodName {
		h.Set("Cache-Control", "no-cache")
	}
	if v := versionOf(answer); v != 0 {
		tag := `"` + strconv.Itoa(int(v)) + `"`
		h.Set("Etag", tag)
		// Of a tag the version does not tell all: its posts are counted anew each time.
		if _, counted := answer.(withTag); p.read && !counted && slices.Contains(p.tags, tag) {
			h.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if id, version := written(answer); id != "" && !p.read {
		h.Set(versionHeader, id+"@"+strconv.Itoa(int(version)))
	}
	if location, created := createdAt(p.call, answer); created {
		if location != "" {
			h.Set("Location", location)
		}
		w.WriteHeader(http.StatusCreated)
	}
	return nil
}

// versionOf is the version of the post, site or tag in answer; 0 without one.
func versionOf(answer proto.Message) int32 {
	switch m := answer.(type) {
	case withPost:
		return m.GetPost().GetVersion()
	case withSite:
		return m.GetSite().GetVersion()
	case withTag:
		return m.GetTag().GetVersion()
	}
	return 0
}

// written is the post that the call of answer wrote; without an id it wrote none.
func written(answer proto.Message) (id string, version int32) {
	switch m := answer.(type) {
	case withPost:
		return m.GetPost().GetId(), m.GetPost().GetVersion()
	case withVersion:
		return m.GetId(), m.GetVersion()
	}
	return "", 0
}

// createdAt is where to find what the call created, if it did.
func createdAt(call string, answer proto.Message) (location string, created bool) {
	switch m := answer.(type) {
	case withExisting:
		post, ok := answer.(withPost)
		if m.GetExisting() || !ok {
			return "", false
		}
		return root + "posts/" + post.GetPost().GetId(), true
	case withSecret:
		return "", true
	case withSite:
		return root + "site", call == postsv1.SitesService_CreateSite_FullMethodName
	}
	return "", false
}
