package web_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestTableRenders(t *testing.T) {
	t.Parallel()
	const golden = "testdata/table.golden"
	got := new(bench).table().Render()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("Render() (-want +got):\n%s", diff)
	}
}

func TestTableAsJSON(t *testing.T) {
	t.Parallel()
	row := web.Post("/v1/x", write, web.Raw(nil)).Needs(billing.SSO).StepUp(time.Minute).Returns(202)
	got, err := json.Marshal(web.Table{row}.Rows())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"method":"POST","path":"/v1/x","permission":"things:write","feature":"sso","session_only":true,` +
		`"step_up_seconds":60,"mutates":true,"status":202,"scope":"raw"}]`
	if string(got) != want {
		t.Errorf("Rows() = %s, want %s", got, want)
	}
}

func TestModifiersReturnCopies(t *testing.T) {
	t.Parallel()
	plain := web.Get("/v1/x", read, web.Raw(nil))
	_ = plain.Needs(billing.SSO).SessionOnly().Returns(202)
	if r := plain.Row(); r.Feature != "" || r.SessionOnly || r.Status != 200 {
		t.Errorf("a row after modifiers = %+v, want it unchanged", r)
	}
}

func TestMistakesInTablesAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := web.Raw(func(echo.Context) error { return nil })
	scoped := web.Tenant(func(context.Context, *db.TenantTx, web.None) (web.None, error) { return web.None{}, nil })
	for want, r := range map[string]web.Route{
		"neither a permission nor a reason to be open": {},
		"no handler":                       web.Get("/v1/a", read, web.Handler{}),
		"unknown method":                   web.Open("TRACE /v1/a", "why not", page),
		"the path is not":                  web.Get("v1/a", read, page),
		"segments and {parameters}":        web.Get("/v1/:id", read, page),
		"lower-case":                       web.Get("/v1/A/", read, page),
		"has no tenant to work in":         web.Open("POST /v1/a", "why not", scoped),
		"knows no caller":                  web.Open("GET /v1/a", "why not", page).SessionOnly(),
		"only an open row can be":          web.Post("/v1/a", write, page).CrossSite(),
		"can be idempotent":                web.Post("/v1/a", write, page).Idempotent(),
		"only a POST":                      web.Put("/v1/a", write, scoped).Idempotent(),
		"needs no excuse":                  web.Get("/v1/a", read, page).NoEvent("it reads"),
		"status of success":                web.Get("/v1/a", read, page).Returns(302),
		"a negative limit":                 web.Get("/v1/a", read, page).MaxBody(-1),
		"only a raw row takes":             web.Get("/v1/{rest...}", read, scoped),
		`no field of web.None has the tag`: web.Get("/v1/{id}", read, scoped),
		"the path has no {id}":             web.Get("/v1/a", read, reads[oneIn]()),
		"a GET has no body":                web.Get("/v1/a", read, reads[thingIn]()),
		`needs the tag json:"-"`: web.Get("/v1/{id}", read, reads[struct {
			ID id.User `path:"id"`
		}]()),
		"no tag that says where": web.Post("/v1/a", write, reads[struct{ Name string }]()),
		"comes from two places": web.Get("/v1/{id}", read, reads[struct {
			ID string `path:"id" query:"id" json:"-"`
		}]()),
		"cannot be read from": web.Get("/v1/a", read, reads[struct {
			X []string `query:"x" json:"-"`
		}]()),
		"is not a struct": web.Get("/v1/a", read, reads[string]()),
	} {
		err := b.server.Mount(echo.New(), web.Table{r})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Mount(%s) = %v, want %q", web.Table{r}.Render(), err, want)
		}
	}
	twice := web.Get("/v1/new", read, page)
	if err := b.server.Mount(echo.New(), web.Table{twice}, web.Table{twice}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("Mount of a row twice = %v, want it refused", err)
	}
}

func reads[In any]() web.Handler {
	return web.Snapshot(func(context.Context, In) (web.None, error) { return web.None{}, nil })
}

func TestRoutesEqualTheTable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.server.Unlisted(b.echo); len(got) > 0 {
		t.Errorf("Unlisted = %q, want none", got)
	}
	b.echo.GET("/v1/backdoor", func(echo.Context) error { return nil })
	if diff := cmp.Diff([]string{"GET /v1/backdoor has no row"}, b.server.Unlisted(b.echo)); diff != "" {
		t.Errorf("Unlisted (-want +got):\n%s", diff)
	}
	if got := b.server.Unlisted(echo.New()); len(got) != len(b.table()) {
		t.Errorf("Unlisted of an empty application = %q, want every row", got)
	}
}

func TestMountInsideAProduct(t *testing.T) {
	t.Parallel()
	product := newProduct(t)
	if err := product.server.Mount(product.echo, web.Table{web.Get("/v1/me", rbac.Self, reads[web.None]())}); err != nil {
		t.Fatalf("Mount = %v", err)
	}
	chat := func(c echo.Context) error { return c.String(200, principal(c)) }
	product.echo.POST("/api/chat", chat, product.server.Guard(write, "", ""))
	product.echo.POST("/api/roles", chat, product.server.Guard(write, billing.CustomRoles, ""))
	product.echo.GET("/own", func(c echo.Context) error { return c.String(200, "own") })

	got := product.do("GET", "/auth/v1/me", "", "Host", "product.test")
	got.want(t, "our row, anonymous", 401, "unauthenticated")
	if got.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("our row has no headers of ours")
	}
	product.do("GET", "/auth/v1/me", "", asMember("Host", "product.test")...).want(t, "our row", 204, "")
	product.do("GET", "/auth/v1/me", "", asMember("Host", "evil.test")...).want(t, "our row by another name", 421, "wrong_host")

	got = product.do("GET", "/own", "", "Host", "evil.test")
	if got.body != "own" || got.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("the product's own route = %s %v, want it untouched", got.body, got.Header())
	}

	product.do("POST", "/api/chat", "").want(t, "guarded, anonymous", 401, "unauthenticated")
	product.do("POST", "/api/chat", "", asBrowser("Sec-Fetch-Site", "cross-site")...).want(t, "guarded, another site", 403, "cross_site")
	product.do("POST", "/api/chat", "", asBrowser()...).want(t, "guarded, an old browser", 403, "cross_site")
	product.do("POST", "/api/roles", "", asMember()...).want(t, "guarded, another plan", 403, "feature_not_in_plan")
	for _, headers := range [][]string{asMember(), asBrowser("Sec-Fetch-Site", "same-origin")} {
		got = product.do("POST", "/api/chat", "", headers...)
		if got.Code != 200 || got.body != product.member.Membership.String() || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("guarded = %d %s, want the principal", got.Code, got.body)
		}
	}
	product.member.Role = "viewer"
	product.do("POST", "/api/chat", "", asMember()...).want(t, "guarded, a viewer", 403, "role_lacks_permission")
}
