package samlforge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func modes() []samlforge.Mode {
	return []samlforge.Mode{
		samlforge.SignAssertion, samlforge.SignResponse, samlforge.SignBoth,
		samlforge.SignThenEncrypt, samlforge.EncryptInSigned, samlforge.EncryptInBoth,
	}
}

func TestHonestResponsesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Mode = mode
			o.SessionNotOnOrAfter = o.Now.Add(time.Hour)
			got := accept(t, build(t, o))
			if got == nil || got.Subject.NameID.Value != "alice@honest.test" {
				t.Fatalf("assertion = %+v, want one about alice", got)
			}
			var groups []string
			for _, v := range got.AttributeStatements[0].Attributes[1].Values {
				groups = append(groups, v.Value)
			}
			if diff := cmp.Diff([]string{"a & b", "<c>"}, groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryHonestAlgorithmIsAccepted(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]samlforge.Signing{
		"sha-384":       {Method: samlforge.RSASHA384, Digest: samlforge.SHA384},
		"sha-512":       {Method: samlforge.RSASHA512, Digest: samlforge.SHA512},
		"inclusive":     {Canonical: samlforge.InclusiveC14N},
		"inclusive-1.1": {Canonical: samlforge.InclusiveC14N11},
		"comments":      {Canonical: samlforge.ExclusiveWithComments},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range modes()[:3] {
				o := options(t)
				o.Mode, o.Signing = mode, s
				if accept(t, build(t, o)) == nil {
					t.Errorf("a response in mode %s was refused", mode)
				}
			}
		})
	}
}

func TestEveryHonestEncryptionIsAccepted(t *testing.T) {
	t.Parallel()
	for _, e := range []samlforge.Encryption{
		{Data: samlforge.AES128CBC},
		{Data: samlforge.AES256CBC, Transport: samlforge.RSA15},
		{Data: samlforge.AES128GCM, Digest: samlforge.SHA1},
	} {
		t.Run(e.Data, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			e.Cert = o.Encryption.Cert
			o.Mode, o.Encryption = samlforge.SignThenEncrypt, e
			if accept(t, build(t, o)) == nil {
				t.Error("the response was refused")
			}
		})
	}
}

func build(tb testing.TB, o samlforge.Options) []byte {
	tb.Helper()
	doc, err := samlforge.Response(o)
	if err != nil {
		tb.Fatalf("Response() = %v", err)
	}
	return doc
}

func TestReissueKeepsTheAssertion(t *testing.T) {
	t.Parallel()
	original := build(t, options(t))
	again, err := samlforge.Reissue(original)
	if err != nil || string(again) == string(original) {
		t.Fatalf("Reissue() = %s, %v, want another response", again, err)
	}
	if got := accept(t, again); got == nil || got.Subject.NameID.Value != "alice@honest.test" {
		t.Errorf("the reissued response says %+v, want alice", got)
	}
}

func TestFailureIsRefused(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Mode = samlforge.SignResponse
	doc, err := samlforge.Failure(o, "no", samlforge.StatusResponder, samlforge.StatusAuthnFailed)
	if err != nil || accept(t, doc) != nil || !strings.Contains(string(doc), "<samlp:StatusMessage>no<") {
		t.Errorf("Failure() = %s, %v, want a refusal with its message", doc, err)
	}
}
