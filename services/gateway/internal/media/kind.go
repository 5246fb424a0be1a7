package media

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

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
		{mime: "image/svg+xml", extension: "svg", drawing: true},
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

// sniff tells what a file is by its first bytes; names and headers lie.
func sniff(f *os.File) (kind, bool, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return kind{}, false, fmt.Errorf("read the file: %w", err)
	}
	mime := magic(head[:n])
	if mime == "" {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return kind{}, false, fmt.Errorf("read the file: %w", err)
		}
		if !isSVG(f) {
			return kind{}, false, nil
		}
		mime = "image/svg+xml"
	}
	k, ok := kindByMIME(mime)
	return k, ok, nil
}

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

// prologue bounds what may stand before a drawing's root element.
const prologue = 64 << 10

// isSVG tells whether r is an XML document whose root is an SVG drawing.
func isSVG(r io.Reader) bool {
	d := xml.NewDecoder(io.LimitReader(r, prologue))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("only UTF-8") }
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Name.Local == "svg" && (t.Name.Space == "" || t.Name.Space == "http://www.w3.org/2000/svg")
		case xml.Directive:
			// A declaration of entities would be a bomb for whoever reads the file next.
			if strings.Contains(strings.ToUpper(string(t)), "ENTITY") {
				return false
			}
		}
	}
}
