package plot

import "math"

// columns places the bars, and as many words below them as there is room for.
func (s Series) columns(d *drawnSeries, m measures, of scale) {
	if len(s.Points) == 0 {
		return
	}
	slot := (d.Right - d.Left) / px(len(s.Points))
	gap := min(max(slot*0.24, 0.6), 12)
	top := d.Bars.Top
	if d.Sum.Drawn {
		top = d.Sum.Top
	}
	var widest px
	for _, p := range s.Points {
		widest = max(widest, px(width(clean(p.Tick)))*m.font*0.85)
	}
	every := everyOf(int(math.Ceil(float64((widest + 22) / slot))))
	for i, p := range s.Points {
		x := d.Left + px(i)*slot
		tall := of.of(p.value(), m.bars)
		if p.Value > 0 {
			tall = max(tall, 1.5) // what is there at all is seen
		}
		d.Columns = append(d.Columns, column{
			Name: isolate + clean(p.Name) + released + ": " + Number(p.value()) + s.unit(), X: x, W: slot, BarX: x + gap/2, BarW: slot - gap, BarY: d.Bars.Bottom - tall, BarH: tall,
			Over: s.limit(each) > 0 && p.Value > s.limit(each), Top: top, FullTall: d.Bars.Bottom - top,
		})
		if i%every == 0 {
			text := clean(p.Tick)
			half := px(width(text)) * m.font / 2
			at := min(max(x+slot/2, half), m.width-half)
			d.Labels = append(d.Labels, label{at, text})
		}
	}
}

// everyOf is of how many steps one is named: as people count days and hours.
func everyOf(least int) int {
	for _, n := range []int{1, 2, 3, 4, 6, 7, 12, 14, 28} {
		if n >= least {
			return n
		}
	}
	return least
}

func (s Series) unit() string {
	if s.Unit == "" {
		return ""
	}
	return " " + clean(s.Unit)
}
