package sso_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// prepared is a change of the company's connection.
func (c *company) prepared(tb testing.TB, change func(*sso.Draft)) *sso.Prepared {
	tb.Helper()
	var d sso.Draft
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		now, err := sso.ConnectionByID(ctx, tx, c.connection.ID)
		d = now.Draft()
		return err
	})
	change(&d)
	p, err := c.signIn.Prepare(tb.Context(), d)
	must(tb, err)
	return &p
}

func same(*sso.Draft) {}

func TestXT_09_TryingAChangeAsksForWhatSavingItWould(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.company(t)
	admin := c.join(t, "admin", rbac.Admin)
	old := *authn.From(c.as(t, admin))
	old.AuthTime = c.now().Add(-6 * time.Minute)
	just := authn.From(c.as(t, admin))
	member := *just
	member.Role = string(rbac.Member)
	held, _ := c.holder(t, sso.NewSetupLink{Connection: c.connection.ID})
	admins := func(d *sso.Draft) { d.DefaultRole = rbac.Admin }
	owners := func(d *sso.Draft) {
		d.Claims.Groups, d.GroupRoles = "groups", []sso.GroupRole{{Group: "G", Role: rbac.Admin}}
	}
	foreign := w.company(t)
	outdated := c.prepared(t, func(d *sso.Draft) { d.Version++ })
	another := c.connect(t, c.draft()).ID
	stranger := foreign.redeem(t)
	before := c.everything(t)
	for name, test := range map[string]struct {
		who        *authn.Principal
		connection id.Connection
		candidate  *sso.Prepared
		want       string
	}{
		"an admin who signed in a while ago":                 {&old, c.connection.ID, c.prepared(t, same), "reauth_required"},
		"a member who would make admins":                     {&member, c.connection.ID, c.prepared(t, admins), "invalid_input"},
		"the holder of a link who would make admins":         {held.Principal(), c.connection.ID, c.prepared(t, admins), "invalid_input"},
		"the holder of a link who would make a group admins": {held.Principal(), c.connection.ID, c.prepared(t, owners), "invalid_input"},
		"the holder of a link, of another connection":        {held.Principal(), another, c.prepared(t, same), "not_found"},
		"an owner of another tenant":                         {stranger, c.connection.ID, c.prepared(t, same), "not_found"},
		"an owner, of another tenant's connection":           {authn.From(c.as(t, c.owner)), foreign.connection.ID, c.prepared(t, same), "not_found"},
		"an owner, of everybody's Google":                    {authn.From(c.as(t, c.owner)), id.Google, c.prepared(t, same), "not_found"},
		"an owner, of a version that is not there":           {authn.From(c.as(t, c.owner)), c.connection.ID, outdated, "try_again"},
		"a key": {&authn.Principal{Kind: authn.APIKey, Tenant: c.tenant.ID, Role: "admin"}, c.connection.ID, c.prepared(t, same), "session_required"},
	} {
		if _, err := c.signIn.BeginTest(visitor(t), test.who, test.connection, test.candidate); errs.CodeOf(err) != test.want {
			t.Errorf("BeginTest of a change by %s = %v, want %s", name, err, test.want)
		}
	}
	_, err := c.signIn.BeginTest(visitor(t), just, c.connection.ID, c.prepared(t, same))
	must(t, err)
	_, err = c.signIn.BeginTest(visitor(t), held.Principal(), c.connection.ID, c.prepared(t, same))
	must(t, err)
	if diff := cmp.Diff(before, c.everything(t)); diff != "" {
		t.Errorf("to begin a try changed rows, the link's time of use among them (-before +after):\n%s", diff)
	}
}

// Whoever came in before is asked about after a change of the provider, so a try of it says that they would be refused until then.
func TestATryOfAnotherProviderSaysWhoIsFrozen(t *testing.T) {
	t.Parallel()
	c := newWorld(t).company(t)
	c.add(t, c.person("alice"))
	owner := c.redeem(t)
	_, err := c.enter(t, "alice")
	must(t, err)
	elsewhere := c.company(t)
	elsewhere.add(t, c.person("alice"))
	candidate := c.prepared(t, func(d *sso.Draft) {
		d.Issuer, d.ClientSecret = elsewhere.idp.URL(), c.draft().ClientSecret
	})
	noted := candidate.Noting([]byte("as typed"))
	r, err := c.signIn.BeginTest(visitor(t), owner, c.connection.ID, &noted)
	must(t, err)
	before := c.everything(t)
	result, err := (&tab{w: c.world, redirect: r}).prove(t, elsewhere.idp, "alice").finish(t)
	must(t, err)
	dry := result.DryRun
	if dry.Refusal == "" || dry.Connection.Status != sso.Drafted || string(dry.Note) != "as typed" {
		t.Errorf("dry run of another provider = %q, %s, note %q; want a refusal, a draft and the note", dry.Refusal, dry.Connection.Status, dry.Note)
	}
	if diff := cmp.Diff(before, c.everything(t)); diff != "" {
		t.Errorf("a try changed rows (-before +after):\n%s", diff)
	}
	if _, err := c.enter(t, "alice"); err != nil {
		t.Errorf("a sign-in after the try = %v", err)
	}
}

// An admin's certificate waits for an owner, in a try as in earnest, and so does a key to pin: who brings one would otherwise be shown any
// member as the provider's.
func TestXT_10_WhatWaitsForAnOwnerIsNotTriedByAnAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.speakSAML(t)
	c := w.federated(t)
	c.add(t, c.person("owner"))
	owner := c.redeem(t)
	admin := *owner
	admin.Role, admin.AuthTime = string(rbac.Admin), c.now()
	key, err := c.idp.MetadataKey()
	must(t, err)
	pin := c.prepared(t, func(d *sso.Draft) { d.SAML.PinnedKey = fingerprintOf(key.Cert) })
	if _, err := c.signIn.BeginTest(visitor(t), &admin, c.connection.ID, pin); errs.CodeOf(err) != "owner_required" {
		t.Errorf("BeginTest by an admin who pins a key = %v, want owner_required", err)
	}
	_, err = c.signIn.BeginTest(visitor(t), owner, c.connection.ID, pin)
	must(t, err)

	must(t, c.idp.AddServiceProvider(testidp.ServiceProvider{
		EntityID: c.signIn.EntityID(c.connection.ID), ACS: []string{c.signIn.CallbackURL(c.connection)},
	}))
	rogue := newKey(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Cert
	candidate := c.prepared(t, func(d *sso.Draft) { d.SAML.Certificates = pemOf(rogue) })
	for name, test := range map[string]struct {
		who  *authn.Principal
		want []string
	}{
		"an admin": {&admin, []string{fingerprintOf(rogue) + "?", signing(t, c.idp)}},
		"an owner": {owner, []string{fingerprintOf(rogue)}},
	} {
		r, err := c.signIn.BeginTest(visitor(t), test.who, c.connection.ID, candidate)
		must(t, err)
		post, err := c.idp.RespondSAML(t.Context(), r.URL, "owner")
		must(t, err)
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(post.Document)}, "RelayState": {post.RelayState}}
		result, err := c.post(t, form, &http.Cookie{Name: r.CookieName, Value: r.CookieValue})
		must(t, err)
		if diff := cmp.Diff(test.want, certs(result.DryRun.Connection)); diff != "" {
			t.Errorf("certificates in a try by %s (-want +got):\n%s", name, diff)
		}
	}
}
