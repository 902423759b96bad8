package web

import (
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// forwarded says that the request is a proxy's question about another one.
func (ex *exchange) forwarded() bool { return ex.route != nil && ex.route.forwarded }

// judged is the request that another site's page may have caused: that of the browser, whoever passes it on. One of which the proxy does not
// say the method is held to be one that changes something, and so is a web socket, which begins as a GET. A proxy that asks by the method of
// the request has to pass on whether it is one: a header that says so is passed on with the others, or with none.
func (ex *exchange) judged() *http.Request {
	r := ex.Request()
	if !ex.forwarded() {
		return r
	}
	method, mode := http.MethodPost, r.Header.Get("Sec-Fetch-Mode")
	switch given := r.Header["X-Forwarded-Method"]; {
	case mode == "websocket":
	case ex.route.wildcard: // where the header is whatever the client says
		if mode != "" {
			method = r.Method
		}
	case len(given) == 1:
		method = given[0]
	}
	return &http.Request{Method: method, URL: r.URL, Host: r.Host, Header: r.Header}
}

// tellProxy says in headers what the problem document says: proxies drop the body of a refusal.
func tellProxy(h http.Header, e *errs.Error) {
	h.Set("X-Gatehouse-Code", e.Code)
	for member, name := range map[string]string{"needs_role": "X-Gatehouse-Needs-Role", "needs_plan": "X-Gatehouse-Needs-Plan"} {
		if v, ok := e.Extra[member].(string); ok {
			h.Set(name, v)
		}
	}
}
