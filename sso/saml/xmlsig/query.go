package xmlsig

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	dsig "github.com/russellhaering/goxmldsig"
)

// Parameter is the one that carries a message in the redirect binding.
type Parameter string

// The parameters of SAML bindings, 3.4.3.
const (
	SAMLRequest  Parameter = "SAMLRequest"
	SAMLResponse Parameter = "SAMLResponse"
)

// Message is one of the redirect binding.
type Message struct {
	Parameter  Parameter
	XML        []byte
	RelayState string // "" is not sent
}

// Query returns the query of an unsigned message.
func (m Message) Query() (string, error) {
	compressed, err := deflate(m.XML)
	if err != nil {
		return "", err
	}
	query := string(m.Parameter) + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(compressed))
	if m.RelayState != "" {
		query += "&RelayState=" + url.QueryEscape(m.RelayState)
	}
	return query, nil
}

// SignQuery returns the query of a message signed by RSA with SHA-256.
func SignQuery(m Message, key crypto.Signer) (string, error) {
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return "", errors.New("sign query: the key is not RSA")
	}
	query, err := m.Query()
	if err != nil {
		return "", err
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	digest := sha256.Sum256([]byte(query))
	value, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("sign query: %w", err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}

// ReadQuery returns the message of a query without a look at its signature.
func ReadQuery(rawQuery string) (Message, error) {
	r, err := split(rawQuery)
	if err != nil {
		return Message{}, err
	}
	return r.message()
}

// VerifyQuery checks the signature of a query as it was received, and returns the message that the signature covers. The signature
// is over the octets that the peer wrote: its way to escape them need not be ours.
func VerifyQuery(rawQuery string, t Trust) (Message, Used, error) {
	r, err := split(rawQuery)
	if err != nil {
		return Message{}, Used{}, err
	}
	if r.raw["Signature"] == "" || r.raw["SigAlg"] == "" {
		return Message{}, Used{}, ErrMissing
	}
	uri, err := url.QueryUnescape(r.raw["SigAlg"])
	if err != nil {
		return Message{}, Used{}, fmt.Errorf("%w: SigAlg is not escaped", ErrInvalid)
	}
	m, err := t.method(uri)
	if err != nil {
		return Message{}, Used{}, err
	}
	value, err := decodeRaw(r.raw["Signature"])
	if err != nil {
		return Message{}, Used{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	octets := r.signed()
	cert, err := t.try(m, "", func(cert *x509.Certificate) error { return m.check(cert, octets, value) })
	if err != nil {
		return Message{}, Used{}, err
	}
	message, err := r.message()
	if err != nil {
		return Message{}, Used{}, err
	}
	return message, Used{Fingerprint: Fingerprint(cert), Method: uri, SHA1: m.sha1}, nil
}

// received is a query in the pieces that the binding knows, still escaped.
type received struct {
	parameter Parameter
	raw       map[string]string
}

// split takes a query apart. Parameters of other names are ignored; one that is given twice, or whose name is escaped so that a
// proxy and this function may differ about it, is refused.
func split(rawQuery string) (received, error) {
	r := received{raw: map[string]string{}}
	for piece := range strings.SplitSeq(rawQuery, "&") {
		name, raw, _ := strings.Cut(piece, "=")
		if strings.ContainsAny(name, "%+") {
			return r, errors.New("read query: the name of a parameter is escaped")
		}
		switch name {
		case string(SAMLRequest), string(SAMLResponse):
			if r.parameter != "" {
				return r, errors.New("read query: there are two messages")
			}
			r.parameter = Parameter(name)
		case "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		default:
			continue
		}
		if _, twice := r.raw[name]; twice {
			return r, fmt.Errorf("read query: %s is given twice", name)
		}
		r.raw[name] = raw
	}
	if r.parameter == "" {
		return r, errors.New("read query: there is no message")
	}
	return r, nil
}

// signed returns the octets that a signature covers, in the order of SAML bindings, 3.4.4.1.
func (r received) signed() []byte {
	octets := string(r.parameter) + "=" + r.raw[string(r.parameter)]
	if state, ok := r.raw["RelayState"]; ok {
		octets += "&RelayState=" + state
	}
	return []byte(octets + "&SigAlg=" + r.raw["SigAlg"])
}

func (r received) message() (Message, error) {
	const deflated = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
	if encoding, ok := r.raw["SAMLEncoding"]; ok {
		if name, err := url.QueryUnescape(encoding); err != nil || name != deflated {
			return Message{}, errors.New("read query: the encoding is not DEFLATE")
		}
	}
	compressed, err := decodeRaw(r.raw[string(r.parameter)])
	if err != nil {
		return Message{}, fmt.Errorf("read query: %w", err)
	}
	message, err := Inflate(compressed)
	if err != nil {
		return Message{}, err
	}
	state, err := url.QueryUnescape(r.raw["RelayState"])
	if err != nil {
		return Message{}, errors.New("read query: RelayState is not escaped")
	}
	return Message{Parameter: r.parameter, XML: message, RelayState: state}, nil
}

// decodeRaw undoes the escapes of a parameter and then base64.
func decodeRaw(raw string) ([]byte, error) {
	text, err := url.QueryUnescape(raw)
	if err != nil {
		return nil, errors.New("a parameter is not escaped")
	}
	return Decode(text)
}
