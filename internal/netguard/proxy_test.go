package netguard_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

//nolint:paralleltest // t.Setenv
func TestSSRF_14_ProxyEnvironmentIsIgnored(t *testing.T) {
	w := newWorld(t, hello)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+strconv.Itoa(w.canary.port))
	}
	if status, _, reason := get(t, w.Client(netguard.Limits{}), w.url("/")); status != 200 {
		t.Errorf("GET = %d, %q, want 200", status, reason)
	}
}

func TestSSRF_14_EgressProxyCarriesEverything(t *testing.T) {
	t.Parallel()
	tunnel := &tunnel{}
	proxy := httptest.NewServer(tunnel)
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	var guard *netguard.Guard
	w := newWorld(t, hello, func(_ *httptest.Server, policy *netguard.Policy, _ *authority) {
		production := *policy
		production.EgressProxy, production.Resolver = address, nil // this side resolves nothing
		guard = netguard.New(production)
	})
	t.Cleanup(guard.CloseIdleConnections)
	tunnel.to = net.JoinHostPort(providerAddress, strconv.Itoa(w.port))

	if status, content, reason := get(t, guard.Client(netguard.Limits{}), w.url("/")); status != 200 || content != "hello" {
		t.Errorf("GET through the proxy = %d %q, %q, want 200 hello", status, content, reason)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1"} {
		if _, _, got := get(t, guard.Client(netguard.Limits{}), w.canaryURL(host)); got != netguard.BlockedAddress {
			t.Errorf("GET %s through the proxy = %q, want %q", host, got, netguard.BlockedAddress)
		}
	}
	if got, want := tunnel.asked(), net.JoinHostPort(provider, strconv.Itoa(w.port)); len(got) != 1 || got[0] != want {
		t.Errorf("the proxy was asked for %q, want %q once", got, want)
	}
}

// tunnel is a proxy that leads every CONNECT to one address.
type tunnel struct {
	to string

	mu    sync.Mutex
	hosts []string
}

func (p *tunnel) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hosts
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Host)
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	upstream, err := new(net.Dialer).DialContext(r.Context(), "tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = upstream.Close() }()
	w.WriteHeader(http.StatusOK)
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = down.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(upstream, down)
		_ = upstream.Close()
	}()
	_, _ = io.Copy(down, upstream)
	_ = down.Close()
	<-done
}
