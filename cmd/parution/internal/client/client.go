// Package client speaks to Parution's JSON API: over the network with a token,
// or over the admin socket of a data folder, which needs none.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/web"
)

const (
	// timeout bounds one request, uploads included.
	timeout = 60 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 32 << 20
)

// Client calls one site of one installation. Safe for concurrent use.
type Client struct {
	http  *http.Client
	base  string
	token string
	site  string
	// pause waits between two attempts.
	pause func(ctx context.Context, d time.Duration) error
}

// OverNetwork is a client of the server at base ("https://example.org").
func OverNetwork(base, token, site string) *Client {
	return &Client{http: &http.Client{Timeout: timeout}, base: strings.TrimSuffix(base, "/"), token: token, site: site, pause: pause}
}

// OverSocket is a client of the process that listens on the socket at path.
func OverSocket(path, site string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{http: &http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16}}, base: "http://localhost", site: site, pause: pause}
}

// Error is an answer that is no success.
type Error struct {
	web.Problem
}

// Error implements error: the detail and each refused field.
func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = fmt.Sprintf("%d %s", e.Status, e.Title)
	}
	for _, f := range e.Errors {
		if !strings.Contains(text, f.Field) && !strings.Contains(text, f.Detail) {
			text += fmt.Sprintf("; %s %s", f.Field, f.Detail)
		}
	}
	return text
}

// Unwrap is the fault that the answer stands for.
func (e *Error) Unwrap() error { return fault.New(web.KindOf(e.Status), e.Detail) }

// StatusOf is the HTTP status of err if it is an answer, otherwise 0.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// Header is a header of a request.
type Header struct{ Name, Value string }

// Call sends in (nil for no body) as JSON and reads the answer into out (nil to
// ignore it). It answers the HTTP status; one above 299 is an *Error too.
func (c *Client) Call(ctx context.Context, method, path string, in, out proto.Message, headers ...Header) (int, error) {
	body, headers, err := written(in, headers)
	if err != nil {
		return 0, err
	}
	status, answer, err := c.send(ctx, method, path, body, headers)
	if err != nil {
		return status, err
	}
	return status, read(path, answer, out)
}

// Change is Call for a POST that changes something, which is sent again if it was
// not taken, and has its effect once.
func (c *Client) Change(ctx context.Context, path string, in, out proto.Message, headers ...Header) (int, error) {
	body, headers, err := written(in, headers)
	if err != nil {
		return 0, err
	}
	status, answer, err := c.persist(ctx, http.MethodPost, path, body, headers...)
	if err != nil {
		return status, err
	}
	return status, read(path, answer, out)
}

// written is a message as a body, with its header; nil for none.
func written(in proto.Message, headers []Header) ([]byte, []Header, error) {
	if in == nil {
		return nil, headers, nil
	}
	body, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(in)
	if err != nil {
		return nil, nil, fmt.Errorf("write the request: %w", err)
	}
	return body, append(headers, Header{"Content-Type", "application/json"}), nil
}

// read reads an answer into out, if there is one.
func read(path string, answer []byte, out proto.Message) error {
	if out == nil {
		return nil
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// Upload sends content as it is and reads the JSON answer into out. The same
// content has the same address, so it may be sent again if it was not taken.
func (c *Client) Upload(ctx context.Context, path, contentType string, content []byte, out any) error {
	_, answer, err := c.persist(ctx, http.MethodPost, path, content, Header{"Content-Type", contentType})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body []byte, headers []Header) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("make the request: %w", err)
	}
	for _, h := range headers {
		req.Header.Set(h.Name, h.Value)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.site != "" {
		req.Header.Set("Parution-Site", c.site)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the server: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return resp.StatusCode, nil, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode < 300 {
		return resp.StatusCode, answer, nil
	}
	e := &Error{}
	if json.Unmarshal(answer, &e.Problem) != nil || e.Status == 0 {
		e.Status, e.Title = resp.StatusCode, http.StatusText(resp.StatusCode)
	}
	return resp.StatusCode, nil, e
}
