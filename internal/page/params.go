package page

import (
	"errors"
	"strconv"
	"strings"
)

// Limits of one page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// ErrLimit refuses a limit that is not a whole number from zero up.
var ErrLimit = errors.New("limit is not a whole number from zero up")

// Params are what a client may say about the page it wants. Limit is what it sent: query with Size.
type Params struct {
	Limit  int
	Cursor string
}

// Parse reads the two query parameters; both may be empty. A limit beyond MaxLimit, however large, becomes MaxLimit;
// signs, fractions and words are ErrLimit. The cursor is not looked at.
func Parse(limit, cursor string) (Params, error) {
	params := Params{Cursor: cursor}
	if limit == "" {
		return params, nil
	}
	if strings.Trim(limit, "0123456789") != "" {
		return Params{}, ErrLimit
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n > MaxLimit { // digits only: the error is a number too large for an int
		n = MaxLimit
	}
	params.Limit = n
	return params, nil
}

// Validate returns ErrLimit for a negative limit, for decoders that fill Params themselves.
func (p Params) Validate() error {
	if p.Limit < 0 {
		return ErrLimit
	}
	return nil
}

// Size returns the number of items to show: DefaultLimit for a limit of zero, and never outside 1 to MaxLimit.
func (p Params) Size() int {
	if p.Limit == 0 {
		return DefaultLimit
	}
	return max(1, min(p.Limit, MaxLimit))
}
