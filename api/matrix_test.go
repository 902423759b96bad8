package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/api"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// The tests of this file run over the table: a new row is tested before anybody thinks of it.

func rows() []web.Row { return new(api.API).Routes().Rows() }

func label(r web.Row) string { return r.Method + " " + r.Path }

// rowsThat returns the rows that are wanted, of which there is one.
func rowsThat(tb testing.TB, want func(web.Row) bool) []web.Row {
	tb.Helper()
	wanted := slices.DeleteFunc(rows(), func(r web.Row) bool { return !want(r) })
	if len(wanted) == 0 {
		tb.Fatal("there is no such row")
	}
	return wanted
}

func all(web.Row) bool           { return true }
func closed(r web.Row) bool      { return r.Open == "" }
func mutates(r web.Row) bool     { return r.Mutates }
func reads(r web.Row) bool       { return !r.Mutates }
func sessionOnly(r web.Row) bool { return r.SessionOnly }

func builtin(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Parse("built-in", catalog.Default())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestEveryRowHasASampleAndNoOther(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, r := range rows() {
		known[label(r)] = true
		if samples[label(r)] == nil {
			t.Errorf("%s has no valid request in samples_test.go", label(r))
		}
	}
	for row := range samples {
		if !known[row] {
			t.Errorf("samples_test.go has a request for %s, which is not in the table", row)
		}
	}
}

func TestAZ01EveryRowAnswersItsSample(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, all) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			try, client, _ := sampled(t, s, r)
			client.Do(t, r.Method, try.path, try.body).Want(t, r.Status)
		})
	}
}

func TestAZ01NobodyIsUnauthenticated(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	with := func(header, value string) func(*testing.T) *apitest.Client {
		return func(*testing.T) *apitest.Client { return s.Anonymous().With(header, value) }
	}
	over := func(t *testing.T) *apitest.Client { // made by who uses it: its token lives for five minutes
		t.Helper()
		c := s.Bearer(s.Session(t, p.tenant, rbac.Admin))
		c.Do(t, "DELETE", "/v1/session", nil).Want(t, 204)
		within(t, time.Second, func() bool { return c.Do(t, "GET", "/v1/me", nil).StatusCode == 401 })
		return c
	}
	for _, who := range []struct {
		name   string
		client func(*testing.T) *apitest.Client
		code   string
	}{
		{"without a credential", func(*testing.T) *apitest.Client { return s.Anonymous() }, "unauthenticated"},
		{"with another scheme", with("Authorization", "Basic YWxpY2U6c2VjcmV0"), "unauthenticated"},
		{"with a forged token", with("Authorization", "Bearer "+forged(p.caller.Access)), "token_invalid"},
		{"with a session that is over", over, "session_revoked"},
		{"with a forged key", with("X-API-Key", "ghk_0000"), "api_key_invalid"},
	} {
		t.Run(who.name, func(t *testing.T) {
			t.Parallel()
			client := who.client(t)
			for _, r := range rowsThat(t, closed) {
				t.Run(label(r), func(t *testing.T) {
					fresh := client.With("X-Forwarded-For", address(label(r)))
					fresh.Do(t, r.Method, anyPath(r), nil).Refused(t, 401, who.code)
				})
			}
		})
	}
}

func TestAZ01EachRoleMayWhatTheCatalogSaysAndNoMore(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := builtin(t)
	for _, role := range apitest.Roles() {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			for _, r := range rowsThat(t, closed) {
				t.Run(label(r), func(t *testing.T) {
					t.Parallel()
					p := newPlace(t, s)
					p.caller = s.Session(t, p.tenant, role)
					try := p.try(t, label(r))
					v := c.Decide(try.caller.Member.Role, billing.Enterprise, rbac.Permission(r.Permission), billing.Feature(r.Feature))
					before := s.SnapshotOf(t, p.tenant.ID)
					got := s.Bearer(try.caller).Do(t, r.Method, try.path, try.body)
					if v.Allowed {
						got.Want(t, r.Status)
						return
					}
					if p := got.Refused(t, 403, "role_lacks_permission"); p.NeedsRole != string(v.NeedsRole) {
						t.Errorf("needs_role = %q, want %q", p.NeedsRole, v.NeedsRole)
					}
					if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
						t.Errorf("a refusal changed rows:\n%s", changed)
					}
				})
			}
		})
	}
}

func TestAZ01APlanWithoutTheFeatureIsRefused(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := builtin(t)
	for _, plan := range billing.Plans() {
		t.Run(string(plan), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			p.tenant.SetPlan(t, plan)
			session := s.Bearer(s.Session(t, p.tenant, rbac.Owner))
			for _, r := range rows() {
				v := c.Decide(rbac.Owner, plan, rbac.Permission(r.Permission), billing.Feature(r.Feature))
				if r.Open != "" || v.Allowed {
					continue
				}
				got := session.Do(t, r.Method, anyPath(r), nil).Refused(t, 403, "feature_not_in_plan")
				if got.NeedsPlan != string(v.NeedsPlan) {
					t.Errorf("%s: needs_plan = %q, want %q", label(r), got.NeedsPlan, v.NeedsPlan)
				}
			}
		})
	}
}

func TestKEY07AKeyIsRefusedWhereAPersonMustAct(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := builtin(t)
	p := newPlace(t, s)
	machine := s.Machine(s.APIKey(t, p.tenant, rbac.Admin))
	for _, r := range rowsThat(t, sessionOnly) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			code := "session_required"
			if !c.Decide(rbac.Admin, billing.Enterprise, rbac.Permission(r.Permission), billing.Feature(r.Feature)).Allowed {
				code = "role_lacks_permission" // only owners may, and no key is one
			}
			before := s.SnapshotOf(t, p.tenant.ID)
			machine.Do(t, r.Method, anyPath(r), nil).Refused(t, 403, code)
			if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID), "api_keys"); changed != "" {
				t.Errorf("a refused key changed rows:\n%s", changed)
			}
		})
	}
}

func TestSES23AStaleProofIsRefusedWhereAFreshOneIsDemanded(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, func(r web.Row) bool { return r.StepUp > 0 }) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s, apitest.SignedInAgo(time.Duration(r.StepUp)*time.Second+time.Minute))
			try := p.try(t, label(r))
			before := s.SnapshotOf(t, p.tenant.ID)
			s.Bearer(try.caller).Do(t, r.Method, try.path, try.body).Refused(t, 401, "reauth_required")
			if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
				t.Errorf("a refusal changed rows:\n%s", changed)
			}
		})
	}
}

func TestTEN01AnotherTenantsIDsNameNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	attacker := newPlace(t, s)
	for _, r := range rowsThat(t, func(r web.Row) bool { return closed(r) && strings.Contains(r.Path, "{") }) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			victim := newPlace(t, s)
			try := victim.try(t, label(r))
			for _, who := range []struct {
				name   string
				client *apitest.Client
			}{
				{"session", s.Bearer(attacker.caller)},
				{"cookies", s.Browser(s.Session(t, attacker.tenant, rbac.Owner))},
				{"key", s.Machine(s.APIKey(t, attacker.tenant, rbac.Admin))},
			} {
				if who.name == "key" && r.SessionOnly {
					continue
				}
				before := s.SnapshotOf(t, victim.tenant.ID)
				who.client.Do(t, r.Method, try.path, try.body).Refused(t, 404, "not_found")
				if changed := before.Changed(s.SnapshotOf(t, victim.tenant.ID)); changed != "" {
					t.Errorf("by %s, the other tenant's rows changed:\n%s", who.name, changed)
				}
			}
		})
	}
}

func TestEveryMutationLeavesAnEvent(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, mutates) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			try, client, where := sampled(t, s, r)
			before := s.Events(t, where)
			client.Do(t, r.Method, try.path, try.body).Want(t, r.Status)
			if after := s.Events(t, where); r.NoEvent == "" && after <= before {
				t.Errorf("%d events before and %d after, want more: or say with NoEvent why there is none", before, after)
			}
		})
	}
}

func TestWEB05GetChangesNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rows() { // one by one: the snapshot is of the whole database
		if !reads(r) {
			continue
		}
		p := newPlace(t, s)
		try := p.try(t, label(r))
		client := s.Bearer(try.caller)
		if r.Open != "" {
			client = s.Anonymous()
		}
		before := s.Snapshot(t)
		client.Do(t, r.Method, try.path, nil).Want(t, r.Status)
		if changed := before.Changed(s.Snapshot(t)); changed != "" {
			t.Errorf("%s changed rows:\n%s", label(r), changed)
		}
	}
}
