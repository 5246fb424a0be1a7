package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
)

// BenchmarkPut publishes posts of some 900 bytes with five of 5,000 tags, 100 in a
// transaction as a rebuild does.
func BenchmarkPut(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := newShelf(b, open(b))
			r := rand.New(rand.NewPCG(1, 2))
			often := rand.NewZipf(r, 1.1, 4, 4999)
			body := strings.Repeat("Des mots d'une longueur usuelle. ", 27)
			n := 0
			for b.Loop() {
				items := make([]projection.Item[entry.Post], 100)
				for i := range items {
					p := post(n)
					n++
					for range 5 {
						p.TagNames = append(p.TagNames, fmt.Sprintf("Étiquette %d", often.Uint64()))
					}
					p.Version, p.Text.Body = 1, body
					items[i] = item(b.Context(), p)
				}
				err := s.db.InTx(b.Context(), func(ctx context.Context, tx *sql.Tx) error { return s.Put(ctx, tx, items, noon()) })
				if err != nil {
					b.Fatalf("Put: %v", err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
		})
	}
}
