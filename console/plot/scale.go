package plot

import (
	"math"
	"strconv"
)

// px is a length or a place in the picture.
type px float64

// String writes it to a tenth, which is less than one sees.
func (p px) String() string { return strconv.FormatFloat(math.Round(float64(p)*10)/10, 'f', -1, 64) }

// scale is an axis from zero to top, which is above all that is drawn on it.
type scale struct{ top, step float64 }

// scaleOf has about so many parts, each of 1, 2 or 5 times a power of ten: people count in them.
func scaleOf(most int64, parts int) scale {
	rough := math.Max(float64(most)/float64(parts), 1)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, of := range []float64{1, 2, 5} {
		if of*power >= rough {
			step = of * power
			break
		}
	}
	return scale{math.Max(math.Ceil(float64(most)/step), 1) * step, step}
}

// of is how tall a value stands in a panel.
func (s scale) of(value int64, height px) px {
	return px(math.Max(0, math.Min(1, float64(value)/s.top))) * height
}

// tick is a value of an axis that has a line.
type tick struct {
	Y    px
	Text string
}

// ticks are the lines of a panel that ends at its bottom.
func (s scale) ticks(bottom, height px) (list []tick) {
	for i := 0.0; i*s.step <= s.top*1.001; i++ {
		list = append(list, tick{bottom - px(i*s.step/s.top)*height, short(i * s.step)})
	}
	return list
}
