package web

import (
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
)

// encode writes an answer: maps in order, so that equal states are equal bytes. [None] is no bytes at all.
func encode(out any) ([]byte, error) {
	if _, none := out.(None); none {
		return nil, nil
	}
	b, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return b, nil
}

// scratch is room to write answers in that are sent at once and not kept.
type scratch struct{ pool sync.Pool }

const (
	usual   = 512      // bytes of an answer
	largest = 64 << 10 // that the room may have grown to and still be kept
)

// reply sends an answer that writes itself; false, with nothing sent, if it cannot.
func (s *scratch) reply(ex *exchange, status int, out PlainOutput) bool {
	room, held := s.pool.Get().(*[]byte)
	if !held {
		room = new(make([]byte, 0, usual))
	}
	b, plain := out.AppendPlain((*room)[:0])
	if cap(b) <= largest {
		*room = b
	}
	if plain {
		ex.reply(status, b)
	}
	if !ex.cut { // HTTP/2 gives up a write whose bytes it may still be reading
		s.pool.Put(room)
	}
	return plain
}
