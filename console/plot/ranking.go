package plot

import (
	"html/template"
	"strings"
)

// Ranking is who or what used how much, each with a bar.
type Ranking struct {
	ID    string // of the element, unlike all others of the page
	Title string
	Text  string // what a person would say who sees it
	Rows  []Rank
}

// Rank is one row. What is below zero counts as zero.
type Rank struct {
	Name  string
	Value int64
	Text  string // the value for people, and what else there is to say: 812,000 tokens · 1.62 USD
	Rest  bool   // is many together
}

// drawnRanking is what ranking.svg draws.
type drawnRanking struct {
	ID, Title, Text string
	Width, Height   px
	Rows            []drawnRank
}

type drawnRank struct {
	Full, Name, Text       string
	Y, TextY, BarY, Length px
	Tall                   px
	Rest                   bool
}

const (
	rankWidth px = 360
	rankTall  px = 42
	rankFont  px = 13
	barTall   px = 10
)

// Draw draws the ranking.
func (r Ranking) Draw() template.HTML {
	var most int64
	for _, row := range r.Rows {
		most = max(most, row.Value)
	}
	d := drawnRanking{ID: r.ID, Title: clean(r.Title), Text: clean(r.Text), Width: rankWidth, Height: max(px(len(r.Rows))*rankTall, rankTall)}
	for i, row := range r.Rows {
		y := px(i) * rankTall
		name, text := clean(row.Name), fit(clean(row.Text), rankFont, rankWidth*2/3)
		one := drawnRank{
			Full: isolate + name + released + ": " + clean(row.Text), Text: text, Y: y, TextY: y + 16, BarY: y + 24, Tall: rankTall, Rest: row.Rest,
			Name: fit(name, rankFont, rankWidth-px(width(text))*rankFont-10),
		}
		if row.Value > 0 {
			one.Length = max(px(float64(row.Value)/float64(most))*rankWidth, 2) // what is there at all is seen
		}
		if strings.TrimSpace(one.Name) == "" {
			one.Name = "–"
		}
		d.Rows = append(d.Rows, one)
	}
	return draw("ranking.svg", d)
}
