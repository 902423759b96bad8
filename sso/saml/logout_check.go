package saml

import "github.com/seed-2a059015/gatehouse/sso"

// partingCheck is one row of the table for logout messages.
type partingCheck struct {
	name  string
	judge func(*parting) verdict
}

// partingChecks are for both kinds of messages; requestChecks and responseChecks follow.
var partingChecks = []partingCheck{
	{"version", func(m *parting) verdict { return versionIs(m.envelope.version) }},
	{"id", (*parting).identified},
	{"issuer", (*parting).fromProvider},
	{"destination", func(m *parting) verdict { return m.toUs() }},
	{"issue_time", func(m *parting) verdict { return m.responseTime() }},
}

var logoutRequestChecks = []partingCheck{
	{"expiry", (*parting).unexpired},
	{"name_id", (*parting).namesSomebody},
	{"name_id_qualifier", func(m *parting) verdict { return m.qualified() }},
}

var logoutResponseChecks = []partingCheck{
	{"in_response_to", (*parting).answersSomething},
	{"status", (*parting).hasStatus},
}

// judge runs the table and returns the first refusal.
func (m *parting) judge(trail *sso.Trail) error {
	tables := [][]partingCheck{partingChecks, logoutRequestChecks}
	if m.response {
		tables[1] = logoutResponseChecks
	}
	for _, table := range tables {
		for _, c := range table {
			v := c.judge(m)
			if v.reason != "" {
				trail.Fail(c.name, v.expected, v.got)
				return sso.Refuse(v.reason)
			}
			trail.Pass(c.name, v.got)
		}
	}
	return nil
}

// maxMessageID is longer than any ID in use.
const maxMessageID = 256

func (m *parting) identified() verdict {
	if id := m.envelope.id; id == "" || len(id) > maxMessageID {
		return refused(sso.ResponseMalformed, "ID", id)
	}
	return passed(m.envelope.id)
}

func (m *parting) fromProvider() verdict {
	if i := m.envelope.issuer; !i.names(m.want.Issuer) {
		return refused(sso.IssuerMismatch, m.want.Issuer, i.value)
	}
	return passed(m.want.Issuer)
}

// unexpired holds a request to its own NotOnOrAfter. It may have none: then its age alone counts.
func (m *parting) unexpired() verdict {
	if m.until.broken() || m.until.there && m.until.over(m.want.Now) {
		return refused(sso.AssertionExpired, clock(m.want.Now), m.until.text)
	}
	return passed(m.until.text)
}

// namesSomebody refuses a request that names nobody, or in a way that could be read in two. An encrypted name is refused too: no identity
// here is known by one.
func (m *parting) namesSomebody() verdict {
	if !m.readable {
		return refused(sso.NameIDInvalid, "NameID", "")
	}
	return m.named()
}

func (m *parting) answersSomething() verdict {
	if !m.answers || m.inResponseTo == "" {
		return refused(sso.InResponseToMismatch, "InResponseTo", "")
	}
	return passed(m.inResponseTo)
}

// hasStatus asks for a status and takes any: the session here has ended before the provider was asked.
func (m *parting) hasStatus() verdict {
	if len(m.status) == 0 || m.status[0] == "" {
		return refused(sso.ResponseMalformed, "Status", "")
	}
	return passed(m.status[0])
}
