package usage_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// TestParquetIsReadByAReader reads what WriteParquet wrote with the library's reader, which shares nothing with it but the format.
func TestParquetIsReadByAReader(t *testing.T) {
	t.Parallel()
	q := usage.Query{Meter: "ai.tokens", Step: usage.Day, GroupBy: []usage.Dimension{usage.ByModel, usage.ByCurrency, usage.ByFeature}}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var rows []usage.Row
	var want []string
	for i, model := range []string{"large", "", "=1+1", "two\nlines", "große", strings.Repeat("x", 255)} {
		rows = append(rows, usage.Row{
			StartsAt: at.AddDate(0, 0, i), Model: model, Feature: "chat", Value: int64(i) << 40, Events: 2, InputTokens: 3, OutputTokens: 4, CachedTokens: 5,
			Cost: 7, Currency: "USD",
		})
		want = append(want, fmt.Sprint("ai.tokens ", at.AddDate(0, 0, i).UnixMicro(), " ", model, " chat ", int64(i)<<40, " 2 3 4 5 7 USD"))
	}
	for _, n := range []int{len(rows), 1, 0} {
		var b bytes.Buffer
		if err := usage.WriteParquet(&b, q, rows[:n]); err != nil {
			t.Fatalf("WriteParquet() = %v", err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatalf("open a file of %d rows: %v", n, err)
		}
		const schema = `message usage {
	required binary meter (STRING);
	required int64 starts_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required binary model (STRING);
	required binary feature (STRING);
	required int64 value (INT(64,true));
	required int64 events (INT(64,true));
	required int64 input_tokens (INT(64,true));
	required int64 output_tokens (INT(64,true));
	required int64 cached_tokens (INT(64,true));
	required int64 cost (INT(64,true));
	required binary currency (STRING);
}`
		if diff := cmp.Diff(schema, f.Schema().String()); diff != "" {
			t.Errorf("schema (-want +got):\n%s", diff)
		}
		var got []string
		for _, g := range f.RowGroups() {
			got = append(got, read(t, g)...)
		}
		if diff := cmp.Diff(append([]string(nil), want[:n]...), got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	}
}

func read(tb testing.TB, g parquet.RowGroup) (texts []string) {
	tb.Helper()
	rows := g.Rows()
	defer rows.Close()
	page := make([]parquet.Row, 4)
	for {
		n, err := rows.ReadRows(page)
		for _, r := range page[:n] {
			var cells []string
			for _, v := range r {
				cells = append(cells, v.String())
			}
			texts = append(texts, strings.Join(cells, " "))
		}
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}
