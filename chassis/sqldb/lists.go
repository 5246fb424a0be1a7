package sqldb

import "strings"

// List is what a statement reads FROM when its parameter ("$1") is a JSON array
// of texts: rows of list(item). An array travels as one parameter whatever its
// length, so that the text of the statement stays the same and is prepared once.
func (d Dialect) List(parameter string) string {
	if d == SQLite {
		return `(SELECT value AS item FROM json_each(` + parameter + `)) AS list`
	}
	// Of an array the planner expects 10 rows, of json_array_elements_text 100, for
	// which it reads a table of some thousand rows as a whole.
	return `unnest(ARRAY(SELECT json_array_elements_text(CAST(` + parameter + ` AS json)))) AS list(item)`
}

// Records is what a statement reads FROM when its parameter ("$1") is a JSON
// array of objects: rows of list with these columns, each "name type" with the
// type that PostgreSQL knows: text, integer, bigint, boolean or timestamptz, whose
// values are those of Time.Text. Before ON CONFLICT
// a SELECT from it needs a WHERE, which may be "WHERE true": SQLite would take
// ON for a join's.
func (d Dialect) Records(parameter string, columns ...string) string {
	if d != SQLite {
		return `json_to_recordset(CAST(` + parameter + ` AS json)) AS list(` + strings.Join(columns, ", ") + `)`
	}
	fields := make([]string, len(columns))
	for i, c := range columns {
		name, _, _ := strings.Cut(c, " ")
		fields[i] = `value->>'` + name + `' AS ` + name
	}
	return `(SELECT ` + strings.Join(fields, ", ") + ` FROM json_each(` + parameter + `)) AS list`
}
