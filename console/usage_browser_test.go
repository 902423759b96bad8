package console_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// sticksOut lists the words of plots that are drawn beyond their edges, as the browser measures them.
const sticksOut = `[...document.querySelectorAll("svg.plot")].filter(s => s.checkVisibility()).flatMap(s => [...s.querySelectorAll("text")].filter(t => {
	const b = t.getBBox(), v = s.viewBox.baseVal;
	return b.x < -2 || b.x + b.width > v.width + 2 || b.y < -0.5 || b.y + b.height > v.height + 0.5;
}).map(t => t.textContent)).join("|")`

// tablesFit says that no table is wider than what it stands in, and nothing in one wider than the table.
const tablesFit = `[...document.querySelectorAll("table")].every(t => {
	const right = t.getBoundingClientRect().right + 0.5;
	return right <= t.parentElement.getBoundingClientRect().right + 1 && [...t.querySelectorAll("tbody *")].every(e => e.getBoundingClientRect().right <= right);
})`

// indented lists what begins to the right of the heading of its card, where each row is a card of its own.
const indented = `[...document.querySelectorAll(".card:not(.flush) > .stacks")].flatMap(t => {
	const left = t.parentElement.querySelector("h2").getBoundingClientRect().left + 0.5;
	return [...t.querySelectorAll("tbody th, tbody td")].filter(e => e.getBoundingClientRect().left + parseFloat(getComputedStyle(e).paddingLeft) > left).map(e => e.textContent);
}).join("|")`

// TestUsageNeedsNeitherMouseNorScript chooses a span, goes to the hours of a day and looks at the tables with the keyboard alone.
func TestUsageNeedsNeitherMouseNorScript(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	today := time.Now().UTC()
	var long tenants.Membership
	for i, name := range []string{
		"Mia Berger", "Jonas Keller", "Prof. Dr. Hubertus Maximilian von und zu Grafenstein-Hohenlohe-Langenburg", "محمد بن عبد الله الخوارزمي يكتب اسمه الطويل جدا",
		strings.Repeat("W", 90), "長い名前の人", `<script>alert("1")</script>`, "Zo\u0308e\u0301", "Ann", "Bob", "Carl", "Dora",
	} {
		var events []map[string]any
		for day := range 20 {
			events = append(events, map[string]any{
				"quantity": 1 + (day*37+i*11)%23/(1+i/3), "feature": []string{"chat", "search", "agents", ""}[i%4], "model": []string{"large", "small"}[i%2], "input_tokens": 300 + day*10,
				"output_tokens": 120, "cost": 40_000_000 / (i + 1), "currency": "USD", "at": today.Add(-time.Duration(day)*24*time.Hour - time.Duration(i)*7*time.Minute),
			})
		}
		switch i { // the widest numbers: the table by person fits beside them at 390
		case 0:
			events[0]["quantity"] = 1_504_064
		case 1:
			for _, e := range events {
				e["cost"] = 3_750
			}
		}
		m := named(t, tenant, name)
		if i == 2 {
			long = m
		}
		used(t, s.Bearer(s.SessionOf(t, tenant, m)), events...)
	}
	tenant.Within(t, func(ctx context.Context, tx *db.TenantTx) error {
		return errors.Join(
			quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.messages", Measure: quota.Cost, Currency: "USD", Kind: quota.OfTenant, Period: billing.Month, Amount: 3_000_000_000}),
			quota.SetRule(ctx, tx, quota.Rule{Meter: "ai.messages", Measure: quota.Quantity, Kind: quota.OfUser, Subject: long.UserID.UUID(), Period: billing.Day, Amount: 10, Soft: true}))
	})
	k := noMouse(t, s, s.Session(t, tenant, rbac.Owner))
	drawn := func(what string) {
		t.Helper()
		for _, width := range []int64{390, 1280} {
			k.do(t, chromedp.EmulateViewport(width, 1000))
			if !evaluate[bool](t, k, tablesFit) {
				t.Errorf("%s at %d has a table that is wider than what holds it", what, width)
			}
			if out := evaluate[string](t, k, indented); width == 390 && out != "" {
				t.Errorf("%s at %d indents %s", what, width, out)
			}
			if out := evaluate[string](t, k, sticksOut); out != "" {
				t.Errorf("%s at %d draws words beyond the edge: %s", what, width, out)
			}
		}
	}

	k.do(t, chromedp.Navigate(s.URL+"/"))
	k.press(t, `.besides a[href$="/usage"]`, "Usage")
	k.picture(t, "usage-month")
	drawn("the month")
	k.reach(t, `#span`)
	k.do(t, chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	k.press(t, `.filter button`, "Usage")
	k.reach(t, `summary`)
	k.do(t, chromedp.KeyEvent(kb.Enter))
	k.picture(t, "usage-30-days")
	drawn("30 days")
	if got := evaluate[int64](t, k, `document.querySelectorAll("details tbody tr").length`); got != 30 {
		t.Errorf("the table has %d days, want 30", got)
	}
	yesterday := today.AddDate(0, 0, -1).Format("2006-01-02")
	k.press(t, fmt.Sprintf(`details a[href$="span=%s"]`, yesterday), "Usage")
	k.picture(t, "usage-day")
	drawn("a day")
	if got := evaluate[int64](t, k, `[...document.querySelectorAll("svg.plot")].filter(s => s.checkVisibility()).length`); got != 4 {
		t.Errorf("the page shows %d plots, want one over time and three groups", got)
	}
	ids := `[...document.querySelectorAll("[id]")].map(e => e.id)`
	if !evaluate[bool](t, k, `new Set(`+ids+`).size === `+ids+`.length && [...document.querySelectorAll("svg[aria-labelledby]")].every(s => s.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id)?.textContent))`) {
		t.Error("a plot is not named, or two elements have one id")
	}
}
