package console

import (
	"strconv"
	"strings"

	"github.com/seed-2a059015/gatehouse/console/plot"
)

func withUnit(n int64, unit string) string { return strings.TrimSpace(plot.Number(n) + " " + unit) }

// money writes an amount in billionths of a currency's unit: to hundredths, and what is less than one of them as exactly as two digits are.
func money(billionths int64, currency string) string {
	const unit, cent = 1_000_000_000, 10_000_000
	if billionths >= cent || billionths == 0 {
		cents := billionths / cent
		if billionths%cent >= cent/2 {
			cents++
		}
		return strings.TrimSpace(plot.Number(cents/100) + "." + strconv.FormatInt(cents%100+100, 10)[1:] + " " + currency)
	}
	digits := 9
	for n := billionths; n >= 100; n /= 10 {
		digits--
	}
	text := strings.TrimRight(strconv.FormatFloat(float64(billionths)/unit, 'f', digits, 64), "0")
	return strings.TrimSpace(text + " " + currency)
}

// share writes a part of a whole in percent.
func share(part, whole int64) string {
	if whole <= 0 {
		return ""
	}
	switch percent := float64(part) / float64(whole) * 100; {
	case part > 0 && percent < 0.5:
		return "under 1%"
	default:
		return strconv.FormatFloat(percent, 'f', 0, 64) + "%"
	}
}
