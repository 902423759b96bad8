package page_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/page"
)

func TestTEN_15_Limits(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]int{
		"": 50, "0": 50, "1": 1, "50": 50, "199": 199, "200": 200, "201": 200, "007": 7,
		"1000000000": 200, "9223372036854775808": 200, "99999999999999999999999999": 200,
	} {
		params, err := page.Parse(limit, "c")
		if err != nil || params.Size() != want || params.Cursor != "c" {
			t.Errorf("Parse(%q) = %+v of size %d, %v, want size %d", limit, params, params.Size(), err, want)
		}
	}
	for _, limit := range []string{"-1", "-0", "+5", "NaN", "Inf", "1e3", "5.0", "0x10", "1_000", " 5", "5 ", "5;", "٣", "null", "\x00"} {
		if params, err := page.Parse(limit, ""); !errors.Is(err, page.ErrLimit) {
			t.Errorf("Parse(%q) = %+v, %v, want ErrLimit", limit, params, err)
		}
	}
}

func TestTEN_15_ParamsFilledByOthers(t *testing.T) {
	t.Parallel()
	if err := (page.Params{Limit: -1}).Validate(); !errors.Is(err, page.ErrLimit) {
		t.Errorf("Validate(-1) = %v, want ErrLimit", err)
	}
	if err := (page.Params{Limit: 1_000_000_000}).Validate(); err != nil {
		t.Errorf("Validate(10^9) = %v, want nil", err)
	}
	for limit, want := range map[int]int{-1 << 62: 1, -1: 1, 0: 50, 1: 1, 1_000_000_000: 200} {
		if got := (page.Params{Limit: limit}).Size(); got != want {
			t.Errorf("Params{Limit: %d}.Size() = %d, want %d", limit, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	cursor := func(last string) string { return "after-" + last }
	for name, test := range map[string]struct {
		items []string
		want  string
	}{
		"nothing":  {nil, `{"items":[]}`},
		"less":     {[]string{"a"}, `{"items":["a"]}`},
		"exactly":  {[]string{"a", "b"}, `{"items":["a","b"]}`},
		"one more": {[]string{"a", "b", "c"}, `{"items":["a","b"],"next_cursor":"after-b"}`},
	} {
		got, err := json.Marshal(page.Cut(test.items, 2, cursor))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: Cut = %s, %v, want %s", name, got, err, test.want)
		}
	}
}
