package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

const postsPath = "/api/v1/posts"

// IsEmpty tells whether the site has no post at all.
func (c *Client) IsEmpty(ctx context.Context) (bool, error) {
	var out postsv1.ListPostsResponse
	_, err := c.Call(ctx, http.MethodGet, postsPath+"?page_size=1", nil, &out)
	return len(out.GetPosts()) == 0, err
}

// CreatePost creates a post; existing is true if its external id was known.
func (c *Client) CreatePost(ctx context.Context, in *postsv1.CreatePostRequest) (_ *postsv1.Post, existing bool, err error) {
	var out postsv1.Post
	status, err := c.Change(ctx, postsPath, in, &out)
	return &out, status == http.StatusOK, err
}

// RevisePost changes the fields that mask names.
func (c *Client) RevisePost(ctx context.Context, in *postsv1.Post, mask []string) (*postsv1.Post, error) {
	var out postsv1.Post
	_, err := c.Patch(ctx, postsPath+"/"+in.GetId(), in, mask, in.GetVersion(), &out)
	return &out, err
}

// PublishPost publishes a post.
func (c *Client) PublishPost(ctx context.Context, id string) (*postsv1.Post, error) {
	var out postsv1.Post
	_, err := c.Change(ctx, postsPath+"/"+id+":publish", &postsv1.PublishPostRequest{}, &out)
	return &out, err
}

// WithdrawPost withdraws a post.
func (c *Client) WithdrawPost(ctx context.Context, id string) (*postsv1.Post, error) {
	var out postsv1.Post
	_, err := c.Change(ctx, postsPath+"/"+id+":withdraw", &postsv1.WithdrawPostRequest{}, &out)
	return &out, err
}

// Patch sends the fields of in that mask names, made on version.
func (c *Client) Patch(ctx context.Context, path string, in proto.Message, mask []string, version int32, out proto.Message) (int, error) {
	// Fields that are empty must be sent too: the body says which are meant.
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(in)
	if err != nil {
		return 0, fmt.Errorf("write the request: %w", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return 0, fmt.Errorf("write the request: %w", err)
	}
	body := make(map[string]json.RawMessage, len(mask))
	for _, f := range mask {
		body[f] = all[f]
	}
	if text, err = json.Marshal(body); err != nil {
		return 0, fmt.Errorf("write the request: %w", err)
	}
	status, answer, err := c.persist(ctx, http.MethodPatch, path, text,
		Header{"Content-Type", "application/json"}, Header{"If-Match", strconv.Quote(strconv.Itoa(int(version)))})
	if err != nil {
		return status, err
	}
	return status, read(path, answer, out)
}
