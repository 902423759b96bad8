package saml

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

const (
	maxMetadata = 1 << 20
	maxContexts = 10
	maxURI      = 1024
)

// Discover reads and judges the metadata of a draft's provider: fetched, pasted, or made of the parts that somebody typed. A draft that
// names no source keeps the provider that is stored, and lays its settings over it.
func (p *Provider) Discover(ctx context.Context, d sso.Draft) (sso.Found, error) {
	in := d.SAML
	if in == nil {
		return sso.Found{}, invalid("metadata", string(metadata.NotMetadata), "Give the address of the provider's metadata, the document, or its parts.")
	}
	now := p.clock()
	s, err := p.provider(ctx, in, now)
	if err != nil {
		return sso.Found{}, err
	}
	choose(s, in, now)
	return sso.Found{SAML: s}, usable(s)
}

// provider is what the draft says about its provider.
func (p *Provider) provider(ctx context.Context, in *sso.SAMLDraft, now time.Time) (*sso.SAML, error) {
	if in.Stored != nil && !named(in) {
		return p.kept(ctx, in, now)
	}
	return p.read(ctx, in, now)
}

func (p *Provider) read(ctx context.Context, in *sso.SAMLDraft, now time.Time) (*sso.SAML, error) {
	field, doc, err := p.document(ctx, in)
	if err != nil {
		return nil, err
	}
	o := metadata.Options{Now: now, EntityID: in.EntityID, CheckURL: p.permitted}
	if in.PinnedKey != "" {
		if o.Pins = signers(doc, in.PinnedKey); len(o.Pins) == 0 {
			return nil, invalid("pinned_key", string(metadata.MetadataUntrusted), "The metadata is not signed with this key.")
		}
	}
	entity, err := metadata.Parse(doc, o)
	if err != nil {
		return nil, judged(field, err)
	}
	s := described(entity, now)
	untyped(s, in)
	if in.MetadataURL != "" {
		s.Metadata = sso.SAMLMetadata{
			URL: in.MetadataURL, PinnedKey: normalized(in.PinnedKey), ValidUntil: entity.ValidUntil, RefreshedAt: now,
			NextRefresh: metadata.NextRefresh(now, entity),
		}
	}
	return s, nil
}

// document is what the draft says about its provider, and the field that said it.
func (p *Provider) document(ctx context.Context, in *sso.SAMLDraft) (field string, doc []byte, err error) {
	switch {
	case in.MetadataURL != "":
		doc, err = p.fetch(ctx, in.MetadataURL)
		return "metadata_url", doc, err
	case in.Metadata != "":
		return "metadata", []byte(in.Metadata), nil
	default:
		doc, err = typed(completed(in))
		return "", doc, err
	}
}

// fetch reads metadata from its address. Only 200 is metadata.
func (p *Provider) fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := p.guard.CheckURL(address)
	if err != nil {
		return nil, unreached(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, unreached(&netguard.Error{Reason: netguard.InvalidURL})
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	resp, err := p.guard.ClientFor("metadata "+address, netguard.Limits{Body: maxMetadata, Redirects: 3}).Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, unreached(errors.New("status"))
	}
	doc, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, unreached(err)
	}
	return doc, nil
}

// permitted is the address policy for endpoints. Only browsers visit them, so a port of one's own is no risk to us, and providers on
// premises have them: PingFederate's is 9031. What is refused is what no browser should be sent to either.
func (p *Provider) permitted(location string) error {
	u, err := url.Parse(location)
	if err != nil {
		return &netguard.Error{Reason: netguard.InvalidURL}
	}
	if port, err := strconv.Atoi(u.Port()); err == nil && port >= 1024 && port <= 65535 {
		location = strings.Replace(location, u.Host, strings.TrimSuffix(u.Host, ":"+u.Port()), 1)
	}
	_, err = p.guard.CheckURL(location)
	return err //nolint:wrapcheck // the reader of metadata words it
}

// described is what a connection keeps of a provider's metadata.
func described(e metadata.Entity, now time.Time) *sso.SAML {
	s := &sso.SAML{EntityID: e.EntityID, SSO: endpoints(e.SSO), SLO: endpoints(e.SLO)}
	for _, cert := range e.Certificates {
		s.Certificates = append(s.Certificates, certificateOf(cert, now))
	}
	return s
}

func certificateOf(cert *x509.Certificate, now time.Time) sso.SAMLCertificate {
	return sso.SAMLCertificate{
		DER: cert.Raw, Fingerprint: xmlsig.Fingerprint(cert), NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(),
		Subject: cert.Subject.String(), AddedAt: now,
	}
}

func endpoints(list []metadata.Endpoint) []sso.SAMLEndpoint {
	found := make([]sso.SAMLEndpoint, 0, len(list))
	for _, e := range list {
		found = append(found, sso.SAMLEndpoint{Binding: e.Binding, Location: e.Location, ResponseLocation: e.ResponseLocation})
	}
	return found
}

// usable finds what would only show at the first sign-in.
func usable(s *sso.SAML) error {
	if _, ok := signOn(s); !ok {
		return invalid("request_binding", "binding_missing", "The provider takes no requests by this binding.")
	}
	if strings.HasSuffix(strings.ToLower(s.NameIDFormat), ":transient") {
		return invalid("name_id_format", "nameid_transient", "With transient names a person would be somebody else each time.")
	}
	if len(s.NameIDFormat) > maxURI || len(s.AuthnContexts) > maxContexts {
		return invalid("authn_contexts", "too_large", "Name at most ten classes.")
	}
	for _, class := range s.AuthnContexts {
		if class == "" || len(class) > maxURI || strings.ContainsFunc(class, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return invalid("authn_contexts", "invalid", "A class is the URI by which the provider names a way to sign in.")
		}
	}
	return nil
}
