package text

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// check reads the files of an index that has just been opened, those that this process
// has not read before, and compares them with the checksums at their ends. bleve does not:
// what is damaged inside would be found by the first question that needs it, or never.
func (s *Sites) check(o *opened) error {
	reader, err := o.index.Reader()
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok || snapshot == nil {
		return errStrange
	}
	for _, one := range snapshot.Segments() {
		file, ok := one.Segment().(segment.PersistedSegment)
		if !ok {
			continue // in memory
		}
		info, err := os.Stat(file.Path())
		if err != nil {
			return fmt.Errorf("look at the full text: %w", err)
		}
		// A folder that was made anew may have a file of the same name.
		known := fmt.Sprint(file.Path(), " ", info.Size(), " ", info.ModTime().UnixNano())
		if _, ok := s.checked.Load(known); ok {
			continue
		}
		if err := checkFile(file.Path(), info.Size()); err != nil {
			return err
		}
		s.checked.Store(known, nil)
	}
	return nil
}

// checkFile compares a file with the checksum in its last four bytes.
func checkFile(path string, size int64) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the full text: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := crc32.NewIEEE()
	var last [4]byte
	if _, err := io.Copy(sum, io.LimitReader(f, max(0, size-int64(len(last))))); err != nil {
		return fmt.Errorf("read the full text: %w", err)
	}
	if _, err := io.ReadFull(f, last[:]); err != nil {
		return fmt.Errorf("read the full text: %w", err)
	}
	if sum.Sum32() != binary.BigEndian.Uint32(last[:]) {
		return fmt.Errorf("%w: the checksum of %s is not right", errDamaged, filepath.Base(path))
	}
	return nil
}
