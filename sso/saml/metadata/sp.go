package metadata

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// How long providers may keep our metadata: a day, and an hour while a key is being replaced.
const (
	cacheUsual    = 24 * time.Hour
	cacheRollover = time.Hour
)

// SPConfig is what a connection tells its provider about us.
type SPConfig struct {
	EntityID string
	ACS      string // takes responses by HTTP-POST
	SLO      string // takes logout messages by redirect and by post; "" for no single logout

	// Signing holds the active certificate, and then the next one while keys are being replaced.
	Signing []*x509.Certificate
	// Encryption is the same for encrypted assertions; empty when they are not wanted.
	Encryption []*x509.Certificate
	// AllowCBC announces AES-CBC too, for providers that know nothing better.
	AllowCBC bool

	NameIDFormats []string

	// ValidUntil may be zero. Metadata that is uploaded as a file stops working then.
	ValidUntil time.Time
	// CacheDuration is a day when zero, or an hour when there is a next certificate.
	CacheDuration time.Duration
}

// SP writes the metadata of a service provider. It is the same, byte for byte, for the same configuration.
func SP(c SPConfig) ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsDSig)
	root.CreateAttr("entityID", c.EntityID)
	if !c.ValidUntil.IsZero() {
		root.CreateAttr("validUntil", c.ValidUntil.UTC().Format(time.RFC3339))
	}
	root.CreateAttr("cacheDuration", c.cache())
	c.write(root.CreateElement("md:SPSSODescriptor"))
	doc.Indent(2)
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write metadata: %w", err)
	}
	return out, nil
}

func (c SPConfig) validate() error {
	var wrong []error
	if !validURI(c.EntityID) || len(c.EntityID) > maxEntityID {
		wrong = append(wrong, errors.New("the entity ID is not a URI"))
	}
	if why := misshapen(c.ACS); why != "" {
		wrong = append(wrong, errors.New("the ACS URL "+why))
	}
	if why := misshapen(c.SLO); c.SLO != "" && why != "" {
		wrong = append(wrong, errors.New("the SLO URL "+why))
	}
	if len(c.Signing) == 0 || len(c.Signing) > 2 || len(c.Encryption) > 2 {
		wrong = append(wrong, errors.New("one or two certificates of each kind are published"))
	}
	return errors.Join(wrong...)
}

func (c SPConfig) cache() string {
	d := c.CacheDuration
	switch {
	case d > 0:
	case len(c.Signing) > 1 || len(c.Encryption) > 1:
		d = cacheRollover
	default:
		d = cacheUsual
	}
	return fmt.Sprintf("PT%dS", int64(d/time.Second))
}

// write fills the role descriptor in the order of the schema, on which some providers insist.
func (c SPConfig) write(role *etree.Element) {
	role.CreateAttr("AuthnRequestsSigned", "true")
	role.CreateAttr("WantAssertionsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", samlProtocol)
	for _, cert := range c.Signing {
		writeKey(role, "signing", cert)
	}
	for _, cert := range c.Encryption {
		key := writeKey(role, "encryption", cert)
		for _, algorithm := range c.encryptionMethods() {
			key.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", algorithm)
		}
	}
	if c.SLO != "" {
		writeEndpoint(role, "md:SingleLogoutService", Redirect, c.SLO)
		writeEndpoint(role, "md:SingleLogoutService", Post, c.SLO)
	}
	for _, format := range c.NameIDFormats {
		role.CreateElement("md:NameIDFormat").SetText(format)
	}
	acs := writeEndpoint(role, "md:AssertionConsumerService", Post, c.ACS)
	acs.CreateAttr("index", strconv.Itoa(0))
	acs.CreateAttr("isDefault", "true")
}

// encryptionMethods are listed by preference.
func (c SPConfig) encryptionMethods() []string {
	methods := []string{"http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm"}
	if c.AllowCBC {
		methods = append(methods, "http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2001/04/xmlenc#aes128-cbc")
	}
	return append(methods, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p")
}

func writeKey(role *etree.Element, use string, cert *x509.Certificate) *etree.Element {
	key := role.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", use)
	data := key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(cert.Raw))
	return key
}

func writeEndpoint(role *etree.Element, tag, binding, location string) *etree.Element {
	el := role.CreateElement(tag)
	el.CreateAttr("Binding", binding)
	el.CreateAttr("Location", location)
	return el
}
