package realidp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// registerPanva uses dynamic registration (RFC 7591).
func (p *Provider) registerPanva(ctx context.Context, tenant, redirectURI string) (string, string, error) {
	var out struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	err := p.call(ctx, &http.Client{Timeout: 10 * time.Second}, http.MethodPost, "/t/"+tenant+"/reg", map[string]any{
		"redirect_uris": []string{redirectURI}, "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "token_endpoint_auth_method": "client_secret_basic",
	}, &out)
	return out.ID, out.Secret, err
}

// loginPanva fills in whatever form comes next until a redirect leaves the provider.
func (p *Provider) loginPanva(ctx context.Context, browser *http.Client, at *url.URL, login string) (string, error) {
	d, err := walk(ctx, browser, p.base, Redirect(at.String()), login)
	switch {
	case err != nil:
		return "", err
	case d.Method == "":
		return "", errors.New("a page without a form")
	case d.Method == http.MethodPost: // response_mode=form_post
		return d.URL + "?" + d.Values.Encode(), nil
	}
	return d.URL, nil
}
