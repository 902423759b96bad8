package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

const nsMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"

// typed writes metadata of the parts that somebody typed, so that they are judged by the same rules.
func typed(in *sso.SAMLDraft) ([]byte, error) {
	certs, err := metadata.ParseCertificates(in.Certificates)
	if err != nil {
		return nil, judged("certificates", err)
	}
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("entityID", in.EntityID)
	role := entity.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, cert := range certs {
		key := role.CreateElement("md:KeyDescriptor")
		key.CreateAttr("use", "signing")
		info := key.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", nsSignature)
		info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(cert.Raw))
	}
	binding := in.RequestBinding
	if binding == "" {
		binding = sso.BindingRedirect
	}
	if in.SLOURL != "" {
		place(role, "md:SingleLogoutService", sso.BindingRedirect, in.SLOURL)
	}
	place(role, "md:SingleSignOnService", binding, in.SSOURL)
	return written(entity)
}

func place(role *etree.Element, tag, binding, location string) {
	el := role.CreateElement(tag)
	el.CreateAttr("Binding", binding)
	el.CreateAttr("Location", location)
}

// normalized is a fingerprint as we write it; tools put colons between its bytes.
func normalized(fingerprint string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(fingerprint), ":", ""))
}

// signers finds the certificate of a fingerprint among those that a document shows. The fingerprint is of all of the certificate, so it
// makes no difference who shows it.
func signers(doc []byte, fingerprint string) []*x509.Certificate {
	fingerprint = normalized(fingerprint)
	tokens := xml.NewDecoder(bytes.NewReader(doc))
	var shown strings.Builder
	reading := false
	for {
		token, err := tokens.RawToken()
		if err != nil {
			return nil
		}
		switch t := token.(type) {
		case xml.StartElement:
			reading = t.Name.Local == "X509Certificate"
			shown.Reset()
		case xml.CharData:
			if reading {
				shown.Write(t)
			}
		case xml.EndElement:
			if cert := certificate(shown.String()); reading && cert != nil && xmlsig.Fingerprint(cert) == fingerprint {
				return []*x509.Certificate{cert}
			}
			reading = false
		default:
		}
	}
}

func certificate(text string) *x509.Certificate {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return cert
}

// invalid is the answer to a configuration that cannot be used.
func invalid(field, reason, detail string) *errs.Error {
	e := errs.New(errs.Invalid, "connection_invalid", "The identity provider cannot be used as configured.")
	e.Fields = []errs.Field{{Name: field, Detail: detail}}
	return e.With("reason", reason)
}

// judged says what metadata was refused for, and which entities there are to choose from. Without a field it is that of the part.
func judged(field string, err error) error {
	found, ok := errors.AsType[*metadata.Error](err)
	if !ok {
		return err
	}
	if field == "" {
		field = map[metadata.Reason]string{
			metadata.EntityIDInvalid: "entity_id", metadata.UnknownEntity: "entity_id",
			metadata.EndpointRefused: "sso_url", metadata.SignOnMissing: "sso_url",
			metadata.CertificateExpired: "certificates", metadata.CertificateInvalid: "certificates", metadata.CertificatesTooMany: "certificates",
			metadata.MetadataUnsigned: "pinned_key",
		}[found.Reason]
	}
	if field == "" {
		field = "metadata"
	}
	e := invalid(field, string(found.Reason), found.Detail)
	if len(found.Choices) > 0 {
		e = e.With("choices", found.Choices)
	}
	return e
}

// unreached says as much of a failed request as may be said: who configures may be asking what stands behind our firewall.
func unreached(err error) error {
	reason := netguard.ReasonOf(err)
	if reason == netguard.BodyTooLarge {
		return invalid("metadata_url", string(metadata.TooLarge), "The document is larger than 1 MiB.")
	}
	e := invalid("metadata_url", "unreachable", "The provider's metadata could not be read.")
	if reason != "" {
		e = e.With("network", string(reason))
	}
	return e
}
