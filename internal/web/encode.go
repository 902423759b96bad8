package web

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// encode writes an answer: maps in order, so that equal states are equal bytes. [None] is no bytes at all.
func encode(out any) ([]byte, error) {
	if _, none := out.(None); none {
		return nil, nil
	}
	if p, ok := out.(PlainOutput); ok {
		if b, plain := p.AppendPlain(make([]byte, 0, 512)); plain {
			return b, nil
		}
	}
	b, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return b, nil
}
