package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
)

const drawingType = "image/svg+xml"

// kind is a kind of file that is kept.
type kind struct {
	mime, extension string
	drawing         bool
}

func kinds() []kind {
	return []kind{
		{mime: "image/png", extension: "png"},
		{mime: "image/jpeg", extension: "jpg"},
		{mime: "image/gif", extension: "gif"},
		{mime: "image/webp", extension: "webp"},
		{mime: drawingType, extension: "svg", drawing: true},
	}
}

func kindByMIME(mime string) (kind, bool) {
	for _, k := range kinds() {
		if k.mime == mime {
			return k, true
		}
	}
	return kind{}, false
}

func kindOf(base string) kind {
	for _, k := range kinds() {
		if "."+k.extension == path.Ext(base) {
			return k
		}
	}
	return kind{mime: "application/octet-stream"}
}

// sniff tells what a file is by its first bytes; names and headers lie. A drawing
// has no such bytes: it is one by its declaration, to be inspected, or by being one.
func sniff(f *os.File, declared string) (kind, bool, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return kind{}, false, fmt.Errorf("read the file: %w", err)
	}
	mime := magic(head[:n])
	if mime == "" && (declared == drawingType || isDrawing(f)) {
		mime = drawingType
	}
	k, ok := kindByMIME(mime)
	return k, ok, nil
}

func isDrawing(f *os.File) bool {
	_, err := checkDrawing(whole(f))
	return err == nil
}

// whole reads f from its beginning.
func whole(f *os.File) io.Reader { return io.NewSectionReader(f, 0, math.MaxInt64) }

func magic(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return "image/gif"
	case len(head) >= 12 && bytes.HasPrefix(head, []byte("RIFF")) && string(head[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}
