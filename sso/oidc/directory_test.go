package oidc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
)

// A token of Entra ID says which directory it comes from. The issuer alone does not do: an application that is open to many directories gets
// tokens from all of them.
func TestOIDC_048_ATokenOfAnotherEntraDirectory(t *testing.T) {
	t.Parallel()
	const ours, other = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
	issuer := "https://login.microsoftonline.com/" + ours + "/v2.0"
	now := time.Unix(1_800_000_000, 0)
	for tid, want := range map[string]sso.Reason{
		`"` + ours + `"`: "", `"` + other + `"`: sso.DirectoryMismatch, `""`: sso.DirectoryMismatch, "null": sso.DirectoryMismatch, "1": sso.DirectoryMismatch,
	} {
		payload := fmt.Sprintf(`{"iss":%q,"sub":"s","aud":"gatehouse","exp":%d,"iat":%d,"nonce":"n","tid":%s}`, issuer, now.Unix()+300, now.Unix(), tid)
		trail := &sso.Trail{}
		err := oidc.CheckClaims([]byte(payload), sso.Attempt{
			Purpose: sso.ForSignIn, Connection: sso.Connection{Issuer: issuer, ClientID: "gatehouse"}, Nonce: "n", CreatedAt: now, Now: now, Trail: trail,
		})
		got := sso.Reason("")
		if err != nil {
			got = sso.ReasonOf(err)
		}
		if got != want {
			t.Errorf("tid %s = %q, want %q", tid, got, want)
		}
		if want != "" && trail.Failed().Expected != ours {
			t.Errorf("tid %s: the trail expects %q, want %s", tid, trail.Failed().Expected, ours)
		}
	}
}
