package xmlsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	validator "github.com/mattermost/xml-roundtrip-validator"
)

// maxKnown bounds the tokens that are remembered: longer ones hardly come twice.
const maxKnown = 256

// survives says whether every token of a document would come out of Go's encoder as it went in. It is the validator's own loop, which reads
// byte by byte through an interface and asks again for tokens that it has just seen; both would cost more than all else that is done with
// a hostile document.
func survives(doc []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	decoder.Strict = false
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	known := map[string]bool{}
	for start := int64(0); ; start = decoder.InputOffset() {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("the document is not well-formed")
		}
		raw := string(doc[start:decoder.InputOffset()])
		if end, ok := token.(xml.EndElement); ok && raw == "" { // the second token of <a/>
			raw = "</" + end.Name.Space + ":" + end.Name.Local + ">"
		}
		if len(raw) <= maxKnown && known[raw] || plain(token) {
			continue
		}
		if err := validator.CheckToken(token); err != nil {
			return errors.New("the document does not survive being written again")
		}
		if len(raw) <= maxKnown {
			known[raw] = true
		}
	}
}

// plain says that a token is text which no encoder escapes and no decoder changes: letters, digits, spaces and what stands in addresses.
func plain(token xml.Token) bool {
	text, ok := token.(xml.CharData)
	if !ok {
		return false
	}
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == ' ', '+' <= c && c <= '/', c == ':', c == '=', c == '@', c == '_':
		default:
			return false
		}
	}
	return true
}
