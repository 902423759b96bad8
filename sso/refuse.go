package sso

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// remember writes a refusal down in the scope that found it.
func remember(ctx context.Context, tx *db.TenantTx, rec Record, trail *Trail, refusal error) error {
	reason := ReasonOf(refusal)
	if reason == Broken {
		return refusal
	}
	if err := writeRefusal(ctx, tx, back{record: rec, attempt: Attempt{Trail: trail}}, reason); err != nil {
		return err
	}
	return db.Keep(refusal)
}

func writeRefusal(ctx context.Context, tx *db.TenantTx, b back, reason Reason) error {
	trail := b.attempt.Trail
	trail.explain(reason)
	e := ending{outcome: Refused, reason: reason, stage: trail.stage(), trail: trail, who: b.who}
	if err := settle(ctx, tx.DB, tx.Now, tx.Tenant, b.record.ID, e); err != nil {
		return err
	}
	return recordRefusal(ctx, tx, b.record, e.stage, reason)
}

func recordRefusal(ctx context.Context, tx *db.TenantTx, rec Record, stage Stage, reason Reason) error {
	return events.Record(ctx, tx, events.SignInRefused, rec.ID, events.Data{
		"reason": reason, "stage": stage, "connection": rec.ConnectionID, "purpose": rec.Purpose,
	})
}

// refuse writes a refusal down in a scope of its own: what was begun before it is undone. The person may be gone by now; that they were
// refused is still written.
func (s *SignIn) refuse(ctx context.Context, b back, refusal error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.db.Tenant(ctx, b.tenant, func(tx *db.TenantTx) error {
		if err := writeRefusal(ctx, tx, b, ReasonOf(refusal)); err != nil {
			return err
		}
		if err := s.keepDocument(ctx, tx, b); err != nil {
			return err
		}
		return s.watch(ctx, tx, b.record, ReasonOf(refusal))
	})
	if err != nil {
		return fmt.Errorf("remember a refusal (%s): %w", ReasonOf(refusal), err)
	}
	return refusal
}

// note logs what leaves no row: nobody can fill a table with states that they made up.
func (s *SignIn) note(ctx context.Context, connection id.Connection, refusal error) {
	switch reason := ReasonOf(refusal); reason {
	case StateMissing, StateUnknown, CallbackMalformed:
		s.log.LogAttrs(ctx, slog.LevelInfo, "sign-in refused", slog.String("reason", string(reason)), slog.String("connection", connection.String()))
	default:
	}
}
