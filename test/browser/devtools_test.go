package browser_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// answerTimeout bounds what the browser may take for one command.
const answerTimeout = 30 * time.Second

// chromium drives a headless browser over the DevTools protocol: JSON messages,
// each ended by a zero byte, on a pair of pipes (--remote-debugging-pipe). Safe
// for concurrent use.
type chromium struct {
	out io.WriteCloser

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	hear    map[string]func(method string, params json.RawMessage) // by session
	ended   error
}

// message is what either side says.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"-"`
	Error   string          `json:"-"`
}

// heard is a message of the browser.
type heard struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// program is an installed Chromium. Without one the test is skipped, or failed if CI is "true".
func program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	absent(t, "NOT TESTED IN A BROWSER: no Chromium in PATH; install chromium")
	return ""
}

// flags let a browser run without a screen and reach nothing but this machine.
func flags() []string {
	return []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
	}
}

// start starts a browser that ends with the test.
func start(t *testing.T) *chromium {
	t.Helper()
	read, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), append(flags(), "--remote-debugging-pipe", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "about:blank")...)
	cmd.ExtraFiles = []*os.File{read, write} // 3 and 4
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	if err := errors.Join(read.Close(), write.Close()); err != nil {
		t.Fatal(err)
	}
	c := &chromium{out: out, waiting: make(map[int]chan message), hear: make(map[string]func(string, json.RawMessage))}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.listen(in)
	}()
	t.Cleanup(func() {
		// The test's context has ended by now.
		_ = c.call(context.WithoutCancel(t.Context()), "", "Browser.close", nil, nil) // the kill below ends it as well
		<-done
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whatever of its group is left
		_ = cmd.Wait()                                      // how a closed browser ends is no news
		if err := errors.Join(out.Close(), in.Close()); err != nil {
			t.Errorf("close the pipes to Chromium: %v", err)
		}
	})
	return c
}

// listen hands out what the browser says until it ends.
func (c *chromium) listen(in io.Reader) {
	messages := bufio.NewReaderSize(in, 1<<20)
	for {
		text, err := messages.ReadBytes(0)
		if err != nil {
			c.end(fmt.Errorf("the browser ended: %w", err))
			return
		}
		var h heard
		if err := json.Unmarshal(text[:len(text)-1], &h); err != nil {
			c.end(fmt.Errorf("the browser says what is no JSON: %w", err))
			return
		}
		c.mu.Lock()
		answer, fn := c.waiting[h.ID], c.hear[h.Session]
		delete(c.waiting, h.ID)
		c.mu.Unlock()
		switch {
		case h.ID != 0 && answer != nil:
			m := message{Result: h.Result}
			if h.Error != nil {
				m.Error = h.Error.Message
			}
			answer <- m
		case h.Method != "" && fn != nil:
			fn(h.Method, h.Params)
		}
	}
}

func (c *chromium) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = err
	for id, answer := range c.waiting {
		delete(c.waiting, id)
		close(answer)
	}
}

// call sends a command and reads the answer into out unless that is nil.
func (c *chromium) call(ctx context.Context, session, method string, params, out any) error {
	answer := make(chan message, 1)
	if err := c.send(message{Session: session, Method: method, Params: params}, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	late := time.NewTimer(answerTimeout)
	defer late.Stop()
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, c.ended)
		case m.Error != "":
			return fmt.Errorf("%s: %s", method, m.Error)
		case out == nil:
			return nil
		}
		return json.Unmarshal(m.Result, out)
	case <-late.C:
		return fmt.Errorf("%s: no answer within %s", method, answerTimeout)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (c *chromium) send(m message, answer chan message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return c.ended
	}
	c.last++
	m.ID = c.last
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	c.waiting[m.ID] = answer
	_, err = c.out.Write(append(text, 0))
	return err
}
