package usage_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing/usage"
)

func TestCSVIsOfTheRFCAndHasNoFormulas(t *testing.T) {
	t.Parallel()
	q := usage.Query{Meter: "ai.tokens", Step: usage.Day, GroupBy: []usage.Dimension{usage.ByModel, usage.ByCurrency, usage.ByFeature}}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	models := []string{
		"large", "=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", `=HYPERLINK("http://x","y")`, "a,b", `says "hi"`, "two\nlines", "", "'already", "a=b", "＝1",
	}
	rows := make([]usage.Row, len(models))
	for i, m := range models {
		rows[i] = usage.Row{StartsAt: at, Model: m, Feature: "chat", Value: 5, Events: 2, InputTokens: 3, Cost: 7, Currency: "USD"}
	}
	var b strings.Builder
	if err := usage.WriteCSV(&b, q, rows[:2]); err != nil {
		t.Fatalf("WriteCSV() = %v", err)
	}
	const want = "meter,starts_at,model,feature,value,events,input_tokens,output_tokens,cached_tokens,cost,currency\r\n" +
		"ai.tokens,2026-11-01T00:00:00Z,large,chat,5,2,3,0,0,7,USD\r\n" +
		"ai.tokens,2026-11-01T00:00:00Z,'=1+1,chat,5,2,3,0,0,7,USD\r\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("WriteCSV() (-want +got):\n%s", diff)
	}

	b.Reset()
	if err := usage.WriteCSV(&b, q, rows); err != nil {
		t.Fatalf("WriteCSV() = %v", err)
	}
	read, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(read) != len(rows)+1 {
		t.Fatalf("read back %d records, %v, want %d", len(read), err, len(rows)+1)
	}
	guarded := []string{ // the form has no lone carriage returns
		"large", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'  =1", "'\t=1", "'=1", `'=HYPERLINK("http://x","y")`, "a,b", `says "hi"`, "two\nlines", "", "'already", "a=b", "'＝1",
	}
	for i, want := range guarded {
		if got := read[i+1][2]; got != want {
			t.Errorf("the model %q is the cell %q, want %q", models[i], got, want)
		}
	}
}
