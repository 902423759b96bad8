package samlforge

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
)

// Parameter is the name of a form field or query parameter that carries a message.
type Parameter string

// The parameters.
const (
	SAMLRequest  Parameter = "SAMLRequest"
	SAMLResponse Parameter = "SAMLResponse"
)

// Query is a message in the encoding of the redirect binding (Bindings, 3.4.4.1), without the question mark. A nil key
// leaves it unsigned; an empty method is that of [Signing].
func Query(name Parameter, doc []byte, relayState string, key *Key, method string) (string, error) {
	query := string(name) + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(Deflate(doc)))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if key == nil {
		return query, nil
	}
	s := Signing{Method: method}.filled(key)
	query += "&SigAlg=" + url.QueryEscape(s.Method)
	value, err := s.value(key, []byte(query))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}

// Deflate compresses as the redirect binding does.
func Deflate(doc []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression) // fails for an unknown level alone
	_, _ = w.Write(doc)                                  // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
