package metadata_test

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// weakRSA is a self-signed certificate of an RSA key with 1024 bits, valid until 2126. Go makes no such keys anymore.
const weakRSA = "MIIB/DCCAWWgAwIBAgIUMW8VGe/E8lJb6xBCM/O0anhCEmowDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjIwMjUwNDNaGA8yMTI2" +
	"MTAyOTAyNTA0M1owDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAvbd9TrjQnI/HG2NYTMuRizLMkSGik2A/SsJ824eqV2/o" +
	"FXA4qMACnV3x9rKWCjrW5YcN5InkUAZscpjHQmDAbqWOSGj6/c9mYJZFz3V5sC6o51oYxYCnYZSRhswlVAfCeELFgaVCIMlAtYlRcZE5aSpBXLzo6clL8Gtn" +
	"tz953dMCAwEAAaNTMFEwHQYDVR0OBBYEFH4RvSGvrowUebWj0qoKaZ6NLodmMB8GA1UdIwQYMBaAFH4RvSGvrowUebWj0qoKaZ6NLodmMA8GA1UdEwEB/wQF" +
	"MAMBAf8wDQYJKoZIhvcNAQELBQADgYEAixhCuc7eZhejSZ7G721cgfahmp8f56bgWn9RCIWQ7Fz5BNs5Wb3W0w75pFwxv8lPe1+zTPmEINI3j+eM1G4wA8P1" +
	"kB5d3NXiAjcaaXc7EFKAIUVK6QFDQfVA+qcUu1V08TLCDO7vnaATTiWVcY6YQmwY7J5YQLnb5QxaDCdC4dA="

func TestSAML_161_Certificates(t *testing.T) {
	t.Parallel()
	ids := provider()
	active, next, other := ids.Active.base64(), ids.Next.base64(), ids.Other.base64()
	for name, c := range map[string]struct {
		descriptors []string
		want        []string
		expired     []string
	}{
		"no use":               {descriptors: []string{descriptor("", active)}, want: []string{"active"}},
		"signing":              {descriptors: []string{descriptor(`use="signing"`, active)}, want: []string{"active"}},
		"the same twice":       {descriptors: []string{descriptor("", active), descriptor(`use="signing"`, active)}, want: []string{"active"}},
		"many times the same":  {descriptors: []string{strings.Repeat(descriptor("", active), 16)}, want: []string{"active"}},
		"encryption beside":    {descriptors: []string{descriptor(`use="encryption"`, other), descriptor("", active)}, want: []string{"active"}},
		"unknown use beside":   {descriptors: []string{descriptor(`use="Signing"`, other), descriptor("", active)}, want: []string{"active"}},
		"use without meaning":  {descriptors: []string{descriptor(`xmlns:x="urn:x" x:use="encryption"`, active)}, want: []string{"active"}},
		"two in one X509Data":  {descriptors: []string{descriptor("", active, next)}, want: []string{"active", "next"}},
		"order is kept":        {descriptors: []string{descriptor("", next), descriptor("", active)}, want: []string{"next", "active"}},
		"garbage to encrypt":   {descriptors: []string{descriptor(`use="encryption"`, "garbage"), descriptor("", active)}, want: []string{"active"}},
		"self-signed CA":       {descriptors: []string{descriptor("", ids.CA.base64())}, want: []string{"ca"}},
		"a chain, leaf first":  {descriptors: []string{descriptor("", ids.Leaf.base64(), ids.CA.base64())}, want: []string{"leaf"}},
		"a chain, leaf last":   {descriptors: []string{descriptor("", ids.CA.base64(), ids.Leaf.base64())}, want: []string{"leaf"}},
		"expired beside valid": {descriptors: []string{descriptor("", ids.Expired.base64()), descriptor("", active)}, want: []string{"active"}, expired: []string{"expired"}},
		"five":                 {descriptors: []string{descriptor("", active, next, other, ids.CA.base64(), ids.Encryption.base64())}, want: []string{"active", "next", "other", "ca", "encryption"}},
		"white space":          {descriptors: []string{descriptor("", "\n\t "+active[:76]+"\n  "+active[76:]+"\r\n")}, want: []string{"active"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := parse(t, keys(t, c.descriptors...))
			same(t, "certificates", names(e.Certificates), c.want)
			same(t, "expired", names(e.Expired), c.expired)
		})
	}
}

func TestSAML_161_RefusedCertificates(t *testing.T) {
	t.Parallel()
	ids := provider()
	active := ids.Active.base64()
	six := []string{active, ids.Next.base64(), ids.Other.base64(), ids.CA.base64(), ids.Encryption.base64(), ids.Expired.base64()}
	var fifty []string
	for range 50 {
		fifty = append(fifty, issue(ecKey(elliptic.P256()), "many", now, now.AddDate(1, 0, 0), nil).base64())
	}
	for name, c := range map[string]struct {
		descriptors []string
		reason      metadata.Reason
		detail      string
	}{
		"garbage":           {[]string{descriptor("", active), descriptor("", "garbage")}, metadata.CertificateInvalid, "certificate 2"},
		"garbage in base64": {[]string{descriptor("", "Z2FyYmFnZQ==")}, metadata.CertificateInvalid, "certificate 1"},
		"empty":             {[]string{descriptor("", "")}, metadata.CertificateInvalid, "certificate 1"},
		"cut short":         {[]string{descriptor("", active[:len(active)/8*4])}, metadata.CertificateInvalid, "certificate 1"},
		"something behind":  {[]string{descriptor("", base64.StdEncoding.EncodeToString(append(slices.Clip(ids.Active.cert.Raw), 0)))}, metadata.CertificateInvalid, "certificate 1"},
		"an element within": {[]string{descriptor("", active[:40]+"<x/>"+active[40:])}, metadata.Malformed, ""},
		"six":               {[]string{descriptor("", six...)}, metadata.CertificatesTooMany, ""},
		"fifty":             {[]string{descriptor("", fifty...)}, metadata.CertificatesTooMany, ""},
		"only expired":      {[]string{descriptor("", ids.Expired.base64())}, metadata.CertificateExpired, "2026-11-22"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if refusal := refused(t, keys(t, c.descriptors...), c.reason); !strings.Contains(refusal.Detail, c.detail) {
				t.Errorf("Detail = %q, want %q in it", refusal.Detail, c.detail)
			}
		})
	}
}

func TestSAML_014_NoCertificate(t *testing.T) {
	t.Parallel()
	active := provider().Active.base64()
	for name, descriptors := range map[string][]string{
		"no key":            nil,
		"only encryption":   {descriptor(`use="encryption"`, active)},
		"empty use":         {descriptor(`use=""`, active)},
		"only a name":       {`<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><KeyName>x</KeyName></KeyInfo></KeyDescriptor>`},
		"another namespace": {strings.ReplaceAll(descriptor("", active), "xmldsig#", "xmldsig")},
		"in an extension":   {`<Extensions>` + descriptor("", active) + `</Extensions>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, keys(t, descriptors...), metadata.CertificateMissing)
		})
	}
}

func TestSAML_021_WeakKeys(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, cert := range map[string]string{
		"RSA with 1024 bits": weakRSA,
		"P-224":              issue(ecKey(elliptic.P224()), "p224", now, now.AddDate(1, 0, 0), nil).base64(),
		"Ed25519":            issue(ed, "ed25519", now, now.AddDate(1, 0, 0), nil).base64(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, keys(t, descriptor("", cert)), metadata.CertificateInvalid)
			if certs, err := metadata.ParseCertificates(cert); err == nil {
				t.Errorf("ParseCertificates(...) = %v, want an error", names(certs))
			}
		})
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParseCertificates(t *testing.T) {
	t.Parallel()
	ids := provider()
	active, next := block("CERTIFICATE", ids.Active.cert.Raw), block("CERTIFICATE", ids.Next.cert.Raw)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"PEM":              {active, []string{"active"}},
		"a bundle":         {active + "\n" + next, []string{"active", "next"}},
		"the same twice":   {active + active, []string{"active"}},
		"lines of Windows": {strings.ReplaceAll(active, "\n", "\r\n"), []string{"active"}},
		"text around":      {"Bag Attributes\n    localKeyID: 01\nsubject=CN = active\n" + active + "-- \n", []string{"active"}},
		"base64":           {ids.Active.base64(), []string{"active"}},
		"base64, wrapped":  {"  " + ids.Active.base64()[:64] + "\r\n" + ids.Active.base64()[64:] + "\n", []string{"active"}},
		"a .cer file":      {string(ids.Active.cert.Raw), []string{"active"}},
		"a chain":          {block("CERTIFICATE", ids.Leaf.cert.Raw) + block("CERTIFICATE", ids.CA.cert.Raw), []string{"leaf"}},
		"an expired one":   {ids.Expired.base64(), []string{"expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs, err := metadata.ParseCertificates(c.text)
			if err != nil {
				t.Fatal(err)
			}
			same(t, name, names(certs), c.want)
		})
	}
}

func TestParseCertificatesRefuses(t *testing.T) {
	t.Parallel()
	ids := provider()
	active := block("CERTIFICATE", ids.Active.cert.Raw)
	const secret = "c2VjcmV0"
	for name, c := range map[string]struct {
		text   string
		reason metadata.Reason
	}{
		"nothing":            {" \n", metadata.CertificateMissing},
		"words":              {"the certificate", metadata.CertificateInvalid},
		"a private key":      {"-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\n", metadata.CertificateInvalid},
		"beside its key":     {active + "-----BEGIN RSA PRIVATE KEY-----\n" + secret + "\n-----END RSA PRIVATE KEY-----\n", metadata.CertificateInvalid},
		"a request":          {block("CERTIFICATE REQUEST", ids.Active.cert.Raw), metadata.CertificateInvalid},
		"one of two damaged": {active + strings.Replace(active, "MII", "M$I", 1), metadata.CertificateInvalid},
		"no end line":        {active[:len(active)-30], metadata.CertificateInvalid},
		"garbage in PEM":     {block("CERTIFICATE", []byte("garbage")), metadata.CertificateInvalid},
		"1 MiB and more":     {strings.Repeat("A", 1<<20+1), metadata.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs, err := metadata.ParseCertificates(c.text)
			refusal, ok := err.(*metadata.Error) //nolint:errorlint // The documented type.
			if !ok || refusal.Reason != c.reason {
				t.Fatalf("ParseCertificates(...) = %v, %v, want %s", names(certs), err, c.reason)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the refusal quotes the key: %v", err)
			}
		})
	}
}
