package saml_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
)

// In production an administrator's address of metadata reads nothing inside our network, and tells nothing about it.
func TestSAML_155_MetadataInsideOurNetwork(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		fmt.Fprint(w, "internal page")
	}))
	t.Cleanup(canary.Close)
	_, port, err := net.SplitHostPort(canary.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	guard := netguard.New(netguard.Policy{AllowedPorts: []int{443, canary.Listener.Addr().(*net.TCPAddr).Port}})
	t.Cleanup(guard.CloseIdleConnections)
	p, err := saml.New(saml.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		canary.URL, "https://127.0.0.1:" + port + "/", "https://localhost:" + port + "/", "https://[::1]:" + port + "/", "https://127.1:" + port + "/",
		"https://2130706433:" + port + "/", "https://[::ffff:127.0.0.1]:" + port + "/", "https://0.0.0.0:" + port + "/", "https://169.254.169.254/latest/meta-data",
		"https://10.0.0.1/", "https://192.168.0.1/", "https://metadata.google.internal/", "https://user@idp.example/", "file:///etc/passwd", "gopher://127.0.0.1/",
		"https://idp.example:22/", "//127.0.0.1/", "https://idp.example\\@127.0.0.1/", "javascript:alert(1)",
	} {
		_, err := p.Discover(t.Context(), sso.Draft{Protocol: sso.ProtocolSAML, SAML: &sso.SAMLDraft{MetadataURL: address}})
		e := errs.As(err)
		if err == nil || e.Code != "connection_invalid" || e.Kind >= 500 {
			t.Errorf("Discover(%q) = %v, want connection_invalid", address, err)
		}
		if text := fmt.Sprintf("%v %+v", err, e); strings.Contains(text, "internal page") || strings.Contains(text, "refused by") && strings.Contains(text, "dial") {
			t.Errorf("Discover(%q) tells what is inside: %s", address, text)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d requests reached the inside", n)
	}
}
