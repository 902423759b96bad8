package secret

import (
	"bytes"
	"encoding/base32"
	"math/big"
	"strings"
)

// crockford is the alphabet of typed ids, so that a tenant looks the same in both. base62 is the order of math/big.
// Neither has the underscore that separates the parts of a credential.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Lengths of the parts of a credential, in characters.
const (
	idSize       = 26
	secretSize   = 43
	checksumSize = 6
)

func decodeID(dst *[16]byte, s string) bool {
	id, err := crockford.DecodeString(s)
	if err != nil || len(id) != len(dst) {
		return false
	}
	copy(dst[:], id)
	return true
}

func appendBase62(dst, value []byte, width int) []byte {
	digits := new(big.Int).SetBytes(value).Append(nil, 62)
	dst = append(dst, bytes.Repeat([]byte{'0'}, width-len(digits))...)
	return append(dst, digits...)
}

func decodeBase62(dst []byte, s string, width int) bool {
	if len(s) != width || strings.Trim(s, base62) != "" {
		return false
	}
	n, ok := new(big.Int).SetString(s, 62)
	if !ok || n.BitLen() > 8*len(dst) {
		return false
	}
	n.FillBytes(dst)
	return true
}
