package metadata_test

import (
	"crypto/x509"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

var update = flag.Bool("update", false, "write the golden files")

func spConfig() metadata.SPConfig {
	return metadata.SPConfig{
		EntityID:      "https://auth.example.com/sso/saml/0197c0de/metadata",
		ACS:           "https://auth.example.com/sso/saml/0197c0de/acs",
		SLO:           "https://auth.example.com/sso/saml/0197c0de/slo",
		Signing:       []*x509.Certificate{provider().Active.cert},
		NameIDFormats: []string{persistent, address},
	}
}

// golden compares with a file in which certificates are named instead of written.
func golden(t *testing.T, name string, c metadata.SPConfig) {
	t.Helper()
	doc, err := metadata.SP(c)
	if err != nil {
		t.Fatal(err)
	}
	ids := provider()
	got := strings.NewReplacer(
		ids.Active.base64(), "{{.Active}}", ids.Next.base64(), "{{.Next}}", ids.Encryption.base64(), "{{.Encryption}}",
	).Replace(string(doc))
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, name, got, string(want))
	roundTrip(t, doc, c)
}

// roundTrip reads what was written with types that others use.
func roundTrip(t *testing.T, doc []byte, c metadata.SPConfig) {
	t.Helper()
	var e saml.EntityDescriptor
	if err := xml.Unmarshal(doc, &e); err != nil {
		t.Fatal(err)
	}
	if e.EntityID != c.EntityID || len(e.SPSSODescriptors) != 1 {
		t.Fatalf("read back: entity %q with %d roles", e.EntityID, len(e.SPSSODescriptors))
	}
	role := e.SPSSODescriptors[0]
	if !*role.AuthnRequestsSigned || !*role.WantAssertionsSigned || role.ProtocolSupportEnumeration != "urn:oasis:names:tc:SAML:2.0:protocol" {
		t.Errorf("read back: %+v", role)
	}
	var signing, encryption []string
	for _, key := range role.KeyDescriptors {
		data := key.KeyInfo.X509Data.X509Certificates[0].Data
		certs := must(metadata.ParseCertificates(data))
		switch key.Use {
		case "signing":
			signing = append(signing, names(certs)...)
		case "encryption":
			encryption = append(encryption, names(certs)...)
			if len(key.EncryptionMethods) == 0 {
				t.Error("read back: an encryption key without methods")
			}
		}
	}
	same(t, "signing keys", signing, names(c.Signing))
	same(t, "encryption keys", encryption, names(c.Encryption))
	acs := role.AssertionConsumerServices
	if len(acs) != 1 || acs[0].Location != c.ACS || acs[0].Index != 0 || !*acs[0].IsDefault || acs[0].Binding != metadata.Post {
		t.Errorf("read back: ACS %+v", acs)
	}
	var bindings []string
	for _, slo := range role.SingleLogoutServices {
		bindings = append(bindings, slo.Binding)
	}
	want := []string{metadata.Redirect, metadata.Post}
	if c.SLO == "" {
		want = nil
	}
	if !slices.Equal(bindings, want) {
		t.Errorf("read back: SLO bindings %v, want %v", bindings, want)
	}
}

func TestSPGolden(t *testing.T) {
	t.Parallel()
	ids := provider()
	golden(t, "sp", spConfig())

	full := spConfig()
	full.Signing = append(full.Signing, ids.Next.cert)
	full.Encryption = []*x509.Certificate{ids.Encryption.cert, ids.Next.cert}
	full.AllowCBC = true
	full.ValidUntil = now.AddDate(0, 0, 7)
	golden(t, "sp_rollover", full)

	least := spConfig()
	least.SLO, least.NameIDFormats, least.CacheDuration = "", nil, 5*time.Minute
	golden(t, "sp_least", least)
}

func TestSPRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*metadata.SPConfig){
		"no entity ID":   func(c *metadata.SPConfig) { c.EntityID = "" },
		"no ACS":         func(c *metadata.SPConfig) { c.ACS = "" },
		"ACS over http":  func(c *metadata.SPConfig) { c.ACS = "http://auth.example.com/acs" },
		"SLO over http":  func(c *metadata.SPConfig) { c.SLO = "http://auth.example.com/slo" },
		"no key":         func(c *metadata.SPConfig) { c.Signing = nil },
		"too many keys":  func(c *metadata.SPConfig) { c.Signing = slices.Repeat(c.Signing, 3) },
		"too many locks": func(c *metadata.SPConfig) { c.Encryption = slices.Repeat(c.Signing, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := spConfig()
			change(&c)
			if doc, err := metadata.SP(c); err == nil {
				t.Errorf("SP(...) = %q, want an error", doc)
			}
		})
	}
}
