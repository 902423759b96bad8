package id_test

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestWireFormNamesItsKind(t *testing.T) {
	t.Parallel()
	u := id.New[id.User]()
	if !strings.HasPrefix(u.String(), "usr_") || len(u.String()) != 30 {
		t.Fatalf("New[User]() = %q, want usr_ and 26 characters", u)
	}
	var s id.Session
	err := s.UnmarshalText([]byte(u.String()))
	if err == nil {
		t.Fatalf("a user's id parsed as another kind")
	}
}

func TestParseAcceptsOnlyTheCanonicalForm(t *testing.T) {
	t.Parallel()
	good := id.New[id.Tenant]().String()
	var tn id.Tenant
	if err := tn.UnmarshalText([]byte(good)); err != nil || tn.String() != good {
		t.Fatalf("UnmarshalText(%q) = %v, %v", good, tn, err)
	}
	for _, bad := range []string{
		strings.ToUpper(good), good + "0", good[:29], "usr" + good[3:], "tnt_" + strings.Repeat("0", 26), "tnt_" + strings.Repeat("z", 26),
		good[:20] + "\x00" + good[21:], good[:29] + "i", " " + good, "tnt_",
	} {
		if err := tn.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("UnmarshalText(%q) = nil, want an error", bad)
		}
	}
}

func TestZeroIsNullAndEmpty(t *testing.T) {
	t.Parallel()
	var s id.Session
	v, err := s.Value()
	if v != nil || err != nil {
		t.Errorf("Value() = %v, %v, want NULL", v, err)
	}
	b, _ := json.Marshal(s)
	if string(b) != `""` {
		t.Errorf("Marshal = %s, want an empty string", b)
	}
	if err := s.Scan(nil); err != nil || !s.IsZero() {
		t.Errorf("Scan(nil) = %v, %v", s, err)
	}
}

func TestAtIsAVersion7OfItsMoment(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_750_000_000_123)
	seen := map[id.Decision]bool{}
	for range 100_000 {
		d := id.At[id.Decision](now)
		if u := d.UUID(); u.Version() != 7 || u.Variant() != uuid.RFC4122 {
			t.Fatalf("At() = %s, want version 7 of RFC 9562", u)
		}
		b := d.Bytes()
		if ms := binary.BigEndian.Uint64(b[:8]) >> 16; ms != 1_750_000_000_123 {
			t.Fatalf("At(%v) is of millisecond %d", now, ms)
		}
		var back id.Decision
		if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d {
			t.Fatalf("UnmarshalText(%q) = %v, %v", d, back, err)
		}
		seen[d] = true
	}
	if len(seen) != 100_000 {
		t.Errorf("%d different ids of 100,000 in one millisecond", len(seen))
	}
}

func TestAtAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	now := time.UnixMilli(1)
	if n := testing.AllocsPerRun(1000, func() { id.At[id.Decision](now) }); n != 0 {
		t.Errorf("At allocates %v times, want 0", n)
	}
}

func BenchmarkAt(b *testing.B) {
	now := time.UnixMilli(1)
	for b.Loop() {
		id.At[id.Decision](now)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		id.New[id.Decision]()
	}
}

func TestTextOfAnIDAllocatesOnce(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of the whole process
	e := id.New[id.Event]()
	b := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(1000, func() { _ = e.String() }); n > 1 {
		t.Errorf("String allocates %v times, want once", n)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = e.AppendText(b) }); n != 0 {
		t.Errorf("AppendText allocates %v times, want 0", n)
	}
}
