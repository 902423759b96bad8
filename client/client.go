package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// defaultTimeout is how long an answer may take. A person waits for it, and the server answers in less than a millisecond.
const defaultTimeout = 2 * time.Second

// Config says whom to ask.
type Config struct {
	BaseURL string // required: that of the server; https, or http on this machine
	// InsecurePlainHTTP allows http to other machines too, where credentials are then sent in the clear.
	InsecurePlainHTTP bool
	// HTTP sends requests; nil means one of the package's own, which keeps connections alive. Its redirects and its cookies are not used.
	HTTP    *http.Client
	Timeout time.Duration // of one answer; 0 means 2 s
	APIKey  string        // of the tenant that [Client.Local] is for; nothing else uses it
}

// Client asks one server. Make it with [New]; it is safe for concurrent use, and one is enough for a process.
type Client struct {
	base    string
	http    *http.Client
	timeout time.Duration
	key     Credential

	mu      sync.Mutex
	flights map[Credential]*flight
}

// New reports everything that is wrong with cfg at once. It sends nothing.
func New(cfg Config) (*Client, error) {
	base, err := baseURL(cfg.BaseURL, cfg.InsecurePlainHTTP)
	if cfg.Timeout < 0 {
		err = errors.Join(err, errors.New("the timeout is negative"))
	}
	key := APIKey(cfg.APIKey)
	if cfg.APIKey != "" && !key.usable() {
		err = errors.Join(err, errors.New("the API key cannot stand in a header"))
	}
	if err != nil {
		return nil, fmt.Errorf("gatehouse client: %w", err)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return &Client{base: base, http: sender(cfg.HTTP), timeout: cfg.Timeout, key: key, flights: map[Credential]*flight{}}, nil
}

// sender is a client that goes nowhere else: a redirect would carry a credential along.
func sender(given *http.Client) *http.Client {
	var own http.Client
	if given != nil {
		own = *given
	}
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if own.Transport == nil {
		own.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 2 * time.Second,
			ForceAttemptHTTP2: true,
		}
	}
	return &own
}

func baseURL(text string, plain bool) (string, error) {
	u, err := url.Parse(text)
	if text == "" || err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the base URL is not an address of the form https://host[/path]")
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !here && !plain) {
		return "", errors.New("the base URL must be https; http is for this machine only")
	}
	return strings.TrimRight(u.String(), "/"), nil
}
