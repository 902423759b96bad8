package metadata

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// Source says how a certificate came to be trusted.
type Source string

// The sources of trust in a certificate.
const (
	FromMetadata Source = "metadata" // imported, or found by a refresh and approved or signed
	ByHand       Source = "manual"   // an owner added it beside the metadata, so metadata does not take it away
)

// Pin is a certificate that a connection trusts.
type Pin struct {
	Certificate *x509.Certificate
	AddedAt     time.Time
	Source      Source
}

// Pinned is what a connection holds its provider to.
type Pinned struct {
	EntityID     string
	SSO, SLO     []Endpoint
	Certificates []Pin
}

// Alert is something that owners are told about a refresh.
type Alert string

// The alerts of a refresh.
const (
	EntityIDChanged  Alert = "entity_id_changed" // nothing is followed
	MetadataExpired  Alert = "metadata_expired"  // nothing is followed
	MetadataRefused  Alert = "metadata_refused"  // nothing is followed: the document cannot be used
	EndpointsChanged Alert = "endpoints_changed" // waits for approval
	KeyPending       Alert = "key_pending"       // waits for approval
	KeyReplaced      Alert = "key_replaced"      // as KeyPending, and the provider lists no working certificate that is pinned
	KeyAdded         Alert = "key_added"         // trusted from now on, since a pinned key vouches for it
	KeyDropped       Alert = "key_dropped"       // not trusted anymore
)

// Change is what a refresh does. The zero value does nothing.
type Change struct {
	AddNow           []*x509.Certificate // to be pinned, with the source FromMetadata
	Pending          []*x509.Certificate // to be shown to an owner, who approves or declines
	Drop             []*x509.Certificate // to be unpinned
	EntityIDChanged  bool
	EndpointsChanged bool
	Alerts           []Alert
}

const (
	// proven is how long a certificate must have been pinned before another one may be dropped because of it: the provider's other
	// servers may still sign with the old key, and responses are on their way.
	proven = 24 * time.Hour

	// maxPins bounds what signed metadata can add without anybody looking.
	maxPins = 10
)

// Decide compares what is pinned with metadata that was fetched.
//
//	metadata                          new certificate   missing certificate        endpoints, entity ID
//	validUntil has passed             ignored           kept                       ignored, alert
//	another entity ID                 ignored           kept                       ignored, alert
//	not signed, or by an unknown key  waits for owner   kept while one waits       waits for owner
//	signed by a pinned key            added             by the rule below          waits for owner
//	the same, and older than a pin    waits for owner   kept while one waits       waits for owner
//
// A missing certificate is dropped when no new one waits and another one, pinned for a day, not expired and still listed, can take its
// place; so the last working one always stays. What was added by hand is never dropped.
func Decide(now time.Time, pinned Pinned, fetched Entity) Change {
	switch {
	case !fetched.ValidUntil.IsZero() && !now.Before(fetched.ValidUntil):
		return Change{Alerts: []Alert{MetadataExpired}}
	case fetched.EntityID != pinned.EntityID:
		return Change{EntityIDChanged: true, Alerts: []Alert{EntityIDChanged}}
	}
	var c Change
	c.add(pinned, fetched)
	if len(c.Pending) == 0 {
		c.drop(now, pinned, fetched)
	}
	c.EndpointsChanged = !sameEndpoints(pinned.SSO, fetched.SSO) || !sameEndpoints(pinned.SLO, fetched.SLO)
	c.alert(now, pinned, fetched)
	return c
}

// Refused is what a refresh does with metadata that Parse refused: it keeps everything, and tells the owners what is the matter. A
// refresh that asks Parse for the pinned entity ID learns of another one in this way.
func Refused(err error) Change {
	switch {
	case errors.Is(err, &Error{Reason: UnknownEntity}):
		return Change{EntityIDChanged: true, Alerts: []Alert{EntityIDChanged}}
	case errors.Is(err, &Error{Reason: Expired}):
		return Change{Alerts: []Alert{MetadataExpired}}
	}
	return Change{Alerts: []Alert{MetadataRefused}}
}

func (c *Change) add(pinned Pinned, fetched Entity) {
	known := certificates(pinned.Certificates)
	for _, cert := range fetched.Certificates {
		if contains(known, cert) {
			continue
		}
		if fetched.SignedBy == "" || older(cert, known) || len(known)+len(c.AddNow) >= maxPins {
			c.Pending = append(c.Pending, cert)
			continue
		}
		c.AddNow = append(c.AddNow, cert)
	}
}

// older tells whether a certificate was made before one that is pinned. A signature says nothing about its age: metadata of last year,
// with a key that has leaked since, may have been signed with a key that still counts.
func older(cert *x509.Certificate, known []*x509.Certificate) bool {
	return slices.ContainsFunc(known, func(k *x509.Certificate) bool { return cert.NotBefore.Before(k.NotBefore) })
}

func (c *Change) drop(now time.Time, pinned Pinned, fetched Entity) {
	successor := slices.ContainsFunc(pinned.Certificates, func(p Pin) bool {
		return works(now, p.Certificate) && !p.AddedAt.After(now.Add(-proven)) && contains(fetched.Certificates, p.Certificate)
	})
	if !successor {
		return
	}
	for _, p := range pinned.Certificates {
		if p.Source == FromMetadata && !contains(fetched.Certificates, p.Certificate) && !contains(fetched.Expired, p.Certificate) {
			c.Drop = append(c.Drop, p.Certificate)
		}
	}
}

func (c *Change) alert(now time.Time, pinned Pinned, fetched Entity) {
	if c.EndpointsChanged {
		c.Alerts = append(c.Alerts, EndpointsChanged)
	}
	switch {
	case len(c.Pending) == 0:
	case slices.ContainsFunc(pinned.Certificates, func(p Pin) bool {
		return works(now, p.Certificate) && contains(fetched.Certificates, p.Certificate)
	}):
		c.Alerts = append(c.Alerts, KeyPending)
	default:
		c.Alerts = append(c.Alerts, KeyReplaced)
	}
	if len(c.AddNow) > 0 {
		c.Alerts = append(c.Alerts, KeyAdded)
	}
	if len(c.Drop) > 0 {
		c.Alerts = append(c.Alerts, KeyDropped)
	}
}

func works(now time.Time, cert *x509.Certificate) bool {
	return !now.Before(cert.NotBefore) && !now.After(cert.NotAfter)
}

func certificates(pins []Pin) []*x509.Certificate {
	list := make([]*x509.Certificate, len(pins))
	for i, p := range pins {
		list[i] = p.Certificate
	}
	return list
}

// sameEndpoints does not look at the order: a provider that lists the same places in another order has not moved.
func sameEndpoints(a, b []Endpoint) bool {
	within := func(a, b []Endpoint) bool {
		return !slices.ContainsFunc(a, func(e Endpoint) bool { return !slices.Contains(b, e) })
	}
	return within(a, b) && within(b, a)
}
