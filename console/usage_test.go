package console_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// used records events as somebody who may.
func used(t *testing.T, c *apitest.Client, events ...map[string]any) {
	t.Helper()
	list := make([]any, len(events))
	for i, e := range events {
		if e["meter"] == nil {
			e["meter"] = "ai.messages"
		}
		e["id"] = uuid.Must(uuid.NewV7()).String()
		list[i] = e
	}
	var out struct{ Accepted int }
	if c.Do(t, http.MethodPost, "/v1/usage", list).Want(t, http.StatusOK).JSON(t, &out); out.Accepted != len(events) {
		t.Fatalf("%d of %d events were accepted", out.Accepted, len(events))
	}
}

// named makes an administrator of a name.
func named(t *testing.T, tenant *apitest.Tenant, name string) tenants.Membership {
	t.Helper()
	m := tenant.Join(t, rbac.Admin)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.UpdateProfile(ctx, tx, m, tenants.Profile{Email: m.Email, Name: name})
		return err
	})
	return m
}

// look asks for a page as a browser does.
func look(t *testing.T, c *apitest.Client, path string, status int) string {
	t.Helper()
	return string(c.With("Accept", "text/html").Do(t, http.MethodGet, path, nil).Want(t, status).Text)
}

func holdsAll(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not show %q:\n%s", text, page)
		}
	}
}

func TestUsageIsShownByWhomAndForWhat(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	evil := `Mallory <script>alert("1")</script>`
	mia, mallory := s.SessionOf(t, tenant, named(t, tenant, "Mia Berger")), s.SessionOf(t, tenant, named(t, tenant, evil))
	used(t, s.Bearer(mia),
		map[string]any{"quantity": 1500, "feature": "chat", "model": "large", "input_tokens": 700, "output_tokens": 300, "cost": 2_500_000_000, "currency": "USD"},
		map[string]any{"quantity": 100, "feature": "search", "at": time.Now().Add(-50 * time.Hour)})
	used(t, s.Bearer(mallory), map[string]any{"quantity": 200, "feature": "chat", "cost": 12_345_678, "currency": "USD"})
	used(t, s.Machine(s.APIKey(t, tenant, rbac.Admin)), map[string]any{"quantity": 50})
	owner := s.Browser(s.Session(t, tenant, rbac.Owner))
	holdsAll(t, look(t, owner, "/", 200), `href="/usage"`)

	page := look(t, owner, "/usage?meter=ai.messages&span=7-days", 200)
	holdsAll(t, page, "Messages to the assistant", "Mia Berger", "Mallory &lt;script&gt;", "API key for a test", "<dd>1,850</dd>", "2.51", "USD", "700 / 300",
		"86%", "chat", "search", "No feature", "large", `<option value="7-days" selected>`, "of the limit", "2,000", `role="img"`, "/usage/csv?meter=ai.messages&amp;span=7-days&amp;by=user")
	if strings.Contains(page, "<script") {
		t.Error("a name is a script")
	}
	month := look(t, owner, "/usage?meter=ai.messages&span=month", 200)
	holdsAll(t, month, "Limit 2,000", "Each day", "As a table")
	holdsAll(t, look(t, owner, "/usage?span=today", 200), "Each hour")
	day := time.Now().UTC().Add(-50 * time.Hour).Format("2006-01-02")
	holdsAll(t, look(t, owner, "/usage?span="+day, 200), "by hour</option>", "<dd>100</dd>", "Mia Berger")
	for _, bad := range []string{"2020-01-01", time.Now().AddDate(0, 0, 3).Format("2006-01-02")} {
		holdsAll(t, look(t, owner, "/usage?span="+bad, 404), "There is no such page")
	}
	holdsAll(t, look(t, owner, "/usage?span=no-span&meter=no.meter", 200), `<option value="month" selected>`)
	for _, span := range []string{"last-month", "30-days"} {
		look(t, owner, "/usage?span="+span, 200)
	}
}

func TestUsageIsSavedAsAFile(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	admin := s.Session(t, tenant, rbac.Admin)
	used(t, s.Bearer(admin), map[string]any{"quantity": 3, "feature": "=cmd()"}, map[string]any{"quantity": 4, "feature": "chat"})
	browser := s.Browser(admin)
	for query, want := range map[string]string{
		"by=feature": "meter,feature,value,events,input_tokens,output_tokens,cached_tokens,cost,currency|ai.messages,chat,4,1,0,0,0,0,|ai.messages,'=cmd(),3,1,0,0,0,0,",
		"by=user":    "meter,user,api_key,value,events,input_tokens,output_tokens,cached_tokens,cost,currency|ai.messages," + admin.Member.UserID.String() + ",,7,2,0,0,0,0,",
		"":           "meter,starts_at,value,events,input_tokens,output_tokens,cached_tokens,cost,currency|ai.messages," + time.Now().UTC().Format("2006-01-02") + "T00:00:00Z,7,2,0,0,0,0,",
	} {
		got := browser.Do(t, http.MethodGet, "/usage/csv?meter=ai.messages&span=7-days&"+query, nil).Want(t, http.StatusOK)
		records, err := csv.NewReader(strings.NewReader(string(got.Text))).ReadAll()
		must(t, err)
		var lines []string
		for _, r := range records {
			lines = append(lines, strings.Join(r, ","))
		}
		if all := strings.Join(lines, "|"); all != want {
			t.Errorf("%q = %s, want %s", query, all, want)
		}
		if h := got.Header; !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q has the headers %v, want a file", query, h)
		}
	}
	for _, query := range []string{"meter=no.meter", "", "meter=ai.messages&by=tenant", "meter=ai.messages&span=2020-01-01"} {
		look(t, browser, "/usage/csv?"+query, http.StatusNotFound)
	}
}

func TestUsageIsForWhoMay(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Enterprise), s.NewTenant(t, billing.Pro)
	mia := named(t, tenant, "Mia Berger")
	used(t, s.Bearer(s.SessionOf(t, tenant, mia)), map[string]any{"quantity": 1234, "feature": "their-secret-feature"})
	for _, path := range []string{"/usage", "/usage/csv?meter=ai.messages"} {
		for _, role := range []rbac.Role{rbac.Viewer, rbac.Member} {
			holdsAll(t, look(t, s.Browser(s.Session(t, tenant, role)), path, http.StatusForbidden), "role_lacks_permission")
		}
		if got := s.Anonymous().With("Accept", "text/html").Do(t, http.MethodGet, path, nil); got.StatusCode != http.StatusSeeOther {
			t.Errorf("%s for nobody = %d, want the sign-in", path, got.StatusCode)
		}
	}
	if home := look(t, s.Browser(s.Session(t, tenant, rbac.Member)), "/", 200); strings.Contains(home, `href="/usage"`) {
		t.Error("a member is led to what they may not see")
	}
	stranger := s.Browser(s.Session(t, other, rbac.Owner))
	page := look(t, stranger, "/usage?meter=ai.messages", 200)
	holdsAll(t, page, "Nothing was used in this time", "<dd>0</dd>")
	// A person of both is known there by what they are called there.
	here := other.Adopt(t, mia, rbac.Admin)
	other.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.UpdateProfile(ctx, tx, here, tenants.Profile{Email: here.Email, Name: "M. elsewhere"})
		return err
	})
	used(t, s.Bearer(s.SessionOf(t, other, here)), map[string]any{"quantity": 7})
	page = look(t, stranger, "/usage?meter=ai.messages", 200)
	holdsAll(t, page, "M. elsewhere", "<dd>7</dd>")
	csv := look(t, stranger, "/usage/csv?meter=ai.messages&by=feature", 200)
	for _, theirs := range []string{"Mia Berger", "their-secret-feature", "1,234", "1234"} {
		if strings.Contains(page+csv, theirs) {
			t.Errorf("another tenant sees %q:\n%s%s", theirs, page, csv)
		}
	}
}

func TestWhoMayNotKnowPeopleSeesNoNames(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Enterprise)
	mia := named(t, tenant, "Mia Berger")
	used(t, s.Bearer(s.SessionOf(t, tenant, mia)), map[string]any{"quantity": 5})
	used(t, s.Machine(s.APIKey(t, tenant, rbac.Admin)), map[string]any{"quantity": 50})
	var role rbac.Role
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		r, err := tenants.CreateCustomRole(ctx, tx, builtin(t), tenants.NewCustomRole{Name: "Books", Permissions: []rbac.Permission{rbac.UsageRead}})
		role = r.Role
		return err
	})
	clerk := tenant.Join(t, rbac.Viewer)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) (err error) {
		clerk, err = tenants.SetRole(ctx, tx, clerk.ID, role)
		return err
	})
	page := look(t, s.Browser(s.SessionOf(t, tenant, clerk)), "/usage", 200)
	holdsAll(t, page, mia.UserID.String(), "key_")
	if strings.Contains(page, "Mia") || strings.Contains(page, "for a test") {
		t.Errorf("who may not know people sees their names:\n%s", page)
	}
}

func TestUsageOfASuspendedTenantIsNotShown(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	owner := s.Browser(s.Session(t, tenant, rbac.Owner))
	look(t, owner, "/usage", 200)
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "test")
		return err
	})
	eventually(t, "the refusal of a suspended tenant", func() bool {
		return owner.With("Accept", "text/html").Do(t, http.MethodGet, "/usage", nil).StatusCode == http.StatusForbidden
	})
	holdsAll(t, look(t, owner, "/usage/csv?meter=ai.messages", 403), "tenant_suspended")
}

func TestManyWhoUsedSomethingAreTenAndAllOthers(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	admin := s.Session(t, tenant, rbac.Admin)
	var events []map[string]any
	for i := range 25 {
		events = append(events, map[string]any{"quantity": 100 + i, "feature": fmt.Sprintf("feature-%02d", i), "cost": 1_000_000_000, "currency": []string{"USD", "EUR"}[i%2]})
	}
	used(t, s.Bearer(admin), events...)
	page := look(t, s.Browser(admin), "/usage?meter=ai.messages&span=7-days", 200)
	part := page[strings.Index(page, `aria-labelledby="feature"`):]
	rows := regexp.MustCompile(`<tr><th scope="row" class="name">([^<]*)</th><td>([^<]*)</td>`).FindAllStringSubmatch(part, -1)
	if len(rows) != 11 || rows[0][1] != "feature-24" || rows[0][2] != "124" || rows[10][1] != "All others" || rows[10][2] != "1,605" {
		t.Errorf("the features are %v, want ten and the others with 1,605", rows)
	}
	holdsAll(t, page, "<dd>13.00 <small>USD</small></dd>", "<dd>12.00 <small>EUR</small></dd>")
}

func TestBudgetsOfOnesOwnAreShownWithWhoseTheyAre(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	mia := named(t, tenant, "Mia Berger")
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		return errors.Join(
			quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.messages", Measure: quota.Events, Kind: quota.OfUser, Subject: mia.UserID.UUID(), Period: billing.Day, Amount: 2}),
			quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.messages", Measure: quota.Quantity, Kind: quota.OfTenant, Period: billing.Year, Amount: 15000, Soft: true}),
			quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.messages", Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Month, Amount: 3_000_000_000}))
	})
	used(t, s.Bearer(s.SessionOf(t, tenant, mia)), map[string]any{"quantity": 30}, map[string]any{"quantity": 40})
	owner, page := s.Browser(s.Session(t, tenant, rbac.Owner)), ""
	eventually(t, "the budget of Mia is used up", func() bool {
		page = look(t, owner, "/usage?meter=ai.messages", 200)
		return strings.Contains(page, "Used up")
	})
	holdsAll(t, page, "Budgets of your own", `Mia Berger<span class="under">Calls a day</span>`, `Everybody together<span class="under">Quantity a year</span>`, `data-label="Limit">15,000</td><td data-label="Left">14,930</td>`,
		"<dd>70</dd>", "<dd>2,000</dd>", "<dd>1,930</dd>", "3% of the limit", "Allows nothing")
	used(t, s.Bearer(s.SessionOf(t, tenant, mia)), map[string]any{"quantity": 1_931})
	eventually(t, "the plan's number is passed", func() bool {
		return strings.Contains(look(t, owner, "/usage?meter=ai.messages", 200), "Over the limit.")
	})
	other := s.Browser(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	if page := look(t, other, "/usage?meter=ai.messages", 200); strings.Contains(page, "Budgets of your own") || strings.Contains(page, "Mia") {
		t.Errorf("another tenant sees them:\n%s", page)
	}
}

// TestTheLimitIsThatOfItsPeriod: the line is drawn over the span that is the period of the meter, whatever the period is called.
func TestTheLimitIsThatOfItsPeriod(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t, func(c *gatehouse.Config) {
		c.Catalog = []byte(`version: 1
features:
  by.day: {title: By day, meter: {unit: calls}, period: day, numbers: {free: 11}}
  by.month: {title: By month, meter: {unit: calls}, period: month, numbers: {free: 22}}
  by.billing: {title: By billing, meter: {unit: calls}, period: billing, numbers: {free: 33}}
  by.year: {title: By year, meter: {unit: calls}, period: year, numbers: {free: 44}}
`)
	})
	tenant := s.NewTenant(t, billing.Free)
	admin := s.Session(t, tenant, rbac.Admin)
	browser := s.Browser(admin)
	for _, c := range []struct{ meter, span, limit string }{
		{"by.day", "today", "Limit 11 calls"},
		{"by.day", "month", "Limit 11 calls a day"},
		{"by.day", time.Now().UTC().Format("2006-01-02"), "Limit 11 calls"},
		{"by.month", "month", "Limit 22 calls"},
		{"by.month", "today", ""},
		{"by.month", "7-days", ""},
		{"by.billing", "month", "Limit 33 calls"},
		{"by.billing", "30-days", ""},
		{"by.year", "year", "Limit 44 calls"},
		{"by.year", "month", ""},
	} {
		used(t, s.Bearer(admin), map[string]any{"meter": c.meter, "quantity": 1})
		page := look(t, browser, "/usage?meter="+c.meter+"&span="+c.span, 200)
		if got := limitLine.FindStringSubmatch(page); c.limit == "" && got != nil || c.limit != "" && (got == nil || got[1] != c.limit) {
			t.Errorf("the limit of %s in %s = %q, want %q", c.meter, c.span, got, c.limit)
		}
	}
}

func TestTheLimitHasWhatWasGranted(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	admin := s.Session(t, tenant, rbac.Admin)
	used(t, s.Bearer(admin), map[string]any{"quantity": 2100})
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := quota.Give(ctx, tx, quota.Grant{Meter: "ai.messages", Amount: 500, ExpiresAt: time.Now().AddDate(1, 0, 0), Reason: "outage"})
		return err
	})
	browser, page := s.Browser(admin), ""
	eventually(t, "the budget has the grant", func() bool {
		page = look(t, browser, "/usage?meter=ai.messages&span=month", 200)
		return strings.Contains(page, "<dd>2,500</dd>")
	})
	if got := limitLine.FindStringSubmatch(page); got == nil || got[1] != "Limit 2,500" {
		t.Errorf("the line says %q, want the limit of 2,500 that the budget has", got)
	}
}

// limitLine is the text beside the line of a limit.
var limitLine = regexp.MustCompile(`<text class="limit"[^>]*>([^<]*)</text>`)
