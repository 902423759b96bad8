package billing_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
)

func TestBoundsOfPeriods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		period              billing.Period
		at, anchor          string
		wantStart, wantNext string
	}{
		{billing.Day, "2026-02-28T23:59:59Z", "", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{billing.Day, "2026-03-01T00:30:00+01:00", "", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{billing.Month, "2026-12-31T23:59:59Z", "", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{billing.Year, "2026-12-31T23:59:59Z", "", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{billing.Billing, "2026-12-31T23:59:59Z", "", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{billing.Billing, "2026-03-15T10:00:00Z", "2025-01-15T10:20:00Z", "2026-03-15T10:00:00Z", "2026-04-15T10:00:00Z"},
		{billing.Billing, "2026-03-15T09:59:59Z", "2025-01-15T10:20:00Z", "2026-02-15T10:00:00Z", "2026-03-15T10:00:00Z"},
		{billing.Billing, "2026-02-28T00:00:00Z", "2025-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"},
		{billing.Billing, "2026-01-05T00:00:00Z", "2025-01-31T00:00:00Z", "2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z"},
		{billing.Billing, "2026-04-30T23:59:59Z", "2025-01-31T00:00:00Z", "2026-04-30T00:00:00Z", "2026-05-31T00:00:00Z"},
		{billing.Billing, "2026-03-31T00:00:00Z", "2025-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"},
		{billing.Billing, "2026-02-28T07:00:00Z", "2024-02-29T07:30:00Z", "2026-02-28T07:00:00Z", "2026-03-29T07:00:00Z"},
		{billing.Billing, "2028-02-29T06:59:59Z", "2024-02-29T07:30:00Z", "2028-01-29T07:00:00Z", "2028-02-29T07:00:00Z"},
		{billing.Billing, "2026-03-01T00:59:59Z", "2025-01-31T20:00:00-05:00", "2026-02-01T01:00:00Z", "2026-03-01T01:00:00Z"},
		{billing.Billing, "2026-03-15T14:00:00+14:00", "2025-01-15T00:00:00Z", "2026-03-15T00:00:00Z", "2026-04-15T00:00:00Z"},
		{billing.Billing, "2028-02-29T12:00:00Z", "2025-01-30T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-30T00:00:00Z"},
	} {
		start, next := tt.period.Bounds(moment(t, tt.at), moment(t, tt.anchor))
		if !start.Equal(moment(t, tt.wantStart)) || !next.Equal(moment(t, tt.wantNext)) {
			t.Errorf("%s.Bounds(%s, %s) = %v, %v, want %s, %s", tt.period, tt.at, tt.anchor, start, next, tt.wantStart, tt.wantNext)
		}
	}
}

// Periods follow each other without a gap, and each begins an hour, whatever the anchor is.
func TestPeriodsLeaveNoGap(t *testing.T) {
	t.Parallel()
	for day := range 31 {
		anchor := time.Date(2024, 1, day+1, day%24, 7, 0, 0, time.UTC)
		for _, period := range billing.Periods() {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 40 {
				start, next := period.Bounds(at, anchor)
				if !start.Equal(start.Truncate(time.Hour)) || start.After(at) || !next.After(at) {
					t.Fatalf("%s.Bounds(%v, %v) = %v, %v, want hours around it", period, at, anchor, start, next)
				}
				if again, _ := period.Bounds(next.Add(-1), anchor); !again.Equal(start) {
					t.Fatalf("%s.Bounds before %v begins %v, want %v", period, next, again, start)
				}
				if begins, _ := period.Bounds(next, anchor); !begins.Equal(next) {
					t.Fatalf("%s.Bounds(%v) begins %v, want then", period, next, begins)
				}
				at = next
			}
		}
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
