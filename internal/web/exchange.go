package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

// exchange is one request and what has become known about it.
type exchange struct {
	echo.Context
	server    *Server
	route     *mounted // nil: no row of the table
	ctx       context.Context
	within    within        // ctx at first
	asked     authn.Context // ctx when the origin is known
	known     authn.Context // ctx when the principal is known too
	origin    authn.Origin
	named     [1]string // the request id, as a header has it
	shown     credentials
	principal *authn.Principal // nil until somebody is known
	standing  error            // what speaks against the principal
	byCookie  bool
	internal  bool           // it came to a host where the API alone answers
	rated     bool           // plan is known
	plan      *catalog.Rates // of the principal's tenant; nil for no limits
	from      string         // the address, as shares are counted, on an open row
	limits    [2]string      // the policy and what is left, as headers have them
	roomed    bool           // counted into the share of the principal's tenant
	left      bool           // it is not counted any more
	cut       bool           // the client was gone before all was written
	cookies   cookieOrder
	body      []byte
	started   time.Time
	status    int // for the log; 0: that of the response
	code      string
	cause     error
}

type exchangeKey struct{}

// unmatched is the route of what no row answers.
const unmatched = "unmatched"

func (s *Server) begin(c echo.Context, route *mounted) *exchange {
	ex := &exchange{Context: c, server: s, route: route, started: time.Now()}
	ex.within = within{db.Counted{Context: c.Request().Context()}, ex}
	ex.ctx = &ex.within
	return ex
}

// within is the context of an exchange: it leads back to it, and counts its statements. The contexts of an exchange are parts of it, so that
// they cost no allocations.
type within struct {
	db.Counted
	exchange *exchange
}

func (w *within) Value(key any) any {
	if _, ours := key.(exchangeKey); ours {
		return w.exchange
	}
	return w.Counted.Value(key)
}

// run answers one request: the steps of the server, then next. It returns no error: every failure is answered here, so
// that all of them look alike.
func (s *Server) run(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ex := s.begin(c, s.routes[routeKey{c.Request().Method, c.Path()}])
		defer ex.finish() // also when the handler aborts the connection
		if err := ex.attempt(next); err != nil {
			s.refuse(ex, err)
		}
		return nil
	}
}

// attempt turns a panic into an error. By then the scope of a transaction has rolled back, since it recovers nothing.
func (ex *exchange) attempt(next echo.HandlerFunc) (err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v) // how net/http is told to drop the connection
		default:
			err = &panicked{v, whence()}
		}
	}()
	steps := ex.server.unrouted
	if ex.route != nil {
		steps = ex.server.steps
		if ex.route.open != "" {
			steps = ex.server.openSteps
		}
	}
	if !ex.enter() {
		_ = ex.originate()
		_ = ex.harden()
		return errOverloaded
	}
	defer ex.leave()
	for _, step := range steps {
		if err := step(ex); err != nil || ex.Response().Committed {
			return err
		}
	}
	return next(ex)
}

// enter counts the request in; open rows and unknown paths have a gate of their own, so that strangers cannot take the
// room of those who are signed in.
func (ex *exchange) enter() bool {
	s := ex.server
	if ex.stranger() && !ex.enterOpen() {
		return false
	}
	if !s.gate.Enter() {
		if ex.stranger() {
			ex.leaveOpen()
		}
		return false
	}
	return true
}

func (ex *exchange) leave() {
	if ex.left {
		return
	}
	if ex.stranger() {
		ex.leaveOpen()
	}
	if ex.roomed {
		ex.server.tenantShares.Leave(ex.principal.Tenant)
	}
	ex.server.gate.Leave()
}

// enterOpen gives each address a share of the gate for strangers: one that sends its bodies slowly would else keep everybody
// from signing in, and the probes from an answer.
func (ex *exchange) enterOpen() bool {
	s := ex.server
	ex.from = ratelimit.AddressKey(s.Address(ex.Request()))
	if !s.openShares.Enter(ex.from) {
		return false
	}
	if !s.openGate.Enter() {
		s.openShares.Leave(ex.from)
		return false
	}
	return true
}

func (ex *exchange) leaveOpen() {
	ex.server.openGate.Leave()
	ex.server.openShares.Leave(ex.from)
}

func (ex *exchange) stranger() bool { return ex.route == nil || ex.route.open != "" }

// unchunked is how much of a body net/http holds back to see how long it is; what is longer would go out in chunks.
const unchunked = 2 << 10

// reply sends a successful answer.
func (ex *exchange) reply(status int, body []byte) {
	ex.send(status, body, ex.server.fixed.json)
}

// replyAs is reply for an answer that may be no JSON.
func (ex *exchange) replyAs(status int, w written) {
	if w.mediaType == jsonType {
		ex.reply(status, w.body)
		return
	}
	ex.send(status, w.body, []string{w.mediaType})
}

func (ex *exchange) send(status int, body []byte, mediaType []string) {
	ex.cookies.apply(ex)
	if len(body) > 0 {
		h := ex.Response().Header()
		h["Content-Type"] = mediaType
		if len(body) > unchunked {
			h["Content-Length"] = []string{strconv.Itoa(len(body))}
		}
	}
	ex.tellMoved()
	ex.write(status, body)
}

// tellMoved tells the client which version of the tenant the request has made. It belongs on every answer, refusals too: some of them have
// changed what they must remember.
func (ex *exchange) tellMoved() {
	if moved := ex.within.Counter.Moved(); moved != nil {
		ex.tellVersion(moved.Tenant, moved.Version)
	}
}

func (ex *exchange) tellVersion(tenant id.Tenant, version int64) {
	if text := ex.server.access.VersionText(tenant, version); text != "" {
		ex.Response().Header()["Gatehouse-Version"] = []string{text}
	}
}

// write goes on as if nothing were wrong when the client is gone.
func (ex *exchange) write(status int, body []byte) {
	ex.Response().WriteHeader(status)
	if len(body) > 0 {
		_, err := ex.Response().Write(body)
		ex.cut = err != nil
	}
}

// finish writes the canonical line and counts.
func (ex *exchange) finish() {
	route, seen := unmatched, ex.server.unmatched
	if ex.route != nil {
		route, seen = ex.route.label, ex.route.seen
	}
	now := time.Now()
	line := telemetry.Line{
		At: now, RequestID: ex.origin.RequestID, Address: ex.origin.Address, Method: ex.Request().Method, Route: route,
		Status: ex.Response().Status, Code: ex.code, Duration: now.Sub(ex.started), SQL: ex.within.Counter.Statements(),
		Bytes: ex.Response().Size, Cause: ex.cause,
	}
	if ex.status != 0 {
		line.Status = ex.status
	}
	if p := ex.principal; p != nil {
		line.Tenant, line.Kind, line.Principal = p.Tenant.String(), string(p.Kind), p.Subject()
	}
	line.Log(ex.ctx, ex.server.log)
	seen.Answered(line.Status, line.Duration)
}

// wantsPage says that a person is looking: the browser asked for HTML and the path is not of the API.
func (ex *exchange) wantsPage() bool {
	return !ex.server.isAPI(ex.Request().URL.Path) && strings.Contains(ex.Request().Header.Get("Accept"), "text/html")
}

func (ex *exchange) bodyLimit() int64 {
	if ex.route != nil && ex.route.maxBody > 0 {
		return ex.route.maxBody
	}
	return defaultBody
}

// label names the row, or the route of an embedding product by its pattern.
func (ex *exchange) label() string {
	if ex.route != nil && ex.route.label != "" {
		return ex.route.label
	}
	return ex.Path()
}

// RouteOf names the row that a handler answers for, such as "POST /v1/check".
func RouteOf(ctx context.Context) string {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return ex.label()
	}
	return ""
}

// Standing is what speaks against the caller of a row with AnyStanding; nil if nothing does.
func Standing(ctx context.Context) error {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return ex.standing
	}
	return nil
}
