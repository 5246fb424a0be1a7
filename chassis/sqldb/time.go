package sqldb

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// sqliteTime is the form that the driver writes with _time_format=sqlite.
const sqliteTime = "2006-01-02 15:04:05.999999999-07:00"

// Time is a moment in a row of either engine. SQLite hands times out as text
// where a column's type is not declared (aggregates, RETURNING). Microseconds,
// UTC: what PostgreSQL keeps.
type Time struct{ time.Time }

// At makes a Time from t, rounded down to what both engines keep.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		t.Time = v.UTC()
		return nil
	case string:
		return t.parse(v)
	case []byte:
		return t.parse(string(v))
	}
	return fmt.Errorf("scan a time from %T", src)
}

func (t *Time) parse(s string) error {
	for _, layout := range []string{sqliteTime, time.RFC3339Nano} {
		if v, err := time.Parse(layout, s); err == nil {
			t.Time = v.UTC()
			return nil
		}
	}
	return fmt.Errorf("scan a time from %q", s)
}

// Text is t in a column "… timestamptz" of Records.
func (t Time) Text() string { return t.UTC().Truncate(time.Microsecond).Format(sqliteTime) }

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	return t.UTC().Truncate(time.Microsecond), nil
}

// NullTime is a Time that may be absent.
type NullTime struct {
	Time  time.Time
	Valid bool
}

// MaybeAt makes a NullTime; nil is absent.
func MaybeAt(t *time.Time) NullTime {
	if t == nil {
		return NullTime{}
	}
	return NullTime{Time: At(*t).Time, Valid: true}
}

// Ptr returns the time, nil if absent.
func (t NullTime) Ptr() *time.Time {
	if !t.Valid {
		return nil
	}
	v := t.Time
	return &v
}

// Scan implements sql.Scanner.
func (t *NullTime) Scan(src any) error {
	if src == nil {
		*t = NullTime{}
		return nil
	}
	var v Time
	if err := v.Scan(src); err != nil {
		return err
	}
	*t = NullTime{Time: v.Time, Valid: true}
	return nil
}

// Value implements driver.Valuer.
func (t NullTime) Value() (driver.Value, error) {
	if !t.Valid {
		return nil, nil //nolint:nilnil // SQL NULL
	}
	return Time{t.Time}.Value()
}
