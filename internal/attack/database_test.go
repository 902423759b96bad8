package attack_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// A filter is a value. It is never an expression that could fail for one row and not for another, and no error tells of SQL.
func TestDB_11_NoExpressionReachesAFilter(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	for _, value := range []string{
		"1/0", "' OR 1/0=1--", "'::int", "'||(SELECT 1/0)||'", "CAST('x' AS int)", "\\", "%", "$1", "?", "'; DROP TABLE events; --", "\x00", "\xff",
		"{}", "[]", "NaN", "1e999", strings.Repeat("a", 8<<10),
	} {
		for _, path := range []string{
			"/v1/events?type=", "/v1/events?actor=", "/v1/events?target=", "/v1/events?cursor=", "/v1/events?limit=", "/v1/sign-ins?connection=",
			"/v1/members?cursor=", "/v1/members?limit=",
		} {
			a := owner.Do(t, "GET", path+url.QueryEscape(value), nil)
			if a.StatusCode >= 500 || a.StatusCode == 200 && strings.Contains(string(a.Text), `"id"`) {
				t.Errorf("GET %s%.30q = %d: %s", path, value, a.StatusCode, a.Text)
			}
			tellsNothing(t, a)
		}
	}
}

var requestID = regexp.MustCompile(`req_[0-9a-z]+`)

// tellsNothing fails if an answer tells of what is behind it.
func tellsNothing(tb testing.TB, a *apitest.Answer) {
	tb.Helper()
	text := requestID.ReplaceAllString(string(a.Text), "") // which is by chance, and may hold any short word
	for _, word := range []string{"SQLSTATE", "pq:", "pgx", "gorm", "ERROR:", "syntax", "SELECT ", "goroutine", ".go:", "division"} {
		if strings.Contains(text, word) {
			tb.Errorf("%s tells of %q: %s", a.Request.URL, word, a.Text)
		}
	}
}

// One connection serves all scopes in turn, often enough for the server to keep a generic plan: no plan made for one role or
// tenant may serve another (CVE-2023-2455, CVE-2024-10976).
func TestDB_12_OnePlanForNoTwoScopes(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	a, b := s.NewTenant(t, billing.Pro), s.NewTenant(t, billing.Pro)
	a.Join(t, rbac.Member)
	one, err := db.Open(t.Context(), db.Config{URL: s.DB.URL, MaxConns: 1})
	must(t, err)
	defer one.Close()
	const query = "SELECT count(*) FROM memberships WHERE status = ?"
	var all int
	must(t, s.Admin.QueryRow(t.Context(), "SELECT count(*) FROM memberships WHERE status = 'active'").Scan(&all))
	for range 12 {
		for _, scope := range []struct {
			tenant id.Tenant
			want   int
		}{{a.ID, 5}, {b.ID, 4}, {id.New[id.Tenant](), 0}, {id.Tenant{}, all}} {
			var n int
			var err error
			if scope.tenant.IsZero() {
				err = one.System(t.Context(), func(tx *db.SystemTx) error { return tx.DB.Raw(query, "active").Scan(&n).Error })
			} else {
				err = one.Tenant(t.Context(), scope.tenant, func(tx *db.TenantTx) error { return tx.DB.Raw(query, "active").Scan(&n).Error })
			}
			must(t, err)
			if n != scope.want {
				t.Fatalf("in scope %q: %d members, want %d", scope.tenant, n, scope.want)
			}
		}
	}
}

// Whatever was removed opens nothing, though its row may stay; and making it anew does not bring the old one back.
func TestDB_22_WhatWasRemovedOpensNothing(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))

	b := newBrowser(s)
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, 303)
	var me struct {
		Membership string `json:"membership_id"`
	}
	b.get(t, "/v1/me").Want(t, 200).JSON(t, &me)
	if me.Membership == "" {
		t.Fatal("no membership in /v1/me")
	}
	m := c.Members[rbac.Viewer]
	session, link := s.SessionOf(t, c.Tenant, m), s.Link(t, c.Tenant, m)
	owner.Do(t, "DELETE", "/v1/members/"+me.Membership, nil).Want(t, 204)
	owner.Do(t, "DELETE", "/v1/members/"+m.ID.String(), nil).Want(t, 204)
	closed := func(what string, a *apitest.Answer) {
		t.Helper()
		if a.StatusCode < 400 || a.StatusCode > 499 {
			t.Errorf("%s = %d, want a refusal: %s", what, a.StatusCode, a.Text)
		}
	}
	closed("a removed member's cookies", b.get(t, "/v1/me"))
	closed("a removed member's token", s.Bearer(session).Do(t, "GET", "/v1/me", nil))
	closed("a removed member's refresh", s.Anonymous().Do(t, "POST", "/v1/session/refresh", map[string]any{"refresh_token": session.Refresh}))
	closed("a removed member's link", newBrowser(s).post(t, "/login/link", "link", link))
	closed("a removed member's next sign-in", newBrowser(s).signIn(t, c.Tenant, c.connection, "alice"))
	closed("a removed member's id", owner.Do(t, "POST", "/v1/members/"+me.Membership+"/resume", nil))

	// Somebody new with the old address is somebody new.
	must(t, c.IDP.AddUser(testidp.User{Login: "alice2", Subject: "another", Email: "alice@" + c.Domain, EmailVerified: true}))
	closed("the removed address under another subject", newBrowser(s).signIn(t, c.Tenant, c.connection, "alice2"))

	key := s.APIKey(t, c.Tenant, rbac.Admin)
	owner.Do(t, "DELETE", "/v1/api-keys/"+key.ID.String(), nil).Want(t, 204)
	closed("a revoked key", s.Machine(key).Do(t, "GET", "/v1/members", nil))
	closed("rotating a revoked key", owner.Do(t, "POST", "/v1/api-keys/"+key.ID.String()+"/rotate", nil))

	must(t, c.IDP.AddUser(testidp.User{Login: "bob", Subject: "bob", Email: "bob@" + c.Domain, EmailVerified: true}))
	bob := newBrowser(s)
	bob.signIn(t, c.Tenant, c.connection, "bob").Want(t, 303)
	late := newBrowser(s)
	back := prove(t, c.IDP, late.begin(t, c.Tenant, c.connection), "bob")
	owner.Do(t, "POST", "/v1/connections/"+c.connection.String()+"/disable", nil).Want(t, 200)
	owner.Do(t, "DELETE", "/v1/connections/"+c.connection.String(), nil).Want(t, 204)
	closed("a callback of a deleted connection", late.get(t, back))
	closed("a sign-in over a deleted connection", newBrowser(s).post(t, "/login/"+c.Slug, "connection", c.connection.String()))
	closed("a session that a deleted connection made", bob.get(t, "/v1/me"))
	c.connection = c.Connect(t)
	closed("the old identity over a new connection", newBrowser(s).signIn(t, c.Tenant, c.connection, "bob"))
}

// What answers in the database's place is refused in time and without a panic, whatever it says.
func TestDB_24_WhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("the test has no build information")
	}
	for _, dep := range info.Deps {
		if strings.Contains(dep.Path, "jackc/pgproto3") || strings.Contains(dep.Path, "lib/pq") || dep.Path == "github.com/jackc/pgx/v4" {
			t.Errorf("depends on %s, whose protocol reader panics at broken messages", dep.Path)
		}
	}
	for name, answer := range map[string][]byte{
		"closes at once":        nil,
		"speaks HTTP":           []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"zeros":                 make([]byte, 4096),
		"length zero":           {'R', 0, 0, 0, 0},
		"length negative":       {'R', 0xff, 0xff, 0xff, 0xff},
		"length huge":           {'R', 0x7f, 0xff, 0xff, 0xff, 0, 0},
		"unknown message":       {'!', 0, 0, 0, 4},
		"short authentication":  {'R', 0, 0, 0, 5, 1},
		"unknown SASL":          append([]byte{'R', 0, 0, 0, 14, 0, 0, 0, 10}, "FOO\x00\x00"...),
		"error without fields":  {'E', 0, 0, 0, 4},
		"rows before a session": {'R', 0, 0, 0, 8, 0, 0, 0, 0, 'D', 0, 0, 0, 6, 0xff, 0xff, 'Z', 0, 0, 0, 5, 'I'},
		"endless notices":       bytes.Repeat(append([]byte{'N', 0, 0, 0, 9}, "Mx\x00\x00\x00"...), 10000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			must(t, err)
			defer listener.Close()
			go answerAll(listener, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if d, err := db.Open(ctx, db.Config{URL: "postgres://u:p@" + listener.Addr().String() + "/x?sslmode=disable"}); err == nil {
				d.Close()
				t.Error("Open succeeded")
			}
		})
	}
}

// answerAll says the same to everybody, until the listener closes.
func answerAll(listener net.Listener, answer []byte) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1024)) // the start message, whatever it is
		_, _ = conn.Write(answer)            // the other side may have gone
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 1<<16))
		_ = conn.Close()
	}
}

func TestDB_26_NumbersAndIDsAtTheirLimits(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	for _, limit := range []string{"9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e3", "0x10", "٣", "+1", " 1", "1.0", "00"} {
		if a := sendRaw(t, s, "GET", "/v1/events?limit="+url.QueryEscape(limit), owner.Header); a.StatusCode >= 500 {
			t.Errorf("limit=%s = %d", limit, a.StatusCode)
		}
	}
	key := s.APIKey(t, c.Tenant, rbac.Viewer)
	for _, number := range []string{"9223372036854775807", "9223372036854775808", "-1", "1e400", "1e18", "0.5", `"60"`, "[]", "true"} {
		for _, tt := range []struct{ method, path, body string }{
			{"POST", "/v1/api-keys/" + key.ID.String() + "/rotate", `{"overlap_seconds":` + number + `}`},
			{"PATCH", "/v1/tenant", `{"sign_in":{"session_idle":` + number + `}}`},
			{"PATCH", "/v1/tenant", `{"sign_in":{"session_absolute":` + number + `}}`},
		} {
			a := owner.Do(t, tt.method, tt.path, tt.body)
			if a.StatusCode < 400 || a.StatusCode > 499 {
				t.Errorf("%s %s %s = %d, want 4xx", tt.method, tt.path, tt.body, a.StatusCode)
			}
		}
	}
	for _, expires := range []string{
		"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "294277-01-01T00:00:00Z", "2100-13-01T00:00:00Z",
		"2100-01-01T00:00:00+99:99", "infinity", "now", "1e10",
	} {
		a := owner.Do(t, "POST", "/v1/api-keys", map[string]any{"name": "k", "role": "viewer", "expires_at": expires})
		if a.StatusCode >= 500 {
			t.Errorf("expires_at %s = %d: %s", expires, a.StatusCode, a.Text)
		}
	}
	zeros := strings.Repeat("0", 26)
	for _, name := range []string{
		"mem_" + zeros, "mem_" + strings.Repeat("7", 26), "mem_7" + strings.Repeat("z", 25), "mem_8" + strings.Repeat("0", 25),
		"mem_00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", "mem_", "_", "mem_" + strings.Repeat("z", 26),
		"0", "-1", "18446744073709551616",
	} {
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			body := map[string]any{"role": "viewer"}
			var with any
			if method == http.MethodPatch {
				with = body
			}
			if a := owner.Do(t, method, "/v1/members/"+name, with); a.StatusCode != 404 {
				t.Errorf("%s /v1/members/%s = %d, want 404: %s", method, name, a.StatusCode, a.Text)
			}
		}
	}
}
