package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// originate says where the request comes from and gives it an id.
func (ex *exchange) originate() error {
	r := ex.Request()
	ex.origin = authn.Origin{
		RequestID: ex.server.requestID(r, ex.started), Address: ex.server.Address(r), UserAgent: cutAgent(r.UserAgent()),
	}
	ex.asked = authn.Context{Context: &ex.within, Origin: &ex.origin}
	ex.ctx = &ex.asked
	ex.named[0] = ex.origin.RequestID
	ex.Response().Header()["X-Request-Id"] = ex.named[:]
	return nil
}

// requestID is our own, or that of a trusted proxy if it is harmless: a stranger must not choose what the log is searched
// by.
func (s *Server) requestID(r *http.Request, at time.Time) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && s.trusts(peerOf(r).addr) && wellFormed(given[0]) {
		return given[0]
	}
	return id.At[id.Request](at).String()
}

func wellFormed(s string) bool {
	return len(s) >= 8 && len(s) <= 64 && strings.IndexFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}) < 0
}

// Address is the client's: the peer of the connection or, if that is a trusted proxy, the last address of X-Forwarded-For
// that is not one. Everything before it is what the client made up. No other header counts.
func (s *Server) Address(r *http.Request) string {
	from := peerOf(r)
	client := from.addr
	if !s.trusts(client) {
		return from.text
	}
	forwarded := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, entry := range slices.Backward(forwarded) {
		a, err := netip.ParseAddr(strings.TrimSpace(entry))
		if err != nil {
			break
		}
		if client = a.Unmap().WithZone(""); !s.trusts(client) {
			break
		}
	}
	return text(client)
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// peer is who opened a connection.
type peer struct {
	remote string // as net/http has it
	addr   netip.Addr
	text   string // of addr
}

type peerKey struct{}

func parsePeer(remote string) peer {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return peer{remote: remote}
	}
	addr := a.Addr().Unmap().WithZone("")
	return peer{remote, addr, text(addr)}
}

// peerOf reads what the server has noted of the connection, unless a product around us says that the request comes from elsewhere.
func peerOf(r *http.Request) peer {
	if p, noted := r.Context().Value(peerKey{}).(*peer); noted && p.remote == r.RemoteAddr {
		return *p
	}
	return parsePeer(r.RemoteAddr)
}

func (s *Server) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// cutAgent keeps what is shown to people later short and whole.
func cutAgent(agent string) string {
	const most = 256
	return strings.ToValidUTF8(agent[:min(len(agent), most)], "")
}
