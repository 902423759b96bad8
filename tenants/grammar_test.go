package tenants_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestXT_18_EmailsThatLookAlike(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"OWNER@X.Example":         "owner@x.example",
		"Owner@BÜCHER.example":    "", // an upper-case letter outside ASCII would need a mapping
		"a@Bücher.Example":        "a@xn--bcher-kva.example",
		"a@xn--bcher-kva.example": "a@xn--bcher-kva.example",
		"own\u0435r@x.example":    "", // Cyrillic ie
		"adm\u0131n@x.example":    "", // dotless i
		"ADM\u0130N@x.example":    "", // I with a dot
		"\u212Aate@x.example":     "", // Kelvin sign
		"kate@\u212A.example":     "",
		"\uFF4Fwner@x.example":    "", // full-width o
		"owner\uFF20x.example":    "", // full-width @
		"owner@\uFF58.example":    "",
		"owner@x\u3002example":    "", // ideographic full stop
		"e\u0301@x.example":       "", // NFD
		"\u00E9@x.example":        "", // NFC
		"a@e\u0301.example":       "",
		"ow\u200Dner@x.example":   "",
		"owner\u200B@x.example":   "",
		"owner@x\u00AD.example":   "",
		"owner@x.example\u202E":   "",
		"\ufeffowner@x.example":   "",
		"a\xff@x.example":         "",
	} {
		checkEmail(t, in, want)
	}
}

func TestXT_19_EmailSyntaxTricks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a@x.test":                          "a@x.test",
		"a+tag@x.test":                      "a+tag@x.test",
		"a.b@x.test":                        "a.b@x.test",
		"o'brien@x.test":                    "o'brien@x.test",
		"a@x.test@evil.test":                "",
		`"a@x.test"@evil.test`:              "",
		`"a"@x.test`:                        "",
		"a@x.test\n@evil.test":              "",
		"a@x.test\r\nBcc: b@y.test":         "",
		"a@x.test\n":                        "",
		"a@x.test\x00":                      "",
		" a@x.test":                         "",
		"a@x.test ":                         "",
		"a @x.test":                         "",
		"a(comment)@x.test":                 "",
		"a@x.test(comment)":                 "",
		"A <a@x.test>":                      "",
		"<a@x.test>":                        "",
		"mailto:a@x.test":                   "",
		"a@[127.0.0.1]":                     "",
		"a@127.0.0.1":                       "",
		"a@[IPv6:::1]":                      "",
		"a@0x7f.1":                          "",
		"a@x.test,b@y.test":                 "",
		"a@x.test;b@y.test":                 "",
		"a@x.test b@y.test":                 "",
		"a..b@x.test":                       "",
		".a@x.test":                         "",
		"a.@x.test":                         "",
		"@x.test":                           "",
		"a@":                                "",
		"a":                                 "",
		"":                                  "",
		"a@x":                               "",
		"a@localhost":                       "",
		"a@x.test.":                         "",
		"a@.x.test":                         "",
		"a@x..test":                         "",
		"a@-x.test":                         "",
		"a@x-.test":                         "",
		"a@x_y.test":                        "",
		"a@x.test:25":                       "",
		"a%b@x.test":                        "a%b@x.test", // no relay reads it: the domain is what follows the only @
		"evil.test!a@x.test":                "evil.test!a@x.test",
		strings.Repeat("a", 64) + "@x.test": strings.Repeat("a", 64) + "@x.test",
		strings.Repeat("a", 65) + "@x.test": "",
		"a@" + strings.Repeat("b.", 126) + "test": "",
		"=?utf-8?q?a=40x.test?=@evil.test":        "=?utf-8?q?a=40x.test?=@evil.test", // RFC 2047 is not decoded
	} {
		checkEmail(t, in, want)
	}
}

func checkEmail(t *testing.T, in, want string) {
	t.Helper()
	got, err := tenants.ParseEmail(in)
	if got.Address != want || (err == nil) != (want != "") {
		t.Errorf("ParseEmail(%q) = %q, %v, want %q", in, got.Address, err, want)
	}
	if err != nil && errs.As(err).Kind != errs.Invalid {
		t.Errorf("ParseEmail(%q) = %v, want it to be invalid input", in, err)
	}
	if want != "" && got.Domain != want[strings.LastIndexByte(want, '@')+1:] {
		t.Errorf("ParseEmail(%q) has the domain %q", in, got.Domain)
	}
}

func TestDOM_07_DomainSpelling(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for in, want := range map[string]string{
		"x.test":             "x.test",
		"X.TEST":             "x.test",
		"sub.x.test":         "sub.x.test",
		"3com.test":          "3com.test",
		"a-b.test":           "a-b.test",
		"bücher.test":        "xn--bcher-kva.test",
		"Bücher.test":        "xn--bcher-kva.test",
		"XN--BCHER-KVA.test": "xn--bcher-kva.test",
		"пример.рф":          "xn--e1afmkfd.xn--p1ai",
		long + ".test":       long + ".test",
		long + "a.test":      "",
		"x.test.":            "",
		".x.test":            "",
		"x..test":            "",
		"x":                  "",
		"":                   "",
		".":                  "",
		" x.test":            "",
		"x.test ":            "",
		"x .test":            "",
		"x.test\n":           "",
		"x.test\r\ny.test":   "",
		"x.test:443":         "",
		"https://x.test":     "",
		"x.test/path":        "",
		"user@x.test":        "",
		"*.test":             "",
		"x_y.test":           "",
		"-x.test":            "",
		"x-.test":            "",
		"127.0.0.1":          "",
		"1.2.3.4":            "",
		"[::1]":              "",
		"0x7f.0.0.1":         "",
		"2130706433":         "",
		"x.1":                "",
		"xn--.test":          "",
		"xn--a.test":         "",
		"xn--gmail-.com":     "", // decodes to gmail
		"xn--x-0.test":       "",
		"x\u3002test":        "", // ideographic full stop
		"x\uFF0Etest":        "", // full-width full stop
		"\uFF58.test":        "",
		"\u24E7.test":        "", // circled x
		"x\u00AD.test":       "",
		"x\u200C.test":       "",
		"\u212A.test":        "",
		"x\x00.test":         "",
		"\xff.test":          "",
		"א1a.test":           "", // mixed direction
	} {
		got, err := tenants.ParseDomain(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ParseDomain(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestXT_21_LookAlikeDomainsAreOtherDomains(t *testing.T) {
	t.Parallel()
	for _, look := range []string{"v\u0131ctim.test", "vi\u0441tim.test", "víctim.test", "victirn.test"} {
		if got, err := tenants.ParseDomain(look); err != nil || got == "victim.test" {
			t.Errorf("ParseDomain(%q) = %q, %v, want another domain", look, got, err)
		}
	}
}

func TestXT_37_Slugs(t *testing.T) {
	t.Parallel()
	for slug, ok := range map[string]bool{
		"victim": true, "a1": true, "a-b-c": true, strings.Repeat("a", 40): true,
		"": false, "a": false, strings.Repeat("a", 41): false, "v\u0131ctim": false, "victim-": false, "-victim": false, "1victim": false,
		"vic--tim": false, "xn--vctim-n4a": false, "Victim": false, "VICTIM": false, "vic_tim": false, "vic.tim": false, "vic tim": false,
		"victim\n": false, "victim/": false, "victim%2e": false, "..": false, "vi\u0441tim": false, "\uFF56ictim": false, "\u212Aim": false,
		"victim\x00": false, "admin": false, "api": false, "www": false, "saml": false, "oidc": false, "login": false, "gatehouse": false,
		"console": false, "v1": false, "system": false, "link": false, "support": false,
	} {
		if err := tenants.CheckSlug(slug); (err == nil) != ok {
			t.Errorf("CheckSlug(%q) = %v, want ok %v", slug, err, ok)
		}
	}
}

func TestNamesCanBeSeen(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"Acme": true, "Ärzte & Söhne": true, "株式会社": true, "O'Reilly <b>": true, strings.Repeat("é", 100): true,
		"": false, " ": false, "Acme ": false, strings.Repeat("é", 101): false, "Ac\u202Eme": false, "Ac\u200Bme": false, "Ac\nme": false,
		"Ac\x00me": false, "\u3164": false, "\u2800": false, "\xff": false, "\u00a0": false,
	} {
		if err := tenants.CheckName("name", name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v, want ok %v", name, err, ok)
		}
	}
}
