package id_test

import (
	"encoding/json"
	"strings"
	"testing"

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
