package usage

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	strict "github.com/go-json-experiment/json"
)

// StatementType is the header typ of a signed statement.
const StatementType = "gatehouse-usage-statement+jws"

// Signed is a statement as it is handed out: to be read, and the same as a JWS in compact form.
type Signed struct {
	Statement Statement `json:"statement"`
	Signed    string    `json:"signed" doc:"The statement as a JWS of the key set at /.well-known/jwks.json"`
}

// Sign signs a statement by a function that makes a JWS of a document.
func (s Statement) Sign(sign func(kind string, document []byte) (string, error)) (Signed, error) {
	document, err := json.Marshal(s)
	if err != nil {
		return Signed{}, fmt.Errorf("encode a statement: %w", err)
	}
	signed, err := sign(StatementType, document)
	if err != nil {
		return Signed{}, fmt.Errorf("sign a statement: %w", err)
	}
	return Signed{s, signed}, nil
}

// ReadSigned reads a signed statement, verifies its signature by a key set (JWKS, RFC 7517), and its chain. It needs nothing but its
// arguments.
func ReadSigned(document, keySet []byte) (Statement, error) {
	var in Signed
	if err := strict.Unmarshal(document, &in, strict.RejectUnknownMembers(true)); err != nil { // what is read twice, or not at all, could say anything
		return Statement{}, fmt.Errorf("read the statement: %w", err)
	}
	payload, err := verifyJWS(in.Signed, keySet)
	if err != nil {
		return Statement{}, err
	}
	if shown, err := json.Marshal(in.Statement); err != nil || string(shown) != string(payload) {
		return Statement{}, errors.New("the statement is not what is signed")
	}
	return in.Statement, in.Statement.check()
}

// check recomputes the chain, and holds the lines to the number of events that are sealed.
func (s Statement) check() error {
	var sealed, listed int64
	for _, l := range s.Lines {
		listed += l.Events
	}
	last := ""
	for i, d := range s.Days {
		head, err := d.hash(s.TenantID)
		if err != nil || fmt.Sprintf("%x", head) != d.Head {
			return fmt.Errorf("the head of %s does not follow from it", d.Day)
		}
		if i > 0 && (d.Previous != last || d.Day <= s.Days[i-1].Day) {
			return fmt.Errorf("%s does not go on from the day before", d.Day)
		}
		last = d.Head
		sealed += d.Events
	}
	if listed != sealed {
		return fmt.Errorf("the lines are of %d events, and the sealed days of %d", listed, sealed)
	}
	if last != "" && last != s.Head {
		return errors.New("the head is not that of the last day")
	}
	return nil
}

// Follows says whether a statement goes on where one of an earlier month ended, with no sealed day between them.
func (s Statement) Follows(earlier Statement) bool {
	begin := s.Head
	if len(s.Days) > 0 {
		begin = s.Days[0].Previous
	}
	return s.TenantID == earlier.TenantID && s.Month > earlier.Month && begin == earlier.Head
}

var errSignature = errors.New("the signature does not hold, or is of a key that is not in the key set")

// verifyJWS returns the payload of a JWS of ours. Nothing else is read of the header than which key it is: algorithm and type are ours.
func verifyJWS(signed string, keySet []byte) ([]byte, error) {
	parts := strings.Split(signed, ".")
	if len(parts) != 3 {
		return nil, errSignature
	}
	var decoded [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil {
			return nil, errSignature
		}
		decoded[i] = b
	}
	var header struct{ Alg, Kid, Typ string }
	if err := json.Unmarshal(decoded[0], &header); err != nil || header.Alg != "ES256" || header.Typ != StatementType {
		return nil, errors.New("it is no signed statement")
	}
	key, err := keyNamed(header.Kid, keySet)
	if err != nil {
		return nil, err
	}
	const half = 32
	sig, digest := decoded[2], sha256.Sum256([]byte(parts[0]+"."+parts[1]))
	if len(sig) != 2*half || !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])) {
		return nil, errSignature
	}
	return decoded[1], nil
}

func keyNamed(kid string, keySet []byte) (*ecdsa.PublicKey, error) {
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X, Y string }
	}
	if err := json.Unmarshal(keySet, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	for _, k := range set.Keys {
		if k.Kid != kid || k.Kty != "EC" || k.Crv != "P-256" {
			continue
		}
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, fmt.Errorf("read the key set: %w", err)
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, fmt.Errorf("read the key set: %w", err)
		}
		return key, nil
	}
	return nil, errSignature
}
