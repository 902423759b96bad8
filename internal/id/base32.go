package id

import (
	"encoding/base32"
	"fmt"

	"github.com/google/uuid"
)

// crockford has no padding; 128 bits take 26 digits, of which the last one has two spare bits that must be zero.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const (
	digits  = 26
	longest = 32 // at least as long as the wire form of any kind
)

func encode(u uuid.UUID) string { return crockford.EncodeToString(u[:]) }

func decode(s string) (uuid.UUID, error) {
	if len(s) != digits {
		return uuid.Nil, fmt.Errorf("%w: want %d characters after the prefix", ErrInvalid, digits)
	}
	b, err := crockford.DecodeString(s)
	if err != nil {
		return uuid.Nil, fmt.Errorf("%w: not in base 32", ErrInvalid)
	}
	u, err := uuid.FromBytes(b)
	if err != nil || u == uuid.Nil || encode(u) != s {
		return uuid.Nil, fmt.Errorf("%w: not in canonical form", ErrInvalid)
	}
	return u, nil
}
