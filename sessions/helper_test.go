package sessions_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	issuer  = "https://gatehouse.test"
	browser = "Mozilla/5.0 (test)"
)

// bench is a database with one tenant and one member, and what this package needs on top.
type bench struct {
	testing.TB
	admin    string
	db       *db.DB
	ahead    atomic.Int64              // how far all clocks are moved
	frozen   atomic.Pointer[time.Time] // where they stand, if they do
	ring     *secret.Keyring
	keys     *sessions.Keys
	sessions *sessions.Sessions
	tenant   tenants.Tenant
	member   tenants.Membership
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	base := testdb.New(tb)
	b := &bench{TB: tb, admin: base.AdminURL}
	var err error
	b.db, err = db.Open(tb.Context(), db.Config{URL: base.URL, MaxConns: 24, Clock: b.moved})
	if err != nil {
		tb.Fatalf("Open = %v", err)
	}
	tb.Cleanup(b.db.Close)
	if b.ring, err = secret.DevKeyring("k1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))); err != nil {
		tb.Fatal(err)
	}
	b.keys = b.newKeys()
	if err := b.keys.Ensure(tb.Context()); err != nil {
		tb.Fatalf("Ensure = %v", err)
	}
	b.sessions = b.newSessions(b.keys, sessions.Config{})
	b.tenant, b.member = b.newTenant("acme")
	return b
}

func (b *bench) moved(t time.Time) time.Time {
	if at := b.frozen.Load(); at != nil {
		return *at
	}
	return t.Add(time.Duration(b.ahead.Load()))
}

func (b *bench) now() time.Time { return b.moved(time.Now()) }

// sleep moves all clocks.
func (b *bench) sleep(d time.Duration) { b.ahead.Add(int64(d)) }

// freezeAt stops all clocks at a time.
func (b *bench) freezeAt(t time.Time) { b.frozen.Store(&t) }

func (b *bench) newKeys() *sessions.Keys {
	b.Helper()
	k, err := sessions.NewKeys(sessions.KeysConfig{DB: b.db, Keyring: b.ring, PublishDelay: time.Minute})
	if err != nil {
		b.Fatalf("NewKeys = %v", err)
	}
	return k
}

func (b *bench) newSessions(k *sessions.Keys, cfg sessions.Config) *sessions.Sessions {
	b.Helper()
	cfg.Keys, cfg.Issuer, cfg.Clock = k, issuer, b.now
	if cfg.Root == (secret.RootKey{}) {
		cfg.Root = secret.Root(bytes.Repeat([]byte{9}, 32))
	}
	s, err := sessions.New(cfg)
	if err != nil {
		b.Fatalf("New = %v", err)
	}
	return s
}

func (b *bench) newTenant(slug string) (t tenants.Tenant, m tenants.Membership) {
	b.Helper()
	err := b.db.Admit(b.Context(), id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) (err error) {
		t, m, err = tenants.Create(b.Context(), sys, tx, tenants.New{
			Slug: slug, Name: slug, Plan: billing.Enterprise, Owner: "ada@" + slug + ".example",
		})
		return err
	})
	if err != nil {
		b.Fatalf("create tenant %s: %v", slug, err)
	}
	return t, m
}

// join adds a member to the bench's tenant.
func (b *bench) join(email string, role rbac.Role) (m tenants.Membership) {
	b.Helper()
	err := b.db.Admit(b.Context(), b.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		u, err := tenants.NewUser(b.Context(), sys)
		if err != nil {
			return err
		}
		m, err = tenants.Join(b.Context(), tx, u, role, tenants.Profile{Email: email}, tenants.SourceOperator)
		return err
	})
	if err != nil {
		b.Fatalf("join %s: %v", email, err)
	}
	return m
}

func (b *bench) in(fn func(*db.TenantTx) error) error {
	return b.db.Tenant(b.Context(), b.tenant.ID, fn)
}

func (b *bench) must(what string, fn func(*db.TenantTx) error) {
	b.Helper()
	if err := b.in(fn); err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

// startAs begins a session; change may alter how.
func (b *bench) startAs(m tenants.Membership, change func(*sessions.Start)) (i sessions.Issued) {
	b.Helper()
	ctx := authn.WithOrigin(b.Context(), authn.Origin{UserAgent: browser, Address: "192.0.2.1"})
	b.must("start", func(tx *db.TenantTx) error {
		t, p, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		in := sessions.Start{Tenant: t, Policy: p, Membership: m, Method: "oidc", AMR: []string{"pwd", "otp"}}
		if change != nil {
			change(&in)
		}
		i, err = b.sessions.Start(ctx, tx, in)
		return err
	})
	return i
}

func (b *bench) start() sessions.Issued { b.Helper(); return b.startAs(b.member, nil) }

// refresh presents a token as the usual browser.
func (b *bench) refresh(token string) (sessions.Issued, error) {
	b.Helper()
	return b.refreshFrom(browser, token)
}

func (b *bench) refreshFrom(agent, token string) (i sessions.Issued, err error) {
	b.Helper()
	cred, err := secret.Parse(secret.PrefixRefresh, token)
	if err != nil {
		return i, err
	}
	ctx := authn.WithOrigin(b.Context(), authn.Origin{UserAgent: agent, Address: "192.0.2.1"})
	err = b.db.Tenant(ctx, id.From[id.Tenant](cred.Tenant), func(tx *db.TenantTx) error {
		i, err = b.sessions.Refresh(ctx, tx, cred)
		return err
	})
	return i, err
}

func (b *bench) mustRefresh(token string) sessions.Issued {
	b.Helper()
	i, err := b.refresh(token)
	if err != nil {
		b.Fatalf("Refresh = %v", err)
	}
	return i
}

// refused fails unless err has the code.
func (b *bench) refused(what string, err error, want *errs.Error) {
	b.Helper()
	if got := errs.As(err); err == nil || got.Code != want.Code || got.Kind != want.Kind {
		b.Errorf("%s = %v, want %s", what, err, want.Code)
	}
}

// count asks across tenants.
func (b *bench) count(sql string, args ...any) (n int) {
	b.Helper()
	err := b.db.System(b.Context(), func(sys *db.SystemTx) error { return sys.DB.Raw(sql, args...).Scan(&n).Error })
	if err != nil {
		b.Fatalf("count: %v", err)
	}
	return n
}

func (b *bench) events(typ events.Type) (list []events.Event) {
	b.Helper()
	b.must("list events", func(tx *db.TenantTx) (err error) {
		list, err = events.List(b.Context(), tx, events.Filter{Type: typ}, id.Event{}, 100)
		return err
	})
	return list
}

// forge is a signing key that the installation trusts and whose private half the test has.
type forge struct {
	kid string
	key *ecdsa.PrivateKey
}

func (b *bench) forge() forge {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	row, err := sessions.SealKey(key, b.ring)
	if err != nil {
		b.Fatalf("SealKey = %v", err)
	}
	err = b.db.System(b.Context(), func(sys *db.SystemTx) error {
		return sys.DB.Exec("INSERT INTO signing_keys (kid, public_key, private_key, created_at, signs_from) VALUES (?, ?, ?, ?, ?)",
			row.Kid, row.PublicKey, row.PrivateKey, sys.Now, sys.Now.Add(24*time.Hour)).Error
	})
	if err != nil {
		b.Fatalf("plant a key: %v", err)
	}
	if err := b.keys.Reload(b.Context()); err != nil {
		b.Fatalf("Reload = %v", err)
	}
	return forge{string(row.Kid), key}
}

// header is what a token of this key has.
func (f forge) header() map[string]any {
	return map[string]any{"alg": "ES256", "kid": f.kid, "typ": "gatehouse-access+jwt"}
}

// claims is what a good token says.
func (b *bench) claims() map[string]any {
	now := b.now().Unix()
	return map[string]any{
		"iss": issuer, "aud": []string{issuer}, "sub": b.member.UserID.String(), "jti": "one", "iat": now, "nbf": now, "exp": now + 300,
		"auth_time": now, "tid": b.tenant.ID.String(), "mid": b.member.ID.String(), "sid": id.New[id.Session]().String(), "role": "owner",
		"plan": "enterprise", "method": "oidc",
	}
}

// token signs what it is given, with the low s that our verifier wants.
func (f forge) token(tb testing.TB, header, claims map[string]any) string {
	tb.Helper()
	input := segment(tb, header) + "." + segment(tb, claims)
	for {
		sig, err := jwt.SigningMethodES256.Sign(input, f.key)
		if err != nil {
			tb.Fatal(err)
		}
		if sig[32] < 0x7f {
			return input + "." + base64.RawURLEncoding.EncodeToString(sig)
		}
	}
}

func segment(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func signatureOf(tb testing.TB, token string) (input string, sig []byte) {
	tb.Helper()
	dot := strings.LastIndexByte(token, '.')
	sig, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		tb.Fatal(err)
	}
	return token[:dot], sig
}

func verify(tb testing.TB, s *sessions.Sessions, token string) (sessions.Claims, error) {
	tb.Helper()
	return s.Verify(context.WithoutCancel(tb.Context()), token)
}

func parse(tb testing.TB, token string) secret.Credential {
	tb.Helper()
	c, err := secret.Parse(secret.PrefixRefresh, token)
	if err != nil {
		tb.Fatalf("Parse = %v", err)
	}
	return c
}
