package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func noContent(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

func asKey(b *bench) []string { return []string{"X-API-Key", b.key.String()} }

func TestPlansLimitATenantAndEachCallerInIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 5/h, each: 3/h, groups: {check: 4/h}}, enterprise: {requests: 6/h, each: 4/h}}")
	get := func(as []string) answer { return b.do("GET", "/v1/things", "", as...) }
	for n := range 3 {
		got := get(asMember())
		got.want(t, "a request within the limits", 200, "")
		h := got.Header()
		want := fmt.Sprintf(`"api-each";r=%d;t=%d, "api";r=%d;t=%d`, 2-n, 1200*(n+1), 4-n, 720*(n+1))
		if left := h.Get("RateLimit"); left != want {
			t.Errorf("RateLimit of request %d = %s, want %s", n+1, left, want)
		}
		if policy, want := h.Get("RateLimit-Policy"), `"api-each";q=3;w=3600, "api";q=5;w=3600`; policy != want {
			t.Errorf("RateLimit-Policy = %s, want %s", policy, want)
		}
	}
	refused := get(asMember())
	refused.want(t, "a fourth request of one caller", 429, "rate_limited")
	if !strings.Contains(refused.body, `"limit":"3/h","needs_plan":"enterprise"`) {
		t.Errorf("the refusal says %s, want the limit and the plan that allows more", refused.body)
	}
	if h := refused.Header(); h.Get("Retry-After") != "1200" || h.Get("RateLimit") != `"api-each";r=0;t=1200` {
		t.Errorf("headers of the refusal = %v, want Retry-After and RateLimit to agree", h)
	}
	get(asKey(b)).want(t, "another caller, who is not the one refused", 200, "")
	get(asKey(b)).want(t, "the fifth of the tenant", 200, "")
	refused = get(asKey(b))
	refused.want(t, "the sixth of the tenant", 429, "rate_limited")
	if !strings.Contains(refused.body, `"limit":"5/h","needs_plan":"enterprise"`) || refused.Header().Get("Retry-After") != "720" {
		t.Errorf("the refusal says %s, want the limit of the tenant", refused.body)
	}
	for range 4 {
		b.do("POST", "/v1/checks", "", asMember()...).want(t, "a row of a group that is counted apart", 200, "")
	}
	refused = b.do("POST", "/v1/checks", "", asMember()...)
	refused.want(t, "the fifth of that group", 429, "rate_limited")
	if strings.Contains(refused.body, "needs_plan") {
		t.Errorf("the refusal says %s, want no plan: none allows more", refused.body)
	}
}

func TestWithoutLimitsThereIsNothingToSay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do("GET", "/v1/things", "", asMember()...)
	if h := got.Header(); h.Get("RateLimit") != "" || h.Get("RateLimit-Policy") != "" || got.Code != 200 {
		t.Errorf("GET without limits = %d with headers %v, want none about limits", got.Code, h)
	}
}

func TestAKeyHasItsOwnLimitOverAllGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 100/h}}")
	b.access.keyRate = authn.Rate{Events: 2, Per: time.Hour, Burst: 2}
	b.do("GET", "/v1/things", "", asKey(b)...).want(t, "the first of the key", 200, "")
	got := b.do("POST", "/v1/checks", "", asKey(b)...)
	got.want(t, "the second, in another group", 200, "")
	if want := `"key";q=2;w=3600, "api";q=100;w=3600`; got.Header().Get("RateLimit-Policy") != want {
		t.Errorf("RateLimit-Policy = %s, want %s", got.Header().Get("RateLimit-Policy"), want)
	}
	b.do("GET", "/v1/things", "", asKey(b)...).want(t, "the third", 429, "rate_limited")
	b.do("GET", "/v1/things", "", asMember()...).want(t, "somebody else of the tenant", 200, "")
}

func TestAKeyHasNeverMoreThanThePlan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 100/h, each: 1/h}}")
	b.access.keyRate = authn.Rate{Events: 1000, Per: time.Hour, Burst: 1000}
	b.do("GET", "/v1/things", "", asKey(b)...).want(t, "the first of a key with more than the plan", 200, "")
	b.do("GET", "/v1/things", "", asKey(b)...).want(t, "its second", 429, "rate_limited")
}

func TestWEB14PlanLimitsKnowNoAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 3/h}}")
	ask := func(n int) answer {
		a := fmt.Sprint("198.51.100.", n)
		return b.do("GET", "/v1/things", "", asMember("X-Forwarded-For", a, "X-Real-IP", a, "Forwarded", "for="+a)...)
	}
	for n := range 3 {
		ask(n).want(t, "within the limit", 200, "")
	}
	ask(4).want(t, "beyond the limit, with a new address", 429, "rate_limited")
}

func TestWEB15PlanLimitsHaveOneKeyForAllSpellings(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {each: 4/h}}")
	for i, tt := range []struct {
		path string
		as   []string
	}{
		{"/v1/things", asMember()},
		{"/v1/things?limit=5", asMember()},
		{"/v1/things", []string{"Cookie", sessions.AccessCookie + "=" + goodToken}}, // another session of the member, or the same by cookie
		{"/v1/things?limit=%36", asMember("User-Agent", "another")},
	} {
		b.do("GET", tt.path, "", tt.as...).want(t, fmt.Sprint("request ", i), 200, "")
	}
	b.member.Session = id.New[id.Session]()
	b.do("GET", "/v1/things", "", asMember()...).want(t, "by a new session", 429, "rate_limited")
}

// A refusal before costs nothing, and neither do open rows.
func TestOnlyWhatIsAllowedCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 1/h}}")
	b.member.Role = "viewer"
	for range 3 {
		b.do("POST", "/v1/things", body, asMember()...).want(t, "what the role lacks", 403, "role_lacks_permission")
		b.do("POST", "/login", "", asMember()...).want(t, "an open row", 200, "")
	}
	b.do("GET", "/v1/things", "", asMember()...).want(t, "the first that is allowed", 200, "")
	b.do("GET", "/v1/things", "", asMember()...).want(t, "the second", 429, "rate_limited")
}

func TestAProductsRouteCountsInItsGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limits("{free: {requests: 100/h, groups: {assistant: 1/h}}}")
	b.echo.POST("/api/chat", noContent, b.server.Guard(write, "", "assistant"))
	b.echo.POST("/api/free", noContent, b.server.Guard(write, "", ""))
	got := b.do("POST", "/api/chat", body, asMember()...)
	got.want(t, "the first", 204, "")
	if want := `"assistant";r=0;t=3600`; got.Header().Get("RateLimit") != want {
		t.Errorf("RateLimit = %s, want %s", got.Header().Get("RateLimit"), want)
	}
	b.do("POST", "/api/chat", body, asMember()...).want(t, "the second", 429, "rate_limited")
	b.do("POST", "/api/free", body, asMember()...).want(t, "a route without a group", 204, "")
	b.do("GET", "/v1/things", "", asMember()...).want(t, "Gatehouse's own", 200, "")
}

// neighbors are two tenants; the token "2" is of somebody in the second.
type neighbors struct {
	*snapshots
	*tokens
	other *authn.Principal
}

func (n *neighbors) Verify(ctx context.Context, token string) (sessions.Claims, error) {
	if token == "2" {
		return sessions.Claims{Tenant: n.other.Tenant, Session: n.other.Session}, nil
	}
	return n.tokens.Verify(ctx, token)
}

func (n *neighbors) Session(ctx context.Context, tenant id.Tenant, session id.Session) (*authn.Principal, error) {
	if tenant == n.other.Tenant {
		return n.other, nil
	}
	return n.snapshots.Session(ctx, tenant, session)
}

func TestQUO05OneTenantAtItsCapLeavesAnotherAlone(t *testing.T) {
	t.Parallel()
	var both *neighbors
	b := newBench(t, func(c *web.Config) {
		both = &neighbors{snapshots: c.Access.(*snapshots), tokens: c.Sessions.(*tokens)}
		c.Access, c.Sessions = both, both
	})
	other := *b.member
	other.Tenant, other.Session = id.New[id.Tenant](), id.New[id.Session]()
	both.other = &other
	b.limits("{free: {concurrent: 2}, enterprise: {concurrent: 9}}")
	release, done, inside := make(chan struct{}), make(chan int, 2), make(chan struct{}, 2)
	e, err := b.server.Echo(web.Table{
		web.Get("/v1/hold", read, web.Raw(func(c echo.Context) error {
			inside <- struct{}{}
			<-release
			return noContent(c)
		})),
		web.Get("/v1/quick", read, web.Raw(noContent)),
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, token string) answer {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "gatehouse.test"
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, r)
		return answer{rec, rec.Body.String()}
	}
	for range 2 {
		go func() { done <- get("/v1/hold", goodToken).Code }()
		<-inside
	}
	refused := get("/v1/quick", goodToken)
	refused.want(t, "one too many of the tenant", 429, "too_many_concurrent")
	if !strings.Contains(refused.body, `"concurrent":2,"needs_plan":"enterprise"`) || refused.Header().Get("Retry-After") != "1" {
		t.Errorf("the refusal says %s with Retry-After %q, want the limit and what allows more", refused.body, refused.Header().Get("Retry-After"))
	}
	for range 50 {
		get("/v1/quick", "2").want(t, "the other tenant meanwhile", 204, "")
	}
	close(release)
	for range 2 {
		if code := <-done; code != 204 {
			t.Errorf("a request within the cap = %d, want 204", code)
		}
	}
	get("/v1/quick", goodToken).want(t, "the tenant afterward", 204, "")
}

func TestPlanLimitsCostOneAllocation(t *testing.T) { //nolint:paralleltest // others would be counted too
	b := newBench(t, func(c *web.Config) { c.Log = telemetry.NewLogger(io.Discard, nil) })
	once := hot(b.echo, "/v1/things")
	without := testing.AllocsPerRun(500, once)
	b.limits("{free: {requests: 1000000/s, each: 1000000/s, concurrent: 100}}")
	if with := testing.AllocsPerRun(500, once); with > without+1 {
		t.Errorf("allocations of a warm request = %v, and %v without limits: want at most one more", with, without)
	}
}

func TestTheWidestHeadersFit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	group := strings.Repeat("g", 32)
	b.limits("{free: {groups: {" + group + ": {requests: 999999/h burst 1000000, each: 999999/h burst 1000000}}}}")
	b.access.keyRate = authn.Rate{Events: 999_999, Per: time.Hour, Burst: 1_000_000}
	b.echo.POST("/api/wide", noContent, b.server.Guard(write, "", catalog.Group(group)))
	got := b.do("POST", "/api/wide", "", asKey(b)...)
	got.want(t, "a request with all limits", 204, "")
	q, r := ";q=999999;w=3600", ";r=999999;t=1"
	name := strconv.Quote(group)
	want := []string{
		`"key"` + q + `, "` + group + `-each"` + q + ", " + name + q,
		`"key"` + r + `, "` + group + `-each"` + r + ", " + name + r,
	}
	if diff := cmp.Diff(want, []string{got.Header().Get("RateLimit-Policy"), got.Header().Get("RateLimit")}); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}
