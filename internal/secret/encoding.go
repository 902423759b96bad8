package secret

import (
	"encoding/base32"
	"encoding/binary"
	"math/bits"
)

// crockford is the alphabet of typed ids, so that a tenant looks the same in both. base62 is the order of math/big.
// Neither has the underscore that separates the parts of a credential.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const zeros = "0000000000000000000000000000000000000000000"

// step62 is 62 to the power of stepDigits, the largest that a word holds.
const (
	stepDigits = 10
	step62     = 839299365868340224
	noDigit    = 255
)

// digits62 are the values of the digits of base62.
var digits62 = func() (values [256]byte) {
	for i := range values {
		values[i] = noDigit
	}
	for i := range base62 {
		values[base62[i]] = byte(i)
	}
	return values
}()

const base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Lengths of the parts of a credential, in characters.
const (
	idSize       = 26
	secretSize   = 43
	checksumSize = 6
)

func decodeID(dst *[16]byte, s string) bool {
	if len(s) != idSize {
		return false
	}
	var text [idSize]byte
	var id [len(dst) + 1]byte // the digits have two bits more
	copy(text[:], s)
	n, err := crockford.Decode(id[:], text[:])
	if err != nil || n != len(dst) {
		return false
	}
	copy(dst[:], id[:])
	return true
}

// appendBase62 writes a number, in bytes from the highest, as so many digits. It divides as on paper, ten digits a step; the 32 bytes of a
// secret are four words.
func appendBase62(dst, value []byte, width int) []byte {
	var words [4]uint64 // from the highest
	for i, b := range value {
		at := len(words)*8 - len(value) + i
		words[at/8] = words[at/8]<<8 | uint64(b)
	}
	begin := len(dst)
	dst = append(dst, zeros[:width]...)
	for at := len(dst); at > begin; {
		var rest uint64
		for i := range words {
			words[i], rest = bits.Div64(rest, words[i], step62)
		}
		for range stepDigits {
			if at == begin {
				break
			}
			at--
			dst[at], rest = base62[rest%62], rest/62
		}
	}
	return dst
}

// decodeBase62 refuses what is no number of that many digits, and one that dst has no room for.
func decodeBase62(dst []byte, s string, width int) bool {
	if len(s) != width {
		return false
	}
	var words [4]uint64
	for i := range len(s) {
		digit := digits62[s[i]]
		if digit == noDigit {
			return false
		}
		carry := uint64(digit)
		for w := len(words) - 1; w >= 0; w-- {
			high, low := bits.Mul64(words[w], 62)
			low, over := bits.Add64(low, carry, 0)
			words[w], carry = low, high+over
		}
		if carry != 0 {
			return false
		}
	}
	var all [32]byte
	for i, w := range words {
		binary.BigEndian.PutUint64(all[8*i:], w)
	}
	room := len(all) - len(dst)
	copy(dst, all[room:])
	return [32]byte(all) == [32]byte(append(make([]byte, room, 32), dst...))
}
