package samlforge

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
)

// maxInflated bounds what a redirect unpacks to.
const maxInflated = 1 << 20

// Redirected is a request that waits for its answer.
type Redirected struct{ RequestID, RelayState string }

// ReadRedirect reads the request that an address of the redirect binding carries. No signature is checked.
func ReadRedirect(address string) (Redirected, error) {
	to, err := url.Parse(address)
	if err != nil {
		return Redirected{}, fmt.Errorf("read the redirect: %w", err)
	}
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get(string(SAMLRequest)))
	if err != nil {
		return Redirected{}, fmt.Errorf("decode the request: %w", err)
	}
	doc, err := Inflate(packed)
	if err != nil {
		return Redirected{}, err
	}
	var asked struct {
		ID string `xml:"ID,attr"`
	}
	if err := xml.Unmarshal(doc, &asked); err != nil {
		return Redirected{}, fmt.Errorf("read the request: %w", err)
	}
	return Redirected{asked.ID, to.Query().Get("RelayState")}, nil
}

// Inflate undoes [Deflate], for at most 1 MiB.
func Inflate(packed []byte) ([]byte, error) {
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxInflated))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	return doc, nil
}
