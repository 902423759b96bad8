package realidp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// password is everybody's.
const password = "password"

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func glewlwydScopes() []string { return []string{"openid", "email", "profile"} }

func (p *Provider) registerGlewlwyd(ctx context.Context, redirectURI string) (string, string, error) {
	id, secret := "client-"+strings.ToLower(rand.Text()[:10]), rand.Text()
	err := p.call(ctx, p.admin, http.MethodPost, "/api/client/", map[string]any{
		"client_id": id, "name": id, "confidential": true, "password": secret, "enabled": true,
		"redirect_uri": []string{redirectURI}, "authorization_type": []string{"code", "refresh_token"},
		"token_endpoint_auth_method": []string{"client_secret_basic"}, "scope": glewlwydScopes(),
	}, nil)
	return id, secret, err
}

func (p *Provider) addGlewlwydUser(ctx context.Context, u User) error {
	verified := "0"
	if u.EmailVerified {
		verified = "1"
	}
	return p.call(ctx, p.admin, http.MethodPost, "/api/user/", map[string]any{
		"username": u.Login, "name": u.Name, "email": u.Email, "email_verified": verified, "password": password,
		"enabled": true, "scope": append(glewlwydScopes(), "g_profile"),
	}, nil)
}

// loginGlewlwyd makes the calls that Glewlwyd's login page makes by script: password, consent, and back to the
// authorization endpoint with g_continue, which tells it that the person has seen both.
func (p *Provider) loginGlewlwyd(ctx context.Context, browser *http.Client, at *url.URL, login string) (string, error) {
	if err := p.call(ctx, browser, http.MethodPost, "/api/auth/", credentials{login, password}, nil); err != nil {
		return "", err
	}
	query := at.Query()
	grant := "/api/auth/grant/" + url.PathEscape(query.Get("client_id")) + "/"
	if err := p.call(ctx, browser, http.MethodPut, grant, map[string]any{"scope": query.Get("scope")}, nil); err != nil {
		return "", err
	}
	next := *at
	next.RawQuery += "&g_continue"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, next.String(), nil)
	if err != nil {
		return "", err
	}
	resp, err := browser.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", err
	}
	location := resp.Header.Get("Location")
	switch {
	case location == "" && query.Get("response_mode") == "form_post":
		target, form, err := fill(req.URL, string(body), login)
		return target + "?" + form.Encode(), err
	case location == "":
		return "", fmt.Errorf("authorization answered %d without a redirect", resp.StatusCode)
	case strings.HasPrefix(location, p.base+"/"):
		return "", fmt.Errorf("authorization did not take the session: %s", location)
	}
	return location, nil
}
