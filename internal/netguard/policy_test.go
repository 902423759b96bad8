package netguard_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
)

func TestPolicyNamesEveryMistake(t *testing.T) {
	t.Parallel()
	bad := []string{
		"127.0.0.0/8", "127.0.0.1/32", "::1/128", "0.0.0.0/0", "::/0", "169.254.0.0/16", "169.254.169.254/32", "fe80::/10", "224.0.0.0/4",
		"100.100.100.200/32", "fd00:ec2::254/128", "10.0.0.1/8", "::ffff:10.0.0.0/104", "2002::/16", "64:ff9b:1::/48", "0.0.0.0/8",
	}
	policy := netguard.Policy{AllowedPorts: []int{443, 0, 70000}, EgressProxy: &url.URL{Scheme: "socks5", Host: "proxy:1080"}}
	for _, text := range bad {
		policy.AllowedNetworks = append(policy.AllowedNetworks, netip.MustParsePrefix(text))
	}
	err := policy.Validate()
	if err == nil {
		t.Fatal("Validate() = nil, want an error")
	}
	for _, want := range append(bad, "port 0:", "port 70000:", "egress proxy") {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Validate() does not name %s:\n%v", want, err)
		}
	}

	good := netguard.Policy{AllowedPorts: []int{443, 8443}, EgressProxy: &url.URL{Scheme: "http", Host: "proxy:3128"}}
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.1.5/32", "100.64.0.0/10", "fc00::/7", "fd12:3456::/32", "64:ff9b::/96"} {
		good.AllowedNetworks = append(good.AllowedNetworks, netip.MustParsePrefix(text))
	}
	for _, policy := range []netguard.Policy{{}, good} {
		if err := policy.Validate(); err != nil {
			t.Errorf("Validate() = %v, want nil", err)
		}
	}
}
