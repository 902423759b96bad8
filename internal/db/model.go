package db

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Model asks for rows of one kind, as [gorm.G] does, whose part of it that we use this is. The code that the compiler makes of gorm.G for each
// kind is 140 KB and more, since all of its methods are in an interface: with 35 kinds, an eighth of the program.
//
// Each method returns another Model and leaves its own as it is.
type Model[T any] struct{ q query }

// Of begins a statement about rows of T, in the transaction that the tx of a scope has as its DB.
func Of[T any](tx *gorm.DB, clauses ...clause.Expression) Model[T] {
	m := Model[T]{query{tx: tx}}
	if len(clauses) > 0 {
		m.q = m.q.and(func(g *gorm.DB) *gorm.DB { return g.Clauses(clauses...) })
	}
	return m
}

// Where adds a condition.
func (m Model[T]) Where(condition string, args ...any) Model[T] {
	return Model[T]{m.q.where(condition, args)}
}

// Select has only these columns read, or written.
func (m Model[T]) Select(column string, others ...any) Model[T] {
	return Model[T]{m.q.choose(column, others)}
}

// Omit has these columns neither read nor written.
func (m Model[T]) Omit(columns ...string) Model[T] { return Model[T]{m.q.omit(columns)} }

// Order sorts what is read.
func (m Model[T]) Order(by string) Model[T] { return Model[T]{m.q.order(by)} }

// Limit bounds how many rows are read.
func (m Model[T]) Limit(n int) Model[T] { return Model[T]{m.q.limit(n)} }

// First reads the first row by the primary key or, with an order, by that. [IsMissing] says of the error that there is none.
func (m Model[T]) First(ctx context.Context) (row T, err error) {
	err = m.q.on(ctx).First(&row).Error
	return row, err
}

// Take reads any one row. [IsMissing] says of the error that there is none.
func (m Model[T]) Take(ctx context.Context) (row T, err error) {
	err = m.q.on(ctx).Take(&row).Error
	return row, err
}

// Find reads all rows.
func (m Model[T]) Find(ctx context.Context) (rows []T, err error) {
	err = m.q.on(ctx).Find(&rows).Error
	return rows, err
}

// Count counts the rows whose column is not null.
func (m Model[T]) Count(ctx context.Context, column string) (n int64, err error) {
	err = m.q.on(ctx).Model(new(T)).Select(column).Count(&n).Error //nolint:forbidigo // this is what one uses instead
	return n, err
}

// Create inserts a row, and sets in it what the database made up.
func (m Model[T]) Create(ctx context.Context, row *T) error { return m.q.on(ctx).Create(row).Error }

// Updates writes the selected columns of row, or those that are not zero, into all rows, and returns how many there were.
func (m Model[T]) Updates(ctx context.Context, row T) (int, error) {
	done := m.q.on(ctx).Updates(row)
	return int(done.RowsAffected), done.Error
}

// Delete deletes the rows and returns how many there were.
func (m Model[T]) Delete(ctx context.Context) (int, error) {
	done := m.q.on(ctx).Delete(new(T))
	return int(done.RowsAffected), done.Error
}

// query is what does not depend on the kind of rows.
type query struct {
	tx    *gorm.DB
	steps []func(*gorm.DB) *gorm.DB
}

// and returns the query with a step more. Two that share a beginning do not share their ends.
func (q query) and(step func(*gorm.DB) *gorm.DB) query {
	steps := make([]func(*gorm.DB) *gorm.DB, len(q.steps), len(q.steps)+1)
	copy(steps, q.steps)
	return query{q.tx, append(steps, step)}
}

func (q query) where(condition string, args []any) query {
	return q.and(func(g *gorm.DB) *gorm.DB { return g.Where(condition, args...) })
}

func (q query) choose(column string, others []any) query {
	return q.and(func(g *gorm.DB) *gorm.DB { return g.Select(column, others...) })
}

func (q query) omit(columns []string) query {
	return q.and(func(g *gorm.DB) *gorm.DB { return g.Omit(columns...) })
}

func (q query) order(by string) query {
	return q.and(func(g *gorm.DB) *gorm.DB { return g.Order(by) })
}

func (q query) limit(n int) query {
	return q.and(func(g *gorm.DB) *gorm.DB { return g.Limit(n) })
}

// on begins a statement of its own in the transaction, as gorm.G does: nothing of another is left in it.
func (q query) on(ctx context.Context) *gorm.DB {
	g := q.tx.Session(&gorm.Session{NewDB: true, Context: ctx})
	for _, step := range q.steps {
		g = step(g)
	}
	return g
}
