package web_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func TestPermittedOnOpenRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const row = "/healthz?do=permitted"
	signedIn := []string{"Cookie", sessions.AccessCookie + "=" + goodToken}
	for name, cookie := range map[string]string{
		"signed in":  sessions.AccessCookie + "=" + goodToken,
		"to refresh": sessions.RefreshCookie + "=" + b.refresh.String(),
	} {
		if got := b.do("GET", row, "", "Cookie", cookie); got.Code != 200 || got.body != b.member.Membership.String() {
			t.Errorf("Permitted when %s = %d %q, want the member", name, got.Code, got.body)
		}
	}
	for name, headers := range map[string][]string{
		"nobody":                   nil,
		"a forged cookie":          {"Cookie", sessions.AccessCookie + "=forged"},
		"two cookies of a session": {"Cookie", sessions.AccessCookie + "=" + goodToken + "; " + sessions.AccessCookie + "=forged"},
		"a token, not a browser":   {"Authorization", "Bearer " + goodToken},
	} {
		if got := b.do("GET", row, "", headers...); got.Code != 200 || got.body != "nobody" {
			t.Errorf("Permitted with %s = %d %q, want nobody", name, got.Code, got.body)
		}
	}
	b.do("GET", row+"&feature="+string(billing.CustomRoles), "", signedIn...).want(t, "a feature that the plan lacks", 403, "feature_not_in_plan")
	b.member.Role = "member"
	b.do("GET", row, "", signedIn...).want(t, "a permission that the role lacks", 403, "role_lacks_permission")
	b.member.Role = "admin"
	b.access.set(access.ErrMemberSuspended)
	b.do("GET", row, "", signedIn...).want(t, "a suspended member", 403, "member_suspended")
}
