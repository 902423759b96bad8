package netguard_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// The honest provider is idp.example.com at 127.0.0.2, a network that the operator allowed. Everything else on this
// machine stands for our own network, where the canary listens.
const (
	provider        = "idp.example.com"
	providerAddress = "127.0.0.2"
)

// names is a resolver: a name answers with its answers in turn, and with the last one from then on.
type names struct {
	mu      sync.Mutex
	answers map[string][][]string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, Server: "10.9.8.7:53", IsNotFound: true}
	}
	if len(answers) > 1 {
		n.answers[host] = answers[1:]
	}
	addrs := make([]netip.Addr, len(answers[0]))
	for i, text := range answers[0] {
		addrs[i] = netip.MustParseAddr(text)
	}
	return addrs, nil
}

// canary is a server in our own network. It must never be reached.
type canary struct {
	port     int
	accepted atomic.Int32
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	first := c.listen(t, "127.0.0.1:0")
	c.port = first.Addr().(*net.TCPAddr).Port
	c.listen(t, net.JoinHostPort("127.255.255.254", strconv.Itoa(c.port)))
	t.Cleanup(func() {
		if n := c.accepted.Load(); n > 0 {
			t.Errorf("the canary accepted %d connections, want 0", n)
		}
	})
	return c
}

func (c *canary) listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("listen on %s: %v", address, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.accepted.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener
}

// authority signs certificates that the guard under test trusts.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	root := &authority{key: newKey(t), pool: x509.NewCertPool()}
	root.certificate = sign(t, template, template, root.key, root.key)
	root.pool.AddCert(root.certificate)
	return root
}

// issue returns a certificate for a name that ends after validity.
func (a *authority) issue(t *testing.T, name string, validity time.Duration) tls.Certificate {
	t.Helper()
	key := newKey(t)
	leaf := sign(t, leafTemplate(name, validity), a.certificate, key, a.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
}

func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := leafTemplate(name, time.Hour)
	return tls.Certificate{Certificate: [][]byte{sign(t, template, template, key, key).Raw}, PrivateKey: key}
}

func leafTemplate(name string, validity time.Duration) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(validity),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// world is a guard between an honest provider and a canary.
type world struct {
	*netguard.Guard
	names  *names
	canary *canary
	port   int // of the provider
}

// newWorld starts a provider that answers with the handler. The last argument may change server and policy.
func newWorld(t *testing.T, handler http.HandlerFunc, adjust ...func(*httptest.Server, *netguard.Policy, *authority)) *world {
	t.Helper()
	root := newAuthority(t)
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(providerAddress, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.EnableHTTP2 = true
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // the refused handshakes of these tests
	server.TLS = &tls.Config{Certificates: []tls.Certificate{root.issue(t, provider, time.Hour)}, MinVersion: tls.VersionTLS12}

	w := &world{
		names:  &names{answers: map[string][][]string{provider: {{providerAddress}}}},
		canary: newCanary(t), port: listener.Addr().(*net.TCPAddr).Port,
	}
	policy := netguard.Policy{
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix(providerAddress + "/32")},
		AllowedPorts:    []int{443, w.port, w.canary.port},
		Resolver:        w.names, RootCAs: root.pool,
	}
	for _, change := range adjust {
		change(server, &policy, root)
	}
	server.StartTLS()
	w.Guard = netguard.NewDev(policy)
	t.Cleanup(func() {
		w.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
	})
	return w
}

// answer makes a name resolve to these addresses.
func (w *world) answer(name string, answers ...[]string) {
	w.names.mu.Lock()
	defer w.names.mu.Unlock()
	w.names.answers[name] = answers
}

func (w *world) url(path string) string { return at(provider, w.port, path) }

// canaryURL is the canary under a name or an address.
func (w *world) canaryURL(host string) string { return at(host, w.canary.port, "/secret") }

func at(host string, port int, path string) string {
	u := url.URL{Scheme: "https", Host: net.JoinHostPort(host, strconv.Itoa(port)), Path: path}
	return u.String()
}

// get returns status and body of a GET, or the reason why there is none.
func get(t *testing.T, client *http.Client, target string) (int, string, netguard.Reason) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatalf("NewRequest(%q): %v", target, err)
	}
	return do(t, client, req)
}

func do(t *testing.T, client *http.Client, req *http.Request) (int, string, netguard.Reason) {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		return 0, "", reasonOf(t, err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, string(content), reasonOf(t, err)
	}
	return res.StatusCode, string(content), ""
}

func reasonOf(t *testing.T, err error) netguard.Reason {
	t.Helper()
	reason := netguard.ReasonOf(err)
	if reason == "" {
		t.Errorf("error %v has no reason", err)
	}
	return reason
}
