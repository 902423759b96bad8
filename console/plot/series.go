package plot

import "html/template"

// Series is what was used step by step: a bar for each step and, where steps add up, above them what they come to.
type Series struct {
	ID     string // of the element, unlike all others of the page
	Title  string
	Text   string // what a person would say who sees it
	Unit   string // of the values; "" for none
	Step   string // says how long a step is: Each day
	Points []Point
	Sum    bool // draw what the steps come to
	Limit  Limit
}

// Point is one step. What is below zero counts as zero.
type Point struct {
	Name  string // in full: 3 Nov 2026
	Tick  string // below the axis: 3 Nov
	Value int64
	Ahead bool // has not begun: the sum is not drawn there
}

func (p Point) value() int64 { return max(0, p.Value) }

// Limit is a line that usage should not cross. The zero Limit is none.
type Limit struct {
	Number int64
	Text   string // Limit 2,000
	Each   bool   // of each step, and not of what they come to
}

// Size is how wide a plot is made. It is drawn as wide as the page has room for.
type Size int

// The sizes: that of a phone, and that of a desk.
const (
	Narrow Size = iota
	Wide
)

// measures are those of a size.
type measures struct {
	name                                       string
	width, right, font, sum, bars, gap, letter px
}

func (s Size) measures() measures {
	if s == Wide {
		return measures{"wide", 880, 20, 13, 190, 96, 44, 7.6}
	}
	return measures{"narrow", 320, 12, 12, 150, 76, 40, 7.2}
}

// Draw draws the series.
func (s Series) Draw(size Size) template.HTML {
	m := size.measures()
	var most, all int64
	for _, p := range s.Points {
		most, all = max(most, p.value()), add(all, p.value())
	}
	if !s.Sum {
		m.bars = m.sum
	}
	sum, bars := scaleOf(max(all, s.limit(!each)), 4), scaleOf(max(most, s.limit(each)), int(m.bars/40))
	d := drawnSeries{
		ID: s.ID + "-" + m.name, Class: "plot series " + m.name, Title: clean(s.Title), Text: clean(s.Text),
		Width: m.width, Right: m.width - m.right, Left: m.axis(append(sum.ticks(0, 0), bars.ticks(0, 0)...)),
	}
	y := m.font * 2
	if s.Sum {
		d.Sum = panel{Drawn: true, Heading: "So far", Top: y, Bottom: y + m.sum, Ticks: sum.ticks(y+m.sum, m.sum)}
		if n := s.limit(!each); n > 0 {
			d.Sum.Limit = m.limit(d, s.Limit.Text, d.Sum.Bottom-sum.of(n, m.sum))
		}
		y = d.Sum.Bottom + m.gap
	}
	d.Bars = panel{Drawn: true, Heading: fit(clean(s.Step), m.font, m.width-d.Left), Top: y, Bottom: y + m.bars, Ticks: bars.ticks(y+m.bars, m.bars)}
	if n := s.limit(each); n > 0 {
		d.Bars.Limit = m.limit(d, s.Limit.Text, d.Bars.Bottom-bars.of(n, m.bars))
	}
	d.Height = d.Bars.Bottom + m.font*2
	s.columns(&d, m, bars)
	if s.Sum {
		s.line(&d, m, sum)
	}
	return draw("series.svg", d)
}

const each = true

// limit is the one of each step, or of what they come to; 0 if there is none.
func (s Series) limit(of bool) int64 {
	if s.Limit.Each != of {
		return 0
	}
	return max(0, s.Limit.Number)
}

// axis is how much room the words of ticks need.
func (m measures) axis(ticks []tick) (room px) {
	for _, t := range ticks {
		room = max(room, px(len(t.Text))*m.letter)
	}
	return room + 10
}

// limit is the line at a height. Its words stand above it, or below where there is no room.
func (m measures) limit(d drawnSeries, text string, y px) mark {
	text = fit(clean(text), m.font, (d.Right-d.Left)*2/3)
	at := mark{Drawn: true, Y: y, TextX: d.Left + 6, TextY: y - 6, Text: text}
	if y < m.font*3.2 {
		at.TextY = y + m.font + 3
	}
	return at
}
