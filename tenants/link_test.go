package tenants_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func (c *company) link(m tenants.Membership, ttl time.Duration) (cred secret.Credential) {
	c.Helper()
	c.must(c.operator(), "IssueLink", func(tx *db.TenantTx) (err error) {
		cred, err = tenants.IssueLink(c.operator(), tx, m, ttl)
		return err
	})
	return cred
}

func (c *company) redeem(cred secret.Credential) (m tenants.Membership, err error) {
	err = c.in(c.Context(), func(tx *db.TenantTx) error {
		m, err = tenants.RedeemLink(c.Context(), tx, cred)
		return err
	})
	return m, err
}

func TestLinkWorksOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	cred := c.link(m, time.Hour)
	failed := race(repeat(50, func() error { _, err := c.redeem(cred); return err })...)
	if succeeded(failed) != 1 {
		t.Errorf("a link worked %d times of 50, want 1", succeeded(failed))
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the other times", err, tenants.ErrLinkUsed)
		}
	}
	second := c.link(m, time.Hour)
	if got, err := c.redeem(second); err != nil || got.ID != m.ID {
		t.Errorf("RedeemLink = %v, %v, want %v", got.ID, err, m.ID)
	}
}

func TestLinkThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	other := c.company("globex")
	m := c.join("m", rbac.Member)
	cred := c.link(m, time.Hour)
	refused := func(what string, cred secret.Credential) {
		t.Helper()
		c.refuse(c.Context(), what, tenants.ErrLinkUsed, func(tx *db.TenantTx) error {
			_, err := tenants.RedeemLink(c.Context(), tx, cred)
			return err
		})
	}
	guess := cred
	guess.Secret[0] ^= 1
	refused("a wrong secret", guess)
	otherKind := cred
	otherKind.Prefix = secret.PrefixAPIKey
	refused("a credential of another kind", otherKind)
	refused("another tenant's link", other.link(other.owner, time.Hour))

	c.sleep(time.Hour - time.Second)
	last := c.link(m, time.Second)
	c.sleep(time.Second)
	refused("a link at its very end", cred)
	refused("a short link at its very end", last)

	cred = c.link(m, time.Hour)
	c.must(c.operator(), "suspend", func(tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(c.operator(), tx, m.ID)
		return err
	})
	if _, err := c.redeem(cred); !errors.Is(err, tenants.ErrLinkUsed) {
		t.Errorf("the link of a suspended member = %v, want %v", err, tenants.ErrLinkUsed)
	}
	c.must(c.operator(), "resume", func(tx *db.TenantTx) error {
		_, err := tenants.ResumeMember(c.operator(), tx, m.ID)
		return err
	})
	refused("a link that was tried while its member was suspended", cred)
	cred = c.link(m, time.Hour)
	c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, m.ID) })
	if _, err := c.redeem(cred); !errors.Is(err, tenants.ErrLinkUsed) {
		t.Errorf("the link of a removed member = %v, want %v", err, tenants.ErrLinkUsed)
	}
}

func TestOnlyTheOperatorMakesLinks(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Viewer)
	for _, ctx := range []context.Context{c.as(c.owner), c.machine(rbac.Admin), c.Context()} {
		c.refuse(ctx, "IssueLink", tenants.ErrRoleTooHigh, func(tx *db.TenantTx) error {
			_, err := tenants.IssueLink(ctx, tx, m, time.Hour)
			return err
		})
	}
	c.refuse(c.operator(), "IssueLink for no time", errInvalid, func(tx *db.TenantTx) error {
		_, err := tenants.IssueLink(c.operator(), tx, m, 0)
		return err
	})
}
