package netguard_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func TestSSRF_07_OddNotations(t *testing.T) {
	t.Parallel()
	// The policy allows the networks that these spellings mean to one parser or another, so that the spelling decides.
	guard := netguard.NewDev(netguard.Policy{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for _, host := range []string{
		"2130706433", "0x7f000001", "0X7F000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "127.1", "127.0.1", "017700000001", "0",
		"127.0.0.01", "127.0.0.0x1", "1.2.3.4.5", "256.256.256.256", "127.0.0.1.", "2130706433.", "08.8.8.8",
		"１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７．０．０．１", "²¹³⁰⁷⁰⁶⁴³³",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[2001:DB8::1]", "[2606:4700:0:0::1111]", "[2606:4700::8.8.8.8]",
	} {
		if u, err := guard.CheckURL("https://" + host + "/"); netguard.ReasonOf(err) != netguard.BlockedAddress {
			t.Errorf("CheckURL(%s) = %v, %v, want %s", host, u, err, netguard.BlockedAddress)
		}
	}
}

func TestSSRF_07_NameThatCarriesAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const name = "127.0.0.1.nip.example"
	w.answer(name, []string{"127.0.0.1"})
	if _, err := w.CheckURL(w.canaryURL(name)); err != nil {
		t.Errorf("CheckURL(%s) = %v, want nil: only the dialed address can tell", name, err)
	}
	if _, _, got := get(t, w.Client(netguard.Limits{}), w.canaryURL(name)); got != netguard.BlockedAddress {
		t.Errorf("GET %s = %q, want %q", name, got, netguard.BlockedAddress)
	}
}

func TestSSRF_12_Ports(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	for _, port := range []string{"22", "25", "80", "2375", "5432", "6379", "8443", "0", "65536", "99999999999999999999"} {
		if u, err := guard.CheckURL("https://idp.example.com:" + port + "/"); netguard.ReasonOf(err) != netguard.BlockedPort {
			t.Errorf("CheckURL(port %s) = %v, %v, want %s", port, u, err, netguard.BlockedPort)
		}
	}
	wider := netguard.New(netguard.Policy{AllowedPorts: []int{443, 8443}})
	if u, err := wider.CheckURL("https://idp.example.com:8443/"); err != nil || u.Host != "idp.example.com:8443" {
		t.Errorf("CheckURL(port 8443, allowed) = %v, %v, want it kept", u, err)
	}
	w := newWorld(t, nil)
	closed := netguard.NewDev(netguard.Policy{
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Resolver: w.names,
	})
	if _, _, got := get(t, closed.Client(netguard.Limits{}), at(provider, w.canary.port, "/")); got != netguard.BlockedPort {
		t.Errorf("GET on port %d = %q, want %q", w.canary.port, got, netguard.BlockedPort)
	}
}

func TestSSRF_13_Schemes(t *testing.T) {
	t.Parallel()
	for made, guard := range map[string]*netguard.Guard{
		"New": netguard.New(netguard.Policy{AllowedPorts: []int{80, 443}}), "NewDev": netguard.NewDev(netguard.Policy{AllowedPorts: []int{80, 443}}),
	} {
		for _, raw := range []string{
			"http://idp.example.com/", "HTTP://idp.example.com/", "file:///etc/passwd", "gopher://idp.example.com/", "ftp://idp.example.com/",
			"unix:///var/run/docker.sock", "jar:https://idp.example.com/", "data:text/plain,x", "javascript:alert(1)", "ws://idp.example.com/",
			"http://8.8.8.8/",
		} {
			if u, err := guard.CheckURL(raw); netguard.ReasonOf(err) != netguard.BlockedScheme {
				t.Errorf("%s: CheckURL(%s) = %v, %v, want %s", made, raw, u, err, netguard.BlockedScheme)
			}
		}
	}
}

func TestSSRF_13_LoopbackOverHTTPIsForDevOnly(t *testing.T) {
	t.Parallel()
	everything := netguard.Policy{
		AllowedPorts:    []int{80, 443, 8080},
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	production, dev := netguard.New(everything), netguard.NewDev(netguard.Policy{})
	for _, raw := range []string{
		"http://localhost:8080/", "http://127.0.0.1:8080/", "http://[::1]:8080/", "http://acme.localhost:8080/", "https://127.0.0.1/", "https://localhost:8080/",
	} {
		if u, err := production.CheckURL(raw); err == nil {
			t.Errorf("New: CheckURL(%s) = %v, want an error whatever the policy", raw, u)
		}
		if _, err := dev.CheckURL(raw); err != nil {
			t.Errorf("NewDev: CheckURL(%s) = %v, want nil", raw, err)
		}
	}
}

func TestSSRF_15_AmbiguousURLs(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	for _, raw := range []string{
		"", "/", "//idp.example.com/", "idp.example.com", "https:", "https://", "https:///path", "https:idp.example.com", "https:/idp.example.com",
		"https://a@b.example/", "https://a:b@b.example/", "https://@b.example/", "https://8.8.8.8@127.0.0.1/", "https://b.example#@c.example/",
		"https://idp.example.com/#fragment", "https://idp.example.com/#", "https://idp.example.com\r\nX: y", "https://idp.example.com/\r\nX: y",
		"https://idp.example.com/ x", " https://idp.example.com/", "https://idp.example.com/\t", "https://idp .example.com/",
		"https://idp.example.com\\@evil.example/", "https:\\\\idp.example.com/", "https://idp.example.com\x00/", "https://idp.example.com/\x7f",
		"https://idp.example.com/\u2028", "https://idp%2eexample.com/", "https://%6c%6f%63alhost/", "https://idp.example.com:/", "https://idp.example.com:44a/",
		"https://[::1/", "https://::1/", "https://[idp.example.com]/", "https://[]/", "https://idp.example.com/é", "https://idp.example.com/?é",
		"https://idp.example.com/" + strings.Repeat("a", 3000),
	} {
		if u, err := guard.CheckURL(raw); netguard.ReasonOf(err) != netguard.InvalidURL {
			t.Errorf("CheckURL(%.100q) = %v, %v, want %s", raw, u, err, netguard.InvalidURL)
		}
	}
}

func TestSSRF_16_HostIsNormalized(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{AllowedPorts: []int{443, 8443}})
	for raw, want := range map[string]string{
		"https://IDP.Example.COM/a":           "https://idp.example.com/a",
		"https://idp.example.com./a":          "https://idp.example.com/a",
		"https://idp.example.com:443/a":       "https://idp.example.com/a",
		"https://idp.example.com:0443/a":      "https://idp.example.com/a",
		"https://idp.example.com.:8443/a":     "https://idp.example.com:8443/a",
		"https://bücher.example/":             "https://xn--bcher-kva.example/",
		"https://BÜCHER.example/":             "https://xn--bcher-kva.example/",
		"https://раураl.example/":             "https://xn--l-7sba6dbr.example/",
		"https://ｉｄｐ。example。com/":            "https://idp.example.com/",
		"https://faß.example/":                "https://xn--fa-hia.example/",
		"https://r1---sn-abc.example/":        "https://r1---sn-abc.example/",
		"https://[2606:4700::1111]:443/a?b=c": "https://[2606:4700::1111]/a?b=c",
		"https://[2606:4700::1111]:8443/":     "https://[2606:4700::1111]:8443/",
		"https://idp.example.com":             "https://idp.example.com",
		"https://idp.example.com?a=b":         "https://idp.example.com?a=b",
		"https://idp.example.com/%C3%A9/%2F":  "https://idp.example.com/%C3%A9/%2F",
	} {
		u, err := guard.CheckURL(raw)
		if err != nil || u.String() != want {
			t.Errorf("CheckURL(%s) = %v, %v, want %s", raw, u, err, want)
		}
	}
	for _, host := range []string{
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 150) + "example", "idp..example", ".example", "idp.example..", ".", "a_b.example",
		"xn--a.example", "xn--.example", "-a.example", "a-.example", "a\u200db.example", "idp.example。。", "a,b.example", "a*b.example", "a!b.example",
	} {
		if u, err := guard.CheckURL("https://" + host + "/"); netguard.ReasonOf(err) != netguard.InvalidURL {
			t.Errorf("CheckURL(%.40q) = %v, %v, want %s", host, u, err, netguard.InvalidURL)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://idp.example.com/", "https://127.0.0.1/", "https://[::1]:443/", "https://a@b/", "https://①②⑦.0.0.1/", "http://localhost/",
		"https://idp.example.com\r\n/", "https://xn--bcher-kva.example./%2F?x=%zz", "https://[fe80::1%25eth0]/",
	} {
		f.Add(seed)
	}
	guard := netguard.New(netguard.Policy{})
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := guard.CheckURL(raw)
		if err != nil {
			if netguard.ReasonOf(err) == "" {
				t.Errorf("CheckURL(%q) = %v, want an *Error", raw, err)
			}
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Port() != "" || u.Host == "" {
			t.Errorf("CheckURL(%q) = %#v, want plain https on port 443", raw, u)
		}
		if strings.ContainsFunc(u.String(), func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("CheckURL(%q) = %q, want printable ASCII", raw, u)
		}
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && (addr.IsLoopback() || addr.IsPrivate() || addr.IsUnspecified()) {
			t.Errorf("CheckURL(%q) = %q, want no address of our own", raw, u)
		}
		again, err := guard.CheckURL(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("CheckURL(CheckURL(%q)) = %v, %v, want %v", raw, again, err, u)
		}
	})
}
