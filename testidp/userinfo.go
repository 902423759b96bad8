package testidp

import (
	"maps"
	"net/http"
	"strings"
)

func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request, f *Fault) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	g := p.tokens[token]
	p.mu.Unlock()
	if !ok || g == nil || g.accessToken != token {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		p.writeJSON(w, r, f, UserInfo, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	claims := p.personClaims(g)
	if f.UserInfo != nil {
		f.UserInfo(claims)
	}
	if f.UserInfoJWT == nil {
		p.writeJSON(w, r, f, UserInfo, http.StatusOK, claims)
		return
	}
	maps.Copy(claims, map[string]any{"iss": p.URL(), "aud": g.client.ID, "iat": p.now().Unix()})
	f.UserInfoJWT(claims)
	signed, err := p.Sign(nil, claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.write(w, r, f, UserInfo, http.StatusOK, "application/jwt", []byte(signed))
}
