package strict_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso/saml/strict"
)

// flood returns a response of about a mebibyte with the piece again and again.
func flood(before, piece, after string) string {
	n := (1<<20 - 8000 - len(before) - len(after)) / len(piece)
	return build(parts{extra: `<samlp:Extensions>` + before + strings.Repeat(piece, n) + after + `</samlp:Extensions>`})
}

// numbered returns n pieces, each with its number.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// floods are documents that are as expensive as their author could make them.
func floods() map[string]string {
	declared := `<x` + numbered(` xmlns:p%d="urn:p"`, 60) + `>`
	return map[string]string{
		"SAML_068_Deep":                     flood("", "<x>", ""),
		"SAML_069_Wide":                     flood("", "<x/>", ""),
		"SAML_072_Attributes":               flood(`<x`, ` a="1"`, `/>`),
		"SAML_072_ManyAttributes":           build(parts{extra: `<x` + numbered(` a%d="1"`, 60_000) + `/>`}),
		"SAML_072_64AttributesEverywhere":   flood("", `<x`+numbered(` a%d=""`, 64)+`/>`, `<y>`),
		"SAML_073_Namespaces":               build(parts{extra: `<x` + numbered(` xmlns:p%d="urn:p"`, 30_000) + `/>`}),
		"SAML_073_NamespacesEverywhere":     flood("", `<x xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"/>`, `<y>`),
		"SAML_073_LookupsEverywhere":        flood(declared, `<p0:x p1:a="" p2:b="" p3:c="" p4:d="" p5:e=""/>`, `</x><y>`),
		"SAML_070_JunkSignature":            flood(`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`, `<x/>`, ``),
		"SAML_074_LongName":                 flood("<", "x", "/></y>"),
		"SAML_074_LongAttribute":            flood(`<x y="`, "z", `"/></y>`),
		"SAML_074_LongText":                 flood("", "x", "</y>"),
		"SAML_061_References":               flood("", "&lt;", "</y>"),
		"SAML_061_CharacterReferences":      flood("", "&#65;", "</y>"),
		"SAML_061_Ampersands":               flood("", "&#", ""),
		"SAML_061_EntityWithoutEnd":         flood("&", "x", ""),
		"SAML_071_IDs":                      build(parts{extra: numbered(`<x ID="_%d"/>`, 19_000) + `<y>`}),
		"SAML_064_InstructionAtTheEnd":      flood("", "<x></x>", "<?x?>"),
		"SAML_069_WhiteSpaceAfterTheRoot":   build(parts{end: strings.Repeat(" ", 1<<20-4000) + "x"}),
		"SAML_074_MoreThanAMebibyte":        build(parts{end: strings.Repeat(" ", 2<<20)}),
		"SAML_069_WhiteSpaceInTheAttribute": flood("<x", "\n", "></y>"),
	}
}

// hostile is how much of a processor the worst document may take: the race detector makes some fifteen of what BenchmarkCheck shows,
// and all that is not linear takes a hundred.
const hostile = 2 * time.Second

func TestCheck_CostsLittleWhateverIsSent(t *testing.T) {
	t.Parallel()
	for name, doc := range floods() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			took := cpu(t, func() { _, err = strict.Check([]byte(doc), strict.Response, strict.DefaultLimits()) })
			if took > hostile {
				t.Errorf("Check took %v for %d bytes", took, len(doc))
			}
			if _, ok := errors.AsType[*strict.Error](err); !ok {
				t.Errorf("Check = %v, want a refusal", err)
			}
		})
	}
}

func TestCheck_LimitsHoldExactly(t *testing.T) {
	t.Parallel()
	within := func(content string) string {
		return build(parts{extra: `<samlp:Extensions>` + content + `</samlp:Extensions>`})
	}
	nested := func(n int) string { return strings.Repeat("<x>", n) + strings.Repeat("</x>", n) }
	honest := strings.Count(within(""), "<") - strings.Count(within(""), "</")
	tests := []struct {
		name      string
		fits, not string
	}{
		{"SAML_068_Depth", within(nested(30)), within(nested(31))},
		{"SAML_069_Elements", within(strings.Repeat("<x/>", 8_000-honest)), within(strings.Repeat("<x/>", 8_001-honest))},
		{"SAML_072_Attributes", within(`<x` + numbered(` a%d=""`, 64) + `/>`), within(`<x` + numbered(` a%d=""`, 65) + `/>`)},
		{"SAML_073_Declarations", within(declarations(62)), within(declarations(63))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			passes(t, test.fits, strict.Response)
			refused(t, test.not, strict.TooLarge)
		})
	}
}

// declarations returns two nested elements with n declarations in all; the response has two of its own.
func declarations(n int) string {
	return `<x` + numbered(` xmlns:a%d="urn:a"`, 32) + `><y` + numbered(` xmlns:b%d="urn:b"`, n-32) + `/></x>`
}

func BenchmarkCheck(b *testing.B) {
	docs := floods()
	docs["honest"] = build(parts{})
	docs["3,000 groups"] = build(parts{values: strings.Repeat("<saml:AttributeValue>"+strings.Repeat("g", 300)+"</saml:AttributeValue>", 3000)})
	for name, doc := range docs {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				_, _ = strict.Check([]byte(doc), strict.Response, strict.DefaultLimits())
			}
		})
	}
}
