package tenants_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/tenants"
)

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"a@x.test", "A+b@Bücher.Example", `"a@x"@y.test`, "a@[127.0.0.1]", "\u212A@x.test", "a@xn--gmail-.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := tenants.ParseEmail(s)
		if err != nil {
			return
		}
		local, domain, _ := strings.Cut(e.Address, "@")
		if strings.Count(e.Address, "@") != 1 || domain != e.Domain || len(e.Address) > 254 || !plain(e.Address) {
			t.Fatalf("ParseEmail(%q) = %+v", s, e)
		}
		if typed, _, _ := strings.Cut(s, "@"); !strings.EqualFold(typed, local) || len(typed) != len(local) {
			t.Fatalf("ParseEmail(%q) has the local part %q", s, local)
		}
		again, err := tenants.ParseEmail(e.Address)
		if err != nil || again != e {
			t.Fatalf("ParseEmail(%q) = %+v, and of that %+v, %v", s, e, again, err)
		}
	})
}

func FuzzParseDomain(f *testing.F) {
	for _, s := range []string{"x.test", "Bücher.Example", "xn--bcher-kva.example", "xn--a-.com", "x。test", "1.2.3.4", "א1.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := tenants.ParseDomain(s)
		if err != nil {
			return
		}
		if !plain(d) || len(d) > 253 || strings.Count(d, ".") != strings.Count(s, ".") || strings.HasSuffix(d, ".") {
			t.Fatalf("ParseDomain(%q) = %q", s, d)
		}
		if again, err := tenants.ParseDomain(d); err != nil || again != d {
			t.Fatalf("ParseDomain(%q) = %q, and of that %q, %v", s, d, again, err)
		}
	})
}

func FuzzCheckSlug(f *testing.F) {
	for _, s := range []string{"acme", "a--b", "admin", "v\u0131ctim", "acme\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tenants.CheckSlug(s) != nil {
			return
		}
		if len(s) < 2 || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Contains(s, "--") {
			t.Fatalf("CheckSlug(%q) = nil", s)
		}
	})
}

// plain says that a text is printable ASCII in lower case without spaces.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || (r >= 'A' && r <= 'Z') })
}
