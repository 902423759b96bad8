package tenants_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestXT_25_RemovedMemberStaysRemoved(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	c.must(c.operator(), "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(c.operator(), tx, m.ID) })
	_, err := c.tryJoin(m.UserID, m.Email, rbac.Member)
	wantCode(t, "Join of a removed member", err, errs.New(errs.Conflict, "member_exists", ""))
	for what, change := range changes(c.operator(), m.ID) {
		c.refuse(c.operator(), what+" of a removed member", errNotFound, change)
	}
	c.refuse(c.operator(), "ResumeMember of a removed member", errNotFound, func(tx *db.TenantTx) error {
		_, err := tenants.ResumeMember(c.operator(), tx, m.ID)
		return err
	})
	c.must(c.operator(), "look", func(tx *db.TenantTx) error {
		_, byID := tenants.Member(c.operator(), tx, m.ID)
		wantCode(t, "Member", byID, errNotFound)
		_, byEmail := tenants.MemberByEmail(c.operator(), tx, m.Email)
		wantCode(t, "MemberByEmail", byEmail, errNotFound)
		tomb, err := tenants.MemberByUser(c.operator(), tx, m.UserID)
		if tomb.Status != tenants.MemberRemoved {
			t.Errorf("MemberByUser = %+v, want the tombstone", tomb)
		}
		return err
	})
	if _, err := c.tryJoin(id.User{}, m.Email, rbac.Member); err != nil {
		t.Errorf("Join of another person with a removed member's address = %v", err)
	}
}

func TestOneMemberPerAddress(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	inUse := errs.New(errs.Conflict, "email_in_use", "")
	_, err := c.tryJoin(id.User{}, "OWNER@acme.example", rbac.Member)
	wantCode(t, "Join with an owner's address in capitals", err, inUse)
	failed := race(repeat(10, func() error { _, err := c.tryJoin(id.User{}, "new@acme.example", rbac.Member); return err })...)
	if succeeded(failed) != 1 {
		t.Errorf("ten people with one address joined %d times, want 1", succeeded(failed))
	}
	other := c.company("globex")
	if _, err := other.tryJoin(id.User{}, "owner@acme.example", rbac.Member); err != nil {
		t.Errorf("Join of the same address in another tenant = %v", err)
	}
}

func TestMemberListAndPaging(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	all := []tenants.Membership{c.owner, c.join("a", rbac.Member), c.join("b", rbac.Admin)}
	c.must(c.operator(), "list", func(tx *db.TenantTx) error {
		var got []tenants.Membership
		var after id.Membership
		for {
			page, err := tenants.Members(c.operator(), tx, after, 1)
			if err != nil || len(page) == 0 {
				if len(got) != len(all) {
					t.Errorf("%d members in pages, want %d", len(got), len(all))
				}
				return err
			}
			got, after = append(got, page...), page[0].ID
		}
	})
}

func TestProfileFromAProvider(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	m := c.join("m", rbac.Member)
	long := strings.Repeat("é", 200)
	for _, tc := range []struct {
		what string
		in   tenants.Profile
		want tenants.Profile
	}{
		{"a change", tenants.Profile{"New@Acme.example", "Ada L.", "https://pics.example/a.png"}, tenants.Profile{"new@acme.example", "Ada L.", "https://pics.example/a.png"}},
		{"a colleague's address", tenants.Profile{"owner@acme.example", "Ada", ""}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"no address", tenants.Profile{"not an address", "Ada", ""}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"a script", tenants.Profile{"new@acme.example", "Ada", "javascript:alert(1)"}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"a picture over http", tenants.Profile{"new@acme.example", "Ada", "http://pics.example/"}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"inline data", tenants.Profile{"new@acme.example", "Ada", "data:text/html,x"}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"a path", tenants.Profile{"new@acme.example", "Ada", "//evil.example/x"}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"a long picture", tenants.Profile{"new@acme.example", "Ada", "https://x.example/" + long + long + long + long + long}, tenants.Profile{"new@acme.example", "Ada", ""}},
		{"hidden characters", tenants.Profile{"new@acme.example", " A\x00d\u202Ea\nL\u200B\xff. ", ""}, tenants.Profile{"new@acme.example", "Ada L.", ""}},
		{"a long name", tenants.Profile{"new@acme.example", "x" + long, ""}, tenants.Profile{"new@acme.example", "x" + strings.Repeat("é", 99), ""}},
	} {
		c.must(c.operator(), tc.what, func(tx *db.TenantTx) error {
			now, err := tenants.Member(c.operator(), tx, m.ID)
			if err != nil {
				return err
			}
			_, err = tenants.UpdateProfile(c.operator(), tx, now, tc.in)
			return err
		})
		got := c.reload(m)
		if (tenants.Profile{got.Email, got.Name, got.Picture}) != tc.want {
			t.Errorf("%s: profile = %q, %q, %q, want %q", tc.what, got.Email, got.Name, got.Picture, tc.want)
		}
		if got.Role != m.Role || got.Status != m.Status {
			t.Errorf("%s changed more than the profile: %+v", tc.what, got)
		}
	}
}
