package billing_test

import (
	"encoding/json"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
)

func TestNumbersAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "7", "999999999999999", "unlimited"} {
		n, err := billing.ParseNumber(text)
		if err != nil || n.String() != text {
			t.Errorf("ParseNumber(%q) = %v, %v, want it", text, n, err)
		}
		encoded, err := json.Marshal(n)
		var again billing.Number
		if err != nil || json.Unmarshal(encoded, &again) != nil || again != n {
			t.Errorf("%v as JSON is %s, and back %v, want it", n, encoded, again)
		}
	}
	for _, text := range []string{"", "-1", "+1", "01", "1e3", "1_000", " 1", "1.0", "0x1", "1000000000000000", "Unlimited", "∞"} {
		if n, err := billing.ParseNumber(text); err == nil {
			t.Errorf("ParseNumber(%q) = %v, want an error", text, n)
		}
	}
	for _, text := range []string{`"5"`, `-1`, `1.5`, `1e3`, `true`, `null`, `"more"`, `{}`} {
		var n billing.Number
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("Unmarshal(%s) = %v, want an error", text, n)
		}
	}
}

func TestLessOfNumbers(t *testing.T) {
	t.Parallel()
	none, two, all := billing.Number{}, billing.Number{Value: 2}, billing.Number{Unlimited: true}
	for i, a := range []billing.Number{none, two, all} {
		for j, b := range []billing.Number{none, two, all} {
			if got, want := a.Less(b), i < j; got != want {
				t.Errorf("%v.Less(%v) = %v, want %v", a, b, got, want)
			}
		}
		if got, want := a.Any(), i > 0; got != want {
			t.Errorf("%v.Any() = %v, want %v", a, got, want)
		}
	}
}
