package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestDiffSaysWhatEachRoleGainsAndLoses(t *testing.T) {
	t.Parallel()
	before := parse(t, `version: 1
features:
  export: {from: pro}
permissions:
  x:see:
  x:export: {feature: export}
roles:
  viewer: {permissions: [x:see]}
  owner: {permissions: [x:export]}
  temp: {permissions: [x:see]}
`)
	after := parse(t, `version: 1
features:
  export: {from: team, title: Another title}
permissions:
  x:export: {feature: export}
roles:
  owner: {permissions: [x:export]}
`)
	var got []string
	for _, c := range catalog.Diff(before, after) {
		got = append(got, fmt.Sprint(c.Role, " ", c.Plan, " +", c.Gained, " -", c.Lost, " +", c.GainedFeatures, " -", c.LostFeatures))
	}
	want := []string{
		"viewer free +[] -[x:see] +[] -[]",
		"viewer pro +[] -[x:see] +[] -[export]",
		"viewer team +[] -[x:see] +[] -[]",
		"viewer enterprise +[] -[x:see] +[] -[]",
		"member free +[] -[x:see] +[] -[]",
		"member pro +[] -[x:see] +[] -[export]",
		"member team +[] -[x:see] +[] -[]",
		"member enterprise +[] -[x:see] +[] -[]",
		"admin free +[] -[x:see] +[] -[]",
		"admin pro +[] -[x:see] +[] -[export]",
		"admin team +[] -[x:see] +[] -[]",
		"admin enterprise +[] -[x:see] +[] -[]",
		"owner free +[] -[x:see] +[] -[]",
		"owner pro +[] -[x:export x:see] +[] -[export]",
		"owner team +[] -[x:see] +[] -[]",
		"owner enterprise +[] -[x:see] +[] -[]",
		"temp free +[] -[x:see] +[] -[api_keys]",
		"temp pro +[] -[x:see] +[] -[api_keys export]",
		"temp team +[] -[x:see] +[] -[api_keys export sso]",
		"temp enterprise +[] -[x:see] +[] -[api_keys audit_export custom_roles export sso]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Diff() (-want +got):\n%s", diff)
	}
}

func TestWhatIsOnlySaidInAnotherWayIsNoChange(t *testing.T) {
	t.Parallel()
	again := strings.ReplaceAll(string(catalog.Default()), "title: Chat", "title: Conversation") + "\n# a comment\n"
	if got := catalog.Diff(parse(t, string(catalog.Default())), parse(t, again)); len(got) > 0 {
		t.Errorf("Diff() = %+v, want nothing", got)
	}
}

// A diff of a catalog with itself is empty, the way back is the mirror of the way there, and what is said to be gained
// and lost turns the one's answers into the other's: nothing is left out and nothing is made up.
func TestDiffIsTheDifferenceOfAllAnswers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0))
		sourceA, sourceB := invent(random), invent(random)
		a, b := parse(t, sourceA), parse(t, sourceB)
		if got := catalog.Diff(a, a); len(got) > 0 {
			t.Errorf("seed %d: Diff(a, a) = %+v, want nothing; a is\n%s", seed, got, sourceA)
		}
		there, back := catalog.Diff(a, b), catalog.Diff(b, a)
		if diff := cmp.Diff(there, mirror(back)); diff != "" {
			t.Errorf("seed %d: Diff(b, a) is not the mirror of Diff(a, b) (-want +got):\n%s", seed, diff)
		}
		for _, role := range append(rbac.BuiltinRoles(), "r0", "r1", "r2") {
			for _, plan := range billing.Plans() {
				change := pick(there, role, plan)
				got := applied(a.Allowed(role, plan), change.Gained, change.Lost)
				if diff := cmp.Diff(b.Allowed(role, plan), got); diff != "" {
					t.Errorf("seed %d: %s on %s (-what b allows +what a allows and the diff):\n%s", seed, role, plan, diff)
				}
			}
		}
	}
}

// invent writes a catalog of few names, so that two of them have much in common.
func invent(random *rand.Rand) string {
	some := func(names ...string) (out []string) {
		for _, n := range names {
			if random.IntN(2) == 0 {
				out = append(out, n)
			}
		}
		return out
	}
	list := func(names []string) string { return "[" + strings.Join(names, ", ") + "]" }
	var b strings.Builder
	b.WriteString("version: 1\nfeatures:\n")
	for _, f := range []string{"f0", "f1", "sso"} {
		fmt.Fprintf(&b, "  %s: {from: %s}\n", f, billing.Plans()[random.IntN(4)])
	}
	b.WriteString("permissions:\n")
	permissions := some("x:a", "x:b", "x:c", "x:d")
	for _, p := range permissions {
		fmt.Fprintf(&b, "  %s: {feature: %s}\n", p, []string{"f0", "f1", "sso"}[random.IntN(3)])
	}
	b.WriteString("roles:\n")
	fmt.Fprintf(&b, "  owner: {permissions: %s}\n  member: {permissions: %s}\n", list(permissions), list(some(permissions...)))
	for _, r := range some("r0", "r1", "r2") {
		fmt.Fprintf(&b, "  %s: {inherits: %s, permissions: %s}\n", r, list(some("viewer", "member")), list(some(permissions...)))
	}
	return b.String()
}

func mirror(changes []catalog.Change) (out []catalog.Change) {
	for _, c := range changes {
		c.Gained, c.Lost, c.GainedFeatures, c.LostFeatures = c.Lost, c.Gained, c.LostFeatures, c.GainedFeatures
		out = append(out, c)
	}
	return out
}

func pick(changes []catalog.Change, role rbac.Role, plan billing.Plan) catalog.Change {
	i := slices.IndexFunc(changes, func(c catalog.Change) bool { return c.Role == role && c.Plan == plan })
	if i < 0 {
		return catalog.Change{}
	}
	return changes[i]
}

func applied(had, gained, lost []rbac.Permission) []rbac.Permission {
	var has []rbac.Permission
	for _, p := range append(slices.Clone(had), gained...) {
		if !slices.Contains(lost, p) {
			has = append(has, p)
		}
	}
	slices.Sort(has)
	return has
}
