package plot

import (
	"math"
	"strings"
)

// line goes from zero to what the steps come to at the end of each that has begun.
func (s Series) line(d *drawnSeries, m measures, of scale) {
	x, y := d.Left, d.Sum.Bottom
	path := []string{pair(x, y)}
	var sum int64
	for i, p := range s.Points {
		if p.Ahead {
			break
		}
		sum = add(sum, p.value())
		x, y = d.Columns[i].X+d.Columns[i].W, d.Sum.Bottom-of.of(sum, m.sum)
		path = append(path, pair(x, y))
	}
	d.Line = strings.Join(path, " ")
	d.Area = strings.Join(append(path, pair(x, d.Sum.Bottom), pair(d.Left, d.Sum.Bottom)), " ")
	d.End = m.end(d, x, y, Number(sum))
	d.End.Over = s.limit(!each) > 0 && sum >= s.limit(!each)
}

// end places the words at the end of the line: beside it where there is room, else above it or, at the top, below.
func (m measures) end(d *drawnSeries, x, y px, text string) mark {
	at := mark{Drawn: true, X: x, Y: y, TextX: x + 9, TextY: y + m.font*0.35, Text: text}
	if at.TextX+px(width(text))*m.font <= d.Right {
		return at
	}
	at.Ends, at.TextX, at.TextY = true, x, y-9
	limit := d.Sum.Limit
	if near := limit.Drawn && math.Abs(float64(limit.Y-y+m.font)) < float64(m.font); near || at.TextY < d.Sum.Top+m.font*0.5 {
		at.TextY = min(y+m.font+8, d.Sum.Bottom-4)
	}
	at.Text = fit(text, m.font*0.9, x)
	return at
}

func pair(x, y px) string { return x.String() + "," + y.String() }
