package metadata

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/beevik/etree"
)

// entityID returns the entity ID as it stands in the document. Nothing is normalized, since issuers are compared byte for byte.
func entityID(el *etree.Element) (string, error) {
	id, _ := attribute(el, "entityID")
	switch {
	case id == "":
		return "", refuse(EntityIDInvalid, "The entity has no entityID.")
	case len(id) > maxEntityID:
		return "", refuse(EntityIDInvalid, fmt.Sprintf("The entityID is longer than %d characters.", maxEntityID))
	case !validURI(id):
		return "", refuse(EntityIDInvalid, fmt.Sprintf("The entityID %.200q is not a URI.", id))
	}
	return id, nil
}

// validURI tells whether s is made as RFC 3986 says. It takes relative references too, since some providers let their administrator
// type a single word as the entity ID. Letters beyond ASCII, which xs:anyURI would allow, could look like others.
func validURI(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && hex(s[i+1]) && hex(s[i+2]):
		default:
			return false
		}
	}
	_, err := url.Parse(s)
	return s != "" && err == nil
}

func hex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
