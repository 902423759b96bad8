package mail

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// security is how the connection to a mail server is protected.
type security int

const (
	startTLS security = iota // required: the mail is not sent without
	implicitTLS
	plain
)

// server is what an SMTP URL says.
type server struct {
	host     string
	port     int
	security security
	user     string
	password secret.Text
}

// parseServer reads smtp://[user:password@]host[:port] (STARTTLS, port 587) or smtps://… (TLS from the first byte, port 465). Only
// ?tls=none or a host on loopback goes without TLS. No error repeats the URL, which may hold a password.
func parseServer(raw secret.Text) (server, error) {
	u, err := url.Parse(raw.Reveal())
	if err != nil || u.Hostname() == "" || u.Opaque != "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return server{}, errors.New("the mail URL is not smtp://[user:password@]host[:port]")
	}
	s := server{host: u.Hostname(), user: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		s.password = secret.New(password)
	}
	switch u.Scheme {
	case "smtp":
		s.port = 587
		if isLoopback(s.host) {
			s.security = plain
		}
	case "smtps":
		s.port, s.security = 465, implicitTLS
	default:
		return server{}, errors.New("the mail URL begins with neither smtp:// nor smtps://")
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return server{}, errors.New("the mail URL has no valid port")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return server{}, errors.New("the mail URL has a query that cannot be read")
	}
	for key, values := range query {
		switch {
		case key != "tls" || len(values) != 1:
			return server{}, fmt.Errorf("the mail URL has the unknown option %q", key)
		case values[0] == "required" && u.Scheme == "smtp":
			s.security = startTLS
		case values[0] == "none" && u.Scheme == "smtp":
			s.security = plain
		default:
			return server{}, errors.New("the mail URL takes tls=none or tls=required, with smtp:// only")
		}
	}
	if s.security == plain && s.user != "" && !isLoopback(s.host) {
		return server{}, errors.New("the mail URL would send its password without TLS")
	}
	return s, nil
}

func (s server) String() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
