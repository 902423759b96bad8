package sso_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// directory is what is kept of a member's groups.
func (c *withOracle) directory(tb testing.TB, name string) (groups string) {
	tb.Helper()
	c.inTenant(tb, func(_ context.Context, tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT CAST(groups AS text) FROM directory_groups WHERE membership_id = ?", c.member(tb, name).ID).Scan(&groups).Error
	})
	return groups
}

func TestGroupsAreKeptWithoutRoles(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolSAML, func(d *sso.Draft) { d.Claims.Groups = "groups" })
	if role := c.role(t, in(c.person("alice"), "staff", "admins", "staff", "bad\x00")); role != "member" {
		t.Errorf("role = %s, want member: no group has one", role)
	}
	const want = `["admins", "bad` + "\uFFFD" + `", "staff"]`
	if got := c.directory(t, "alice"); got != want {
		t.Errorf("kept groups = %s, want %s", got, want)
	}
	c.role(t, c.person("alice"))
	if got := c.directory(t, "alice"); got != want {
		t.Errorf("after a sign-in without the claim: kept groups = %s, want %s", got, want)
	}
	many := make([]string, 0, 300)
	for i := range 300 {
		many = append(many, fmt.Sprintf("group %03d", i))
	}
	c.role(t, in(c.person("alice"), many...))
	if got := c.directory(t, "alice"); len(got) != 200*13 { // `"group 000", `
		t.Errorf("of 300 groups %d bytes are kept, want 200 groups", len(got))
	}
	c.role(t, in(c.person("alice")))
	if got := c.directory(t, "alice"); got != "" {
		t.Errorf("after the last group was left: kept groups = %s, want none", got)
	}
}

func TestGroupsOfAClaimThatIsNamedNoMoreAreForgotten(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol, func(d *sso.Draft) { d.Claims.Groups = "groups" })
		c.role(t, in(c.person("alice"), "staff"))
		if got := c.directory(t, "alice"); got != `["staff"]` {
			t.Errorf("kept groups = %s, want staff", got)
		}
		c.inTenant(t, func(_ context.Context, tx *db.TenantTx) error {
			return tx.DB.Exec("UPDATE connections SET claim_mapping = '{}' WHERE id = ?", c.connection.ID).Error
		})
		c.role(t, c.person("alice"))
		if got := c.directory(t, "alice"); got != "" {
			t.Errorf("without a claim of groups: kept groups = %s, want none", got)
		}
	})
}

func TestGoogleHasNoSayInGroups(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	_, cred := c.invite(t, "new@"+c.domain, rbac.Viewer)
	who := in(sso.Identity{Subject: "g-new", Email: "new@" + c.domain, EmailVerified: true, HostedDomain: c.domain}, "staff")
	result, err := c.accepts(t, cred, id.Google, who)
	must(t, err)
	if p := c.principal(t, result.Issued); p.Method != sso.MethodGoogle {
		t.Errorf("the invited person came by %s, want google", p.Method)
	}
	if got := c.directory(t, "new"); got != "" {
		t.Errorf("after a sign-in through Google: kept groups = %s, want none", got)
	}
}
