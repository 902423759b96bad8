package api

import (
	"encoding/pem"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// samlOut shows both sides of a SAML connection: what it knows of the provider, and what the provider has to know of it.
type samlOut struct {
	EntityID       string             `json:"entity_id" doc:"The provider's"`
	SSO            []samlEndpointOut  `json:"sso"`
	SLO            []samlEndpointOut  `json:"slo,omitzero"`
	Certificates   []certificateOut   `json:"certificates" doc:"With which the provider signs; one that is pending is not trusted yet"`
	SP             serviceProviderOut `json:"sp" doc:"Our side, to be registered at the provider"`
	RequestBinding string             `json:"request_binding,omitzero"`
	NameIDFormat   string             `json:"name_id_format,omitzero"`
	ForceAuthn     bool               `json:"force_authn"`
	AuthnContexts  []string           `json:"authn_contexts,omitzero"`
	Encryption     bool               `json:"encryption"`
	IdPInitiated   bool               `json:"idp_initiated"`
	Legacy         legacyOut          `json:"legacy"`
	Metadata       metadataOut        `json:"metadata"`
	Warnings       []expiryOut        `json:"warnings" doc:"Certificates that end within 30 days, and that no other one outlives"`
}

type samlEndpointOut struct {
	Binding          string `json:"binding"`
	Location         string `json:"location"`
	ResponseLocation string `json:"response_location,omitzero"`
}

type certificateOut struct {
	Fingerprint string    `json:"fingerprint" doc:"SHA-256, in hex"`
	Subject     string    `json:"subject"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	AddedAt     time.Time `json:"added_at"`
	Pending     bool      `json:"pending"`
	ByHand      bool      `json:"by_hand" doc:"Added beside the metadata, so that a refresh does not take it away"`
	ExpiresIn   int       `json:"expires_in_days" doc:"Negative once it has expired"`
}

type serviceProviderOut struct {
	EntityID    string `json:"entity_id"`
	ACSURL      string `json:"acs_url"`
	SLOURL      string `json:"slo_url"`
	MetadataURL string `json:"metadata_url"`

	Keys []connectionKeyOut `json:"keys" doc:"The active one signs; the next one is published beside it; a retired one only decrypts"`
}

// connectionKeyOut shows the public half of a key of ours.
type connectionKeyOut struct {
	ID          id.ConnectionKey `json:"id"`
	Slot        sso.KeySlot      `json:"slot" enum:"active,next,retired"`
	Fingerprint string           `json:"fingerprint" doc:"SHA-256 of the certificate, in hex"`
	Certificate string           `json:"certificate" doc:"PEM"`
	NotAfter    time.Time        `json:"not_after"`
	ExpiresIn   int              `json:"expires_in_days" doc:"Negative once it has expired"`
	CreatedAt   time.Time        `json:"created_at"`
	RetiredAt   *time.Time       `json:"retired_at,omitzero"`
}

// expiryOut is an entry of the certificate calendar.
type expiryOut struct {
	Side        sso.Side  `json:"side" enum:"provider,ours"`
	Fingerprint string    `json:"fingerprint"`
	NotAfter    time.Time `json:"not_after"`
	ExpiresIn   int       `json:"expires_in_days" doc:"Negative once it has expired"`
	Successor   bool      `json:"successor" doc:"A next key is there and has to be activated"`
}

// legacyOut says since when each switch is on.
type legacyOut struct {
	SHA1         *time.Time `json:"sha1,omitzero"`
	Inclusive    *time.Time `json:"inclusive_c14n,omitzero"`
	ResponseOnly *time.Time `json:"response_only,omitzero"`
}

type metadataOut struct {
	URL         string     `json:"url,omitzero"`
	PinnedKey   string     `json:"pinned_key,omitzero"`
	ValidUntil  *time.Time `json:"valid_until,omitzero"`
	RefreshedAt *time.Time `json:"refreshed_at,omitzero"`
	NextRefresh *time.Time `json:"next_refresh,omitzero"`
	Problem     string     `json:"problem,omitzero" doc:"Why the last refresh was not followed, as a stable word"`
	Detail      string     `json:"detail,omitzero" doc:"The same as a sentence"`
	Failures    int        `json:"failures" doc:"Refreshes in a row that brought nothing that could be used"`
}

func (a *API) samlOf(c keyed) *samlOut {
	s := c.SAML
	out := &samlOut{
		EntityID: s.EntityID, SSO: samlEndpoints(s.SSO), SLO: samlEndpoints(s.SLO), Certificates: []certificateOut{},
		SP: serviceProviderOut{
			EntityID: a.SignIn.EntityID(c.ID), ACSURL: a.SignIn.CallbackURL(c.Connection), SLOURL: a.SignIn.LogoutURL(c.ID), MetadataURL: a.SignIn.EntityID(c.ID),
			Keys: []connectionKeyOut{},
		},
		RequestBinding: s.RequestBinding, NameIDFormat: s.NameIDFormat, ForceAuthn: s.ForceAuthn, AuthnContexts: s.AuthnContexts,
		Encryption: s.Encryption, IdPInitiated: s.IdPInitiated, Legacy: legacyOut{s.LegacySHA1, s.LegacyInclusive, s.LegacyResponseOnly},
		Metadata: metadataOut{
			URL: s.Metadata.URL, PinnedKey: s.Metadata.PinnedKey, ValidUntil: sometime(s.Metadata.ValidUntil),
			RefreshedAt: sometime(s.Metadata.RefreshedAt), NextRefresh: sometime(s.Metadata.NextRefresh), Problem: s.Metadata.Problem,
			Detail: s.Metadata.Detail, Failures: s.Metadata.Failures,
		},
		Warnings: []expiryOut{},
	}
	for _, cert := range s.Certificates {
		out.Certificates = append(out.Certificates, certificateOut{
			cert.Fingerprint, cert.Subject, cert.NotBefore, cert.NotAfter, cert.AddedAt, cert.Pending, cert.ByHand,
			sso.DaysLeft(c.now, cert.NotAfter),
		})
	}
	for _, k := range c.keys {
		out.SP.Keys = append(out.SP.Keys, connectionKeyOut{
			k.ID, k.Slot, k.Fingerprint(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate})), k.NotAfter,
			sso.DaysLeft(c.now, k.NotAfter), k.CreatedAt, k.RetiredAt,
		})
	}
	for _, e := range sso.Expiring(c.Connection, c.keys, c.now) {
		out.Warnings = append(out.Warnings, expiryOut{e.Side, e.Fingerprint, e.NotAfter, e.Days, e.Successor})
	}
	return out
}

func samlEndpoints(list []sso.SAMLEndpoint) []samlEndpointOut {
	var out []samlEndpointOut
	for _, e := range list {
		out = append(out, samlEndpointOut(e))
	}
	return out
}

// sometime is nil for a time that never was.
func sometime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// samlIn is what an administrator types about a SAML provider: its metadata, or its parts.
type samlIn struct {
	MetadataURL  *string `json:"metadata_url,omitzero" doc:"Where the provider publishes its metadata; read again every day"`
	Metadata     *string `json:"metadata,omitzero" doc:"The metadata document itself"`
	EntityID     *string `json:"entity_id,omitzero" doc:"Which provider, if the metadata names several; or the provider's entity ID, without metadata"`
	SSOURL       *string `json:"sso_url,omitzero" doc:"Without metadata: where requests go, by redirect"`
	SLOURL       *string `json:"slo_url,omitzero"`
	Certificates *string `json:"certificates,omitzero" doc:"Without metadata: signing certificates, PEM or base64"`

	RequestBinding *string   `json:"request_binding,omitzero" enum:",urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect,urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`
	NameIDFormat   *string   `json:"name_id_format,omitzero"`
	ForceAuthn     *bool     `json:"force_authn,omitzero"`
	AuthnContexts  *[]string `json:"authn_contexts,omitzero" doc:"Classes of which an assertion must name one"`
	Encryption     *bool     `json:"encryption,omitzero" doc:"Accept encrypted assertions"`
	IdPInitiated   *bool     `json:"idp_initiated,omitzero" doc:"Accept sign-ins that the provider starts, after a confirmation by the person"`
	PinnedKey      *string   `json:"pinned_key,omitzero" doc:"Fingerprint of the certificate that must sign the metadata"`

	SHA1          *bool `json:"legacy_sha1,omitzero"`
	InclusiveC14N *bool `json:"legacy_inclusive_c14n,omitzero"`
	ResponseOnly  *bool `json:"legacy_response_only,omitzero" doc:"Only the response is signed, not the assertion"`
}

func (in *samlIn) onto(d *sso.SAMLDraft) {
	if in.MetadataURL != nil || in.Metadata != nil || in.SSOURL != nil || in.Certificates != nil { // a new source replaces the one before
		d.MetadataURL, d.Metadata, d.EntityID, d.SSOURL, d.SLOURL, d.Certificates = "", "", "", "", "", ""
	}
	put(&d.MetadataURL, in.MetadataURL)
	put(&d.Metadata, in.Metadata)
	put(&d.EntityID, in.EntityID)
	put(&d.SSOURL, in.SSOURL)
	put(&d.SLOURL, in.SLOURL)
	put(&d.Certificates, in.Certificates)
	put(&d.RequestBinding, in.RequestBinding)
	put(&d.NameIDFormat, in.NameIDFormat)
	put(&d.ForceAuthn, in.ForceAuthn)
	put(&d.AuthnContexts, in.AuthnContexts)
	put(&d.Encryption, in.Encryption)
	put(&d.IdPInitiated, in.IdPInitiated)
	put(&d.PinnedKey, in.PinnedKey)
	put(&d.SHA1, in.SHA1)
	put(&d.InclusiveC14N, in.InclusiveC14N)
	put(&d.ResponseOnly, in.ResponseOnly)
}
