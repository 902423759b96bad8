package conformance

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// playCallbacks brings honest answers of OpenID Providers back where and when they do not belong.
func (s *suite) playCallbacks(ctx context.Context, server *testidp.Server) error {
	a, err := s.callbackStand(ctx, server)
	if err != nil {
		return err
	}
	defer a.browser.close()
	b, err := s.callbackStand(ctx, server)
	if err != nil {
		return err
	}
	defer b.browser.close()
	for _, one := range []attack{
		a.again(),
		{area: Replay, id: "OIDC-003", title: "a callback in another browser", play: func(ctx context.Context, v *visit) (answer, error) {
			back, err := a.answered(ctx, a.browser.visit(), honest)
			if err != nil {
				return answer{}, err
			}
			return v.get(ctx, back)
		}},
		{area: Replay, id: "OIDC-003-cookie", title: "a callback in another browser, which has a sign-in of its own", play: func(ctx context.Context, v *visit) (answer, error) {
			back, err := a.answered(ctx, a.browser.visit(), honest)
			if err != nil {
				return answer{}, err
			}
			if _, err := a.answered(ctx, v, honest); err != nil {
				return answer{}, err
			}
			return v.get(ctx, back)
		}},
		{area: Tenants, id: "OIDC-006", title: "a callback of one organization at another's address", play: func(ctx context.Context, v *visit) (answer, error) {
			back, err := a.answered(ctx, v, honest)
			if err != nil {
				return answer{}, err
			}
			return v.get(ctx, strings.Replace(back, a.connection.RedirectURI, b.connection.RedirectURI, 1))
		}},
		{area: Tenants, id: "OIDC-012", title: "the code of one organization with the state of another", play: func(ctx context.Context, v *visit) (answer, error) {
			theirs, err := b.answered(ctx, v, honest)
			if err != nil {
				return answer{}, err
			}
			ours, err := a.answered(ctx, v, honest)
			if err != nil {
				return answer{}, err
			}
			back, err := mixed(ours, theirs)
			if err != nil {
				return answer{}, err
			}
			return v.get(ctx, back)
		}},
	} {
		one.expect = samlforge.Refuse
		if err := a.try(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// again is an attack with a callback that has brought its person in already.
func (st *oidcStand) again() attack {
	var back string
	return attack{
		area: Replay, id: "OIDC-004", title: "the same callback twice",
		prepare: func(ctx context.Context, v *visit) (err error) {
			first := st.browser.visit()
			if back, err = st.answered(ctx, first, honest); err != nil {
				return err
			}
			maps.Copy(v.cookies, first.cookies)
			_, err = first.get(ctx, back)
			return err
		},
		play: func(ctx context.Context, v *visit) (answer, error) { return v.get(ctx, back) },
	}
}

// callbackStand is a connection with an honest provider, whose person has come in.
func (s *suite) callbackStand(ctx context.Context, server *testidp.Server) (*oidcStand, error) {
	st, err := s.stand(ctx)
	if err != nil {
		return nil, err
	}
	out, err := st.oidcStand(ctx, server, testidp.Issuer{
		Name: "callback-" + st.tenant.Slug, Users: []testidp.User{{Login: honest, Email: st.email(honest), EmailVerified: true, Name: honest}},
	})
	if err != nil {
		return nil, err
	}
	return out, st.try(ctx, attack{
		area: Honesty, id: "OIDC-HONEST", title: "an honest sign-in by OpenID Connect", variant: st.tenant.Slug, expect: samlforge.Accept,
		honest: st.as(honest), play: out.signIn(honest),
	})
}

// mixed is a callback with the code of another one.
func mixed(callback, other string) (string, error) {
	to, errTo := url.Parse(callback)
	from, errFrom := url.Parse(other)
	if err := errors.Join(errTo, errFrom); err != nil {
		return "", err
	}
	query := to.Query()
	query.Set("code", from.Query().Get("code"))
	to.RawQuery = query.Encode()
	return to.String(), nil
}
