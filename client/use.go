package client

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
	"unicode/utf8"
)

// Use is what was used of a meter. Who used it is whose credential the [Recorder] has, and cannot be said here.
type Use struct {
	// Key makes the use count once, however often it is recorded: any text of up to 255 bytes, for example the id of an answer. "" has
	// [Recorder.Record] make one, a UUIDv7, which is also the cheapest.
	Key      string    `json:"id"`
	Meter    string    `json:"meter"` // of the catalog
	Quantity int64     `json:"quantity"`
	At       time.Time `json:"at"`                // when it happened; zero means when it is recorded
	Subject  string    `json:"subject,omitempty"` // what a meter of unique things counts
	Feature  string    `json:"feature,omitempty"`
	Route    string    `json:"route,omitempty"` // of the product, for example POST /chat
	Model    string    `json:"model,omitempty"`

	InputTokens  int64 `json:"input_tokens,omitempty"`
	OutputTokens int64 `json:"output_tokens,omitempty"`
	CachedTokens int64 `json:"cached_tokens,omitempty"`

	Cost     int64  `json:"cost,omitempty"` // in billionths of the currency's unit; 0 has the meter's price decide
	Currency string `json:"currency,omitempty"`
}

// maxTexts is how many bytes the texts of one use may have. What the server takes is less; this keeps a request within its size.
const maxTexts = 4 << 10

var (
	errNoMeter = errors.New("gatehouse client: a use is of a meter")
	errTexts   = errors.New("gatehouse client: the texts of a use are longer than 4 KiB")
	errKey     = errors.New("gatehouse client: the key of a use is no UTF-8")
	errAt      = errors.New("gatehouse client: a use is of a year from 0 to 9999")
)

func (u Use) check() error {
	if u.Meter == "" {
		return errNoMeter
	}
	if len(u.Key)+len(u.Meter)+len(u.Subject)+len(u.Feature)+len(u.Route)+len(u.Model)+len(u.Currency) > maxTexts {
		return errTexts
	}
	if !utf8.ValidString(u.Key) {
		return errKey // it would be sent as another one
	}
	if y := u.At.UTC().Year(); y < 0 || y > 9999 {
		return errAt
	}
	return nil
}

// newKey makes a UUIDv7 (RFC 9562): its first 48 bits are the moment in milliseconds.
func newKey(at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
