package netguard

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// body counts what is read and reports how the reading ended. Like every body it is read by one goroutine.
type body struct {
	source io.ReadCloser
	left   int64
	caller context.Context
	finish func(error)
	failed error
}

// Read gives out at most the limit and then fails: a document cut short must not look like a whole one.
func (b *body) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed tells "at the limit" from "beyond"
	}
	n, err := b.source.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), ErrBodyTooLarge
	}
	b.left -= int64(n)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		b.failed = io.EOF
		b.finish(nil)
		return n, io.EOF
	}
	reason := classify(b.caller, err)
	b.failed = reason
	b.finish(reason)
	return n, reason
}

// Close lets the slot go. What was not read is thrown away with the connection.
func (b *body) Close() error {
	err := b.source.Close()
	b.finish(nil)
	if b.failed == nil {
		b.failed = http.ErrBodyReadAfterClose
	}
	if err != nil {
		return classify(b.caller, err)
	}
	return nil
}
