package tenants_test

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func (c *company) key(ctx context.Context, in tenants.NewKey) (k tenants.Key, cred secret.Credential) {
	c.Helper()
	c.must(ctx, "Create", func(tx *db.TenantTx) (err error) {
		k, cred, err = c.keys.Create(ctx, tx, in)
		return err
	})
	return k, cred
}

func TestKEY_01_NoSecretIsStored(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.as(c.owner)
	k, cred := c.key(ctx, tenants.NewKey{Name: "ci", Role: rbac.Admin})
	var second secret.Credential
	c.must(ctx, "Rotate", func(tx *db.TenantTx) (err error) {
		_, second, err = c.keys.Rotate(ctx, tx, k.ID, time.Hour)
		return err
	})
	link := c.link(c.owner, time.Hour)
	for _, shown := range []secret.Credential{cred, second, link} {
		wire := shown.String()
		plain := shown.Hash() // of a key not even this: a stolen table must not allow a guess to be checked
		needles := []string{wire[len(wire)-50 : len(wire)-7], hex.EncodeToString(shown.Secret[:])}
		if shown.Prefix == secret.PrefixAPIKey {
			needles = append(needles, hex.EncodeToString(plain[:]))
		}
		for _, needle := range needles {
			names, err := query[string](c.world, `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
			must(t, err)
			for _, table := range names {
				n, err := query[int64](c.world, `SELECT count(*) FROM "`+table+`" x WHERE strpos(x::text, $1) > 0`, needle)
				if err != nil || n[0] != 0 {
					t.Errorf("table %s holds a secret (%v)", table, err)
				}
			}
		}
	}
}

func TestKEY_03_HashCoversEveryPart(t *testing.T) {
	t.Parallel()
	keys := tenants.Keys{Pepper: secret.NewPepper(make([]byte, 32))}
	cred := secret.Issue(secret.PrefixAPIKey, [16]byte{1}, [16]byte{2}, 1)
	want := keys.HashOf(cred)
	for what, other := range map[string]func(*secret.Credential){
		"tenant":     func(c *secret.Credential) { c.Tenant[0]++ },
		"id":         func(c *secret.Credential) { c.ID[15]++ },
		"secret":     func(c *secret.Credential) { c.Secret[31]++ },
		"generation": func(c *secret.Credential) { c.Generation++ },
	} {
		changed := cred
		other(&changed)
		if secret.Equal(keys.HashOf(changed), want) {
			t.Errorf("HashOf does not depend on the %s", what)
		}
	}
	if secret.Equal(tenants.Keys{Pepper: secret.NewPepper([]byte("another pepper, of 32 bytes long"))}.HashOf(cred), want) {
		t.Error("HashOf does not depend on the pepper")
	}
}

func TestKEY_08_NoKeyAboveItsMaker(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin := c.join("admin", rbac.Admin)
	strong, _ := c.key(c.as(admin), tenants.NewKey{Name: "strong", Role: rbac.Admin})
	create := func(ctx context.Context, in tenants.NewKey) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error { _, _, err := c.keys.Create(ctx, tx, in); return err }
	}
	rotate := func(ctx context.Context, k id.Key, overlap time.Duration) func(*db.TenantTx) error {
		return func(tx *db.TenantTx) error { _, _, err := c.keys.Rotate(ctx, tx, k, overlap); return err }
	}
	member := c.as(c.join("m", rbac.Member))
	c.refuse(member, "Create(admin) by a member", tenants.ErrRoleTooHigh, create(member, tenants.NewKey{Name: "k", Role: rbac.Admin}))
	c.refuse(member, "Rotate of an admin's key by a member", tenants.ErrRoleTooHigh, rotate(member, strong.ID, 0))
	c.refuse(member, "Revoke of an admin's key by a member", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error { return c.keys.Revoke(member, tx, strong.ID) })
	machine := c.machine(rbac.Admin)
	c.refuse(machine, "Create by a key", tenants.ErrPersonOnly, create(machine, tenants.NewKey{Name: "k", Role: rbac.Viewer}))
	c.refuse(machine, "Rotate by a key", tenants.ErrPersonOnly, rotate(machine, strong.ID, time.Hour))
	owner := c.as(c.owner)
	for _, role := range []rbac.Role{rbac.Owner, "", "system"} {
		c.refuse(owner, "Create("+string(role)+")", errInvalid, create(owner, tenants.NewKey{Name: "k", Role: role}))
	}
	c.refuse(owner, "Create that has expired", errInvalid, create(owner, tenants.NewKey{Name: "k", Role: rbac.Viewer, ExpiresAt: time.Now().Add(-time.Second)}))
	c.refuse(owner, "Create without a name", errInvalid, create(owner, tenants.NewKey{Role: rbac.Viewer}))
	for _, overlap := range []time.Duration{-1, tenants.MaxOverlap + 1} {
		c.refuse(owner, "Rotate with a bad overlap", errInvalid, rotate(owner, strong.ID, overlap))
	}
	other := c.company("globex")
	theirs, _ := other.key(other.as(other.owner), tenants.NewKey{Name: "k", Role: rbac.Viewer})
	c.refuse(owner, "Rotate of another tenant's key", errNotFound, rotate(owner, theirs.ID, 0))
}

func TestWhoRotatesAKeyAnswersForIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	first, second := c.join("first", rbac.Admin), c.join("second", rbac.Admin)
	var made, rotated tenants.Key
	c.must(c.as(first), "Create", func(tx *db.TenantTx) (err error) {
		made, _, err = c.keys.Create(c.as(first), tx, tenants.NewKey{Name: "deploy", Role: rbac.Member})
		return err
	})
	c.must(c.as(second), "Rotate", func(tx *db.TenantTx) (err error) {
		if _, _, err = c.keys.Rotate(c.as(second), tx, made.ID, time.Hour); err != nil {
			return err
		}
		rotated, err = c.keys.Find(c.as(second), tx, made.ID)
		return err
	})
	if made.CreatedBy != first.ID || rotated.CreatedBy != second.ID {
		t.Errorf("the key answers to %v and then to %v, want %v and then %v", made.CreatedBy, rotated.CreatedBy, first.ID, second.ID)
	}
}

func TestKEY_14_RotationIsExact(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.as(c.owner)
	expires := time.Now().Add(48 * time.Hour)
	k, first := c.key(ctx, tenants.NewKey{Name: "ci", Role: rbac.Member, ExpiresAt: expires})
	var now time.Time
	rotate := func(overlap time.Duration) (k2 tenants.Key, cred secret.Credential) {
		t.Helper()
		c.must(ctx, "Rotate", func(tx *db.TenantTx) (err error) {
			now = tx.Now
			k2, cred, err = c.keys.Rotate(ctx, tx, k.ID, overlap)
			return err
		})
		return k2, cred
	}
	k2, second := rotate(time.Hour)
	if k2.PreviousExpiresAt == nil || !k2.PreviousExpiresAt.Equal(now.Add(time.Hour)) || !secret.Equal(k2.PreviousHash, c.keys.HashOf(first)) {
		t.Errorf("the old secret works until %v, want %v", k2.PreviousExpiresAt, now.Add(time.Hour))
	}
	if second.Generation != 2 || !secret.Equal(k2.Hash, c.keys.HashOf(second)) || k2.ExpiresAt == nil || k2.ExpiresAt.Sub(expires).Abs() > time.Millisecond {
		t.Errorf("the new secret has the generation %d and expires at %v", second.Generation, k2.ExpiresAt)
	}
	k3, _ := rotate(time.Minute)
	if !secret.Equal(k3.PreviousHash, c.keys.HashOf(second)) {
		t.Error("after a second rotation the first secret still works")
	}
	if k4, _ := rotate(0); k4.PreviousHash != nil || k4.PreviousExpiresAt != nil {
		t.Error("without an overlap the old secret was kept")
	}
	c.must(ctx, "read", func(tx *db.TenantTx) error {
		got, err := c.keys.Find(ctx, tx, k.ID)
		if got.PreviousHash != nil || got.PreviousExpiresAt != nil || got.Generation != 4 {
			t.Errorf("without an overlap the row keeps %v until %v", got.PreviousHash, got.PreviousExpiresAt)
		}
		return err
	})
	c.sleep(48 * time.Hour)
	c.refuse(ctx, "Rotate of an expired key", errs.New(errs.Conflict, "api_key_expired", ""), func(tx *db.TenantTx) error {
		_, _, err := c.keys.Rotate(ctx, tx, k.ID, time.Hour)
		return err
	})
}

func TestRevokedKeyIsGone(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := c.as(c.owner)
	k, _ := c.key(ctx, tenants.NewKey{Name: "ci", Role: rbac.Member})
	failed := race(repeat(5, func() error {
		return c.in(ctx, func(tx *db.TenantTx) error { return c.keys.Revoke(ctx, tx, k.ID) })
	})...)
	if succeeded(failed) != 1 {
		t.Errorf("Revoke five times at once = %v, want one to do it", failed)
	}
	c.refuse(ctx, "Find", errNotFound, func(tx *db.TenantTx) error { _, err := c.keys.Find(ctx, tx, k.ID); return err })
	c.refuse(ctx, "Rotate", errNotFound, func(tx *db.TenantTx) error { _, _, err := c.keys.Rotate(ctx, tx, k.ID, 0); return err })
	c.must(ctx, "List", func(tx *db.TenantTx) error {
		list, err := c.keys.List(ctx, tx, id.Key{}, 10)
		if len(list) != 0 {
			t.Errorf("List = %v, want none", list)
		}
		return err
	})
	n := 0
	for _, typ := range c.log() {
		if typ == events.KeyRevoked {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d events of the revocation, want 1", n)
	}
}
