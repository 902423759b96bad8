package main

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// reachable is the address that a browser on this machine uses.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// alsoCalled are other names of the host in the base URL, which a person may type.
func alsoCalled(base *url.URL) []string {
	if base.Hostname() == "localhost" {
		return []string{net.JoinHostPort("127.0.0.1", base.Port())}
	}
	return []string{net.JoinHostPort("localhost", base.Port())}
}

// mailPage shows what was mailed. It knows nobody, and a proxy at the base URL need not serve it.
const mailPage = "/dev/mail"

// homeward sends a browser that calls this machine by another name to the base URL: cookies and redirect URIs belong to one host.
func homeward(base *url.URL, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Host != base.Host && r.URL.Path != mailPage && strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, base.String()+r.URL.RequestURI(), http.StatusTemporaryRedirect) //nolint:gosec // to our own host: a request URI begins with a slash
			return
		}
		next.ServeHTTP(w, r)
	})
}
