package sso_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestASetupLinkOpensOnce(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	l, cred, err := c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{Email: "It@Supplier.test"})
	must(t, err)
	if l.Email != "it@supplier.test" || l.ExpiresAt.Sub(l.CreatedAt) != 7*24*time.Hour {
		t.Errorf("CreateSetupLink = %q until %v, want it@supplier.test for 7 days", l.Email, l.ExpiresAt)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	opened, refused := 0, 0
	for range 50 {
		wg.Go(func() {
			_, cookie, err := c.signIn.OpenSetupLink(visitor(t), cred)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && cookie != nil:
				opened++
			case errors.Is(err, sso.ErrSetupLink) && cookie == nil:
				refused++
			default:
				t.Errorf("OpenSetupLink = %v", err)
			}
		})
	}
	wg.Wait()
	if opened != 1 || refused != 49 {
		t.Errorf("50 at once opened the link %d times and were refused %d times, want 1 and 49", opened, refused)
	}
	if got := c.events(t, authn.Setup); !slices.Equal(got, []string{"setup_link.opened"}) {
		t.Errorf("events of the holder = %v, want one opening", got)
	}
	// One letter to the supplier, and two to the owner: it was made, it was opened.
	if n := c.notices(t, c); n != 3 {
		t.Errorf("letters = %d, want 3", n)
	}
}

func TestASetupLinkThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	admin := c.join(t, "admin", rbac.Admin)
	_, cred, err := c.setupLink(t, c.as(t, admin), sso.NewSetupLink{})
	must(t, err)
	_, foreign, err := other.setupLink(t, other.as(t, other.owner), sso.NewSetupLink{})
	must(t, err)
	before := c.links(t)
	refused := func(what string, cred secret.Credential) {
		t.Helper()
		rows, links := w.rows(t, c, other), c.links(t)
		held, cookie, err := c.signIn.OpenSetupLink(visitor(t), cred)
		if err != sso.ErrSetupLink || cookie != nil || held.Link.ID != (id.SetupLink{}) { //nolint:errorlint // the very same answer each time
			t.Errorf("OpenSetupLink of %s = %v, %v, want %v and nothing", what, cookie, err, sso.ErrSetupLink)
		}
		if diff := cmp.Diff(rows, w.rows(t, c, other)); diff != "" || c.links(t) != links {
			t.Errorf("OpenSetupLink of %s changed rows:\n%s", what, diff)
		}
	}
	guess := cred
	guess.Secret[0] ^= 1
	refused("a wrong secret", guess)
	unknown := cred
	unknown.ID = id.New[id.SetupLink]().Bytes()
	refused("an unknown link", unknown)
	moved := foreign
	moved.Tenant = c.tenant.ID.Bytes()
	refused("another tenant's link", moved)
	kind := cred
	kind.Prefix = secret.PrefixSignInLink
	refused("a credential of another kind", kind)
	generation := cred
	generation.Generation = 1
	refused("another spelling", generation)
	installation := cred
	installation.Tenant = id.Installation.Bytes()
	refused("the installation's", installation)

	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, admin.ID, rbac.Member)
		return err
	})
	refused("a link whose maker is no administrator any more", cred)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, admin.ID, rbac.Admin)
		return err
	})
	c.suspendMember(t, admin.ID)
	refused("a link whose maker is suspended", cred)
	if got := c.links(t); got != before {
		t.Errorf("refusals changed the link:\n%s\n%s", before, got)
	}
	_, cred, err = c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{ExpiresAt: c.now().Add(time.Hour)})
	must(t, err)
	c.ahead.Add(int64(time.Hour + time.Second))
	refused("an expired link", cred)
	l, cred, err := c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{})
	must(t, err)
	c.revoke(t, l.ID)
	refused("a revoked link", cred)
	_, cred, err = c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{})
	must(t, err)
	c.suspend(t)
	refused("a link of a suspended tenant", cred)
}

func (c *company) revoke(tb testing.TB, l id.SetupLink) {
	tb.Helper()
	must(tb, c.within(c.as(tb, c.owner), func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx) error {
		return sso.RevokeSetupLink(ctx, tx, l)
	}))
}

func TestWhoMayMakeASetupLink(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	admin, member := c.join(t, "admin", rbac.Admin), c.join(t, "member", rbac.Member)
	held, _ := c.holder(t, sso.NewSetupLink{})
	stale := func(m tenants.Membership) context.Context {
		p := *authn.From(c.as(t, m))
		p.AuthTime = c.now().Add(-6 * time.Minute)
		return authn.With(visitor(t), &p)
	}
	machine := authn.With(visitor(t), &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "admin", Key: id.New[id.Key]()})
	fresh, existing := sso.NewSetupLink{}, sso.NewSetupLink{Connection: c.connection.ID}
	for what, tc := range map[string]struct {
		ctx  context.Context
		in   sso.NewSetupLink
		want error
	}{
		"owner":                            {c.as(t, c.owner), fresh, nil},
		"admin":                            {c.as(t, admin), fresh, nil},
		"operator":                         {authn.AsOperator(t.Context()), fresh, nil},
		"owner, existing connection":       {c.as(t, c.owner), existing, nil},
		"admin, existing connection":       {c.as(t, admin), existing, tenants.ErrOwnerRequired},
		"owner a while ago":                {stale(c.owner), fresh, sso.ErrReauthRequired},
		"admin a while ago":                {stale(admin), fresh, sso.ErrReauthRequired},
		"member":                           {c.as(t, member), fresh, errs.New(errs.Forbidden, "forbidden", "")},
		"API key":                          {machine, fresh, tenants.ErrPersonOnly},
		"anonymous":                        {visitor(t), fresh, errs.New(errs.Forbidden, "forbidden", "")},
		"the holder of another link":       {authn.With(visitor(t), held.Principal()), fresh, errs.New(errs.Forbidden, "forbidden", "")},
		"owner, for too long":              {c.as(t, c.owner), sso.NewSetupLink{ExpiresAt: c.now().Add(31 * 24 * time.Hour)}, errs.InvalidField("expires_at", "")},
		"owner, for no time":               {c.as(t, c.owner), sso.NewSetupLink{ExpiresAt: c.now()}, errs.InvalidField("expires_at", "")},
		"owner, to no address":             {c.as(t, c.owner), sso.NewSetupLink{Email: "a@b@c.test"}, errs.InvalidField("email", "")},
		"owner, a connection that is none": {c.as(t, c.owner), sso.NewSetupLink{Connection: id.New[id.Connection]()}, errs.NotFound("connection")},
	} {
		before := c.links(t)
		_, _, err := c.setupLink(t, tc.ctx, tc.in)
		if tc.want == nil && err != nil || tc.want != nil && errs.CodeOf(err) != errs.CodeOf(tc.want) {
			t.Errorf("CreateSetupLink by %s = %v, want %v", what, err, tc.want)
		}
		if err != nil && c.links(t) != before {
			t.Errorf("CreateSetupLink by %s was refused and left a row", what)
		}
	}
}

func TestThereAreAtMostTwentySetupLinks(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	first, _ := c.holder(t, sso.NewSetupLink{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 30 {
		wg.Go(func() {
			_, _, err := c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if errs.CodeOf(err) != "too_many_setup_links" {
				t.Errorf("CreateSetupLink = %v", err)
			}
		})
	}
	wg.Wait()
	if made != 19 {
		t.Errorf("30 at once made %d links beside one, want 19", made)
	}
	c.revoke(t, first.Link.ID)
	if _, _, err := c.setupLink(t, c.as(t, c.owner), sso.NewSetupLink{}); err != nil {
		t.Errorf("CreateSetupLink after one was revoked = %v", err)
	}
}

func TestXT_36_TheLatestSetupLinksAreTheTenantsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.company(t), w.company(t)
	var made []id.SetupLink
	for range 3 {
		for _, at := range []*company{c, other} {
			l, _, err := at.setupLink(t, at.as(t, at.owner), sso.NewSetupLink{})
			must(t, err)
			if at == c {
				made = append(made, l.ID)
			}
		}
	}
	latest := func(at *company, before id.SetupLink, limit int) (ids []id.SetupLink) {
		at.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
			list, err := sso.LatestSetupLinks(ctx, tx, before, limit)
			for _, l := range list {
				ids = append(ids, l.ID)
			}
			return err
		})
		return ids
	}
	if got, want := latest(c, id.SetupLink{}, 2), []id.SetupLink{made[2], made[1]}; !slices.Equal(got, want) {
		t.Errorf("LatestSetupLinks of two = %v, want %v", got, want)
	}
	if got, want := latest(c, made[1], 10), []id.SetupLink{made[0]}; !slices.Equal(got, want) {
		t.Errorf("LatestSetupLinks before the second = %v, want %v", got, want)
	}
	for _, theirs := range latest(other, made[2], 10) {
		if slices.Contains(made, theirs) {
			t.Errorf("LatestSetupLinks of another tenant has %v", theirs)
		}
	}
}
