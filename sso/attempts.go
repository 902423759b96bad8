package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// AttemptFilter narrows a list of attempts; zero fields do not.
type AttemptFilter struct {
	Connection id.Connection
	Source     Source
	Outcome    Outcome
	Reason     Reason
	Since      time.Time
	// Trace is the request id that a person saw on the page of a refusal.
	Trace string
}

// Attempts lists the attempts of a tenant, newest first, older than the given one.
func Attempts(ctx context.Context, tx *db.TenantTx, f AttemptFilter, before id.Attempt, limit int) ([]Record, error) {
	q := db.Of[Record](tx.DB).Omit("held", "state_hash", "browser_hash").Order("id DESC").Limit(limit)
	if !f.Connection.IsZero() {
		q = q.Where("connection_id = ?", f.Connection)
	}
	if f.Source != "" {
		q = q.Where("source = ?", string(f.Source))
	}
	if f.Outcome != "" {
		q = q.Where("outcome = ?", string(f.Outcome))
	}
	if f.Reason != "" {
		q = q.Where("reason = ?", string(f.Reason))
	}
	if !f.Since.IsZero() {
		q = q.Where("created_at >= ?", f.Since)
	}
	if f.Trace != "" {
		q = q.Where("request_id = ?", f.Trace)
	}
	if !before.IsZero() {
		q = q.Where("id < ?", before)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	return list, nil
}

// AttemptByID finds an attempt of the tenant.
func AttemptByID(ctx context.Context, tx *db.TenantTx, a id.Attempt) (Record, error) {
	r, err := db.Of[Record](tx.DB).Where("id = ?", a).First(ctx)
	if db.IsMissing(err) {
		return Record{}, errs.NotFound("sign-in attempt")
	}
	if err != nil {
		return Record{}, fmt.Errorf("load attempt %s: %w", a, err)
	}
	return r, nil
}
