package attack_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// vault is a server that has been used in every way, and the secrets that it was told or gave out on the way.
type vault struct {
	*apitest.Server
	c       company
	owner   *apitest.Session
	secrets map[string]string
	forms   map[string][]string // what to look for
}

func newVault(tb testing.TB) *vault {
	tb.Helper()
	var keys string
	s := apitest.Start(tb, func(cfg *gatehouse.Config) { keys = cfg.MasterKeys })
	v := &vault{Server: s, forms: map[string][]string{}, secrets: map[string]string{"master key": keys[strings.Index(keys, ":")+1:]}}
	v.c = newCompany(tb, s, "alice")
	v.owner = s.Session(tb, v.c.Tenant, rbac.Owner)
	owner := s.Bearer(v.owner)

	body := v.c.Connection()
	body["client_secret"] = "canary-of-the-client-secret"
	owner.With("Idempotency-Key", "canary-connection-1").Do(tb, "POST", "/v1/connections", body).Want(tb, 201)
	v.secrets["client secret"] = "canary-of-the-client-secret"

	var made struct {
		ID     string `json:"id"`
		Secret string `json:"api_key"`
	}
	for range 2 { // the second answer is the stored one
		owner.With("Idempotency-Key", "canary-api-key-1").Do(tb, "POST", "/v1/api-keys", map[string]any{"name": "k", "role": "admin"}).
			Want(tb, 201).JSON(tb, &made)
	}
	v.secrets["API key"] = made.Secret
	owner.With("Idempotency-Key", "canary-rotate-1").Do(tb, "POST", "/v1/api-keys/"+made.ID+"/rotate", map[string]any{"overlap_seconds": 60}).
		Want(tb, 200).JSON(tb, &made)
	v.secrets["rotated API key"] = made.Secret

	b := newBrowser(s)
	back := prove(tb, v.c.IDP, b.begin(tb, v.c.Tenant, v.c.connection), "alice")
	for _, value := range b.cookies { // there is one
		v.secrets["attempt cookie"] = value
	}
	v.secrets["code"], v.secrets["state"] = parameter(tb, back, "code"), parameter(tb, back, "state")
	b.get(tb, back).Want(tb, 303)
	v.secrets["access token"], v.secrets["refresh token"] = b.cookies[sessions.AccessCookie], b.cookies[sessions.RefreshCookie]
	var next struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	session := s.Session(tb, v.c.Tenant, rbac.Member)
	v.secrets["spent refresh token"] = session.Refresh
	s.Anonymous().Do(tb, "POST", "/v1/session/refresh", map[string]any{"refresh_token": session.Refresh}).Want(tb, 200).JSON(tb, &next)
	v.secrets["new refresh token"], v.secrets["new access token"] = next.Refresh, next.Access
	v.secrets["owner's access token"], v.secrets["owner's refresh token"] = v.owner.Access, v.owner.Refresh

	link := s.Link(tb, v.c.Tenant, v.c.Members[rbac.Viewer])
	v.secrets["link"] = link
	ring, err := secret.ParseKeyring(keys)
	must(tb, err)
	ctx := authn.AsOperator(tb.Context())
	must(tb, s.Scope.Tenant(ctx, v.c.ID, func(tx *db.TenantTx) error {
		return jobs.EnqueueMail(ctx, tx, ring, "sign_in_link", mail.Message{To: "canary@mail.test", Subject: "Sign in", Text: s.URL + "/login/link#" + link})
	}))
	for name, value := range v.secrets {
		if len(value) < 16 {
			tb.Fatalf("the %s is %q: nothing to look for", name, value)
		}
		v.forms[name] = forms(value)
	}
	return v
}

// forms are the ways in which a secret may be written down. For credentials the part that proves something is looked for alone
// too.
func forms(text string) []string {
	all := []string{text}
	if parts := strings.Split(text, "_"); strings.HasPrefix(text, "gh") && len(parts) > 4 {
		all = append(all, parts[len(parts)-2])
	}
	if parts := strings.Split(text, "."); strings.HasPrefix(text, "eyJ") {
		all = append(all, parts[2])
	}
	for _, t := range slices.Clip(all) {
		all = append(all, hex.EncodeToString([]byte(t)), base64.StdEncoding.EncodeToString([]byte(t)), base64.RawURLEncoding.EncodeToString([]byte(t)))
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) >= 16 {
		all = append(all, hex.EncodeToString(raw))
	}
	return all
}

// findIn reports secrets in a text.
func (v *vault) findIn(tb testing.TB, place, text string) {
	tb.Helper()
	for name, forms := range v.forms {
		if slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) }) {
			tb.Errorf("the %s is in %s", name, place)
		}
	}
}

// Whoever has a copy of the database, and nothing else, has no secret.
func TestSEC_01_ADumpHoldsNoSecret(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	tables := v.tables(t)
	if len(tables) < 15 {
		t.Fatalf("only %d tables: %v", len(tables), tables)
	}
	rows := 0
	for _, table := range tables {
		list, err := v.Admin.Query(t.Context(), "SELECT t::text FROM "+pgx.Identifier{table}.Sanitize()+" t")
		must(t, err)
		texts, err := pgx.CollectRows(list, pgx.RowTo[string])
		must(t, err)
		rows += len(texts)
		v.findIn(t, "the table "+table, strings.Join(texts, "\n"))
	}
	if rows < 30 {
		t.Errorf("only %d rows were looked at", rows)
	}
	// A private key in any form.
	var private string
	must(t, v.Admin.QueryRow(t.Context(), "SELECT string_agg(encode(private_key, 'escape'), '') FROM signing_keys").Scan(&private))
	if strings.Contains(private, "PRIVATE KEY") || strings.Contains(private, "prime256v1") {
		t.Error("a signing key is stored in plain")
	}
}

func (v *vault) tables(tb testing.TB) []string {
	tb.Helper()
	rows, err := v.Admin.Query(tb.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm') ORDER BY 1`)
	must(tb, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(tb, err)
	return tables
}

var pathParameter = regexp.MustCompile(`\{[a-z_]+\}`)

// Every route is asked with secrets in all the places where one may land by mistake. They come back nowhere: not in an answer,
// a page, a header, an event or a metric, and not in a log that redacts nothing by itself.
func TestSEC_07_KEY_10_SecretsComeBackNowhere(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	names := slices.Sorted(maps.Keys(v.secrets))
	t.Run("routes", func(t *testing.T) { // without being parallel itself: what follows waits for it
		for i, row := range gatehouse.Routes().Rows() {
			t.Run(row.Method+" "+row.Path, func(t *testing.T) {
				t.Parallel()
				for _, name := range names {
					if strings.Contains(name, "refresh token") && row.Path == "/v1/session/refresh" {
						continue // where one is answered with the next, by design
					}
					v.misplace(t, row, name, i%3 == 0)
				}
			})
		}
	})
	v.owner = v.Session(t, v.c.Tenant, rbac.Owner) // the one before has signed out meanwhile
	v.inBodies(t)
	v.findIn(t, "the log", v.Log.String())
	v.findIn(t, "the metrics", metrics(t, v.Gatehouse))
	for _, path := range []string{
		"/v1/events?limit=200", "/v1/sign-ins", "/v1/connections", "/v1/api-keys", "/v1/sessions", "/v1/members", "/v1/tenant", "/v1/identities",
	} {
		v.findIn(t, path, string(v.Bearer(v.owner).Do(t, "GET", path, nil).Want(t, 200).Text))
	}
}

// misplace names a secret in the address of a route, and also in headers.
func (v *vault) misplace(tb testing.TB, row web.Row, name string, inHeaders bool) {
	tb.Helper()
	value := v.secrets[name]
	escaped, plain := url.QueryEscape(value), pathParameter.ReplaceAllLiteralString(row.Path, "x")
	path := pathParameter.ReplaceAllLiteralString(row.Path, url.PathEscape(value))
	answers := map[string]*apitest.Answer{
		"in the path and query": v.Bearer(v.owner).With("Accept", "text/html").Do(tb, row.Method, path+"?q="+escaped+"&cursor="+escaped, nil),
	}
	if inHeaders {
		answers["as a token"] = v.Anonymous().With("Authorization", "Bearer "+value).Do(tb, row.Method, plain, nil)
		answers["in headers"] = v.Anonymous().With("X-API-Key", value).With("User-Agent", value).With("Referer", "https://x.test/?"+escaped).
			With("Origin", "https://"+value).With("X-Tenant-ID", value).Do(tb, row.Method, plain, nil)
	}
	for kind, a := range answers {
		if strings.HasPrefix(a.Header.Get("Location"), "/login?return_to=") {
			a.Header.Del("Location") // who is not signed in comes back to the address that they asked for
		}
		v.findIn(tb, fmt.Sprintf("the answer to %s %s with the %s %s", row.Method, row.Path, name, kind), string(a.Text)+fmt.Sprint(a.Header))
	}
}

// inBodies names secrets in the fields of requests, where the wrong one may be pasted.
func (v *vault) inBodies(tb testing.TB) {
	tb.Helper()
	owner := v.Bearer(v.owner)
	for name, value := range v.secrets {
		for path, field := range map[string]string{
			"/v1/check": "permission", "/v1/session/switch": "tenant_id", "/v1/api-keys": "role", "/v1/connections": "issuer",
		} {
			for kind, body := range map[string]any{
				"value": map[string]any{field: value}, "syntax": `{"` + field + `": ` + value, "type": map[string]any{field: []string{value}},
			} {
				a := owner.Do(tb, "POST", path, body)
				v.findIn(tb, fmt.Sprintf("the answer to POST %s with the %s as a %s", path, name, kind), string(a.Text))
			}
		}
	}
}

func metrics(tb testing.TB, g *gatehouse.Gatehouse) string {
	tb.Helper()
	w := httptest.NewRecorder()
	g.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), "GET", "/metrics", nil))
	text, err := io.ReadAll(w.Result().Body)
	must(tb, err)
	if !strings.Contains(string(text), "gatehouse_") {
		tb.Errorf("no metrics: %s", text)
	}
	return string(text)
}
