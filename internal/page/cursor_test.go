package page_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func newCursors() *page.Cursors {
	return page.New(secret.NewPepper(secret.Random(secret.KeySize)))
}

func scope() page.Scope {
	return page.Scope{Tenant: "tnt_1", Query: "GET /v1/members?role=admin"}
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	cursors := newCursors()
	for _, want := range [][]string{
		{},
		{""},
		{"", "", ""},
		{"2026-11-05T10:00:00.123456Z", "01932c07"},
		{"O'Hara; DROP TABLE users", "\x00\xff", "日本"},
		{strings.Repeat("x", 500)},
	} {
		cursor := cursors.Encode(scope(), want)
		if strings.Trim(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("Encode(%q) = %q, want characters that need no escaping in a query", want, cursor)
		}
		got, err := cursors.Decode(scope(), cursor)
		if err != nil {
			t.Errorf("Decode(Encode(%q)) = %v", want, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Decode(Encode(%q)) (-want +got):\n%s", want, diff)
		}
	}
	if got, err := cursors.Decode(scope(), ""); got != nil || err != nil {
		t.Errorf("Decode(\"\") = %q, %v, want nil, nil: the first page", got, err)
	}
}

func TestTEN_14_EditedCursor(t *testing.T) {
	t.Parallel()
	cursors := newCursors()
	cursor := cursors.Encode(scope(), []string{"alice", "01932c07"})
	for i := range len(cursor) {
		for _, c := range []byte("Ab9-") {
			if cursor[i] == c {
				continue
			}
			edited := cursor[:i] + string(c) + cursor[i+1:]
			if got, err := cursors.Decode(scope(), edited); got != nil || !errors.Is(err, page.ErrCursor) {
				t.Errorf("Decode(%q) = %q, %v, want ErrCursor", edited, got, err)
			}
		}
		if got, err := cursors.Decode(scope(), cursor[:i]); i > 0 && (got != nil || !errors.Is(err, page.ErrCursor)) {
			t.Errorf("Decode(%q) = %q, %v, want ErrCursor", cursor[:i], got, err)
		}
	}
}

func TestTEN_14_CursorOfAnotherScopeOrKey(t *testing.T) {
	t.Parallel()
	cursors := newCursors()
	cursor := cursors.Encode(page.Scope{Tenant: "ab", Query: "cd"}, []string{"alice"})
	for _, other := range []page.Scope{
		{Tenant: "xx", Query: "cd"}, {Tenant: "ab", Query: "xx"}, {Tenant: "a", Query: "bcd"}, {Query: "abcd"}, {},
	} {
		if got, err := cursors.Decode(other, cursor); got != nil || !errors.Is(err, page.ErrCursor) {
			t.Errorf("Decode in scope %+v = %q, %v, want ErrCursor", other, got, err)
		}
	}
	if got, err := newCursors().Decode(page.Scope{Tenant: "ab", Query: "cd"}, cursor); got != nil || !errors.Is(err, page.ErrCursor) {
		t.Errorf("Decode under another key = %q, %v, want ErrCursor", got, err)
	}
}

func TestTEN_14_HostileCursors(t *testing.T) {
	t.Parallel()
	cursors := newCursors()
	good := cursors.Encode(scope(), []string{"alice"})
	older, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	older[0] = 0
	for name, cursor := range map[string]string{
		"5 MB":             strings.Repeat("A", 5<<20),
		"a byte too long":  strings.Repeat("A", page.MaxCursor+1),
		"longest, forged":  strings.Repeat("A", page.MaxCursor),
		"SQL":              "' OR 1=1 --",
		"older schema":     base64.RawURLEncoding.EncodeToString(older),
		"offset":           "100",
		"JSON":             base64.RawURLEncoding.EncodeToString([]byte(`{"after":"alice"}`)),
		"padded":           good + "=",
		"line break":       good[:10] + "\n" + good[10:],
		"trailing newline": good + "\r\n",
		"twice":            good + good,
	} {
		if got, err := cursors.Decode(scope(), cursor); got != nil || !errors.Is(err, page.ErrCursor) {
			t.Errorf("%s: Decode = %q, %v, want ErrCursor", name, got, err)
		}
	}
}

func TestEncodePanicsOnUnboundedPosition(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("Encode of 2 KiB did not panic")
		}
	}()
	newCursors().Encode(scope(), []string{strings.Repeat("x", 2048)})
}

func FuzzDecode(f *testing.F) {
	cursors := newCursors()
	made := cursors.Encode(scope(), []string{"alice", "01932c07"})
	f.Add(made)
	f.Add("")
	f.Add("AQ")
	f.Add(strings.Repeat("_", page.MaxCursor))
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := cursors.Decode(scope(), cursor)
		if cursor == "" || cursor == made {
			return
		}
		if got != nil || !errors.Is(err, page.ErrCursor) {
			t.Errorf("Decode(%q) = %q, %v, want ErrCursor: nobody made this", cursor, got, err)
		}
	})
}
