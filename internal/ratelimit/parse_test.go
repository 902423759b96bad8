package ratelimit_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

func TestParseLimitReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ratelimit.Limit{
		"1/s":                         ratelimit.PerSecond(1),
		"600/min":                     ratelimit.PerMinute(600),
		"600/min burst 50":            ratelimit.PerMinute(600).WithBurst(50),
		"1000000/h burst 1000000":     ratelimit.PerHour(1_000_000),
		"10/h burst 1000":             {Events: 10, Per: time.Hour, Burst: 1000},
		"":                            {},
		"0/s":                         {},
		"01/s":                        {},
		"1000001/s":                   {},
		"1/s burst 0":                 {},
		"1/s burst 1000001":           {},
		"1/d":                         {},
		"1/m":                         {},
		"1 / s":                       {},
		"1/s ":                        {},
		"1/s\n":                       {},
		"1/s  burst 2":                {},
		"1/s burst 2 ":                {},
		"-1/s":                        {},
		"1e3/s":                       {},
		"99999999999999999999/s":      {},
		"1/s burst 99999999999999999": {},
	} {
		got, err := ratelimit.ParseLimit(text)
		if got != want || (err != nil) != want.IsZero() {
			t.Errorf("ParseLimit(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := ratelimit.ParseLimit(got.String()); !want.IsZero() && (again != want || err != nil) {
			t.Errorf("ParseLimit(%q) = %+v, %v, want %+v", got.String(), again, err, want)
		}
	}
}

func TestLessIsOfRateOrOfBurst(t *testing.T) {
	t.Parallel()
	hour := ratelimit.PerHour(1_000_000)
	for _, tc := range []struct {
		a, b ratelimit.Limit
		want bool
	}{
		{ratelimit.PerMinute(60), ratelimit.PerMinute(60), false},
		{ratelimit.PerMinute(59), ratelimit.PerMinute(60), true},
		{ratelimit.PerSecond(1).WithBurst(60), ratelimit.PerMinute(60), false},
		{ratelimit.PerSecond(1), ratelimit.PerMinute(60), true}, // less at once
		{ratelimit.PerMinute(120).WithBurst(10), ratelimit.PerMinute(60).WithBurst(20), true},
		{ratelimit.PerMinute(120).WithBurst(20), ratelimit.PerMinute(60).WithBurst(10), false},
		{hour, ratelimit.PerSecond(1_000_000), true},
		{ratelimit.PerSecond(1_000_000), hour, false},
	} {
		if got := tc.a.Less(tc.b); got != tc.want {
			t.Errorf("(%s).Less(%s) = %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}
