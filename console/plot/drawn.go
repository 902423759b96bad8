package plot

// drawnSeries is what series.svg draws.
type drawnSeries struct {
	ID, Class, Title, Text string
	Width, Height          px
	Left, Right            px // of the panels
	Sum, Bars              panel
	Area, Line             string // points of the sum
	End                    mark   // where the sum stands now
	Columns                []column
	Labels                 []label
}

// panel is an area with an axis.
type panel struct {
	Drawn       bool
	Top, Bottom px
	Heading     string
	Ticks       []tick
	Limit       mark
}

// mark is a value with words beside it.
type mark struct {
	Drawn        bool
	X, Y         px
	TextX, TextY px
	Text         string
	Over         bool
	Ends         bool // the words end there and do not begin
}

// column is one step: its bar, and the whole height that tells about it.
type column struct {
	Name          string
	X, W          px
	BarX, BarW    px
	BarY, BarH    px
	Over          bool
	Top, FullTall px
}

type label struct {
	X    px
	Text string
}
