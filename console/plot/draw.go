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

// Picture makes a plot a file of its own, with its colors for light and for dark. It is as wide as it says.
func Picture(plot template.HTML, pixels int) []byte {
	text := strings.Replace(string(plot), "<svg ", fmt.Sprintf(`<svg width="%d" `, pixels), 1)
	at := strings.Index(text, ">") + 1
	return []byte(text[:at] + "\n<style>\n" + palette + style + "</style>" + text[at:] + "\n")
}
