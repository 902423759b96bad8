package apitest

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// SAML is a SAML connection of a tenant to its provider, which reads the provider's metadata from its address.
type SAML struct {
	ID   id.Connection
	path string
	t    *Tenant
}

// ConnectSAML connects the tenant to its provider over SAML, as its owner would, and activates the connection.
func (t *Tenant) ConnectSAML(tb testing.TB) *SAML {
	tb.Helper()
	key, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(3, 0, 0))
	must(tb, err)
	t.IDP.SetSAMLKey(key)
	owner := t.server.Bearer(t.server.Session(tb, t, rbac.Owner))
	c := &SAML{t: t}
	var made struct {
		ID id.Connection `json:"id"`
	}
	body := map[string]any{"protocol": "saml", "name": "SAML", "saml": map[string]any{"metadata_url": t.IDP.EntityID()}}
	owner.Do(tb, "POST", "/v1/connections", body).Want(tb, 201).JSON(tb, &made)
	c.ID, c.path = made.ID, "/v1/connections/"+made.ID.String()
	owner.Do(tb, "POST", c.path+"/activate", nil).Want(tb, 200)
	return c
}

// Found makes a certificate wait for the owners: the provider's metadata lists another one. It returns its fingerprint.
func (c *SAML) Found(tb testing.TB) string {
	tb.Helper()
	key, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(3, 0, 0))
	must(tb, err)
	c.t.IDP.SetSAMLKey(key)
	return c.certificate(tb, c.post(tb, "/refresh-metadata", nil))
}

// Trust adds a certificate, and returns its fingerprint.
func (c *SAML) Trust(tb testing.TB) string {
	tb.Helper()
	return c.certificate(tb, c.post(tb, "/certificates", map[string]any{"certificates": NewCertificate(tb)}))
}

// NextKey publishes a next key of ours, and returns its id.
func (c *SAML) NextKey(tb testing.TB) id.ConnectionKey {
	tb.Helper()
	var out struct {
		SAML struct {
			SP struct {
				Keys []struct {
					ID   id.ConnectionKey `json:"id"`
					Slot string           `json:"slot"`
				} `json:"keys"`
			} `json:"sp"`
		} `json:"saml"`
	}
	c.post(tb, "/keys", nil).JSON(tb, &out)
	for _, k := range out.SAML.SP.Keys {
		if k.Slot == "next" {
			return k.ID
		}
	}
	tb.Fatal("there is no next key")
	return id.ConnectionKey{}
}

func (c *SAML) post(tb testing.TB, path string, body any) *Answer {
	tb.Helper()
	owner := c.t.server.Bearer(c.t.server.Session(tb, c.t, rbac.Owner))
	return owner.Do(tb, "POST", c.path+path, body).Want(tb, 200)
}

// certificate is the fingerprint of the last certificate that an answer lists.
func (*SAML) certificate(tb testing.TB, a *Answer) string {
	tb.Helper()
	var out struct {
		SAML struct {
			Certificates []struct {
				Fingerprint string `json:"fingerprint"`
			} `json:"certificates"`
		} `json:"saml"`
	}
	a.JSON(tb, &out)
	return out.SAML.Certificates[len(out.SAML.Certificates)-1].Fingerprint
}

// NewCertificate makes a signing certificate that nobody has seen.
func NewCertificate(tb testing.TB) string {
	tb.Helper()
	key, err := samlforge.NewKey(samlforge.P256, time.Now().Add(-time.Hour), time.Now().AddDate(3, 0, 0))
	must(tb, err)
	return pemOf(key.Cert)
}

func pemOf(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}
