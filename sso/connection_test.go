package sso_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// update saves a draft over the company's connection.
func (c *company) update(tb testing.TB, d sso.Draft) (sso.Connection, error) {
	tb.Helper()
	ctx := authn.AsOperator(tb.Context())
	prepared, err := c.signIn.Prepare(ctx, d)
	must(tb, err)
	var made sso.Connection
	err = c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) (err error) {
		made, err = c.signIn.Update(ctx, tx, c.connection.ID, prepared)
		return err
	})
	return made, err
}

func TestOIDC_111_112_XT_010_AnotherIssuerBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, evil := w.company(t), w.company(t)
	c.add(t, c.person("alice"))
	in, err := c.enter(t, "alice")
	must(t, err)
	back := c.begin(t).prove(t, c.idp, "alice")

	d := c.draft()
	d.Issuer, d.ClientSecret = evil.idp.URL(), secret.Text{}
	moved, err := c.update(t, d)
	must(t, err)
	if moved.SecretSet() || moved.SecretHint != "" || moved.Status != sso.Drafted || moved.Version <= c.connection.Version {
		t.Errorf("after another issuer: secret %v, status %s, version %d; want no secret and a new draft", moved.SecretSet(), moved.Status, moved.Version)
	}
	var revoked bool
	must(t, w.admin.QueryRow(t.Context(), "SELECT revoked_at IS NOT NULL FROM sessions WHERE id::text = $1", in.Issued.Session.UUID().String()).Scan(&revoked))
	if !revoked {
		t.Error("the sessions of the old issuer live on")
	}
	c.refused(t, sso.ConnectionInactive, func() (sso.Result, error) { return back.finish(t) })
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		if _, err := c.signIn.Move(ctx, tx, c.connection.ID, sso.Optional); errs.CodeOf(err) != "connection_incomplete" {
			t.Errorf("Activate without a secret = %v, want connection_incomplete", err)
		}
		return nil
	})
	d.ClientSecret = secret.New(clientSecret)
	_, err = c.update(t, d)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := c.signIn.Move(ctx, tx, c.connection.ID, sso.Optional)
		return err
	})
	// The new issuer says the old subject and the old address, and finds nobody.
	evil.add(t, c.person("alice"))
	c.refused(t, sso.LinkRequired, func() (sso.Result, error) { return c.begin(t).prove(t, evil.idp, "alice").finish(t) })
}

func TestOIDC_105_EndpointsAreFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	c.add(t, c.person("alice"))
	for _, scenario := range []string{"OIDC-105-token", "OIDC-105-keys"} {
		must(t, c.idp.Play(scenario))
		_, err := c.enter(t, "alice")
		must(t, err)
	}
	d := c.draft()
	d.ClientSecret = secret.Text{}
	must(t, c.idp.Play("OIDC-105-token"))
	if _, err := c.update(t, d); errs.CodeOf(err) != "endpoints_changed" {
		t.Errorf("Update after the token endpoint moved = %v, want endpoints_changed", err)
	}
	d.AcceptEndpoints = true
	moved, err := c.update(t, d)
	must(t, err)
	if moved.SecretSet() || moved.Status != sso.Drafted {
		t.Errorf("accepted endpoints kept the secret (%v) or the status %s", moved.SecretSet(), moved.Status)
	}
	if hits := w.idp.CanaryHits(); hits != 0 {
		t.Errorf("the canary was called %d times, want 0", hits)
	}
}

func TestOIDC_109_TheSecretNeverComesBack(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	if text, err := json.Marshal(c.connection); err != nil || strings.Contains(string(text), clientSecret) || len(c.connection.SecretHint) != 8 {
		t.Errorf("connection = %s, %v, want a hint of 8 digits and no secret", text, err)
	}
	var found int
	must(t, c.admin.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM connections x WHERE x::text LIKE '%client''s secret%' OR
		position(convert_to($1, 'UTF8') IN client_secret) > 0) + (SELECT count(*) FROM events x WHERE x::text LIKE '%client''s secret%')`,
		clientSecret).Scan(&found))
	if found != 0 {
		t.Errorf("%d rows hold the secret in plain", found)
	}
	d := c.draft()
	d.ClientSecret, d.Name = secret.Text{}, "Renamed"
	kept, err := c.update(t, d)
	must(t, err)
	if kept.SecretHint != c.connection.SecretHint || kept.Status != sso.Optional || kept.Name != "Renamed" {
		t.Errorf("renaming gave %+v, want the same secret and status", kept)
	}
}

func TestOIDC_114_OneRequestInOneWay(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	must(t, c.idp.Play("OIDC-114"))
	c.refused(t, sso.TokenRefused, func() (sso.Result, error) { return c.enter(t, "alice") })
	if n := c.idp.Requests(testidp.Token); n != 1 {
		t.Errorf("the token endpoint was called %d times, want once", n)
	}
	sent, _ := c.idp.LastTokenRequest()
	if sent.Header.Get("Authorization") == "" || sent.Form.Has("client_secret") || sent.Form.Get("code_verifier") == "" {
		t.Errorf("the token request authenticates in two ways or has no verifier")
	}
}

func TestAConnectionIsNoLadder(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	now := time.Now()
	for name, test := range map[string]struct {
		who  authn.Principal
		role rbac.Role
		want string
	}{
		"owner":                   {authn.Principal{Kind: authn.Member, Role: "owner"}, rbac.Admin, ""},
		"admin just now":          {authn.Principal{Kind: authn.Member, Role: "admin", AuthTime: now}, rbac.Admin, ""},
		"XT-09 admin a while ago": {authn.Principal{Kind: authn.Member, Role: "admin", AuthTime: now.Add(-6 * time.Minute)}, rbac.Member, "reauth_required"},
		"member":                  {authn.Principal{Kind: authn.Member, Role: "member", AuthTime: now}, rbac.Admin, "invalid_input"},
		"key of an admin":         {authn.Principal{Kind: authn.APIKey, Role: "admin"}, rbac.Admin, ""},
		"key of a viewer":         {authn.Principal{Kind: authn.APIKey, Role: "viewer"}, rbac.Member, "invalid_input"},
		"nobody":                  {authn.Principal{Kind: authn.Anonymous}, rbac.Viewer, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := authn.With(t.Context(), &test.who)
			d := c.draft()
			d.DefaultRole = test.role
			prepared, err := c.signIn.Prepare(ctx, d)
			must(t, err)
			err = c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
				_, err := c.signIn.Create(ctx, sys, tx, prepared)
				return err
			})
			if err == nil && test.want == "" {
				return
			}
			if errs.CodeOf(err) != test.want {
				t.Errorf("Create = %v, want %q", err, test.want)
			}
		})
	}
}

func TestDraftsThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	for field, spoil := range map[string]func(*sso.Draft){
		"name":          func(d *sso.Draft) { d.Name = "" },
		"issuer":        func(d *sso.Draft) { d.Issuer = "" },
		"client_id":     func(d *sso.Draft) { d.ClientID = "a b" },
		"client_secret": func(d *sso.Draft) { d.ClientSecret = secret.New("two\nlines") },
		"default_role":  func(d *sso.Draft) { d.DefaultRole = rbac.Owner },
		"claims.email":  func(d *sso.Draft) { d.Claims.Email = "sub" },
		"claims.name":   func(d *sso.Draft) { d.Claims.Name = "a\nb" },
	} {
		d := c.draft()
		spoil(&d)
		_, err := c.signIn.Prepare(t.Context(), d)
		if e := errs.As(err); e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != field {
			t.Errorf("Prepare with a wrong %s = %v %v, want that field", field, err, e.Fields)
		}
	}
}

func TestUserInfoAndTransportDuringASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		scenario string
		noEmail  bool // the ID token has no address, so that userinfo is asked
		want     sso.Reason
	}{
		{"OIDC-077", true, sso.UserInfoMismatch},
		{"OIDC-077-missing", true, sso.UserInfoMismatch},
		{"OIDC-077-case", true, sso.UserInfoInvalid},
		{"OIDC-078", true, sso.UserInfoInvalid},
		{"OIDC-078-iss", true, sso.UserInfoInvalid},
		{"OIDC-078-aud", true, sso.UserInfoInvalid},
		{"OIDC-077", false, accepted},
		{"OIDC-079", false, accepted},
		{"USERINFO-500", true, sso.UserInfoInvalid},
		{"SSRF-08-keys", false, sso.KeysUnavailable},
		{"SSRF-08-userinfo", true, sso.ProviderUnreachable},
		{"SSRF-09", false, sso.ProviderUnreachable},
		{"SSRF-17-keys", false, sso.KeysUnavailable},
		{"SSRF-17-userinfo", true, sso.UserInfoInvalid},
		{"SSRF-19-keys", false, sso.KeysUnavailable},
		{"SSRF-19-token", false, sso.TokenResponseInvalid},
		{"SSRF-20-token", false, sso.ProviderUnreachable},
		{"SSRF-21", false, sso.TokenResponseInvalid},
		{"SSRF-24", false, sso.KeysUnavailable},
		{"OIDC-110-token", false, sso.TokenRefused},
		{"OIDC-110-keys", false, sso.KeysUnavailable},
		{"NET-reset", false, sso.ProviderUnreachable},
	} {
		name := test.scenario
		if test.noEmail {
			name += " with userinfo"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.company(t)
			c.add(t, c.person("alice"))
			for _, s := range testidp.Scenarios() {
				if s.ID != test.scenario {
					continue
				}
				fault := s.Fault(c.idp)
				if test.noEmail {
					fault.Claims = func(m map[string]any) { delete(m, "email"); delete(m, "email_verified") }
				}
				back := c.begin(t).prove(t, c.idp, "alice")
				c.idp.Misbehave(fault)
				if test.want == accepted {
					_, err := back.finish(t)
					must(t, err)
					return
				}
				c.refused(t, test.want, func() (sso.Result, error) { return back.finish(t) })
				return
			}
			t.Fatalf("testidp has no scenario %s", test.scenario)
		})
	}
	t.Cleanup(func() {
		if hits := w.idp.CanaryHits(); hits != 0 {
			t.Errorf("the canary was called %d times, want 0", hits)
		}
	})
}

func TestUserInfoFillsWhatTheIDTokenLeavesOut(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	c.idp.Misbehave(testidp.Fault{Claims: func(m map[string]any) { delete(m, "email"); delete(m, "email_verified") }})
	in, err := c.enter(t, "alice")
	must(t, err)
	if p := c.principal(t, in.Issued); p.Email != "alice@"+c.domain {
		t.Errorf("email = %q, want that of userinfo", p.Email)
	}
	// An ID token that vouches for an address it does not name vouches for nothing that userinfo says.
	c.add(t, c.person("bob"))
	c.idp.Misbehave(testidp.Fault{
		Claims:   func(m map[string]any) { delete(m, "email"); m["email_verified"] = true },
		UserInfo: func(m map[string]any) { delete(m, "email_verified") },
	})
	c.refused(t, sso.EmailUnverified, func() (sso.Result, error) { return c.enter(t, "bob") })
}
