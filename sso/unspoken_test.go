package sso_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
)

// A connection outlives the configuration that it was made under.
func TestAConnectionOfAProtocolThatIsNotSpokenAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.samlCompany(t, sso.SAML{})
	attempts := len(w.attempts(t, c.tenant.ID))
	mute := w.newSignIn(t, func(cfg *sso.Config) { cfg.SAML = nil })
	_, err := mute.Begin(visitor(t), sso.Start{Slug: c.tenant.Slug, Connection: c.connection.ID})
	if errs.CodeOf(err) != "connection_protocol" || errs.As(err).Kind != errs.Conflict {
		t.Errorf("Begin without SAML = %v, want connection_protocol", err)
	}
	if n := len(w.attempts(t, c.tenant.ID)) - attempts; n != 0 {
		t.Errorf("%d attempts were begun that nobody can end", n)
	}
	r := httptest.NewRequestWithContext(visitor(t), http.MethodPost, c.signIn.CallbackURL(c.connection), nil)
	if _, err := mute.Finish(visitor(t), r, sso.ProtocolSAML, c.connection.ID); errs.As(err).Kind != errs.Missing {
		t.Errorf("Finish without SAML = %v, want that there is no such address", err)
	}
	if _, err := mute.Refetch(c.through(t, c.owner, "owner"), c.connection.ID); errs.CodeOf(err) != "connection_protocol" {
		t.Errorf("Refetch without SAML = %v, want connection_protocol", err)
	}
}
