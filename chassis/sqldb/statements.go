package sqldb

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// maxStatements bounds the prepared statements that a connection keeps. A
// service has some fifty; each takes a few KiB.
const maxStatements = 128

// keeping is SQLite's connector with connections that keep their prepared
// statements: database/sql has the driver prepare the text of each call anew,
// which took a fifth of what publishing a post cost. pgx keeps its own.
type keeping struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's connection is %T", c), c.Close())
	}
	return &keepingConn{sqliteConn: inner, order: list.New(), idle: make(map[string]*list.Element)}, nil
}

// sqliteConn is what the driver's connection does beside running statements.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is what the driver's statement does.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// sqliteRows is what the driver's rows do.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	ColumnTypeScanType(index int) reflect.Type
}

// keepingConn is a connection that keeps its prepared statements. Like every
// driver.Conn it is used by one goroutine at a time: database/sql sees to that
// also for the rows of a query.
type keepingConn struct {
	sqliteConn

	// idle are the statements that nobody uses, by their text; order has the one
	// used last in front.
	idle  map[string]*list.Element
	order *list.List
}

// kept is a prepared statement and its text.
type kept struct {
	query string
	stmt  sqliteStmt
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := k.stmt.ExecContext(ctx, args)
	if err != nil {
		// In what state a statement is that failed need not be known.
		_ = k.stmt.Close() // it may tell again what err tells
		return nil, err
	}
	return res, c.keep(k)
}

// QueryContext implements driver.QueryerContext. The statement is the rows'
// until they are closed: the same text asked for meanwhile is another one.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	got, err := k.stmt.QueryContext(ctx, args)
	if err != nil {
		_ = k.stmt.Close() // it may tell again what err tells
		return nil, err
	}
	rows, ok := got.(sqliteRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's rows are %T", got), got.Close(), k.stmt.Close())
	}
	return &keepingRows{sqliteRows: rows, conn: c, kept: k}, nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	var err error
	for c.order.Len() > 0 {
		err = errors.Join(err, c.forget(c.order.Front()))
	}
	return errors.Join(err, c.sqliteConn.Close())
}

// take is the statement of query, prepared now or before; nobody else has it.
func (c *keepingConn) take(ctx context.Context, query string) (kept, error) {
	if e, ok := c.idle[query]; ok {
		delete(c.idle, query)
		k, _ := c.order.Remove(e).(kept) // nothing else is put there
		return k, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return kept{}, err
	}
	stmt, ok := s.(sqliteStmt)
	if !ok {
		return kept{}, errors.Join(fmt.Errorf("SQLite's statement is %T", s), s.Close())
	}
	return kept{query: query, stmt: stmt}, nil
}

// keep takes back a statement that was reset.
func (c *keepingConn) keep(k kept) error {
	if _, ok := c.idle[k.query]; ok { // used twice at once; one is enough
		return k.stmt.Close()
	}
	c.idle[k.query] = c.order.PushFront(k)
	if c.order.Len() > maxStatements {
		return c.forget(c.order.Back())
	}
	return nil
}

func (c *keepingConn) forget(e *list.Element) error {
	k, _ := c.order.Remove(e).(kept) // nothing else is put there
	delete(c.idle, k.query)
	return k.stmt.Close()
}

// keepingRows give their statement back when they are closed.
type keepingRows struct {
	sqliteRows

	conn   *keepingConn
	kept   kept
	failed bool
	closed bool
}

// Next implements driver.Rows.
func (r *keepingRows) Next(dest []driver.Value) error {
	err := r.sqliteRows.Next(dest)
	if err != nil && !errors.Is(err, io.EOF) {
		r.failed = true
	}
	return err
}

// Close implements driver.Rows.
func (r *keepingRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.sqliteRows.Close()
	if err != nil || r.failed {
		_ = r.kept.stmt.Close() // it may tell again what err tells
		return err
	}
	return r.conn.keep(r.kept)
}
