package web

import "net/http"

// share lets pages of the listed origins read answers (CORS). An origin is compared as a whole: no patterns, no null, and
// never a star.
func (ex *exchange) share() error {
	s := ex.server
	if len(s.origins) == 0 {
		return nil
	}
	r, h := ex.Request(), ex.Response().Header()
	h["Vary"] = append(h["Vary"], s.fixed.origin...) // always: a cache must not give one origin the answer for another
	origin := r.Header["Origin"]
	if len(origin) != 1 || !s.origins[origin[0]] {
		return nil
	}
	h.Set("Access-Control-Allow-Origin", origin[0])
	h.Set("Access-Control-Allow-Credentials", "true")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Gatehouse-Version")
		return nil
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-API-Key")
	h.Set("Access-Control-Max-Age", "600")
	ex.write(http.StatusNoContent, nil)
	return nil
}
