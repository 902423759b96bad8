package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// maxReturn is how long a path to return to may be.
const maxReturn = 1024

// SafeReturn returns path if it leads to our own origin, else "/". The grammar is narrow on purpose: an absolute path of
// plain characters, with a query perhaps. Browsers and proxies disagree about the rest (OIDC-021): two slashes, a
// backslash, a tab, an escape of either, an escape of an escape.
func SafeReturn(path string) string {
	if len(path) > maxReturn || !strings.HasPrefix(path, "/") {
		return "/"
	}
	way, query, _ := strings.Cut(path, "?")
	if strings.Contains(way, "//") || strings.Contains(way, "/.") || !plain(way, "-._~!$&'()*+,;=:@/") || !plain(query, "-._~!$&'()*+,;=:@/?") {
		return "/"
	}
	return path
}

// plain says that s has only letters, digits, the characters of also, and escapes of what is harmless.
func plain(s, also string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(also, c) >= 0:
		case c == '%' && i+2 < len(s):
			high, low := unhex(s[i+1]), unhex(s[i+2])
			b := high<<4 | low
			if high > 15 || low > 15 || b < ' ' || b == 0x7f || strings.IndexByte(`%./\`, b) >= 0 {
				return false
			}
			i += 2
		default:
			return false
		}
	}
	return true
}

// unhex returns 255 for what is no hexadecimal digit.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// Redirect sends the browser to a path of our own, or to "/" if it is none. The status is 303: whatever the method was,
// the next one is GET.
func (s *Server) Redirect(c echo.Context, path string) error {
	c.Response().Header().Set("Location", s.prefix+SafeReturn(path))
	return c.NoContent(http.StatusSeeOther)
}
