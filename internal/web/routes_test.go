package web_test

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

type thingIn struct {
	Name  string      `json:"name"`
	Count int         `json:"count,omitzero"`
	Ratio float64     `json:"ratio,omitzero"`
	Owner id.User     `json:"owner,omitzero"`
	Tags  []string    `json:"tags,omitzero"`
	Extra anyDepth    `json:"extra,omitzero"`
	Word  secret.Text `json:"word,omitzero"`
	At    time.Time   `json:"at,omitzero"`
}

type anyDepth []anyDepth

type paging struct {
	Limit int    `query:"limit" json:"-"`
	Sort  string `query:"sort" json:"-"`
	Deep  *bool  `query:"deep" json:"-"`

	Since time.Time `query:"since" json:"-"`
}

type oneIn struct {
	paging
	ID id.Membership `path:"id" json:"-"`
}

type changeIn struct {
	ID   id.Membership `path:"id" json:"-"`
	Name string        `json:"name"`
}

type thing struct {
	ID     string `json:"id,omitzero"`
	Name   string `json:"name,omitzero"`
	Tenant string `json:"tenant,omitzero"`
	Limit  int    `json:"limit,omitzero"`
	Deep   *bool  `json:"deep,omitzero"`
}

// table has a row of each sort.
func (b *bench) table() web.Table {
	return web.Table{
		web.Get("/v1/things", read, web.Snapshot(b.list)).Doc("List things."),
		web.Get("/v1/things/{id}", read, web.Snapshot(b.one)),
		web.Post("/v1/things", write, web.Snapshot(b.make)).Returns(http.StatusCreated).NoEvent("it makes nothing"),
		web.Patch("/v1/things/{id}", write, web.Snapshot(b.change)).NoEvent("it changes nothing"),
		web.Delete("/v1/things/{id}", write, web.Tenant(b.remove)),
		web.Post("/v1/roles", write, web.Snapshot(b.make)).Needs(billing.CustomRoles).NoEvent("it makes nothing"),
		web.Post("/v1/keys", write, web.Tenant(b.record)).SessionOnly().Idempotent().Returns(http.StatusCreated),
		web.Post("/v1/danger", write, web.Tenant(b.record)).StepUp(5 * time.Minute),
		web.Post("/v1/limited", write, web.Tenant(b.record)).Limit(ratelimit.PerHour(2)),
		web.Post("/v1/checks", read, web.Raw(b.page)).Group(catalog.Check).NoEvent("a page of the test"),
		web.Post("/v1/once", write, web.Tenant(b.record)).Idempotent().Returns(http.StatusCreated),
		web.Post("/v1/admitted", write, web.Admit(b.admitted)),
		web.Post("/v1/prepared", write, web.Prepared(b.prepare, b.apply)).Idempotent(),
		web.Post("/v1/fail/{how}", write, web.Tenant(b.fail)).Idempotent(),
		web.Post("/v1/small", write, web.Snapshot(b.make)).MaxBody(64).NoEvent("it makes nothing"),
		web.Get("/v1/any-standing", read, web.Snapshot(b.standing)).AnyStanding("it answers with the reason"),
		web.Get("/home", read, web.Raw(b.page)),
		web.Get("/files/{rest...}", read, web.Raw(b.page)),
		web.Post("/sign-out", read, web.Raw(b.page)).NoEvent("a page of the test"),
		web.Open("POST /login", "it signs in", web.Raw(b.page)),
		web.Open("POST /sso/callback", "the state parameter", web.Raw(b.page)).CrossSite(),
		web.Open("GET /healthz", "a probe", web.Raw(b.page)).AnyHost(),
	}
}

func (b *bench) list(ctx context.Context, in paging) (thing, error) {
	b.handled.Add(1)
	return thing{Tenant: authn.From(ctx).Tenant.String(), Limit: in.Limit, Deep: in.Deep}, nil
}

func (b *bench) one(_ context.Context, in oneIn) (thing, error) {
	b.handled.Add(1)
	return thing{ID: in.ID.String(), Limit: in.Limit}, nil
}

func (b *bench) make(_ context.Context, in thingIn) (thing, error) {
	b.handled.Add(1)
	return thing{Name: in.Name}, nil
}

func (b *bench) change(_ context.Context, in changeIn) (thing, error) {
	b.handled.Add(1)
	return thing{ID: in.ID.String(), Name: in.Name}, nil
}

func (b *bench) remove(_ context.Context, _ *db.TenantTx, _ struct {
	ID id.Membership `path:"id" json:"-"`
},
) (web.None, error) {
	b.handled.Add(1)
	return web.None{}, nil
}

// record leaves an event, which the tests count.
func (b *bench) record(ctx context.Context, tx *db.TenantTx, in thingIn) (thing, error) {
	b.handled.Add(1)
	if in.Name == "slow" {
		time.Sleep(200 * time.Millisecond)
	}
	made := id.New[id.Key]()
	return thing{ID: made.String(), Name: in.Name}, events.Record(ctx, tx, events.KeyCreated, made, nil)
}

func (b *bench) admitted(_ context.Context, sys *db.SystemTx, tx *db.TenantTx, _ web.None) (thing, error) {
	b.handled.Add(1)
	var people int
	if err := sys.DB.Raw("SELECT count(*) FROM users").Scan(&people).Error; err != nil {
		return thing{}, err
	}
	return thing{Limit: people, Tenant: tx.Tenant.String()}, nil
}

func (b *bench) prepare(_ context.Context, in thingIn) (string, error) {
	if in.Name == "unreachable" {
		return "", errs.InvalidField("name", "cannot be reached")
	}
	return "prepared " + in.Name, nil
}

func (b *bench) apply(_ context.Context, _ *db.TenantTx, _ thingIn, prepared string) (thing, error) {
	b.handled.Add(1)
	return thing{Name: prepared}, nil
}

var errKept = errs.New(errs.Forbidden, "remembered", "This is remembered.")

// fail leaves an event and then goes wrong in the way that the path says.
func (b *bench) fail(ctx context.Context, tx *db.TenantTx, in struct {
	How string `path:"how" json:"-"`
},
) (web.None, error) {
	b.handled.Add(1)
	if err := events.Record(ctx, tx, events.KeyRevoked, id.New[id.Key](), nil); err != nil {
		return web.None{}, err
	}
	switch in.How {
	case "panic":
		panic("/srv/secret/path.go: select * from users")
	case "nil":
		var none *thing
		return web.None{}, errors.New(none.Name)
	case "sql":
		return web.None{}, tx.DB.Exec("SELECT * FROM no_such_table").Error
	case "kept":
		return web.None{}, db.Keep(errKept)
	case "refused":
		return web.None{}, errKept
	case "extra":
		return web.None{}, errKept.With("channel", make(chan int))
	}
	return web.None{}, errors.New("dial tcp 10.1.2.3:5432: /etc/passwd")
}

func (b *bench) standing(ctx context.Context, _ web.None) (thing, error) {
	if err := web.Standing(ctx); err != nil {
		return thing{Name: errs.CodeOf(err)}, nil
	}
	return thing{Name: "good"}, nil
}

func (b *bench) page(c echo.Context) error {
	b.handled.Add(1)
	switch c.QueryParam("do") {
	case "panic":
		panic("boom")
	case "redirect":
		return b.server.Redirect(c, c.QueryParam("to"))
	case "teapot":
		return echo.NewHTTPError(http.StatusTeapot, "internal detail")
	case "who":
		p, err := b.server.Identify(c)
		if err != nil {
			return c.String(http.StatusOK, "nobody: "+errs.CodeOf(err))
		}
		return c.String(http.StatusOK, p.Subject())
	case "permitted":
		p, err := web.Permitted(c.Request().Context(), write, billing.Feature(c.QueryParam("feature")))
		if err != nil {
			return err
		}
		if p == nil {
			return c.String(http.StatusOK, "nobody")
		}
		return c.String(http.StatusOK, p.Subject())
	}
	return c.HTML(http.StatusOK, "<p>"+authn.From(c.Request().Context()).Subject())
}
