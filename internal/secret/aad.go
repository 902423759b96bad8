package secret

import "encoding/binary"

// AAD names the place that a sealed value belongs to. A value opened with another AAD than it was sealed with is
// refused, so a ciphertext copied to another row, table or tenant is useless. Values outside a tenant leave Tenant empty.
type AAD struct {
	Table  string
	Row    string
	Tenant string
}

// encode writes a label for what is encrypted and then the fields, each after its length: ("ab", "c") and
// ("a", "bc") must not be the same place.
func (a AAD) encode(label, keyID string) []byte {
	return appendFramed(nil, label, keyID, a.Table, a.Row, a.Tenant)
}

// appendFramed appends each part after its length in eight bytes.
func appendFramed[T ~string | ~[]byte](dst []byte, parts ...T) []byte {
	for _, part := range parts {
		dst = binary.BigEndian.AppendUint64(dst, uint64(len(part)))
		dst = append(dst, part...)
	}
	return dst
}
