package realidp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Login carries an AuthnRequest to the provider, plays the person there, and returns the Response on its way to the
// service provider. The client's cookies are used and kept, so that a second call with it meets the session of the first
// and the person need not be the one that is asked for; its redirect policy is not used. A client without a jar, or nil,
// is a new browser.
func (p *SAML) Login(ctx context.Context, client *http.Client, request Delivery, login string) (Delivery, error) {
	d, err := p.send(ctx, client, request, login)
	if err == nil && d.Method == "" {
		err = errors.New("no response")
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("sign in to %s as %s: %w", p.kind, login, err)
	}
	return d, nil
}

// InitiatedLogin says who signs in where.
type InitiatedLogin struct {
	Tenant     string // whose provider
	EntityID   string // of the service provider
	RelayState string // none if empty
	Login      string
}

// InitiateLogin signs a person in at the provider without an AuthnRequest and returns the unsolicited Response.
func (p *SAML) InitiateLogin(ctx context.Context, client *http.Client, to InitiatedLogin) (Delivery, error) {
	query := url.Values{}
	if to.RelayState != "" {
		query.Set("RelayState", to.RelayState)
	}
	path := "/t/" + to.Tenant + "/init"
	if p.kind == SimpleSAMLphp {
		path = "/saml2/idp/SSOService.php"
		query.Set("spentityid", to.EntityID)
	} else {
		query.Set("sp", to.EntityID)
	}
	return p.Login(ctx, client, Redirect(p.base+path+"?"+query.Encode()), to.Login)
}

// Logout carries a LogoutRequest or LogoutResponse of the service provider to the provider, in the browser that signed
// in, and returns what the provider sends next. The zero Delivery is its last page.
func (p *SAML) Logout(ctx context.Context, client *http.Client, message Delivery) (Delivery, error) {
	d, err := p.send(ctx, client, message, "")
	if err != nil {
		return Delivery{}, fmt.Errorf("log out at %s: %w", p.kind, err)
	}
	return d, nil
}

// InitiateLogout starts a single logout at the provider, in the browser that signed in, and returns the LogoutRequest for
// the first service provider of the session. The zero Delivery says that there is none.
func (p *SAML) InitiateLogout(ctx context.Context, client *http.Client, tenant string) (Delivery, error) {
	address := p.base + "/t/" + tenant + "/slo"
	if p.kind == SimpleSAMLphp {
		address = p.base + "/saml2/idp/initSLO.php?RelayState=" + url.QueryEscape(p.base+"/logout.php")
	}
	return p.Logout(ctx, client, Redirect(address))
}

func (p *SAML) send(ctx context.Context, client *http.Client, d Delivery, login string) (Delivery, error) {
	if !strings.HasPrefix(d.URL, p.base+"/") {
		return Delivery{}, fmt.Errorf("%q is not at %s", d.URL, p.base)
	}
	return walk(ctx, p.client(client), p.base, d, login)
}

func (p *SAML) client(client *http.Client) *http.Client {
	browser := withCookies(client)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return browser
}
