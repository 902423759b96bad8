package secret

import (
	"encoding/base64"
	"errors"
)

// KeySize is the length in bytes of every symmetric key.
const KeySize = 32

// Reasons for refusing a key. None repeats the key.
var (
	ErrKeyEncoding = errors.New("not the base64 of 32 bytes (make one with: openssl rand -base64 32)")
	ErrKeyWeak     = errors.New("an example or low-entropy key (make one with: openssl rand -base64 32)")
)

// ParseKey reads a key of 32 bytes in standard base64. It returns ErrKeyEncoding or ErrKeyWeak: a key that somebody
// typed, counted up or copied from documentation does not start a production server.
func ParseKey(text string) ([]byte, error) {
	key, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	if weak(key) {
		return nil, ErrKeyWeak
	}
	return key, nil
}

func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(key) != KeySize {
		return nil, ErrKeyEncoding
	}
	return key, nil
}

// weak tells keys made by people from keys made by a generator. Of 32 random bytes about 30 are distinct, and about
// 29 of their 31 steps; fewer than 16 happens less than once in 10^15 keys, and so do 32 printable characters
// (once in 10^13).
func weak(key []byte) bool {
	const fewest = 16
	steps := make([]byte, 0, len(key))
	printable := true
	for i, b := range key {
		if i > 0 {
			steps = append(steps, b-key[i-1])
		}
		printable = printable && b >= ' ' && b <= '~'
	}
	return printable || distinct(key) < fewest || distinct(steps) < fewest
}

func distinct(bytes []byte) int {
	seen := make(map[byte]bool, len(bytes))
	for _, b := range bytes {
		seen[b] = true
	}
	return len(seen)
}
