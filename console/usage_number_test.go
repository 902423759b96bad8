package console_test

import (
	"math"
	"testing"

	"github.com/seed-2a059015/gatehouse/console"
)

func TestMoneyIsReadable(t *testing.T) {
	t.Parallel()
	for amount, want := range map[int64]string{
		0: "0.00 USD", 1: "0.000000001 USD", 15_000: "0.000015 USD", 1_234_567: "0.0012 USD", 9_999_999: "0.01 USD", 10_000_000: "0.01 USD",
		88_900_000: "0.09 USD", 1_995_000_000: "2.00 USD", 12_345_678_000_000: "12,345.68 USD", math.MaxInt64: "9,223,372,036.85 USD",
	} {
		if got := console.Money(amount, "USD"); got != want {
			t.Errorf("money(%d) = %q, want %q", amount, got, want)
		}
	}
}
