package api

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// A product asks before each thing it does, so the plain form of the question takes a short way past the general decoder. A fuzz test
// holds the two ways equal.

// DecodePlain implements web.PlainInput.
func (in *checkIn) DecodePlain(body []byte) bool {
	c := web.NewCursor(body)
	out, plain := plainCheck(c)
	if !plain || !c.Done() {
		return false
	}
	*in = out
	return true
}

// DecodePlain implements web.PlainInput.
func (in *batchIn) DecodePlain(body []byte) bool {
	c := web.NewCursor(body)
	if name, plain := plainMember(c, '{'); !plain || name != "checks" || !c.Is('[') {
		return false
	}
	checks := make([]checkIn, 0, min(maxBatch, len(body)/len(`{"feature":"a.b"}`)+1))
	for {
		check, plain := plainCheck(c)
		if !plain || len(checks) == maxBatch {
			return false
		}
		checks = append(checks, check)
		if !c.Is(',') {
			break
		}
	}
	if !c.Is(']') || !c.Is('}') || !c.Done() {
		return false
	}
	in.Checks = checks
	return true
}

// plainCheck reads an object of known members, each at most once.
func plainCheck(c *web.Cursor) (in checkIn, plain bool) {
	var permission, feature bool
	for mark := byte('{'); ; mark = ',' {
		name, plain := plainMember(c, mark)
		if !plain {
			return in, false
		}
		value, plain := c.Text()
		switch {
		case !plain:
			return in, false
		case name == "permission" && !permission:
			in.Permission, permission = rbac.Permission(value), true
		case name == "feature" && !feature:
			in.Feature, feature = billing.Feature(value), true
		default:
			return in, false
		}
		if c.Is('}') {
			return in, true
		}
	}
}

// plainMember reads what parts a member from what is before it, its name and its colon.
func plainMember(c *web.Cursor, mark byte) (name string, plain bool) {
	if !c.Is(mark) {
		return "", false
	}
	name, plain = c.Text()
	return name, plain && c.Is(':')
}

// AppendPlain implements web.PlainOutput.
func (out batchOut) AppendPlain(b []byte) ([]byte, bool) {
	if out.Decisions == nil {
		return b, false
	}
	b = append(b, `{"decisions":[`...)
	for i, d := range out.Decisions {
		if i > 0 {
			b = append(b, ',')
		}
		var plain bool
		if b, plain = d.AppendPlain(b); !plain {
			return b, false
		}
	}
	return append(b, "]}"...), true
}
