package api_test

import (
	"fmt"
	"hash/fnv"
	"regexp"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

var parameter = regexp.MustCompile(`\{[a-z_]+(\.\.\.)?\}`)

// anyPath fills the parameters of a row with what names nothing: enough where the request is refused before it is read.
func anyPath(r web.Row) string {
	return parameter.ReplaceAllLiteralString(r.Path, id.New[id.Request]().String())
}

// forged spoils the signature of a token.
func forged(token string) string {
	last := len(token) - 10
	other := "A"
	if token[last:last+1] == other {
		other = "B"
	}
	return token[:last] + other + token[last+1:]
}

// address is an address for a name: limits on addresses must not join tests together.
func address(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	n := h.Sum32()
	return fmt.Sprintf("172.%d.%d.%d", 16+n>>28, byte(n>>8), byte(n))
}
