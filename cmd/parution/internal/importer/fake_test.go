package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"reflect"
	"sync"
)

// memory is a site that keeps what it is given.
type memory struct {
	mu    sync.Mutex
	posts map[string]Post
	media map[string][]byte
	names map[string]string // of media, by address
	// refuse, if given, answers instead.
	refuse      func(p Post) error
	refuseMedia func(name string) error
}

func newMemory() *memory {
	return &memory{posts: make(map[string]Post), media: make(map[string][]byte), names: make(map[string]string)}
}

func (m *memory) Post(_ context.Context, p Post) (Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		if err := m.refuse(p); err != nil {
			return 0, err
		}
	}
	old, known := m.posts[p.ExternalID]
	m.posts[p.ExternalID] = p
	switch {
	case !known:
		return Created, nil
	case reflect.DeepEqual(old, p):
		return Unchanged, nil
	}
	return Updated, nil
}

func (m *memory) Media(_ context.Context, name string, content []byte) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuseMedia != nil {
		if err := m.refuseMedia(name); err != nil {
			return "", false, err
		}
	}
	sum := sha256.Sum256(content)
	address := "/media/" + hex.EncodeToString(sum[:8]) + path.Ext(name)
	_, existed := m.media[address]
	m.media[address] = content
	m.names[address] = name
	return address, existed, nil
}
