package problems

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Problem is what one code means.
type Problem struct {
	Code    string
	Status  []int  // with which it is answered
	Meaning string // what happened
	Remedy  string // what the caller, or an administrator, can do
	Extra   string // the further members of the problem document; "" for none
}

// Group is the problems with one status.
type Group struct {
	Status   int
	Problems []Problem
}

// Title is the name of the status.
func (g Group) Title() string { return http.StatusText(g.Status) }

// All lists the problems by their first status, then by code.
func All() []Problem {
	all := slices.Concat(requests(), callers(), decisions(), states(), outages(), signIns())
	slices.SortFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Status[0], b.Status[0]), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// Codes lists the codes in alphabetical order.
func Codes() []string {
	var codes []string
	for _, p := range All() {
		codes = append(codes, p.Code)
	}
	slices.Sort(codes)
	return codes
}

// Groups is All by status.
func Groups() []Group {
	var groups []Group
	for _, p := range All() {
		if n := len(groups); n == 0 || groups[n-1].Status != p.Status[0] {
			groups = append(groups, Group{Status: p.Status[0]})
		}
		last := &groups[len(groups)-1]
		last.Problems = append(last.Problems, p)
	}
	return groups
}

// signIns explains why a sign-in over a provider was refused, in the words that the attempt's record shows. A code that other
// parts of the program use as well stands in its own list, with a meaning that fits all of them.
func signIns() []Problem {
	var problems []Problem
	for _, r := range sso.Reasons() {
		if slices.Contains(general, r) {
			continue
		}
		e := r.Explain()
		problems = append(problems, Problem{
			Code: string(r), Status: []int{int(e.Kind)}, Meaning: "A sign-in was refused. The person reads: “" + e.Text + "”", Remedy: e.Hint,
		})
	}
	return problems
}

// general are reasons that say the same outside of a sign-in, where they are explained.
var general = []sso.Reason{sso.MemberSuspended, sso.NoMembership, sso.SSORequired, sso.IdentityInUse, sso.Broken}
