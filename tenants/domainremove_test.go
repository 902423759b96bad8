package tenants_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestRemovingAVerifiedDomainTakesAnOwnerOrAProof(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	other := r.at(r.world.company("globex"))
	must(t, r.claim("corp.example"))
	var d tenants.Domain
	r.must(r.operator(), "VerifiedDomain", func(tx *db.TenantTx) (err error) {
		d, err = tenants.VerifiedDomain(r.operator(), tx, "corp.example")
		return err
	})
	admin := r.join("admin", rbac.Admin)
	signedIn := func(ago time.Duration) context.Context {
		return authn.With(r.Context(), &authn.Principal{
			Kind: authn.Member, Tenant: r.tenant.ID, User: admin.UserID, Membership: admin.ID, Role: string(admin.Role), AuthTime: time.Now().Add(-ago),
		})
	}
	wantCode(t, "Remove by an administrator of yesterday", r.remove(signedIn(24*time.Hour), d.ID), tenants.ErrReauthRequired)
	wantCode(t, "Remove by a key", r.remove(r.machine(rbac.Admin), d.ID), tenants.ErrPersonOnly)
	link := authn.With(r.Context(), &authn.Principal{Kind: authn.Setup, Tenant: r.tenant.ID})
	wantCode(t, "Remove by a set-up link", r.remove(link, d.ID), tenants.ErrPersonOnly)
	wantCode(t, "Remove by nobody", r.remove(r.Context(), d.ID), tenants.ErrReauthRequired)
	wantCode(t, "Remove by another tenant", other.remove(other.as(other.owner), d.ID), errNotFound)
	r.leads("corp.example", r.tenant.ID)
	must(t, r.remove(signedIn(time.Minute), d.ID))
	r.leads("corp.example", id.Tenant{})
	if n := r.mails(); n != 1 {
		t.Errorf("%d letters, want one to the owner", n)
	}
	wantCode(t, "Remove twice", r.remove(r.as(r.owner), d.ID), errNotFound)
	must(t, other.claim("corp.example"))
	r.wantLog(events.DomainAdded, events.DomainVerified, events.DomainRemoved)

	must(t, r.claim("owned.example"))
	r.must(r.operator(), "VerifiedDomain", func(tx *db.TenantTx) (err error) {
		d, err = tenants.VerifiedDomain(r.operator(), tx, "owned.example")
		return err
	})
	must(t, r.remove(r.as(r.owner), d.ID))
	pending := r.list(r.operator(), "pending.example")
	must(t, r.remove(r.machine(rbac.Admin), pending.ID))
	if n := r.mails(); n != 2 {
		t.Errorf("%d letters, want none for a domain that was not verified", n)
	}
}

func TestATenantListsAHundredDomains(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	for n := range tenants.MaxDomains - 2 {
		r.list(r.operator(), fmt.Sprintf("d%d.example", n))
	}
	var more []func() error
	for n := range 6 {
		more = append(more, func() error { return r.add(fmt.Sprintf("more%d.example", n)) })
	}
	failed := race(more...)
	if succeeded(failed) != 2 {
		t.Errorf("of 6 more domains %d were listed, want 2: %v", succeeded(failed), failed)
	}
	for _, err := range failed {
		if err != nil {
			wantCode(t, "the others", err, errs.New(errs.Conflict, "too_many_domains", ""))
		}
	}
}
