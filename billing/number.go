package billing

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Number is how much of a numeric feature there is. The zero Number is none of it.
type Number struct {
	Value     int64
	Unlimited bool
}

const unlimited = "unlimited"

// Numbers are written plainly and stay exact in JavaScript, whose numbers carry 53 bits.
var plainNumber = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,14})$`)

var errNumber = errors.New("a number must be 0 to 999999999999999, written in digits alone, or " + unlimited)

// ParseNumber returns the number that text writes, or the word unlimited.
func ParseNumber(text string) (Number, error) {
	if text == unlimited {
		return Number{Unlimited: true}, nil
	}
	if !plainNumber.MatchString(text) {
		return Number{}, errNumber
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return Number{}, fmt.Errorf("parse number: %w", err)
	}
	return Number{Value: n}, nil
}

// Any reports whether there is anything of it at all.
func (n Number) Any() bool { return n.Unlimited || n.Value > 0 }

// Less reports whether n is less than other.
func (n Number) Less(other Number) bool {
	return !n.Unlimited && (other.Unlimited || n.Value < other.Value)
}

// String returns the number as [ParseNumber] reads it.
func (n Number) String() string {
	if n.Unlimited {
		return unlimited
	}
	return strconv.FormatInt(n.Value, 10)
}

// MarshalJSON writes a number, or the text "unlimited".
func (n Number) MarshalJSON() ([]byte, error) {
	if n.Unlimited {
		return []byte(`"` + unlimited + `"`), nil
	}
	return []byte(n.String()), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == `"`+unlimited+`"` {
		*n = Number{Unlimited: true}
		return nil
	}
	read, err := ParseNumber(string(text))
	if err != nil {
		return err
	}
	*n = read
	return nil
}
