package web

import (
	"fmt"
	"io"
	"mime"
	"reflect"
	"strconv"
	"strings"
)

// Tabular is an answer of a row with a transaction that can also be had as a table: who asks for text/csv rather than for JSON gets that.
type Tabular interface {
	// WriteCSV writes it in the form of RFC 4180, with a heading.
	WriteCSV(w io.Writer) error
}

const (
	jsonType = "application/json"
	csvType  = "text/csv"
)

// Tabular says that the row answers in text/csv too.
func (r Route) Tabular() bool {
	out := r.handler.out
	return r.handler.scoped && !r.mutates() && out != nil && out.Implements(reflect.TypeFor[Tabular]())
}

// written is an answer, and its media type.
type written struct {
	body      []byte
	mediaType string
}

// encode writes an answer as the request wants it.
func (ex *exchange) encode(out any) (written, error) {
	t, ok := out.(Tabular)
	if !ok || !ex.route.Tabular() {
		body, err := encode(out)
		return written{body, jsonType}, err
	}
	h := ex.Response().Header()
	h.Add("Vary", "Accept")
	if !prefersCSV(ex.Request().Header.Values("Accept")) {
		body, err := encode(out)
		return written{body, jsonType}, err
	}
	var b strings.Builder
	if err := t.WriteCSV(&b); err != nil {
		return written{}, fmt.Errorf("write the answer as a table: %w", err)
	}
	h.Set("Content-Disposition", "attachment") // a browser saves it, and shows nothing of it
	return written{[]byte(b.String()), csvType + "; charset=utf-8; header=present"}, nil
}

// prefersCSV says that an Accept header names CSV and gives it more weight than JSON. A wildcard names neither.
func prefersCSV(accept []string) bool {
	weight := map[string]float64{}
	for _, list := range accept {
		for item := range strings.SplitSeq(list, ",") {
			kind, params, err := mime.ParseMediaType(item)
			if err != nil {
				continue
			}
			q, err := strconv.ParseFloat(params["q"], 64)
			if params["q"] == "" {
				q, err = 1, nil
			}
			if err == nil && q <= 1 {
				weight[kind] = max(weight[kind], q)
			}
		}
	}
	return weight[csvType] > weight[jsonType]
}
