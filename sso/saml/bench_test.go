package saml_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// BenchmarkVerify compares all that is done with a response here with crewjam's ParseXMLResponse on the same document.
func BenchmarkVerify(b *testing.B) {
	crewjam.TimeNow = func() time.Time { return now }
	crewjam.Clock = dsig.NewFakeClockAt(now)
	for _, groups := range []int{10, 300} {
		o := honest(b)
		o.Subject.Attributes[2].Values = nil
		for i := range groups {
			o.Subject.Attributes[2].Values = append(o.Subject.Attributes[2].Values, fmt.Sprintf("CN=group-%d,OU=groups,DC=corp,DC=test", i))
		}
		for _, mode := range []samlforge.Mode{samlforge.SignAssertion, samlforge.SignResponse, samlforge.SignBoth, samlforge.SignThenEncrypt} {
			o.Mode = mode
			doc, want := build(b, o), expectIn(b, mode)
			name := fmt.Sprintf("%s/%d groups", mode, groups)
			b.Run(name+"/ours", func(b *testing.B) {
				defer processor(b)()
				for b.Loop() {
					a, err := verify(b, doc, want)
					if err == nil {
						_, err = saml.Map(a, saml.Mapping{Groups: "groups"})
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
			party, target := theirs(b)
			b.Run(name+"/crewjam", func(b *testing.B) {
				defer processor(b)()
				for b.Loop() {
					if _, err := party.ParseXMLResponse(doc, []string{request}, target); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// processor reports the time that the process was really given, which a busy machine does not change.
func processor(b *testing.B) (stop func()) {
	b.Helper()
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := spent()
	return func() { b.ReportMetric(float64(spent()-start)/float64(b.N), "cpu-ns/op") }
}

// theirs is the service provider of crewjam/saml, configured like ours.
func theirs(tb testing.TB) (*crewjam.ServiceProvider, url.URL) {
	tb.Helper()
	var described crewjam.EntityDescriptor
	if err := xml.Unmarshal([]byte(metadataOf(tb, nil)), &described); err != nil {
		tb.Fatal(err)
	}
	target, err := url.Parse(acs)
	if err != nil {
		tb.Fatal(err)
	}
	key := once(tb, spKey)
	return &crewjam.ServiceProvider{EntityID: sp, AcsURL: *target, Key: key.Signer, Certificate: key.Cert, IDPMetadata: &described}, *target
}

// BenchmarkHostile is what a response costs that is refused, at the largest size and count that is read at all.
func BenchmarkHostile(b *testing.B) {
	o := honest(b)
	crowd := strings.Repeat(`<a b="c" d="e" f="g" h="i" j="k" l="m">012345678901234567890123456789012345678901234567890123456789</a>`, 7_900)
	var different strings.Builder
	for i := range 7_900 {
		fmt.Fprintf(&different, `<a%d b%d="%d" c="d" e="f" g="h">012345678901234567890123456789012345%d</a%d>`, i, i, i, i, i)
	}
	for name, doc := range map[string][]byte{
		"crowd of different elements":  bytes.Replace(build(b, o), []byte("</saml:Assertion>"), []byte(different.String()+"</saml:Assertion>"), 1),
		"wide":                         bytes.Replace(build(b, o), []byte("</saml:Issuer>"), []byte("</saml:Issuer>"+strings.Repeat("<a/>", 250_000)), 1),
		"crowd with a wrong signature": bytes.Replace(build(b, o), []byte("</saml:Assertion>"), []byte(crowd+"</saml:Assertion>"), 1),
		"crowd around a signature":     bytes.Replace(build(b, o), []byte("</samlp:Response>"), []byte(crowd+"<x/></samlp:Response>"), 1),
		"many attributes": bytes.Replace(build(b, o), []byte("</saml:Assertion>"), []byte(
			strings.Repeat("<a "+attributes(60)+"/>", 1_500)+"</saml:Assertion>"), 1),
	} {
		want := expect(b)
		want.AuthnContexts = []string{"none"}
		b.Run(name, func(b *testing.B) {
			defer processor(b)()
			for b.Loop() {
				if _, err := verify(b, doc, want); err == nil {
					b.Fatal("Verify() = nil, want a refusal")
				}
			}
		})
	}
}

func attributes(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `a%d="" `, i)
	}
	return s.String()
}
