package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
)

func rename(tx *db.TenantTx, name string) error {
	return tx.DB.Exec("UPDATE memberships SET name = ? WHERE tenant_id = ?", name, tx.Tenant).Error
}

func (h *house) name(tb testing.TB) string {
	tb.Helper()
	return h.text(tb, "SELECT string_agg(DISTINCT name, ',') FROM memberships WHERE tenant_id = $1", h.e.UUID())
}

func TestARefusalRollsBackUnlessItIsKept(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	refusal := errs.New(errs.Forbidden, "no", "No.")
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		tx.After(func() { t.Error("After ran, want not: the scope failed") })
		return errors.Join(rename(tx, "refused"), refusal)
	})
	if !errors.Is(err, refusal) || h.name(t) != "evil" {
		t.Errorf("Tenant() = %v with the name %q, want the refusal and evil", err, h.name(t))
	}
	ran := false
	err = h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		tx.After(func() { ran = true })
		return errors.Join(rename(tx, "kept"), db.Keep(refusal))
	})
	if !errors.Is(err, refusal) || h.name(t) != "kept" || !ran {
		t.Errorf("Tenant() = %v with the name %q and After %v, want the refusal, kept and true", err, h.name(t), ran)
	}
	if err := db.Keep(nil); err != nil {
		t.Errorf("Keep(nil) = %v, want nil", err)
	}
}

func TestAPanicRollsBack(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{MaxConns: 1})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
			if err := rename(tx, "panicked"); err != nil {
				t.Error(err)
			}
			panic("halfway")
		})
	}()
	if got := h.name(t); got != "evil" {
		t.Errorf("name after the panic = %q, want evil", got)
	}
}

func TestAFailureThatIsSwallowedIsNoSuccess(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	for name, result := range map[string]error{"nil": nil, "kept": db.Keep(errs.New(errs.Forbidden, "no", "No."))} {
		err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
			if err := rename(tx, "half"); err != nil {
				return err
			}
			_ = tx.DB.Exec("SELECT broken").Error
			return result
		})
		if e := errs.As(err); err == nil || e.Kind != errs.Internal {
			t.Errorf("%s: Tenant() = %v, want an internal error: nothing was committed", name, err)
		}
		if got := h.name(t); got != "evil" {
			t.Errorf("%s: name = %q, want evil", name, got)
		}
	}
}

func TestAUD_01_EventsAreOnlyEverAdded(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	record := func(tx *db.TenantTx) error { return events.Record(t.Context(), tx, events.MemberJoined, nil, nil) }
	if err := h.Tenant(t.Context(), h.e, record); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"UPDATE events SET type = 'x'", "DELETE FROM events", "TRUNCATE events", "UPDATE events SET data = '{}' WHERE true"} {
		for scope, err := range map[string]error{
			"tenant": h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error { return tx.DB.Exec(sql).Error }),
			"system": h.System(t.Context(), func(tx *db.SystemTx) error { return tx.DB.Exec(sql).Error }),
		} {
			if err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s in a %s scope = %v, want permission denied", sql, scope, err)
			}
		}
	}
	if got := h.text(t, "SELECT string_agg(type, ',') FROM events"); got != string(events.MemberJoined) {
		t.Errorf("events = %q, want the one recorded", got)
	}
}

func TestAUD_03_WithoutItsEventAChangeIsNotMade(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	if _, err := dial(t, h.urls.AdminURL).Exec(t.Context(), "ALTER TABLE events ADD CONSTRAINT full_check CHECK (false) NOT VALID"); err != nil {
		t.Fatal(err)
	}
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		if err := rename(tx, "unseen"); err != nil {
			return err
		}
		return events.Record(t.Context(), tx, events.MemberProfileMoved, nil, nil)
	})
	if err == nil || h.name(t) != "evil" {
		t.Errorf("Tenant() = %v with the name %q, want an error and evil", err, h.name(t))
	}
}

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	ctx, n := db.Count(t.Context())
	err := h.Tenant(ctx, h.e, func(tx *db.TenantTx) error {
		_, err := db.Of[member](tx.DB).Find(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := [2]int64{n.Statements(), n.Control()}; got != [2]int64{2, 2} {
		t.Errorf("statements and control = %v, want [2 2]", got)
	}
	_ = h.Tenant(ctx, h.e, func(*db.TenantTx) error { return errors.New("no") })
	if got := [2]int64{n.Statements(), n.Control()}; got != [2]int64{3, 4} {
		t.Errorf("statements and control after a rollback = %v, want [3 4]", got)
	}
}

func TestAChangeIsAnnouncedWithItsCommit(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{})
	c := dial(t, h.urls.URL)
	if _, err := c.Exec(t.Context(), "LISTEN "+db.Channel); err != nil {
		t.Fatal(err)
	}
	_ = h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		tx.Changed("tenant")
		return errors.New("rolled back")
	})
	m := h.ofE[0].ID
	err := h.Admit(t.Context(), h.e, func(sys *db.SystemTx, tx *db.TenantTx) error {
		tx.Changed("member", m.UUID())
		tx.Changed("tenant")
		sys.Changed("keys")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 3 {
		n, err := c.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n.Payload)
	}
	tenant := h.e.UUID().String()
	if diff := cmp.Diff([]string{tenant + " 2+ member " + m.UUID().String(), tenant + " 2 tenant", "- 0 keys"}, got); diff != "" {
		t.Errorf("announcements (-want +got):\n%s", diff)
	}
	if v := h.text(t, "SELECT version::text FROM tenant_state WHERE tenant_id = $1", h.v.UUID()); v != "1" {
		t.Errorf("version of the other tenant = %s, want 1", v)
	}
}

func TestTheClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	h := build(t, db.Config{Clock: func(at time.Time) time.Time { return at.Add(time.Hour) }})
	err := h.Tenant(t.Context(), h.e, func(tx *db.TenantTx) error {
		var now time.Time
		if err := tx.DB.Raw("SELECT now()").Scan(&now).Error; err != nil {
			return err
		}
		if d := tx.Now.Sub(now); d < time.Hour || d > time.Hour+time.Minute || tx.Now.Location() != time.UTC {
			return fmt.Errorf("Now is %v after the database's, want an hour, in UTC", d)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
