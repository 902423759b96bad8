package conformance

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// guest is somebody who is signed in, and whom a forgery wants to sign out.
type guest struct {
	*visit
	login, index string
}

// playLogouts tries to sign people out by forged logout messages, and then by an honest one.
func (s *suite) playLogouts(ctx context.Context) error {
	st, err := s.samlStand(ctx, samlOptions{mode: samlforge.SignBoth})
	if err != nil {
		return err
	}
	defer st.browser.close()
	if a, err := st.browser.visit().get(ctx, st.connection.SAML.SP.SLOURL); err != nil || a.status == http.StatusNotFound {
		s.skip(Logout, "the installation has no single logout")
		return err
	}
	if err := st.introduce(ctx, "logout"); err != nil {
		return err
	}
	guests := map[string]*guest{}
	for _, one := range samlforge.LogoutScenarios() {
		for _, binding := range one.Bindings {
			if err := st.forgeLogout(ctx, guests, one, binding); err != nil {
				return err
			}
		}
	}
	return st.honestLogout(ctx, guests)
}

// present makes sure that somebody is signed in.
func (st *samlStand) present(ctx context.Context, guests map[string]*guest, login string) (*guest, error) {
	if g := guests[login]; g != nil {
		if who, _, err := g.person(ctx); err != nil || who != "" {
			return g, err
		}
	}
	g := &guest{visit: st.browser.visit(), login: login, index: samlforge.NewID()}
	r, err := st.start(ctx, g.visit)
	if err != nil {
		return nil, err
	}
	o := st.options(r, login)
	o.SessionIndex = g.index
	doc, err := samlforge.Response(o)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what it is
	}
	if err := st.mustEnter(ctx, g.visit, doc, r.relayState); err != nil {
		return nil, err
	}
	guests[login] = g
	return g, nil
}

func (st *samlStand) logoutOptions(g *guest) samlforge.LogoutOptions {
	return samlforge.LogoutOptions{
		IdP: st.idp, Destination: st.connection.SAML.SP.SLOURL, Now: now(), Key: st.key, Subject: st.person(g.login).NameID, SessionIndex: g.index,
		RelayState: "state",
	}
}

func (st *samlStand) forgeLogout(ctx context.Context, guests map[string]*guest, one samlforge.LogoutScenario, binding string) error {
	target, err := st.present(ctx, guests, honest)
	if err != nil {
		return err
	}
	other, err := st.present(ctx, guests, victim)
	if err != nil {
		return err
	}
	o := st.logoutOptions(target)
	if one.Message == samlforge.SAMLResponse {
		o.InResponseTo = samlforge.NewID()
	}
	m, err := one.Build(o, binding, st.tools)
	if err != nil {
		return fmt.Errorf("%s: %w", one.ID, err)
	}
	a, err := st.sendLogout(ctx, target.visit, m)
	if err != nil {
		return err
	}
	result := Result{
		Area: Logout, ID: one.ID, Title: one.Title, Variant: bindingName(binding), Expect: one.Outcome, Verdict: Refused, Status: a.status, Code: a.code,
	}
	stay := []*guest{other}
	if one.Outcome == samlforge.Refuse {
		stay = append(stay, target)
	}
	for _, g := range stay {
		if who, _, err := g.person(ctx); err != nil {
			return err
		} else if who == "" {
			result.Verdict, result.Problem = Failed, g.login+" was signed out"
		}
	}
	if a.status >= http.StatusInternalServerError {
		result.Verdict, result.Problem = Failed, fmt.Sprintf("the server failed with %d %s", a.status, a.code)
	}
	st.record(result)
	return nil
}

// sendLogout brings a message through the browser of somebody, as the provider's page does.
func (st *samlStand) sendLogout(ctx context.Context, v *visit, m samlforge.LogoutMessage) (answer, error) {
	slo := st.connection.SAML.SP.SLOURL
	// The session's cookies do not come along on a cross-site POST, and the message must not need them.
	bare := v.visit()
	if m.Form != nil {
		return bare.form(ctx, slo, m.Form, "https://idp."+st.tenant.Domain)
	}
	return bare.get(ctx, slo+"?"+m.Query)
}

// honestLogout shows that a message which is in order does sign out: else the refusals before it meant nothing.
func (st *samlStand) honestLogout(ctx context.Context, guests map[string]*guest) error {
	for _, binding := range []string{samlforge.RedirectBinding, samlforge.PostBinding} {
		g, err := st.present(ctx, guests, honest)
		if err != nil {
			return err
		}
		o := st.logoutOptions(g)
		o.Binding = binding
		m, err := samlforge.LogoutRequest(o)
		if err != nil {
			return err //nolint:wrapcheck // says what it is
		}
		a, err := st.sendLogout(ctx, g.visit, m)
		if err != nil {
			return err
		}
		who, _, err := g.person(ctx)
		if err != nil {
			return err
		}
		result := Result{
			Area: Honesty, ID: "SAML-LOGOUT", Title: "an honest single logout", Variant: bindingName(binding), Expect: samlforge.Accept, Verdict: Accepted, Status: a.status,
		}
		if who != "" {
			result.Verdict, result.Problem = Failed, "an honest LogoutRequest ended nothing: "+a.code
		}
		st.record(result)
	}
	return nil
}

func bindingName(binding string) string {
	if binding == samlforge.RedirectBinding {
		return "redirect"
	}
	return "post"
}
