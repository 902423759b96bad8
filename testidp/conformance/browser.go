package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxPatience is how long a rate limit is waited for.
const maxPatience = 90 * time.Second

// browser sends requests to the installation as a browser would, and waits when it is told to.
type browser struct {
	base   *url.URL // as the installation calls itself
	dial   *url.URL // where it listens
	client *http.Client
	cookie string // name of the session's
}

// newBrowser makes a browser. On loopback a machine has many addresses: each browser takes one of its own, as the people of an installation
// do, so that none comes near the limits that hold for one address.
func newBrowser(base, dial *url.URL, cookie string, number int) *browser {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
	plain := &net.Dialer{Timeout: 10 * time.Second}
	own := *plain
	if ip := net.ParseIP(dial.Hostname()); ip != nil && ip.IsLoopback() && ip.To4() != nil {
		own.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+number/250), byte(1+number%250))}
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := own.DialContext(ctx, network, address)
		if err != nil && own.LocalAddr != nil { // not every system has them all
			return plain.DialContext(ctx, network, address)
		}
		return conn, err
	}
	return &browser{base: base, dial: dial, cookie: cookie, client: &http.Client{
		Transport: transport, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) close() { b.client.CloseIdleConnections() }

// visit is one window of a browser, with cookies of its own.
type visit struct {
	*browser
	cookies map[string]string
}

func (b *browser) visit() *visit { return &visit{browser: b, cookies: map[string]string{}} }

// answer is a response that has been read.
type answer struct {
	status   int
	location string
	body     []byte
	code     string // of a refusal
	cut      bool
}

// send makes a request and sends it, again if it is told to wait. The cookies of the answer are kept, whatever a library would think of
// secure ones over http.
func (v *visit) send(ctx context.Context, build func() (*http.Request, error)) (answer, error) {
	for began := time.Now(); ; {
		a, wait, err := v.once(ctx, build)
		if err != nil || wait == 0 || time.Since(began)+wait > maxPatience {
			return a, err
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (v *visit) once(ctx context.Context, build func() (*http.Request, error)) (answer, time.Duration, error) {
	r, err := build()
	if err != nil {
		return answer{}, 0, err
	}
	r = r.WithContext(ctx)
	if r.URL.Host == v.base.Host {
		r.Host, r.URL.Scheme, r.URL.Host = v.base.Host, v.dial.Scheme, v.dial.Host
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // a request has no attributes
	}
	res, err := v.client.Do(r)
	if err != nil {
		if ctx.Err() == nil && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)) {
			return answer{cut: true}, 0, nil
		}
		return answer{}, 0, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, location: res.Header.Get("Location")}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, 4<<20)); err != nil {
		return answer{}, 0, fmt.Errorf("read the answer of %s %s: %w", r.Method, r.URL.Path, err)
	}
	for _, k := range res.Cookies() {
		if k.MaxAge < 0 {
			delete(v.cookies, k.Name)
		} else {
			v.cookies[k.Name] = k.Value
		}
	}
	var problem struct{ Code string }
	if a.status >= http.StatusBadRequest && json.Unmarshal(a.body, &problem) == nil {
		a.code = problem.Code
	}
	return a, patience(a, res.Header.Get("Retry-After")), nil
}

// patience is how long to wait before the same request is sent again: only where it was not looked at.
func patience(a answer, header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 1 || a.code != "rate_limited" && a.code != "overloaded" && a.code != "try_again" {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// form posts a form from a page of origin.
func (v *visit) form(ctx context.Context, target string, values url.Values, origin string) (answer, error) {
	return v.send(ctx, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(values.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			crossing(r, origin, v.base)
		}
		return r, err
	})
}

func (v *visit) get(ctx context.Context, target string) (answer, error) {
	return v.send(ctx, func() (*http.Request, error) { return http.NewRequestWithContext(ctx, http.MethodGet, target, nil) })
}

// crossing adds what browsers say about where a request comes from.
func crossing(r *http.Request, origin string, base *url.URL) {
	site := "same-origin"
	if origin != base.Scheme+"://"+base.Host {
		site = "cross-site"
	}
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
}

// person is whose session the browser has.
func (v *visit) person(ctx context.Context) (person, tenant string, err error) {
	a, err := v.get(ctx, v.base.String()+"/v1/me")
	if err != nil {
		return "", "", err
	}
	var me struct {
		Email  string
		Tenant struct{ Slug string }
	}
	if a.status != http.StatusOK {
		return "", "", nil
	}
	if err := json.Unmarshal(a.body, &me); err != nil {
		return "", "", fmt.Errorf("read who is signed in: %w", err)
	}
	return me.Email, me.Tenant.Slug, nil
}

func (v *visit) hasSession() bool { return v.cookies[v.cookie] != "" }
