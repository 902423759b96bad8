package sso

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// back is an attempt that came back and was used up.
type back struct {
	tenant  id.Tenant
	record  Record
	attempt Attempt
	who     Identity // once it is proven
	// confirmed says that the person has confirmed a sign-in that the provider started.
	confirmed bool
	// candidate says that a test runs with a change of the connection that is not saved.
	candidate bool
	note      []byte // of the candidate
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
	trail := &Trail{}
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
		c, err := s.resume(ctx, tx, r, returning{b.record, trail, connection, viaGoogle, protocol, state})
		if err != nil {
			return remember(ctx, tx, b.record, trail, err)
		}
		if b.attempt, err = s.attempt(ctx, tx, b.record, c, state); err != nil {
			return err
		}
		b.attempt.Trail = trail
		if b.candidate = b.record.Purpose == ForTest && len(b.record.Held) > 0; b.candidate {
			trail.Pass(settingsCheck, "as they were typed, not those that are saved")
			return s.tryCandidate(tenant, &b)
		}
		return nil
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

// returning is an attempt, and the callback that it came back to.
type returning struct {
	record     Record
	trail      *Trail
	connection id.Connection
	viaGoogle  Connection
	protocol   string
	state      string
}

// resume checks that the attempt belongs to this browser and this callback, and that nothing it rests on has changed.
func (s *SignIn) resume(ctx context.Context, tx *db.TenantTx, r *http.Request, in returning) (Connection, error) {
	rec := in.record
	if !s.sameBrowser(r, rec, in.state) {
		in.trail.Fail("browser", "the browser that started", "another one, or one without its cookie")
		return Connection{}, Refuse(WrongBrowser)
	}
	in.trail.Pass("browser", "")
	if rec.ConnectionID != in.connection {
		in.trail.Fail("callback", rec.ConnectionID.String(), "that of another connection") // whose id may be another tenant's
		return Connection{}, Refuse(ConnectionMismatch)
	}
	in.trail.Pass("callback", in.connection.String())
	age := tx.Now.Sub(rec.CreatedAt).Round(time.Second).String()
	if !tx.Now.Before(rec.ExpiresAt) {
		in.trail.Fail("age", "less than "+attemptLifetime.String(), age)
		return Connection{}, Refuse(AttemptExpired)
	}
	in.trail.Pass("age", age)
	if tx.Tenant != id.Installation {
		t, _, err := tenants.Current(ctx, tx)
		if err != nil || t.Status != tenants.StatusActive {
			in.trail.Fail("organization", string(tenants.StatusActive), string(t.Status))
			return Connection{}, Refuse(TenantInactive).Because(err)
		}
	}
	c := in.viaGoogle
	if in.connection != id.Google {
		var err error
		if c, err = ConnectionByID(ctx, tx, in.connection); err != nil {
			return Connection{}, Refuse(ConnectionInactive).Because(err)
		}
	}
	switch {
	case !c.Status.Open() && rec.Purpose != ForTest || c.ID.IsZero():
		in.trail.Fail("connection", "testing, optional or required", string(c.Status))
		return Connection{}, Refuse(ConnectionInactive)
	case c.Version != rec.ConfigVersion:
		in.trail.Fail("connection version", strconv.FormatInt(rec.ConfigVersion, 10), strconv.FormatInt(c.Version, 10))
		return Connection{}, Refuse(ConnectionChanged)
	case c.Protocol != in.protocol:
		in.trail.Fail("protocol", c.Protocol, in.protocol)
		return Connection{}, Refuse(ConnectionMismatch)
	}
	in.trail.Pass("connection", string(c.Status))
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
	case len(rows) == 0 || !rows[0].Status.Open() && b.record.Purpose != ForTest:
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
