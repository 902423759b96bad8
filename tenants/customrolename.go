package tenants

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const (
	longestRoleName = 50
)

// checkRoleName refuses a name that people would take for another role's, however it is written: those of the catalog, and those that sound
// like an authority no role of a tenant has.
func checkRoleName(c *catalog.Catalog, name string) error {
	if err := CheckName("name", name); err != nil || utf8.RuneCountInString(name) > longestRoleName {
		return errs.InvalidField("name", "Use 1 to 50 printable characters without spaces around them.")
	}
	taken := rbac.ReservedRoles()
	for _, r := range c.Roles() {
		taken = append(taken, string(r.Name), r.Title)
	}
	like := roleLikeness(name)
	if like == "" || slices.ContainsFunc(taken, func(t string) bool { return roleLikeness(t) == like }) {
		return errs.InvalidField("name", "This name is reserved. Use one that nobody takes for another role.")
	}
	return nil
}

// checkAlike refuses a name that people would take for that of another role of the tenant, and give in its place.
func checkAlike(name string, others []CustomRole) error {
	like := roleLikeness(name)
	if slices.ContainsFunc(others, func(r CustomRole) bool { return roleLikeness(r.Name) == like }) {
		return errs.InvalidField("name", "This looks like the name of another of your roles. Use one that nobody takes for it.")
	}
	return nil
}

// roleLikeness is what a name looks like to somebody who reads quickly: "0wner", "ОWNER" in Cyrillic and "o-w n.e.r" are all owner. It is
// empty for a name without a letter or digit.
func roleLikeness(name string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(name))
	return strings.TrimSuffix(bare(skeleton(plain)), "s") // "Admins" is admin
}
