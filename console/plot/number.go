package plot

import (
	"math"
	"strconv"
	"strings"
)

// Number writes a number as people read it, as in 12,045.
func Number(n int64) string {
	digits, sign := strconv.FormatUint(magnitude(n), 10), ""
	if n < 0 {
		sign = "-"
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// short writes a number that is not negative in little room, as in 1.5M: to two digits, which the ticks of an axis have at most.
func short(n float64) string {
	for _, of := range []struct {
		size float64
		sign string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= of.size {
			return strconv.FormatFloat(math.Round(n/of.size*10)/10, 'f', -1, 64) + of.sign
		}
	}
	return strconv.FormatFloat(math.Round(n), 'f', -1, 64)
}

// add is a + b, or the largest number if that is larger.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
