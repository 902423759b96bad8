package xmlsig

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

// maxInflated bounds what a message of the redirect binding may inflate to: a few kilobytes can become gigabytes.
const maxInflated = 256 << 10

// Inflate undoes the DEFLATE encoding (SAML bindings, 3.4.4.1). It refuses more than 256 KiB, and data with something after its end.
func Inflate(data []byte) ([]byte, error) {
	compressed := bytes.NewReader(data)
	message, err := io.ReadAll(io.LimitReader(flate.NewReader(compressed), maxInflated+1))
	if err != nil {
		return nil, fmt.Errorf("inflate message: %w", err)
	}
	if len(message) > maxInflated {
		return nil, fmt.Errorf("inflate message: it is larger than %d bytes", maxInflated)
	}
	if compressed.Len() > 0 {
		return nil, errors.New("inflate message: something follows its end")
	}
	return message, nil
}

func deflate(message []byte) ([]byte, error) {
	var compressed bytes.Buffer
	w, err := flate.NewWriter(&compressed, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("deflate message: %w", err)
	}
	if _, err := w.Write(message); err != nil {
		return nil, fmt.Errorf("deflate message: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("deflate message: %w", err)
	}
	return compressed.Bytes(), nil
}
