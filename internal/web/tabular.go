package web

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"reflect"
	"strconv"
	"strings"
)

// Tabular is an answer of a row with a transaction that can also be had as a table: who asks for one of its forms rather than for JSON gets
// that.
type Tabular interface {
	// WriteCSV writes it in the form of RFC 4180, with a heading.
	WriteCSV(w io.Writer) error
	// WriteParquet writes it as an Apache Parquet file.
	WriteParquet(w io.Writer) error
}

// The media types of answers.
const (
	jsonType = "application/json"
	// CSVType is that of tables as text.
	CSVType = "text/csv"
	// ParquetType is that of tables by column.
	ParquetType = "application/vnd.apache.parquet"
)

// Tabular says that the row answers with tables too.
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
	var b bytes.Buffer
	form := preferred(ex.Request().Header.Values("Accept"))
	switch form {
	case CSVType:
		if err := t.WriteCSV(&b); err != nil {
			return written{}, fmt.Errorf("write the answer as a table: %w", err)
		}
		form += "; charset=utf-8; header=present"
	case ParquetType:
		if err := t.WriteParquet(&b); err != nil {
			return written{}, fmt.Errorf("write the answer as a table: %w", err)
		}
	default:
		body, err := encode(out)
		return written{body, jsonType}, err
	}
	h.Set("Content-Disposition", "attachment") // a browser saves it, and shows nothing of it
	return written{b.Bytes(), form}, nil
}

// preferred is the form of a table that an Accept header names and gives more weight than JSON, or JSON. A wildcard names none.
func preferred(accept []string) string {
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
	best := jsonType
	for _, form := range []string{CSVType, ParquetType} {
		if weight[form] > weight[best] {
			best = form
		}
	}
	return best
}
