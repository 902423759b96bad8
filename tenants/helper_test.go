package tenants_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// world is a database of one test.
type world struct {
	testing.TB
	db    *db.DB
	admin *pgx.Conn // a superuser, who sees all rows
	ahead atomic.Int64
	keys  tenants.Keys
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	base := testdb.New(tb)
	w := &world{TB: tb, keys: tenants.Keys{Pepper: secret.NewPepper(bytes.Repeat([]byte{5}, 32))}}
	var err error
	w.db, err = db.Open(tb.Context(), db.Config{
		URL: base.URL, MaxConns: 24, Clock: func(t time.Time) time.Time { return t.Add(time.Duration(w.ahead.Load())) },
	})
	if err != nil {
		tb.Fatalf("Open = %v", err)
	}
	tb.Cleanup(w.db.Close)
	if w.admin, err = pgx.Connect(tb.Context(), base.AdminURL); err != nil {
		tb.Fatalf("connect as the superuser: %v", err)
	}
	tb.Cleanup(func() { _ = w.admin.Close(context.WithoutCancel(tb.Context())) })
	return w
}

func (w *world) sleep(d time.Duration) { w.ahead.Add(int64(d)) }

// company is a tenant with its first owner.
type company struct {
	*world
	tenant tenants.Tenant
	owner  tenants.Membership
}

func (w *world) company(slug string) *company {
	w.Helper()
	c := &company{world: w}
	ctx := authn.AsOperator(w.Context())
	err := w.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		c.tenant, c.owner, err = tenants.Create(ctx, sys, tx, tenants.New{
			Slug: slug, Name: slug, Plan: billing.Team, Owner: "owner@" + slug + ".example",
		})
		return err
	})
	if err != nil {
		w.Fatalf("create tenant %s: %v", slug, err)
	}
	return c
}

func newCompany(tb testing.TB) *company {
	tb.Helper()
	return newWorld(tb).company("acme")
}

func (c *company) join(name string, role rbac.Role) tenants.Membership {
	c.Helper()
	m, err := c.tryJoin(id.User{}, name+"@acme.example", role)
	if err != nil {
		c.Fatalf("join %s: %v", name, err)
	}
	return m
}

// tryJoin lets a person in; the zero user is a new one.
func (c *company) tryJoin(user id.User, email string, role rbac.Role) (m tenants.Membership, err error) {
	ctx := authn.AsOperator(c.Context())
	err = c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if user.IsZero() {
			if user, err = tenants.NewUser(ctx, sys); err != nil {
				return err
			}
		}
		m, err = tenants.Join(ctx, tx, user, role, tenants.Profile{Email: email}, tenants.SourceJIT)
		return err
	})
	return m, err
}

// as is the context of a member's request.
func (c *company) as(m tenants.Membership) context.Context {
	return authn.With(c.Context(), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, User: m.UserID, Membership: m.ID, Role: string(m.Role), Method: "google",
	})
}

func (c *company) operator() context.Context { return authn.AsOperator(c.Context()) }

// machine is the context of an API key's request.
func (c *company) machine(role rbac.Role) context.Context {
	return authn.With(c.Context(), &authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Key: id.New[id.Key](), Role: string(role)})
}

func (c *company) in(ctx context.Context, fn func(*db.TenantTx) error) error {
	return c.db.Tenant(ctx, c.tenant.ID, fn)
}

func (c *company) must(ctx context.Context, what string, fn func(*db.TenantTx) error) {
	c.Helper()
	if err := c.in(ctx, fn); err != nil {
		c.Fatalf("%s: %v", what, err)
	}
}

// reload reads a membership, a removed one too.
func (c *company) reload(m tenants.Membership) (now tenants.Membership) {
	c.Helper()
	c.must(c.operator(), "reload", func(tx *db.TenantTx) (err error) {
		now, err = tenants.MemberByUser(c.Context(), tx, m.UserID)
		return err
	})
	return now
}

// refuse fails unless the change is refused with the code, and leaves every row of every table as it was.
func (c *company) refuse(ctx context.Context, what string, want *errs.Error, fn func(*db.TenantTx) error) {
	c.Helper()
	before := c.rows()
	wantCode(c, what, c.in(ctx, fn), want)
	if diff := cmp.Diff(before, c.rows()); diff != "" {
		c.Errorf("%s was refused and changed rows (-before +after):\n%s", what, diff)
	}
}

func wantCode(tb testing.TB, what string, err error, want *errs.Error) {
	tb.Helper()
	if got := errs.As(err); err == nil || got.Code != want.Code || got.Kind != want.Kind {
		tb.Errorf("%s = %v, want %s", what, err, want.Code)
	}
}

var errInvalid = errs.New(errs.Invalid, "invalid_input", "")

// rows has a digest of each table, by name.
func (w *world) rows() map[string]string {
	w.Helper()
	names, err := query[string](w, `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`)
	if err != nil {
		w.Fatalf("list tables: %v", err)
	}
	digests := map[string]string{}
	for _, n := range names {
		d, err := query[string](w, fmt.Sprintf(`SELECT count(*) || ' ' || COALESCE(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM %q t`, n))
		if err != nil {
			w.Fatalf("read %s: %v", n, err)
		}
		digests[n] = d[0]
	}
	return digests
}

func query[T any](w *world, sql string, args ...any) ([]T, error) {
	rows, err := w.admin.Query(w.Context(), sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.admin.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// log is what happened in the tenant, oldest first.
func (c *company) log() (types []events.Type) {
	c.Helper()
	c.must(c.operator(), "list events", func(tx *db.TenantTx) error {
		list, err := events.List(c.Context(), tx, events.Filter{}, id.Event{}, 1000)
		for i := range list {
			types = append(types, list[len(list)-1-i].Type)
		}
		return err
	})
	return types
}

// race runs all at once and returns their errors.
func race(all ...func() error) []error {
	failed := make([]error, len(all))
	start := make(chan struct{})
	var done sync.WaitGroup
	for i, f := range all {
		done.Go(func() {
			<-start
			failed[i] = f()
		})
	}
	close(start)
	done.Wait()
	return failed
}

func repeat(n int, f func() error) []func() error {
	all := make([]func() error, n)
	for i := range all {
		all[i] = f
	}
	return all
}

func succeeded(failed []error) (n int) {
	for _, err := range failed {
		if err == nil {
			n++
		}
	}
	return n
}
