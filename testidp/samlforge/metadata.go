package samlforge

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/beevik/etree"
)

// Endpoint is an address of a role. An empty ResponseLocation is not sent.
type Endpoint struct{ Binding, Location, ResponseLocation string }

// MetadataOptions describe an identity provider. EntityID is needed.
type MetadataOptions struct {
	EntityID      string
	Signing       []*x509.Certificate
	Encryption    []*x509.Certificate
	SSO, SLO      []Endpoint
	NameIDFormats []string
	// WantSigned says that requests have to be signed.
	WantSigned bool
	// ValidUntil and CacheDuration are not sent if they are zero.
	ValidUntil    time.Time
	CacheDuration string // as XML writes it, such as PT1H
	// Key signs the document; nil leaves it unsigned.
	Key      *Key
	SignWith Signing
	ID       string // default: random
	// BeforeSign and AfterSign change the document; Wire rewrites what is sent.
	BeforeSign, AfterSign func(*etree.Document)
	Wire                  func([]byte) []byte
}

// Metadata is an EntityDescriptor as the options want it.
func Metadata(o MetadataOptions) ([]byte, error) {
	if o.ID == "" {
		o.ID = NewID()
	}
	doc := etree.NewDocument()
	doc.SetRoot(entity(o))
	if o.BeforeSign != nil {
		o.BeforeSign(doc)
	}
	if o.Key != nil {
		if err := sign(doc.Root(), o.Key, o.SignWith); err != nil {
			return nil, fmt.Errorf("sign metadata: %w", err)
		}
	}
	if o.AfterSign != nil {
		o.AfterSign(doc)
	}
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	return rewrite(o.Wire, raw), nil
}

func entity(o MetadataOptions) *etree.Element {
	role := element("md:IDPSSODescriptor", "protocolSupportEnumeration", nsProtocol)
	if o.WantSigned {
		role.CreateAttr("WantAuthnRequestsSigned", "true")
	}
	for _, cert := range o.Signing {
		put(role, keyDescriptor("signing", cert))
	}
	for _, cert := range o.Encryption {
		put(role, keyDescriptor("encryption", cert))
	}
	for _, e := range o.SLO {
		put(role, e.element("md:SingleLogoutService"))
	}
	for _, format := range o.NameIDFormats {
		put(role, textual("md:NameIDFormat", format))
	}
	for _, e := range o.SSO {
		put(role, e.element("md:SingleSignOnService"))
	}
	el := element("md:EntityDescriptor", "xmlns:md", nsMetadata, "xmlns:ds", nsSignature, "ID", o.ID, "entityID", o.EntityID)
	if !o.ValidUntil.IsZero() {
		el.CreateAttr("validUntil", stamp(o.ValidUntil))
	}
	setSome(el, "cacheDuration", o.CacheDuration)
	return put(el, role)
}

func keyDescriptor(use string, cert *x509.Certificate) *etree.Element {
	el := element("md:KeyDescriptor")
	setSome(el, "use", use)
	return put(el, keyInfo(cert))
}

func (e Endpoint) element(tag string) *etree.Element {
	el := element(tag, "Binding", e.Binding, "Location", e.Location)
	setSome(el, "ResponseLocation", e.ResponseLocation)
	return el
}
