package main

import (
	"context"
	"encoding/json"
	"flag"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/console/plot"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

var update = flag.Bool("update", false, "write the picture")

// started is the product beside a running Gatehouse.
type started struct {
	*apitest.Server

	echo *echo.Echo
}

func start(t *testing.T) started {
	t.Helper()
	s := started{apitest.Start(t, func(c *gatehouse.Config) { c.Catalog = sold }), echo.New()}
	product{s.Gatehouse}.mount(s.echo)
	return s
}

// send sends a message to the product.
func (s started) send(t *testing.T, bearer, path, text string) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(message{text})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+bearer)
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// TestTheFreeTierIsFiftyADay: also when many of a tenant call at once, and when a call fails.
func TestTheFreeTierIsFiftyADay(t *testing.T) {
	t.Parallel()
	if left := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); left < time.Minute {
		time.Sleep(left) // a day that ends meanwhile has fifty of its own
	}
	s := start(t)
	tenant, other := s.NewTenant(t, billing.Free), s.NewTenant(t, billing.Free)
	member, admin := s.Session(t, tenant, rbac.Member).Access, s.Session(t, tenant, rbac.Admin).Access
	if w := s.send(t, member, "/api/chat", strings.Repeat("x", 1_000_000)); w.Code != http.StatusTooManyRequests {
		t.Fatalf("a message of more tokens than the plan has = %d %s, want 429", w.Code, w.Body)
	}
	for n := 1; n <= 50; n++ {
		bearer := member
		if n%2 == 0 {
			bearer = admin
		}
		if w := s.send(t, bearer, "/api/chat", "hello"); w.Code != http.StatusOK {
			t.Fatalf("call %d = %d %s, want 200", n, w.Code, w.Body)
		}
	}
	w := s.send(t, member, "/api/chat", "hello")
	var why struct {
		Code, Detail           string
		Limit, Used, Remaining int64
		ResetsAt               time.Time `json:"resets_at"`
		NeedsPlan              string    `json:"needs_plan"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &why); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusTooManyRequests || why.Code != "quota_exceeded" || why.Limit != 50 || why.Used != 50 || why.Remaining != 0 || why.NeedsPlan != "pro" || why.Detail == "" {
		t.Errorf("call 51 = %d %s, want quota_exceeded with 50 of 50 used and the plan pro", w.Code, w.Body)
	}
	if at := why.ResetsAt.UTC(); !at.After(time.Now()) || at != at.Truncate(24*time.Hour) || w.Header().Get("Retry-After") == "" {
		t.Errorf("call 51 may come again at %v, after %q, want midnight", at, w.Header().Get("Retry-After"))
	}
	if w := s.send(t, s.Session(t, other, rbac.Member).Access, "/api/chat", "hello"); w.Code != http.StatusOK {
		t.Errorf("a call of another tenant = %d %s, want 200", w.Code, w.Body)
	}
	tenant.SetPlan(t, billing.Pro)
	deadline := time.Now().Add(5 * time.Second)
	for s.send(t, member, "/api/chat", "hello").Code != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("a larger plan does not let the next call pass")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// usagePlot is the plot by person on the page for usage.
var usagePlot = regexp.MustCompile(`(?s)<svg class="plot ranking"[^>]*by-user.*?</svg>`)

// TestThePictureOfTheREADME lets people chat, and keeps the plot that their administrator sees of it.
func TestThePictureOfTheREADME(t *testing.T) {
	t.Parallel()
	s := start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	for _, p := range []struct {
		name, feature string
		times, size   int
	}{
		{"Mia Berger", "/api/chat", 9, 14_000},
		{"Jonas Keller", "/api/agents", 4, 22_000},
		{"Yara Haddad", "/api/chat", 7, 8_400},
		{"Vera Lindqvist", "/api/chat", 3, 9_100},
		{"Tom Okafor", "/api/agents", 1, 5_300},
		{"Aiko Sato", "/api/chat", 2, 420},
	} {
		m := tenant.Join(t, rbac.Member)
		tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
			_, err := tenants.UpdateProfile(ctx, tx, m, tenants.Profile{Email: m.Email, Name: p.name})
			return err
		})
		bearer := s.SessionOf(t, tenant, m).Access
		for range p.times {
			if w := s.send(t, bearer, p.feature, strings.Repeat("word ", p.size/5)); w.Code != http.StatusOK {
				t.Fatalf("a message of %s = %d %s, want 200", p.name, w.Code, w.Body)
			}
		}
	}
	admin := s.Browser(s.Session(t, tenant, rbac.Admin)).With("Accept", "text/html")
	page := string(admin.Do(t, http.MethodGet, "/usage?meter=ai.tokens&span=7-days", nil).Want(t, http.StatusOK).Text)
	drawn := usagePlot.FindString(page)
	if drawn == "" || !strings.Contains(page, "By feature") {
		t.Fatalf("the page has no plot by person:\n%s", page)
	}
	got := plot.Picture(template.HTML(drawn), 560)
	const golden = "usage.svg"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the picture (-want +got):\n%s", diff)
	}
}
