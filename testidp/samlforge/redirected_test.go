package samlforge_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestReadRedirect(t *testing.T) {
	t.Parallel()
	query, err := samlforge.Query(samlforge.SAMLRequest, []byte(`<AuthnRequest ID="_asked"/>`), "state", nil, "")
	if err != nil {
		t.Fatalf("Query = %v", err)
	}
	got, err := samlforge.ReadRedirect("https://idp.test/sso?" + query)
	if want := (samlforge.Redirected{RequestID: "_asked", RelayState: "state"}); got != want || err != nil {
		t.Errorf("ReadRedirect = %v, %v, want %v", got, err, want)
	}
	for _, broken := range []string{"https://idp.test/sso", "https://idp.test/sso?SAMLRequest=%25", "https://idp.test/sso?SAMLRequest=AAAA", ":"} {
		if got, err := samlforge.ReadRedirect(broken); err == nil {
			t.Errorf("ReadRedirect(%q) = %v, want an error", broken, got)
		}
	}
}
