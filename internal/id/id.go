package id

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// ErrInvalid is wrapped by every error of [Parse].
var ErrInvalid = errors.New("invalid id")

// Of is an id of one kind. The zero value names nothing and is stored as NULL.
type Of[K kind] struct{ u uuid.UUID }

// New returns a fresh id. It panics only when the system's randomness fails.
//
//	session := id.New[id.Session]()
func New[T Of[K], K kind]() T { return T{uuid.Must(uuid.NewV7())} }

// From makes an id of 16 bytes that are known to name such a thing, as those in a credential are.
//
//	session := id.From[id.Session](cred.ID)
func From[T Of[K], K kind](b [16]byte) T { return T{b} }

// Parse reads the wire form. It accepts exactly what String prints: lower case, right prefix, no alias letters.
func Parse[K kind](s string) (Of[K], error) {
	var k K
	rest, ok := strings.CutPrefix(s, k.prefix()+"_")
	if !ok {
		return Of[K]{}, fmt.Errorf("%w: want the prefix %s_", ErrInvalid, k.prefix())
	}
	u, err := decode(rest)
	if err != nil {
		return Of[K]{}, err
	}
	return Of[K]{u}, nil
}

// UUID is the id without its kind.
func (i Of[K]) UUID() uuid.UUID { return i.u }

// Bytes is the id as 16 bytes.
func (i Of[K]) Bytes() [16]byte { return i.u }

// IsZero says that the id names nothing.
func (i Of[K]) IsZero() bool { return i.u == uuid.Nil }

// String is the wire form, or "" for the zero value.
func (i Of[K]) String() string {
	if i.IsZero() {
		return ""
	}
	var b [longest]byte
	return string(i.append(b[:0]))
}

// AppendText implements encoding.TextAppender with the wire form.
func (i Of[K]) AppendText(b []byte) ([]byte, error) { return i.append(b), nil }

// MarshalText implements encoding.TextMarshaler with the wire form.
func (i Of[K]) MarshalText() ([]byte, error) { return i.append(nil), nil }

func (i Of[K]) append(b []byte) []byte {
	if i.IsZero() {
		return b
	}
	var k K
	return crockford.AppendEncode(append(append(b, k.prefix()...), '_'), i.u[:])
}

// UnmarshalText implements encoding.TextUnmarshaler; the empty text is the zero value.
func (i *Of[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*i = Of[K]{}
		return nil
	}
	v, err := Parse[K](string(b))
	if err != nil {
		return err
	}
	*i = v
	return nil
}

// Value implements driver.Valuer.
func (i Of[K]) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil //nolint:nilnil // NULL is what driver.Valuer says with two nils
	}
	return i.u.String(), nil
}

// Scan implements sql.Scanner; NULL is the zero value.
func (i *Of[K]) Scan(src any) error {
	if src == nil {
		*i = Of[K]{}
		return nil
	}
	return i.u.Scan(src)
}

// GormDataType tells GORM the column's type.
func (Of[K]) GormDataType() string { return "uuid" }
