package plot

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed series.svg ranking.svg
var files embed.FS

//go:embed plot.css
var style string

//go:embed palette.css
var palette string

var drawings = template.Must(template.ParseFS(files, "*.svg"))

// Style is the style of all plots. Its colors are variables of the page.
func Style() string { return style }

// draw has the template escape all that is text. What it makes is well-formed XML too.
func draw(name string, data any) template.HTML {
	var b bytes.Buffer
	if err := drawings.ExecuteTemplate(&b, name, data); err != nil {
		panic(fmt.Errorf("plot: %w", err)) // a template that does not know its struct: no plot can be drawn, whatever the data
	}
	return template.HTML(strings.TrimSpace(b.String())) //nolint:gosec // html/template made it
}

// edge is the room around a picture.
const edge = 16

// Picture makes a plot a file of its own, with its colors for light and for dark, and with room around it. It is as wide as it says.
func Picture(plot template.HTML, pixels int) []byte {
	text := string(plot)
	var width, height float64
	if at := strings.Index(text, `viewBox="`); at >= 0 {
		_, _ = fmt.Sscanf(text[at:], `viewBox="0 0 %g %g"`, &width, &height) // of what is no plot it stays as it is
	}
	text = strings.Replace(text, fmt.Sprintf(`viewBox="0 0 %v %v"`, px(width), px(height)),
		fmt.Sprintf(`width="%d" viewBox="-%d -%d %v %v"`, pixels, edge, edge, px(width+2*edge), px(height+2*edge)), 1)
	at := strings.Index(text, ">") + 1
	return []byte(text[:at] + "\n<style>\n" + palette + style + "</style>" + text[at:] + "\n")
}
