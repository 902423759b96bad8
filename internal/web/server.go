package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

// Server answers the rows of its tables. Make it with [New].
type Server struct {
	base, origin string // the public base URL, and its scheme and host
	prefix       string // the path of the base URL: "" or "/gatehouse"
	hosts        map[string]bool
	internal     map[string]bool // hosts where the API alone answers
	secure       bool
	origins      map[string]bool // CORS
	proxies      []netip.Prefix

	db       *db.DB
	access   Access
	sessions Sessions
	keyring  *secret.Keyring
	limiter  ratelimit.Limiter
	metrics  *telemetry.Metrics
	log      *slog.Logger

	unmatched *telemetry.Route

	htmlError      func(echo.Context, Problem) error
	crossOrigin    *http.CrossOriginProtection
	gate, openGate *ratelimit.Gate
	openShares     *ratelimit.Shares[string]    // of the open gate, by address
	tenantShares   *ratelimit.Shares[id.Tenant] // of the gate
	openLimit      ratelimit.Limit
	failureLimit   ratelimit.Limit
	fixed          fixedHeaders
	scratch        scratch

	routes                     map[routeKey]*mounted
	steps, openSteps, unrouted []step
}

// step is one thing that happens to a request before its handler; an error ends the request.
type step func(*exchange) error

// arrange puts the steps in order. Around all of them stand, in exchange.run: the log line and the metrics, which see
// every answer; the recovery from panics, which therefore become logged answers; and the gates against overload.
func (s *Server) arrange() {
	first := []step{
		(*exchange).originate, // before anything is refused: a refusal is found by its request id
		(*exchange).harden,    // before anything is refused: the headers are on every answer
		(*exchange).checkHost, // before anything is believed of the request
		(*exchange).share,     // CORS before authentication: a preflight carries no credentials, and errors need the headers too
	}
	s.unrouted = append(slices.Clip(first), (*exchange).refuseOptions)
	common := append(slices.Clip(first),
		(*exchange).checkPath,
		(*exchange).boundBody, // before anything reads
		(*exchange).gather,    // looks at the credentials without believing them
		(*exchange).protect,   // CSRF before authentication, which may refresh a session
	)
	s.openSteps = append(slices.Clip(common), (*exchange).throttle)
	s.steps = append(slices.Clip(common),
		(*exchange).authenticate, // tenant active → membership active → sign-in policy
		(*exchange).room,         // before anything is read or asked for the tenant: one must not slow another
		(*exchange).permit,       // permission → plan feature
		(*exchange).stepUp,       // session only → recent enough
		(*exchange).throttle,     // last: a refusal above costs nobody their share
		(*exchange).meter,        // and then what the tenant's plan allows
	) // then the adapter: input → idempotency → transaction → handler
}
