package sso

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Result is what came of an attempt.
type Result struct {
	Purpose  Purpose
	Issued   sessions.Issued // of a sign-in
	ReturnTo string
	// Choices are the tenants between which a person has to choose; the choice goes to [SignIn.Choose] with State. The attempt's cookie
	// stays until then.
	Choices []Choice
	State   string
	// Tested is what a test found. Nobody was let in by it.
	Tested *Identity
}

// Choice is a tenant that a person may enter.
type Choice struct {
	Tenant id.Tenant
	Slug   string
	Name   string
}

// Finish takes what the provider sent back to the callback of a connection. First the attempt is used up, whatever comes after; then the
// provider is asked, while no transaction is open; then one transaction lets the person in, with its event. A refusal is made by
// [Refuse], and is written down too.
func (s *SignIn) Finish(ctx context.Context, r *http.Request, protocol string, connection id.Connection) (Result, error) {
	result, err := s.finish(ctx, r, protocol, connection)
	if err != nil || len(result.Choices) == 0 { // who still has to choose is counted then
		s.count(Connection{ID: connection, Protocol: protocol}.Method(), err)
	}
	return result, err
}

func (s *SignIn) finish(ctx context.Context, r *http.Request, protocol string, connection id.Connection) (Result, error) {
	provider := s.providers[protocol]
	state, err := provider.State(r)
	if err != nil {
		s.note(ctx, connection, err)
		return Result{}, err
	}
	b, err := s.takeBack(ctx, r, protocol, connection, state)
	if err != nil {
		s.note(ctx, connection, err)
		return Result{}, err
	}
	who, err := provider.Finish(ctx, r, b.attempt)
	if err != nil {
		return Result{}, s.refuse(ctx, b, err)
	}
	result, err := s.conclude(ctx, b, who)
	if err != nil {
		return Result{}, s.refuse(ctx, b, err)
	}
	result.Purpose, result.ReturnTo = b.record.Purpose, b.record.ReturnTo
	return result, nil
}

// back is an attempt that came back and was used up.
type back struct {
	tenant  id.Tenant
	record  Record
	attempt Attempt
}

// takeBack uses the attempt of a request up and says whether it may go on.
func (s *SignIn) takeBack(ctx context.Context, r *http.Request, protocol string, connection id.Connection, state string) (b back, err error) {
	tenant, ok := tenantOf(state)
	if !ok {
		return back{}, Refuse(StateUnknown)
	}
	viaGoogle := Connection{}
	if connection == id.Google && s.google != nil {
		if viaGoogle, err = s.google.connection(ctx); err != nil {
			return back{}, err
		}
	}
	b.tenant = tenant
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		b.record, err = findAttempt(ctx, tx, state)
		if err != nil {
			return err
		}
		first, err := consume(ctx, tx, b.record.ID)
		if err != nil {
			return err
		}
		if !first {
			return s.again(ctx, tx, b.record)
		}
		c, err := s.resume(ctx, tx, r, b.record, connection, viaGoogle, state)
		if err == nil && c.Protocol != protocol {
			err = Refuse(ConnectionMismatch)
		}
		if err != nil {
			return remember(ctx, tx, b.record, Returned, err)
		}
		b.attempt, err = s.attempt(ctx, tx, b.record, c, state)
		b.attempt.Trail = &Trail{}
		return err
	})
	return b, err
}

// again answers a used attempt. The first time leaves an event; who repeats it a million times does not fill the log.
func (s *SignIn) again(ctx context.Context, tx *db.TenantTx, rec Record) error {
	first, err := replayed(ctx, tx, rec.ID)
	if err != nil {
		return err
	}
	if first {
		if err := recordRefusal(ctx, tx, rec, Returned, AttemptUsed); err != nil {
			return err
		}
	}
	return db.Keep(Refuse(AttemptUsed))
}

// resume checks that the attempt belongs to this browser and this callback, and that nothing it rests on has changed.
func (s *SignIn) resume(
	ctx context.Context, tx *db.TenantTx, r *http.Request, rec Record, connection id.Connection, viaGoogle Connection, state string,
) (Connection, error) {
	if !s.sameBrowser(r, rec, state) {
		return Connection{}, Refuse(WrongBrowser)
	}
	if rec.ConnectionID != connection {
		return Connection{}, Refuse(ConnectionMismatch)
	}
	if !tx.Now.Before(rec.ExpiresAt) {
		return Connection{}, Refuse(AttemptExpired)
	}
	if tx.Tenant != id.Installation {
		t, _, err := tenants.Current(ctx, tx)
		if err != nil || t.Status != tenants.StatusActive {
			return Connection{}, Refuse(TenantInactive).Because(err)
		}
	}
	c := viaGoogle
	if connection != id.Google {
		var err error
		if c, err = ConnectionByID(ctx, tx, connection); err != nil {
			return Connection{}, Refuse(ConnectionInactive).Because(err)
		}
	}
	if !c.Status.Open() && rec.Purpose != ForTest || c.ID.IsZero() {
		return Connection{}, Refuse(ConnectionInactive)
	}
	if c.Version != rec.ConfigVersion {
		return Connection{}, Refuse(ConnectionChanged)
	}
	return c, nil
}

// unchanged asks once more what resume has asked, and keeps it true until the scope ends: a provider takes as long as it likes to answer,
// and whoever closes a connection meanwhile must not leave behind a session that it made afterwards.
func unchanged(ctx context.Context, tx *db.TenantTx, b back) error {
	if b.record.ConnectionID == id.Google {
		return nil
	}
	var rows []struct {
		Status  Status
		Version int64
	}
	err := tx.DB.WithContext(ctx).Raw("SELECT status, version FROM connections WHERE tenant_id = ? AND id = ? FOR SHARE",
		tx.Tenant, b.record.ConnectionID).Scan(&rows).Error
	switch {
	case err != nil:
		return fmt.Errorf("lock connection %s: %w", b.record.ConnectionID, err)
	case len(rows) == 0 || !rows[0].Status.Open():
		return Refuse(ConnectionInactive)
	case rows[0].Version != b.record.ConfigVersion:
		return Refuse(ConnectionChanged)
	}
	return nil
}

// sameBrowser compares the attempt's cookie. One that was sent twice is nobody's.
func (s *SignIn) sameBrowser(r *http.Request, rec Record, state string) bool {
	cookies := r.CookiesNamed(CookieName(state))
	return len(cookies) == 1 && secret.Equal(s.browserHash(state, cookies[0].Value), rec.BrowserHash)
}

// remember writes a refusal down in the scope that found it.
func remember(ctx context.Context, tx *db.TenantTx, rec Record, stage Stage, refusal error) error {
	reason := ReasonOf(refusal)
	if reason == Broken {
		return refusal
	}
	if err := settle(ctx, tx.DB, tx.Now, tx.Tenant, rec.ID, Refused, reason); err != nil {
		return err
	}
	if err := recordRefusal(ctx, tx, rec, stage, reason); err != nil {
		return err
	}
	return db.Keep(refusal)
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
		reason := ReasonOf(refusal)
		if err := settle(ctx, tx.DB, tx.Now, tx.Tenant, b.record.ID, Refused, reason); err != nil {
			return err
		}
		return recordRefusal(ctx, tx, b.record, Exchanged, reason)
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

// settle writes how an attempt ended.
func settle(ctx context.Context, g *gorm.DB, now time.Time, tenant id.Tenant, a id.Attempt, outcome Outcome, reason Reason) error {
	set := "outcome = ?, reason = ?, finished_at = ?"
	if outcome == Succeeded {
		set += ", stage = 'finished'"
	}
	err := g.WithContext(ctx).Exec("UPDATE attempts SET "+set+" WHERE tenant_id = ? AND id = ? AND outcome = 'pending'",
		outcome, reason, now, tenant, a).Error
	if err != nil {
		return fmt.Errorf("settle attempt %s: %w", a, err)
	}
	return nil
}
