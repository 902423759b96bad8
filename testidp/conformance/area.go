package conformance

import (
	"strconv"
	"strings"

	"github.com/seed-2a059015/gatehouse/testidp"
)

// Area is a line of the matrix.
type Area string

// The areas, in the order of the matrix.
const (
	Honesty     Area = "Honest sign-ins"
	Wrapping    Area = "SAML: signature wrapping and removal"
	Keys        Area = "SAML: keys, algorithms and references"
	Parsing     Area = "SAML: XML parsing, entities and size"
	Encryption  Area = "SAML: encrypted assertions"
	Subject     Area = "SAML: subject, recipient, audience, issuer and status"
	Times       Area = "SAML: times and strength of the sign-in"
	Requests    Area = "SAML: answers that nobody asked for"
	Transport   Area = "SAML: HTTP of the assertion consumer service"
	Metadata    Area = "SAML: hostile metadata"
	Logout      Area = "SAML: forged logout"
	Replay      Area = "Replay, races and stolen sign-ins"
	Tenants     Area = "Between organizations"
	Discovery   Area = "OpenID Connect: discovery"
	Callback    Area = "OpenID Connect: callback, state and code"
	KeySets     Area = "OpenID Connect: key sets"
	IDTokens    Area = "OpenID Connect: tokens and claims"
	Connections Area = "OpenID Connect: hostile network answers"
)

// Areas lists them all.
func Areas() []Area {
	return []Area{
		Honesty, Wrapping, Keys, Parsing, Encryption, Subject, Times, Requests, Transport, Metadata, Logout, Replay, Tenants,
		Discovery, Callback, KeySets, IDTokens, Connections,
	}
}

// areaOf finds the area of a forged response by the number in its ID; the security catalog is in this order.
func areaOf(id string) Area {
	number, _, _ := strings.Cut(strings.TrimPrefix(id, "SAML-"), "-")
	n, err := strconv.Atoi(number)
	if err != nil {
		return Transport
	}
	for _, below := range []struct {
		end  int
		area Area
	}{{20, Wrapping}, {50, Keys}, {74, Parsing}, {80, Transport}, {90, Encryption}, {122, Subject}, {133, Times}, {137, Replay}, {146, Requests}, {150, Transport}} {
		if n < below.end {
			return below.area
		}
	}
	return Metadata
}

func areaOfStage(s testidp.Stage) Area {
	switch s {
	case testidp.InDiscovery:
		return Discovery
	case testidp.InCallback:
		return Callback
	case testidp.InKeys:
		return KeySets
	case testidp.InTransport:
		return Connections
	default:
		return IDTokens
	}
}
