package coverage

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// families are the prefixes of ids, with the number of digits that an id is written with.
func families() map[string]int {
	return map[string]int{
		"OIDC": 3, "SSRF": 2, "XT": 2, "TEN": 2, "DB": 2, "AZ": 2, "CAS": 2, "KEY": 2, "SES": 2, "WEB": 2, "SEC": 2, "AUD": 2,
		"SAML": 3, "BCL": 2, "INV": 2, "DOM": 2,
	}
}

var (
	inName = regexp.MustCompile(`([A-Z]{2,4})_?(\d{2,3})((?:_(?:[Tt]o_)?\d{2,3})*)`)
	next   = regexp.MustCompile(`_([Tt]o_)?(\d{2,3})`)
	inText = regexp.MustCompile(`\b([A-Z]{2,4})-(\d{2,3})\b`)
)

// ofName returns the ids in the name of a test function.
func ofName(name string) []string {
	rest, ok := strings.CutPrefix(name, "Test")
	if !ok {
		if rest, ok = strings.CutPrefix(name, "Fuzz"); !ok {
			return nil
		}
	}
	var ids []string
	for _, m := range inName.FindAllStringSubmatch(rest, -1) {
		last := number(m[2])
		ids = add(ids, m[1], last)
		for _, more := range next.FindAllStringSubmatch(m[3], -1) {
			first := number(more[2])
			if more[1] != "" {
				first = last + 1
			}
			for last = first; last < number(more[2]); last++ {
				ids = add(ids, m[1], last)
			}
			last = number(more[2])
			ids = add(ids, m[1], last)
		}
	}
	return ids
}

// ofText returns the ids in a string of a test.
func ofText(text string) []string {
	var ids []string
	for _, m := range inText.FindAllStringSubmatch(text, -1) {
		ids = add(ids, m[1], number(m[2]))
	}
	return ids
}

func add(ids []string, family string, n int) []string {
	if digits := families()[family]; digits > 0 {
		return append(ids, fmt.Sprintf("%s-%0*d", family, digits, n))
	}
	return ids
}

// number reads two or three digits.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("coverage: not a number: " + s)
	}
	return n
}
