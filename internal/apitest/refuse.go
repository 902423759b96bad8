package apitest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Refuse lets a member try to come in through the tenant's provider, which nobody has linked to them, and returns the attempt and the
// request id that they see.
func (t *Tenant) Refuse(tb testing.TB) (a id.Attempt, trace string) {
	tb.Helper()
	browser := t.server.Anonymous().With("Sec-Fetch-Site", "same-origin").With("Accept", "text/html")
	form := url.Values{"connection": {t.Connect(tb).String()}}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, t.server.URL+"/login/"+t.Slug, strings.NewReader(form.Encode()))
	must(tb, err)
	r.Header = browser.Header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	start := browser.Send(tb, r).Want(tb, http.StatusSeeOther)
	back, err := t.IDP.Authorize(tb.Context(), start.Header.Get("Location"), "member")
	must(tb, err)
	cookie, _, _ := strings.Cut(start.Header.Get("Set-Cookie"), ";")
	refused := browser.With("Cookie", cookie).With("Sec-Fetch-Site", "cross-site").
		Do(tb, http.MethodGet, strings.TrimPrefix(back, t.server.URL), nil).Want(tb, http.StatusForbidden)
	var found string
	must(tb, t.server.Admin.QueryRow(tb.Context(), "SELECT id::text FROM attempts WHERE tenant_id::text = $1 ORDER BY id DESC LIMIT 1",
		t.ID.UUID().String()).Scan(&found))
	must(tb, a.Scan(found))
	return a, refused.Header.Get("X-Request-Id")
}
