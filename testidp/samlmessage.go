package testidp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"

	"github.com/beevik/etree"
	"github.com/jonboulle/clockwork"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// message is what came from a service provider, before anything of it was checked.
type message struct {
	name       samlforge.Parameter
	binding    string
	document   []byte
	relayState string
	query      string // as it was received, by redirect
}

// readMessage takes a message from a query or from a form.
func readMessage(r *http.Request) (message, error) {
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return message{}, fmt.Errorf("read form: %w", err)
		}
		return messageOfForm(r.PostForm)
	}
	return messageOfQuery(r.URL.RawQuery)
}

func messageOfForm(form url.Values) (message, error) {
	m := message{binding: samlforge.PostBinding, relayState: form.Get("RelayState")}
	var err error
	m.name, m.document, err = decoded(form)
	return m, err
}

func messageOfQuery(query string) (message, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return message{}, fmt.Errorf("read query: %w", err)
	}
	m := message{binding: samlforge.RedirectBinding, relayState: values.Get("RelayState"), query: query}
	name, compressed, err := decoded(values)
	if err != nil {
		return m, err
	}
	m.name = name
	if m.document, err = samlforge.Inflate(compressed); err != nil {
		return m, fmt.Errorf("read %s: %w", name, err)
	}
	return m, nil
}

func decoded(values url.Values) (samlforge.Parameter, []byte, error) {
	for _, name := range []samlforge.Parameter{samlforge.SAMLRequest, samlforge.SAMLResponse} {
		if text := values.Get(string(name)); text != "" {
			raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return name, nil, fmt.Errorf("decode %s: %w", name, err)
			}
			return name, raw, nil
		}
	}
	return "", nil, errors.New("no SAML message")
}

// read decodes the document into a struct of encoding/xml.
func (m message) read(v any) error {
	if err := xml.Unmarshal(m.document, v); err != nil {
		return fmt.Errorf("read %s: %w", m.name, err)
	}
	return nil
}

var errUnsigned = errors.New("message is not signed")

// verify checks the signature of a service provider; errUnsigned if there is none.
func (p *Provider) verify(m message, certs []*x509.Certificate) error {
	if m.binding == samlforge.RedirectBinding {
		return verifyQuery(m, certs)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(m.document); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certs})
	validation.Clock = dsig.NewFakeClock(clockwork.NewFakeClockAt(p.now()))
	_, err := validation.Validate(doc.Root())
	if errors.Is(err, dsig.ErrMissingSignature) {
		return errUnsigned
	}
	return err
}

// verifyQuery checks a signature over the query as it was received (Bindings, 3.4.4.1).
func verifyQuery(m message, certs []*x509.Certificate) error {
	raw := map[string]string{}
	for part := range strings.SplitSeq(m.query, "&") {
		name, _, _ := strings.Cut(part, "=")
		raw[name] = part
	}
	values, err := url.ParseQuery(m.query)
	if err != nil {
		return fmt.Errorf("read query: %w", err)
	}
	if raw["Signature"] == "" {
		return errUnsigned
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		return fmt.Errorf("decode signature: %w", err)
	}
	signed := raw[string(m.name)]
	if raw["RelayState"] != "" {
		signed += "&" + raw["RelayState"]
	}
	signed += "&" + raw["SigAlg"]
	hash := map[string]crypto.Hash{
		samlforge.RSASHA256: crypto.SHA256, samlforge.RSASHA384: crypto.SHA384, samlforge.RSASHA512: crypto.SHA512,
		samlforge.ECDSASHA256: crypto.SHA256, samlforge.ECDSASHA384: crypto.SHA384,
	}[values.Get("SigAlg")]
	if hash == 0 {
		return fmt.Errorf("signature algorithm %q is not accepted", values.Get("SigAlg"))
	}
	h := hash.New()
	h.Write([]byte(signed))
	for _, cert := range certs {
		switch key := cert.PublicKey.(type) {
		case *rsa.PublicKey:
			if rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), signature) == nil {
				return nil
			}
		case *ecdsa.PublicKey:
			half := len(signature) / 2
			r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
			if ecdsa.Verify(key, h.Sum(nil), r, s) {
				return nil
			}
		}
	}
	return errors.New("no certificate of the service provider verifies the signature")
}
