package web

import (
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Route is one row of a [Table]. Make it with a constructor; each modifier returns a changed copy. The zero Route has
// neither a permission nor a reason to be open, so no server mounts it.
type Route struct {
	method, path string
	permission   rbac.Permission
	open         string // why anybody may call
	handler      Handler

	feature     billing.Feature
	sessionOnly bool
	stepUp      time.Duration
	limit       ratelimit.Limit
	group       catalog.Group
	idempotent  bool
	noEvent     string
	anyStanding string
	crossSite   bool
	anyHost     bool
	forwarded   bool
	maxBody     int64
	status      int
	summary     string
}

// Get is a row that reads.
func Get(path string, p rbac.Permission, h Handler) Route { return row(http.MethodGet, path, p, h) }

// Post is a row that creates or acts.
func Post(path string, p rbac.Permission, h Handler) Route { return row(http.MethodPost, path, p, h) }

// Put is a row that replaces.
func Put(path string, p rbac.Permission, h Handler) Route { return row(http.MethodPut, path, p, h) }

// Patch is a row that changes.
func Patch(path string, p rbac.Permission, h Handler) Route { return row(http.MethodPatch, path, p, h) }

// Asked is a row that a proxy asks about another request by that request's own method, and its path behind that of the row: one of a
// row for each of [AskedBy].
func Asked(method, path string, p rbac.Permission, h Handler) Route {
	return row(method, path, p, h).Forwarded()
}

// AskedBy returns the methods by which proxies ask with [Asked]. There is no OPTIONS: what browsers ask so carries no credentials.
func AskedBy() []string { return append([]string{http.MethodHead}, methods...) }

// Delete is a row that removes.
func Delete(path string, p rbac.Permission, h Handler) Route {
	return row(http.MethodDelete, path, p, h)
}

// Open is a row that anybody may call, because something else authenticates it or there is nothing to protect; why says
// what. The pattern is a method and a path. Credentials are not looked at.
func Open(pattern, why string, h Handler) Route {
	method, path, _ := strings.Cut(pattern, " ")
	r := row(method, path, "", h)
	r.open = why
	return r
}

func row(method, path string, p rbac.Permission, h Handler) Route {
	return Route{method: method, path: path, permission: p, handler: h}
}

// Needs demands a feature of the tenant's plan.
func (r Route) Needs(f billing.Feature) Route { r.feature = f; return r }

// SessionOnly refuses API keys: what a person must do themselves.
func (r Route) SessionOnly() Route { r.sessionOnly = true; return r }

// StepUp demands that the person signed in no longer than d ago; it refuses API keys too.
func (r Route) StepUp(d time.Duration) Route { r.stepUp, r.sessionOnly = d, true; return r }

// Limit says how often one principal, or one address of an open row, may call.
func (r Route) Limit(l ratelimit.Limit) Route { r.limit = l; return r }

// Group says with which other rows a tenant's requests are counted together, of those for which its plan has limits.
func (r Route) Group(g catalog.Group) Route { r.group = g; return r }

// Idempotent lets clients repeat a POST safely with an Idempotency-Key.
func (r Route) Idempotent() Route { r.idempotent = true; return r }

// NoEvent says why this mutation leaves no event.
func (r Route) NoEvent(why string) Route { r.noEvent = why; return r }

// AnyStanding also lets in callers whom [Standing] speaks against (a suspended member, a tenant that demands another
// sign-in), without a decision: the handler asks for itself.
func (r Route) AnyStanding(why string) Route { r.anyStanding = why; return r }

// CrossSite lets other sites' pages post to an open row: callbacks of identity providers.
func (r Route) CrossSite() Route { r.crossSite = true; return r }

// AnyHost answers whatever the Host header says: probes of a load balancer.
func (r Route) AnyHost() Route { r.anyHost = true; return r }

// Forwarded is for a row that a proxy asks about another request, whose headers it passes on. The method that other sites' pages are kept
// out by is the one that X-Forwarded-Method names, or of a row that takes the rest of a path its own; and no session is refreshed: the proxy may keep the new cookies from the browser, which
// would then come back with old ones and look like a thief.
func (r Route) Forwarded() Route { r.forwarded = true; return r }

// MaxBody changes how many bytes a request's body may have.
func (r Route) MaxBody(bytes int64) Route { r.maxBody = bytes; return r }

// Returns changes the status of success, which is 200, or 204 where nothing is returned.
func (r Route) Returns(status int) Route { r.status = status; return r }

// Doc says in one line what the row is for, for the reference.
func (r Route) Doc(summary string) Route { r.summary = summary; return r }

// Path is the path with its parameters in braces.
func (r Route) Path() string { return r.path }

// Method is the HTTP method.
func (r Route) Method() string { return r.method }

// In is the type that requests are decoded into; nil for [Raw].
func (r Route) In() reflect.Type { return r.handler.in }

// Out is the type that is encoded as the answer; nil for [Raw].
func (r Route) Out() reflect.Type { return r.handler.out }

// mutates says that the method is one that changes something. That of a question about another request does not.
func (r Route) mutates() bool { return r.method != http.MethodGet && !r.forwarded }

// label names the row in logs and metrics.
func (r Route) label() string { return r.method + " " + r.path }

func (r Route) success() int {
	switch {
	case r.status != 0:
		return r.status
	case r.handler.out == reflect.TypeFor[None]():
		return http.StatusNoContent
	}
	return http.StatusOK
}
