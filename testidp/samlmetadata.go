package testidp

import (
	"fmt"
	"net/http"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// EntityID is the SAML name of the provider, and the address of its metadata.
func (p *Provider) EntityID() string { return p.URL() + "/saml/metadata" }

// SAMLMetadata is the metadata as the provider publishes it now, its fault included.
func (p *Provider) SAMLMetadata() ([]byte, error) { return p.samlMetadata(p.begin(SAMLMetadata)) }

func (p *Provider) samlMetadata(f *Fault) ([]byte, error) {
	keys, err := p.published()
	if err != nil {
		return nil, err
	}
	o := samlforge.MetadataOptions{
		EntityID: p.EntityID(),
		SSO: []samlforge.Endpoint{
			{Binding: samlforge.RedirectBinding, Location: p.URL() + "/saml/sso"},
			{Binding: samlforge.PostBinding, Location: p.URL() + "/saml/sso"},
		},
		SLO: []samlforge.Endpoint{
			{Binding: samlforge.RedirectBinding, Location: p.URL() + "/saml/slo"},
			{Binding: samlforge.PostBinding, Location: p.URL() + "/saml/slo"},
		},
		NameIDFormats: []string{samlforge.Persistent, samlforge.EmailAddress, samlforge.Transient, samlforge.Unspecified},
	}
	for _, key := range keys {
		o.Signing = append(o.Signing, key.Cert)
	}
	if p.signedMetadata {
		if o.Key, err = p.MetadataKey(); err != nil {
			return nil, err
		}
	}
	if f.Metadata != nil {
		f.Metadata(&o)
	}
	doc, err := samlforge.Metadata(o)
	if err != nil {
		return nil, fmt.Errorf("issuer %s: %w", p.name, err)
	}
	return doc, nil
}

func (p *Provider) serveSAMLMetadata(w http.ResponseWriter, r *http.Request, f *Fault) {
	doc, err := p.samlMetadata(f)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.write(w, r, f, SAMLMetadata, http.StatusOK, "application/samlmetadata+xml", doc)
}
