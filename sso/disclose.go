package sso

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Disclosure is what the kept document of an attempt says, so far as it can be shown without telling what its values are.
type Disclosure struct {
	Kind      string // of the document; "" if none is kept
	Claims    []Claim
	Encrypted bool // nothing of it can be read
}

// maxDisclosed bounds the claims that are listed.
const maxDisclosed = 100

// Disclose reads the names of the claims or attributes that a provider sent for an attempt, and veils their values. Nothing of it was
// verified if the attempt was refused before that, and nothing rests on it.
func (s *SignIn) Disclose(ctx context.Context, tx *db.TenantTx, a id.Attempt) (Disclosure, error) {
	d, err := db.Of[Document](tx.DB).Where("attempt_id = ? AND created_at > ?", a, tx.Now.Add(-keepDocuments)).First(ctx)
	if db.IsMissing(err) {
		return Disclosure{}, nil
	}
	if err != nil {
		return Disclosure{}, fmt.Errorf("load the document of attempt %s: %w", a, err)
	}
	text, err := s.textOf(tx.Tenant, d)
	if err != nil {
		return Disclosure{}, err
	}
	found := Disclosure{Kind: d.Kind}
	var said map[string][]string
	if d.Kind == "id_token" {
		said = claimsIn(text)
	} else {
		said, found.Encrypted = attributesIn(text)
	}
	if found.Claims = veiled(said); len(found.Claims) > maxDisclosed {
		found.Claims = found.Claims[:maxDisclosed]
	}
	return found, nil
}

// textOf opens a document.
func (s *SignIn) textOf(tenant id.Tenant, d Document) ([]byte, error) {
	packed, err := s.keyring.Open(d.Sealed, documentAt(tenant, d.AttemptID))
	if err != nil {
		return nil, fmt.Errorf("open the document of attempt %s: %w", d.AttemptID, err)
	}
	return unpack(packed)
}

// claimsIn lists the members of a JSON object; of one that is none, nothing.
func claimsIn(text []byte) map[string][]string {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return nil
	}
	said := map[string][]string{}
	for name, raw := range object {
		var one string
		var many []string
		switch {
		case json.Unmarshal(raw, &one) == nil:
			said[name] = []string{one}
		case json.Unmarshal(raw, &many) == nil:
			said[name] = many
		default:
			said[name] = []string{string(raw)}
		}
	}
	return said
}

// attributesIn lists the attributes and the NameID of a SAML response, up to where it stops being XML.
func attributesIn(text []byte) (said map[string][]string, encrypted bool) {
	said = map[string][]string{}
	d := xml.NewDecoder(bytes.NewReader(text))
	name, value := "", (*strings.Builder)(nil)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) || err != nil {
			return said, encrypted
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "EncryptedAssertion":
				encrypted = true
			case "Attribute":
				name = attribute(t, "Name")
			case "AttributeValue":
				value = &strings.Builder{}
			case "NameID":
				name, value = "NameID", &strings.Builder{}
			}
		case xml.CharData:
			if value != nil && value.Len() < maxShown {
				value.Write(t)
			}
		case xml.EndElement:
			if value != nil && name != "" && (t.Name.Local == "AttributeValue" || t.Name.Local == "NameID") {
				said[name] = append(said[name], value.String())
				value = nil
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
