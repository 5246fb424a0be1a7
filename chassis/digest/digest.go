// Package digest computes the checksums by which a read model and its owner
// find out where they differ, without telling each other every aggregate. Both
// sides must compute the same: proto/parution/events/v1/feed.proto has the rule.
package digest

import (
	"crypto/sha256"
	"encoding/binary"
)

// Buckets is how many sums there are; each aggregate belongs to one.
const Buckets = 1024

// Bucket is the bucket of an aggregate, from 0 to Buckets-1: the same at every
// version. typ has no zero byte.
func Bucket(typ, id string) int {
	sum := sha256.Sum256(name(typ, id))
	return int(binary.BigEndian.Uint16(sum[:])) % Buckets
}

// Sum is what an aggregate adds, modulo 2^64, to the sum of its bucket.
func Sum(typ, id string, version int32, publicHash []byte) uint64 {
	b := append(name(typ, id), 0)
	b = binary.BigEndian.AppendUint32(b, uint32(version)) //nolint:gosec // the four bytes of it, as they are
	sum := sha256.Sum256(append(b, publicHash...))
	return binary.BigEndian.Uint64(sum[:])
}

// name has room for what Sum adds.
func name(typ, id string) []byte {
	b := make([]byte, 0, len(typ)+len(id)+2+4+sha256.Size)
	b = append(b, typ...)
	b = append(b, 0)
	return append(b, id...)
}
