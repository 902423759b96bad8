package usage

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measured are the columns that every report ends with.
var measured = []string{"value", "events", "input_tokens", "output_tokens", "cached_tokens", "cost", "currency"}

// Columns names what each row of the answer has, in the order of [Query.Cells].
func (q Query) Columns() []string {
	names := []string{"meter"}
	if q.Step != Whole {
		names = append(names, "starts_at")
	}
	for _, d := range q.parts() {
		names = append(names, string(d))
	}
	return append(names, measured...)
}

// Cells are a row of the answer as texts.
func (q Query) Cells(r Row) []string {
	cells := []string{q.Meter}
	if q.Step != Whole {
		cells = append(cells, r.StartsAt.UTC().Format(time.RFC3339))
	}
	for _, d := range q.parts() {
		cells = append(cells, r.part(d))
	}
	for _, n := range r.measures() {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	return append(cells, r.Currency)
}

// measures are the numbers of a row, in the order of measured.
func (r Row) measures() []int64 {
	return []int64{r.Value, r.Events, r.InputTokens, r.OutputTokens, r.CachedTokens, r.Cost}
}

// parts are the groups but that by currency, which is among the measures.
func (q Query) parts() []Dimension {
	return slices.DeleteFunc(slices.Clone(q.GroupBy), func(d Dimension) bool { return d == ByCurrency })
}

func (r Row) part(d Dimension) string {
	switch d {
	case ByUser:
		return r.UserID.String()
	case ByAPIKey:
		return r.KeyID.String()
	case ByFeature:
		return r.Feature
	case ByModel:
		return r.Model
	case ByRoute:
		return r.Route
	case ByRole:
		return r.Role
	case BySubject:
		return r.Subject
	case ByGroup:
		return r.Group
	case ByCurrency:
		return r.Currency
	}
	return ""
}

// WriteCSV writes a heading and the rows of a report, as RFC 4180 has them. What a spreadsheet would take for a formula, which a member of
// the tenant may have written, begins with an apostrophe.
func WriteCSV(w io.Writer, q Query, rows []Row) error {
	out := NewCSV(w)
	if err := out.Write(q.Columns()); err != nil {
		return err
	}
	for _, r := range rows {
		if err := out.Write(q.Cells(r)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// CSV writes records of reports of several meters. Make it with [NewCSV], and end it with [CSV.Flush].
type CSV struct{ to *csv.Writer }

// NewCSV makes one that writes to w.
func NewCSV(w io.Writer) CSV {
	to := csv.NewWriter(w)
	to.UseCRLF = true
	return CSV{to}
}

// Write writes a record.
func (c CSV) Write(cells []string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = inert(cell)
	}
	if err := c.to.Write(safe); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// Flush writes what is not written yet.
func (c CSV) Flush() error {
	c.to.Flush()
	if err := c.to.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// inert keeps a text from being a formula. Some spreadsheets drop white space before they look, and some know the wide forms.
func inert(cell string) string {
	if strings.IndexAny(strings.TrimSpace(cell), "=+-@＝＋－＠") == 0 || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
		return "'" + cell
	}
	return cell
}
