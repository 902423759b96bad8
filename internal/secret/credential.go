package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strconv"
	"strings"
)

// Prefixes say what a credential is for, to people, to Parse and to scanners for leaked secrets.
const (
	PrefixAPIKey     = "ghk"
	PrefixRefresh    = "ghr"
	PrefixSignInLink = "ghl"
	PrefixInvitation = "ghi"
	PrefixRecovery   = "ghb" // breaks the glass
	PrefixSetupLink  = "ghs"
	// PrefixSetupSession is of the cookie that a set-up link is exchanged for.
	PrefixSetupSession = "ghv"
)

// ErrCredential is the one answer to everything that is not exactly a credential of the expected prefix.
var ErrCredential = errors.New("not a well-formed credential")

// Credential is a token that says whose it is, so that its look-up is scoped to one tenant. On the wire it is
//
//	prefix _ tenant (26) _ id (26) [_ generation] _ secret (43) _ checksum (6)
//
// with tenant and id in lower-case Crockford base32, secret and checksum in base62, and generation in decimal, left
// out when zero. The checksum (CRC-32) catches typing mistakes and is no proof of anything.
type Credential struct {
	Prefix     string
	Tenant, ID [16]byte
	Secret     [32]byte
	Generation uint32
}

// Issue returns a credential with a fresh random secret.
func Issue(prefix string, tenant, id [16]byte, generation uint32) Credential {
	return Credential{
		Prefix: prefix, Tenant: tenant, ID: id, Generation: generation,
		Secret: [32]byte(Random(32)),
	}
}

// Parse reads the wire form of a credential with the given prefix. There is one spelling for each credential;
// anything else is ErrCredential. Parse proves nothing: the caller compares Hash or a MAC with what is stored.
func Parse(prefix, s string) (Credential, error) {
	const rest = len("_") + idSize + len("_") + idSize + len("_") + secretSize + len("_") + checksumSize
	longest := len(prefix) + rest + len("_4294967295")
	if len(s) < len(prefix)+rest || len(s) > longest {
		return Credential{}, ErrCredential
	}
	var parts [6]string
	n := 0
	for part := range strings.SplitSeq(s, "_") {
		if n == len(parts) {
			return Credential{}, ErrCredential
		}
		parts[n] = part
		n++
	}
	if n < 5 || parts[0] != prefix {
		return Credential{}, ErrCredential
	}
	c := Credential{Prefix: prefix}
	tenant, id, secret := parts[1], parts[2], parts[n-2]
	if !decodeID(&c.Tenant, tenant) || !decodeID(&c.ID, id) || !decodeBase62(c.Secret[:], secret, secretSize) {
		return Credential{}, ErrCredential
	}
	if n == len(parts) {
		generation, err := strconv.ParseUint(parts[3], 10, 32)
		if err != nil {
			return Credential{}, ErrCredential
		}
		c.Generation = uint32(generation)
	}
	// This compares the checksum too, and refuses leading zeros, signs and every other second spelling.
	var spelling, given [128]byte
	if subtle.ConstantTimeCompare(c.append(spelling[:0]), given[:copy(given[:], s)]) != 1 {
		return Credential{}, ErrCredential
	}
	return c, nil
}

// String returns the wire form, secret included: call it only to hand the credential to its owner. Printing the
// credential with fmt, slog or encoding/json shows [redacted] instead.
func (c Credential) String() string { return string(c.append(make([]byte, 0, 128))) }

func (c *Credential) append(b []byte) []byte {
	begin := len(b)
	b = append(b, c.Prefix...)
	b = crockford.AppendEncode(append(b, '_'), c.Tenant[:])
	b = crockford.AppendEncode(append(b, '_'), c.ID[:])
	if c.Generation > 0 {
		b = strconv.AppendUint(append(b, '_'), uint64(c.Generation), 10)
	}
	b = appendBase62(append(b, '_'), c.Secret[:], secretSize)
	var checksum [4]byte
	binary.BigEndian.PutUint32(checksum[:], crc32.ChecksumIEEE(b[begin:]))
	return appendBase62(append(b, '_'), checksum[:], checksumSize)
}

// Hash returns what may be stored: SHA-256 over the prefix and the secret. A plain hash is enough for 256 random
// bits; use Pepper.MAC where a stolen table must not even allow a guess to be checked.
func (c Credential) Hash() [32]byte {
	return sha256.Sum256(appendFramed(nil, "gatehouse/credential/v1", c.Prefix, string(c.Secret[:])))
}

// Format writes [redacted] for every verb.
func (c Credential) Format(f fmt.State, _ rune) { writePlaceholder(f) }

// LogValue returns [redacted].
func (c Credential) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns [redacted].
func (c Credential) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
