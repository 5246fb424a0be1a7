package raster

import (
	"bytes"
	"encoding/binary"
)

const (
	upright        = 1
	orientationTag = 0x0112
	// shortType and longType are how Exif writes numbers; some cameras write the
	// orientation as a long one.
	shortType = 3
	longType  = 4
	entrySize = 12
)

// orientation reads how a picture must be turned from Exif data, which is a TIFF
// file; upright if it does not say.
func orientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	}
	if order == nil || len(tiff) < 8 {
		return upright
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < entrySize {
			break
		}
		e := entries[:entrySize]
		entries = entries[entrySize:]
		if order.Uint16(e) != orientationTag {
			continue
		}
		var v uint32
		switch order.Uint16(e[2:]) {
		case shortType:
			v = uint32(order.Uint16(e[8:]))
		case longType:
			v = order.Uint32(e[8:])
		}
		if v < 1 || v > 8 {
			return upright
		}
		return int(v)
	}
	return upright
}

// onlyOrientation is Exif data that says how to turn a picture and nothing else.
func onlyOrientation(o int) []byte {
	out := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	out = binary.BigEndian.AppendUint16(out, uint16(o)) //nolint:gosec // 1 to 8
	return append(out, make([]byte, 6)...)
}
