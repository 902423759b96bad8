package api_test

import (
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// These tests run over the routes of both front doors: a cookie opens either.

func TestWEB01NoOtherSiteChangesAnything(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	evil := []struct{ name, header, value string }{
		{"cross-site", "Sec-Fetch-Site", "cross-site"},
		{"same-site", "Sec-Fetch-Site", "same-site"},
		{"another origin", "Origin", "https://evil.test"},
		{"another port", "Origin", "http://localhost:1"},
		{"an opaque origin", "Origin", "null"},
		{"nothing that tells, WEB-02", "", ""},
	}
	n := 0
	for _, r := range gatehouse.Routes().Rows() {
		if !r.Mutates || r.CrossSite {
			continue
		}
		n++
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			browser := s.Browser(p.caller).With("Sec-Fetch-Site", "")
			for _, e := range evil {
				c := browser
				if e.header != "" {
					c = browser.With(e.header, e.value)
				}
				before := s.SnapshotOf(t, p.tenant.ID)
				if got := c.Do(t, r.Method, anyPath(r), nil).Problem(); got.Status != 403 || got.Code != "cross_site" {
					t.Errorf("%s: %d %q, want 403 cross_site", e.name, got.Status, got.Code)
				}
				if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID)); changed != "" {
					t.Errorf("%s: a refusal changed rows:\n%s", e.name, changed)
				}
			}
		})
	}
	if n == 0 {
		t.Error("no row is tested")
	}
}

func TestWEB01AFormOfAnotherSiteOpensNoSession(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range gatehouse.Routes().Rows() {
		if r.Mutates && r.Open != "" && !r.CrossSite {
			s.Anonymous().With("Sec-Fetch-Site", "cross-site").Do(t, r.Method, anyPath(r), nil).Refused(t, 403, "cross_site")
		}
	}
}

func TestTheServerAnswersTheTableAndNothingElse(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	e, ok := s.Handler.(*echo.Echo)
	if !ok {
		t.Fatalf("the handler is a %T", s.Handler)
	}
	rows := map[string]bool{}
	for _, r := range gatehouse.Routes().Rows() {
		rows[r.Method+" "+echoPath(r)] = true
	}
	answered := map[string]bool{}
	for _, r := range e.Routes() {
		answered[r.Method+" "+r.Path] = true
		if !rows[r.Method+" "+r.Path] {
			t.Errorf("%s %s is answered and has no row", r.Method, r.Path)
		}
	}
	for row := range rows {
		if !answered[row] {
			t.Errorf("%s has a row and is not answered", row)
		}
	}
}

func echoPath(r web.Row) string {
	return parameter.ReplaceAllStringFunc(r.Path, func(p string) string {
		if strings.HasSuffix(p, "...}") {
			return "*"
		}
		return ":" + strings.Trim(p, "{}")
	})
}
