package realidp

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
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

// maxSteps bounds a sign-in: redirect, login form, redirects, consent form, redirects.
const maxSteps = 16

// loginPanva fills in whatever form comes next until a redirect leaves the provider.
func (p *Provider) loginPanva(ctx context.Context, browser *http.Client, at *url.URL, login string) (string, error) {
	step := func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	}
	for range maxSteps {
		req, err := step(ctx)
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
		if location := resp.Header.Get("Location"); location != "" {
			if at, err = req.URL.Parse(location); err != nil {
				return "", err
			}
			if !strings.HasPrefix(at.String(), p.base+"/") {
				return at.String(), nil
			}
			target := at.String()
			step = func(ctx context.Context) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
			}
			continue
		}
		target, form, err := fill(req.URL, string(body), login)
		if err != nil {
			return "", fmt.Errorf("status %d: %w", resp.StatusCode, err)
		}
		if !strings.HasPrefix(target, p.base+"/") { // response_mode=form_post
			return target + "?" + form.Encode(), nil
		}
		step = func(ctx context.Context) (*http.Request, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
			if err == nil {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			return req, err
		}
	}
	return "", fmt.Errorf("still at the provider after %d steps", maxSteps)
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*\saction="([^"]*)"`)
	inputTag = regexp.MustCompile(`(?s)<input[^>]*>`)
	nameAttr = regexp.MustCompile(`\sname="([^"]*)"`)
	valAttr  = regexp.MustCompile(`\svalue="([^"]*)"`)
)

// fill completes the first form of a page.
func fill(page *url.URL, body, login string) (string, url.Values, error) {
	action := formTag.FindStringSubmatch(body)
	if action == nil {
		return "", nil, fmt.Errorf("a page without a form at %s", page.Path)
	}
	target, err := page.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", nil, err
	}
	form := url.Values{}
	for _, input := range inputTag.FindAllString(body, -1) {
		name := nameAttr.FindStringSubmatch(input)
		if name == nil {
			continue
		}
		switch name[1] {
		case "login":
			form.Set("login", login)
		case "password":
			form.Set("password", password)
		default:
			value := ""
			if v := valAttr.FindStringSubmatch(input); v != nil {
				value = html.UnescapeString(v[1])
			}
			form.Set(name[1], value)
		}
	}
	return target.String(), form, nil
}
