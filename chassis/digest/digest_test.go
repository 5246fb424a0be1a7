package digest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/parution/parution/chassis/digest"
)

func TestDigestsAreWhatTheContractSays(t *testing.T) {
	t.Parallel()
	hash := bytes.Repeat([]byte{7}, sha256.Size)
	for _, h := range [][]byte{hash, nil} {
		sum := sha256.Sum256(append([]byte("post\x00p1\x00\x00\x01\x02\x03"), h...))
		if got, want := digest.Sum("post", "p1", 0x010203, h), binary.BigEndian.Uint64(sum[:8]); got != want {
			t.Errorf("Sum with a hash of %d bytes = %x, want %x", len(h), got, want)
		}
	}
	sum := sha256.Sum256([]byte("post\x00p1"))
	if got, want := digest.Bucket("post", "p1"), int(binary.BigEndian.Uint16(sum[:2])%1024); got != want {
		t.Errorf("Bucket = %d, want %d", got, want)
	}
	if digest.Sum("a", "bc", 1, nil) == digest.Sum("ab", "c", 1, nil) {
		t.Error("type and id run into each other")
	}
}

func TestBucketsAreFilledEvenly(t *testing.T) {
	t.Parallel()
	const each = 32
	var filled [digest.Buckets]int
	for i := range each * digest.Buckets {
		filled[digest.Bucket("post", fmt.Sprint(i))]++
	}
	for b, n := range filled {
		if n == 0 || n > 3*each {
			t.Errorf("bucket %d has %d aggregates, want about %d", b, n, each)
		}
	}
}
