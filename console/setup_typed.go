package console

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// typedDetails is the form of the provider's details as somebody filled it in.
type typedDetails struct {
	name, source                   string
	address, document, entity      string
	entityID, signOn, logout, cert string
	issuer, client                 string
	secret                         secret.Text // never sent back
	public, accept                 bool
	tries                          bool
	again                          string // that the form comes back from a try
	version                        int64  // that the form was drawn from
}

// readDetails reads the form. A file that was chosen wins over text that was pasted.
func readDetails(ctx echo.Context) (typedDetails, error) {
	form, file, err := uploadOf(ctx, "metadata_file")
	if err != nil {
		return typedDetails{}, err
	}
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	t := typedDetails{
		name: text("name"), source: text("source"), address: text("metadata_url"), document: form.Get("metadata"), entity: text("entity"),
		entityID: text("entity_id"), signOn: text("sso_url"), logout: text("slo_url"), cert: form.Get("certificates"),
		issuer: text("issuer"), client: text("client_id"), secret: secretOf(form), public: form.Has("public_client"), accept: form.Has("accept"),
		tries: form.Has("try"), again: form.Get("again"), version: versionOf(form),
	}
	if len(file) > 0 {
		t.document = string(file)
	}
	return t, nil
}

// secretOf takes the blanks of a copied secret away, which providers never put there.
func secretOf(form url.Values) secret.Text {
	if s := strings.TrimSpace(form.Get("client_secret")); s != "" {
		return secret.New(s)
	}
	return secret.Text{}
}

// detailsOf is the form of a connection as it is stored.
func detailsOf(c sso.Connection) typedDetails {
	t := typedDetails{name: c.Name, issuer: c.Issuer, client: c.ClientID, public: c.TokenAuth == "none", version: c.Version}
	if c.SAML != nil {
		t.source, t.address = asStored, c.SAML.Metadata.URL
	}
	return t
}

// onto writes what was typed into a draft.
func (t typedDetails) onto(d *sso.Draft) {
	d.Name = t.name
	if d.Protocol != sso.ProtocolSAML {
		d.Issuer, d.ClientID, d.ClientSecret, d.AcceptEndpoints = t.issuer, t.client, t.secret, t.accept
		d.PublicClient = t.public
		return
	}
	d.AcceptEndpoints = t.accept
	switch t.source {
	case byAddress:
		d.SAML.MetadataURL, d.SAML.EntityID = t.address, t.entity
	case byDocument:
		d.SAML.Metadata, d.SAML.EntityID = t.document, t.entity
	case byHand:
		d.SAML.EntityID, d.SAML.SSOURL, d.SAML.SLOURL, d.SAML.Certificates = t.entityID, t.signOn, t.logout, t.cert
	}
}

// fieldOf is the field to which the name of an input in a refusal belongs.
func (t typedDetails) fieldOf(name string) string {
	name = strings.TrimPrefix(name, "saml.")
	switch name {
	case "name", "client_id", "client_secret", "issuer", "metadata_url":
		return name
	case "entity_id", "sso_url", "certificates", "metadata":
		if t.source == byAddress {
			return "metadata_url"
		}
		if t.source == byDocument {
			return "metadata"
		}
		return name
	case "jwks_uri", "token_endpoint", "authorization_endpoint", "userinfo_endpoint", "end_session_endpoint",
		"id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported", "response_types_supported",
		"grant_types_supported", "response_modes_supported":
		return "issuer" // whose discovery document says it
	default:
		return ""
	}
}

// page is the form as a page.
func (t typedDetails) page(j journey, wrong problems) detailsPage {
	p := detailsPage{
		Problems: wrong, SAML: j.guide.Protocol == sso.ProtocolSAML, Saved: !j.connection.ID.IsZero(), Source: t.source, Public: t.public,
		Version: t.version, SecretSet: j.connection.SecretSet(), Bring: itemsOf(j.guide),
	}
	if j.connection.SAML != nil {
		p.Stored = j.connection.SAML.EntityID
	}
	shape := shapes(j.guide)
	input := func(id, label, kind, value, hint string) field {
		return field{ID: id, Label: label, Type: kind, Value: value, Hint: hint, Problem: wrong.of(id)}
	}
	p.Name = input("name", "Name", "text", t.name, "People see it on the sign-in page: Continue with …")
	p.MetadataURL = input("metadata_url", "Metadata address", "url", t.address, shape[guide.BringMetadataURL])
	p.File = input("metadata_file", "Metadata file", "file", "", shape[guide.BringMetadataFile])
	p.Metadata = input("metadata", "Or its text", "text", t.document, "Everything from <?xml or <EntityDescriptor to the end.")
	p.EntityID = input("entity_id", "Entity ID of the provider", "text", t.entityID, "Often called issuer.")
	p.SSOURL = input("sso_url", "Sign-on address", "url", t.signOn, "Where people sign in; often called SSO URL or login URL.")
	p.SLOURL = input("slo_url", "Logout address", "url", t.logout, "")
	p.SLOURL.Optional = true
	p.Certificates = input("certificates", "Signing certificate", "text", t.cert, "From -----BEGIN CERTIFICATE----- to its END. Several may follow one another.")
	p.Issuer = input("issuer", "Issuer", "url", t.issuer, shape[guide.BringIssuer])
	p.ClientID = input("client_id", "Client ID", "text", t.client, shape[guide.BringClientID])
	p.ClientSecret = input("client_secret", "Client secret", "password", "", shape[guide.BringClientSecret])
	if p.SecretSet {
		p.ClientSecret.Hint, p.ClientSecret.Optional = "Leave it empty to keep the one that is stored.", true
	}
	return p
}

// shapes are what the things to bring look like, as hints.
func shapes(g guide.Guide) map[string]string {
	hints := map[string]string{}
	for _, item := range g.Bring {
		if item.Shape != "" {
			hints[item.What] = "Looks like " + item.Shape
		}
	}
	return hints
}

// firstSource is the way in which the provider's metadata comes best.
func firstSource(g guide.Guide) string {
	for _, item := range g.Bring {
		if item.What == guide.BringMetadataURL {
			return byAddress
		}
	}
	return byDocument
}

func choicesOf(entities []string, chosen string) []entityChoice {
	var list []entityChoice
	for n, entity := range entities {
		list = append(list, entityChoice{fmt.Sprintf("entity-%d", n+1), entity, entity == chosen})
	}
	return list
}
