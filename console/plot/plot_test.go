package plot_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/console/plot"
)

// element is one of a plot, as an XML parser reads it.
type element struct {
	name string
	attr map[string]string
	text string
}

func (e element) number(tb testing.TB, name string) float64 {
	tb.Helper()
	text, there := e.attr[name]
	if !there {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		tb.Fatalf("%s of a %s is %q", name, e.name, text)
	}
	return n
}

// elementsOf reads a plot as strictly as a file of its own would be read.
func elementsOf(tb testing.TB, drawn template.HTML) (list []element) {
	tb.Helper()
	d := xml.NewDecoder(strings.NewReader(string(drawn)))
	for {
		token, err := d.Token()
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			list = append(list, e)
		case xml.CharData:
			if len(list) > 0 {
				list[len(list)-1].text += string(token)
			}
		}
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			tb.Fatalf("the plot is not well-formed: %v\n%s", err, drawn)
		}
	}
}

// holds demands what is true of every plot: it is well-formed, says what it is, and nothing in it lies outside.
func holds(tb testing.TB, drawn template.HTML) []element {
	tb.Helper()
	list := elementsOf(tb, drawn)
	root := list[0]
	var x, y, w, h float64
	if _, err := fmt.Sscanf(root.attr["viewBox"], "%g %g %g %g", &x, &y, &w, &h); err != nil || x != 0 || y != 0 || w < 100 || h < 20 || h > 1000 {
		tb.Fatalf("the plot's box is %q", root.attr["viewBox"])
	}
	if root.attr["role"] != "img" || list[1].name != "title" || list[2].name != "desc" ||
		root.attr["aria-labelledby"] != list[1].attr["id"]+" "+list[2].attr["id"] {
		tb.Errorf("the plot is not named by its title and description:\n%.300s", drawn)
	}
	in := func(e element, px, py float64) {
		if px < -0.1 || py < -0.1 || px > w+0.1 || py > h+0.1 {
			tb.Errorf("%s %v reaches %g, %g outside of %g × %g", e.name, e.attr, px, py, w, h)
		}
	}
	for _, e := range list {
		switch e.name {
		case "rect":
			in(e, e.number(tb, "x"), e.number(tb, "y"))
			in(e, e.number(tb, "x")+e.number(tb, "width"), e.number(tb, "y")+e.number(tb, "height"))
			if e.number(tb, "width") < 0 || e.number(tb, "height") < 0 {
				tb.Errorf("a bar is negative: %v", e.attr)
			}
		case "line":
			in(e, e.number(tb, "x1"), e.number(tb, "y1"))
			in(e, e.number(tb, "x2"), e.number(tb, "y2"))
		case "text", "circle":
			in(e, e.number(tb, "x")+e.number(tb, "cx"), e.number(tb, "y")+e.number(tb, "cy"))
		case "polyline", "polygon":
			for point := range strings.FieldsSeq(e.attr["points"]) {
				var px, py float64
				if _, err := fmt.Sscanf(point, "%g,%g", &px, &py); err != nil || math.IsNaN(px+py) {
					tb.Fatalf("a point is %q", point)
				}
				in(e, px, py)
			}
		case "svg", "title", "desc", "g":
		default:
			tb.Errorf("the plot has an element %s", e.name)
		}
	}
	return list
}

// bars are the bars of a plot.
func bars(list []element) (found []element) {
	for _, e := range list {
		if e.name == "rect" && strings.HasPrefix(e.attr["class"], "bar") {
			found = append(found, e)
		}
	}
	return found
}

func texts(list []element) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.text + "\n")
	}
	return b.String()
}

func series(values ...int64) plot.Series {
	s := plot.Series{ID: "time", Title: "Tokens in November 2026", Text: "So many.", Unit: "tokens", Step: "Each day", Sum: true}
	for i, v := range values {
		s.Points = append(s.Points, plot.Point{Name: fmt.Sprintf("%d Nov 2026", i+1), Tick: strconv.Itoa(i + 1), Value: v})
	}
	return s
}

// hostile are names that people could give themselves.
func hostile() []string {
	return []string{
		`<script>alert("1")</script>`, `"><img src=x onerror=alert(1)>`, `</svg><script>`, `]]>`, `&lt;b&gt;&amp;`, "a\x00b\x08c\x1b[31m", "\xff\xfe broken",
		strings.Repeat("very long name ", 200), strings.Repeat("W", 500), "محمد بن عبد الله الخوارزمي يكتب اسمه الطويل جدا جدا جدا هنا", "\u202emoc.elgoog\u202c", "אבגדה",
		"Z" + strings.Repeat("\u0301\u0489", 400), "👩‍👩‍👧‍👦 " + strings.Repeat("🏳️‍🌈", 60), strings.Repeat("長い名前", 50), "", " ", "\u200b\u200d", "line\nbreak\ttab\u2028sep", "{{.Title}}",
	}
}

func TestWhateverItIsOfAPlotStaysInItsBox(t *testing.T) {
	t.Parallel()
	names := hostile()
	values := []int64{0, 0, 1, 2, 49, 50, 51, 999, 1_000_000, math.MaxInt64 / 2, math.MaxInt64, -1, math.MinInt64}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		name := func() string { return names[r.IntN(len(names))] }
		value := func() int64 { return values[r.IntN(len(values))] }
		s := plot.Series{ID: "time", Title: name(), Text: name(), Unit: name(), Step: name(), Sum: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			s.Limit = plot.Limit{Number: value(), Text: name(), Each: r.IntN(2) == 0}
		}
		steps := []int{0, 1, 2, 7, 24, 31, 366}[r.IntN(7)]
		for i := range steps {
			s.Points = append(s.Points, plot.Point{Name: name(), Tick: name()[:0] + strconv.Itoa(i), Value: value(), Ahead: i > steps/2})
		}
		for _, size := range []plot.Size{plot.Narrow, plot.Wide} {
			if got := bars(holds(t, s.Draw(size))); len(got) != steps {
				t.Errorf("%d steps have %d bars", steps, len(got))
			}
		}
		ranking := plot.Ranking{ID: "who", Title: name(), Text: name()}
		for range r.IntN(12) {
			ranking.Rows = append(ranking.Rows, plot.Rank{Name: name(), Text: name(), Value: value(), Rest: r.IntN(5) == 0})
		}
		holds(t, ranking.Draw())
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func FuzzPlotsTakeAnyNameAndValue(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name, int64(3), int64(50))
	}
	f.Add("x", int64(math.MinInt64), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, name string, a, b int64) {
		s := plot.Series{ID: "time", Title: name, Text: name, Unit: name, Step: name, Sum: true, Limit: plot.Limit{Number: b, Text: name}}
		s.Points = []plot.Point{{Name: name, Tick: "1", Value: a}, {Name: name, Tick: "2", Value: b}}
		for _, size := range []plot.Size{plot.Narrow, plot.Wide} {
			holds(t, s.Draw(size))
		}
		holds(t, plot.Ranking{ID: "who", Title: name, Text: name, Rows: []plot.Rank{{Name: name, Value: a, Text: name}, {Name: name, Value: b, Text: name, Rest: true}}}.Draw())
	})
}

func TestBarsAreAsTallAsWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	got := bars(holds(t, series(10, 20, 0, 40, 1).Draw(plot.Wide)))
	unit := got[0].number(t, "height") / 10
	for i, want := range []float64{10, 20, 0, 40} {
		if h := got[i].number(t, "height"); math.Abs(h-want*unit) > 0.2 {
			t.Errorf("bar %d is %g tall, want %g", i, h, want*unit)
		}
	}
	tiny := bars(holds(t, series(1, 1_000_000).Draw(plot.Wide)))
	if h := tiny[0].number(t, "height"); h < 1 {
		t.Errorf("one beside a million is %g tall, want it seen", h)
	}
	rank := bars(holds(t, plot.Ranking{ID: "who", Rows: []plot.Rank{{Name: "a", Value: 100}, {Name: "b", Value: 25}, {Name: "c"}}}.Draw()))
	if len(rank) != 2 || math.Abs(rank[1].number(t, "width")*4-rank[0].number(t, "width")) > 0.5 {
		t.Errorf("the bars of 100, 25 and 0 are %v", rank)
	}
}

func TestTheSumEndsWhereItStands(t *testing.T) {
	t.Parallel()
	s := series(10, 20, 30, 0, 0)
	s.Points[3].Ahead, s.Points[4].Ahead = true, true
	s.Limit = plot.Limit{Number: 100, Text: "Limit 100"}
	list := holds(t, s.Draw(plot.Wide))
	var line, limit element
	for _, e := range list {
		switch {
		case e.name == "polyline":
			line = e
		case e.name == "line" && e.attr["class"] == "limit":
			limit = e
		}
	}
	points := strings.Fields(line.attr["points"])
	if len(points) != 4 {
		t.Fatalf("the sum of three steps that have begun has %d points, want 4: %v", len(points), points)
	}
	var x, zero, end float64
	_, _ = fmt.Sscanf(points[0], "%g,%g", &x, &zero)
	_, _ = fmt.Sscanf(points[3], "%g,%g", &x, &end)
	if got, want := (zero-end)/(zero-limit.number(t, "y1")), 0.6; math.Abs(got-want) > 0.01 {
		t.Errorf("60 of 100 stands at %.2f of the limit, want %.2f", got, want)
	}
	if all := texts(list); !strings.Contains(all, "Limit 100") || !strings.Contains(all, "60") || !strings.Contains(all, ": 20 tokens") {
		t.Errorf("the plot does not say what it shows:\n%s", all)
	}
}

func TestNamesAreTextWhateverTheyHold(t *testing.T) {
	t.Parallel()
	for _, name := range hostile() {
		drawn := plot.Ranking{ID: "who", Title: name, Text: name, Rows: []plot.Rank{{Name: name, Value: 1, Text: name}}}.Draw()
		holds(t, drawn)
		for _, bad := range []string{"<script", "<img", "\x00", "\u202e"} {
			if strings.Contains(string(drawn), bad) {
				t.Errorf("the plot of %q has %q", name, bad)
			}
		}
	}
	drawn := plot.Ranking{ID: "who", Rows: []plot.Rank{{Name: "Ann & Bob <b>", Value: 1, Text: "1"}}}.Draw()
	if all := texts(holds(t, drawn)); !strings.Contains(all, "Ann & Bob <b>") {
		t.Errorf("the name is not shown as it is:\n%s", all)
	}
}

func TestAPictureBringsItsColors(t *testing.T) {
	t.Parallel()
	got := string(plot.Picture(series(1, 2).Draw(plot.Wide), 880))
	for _, want := range []string{`width="880" viewBox="-16 -16 912 `, "prefers-color-scheme: dark", ".plot .bar", "--bar-good: #2dd4bf"} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture has no %q:\n%.900s", want, got)
		}
	}
	elementsOf(t, template.HTML(got))
}

func TestNumbersAreReadable(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", math.MaxInt64: "9,223,372,036,854,775,807", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := plot.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}
