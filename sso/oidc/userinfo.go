package oidc

import (
	"context"
	"io"
	"mime"
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
)

// userInfo reads what the ID token left out. It counts only for the ID token's own subject (OpenID Connect Core 1.0, section 5.3.2), and
// only as plain JSON: of a signed answer nobody has said for whom it is.
func (p *Provider) userInfo(ctx context.Context, a sso.Attempt, c claims, accessToken string) (object, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Connection.Endpoints.UserInfo, nil)
	if err != nil {
		return nil, sso.Refuse(sso.ProviderUnreachable)
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	resp, err := p.guard.ClientFor(a.Connection.ID.String(), netguard.Limits{Body: maxUserInfo}).Do(req)
	if err != nil {
		return nil, sso.Refuse(sso.ProviderUnreachable).Because(&netguard.Error{Reason: netguard.ReasonOf(err)})
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, sso.Refuse(sso.UserInfoInvalid)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, sso.Refuse(sso.UserInfoInvalid)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, sso.Refuse(sso.UserInfoInvalid).Because(&netguard.Error{Reason: netguard.ReasonOf(err)})
	}
	o, err := parseObject(body)
	if err != nil || o.caseVariants(known(mapped(a.Connection.Claims)...)) != nil {
		return nil, sso.Refuse(sso.UserInfoInvalid)
	}
	sub, err := o.text("sub")
	if err != nil || !secret.Equal(sub, c.subject) {
		a.Trail.Fail("userinfo subject", c.subject, sub)
		return nil, sso.Refuse(sso.UserInfoMismatch)
	}
	a.Trail.Pass("userinfo subject", sub)
	return o, nil
}
