package metadata

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
)

const (
	nsMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsDSig     = "http://www.w3.org/2000/09/xmldsig#"
)

// recognize tells metadata from what people paste in its place, and returns it without the byte order mark that Entra ID and Windows
// editors put in front.
func recognize(doc []byte) ([]byte, error) {
	if len(doc) > maxDocument {
		return nil, refuse(TooLarge, "The document is larger than 1 MiB: paste the metadata of your provider alone, not of a federation.")
	}
	if bytes.HasPrefix(doc, []byte{0xFE, 0xFF}) || bytes.HasPrefix(doc, []byte{0xFF, 0xFE}) {
		return nil, refuse(Malformed, "The document is encoded as UTF-16: save it as UTF-8.")
	}
	doc = bytes.TrimSpace(bytes.TrimPrefix(doc, []byte("\xEF\xBB\xBF")))
	switch {
	case len(doc) == 0:
		return nil, refuse(NotMetadata, "The document is empty.")
	case doc[0] == '{':
		return nil, refuseJSON(doc)
	case bytes.HasPrefix(doc, []byte("-----BEGIN")):
		return nil, refuse(NotMetadata, "This is a PEM file: a certificate alone does not say where people sign in.")
	case hasPrefixFold(doc, "<!doctype html"), hasPrefixFold(doc, "<html"):
		return nil, refuse(NotMetadata, "This is a web page, perhaps a sign-in page: download the metadata file and upload it.")
	case doc[0] != '<':
		return nil, refuse(NotMetadata, "This is not XML.")
	}
	return doc, recognizeRoot(doc)
}

func refuseJSON(doc []byte) error {
	var discovery struct {
		Issuer        *json.RawMessage `json:"issuer"`
		Authorization *json.RawMessage `json:"authorization_endpoint"`
	}
	if json.Unmarshal(doc, &discovery) == nil && (discovery.Issuer != nil || discovery.Authorization != nil) {
		return refuse(OIDCDiscovery, "This is an OpenID Connect discovery document: choose OpenID Connect, or ask for SAML metadata.")
	}
	return refuse(NotMetadata, "This is JSON, and SAML metadata is XML.")
}

// recognizeRoot looks at the first element. It only words the refusal better; what follows judges the whole document.
func recognizeRoot(doc []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // refused by whoever reads the whole, in better words
		}
		root, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case root.Name.Space == nsMetadata && (root.Name.Local == "EntityDescriptor" || root.Name.Local == "EntitiesDescriptor"):
			return nil
		case hasPrefixFold([]byte(root.Name.Local), "html"):
			return refuse(NotMetadata, "This is a web page, perhaps a sign-in page: download the metadata file and upload it.")
		}
		return refuse(NotMetadata, "The root element is neither EntityDescriptor nor EntitiesDescriptor of SAML 2.0 metadata.")
	}
}

func hasPrefixFold(doc []byte, prefix string) bool {
	return len(doc) >= len(prefix) && bytes.EqualFold(doc[:len(prefix)], []byte(prefix))
}
