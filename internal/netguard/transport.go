package netguard

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	maxHeader   = 64 << 10
	idleTimeout = 30 * time.Second // also how long an address outlives a change of its DNS
)

// newTransport returns the transport shared by all clients. It is never handed out: roundTripper stands before it.
func (g *Guard) newTransport() *http.Transport {
	transport := &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.policy.RootCAs},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        idleTimeout,
		// A connection that several tenants share must not stay open when its peer is gone.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
	if proxy := g.policy.EgressProxy; proxy != nil {
		// Every connection now goes to the operator's proxy, whose address is not the customer's choice.
		transport.Proxy = http.ProxyURL(proxy)
		transport.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return transport
}
