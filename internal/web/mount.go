package web

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

// mounted is a row that a server answers.
type mounted struct {
	Route
	label      string
	parameters int
	wildcard   bool
	serve      endpoint
	seen       *telemetry.Route
}

// routeKey is a method and a path as Echo knows it.
type routeKey struct{ method, path string }

// Mount adds the rows of the tables to an Echo application, which may have routes of its own; nothing else of it changes.
// Each row brings all of its protection along. The error joins every mistake in the tables, and then nothing is added.
func (s *Server) Mount(e *echo.Echo, tables ...Table) error { return s.mount(e, tables, s.run) }

// Echo returns an application that serves the tables and nothing else: unknown paths and wrong methods are answered like
// everything. It is what a process of our own listens with.
func (s *Server) Echo(tables ...Table) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = s.Address // what c.RealIP says, though nothing here asks it
	e.Use(s.run)
	if err := s.mount(e, tables); err != nil {
		return nil, err
	}
	return e, nil
}

func (s *Server) mount(e *echo.Echo, tables []Table, around ...echo.MiddlewareFunc) error {
	added := map[routeKey]*mounted{}
	var order []routeKey
	var mistakes []error
	for _, r := range slices.Concat(tables...) {
		if err := r.check(); err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		serve, err := r.handler.bind(s, r)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		key := routeKey{r.method, r.echoPath(s.prefix)}
		if added[key] != nil || s.routes[key] != nil {
			mistakes = append(mistakes, fmt.Errorf("route %q is there twice", r.label()))
		}
		order = append(order, key)
		added[key] = &mounted{
			Route: r, label: r.label(), parameters: len(r.parameters()), serve: serve, seen: s.metrics.Route(r.label()),
			wildcard: key.path[len(key.path)-1] == '*',
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return err
	}
	maps.Copy(s.routes, added)
	for _, key := range order {
		e.Add(key.method, key.path, added[key].answer, around...)
	}
	return nil
}

// answer is called inside of run, which made the exchange.
func (m *mounted) answer(c echo.Context) error {
	ex, ok := c.(*exchange)
	if !ok {
		panic("web: a row is reached around its guard")
	}
	return m.serve(ex)
}

// Unlisted compares the routes of an application with the mounted tables: what answers without a row, and which row
// nothing answers. A test demands that it is empty.
func (s *Server) Unlisted(e *echo.Echo) []string {
	var differences []string
	there := map[routeKey]bool{}
	for _, r := range e.Routes() {
		key := routeKey{r.Method, r.Path}
		there[key] = true
		if s.routes[key] == nil {
			differences = append(differences, fmt.Sprintf("%s %s has no row", r.Method, r.Path))
		}
	}
	for key := range s.routes {
		if !there[key] {
			differences = append(differences, fmt.Sprintf("%s %s is not mounted", key.method, key.path))
		}
	}
	slices.Sort(differences)
	return differences
}
