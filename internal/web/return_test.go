package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// hostileReturns are paths that some browser or proxy would take for another origin, or that hide what they are.
var hostileReturns = []string{
	"", "evil", "evil.test", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "/\\/evil.test", "https:/evil.test", "https://evil.test",
	"https:evil.test", "javascript:alert(1)", "data:text/html,x", "/%09/evil.test", "/\t/evil.test", "/%5cevil.test", "/%5Cevil.test", "/%2fevil.test",
	"/%2Fevil.test", "/%252fevil.test", "/%25%32%66evil.test", "/x%0d%0aLocation:%20https://evil.test", "/x\r\nSet-Cookie: a=b", "/x%00", "/x\x00",
	"/.//evil.test", "/./evil", "/../evil", "/a/../../evil", "/%2e%2e/evil", "/.%2e/evil", "/a//evil.test", "/x#//evil", "/ä", "/\u2028", "/\uff0fevil.test",
	" /x", "/x y", "/x%", "/x%2", "/x%zz", "/x?a=%0d%0a", "/x?a=%2f%2fevil", "/x?a=%5c", "/<script>", "/\"x", "/[::1]", "/" + strings.Repeat("a", 5000),
	"/x?a=%25", "/%7f", "/x?a=\\b", "/;//evil.test",
}

func TestOIDC021SafeReturn(t *testing.T) {
	t.Parallel()
	for _, path := range hostileReturns {
		if got := web.SafeReturn(path); got != "/" {
			t.Errorf("SafeReturn(%q) = %q, want /", path, got)
		}
	}
	for _, path := range []string{
		"/", "/choose", "/members/mem_0123", "/a/b/c", "/a?b=c&d=e", "/a?next=/b", "/a?q=caf%C3%A9", "/%C3%A9", "/a-b_c~d", "/a?time=12:30", "/a?x=a.b", "/a@b",
	} {
		if got := web.SafeReturn(path); got != path {
			t.Errorf("SafeReturn(%q) = %q, want it", path, got)
		}
	}
}

func FuzzSafeReturn(f *testing.F) {
	for _, path := range hostileReturns {
		f.Add(path)
	}
	f.Add("/a?next=/b")
	f.Fuzz(func(t *testing.T, path string) {
		got := web.SafeReturn(path)
		if got != "/" && got != path {
			t.Fatalf("SafeReturn(%q) = %q, want it or /", path, got)
		}
		base, err := url.Parse("https://gatehouse.test/deep/page")
		if err != nil {
			t.Fatal(err)
		}
		u, err := base.Parse(got)
		if err != nil || u.Host != "gatehouse.test" || u.Scheme != "https" {
			t.Fatalf("SafeReturn(%q) = %q, which leads to %v, %v", path, got, u, err)
		}
		if strings.ContainsAny(u.Path, "\\\r\n\t\x00") || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/../") {
			t.Fatalf("SafeReturn(%q) = %q, whose path is %q", path, got, u.Path)
		}
	})
}
