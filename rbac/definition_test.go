package rbac_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/rbac"
)

const (
	chatUse    rbac.Permission = "chat:use"
	agentsRun  rbac.Permission = "agents:run"
	agents     rbac.Feature    = "ai.agents"
	sso        rbac.Feature    = "sso"
	auditor    rbac.Role       = "auditor"
	contractor rbac.Role       = "contractor"
	free       rbac.Tier       = "free"
	pro        rbac.Tier       = "pro"
	team       rbac.Tier       = "team"
)

// product is a definition with a role that inherits one and a role that stands alone.
func product() rbac.Definition {
	d := rbac.Base()
	d.Tiers = []rbac.Tier{free, pro, team}
	d.Features[agents] = pro
	d.Features[sso] = team
	d.Permissions[chatUse] = ""
	d.Permissions[agentsRun] = agents
	d.Permissions[rbac.ConnectionsWrite] = sso
	member := d.Roles[rbac.Member]
	member.Permissions = append(member.Permissions, chatUse, agentsRun)
	d.Roles[rbac.Member] = member
	d.Roles[auditor] = rbac.Grants{Inherits: []rbac.Role{rbac.Viewer}, Permissions: []rbac.Permission{rbac.EventsRead}}
	d.Roles[contractor] = rbac.Grants{Permissions: []rbac.Permission{chatUse}}
	return d
}

func policyOf(t *testing.T, d rbac.Definition) rbac.Policy {
	t.Helper()
	policy, err := d.Policy()
	if err != nil {
		t.Fatalf("Policy() = %v", err)
	}
	return policy
}

func engineOf(t *testing.T, policy rbac.Policy) *rbac.Engine {
	t.Helper()
	engine, err := rbac.NewEngine(policy)
	if err != nil {
		t.Fatalf("NewEngine() = %v", err)
	}
	return engine
}

func tableOf(t *testing.T, d rbac.Definition, policy rbac.Policy) *rbac.Table {
	t.Helper()
	table, err := rbac.Compile(d, engineOf(t, policy))
	if err != nil {
		t.Fatalf("Compile() = %v", err)
	}
	return table
}

func TestPolicyRefusesDefinitionsThatDoNotHoldTogether(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*rbac.Definition)
		want  string
	}{
		"no tiers":              {func(d *rbac.Definition) { d.Tiers = nil }, "without tiers"},
		"unknown tier":          {func(d *rbac.Definition) { d.Features["x"] = "gold" }, "unknown tier"},
		"unknown feature":       {func(d *rbac.Definition) { d.Permissions[chatUse] = "x" }, "unknown feature"},
		"unknown permission":    {func(d *rbac.Definition) { d.Roles[auditor] = grants("x:y") }, "unknown permission"},
		"unknown role":          {func(d *rbac.Definition) { d.Roles[auditor] = rbac.Grants{Inherits: []rbac.Role{"x"}} }, "unknown role"},
		"a built-in role gone":  {func(d *rbac.Definition) { delete(d.Roles, rbac.Viewer) }, "unknown role"},
		"owner gone":            {func(d *rbac.Definition) { delete(d.Roles, rbac.Owner) }, "owner"},
		"admin above nobody":    {func(d *rbac.Definition) { d.Roles[rbac.Admin] = rbac.Base().Roles[rbac.Viewer] }, "admin"},
		"viewer with less":      {func(d *rbac.Definition) { d.Roles[rbac.Viewer] = grants(rbac.TenantRead) }, "viewer"},
		"self gone":             {func(d *rbac.Definition) { delete(d.Permissions, rbac.Self) }, "self"},
		"not held by the owner": {func(d *rbac.Definition) { d.Permissions["x:y"] = "" }, "owner does not hold"},
		"a wildcard":            {func(d *rbac.Definition) { d.Permissions["x:*"] = ""; d.Roles[rbac.Owner] = owner("x:*") }, "malformed"},
		"a reserved name":       {func(d *rbac.Definition) { d.Roles["system"] = grants(chatUse) }, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := product()
			tc.spoil(&d)
			if policy, err := d.Policy(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Policy() = %d lines, %v, want an error with %q", len(policy), err, tc.want)
			}
		})
	}
}

func grants(permissions ...rbac.Permission) rbac.Grants { return rbac.Grants{Permissions: permissions} }

func owner(more ...rbac.Permission) rbac.Grants {
	g := rbac.Base().Roles[rbac.Owner]
	g.Permissions = append(g.Permissions, more...)
	return g
}

// Casbin gives up after ten links without saying so; a longer chain must not lose rights in silence.
func TestPolicyRefusesChainsThatCasbinWouldCut(t *testing.T) {
	t.Parallel()
	d := product()
	last := rbac.Viewer
	for depth := 2; ; depth++ {
		role := rbac.Role("r" + strings.Repeat("x", depth))
		d.Roles[role] = rbac.Grants{Inherits: []rbac.Role{last}}
		last = role
		policy, err := d.Policy()
		if depth > rbac.MaxInheritance {
			if err == nil {
				t.Errorf("Policy() of a chain of %d roles succeeded, want an error", depth)
			}
			return
		}
		if err != nil {
			t.Fatalf("Policy() of a chain of %d roles = %v", depth, err)
		}
		if allowed, err := engineOf(t, policy).Enforce(last, free, rbac.TenantRead); !allowed || err != nil {
			t.Fatalf("Enforce at the end of a chain of %d roles = %v, %v, want true", depth, allowed, err)
		}
	}
}

func TestPolicyIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	first := policyOf(t, product())
	for range 20 {
		if again := policyOf(t, product()); !slices.EqualFunc(first, again, slices.Equal) {
			t.Fatalf("Policy() = %v, then %v", first, again)
		}
	}
}
