package web_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	baseURL = "https://gatehouse.test"
	read    = rbac.Permission("things:read")
	write   = rbac.Permission("things:write")

	goodToken  = "good.access.token"
	staleToken = "stale.access.token"
)

// What the server is given in earnest.
var (
	_ web.Access   = (*access.Store)(nil)
	_ web.Sessions = (*sessions.Sessions)(nil)
)

// bench is a server with a small table, in front of a database with one tenant.
type bench struct {
	testing.TB
	db       *db.DB
	tenant   tenants.Tenant
	member   *authn.Principal
	key      secret.Credential
	refresh  secret.Credential
	access   *snapshots
	sessions *tokens
	keyring  *secret.Keyring
	server   *web.Server
	echo     *echo.Echo
	log      *lines
	handled  atomic.Int64 // requests that reached a handler
}

func newBench(tb testing.TB, change ...func(*web.Config)) *bench {
	tb.Helper()
	b := &bench{TB: tb, log: &lines{}}
	d, err := db.Open(tb.Context(), db.Config{URL: testdb.New(tb).URL})
	if err != nil {
		tb.Fatalf("Open = %v", err)
	}
	tb.Cleanup(d.Close)
	b.db = d
	b.newTenant()
	b.access = &snapshots{bench: b}
	b.limits("")
	b.sessions = &tokens{bench: b}
	b.keyring, err = secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		tb.Fatal(err)
	}
	cfg := web.Config{
		BaseURL: baseURL, DB: d, Access: b.access, Sessions: b.sessions, Keyring: b.keyring,
		Log: telemetry.NewLogger(b.log, slog.LevelInfo),
	}
	for _, f := range change {
		f(&cfg)
	}
	if b.server, err = web.New(cfg); err != nil {
		tb.Fatalf("New = %v", err)
	}
	if b.echo, err = b.server.Echo(b.table()); err != nil {
		tb.Fatalf("Echo = %v", err)
	}
	return b
}

func (b *bench) newTenant() {
	b.Helper()
	ctx := authn.AsOperator(b.Context())
	var member tenants.Membership
	err := b.db.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
		var err error
		b.tenant, member, err = tenants.Create(ctx, sys, tx, tenants.New{Slug: "acme", Name: "Acme", Plan: billing.Team, Owner: "olga@acme.test"})
		return err
	})
	if err != nil {
		b.Fatalf("Create = %v", err)
	}
	b.member = &authn.Principal{
		Kind: authn.Member, Tenant: b.tenant.ID, User: member.UserID, Membership: member.ID, Session: id.New[id.Session](),
		Role: "admin", Plan: "team", Method: "oidc", AuthTime: time.Now(),
	}
	b.key = secret.Issue(secret.PrefixAPIKey, b.tenant.ID.Bytes(), id.New[id.Key]().Bytes(), 0)
	b.refresh = secret.Issue(secret.PrefixRefresh, b.tenant.ID.Bytes(), b.member.Session.Bytes(), 1)
}

// snapshots answers as the store of snapshots does, from what the test sets.
type snapshots struct {
	bench    *bench
	standing error // what speaks against everybody
	mu       sync.Mutex
	rates    atomic.Pointer[catalog.Catalog]
	keyRate  authn.Rate
}

func (a *snapshots) set(err error) { a.mu.Lock(); a.standing = err; a.mu.Unlock() }

func (a *snapshots) Session(context.Context, id.Tenant, id.Session) (*authn.Principal, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := errs.As(a.standing); a.standing != nil && e.Kind != errs.Forbidden {
		return nil, a.standing
	}
	return a.bench.member, a.standing
}

func (a *snapshots) Key(_ context.Context, key secret.Credential) (*authn.Principal, error) {
	if key != a.bench.key {
		return nil, access.ErrKeyInvalid
	}
	return &authn.Principal{
		Kind: authn.APIKey, Tenant: a.bench.tenant.ID, Key: id.From[id.Key](key.ID), Role: "admin", Plan: "team", Method: "api_key",
		Rate: a.keyRate,
	}, nil
}

func (a *snapshots) Rates(p *authn.Principal) *catalog.Rates {
	return a.rates.Load().Rates(billing.Plan(p.Plan))
}

func (a *snapshots) AsOf(ctx context.Context, tenant id.Tenant, version string) (context.Context, error) {
	if version != a.VersionText(tenant, 1) {
		return nil, access.ErrVersion
	}
	return ctx, nil
}

func (a *snapshots) VersionText(tenant id.Tenant, version int64) string {
	return fmt.Sprintf("%s@%d", tenant, version)
}

func (a *snapshots) Ask(p *authn.Principal, standing error, q access.Question) access.Decision {
	switch {
	case standing != nil:
		return access.Decision{Clause: errs.As(standing).Code}
	case q.Permission == write && p.Role != "admin":
		return access.Decision{Clause: "role_lacks_permission", NeedsRole: "admin", ID: id.New[id.Decision]()}
	case q.Feature == billing.CustomRoles && p.Plan != "enterprise":
		return access.Decision{Clause: "feature_not_in_plan", NeedsPlan: "enterprise"}
	}
	return access.Decision{Allowed: true}
}

// tokens knows three tokens.
type tokens struct {
	bench     *bench
	refreshes atomic.Int64
	fails     error
}

func (s *tokens) Verify(_ context.Context, token string) (sessions.Claims, error) {
	switch token {
	case goodToken:
		return sessions.Claims{Tenant: s.bench.tenant.ID, Session: s.bench.member.Session}, nil
	case staleToken:
		return sessions.Claims{}, sessions.ErrStale
	}
	return sessions.Claims{}, sessions.ErrToken
}

func (s *tokens) Refresh(_ context.Context, tx *db.TenantTx, c secret.Credential) (sessions.Issued, error) {
	s.refreshes.Add(1)
	if s.fails != nil {
		return sessions.Issued{}, s.fails
	}
	if c != s.bench.refresh || tx.Tenant != s.bench.tenant.ID {
		return sessions.Issued{}, sessions.ErrSession
	}
	return sessions.Issued{
		Session: s.bench.member.Session, Tenant: tx.Tenant, At: tx.Now, Access: goodToken, AccessExpires: tx.Now.Add(time.Minute),
		Refresh: "next", RefreshExpires: tx.Now.Add(time.Hour),
	}, nil
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	body string
}

func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &p) // a body that is none has no code
	return p.Code
}

// do sends a request with headers, given as name, value, name, value.
func (b *bench) do(method, target, body string, headers ...string) answer {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "gatehouse.test"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	return b.send(r)
}

func (b *bench) send(r *http.Request) answer {
	rec := httptest.NewRecorder()
	b.echo.ServeHTTP(rec, r)
	return answer{rec, rec.Body.String()}
}

// asMember adds what a client with a bearer token sends with a JSON body.
func asMember(headers ...string) []string {
	return append([]string{"Authorization", "Bearer " + goodToken, "Content-Type", "application/json"}, headers...)
}

// asBrowser adds what a page of ours sends.
func asBrowser(headers ...string) []string {
	return append([]string{"Cookie", sessions.AccessCookie + "=" + goodToken, "Content-Type", "application/json"}, headers...)
}

func (a answer) want(tb testing.TB, what string, status int, code string) {
	tb.Helper()
	if a.Code != status || a.code() != code {
		tb.Errorf("%s = %d %q, want %d %q\n%s", what, a.Code, a.code(), status, code, a.body)
	}
}

// lines is a log that a test reads while requests run.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// limits puts a section limits of a catalog in force.
func (b *bench) limits(section string) {
	b.Helper()
	c, err := catalog.Parse("c.yaml", []byte("version: 1\nlimits: "+section+"\n"))
	if err != nil {
		b.Fatal(err)
	}
	b.access.rates.Store(c)
}
