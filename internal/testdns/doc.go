// Package testdns is a DNS server on this machine for tests: it has the TXT records that a test sets, and fails as a test says.
package testdns
