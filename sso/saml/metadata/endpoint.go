package metadata

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// endpoints returns the endpoints of a kind whose binding is kept. One bad address refuses the document: who writes javascript: in one
// place is not to be believed in another.
func endpoints(role *etree.Element, local string, check func(string) error) ([]Endpoint, error) {
	var found []Endpoint
	for _, el := range children(role, nsMetadata, local) {
		e := Endpoint{}
		e.Binding, _ = attribute(el, "Binding")
		if e.Binding != Redirect && e.Binding != Post {
			continue
		}
		e.Location, _ = attribute(el, "Location")
		if err := checkLocation(local, e.Location, check); err != nil {
			return nil, err
		}
		if other, ok := attribute(el, "ResponseLocation"); ok && local == "SingleLogoutService" {
			if err := checkLocation(local, other, check); err != nil {
				return nil, err
			}
			e.ResponseLocation = other
		}
		if slices.Contains(found, e) {
			continue
		}
		if len(found) == maxEndpoints {
			return nil, refuse(Malformed, fmt.Sprintf("The provider has more than %d endpoints %s.", maxEndpoints, local))
		}
		found = append(found, e)
	}
	return found, nil
}

func checkLocation(local, location string, check func(string) error) error {
	why := misshapen(location)
	if why == "" && check(location) != nil {
		why = "is not permitted: the host, port or scheme"
	}
	if why != "" {
		return refuse(EndpointRefused, fmt.Sprintf("The Location %.200q of %s %s.", location, local, why))
	}
	return nil
}

// misshapen says what is wrong with a location whatever the address policy is.
func misshapen(location string) string {
	if location == "" {
		return "is empty"
	}
	if len(location) > maxLocation {
		return fmt.Sprintf("is longer than %d characters", maxLocation)
	}
	u, err := url.Parse(location)
	switch {
	// Also refuses what readers of URLs disagree about: spaces, control characters, backslashes, letters beyond ASCII.
	case err != nil || !validURI(location):
		return "is not a URL"
	case u.Scheme != "https" && (u.Scheme != "http" || !thisMachine(u.Hostname())):
		return "does not begin with https://"
	case u.Opaque != "" || u.Hostname() == "":
		return "has no host"
	case u.User != nil:
		return "has a user name"
	case strings.Contains(location, "#"):
		return "has a fragment"
	case hasMessage(u):
		return "has a parameter that belongs to a SAML message"
	}
	return ""
}

// hasMessage finds parameters that would stand twice in a redirect, where the provider might read the first and sign the second.
func hasMessage(u *url.URL) bool {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return true
	}
	return slices.ContainsFunc([]string{"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"}, query.Has)
}

func thisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
