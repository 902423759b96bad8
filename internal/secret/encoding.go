package secret

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"strings"
)

// Neither alphabet has the underscore that separates the parts of a credential. base62 is the order of math/big.
const (
	crockford = "0123456789abcdefghjkmnpqrstvwxyz"
	base62    = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

	idSize       = 26
	secretSize   = 43
	checksumSize = 6
)

// appendID writes 128 bits as a number of 26 digits, the way typed ids do, so that the two are recognizably the same.
func appendID(dst []byte, id [16]byte) []byte {
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var digits [idSize]byte
	for i := idSize - 1; i >= 0; i-- {
		digits[i] = crockford[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return append(dst, digits[:]...)
}

func decodeID(dst *[16]byte, s string) bool {
	if len(s) != idSize || s[0] > '7' { // 26 digits hold 130 bits
		return false
	}
	var high, low uint64
	for i := range len(s) {
		digit := strings.IndexByte(crockford, s[i])
		if digit < 0 {
			return false
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(digit)
	}
	binary.BigEndian.PutUint64(dst[:8], high)
	binary.BigEndian.PutUint64(dst[8:], low)
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
