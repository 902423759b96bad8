package page

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// ErrCursor is the one answer to every cursor that was not made here for the same scope.
var ErrCursor = errors.New("cursor is not valid for this list")

// MaxCursor is the length that no cursor exceeds; longer ones are refused before any work.
const MaxCursor = 1024

// version changes with the meaning of a position, so that cursors from before an upgrade are refused, not misread.
const version = 1

// Scope is what a cursor is good for.
type Scope struct {
	Tenant string
	Query  string // names the route, its filter and its order
}

// Cursors makes and reads cursors under one key.
type Cursors struct {
	pepper secret.Pepper
}

// New returns Cursors under a pepper that serves no other purpose.
func New(pepper secret.Pepper) *Cursors { return &Cursors{pepper: pepper} }

// A cursor is the unpadded base64url of: version (1) | MAC (32) | position, each part after its length as a varint.
const (
	macSize = 32
	header  = 1 + macSize
)

// Encode returns the cursor of a position: the columns that the list is ordered by, of the last item shown. It panics
// when the position does not fit into MaxCursor characters; lists are ordered by columns of bounded length.
func (c *Cursors) Encode(scope Scope, position []string) string {
	packed := pack(position)
	mac := c.mac(scope, version, packed)
	raw := append(append([]byte{version}, mac[:]...), packed...)
	cursor := base64.RawURLEncoding.EncodeToString(raw)
	if len(cursor) > MaxCursor {
		panic(fmt.Sprintf("page: a position of %d bytes makes a cursor of more than %d", len(packed), MaxCursor))
	}
	return cursor
}

// Decode returns the position of a cursor made for the same scope, or ErrCursor. No cursor means the first page: the
// position is nil.
func (c *Cursors) Decode(scope Scope, cursor string) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	if len(cursor) > MaxCursor {
		return nil, ErrCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < header || raw[0] != version {
		return nil, ErrCursor
	}
	// The decoder skips line breaks; a cursor has one spelling.
	if len(cursor) != base64.RawURLEncoding.EncodedLen(len(raw)) {
		return nil, ErrCursor
	}
	packed := raw[header:]
	mac := c.mac(scope, raw[0], packed)
	if !secret.Equal(mac[:], raw[1:header]) {
		return nil, ErrCursor
	}
	return unpack(packed)
}

func (c *Cursors) mac(scope Scope, version byte, packed []byte) [macSize]byte {
	return c.pepper.MAC("gatehouse/cursor", []byte{version}, []byte(scope.Tenant), []byte(scope.Query), packed)
}

func pack(position []string) []byte {
	var packed []byte
	for _, part := range position {
		packed = binary.AppendUvarint(packed, uint64(len(part)))
		packed = append(packed, part...)
	}
	return packed
}

func unpack(packed []byte) ([]string, error) {
	position := []string{}
	for len(packed) > 0 {
		size, n := binary.Uvarint(packed)
		if n <= 0 || size > uint64(len(packed)-n) {
			return nil, ErrCursor
		}
		position = append(position, string(packed[n:n+int(size)]))
		packed = packed[n+int(size):]
	}
	return position, nil
}
