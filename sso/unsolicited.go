package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// unsolicited takes a response that nobody here asked for. Anybody can make a browser post one, of any person of theirs, so it lets nobody
// in: it waits until the person confirms it. What is not proven to come from the provider is logged and leaves no row.
func (s *SignIn) unsolicited(ctx context.Context, r *http.Request, provider Provider, connection id.Connection) (Result, error) {
	b, err := s.expectUnsolicited(ctx, connection)
	if err == nil {
		b.who, err = provider.Finish(ctx, r, b.attempt)
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelInfo, "sign-in refused", slog.String("reason", string(ReasonOf(err))),
			slog.String("connection", connection.String()), slog.String("source", string(FromIdP)))
		return Result{}, s.refuseUnsolicited(ctx, b, err)
	}
	b.attempt.Trail.Prove()
	wait, err := s.hold(ctx, b)
	if err != nil {
		return Result{}, s.refuseUnsolicited(ctx, b, err)
	}
	return Result{Purpose: ForSignIn, State: wait.state, Unconfirmed: &wait.redirect}, nil
}

// expectUnsolicited is the attempt that begins with its answer, if the connection takes such answers at all.
func (s *SignIn) expectUnsolicited(ctx context.Context, connection id.Connection) (b back, err error) {
	if b.tenant, err = s.tenantOfConnection(ctx, connection); err != nil {
		return back{}, err
	}
	err = s.db.Tenant(ctx, b.tenant, func(tx *db.TenantTx) error {
		c, err := ConnectionByID(ctx, tx, connection)
		if errs.As(err).Kind == errs.Missing {
			return Refuse(UnsolicitedResponse)
		}
		if err != nil {
			return err
		}
		t, _, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		// One answer for all of them: whoever posts here learns nothing about the connection.
		if t.Status != tenants.StatusActive || !c.Status.Open() || c.Protocol != ProtocolSAML || c.SAML == nil || !c.SAML.IdPInitiated {
			return Refuse(UnsolicitedResponse)
		}
		b.record = Record{
			ID: id.New[id.Attempt](), ConnectionID: c.ID, Purpose: ForSignIn, Source: FromIdP, Stage: Verified, Outcome: Pending,
			ConfigVersion: c.Version, CreatedAt: tx.Now,
		}
		b.attempt, err = s.attempt(ctx, tx, b.record, c, "")
		b.attempt.RequestID, b.attempt.Trail = "", &Trail{}
		return err
	})
	return b, err
}

// tenantOfConnection finds whose connection it is. That of nobody is refused like one that takes no such answers.
func (s *SignIn) tenantOfConnection(ctx context.Context, c id.Connection) (tenant id.Tenant, err error) {
	var rows []struct{ TenantID id.Tenant }
	err = s.db.System(ctx, func(sys *db.SystemTx) error {
		return sys.DB.WithContext(ctx).Raw("SELECT tenant_id FROM connection_directory WHERE id = ?", c).Scan(&rows).Error
	})
	if err != nil {
		return tenant, fmt.Errorf("look up the tenant of connection %s: %w", c, err)
	}
	if len(rows) == 0 || rows[0].TenantID == id.Installation {
		return tenant, Refuse(UnsolicitedResponse)
	}
	return rows[0].TenantID, nil
}

// waiting is an attempt that waits for its person's confirmation.
type waiting struct {
	state    string
	redirect Redirect
}

// hold uses the assertion up, and keeps what it proved for the browser that brought it, for ten minutes.
func (s *SignIn) hold(ctx context.Context, b back) (waiting, error) {
	state, cookie := newState(b.tenant), secret.RandomText(32)
	plain, err := json.Marshal(b.who)
	if err != nil {
		return waiting{}, fmt.Errorf("encode a proven identity: %w", err)
	}
	if b.record.Held, err = s.keyring.Seal(plain, heldAt(b.tenant, b.record.ID)); err != nil {
		return waiting{}, fmt.Errorf("seal a proven identity: %w", err)
	}
	b.record.StateHash, b.record.BrowserHash = stateHash(state), s.browserHash(state, cookie)
	b.record.Subject, b.record.Email = shown(b.who.Subject), shown(cutEmail(b.who.Email))
	err = s.db.Tenant(ctx, b.tenant, func(tx *db.TenantTx) error {
		if err := unchanged(ctx, tx, b); err != nil {
			return err
		}
		if err := firstUse(ctx, tx, b); err != nil {
			return err
		}
		b.record.Checks = b.attempt.Trail.Checks
		return insertAttempt(ctx, tx, &b.record)
	})
	if err != nil {
		return waiting{}, err
	}
	return waiting{state, Redirect{CookieName: CookieName(state), CookieValue: cookie, MaxAge: attemptLifetime}}, nil
}

// refuseUnsolicited writes a refusal down if the provider's signature stands for what was refused, once for each document: a message that
// somebody found must not fill the table.
func (s *SignIn) refuseUnsolicited(ctx context.Context, b back, refusal error) error {
	trail := b.attempt.Trail
	if trail == nil || !trail.Proven || ReasonOf(refusal) == Broken {
		return refusal
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	sum := sha256.Sum256(append([]byte(b.who.Assertion+"\x00"), trail.Document...))
	err := s.db.Tenant(ctx, b.tenant, func(tx *db.TenantTx) error {
		first, err := useOnce(ctx, tx, b.record.ConnectionID, "refused "+hex.EncodeToString(sum[:]), tx.Now.Add(keepSettled))
		if err != nil || !first {
			return err
		}
		b.record.StateHash, b.record.BrowserHash, b.record.Held = stateHash(newState(b.tenant)), sum[:], nil // nobody can come back to it
		b.record.ConsumedAt = &tx.Now
		if err := insertAttempt(ctx, tx, &b.record); err != nil {
			return err
		}
		if err := writeRefusal(ctx, tx, b, ReasonOf(refusal)); err != nil {
			return err
		}
		return s.keepDocument(ctx, tx, b)
	})
	if err != nil && errs.CodeOf(err) != "too_many_attempts" {
		return fmt.Errorf("remember a refusal (%s): %w", ReasonOf(refusal), err)
	}
	return refusal
}
