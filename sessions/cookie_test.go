package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func TestSES_10_CookieFlags(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := httptest.NewRecorder()
	sessions.SetCookies(w, sessions.Issued{
		At: now, Access: "a", AccessExpires: now.Add(5 * time.Minute), Refresh: "r", RefreshExpires: now.Add(time.Hour),
	})
	want := []string{
		"__Host-gatehouse_access=a; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax",
		"__Host-gatehouse_refresh=r; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax",
	}
	got := w.Header()["Set-Cookie"]
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("SetCookies wrote %q, want %q", got, want)
	}
	w = httptest.NewRecorder()
	sessions.ClearCookies(w)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge != -1 || c.Value != "" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
			t.Errorf("ClearCookies wrote %v", c)
		}
	}
	if n := len(w.Result().Cookies()); n != 2 {
		t.Errorf("ClearCookies wrote %d cookies, want 2", n)
	}
}

func TestACookieNeverLastsLongerThanTheTokenNorBecomesPermanent(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := httptest.NewRecorder()
	sessions.SetCookies(w, sessions.Issued{At: now, Access: "a", AccessExpires: now.Add(300 * time.Millisecond), Refresh: "r", RefreshExpires: now})
	for _, c := range w.Result().Cookies() {
		if c.MaxAge != 1 {
			t.Errorf("Max-Age of %s = %d, want 1", c.Name, c.MaxAge)
		}
	}
}

func TestSES_11_CookiesFromTwoHands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header          []string
		access, refresh string
		want            *errs.Error
	}{
		"none":            {nil, "", "", nil},
		"others":          {[]string{"a=b; gatehouse_access=x; __host-gatehouse_access=y"}, "", "", nil},
		"both":            {[]string{"__Host-gatehouse_access=x; __Host-gatehouse_refresh=y"}, "x", "y", nil},
		"two headers":     {[]string{"__Host-gatehouse_access=x", "__Host-gatehouse_refresh=y"}, "x", "y", nil},
		"two of a name":   {[]string{"__Host-gatehouse_access=x; __Host-gatehouse_access=y"}, "", "", sessions.ErrCookies},
		"twice the same":  {[]string{"__Host-gatehouse_refresh=x; a=b; __Host-gatehouse_refresh=x"}, "", "", sessions.ErrCookies},
		"in two headers":  {[]string{"__Host-gatehouse_access=x", "__Host-gatehouse_access=y"}, "", "", sessions.ErrCookies},
		"quoted":          {[]string{`__Host-gatehouse_access="x"`}, "", "", sessions.ErrToken},
		"a long access":   {[]string{"__Host-gatehouse_access=" + strings.Repeat("x", 4097)}, "", "", sessions.ErrToken},
		"a long refresh":  {[]string{"__Host-gatehouse_refresh=" + strings.Repeat("x", 193)}, "", "", sessions.ErrToken},
		"a megabyte":      {[]string{"__Host-gatehouse_access=" + strings.Repeat("x", 1<<20)}, "", "", sessions.ErrToken},
		"4000 of a name":  {[]string{strings.Repeat("__Host-gatehouse_access=x; ", 2000)}, "", "", sessions.ErrCookies},
		"4000 of no name": {[]string{strings.Repeat("a=b; ", 4000)}, "", "", nil},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = c.header
		access, refresh, err := sessions.FromRequest(r)
		if c.want == nil && err != nil || c.want != nil && errs.CodeOf(err) != c.want.Code || access != c.access || refresh != c.refresh {
			t.Errorf("%s: FromRequest = %q, %q, %v, want %q, %q, %v", name, access, refresh, err, c.access, c.refresh, c.want)
		}
	}
}
