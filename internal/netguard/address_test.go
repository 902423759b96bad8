package netguard_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

// addresses are refused wherever they come from: a URL, or the answer of a resolver.
var addresses = map[string][]string{
	"SSRF-01": {"127.0.0.1", "127.0.0.53", "127.255.255.254", "::1"},
	"SSRF-02": {"0.0.0.0", "0.1.2.3", "::"},
	"SSRF-03": {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "fc00::1", "fd12:3456:789a::1"},
	"SSRF-04": {"169.254.169.254", "169.254.170.2", "fe80::1", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"},
	"SSRF-05": {
		"100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"2001:db8::1", "3fff::1", "100::1", "fec0::1", "ff02::1", "2001::1", "2001:2::1", "2001:10::1", "5f00::1", "4000::1",
	},
	"SSRF-06": {
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1",
		"2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
	},
}

func TestSSRF_01_to_06_AddressInURL(t *testing.T) {
	t.Parallel()
	guards := map[string]*netguard.Guard{
		"New":    netguard.New(netguard.Policy{}),
		"NewDev": netguard.NewDev(netguard.Policy{}),
	}
	for id, blocked := range addresses {
		for _, address := range blocked {
			for made, guard := range guards {
				host := address
				if strings.Contains(address, ":") {
					host = "[" + address + "]"
				}
				u, err := guard.CheckURL("https://" + host + "/.well-known/openid-configuration")
				if made == "NewDev" && (address == "::1" || strings.HasPrefix(address, "127.")) {
					if err != nil {
						t.Errorf("%s: NewDev: CheckURL(%s) = %v, want nil", id, host, err)
					}
					continue
				}
				if got := netguard.ReasonOf(err); got != netguard.BlockedAddress {
					t.Errorf("%s: %s: CheckURL(%s) = %v, %v, want %s", id, made, host, u, err, netguard.BlockedAddress)
				}
			}
		}
	}
}

func TestSSRF_01_to_06_AddressBehindName(t *testing.T) {
	t.Parallel()
	canary := newCanary(t)
	for id, blocked := range addresses {
		for _, address := range blocked {
			for _, answer := range [][]string{{address}, {"8.8.8.8", address}, {address, "8.8.8.8"}} {
				policy := netguard.Policy{
					AllowedPorts: []int{canary.port},
					Resolver:     &names{answers: map[string][][]string{"evil.example": {answer}}},
				}
				for made, guard := range map[string]*netguard.Guard{"New": netguard.New(policy), "NewDev": netguard.NewDev(policy)} {
					_, _, got := get(t, guard.Client(netguard.Limits{}), at("evil.example", canary.port, "/"))
					if got != netguard.BlockedAddress {
						t.Errorf("%s: %s: GET of a name at %v = %q, want %q", id, made, answer, got, netguard.BlockedAddress)
					}
				}
			}
		}
	}
}

func TestSSRF_01_OwnNames(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	for _, host := range []string{
		"localhost", "localhost.", "LOCALHOST", "LocalHost.", "a.localhost", "ｌｏｃａｌｈｏｓｔ", "127.1", "127.0.1", "[::1]", "[0:0:0:0:0:0:0:1]",
	} {
		if u, err := guard.CheckURL("https://" + host + "/"); netguard.ReasonOf(err) != netguard.BlockedAddress {
			t.Errorf("CheckURL(%s) = %v, %v, want %s", host, u, err, netguard.BlockedAddress)
		}
	}
}

func TestSSRF_04_MetadataStaysClosedInsideAllowedNetworks(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{AllowedNetworks: []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"),
	}})
	for _, host := range []string{
		"169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]", "[fe80::1]", "127.0.0.1", "[::1]", "0.0.0.0",
		"[::]", "224.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[::7f00:1]",
		"metadata.google.internal", "metadata.google.internal.", "METADATA.google.internal", "metadata",
	} {
		if u, err := guard.CheckURL("https://" + host + "/"); netguard.ReasonOf(err) != netguard.BlockedAddress {
			t.Errorf("CheckURL(%s) = %v, %v, want %s", host, u, err, netguard.BlockedAddress)
		}
	}
	for _, zoned := range []string{"https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[2606:4700::1111%251]/"} {
		if u, err := guard.CheckURL(zoned); netguard.ReasonOf(err) != netguard.InvalidURL {
			t.Errorf("CheckURL(%s) = %v, %v, want %s", zoned, u, err, netguard.InvalidURL)
		}
	}
}

func TestPublicAndAllowedAddresses(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{AllowedNetworks: []netip.Prefix{
		netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12::/16"), netip.MustParsePrefix("64:ff9b::/96"),
	}})
	for _, host := range []string{
		"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "223.255.255.255", "[2606:4700::1111]",
		"10.20.0.1", "[fd12::1]", "[64:ff9b::808:808]", "[64:ff9b::a14:1]",
	} {
		if _, err := guard.CheckURL("https://" + host + "/"); err != nil {
			t.Errorf("CheckURL(%s) = %v, want nil", host, err)
		}
	}
	for _, host := range []string{"10.21.0.1", "[fd13::1]", "[64:ff9b::a15:1]"} {
		if _, err := guard.CheckURL("https://" + host + "/"); netguard.ReasonOf(err) != netguard.BlockedAddress {
			t.Errorf("CheckURL(%s) = %v, want %s", host, err, netguard.BlockedAddress)
		}
	}
}
