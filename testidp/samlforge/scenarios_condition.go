package samlforge

import (
	"strings"
	"time"

	"github.com/beevik/etree"
)

func conditionScenarios() []Scenario {
	restriction := func(list ...string) *etree.Element {
		el := element("saml:AudienceRestriction")
		for _, audience := range list {
			put(el, textual("saml:Audience", audience))
		}
		return el
	}
	instead := func(f func(*Options) []*etree.Element) func(*Options, *Tools) {
		return signed(func(doc *etree.Document, o *Options) {
			drop(doc, audiences)
			put(at(doc, conditions), f(o)...)
		})
	}
	audience := func(change func(string) string) func(*Options, *Tools) {
		return instead(func(o *Options) []*etree.Element { return []*etree.Element{restriction(change(o.SP))} })
	}
	extra := func(tag string, attributes ...string) func(*Options, *Tools) {
		return signed(func(doc *etree.Document, _ *Options) { put(at(doc, conditions), element(tag, attributes...)) })
	}
	return append(refused(allModes(),
		row{"SAML-109", "no AudienceRestriction", removed(audiences)},
		row{"SAML-109-empty", "an AudienceRestriction without an Audience", instead(func(*Options) []*etree.Element {
			return []*etree.Element{restriction()}
		})},
		row{"SAML-110", "the audience of another service provider", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.OtherSP)}
		})},
		row{"SAML-110-prefix", "an audience that begins with ours", audience(func(s string) string { return s + "/more" })},
		row{"SAML-110-case", "our audience in capitals", audience(strings.ToUpper)},
		row{"SAML-110-empty", "an empty audience", audience(func(string) string { return "" })},
		row{"SAML-111", "two restrictions, of which the second names another", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.SP), restriction(o.OtherSP)}
		})},
		row{"SAML-111-first", "two restrictions, of which the first names another", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.OtherSP), restriction(o.SP)}
		})},
		row{"SAML-114", "a condition that nobody knows", extra("saml:Condition", "xsi:type", "x:Unknown", "xmlns:x", "urn:x")},
		row{"SAML-114-foreign", "a condition of a foreign namespace", extra("x:Condition", "xmlns:x", "urn:x")},
	), scenarios(Accept, allModes(),
		row{"SAML-112", "one restriction: us and another", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.SP, o.OtherSP)}
		})},
		row{"SAML-112-last", "one restriction: another and us", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.OtherSP, o.SP)}
		})},
		row{"SAML-111-both", "two restrictions that both name us", instead(func(o *Options) []*etree.Element {
			return []*etree.Element{restriction(o.SP), restriction(o.OtherSP, o.SP)}
		})},
		row{"SAML-113", "white space around the audience", audience(func(s string) string { return "\n\t" + s + " \n" })},
		row{"SAML-115", "OneTimeUse", extra("saml:OneTimeUse")},
		row{"SAML-115-proxy", "ProxyRestriction", extra("saml:ProxyRestriction", "Count", "0")},
	)...)
}

func issuerScenarios() []Scenario {
	issuer := func(path string, change func(*etree.Element, *Options)) func(*Options, *Tools) {
		return signed(func(doc *etree.Document, o *Options) { change(at(doc, path), o) })
	}
	other := func(el *etree.Element, _ *Options) { el.SetText("https://idp.other.test/metadata") }
	const inner, outer = "/Response/Assertion/Issuer", "/Response/Issuer"
	list := refused(allModes(),
		row{"SAML-116", "another issuer of the assertion", issuer(inner, other)},
		row{"SAML-116-both", "another issuer everywhere", func(o *Options, _ *Tools) { o.IdP = "https://idp.other.test/metadata" }},
		row{"SAML-116-missing", "no issuer of the assertion", removed(inner)},
		row{"SAML-117", "another issuer of the response", issuer(outer, other)},
		row{"SAML-118-format", "an issuer that is an e-mail address", issuer(inner, func(el *etree.Element, _ *Options) {
			el.CreateAttr("Format", EmailAddress)
		})},
		row{"SAML-118-space", "an issuer with a space at its end", issuer(inner, func(el *etree.Element, o *Options) { el.SetText(o.IdP + " ") })},
		row{"SAML-118-case", "an issuer in capitals", issuer(inner, func(el *etree.Element, o *Options) { el.SetText(strings.ToUpper(o.IdP)) })},
	)
	list = append(list, refused([]Mode{SignResponse, SignBoth},
		row{"SAML-117-missing", "a signed response without an issuer", removed(outer)})...)
	list = append(list, scenarios(Limit, []Mode{SignAssertion, SignThenEncrypt},
		row{"SAML-117-unsigned", "an unsigned response without an issuer", removed(outer)})...)
	return append(list, scenarios(Accept, allModes(),
		row{"SAML-118-entity", "an issuer that says it is an entity id", issuer(inner, func(el *etree.Element, _ *Options) {
			el.CreateAttr("Format", formatEntity)
		})})...)
}

func statusScenarios() []Scenario {
	status := func(codes ...string) func(*Options, *Tools) {
		return signed(func(doc *etree.Document, _ *Options) {
			drop(doc, "/Response/Status/StatusCode")
			parent := at(doc, "/Response/Status")
			for _, code := range codes {
				child := element("samlp:StatusCode", "Value", code)
				put(parent, child)
				parent = child
			}
		})
	}
	version := func(path, value string) func(*Options, *Tools) { return assigned(path, "Version", constant(value)) }
	return refused(allModes(),
		row{"SAML-119-requester", "status Requester, with an assertion", status(StatusRequester)},
		row{"SAML-119-responder", "status Responder, with an assertion", status(StatusResponder)},
		row{"SAML-119-denied", "status AuthnFailed below Responder, with an assertion", status(StatusResponder, StatusAuthnFailed)},
		row{"SAML-119-nested", "Success below Responder, with an assertion", status(StatusResponder, StatusSuccess)},
		row{"SAML-119-code", "a status without a code", status()},
		row{"SAML-119-missing", "no status", removed("/Response/Status")},
		row{"SAML-119-message", "a refusal with a hostile message", signed(func(doc *etree.Document, _ *Options) {
			at(doc, "/Response/Status/StatusCode").CreateAttr("Value", StatusResponder)
			put(at(doc, "/Response/Status"), textual("samlp:StatusMessage", "<script>alert(1)</script>\r\nlevel=INFO msg=\"signed in\""))
			drop(doc, "/Response/Assertion")
		})},
		row{"SAML-120", "Success without an assertion", removed("/Response/Assertion")},
		row{"SAML-121-1.1", "version 1.1 of the assertion", version("/Response/Assertion", "1.1")},
		row{"SAML-121-2.1", "version 2.1 of the assertion", version("/Response/Assertion", "2.1")},
		row{"SAML-121-missing", "no version of the assertion", bareOf("/Response/Assertion", "Version")},
		row{"SAML-121-response", "version 1.1 of the response", version("/Response", "1.1")},
	)
}

func timeScenarios() []Scenario {
	at := func(path, name string, d time.Duration) func(*Options, *Tools) {
		return assigned(path, name, func(o *Options) string { return stamp(o.Now.Add(d)) })
	}
	const year, late = 365 * 24 * time.Hour, 10 * time.Minute
	list := refused(allModes(),
		row{"SAML-122", "an assertion from next year", at("/Response/Assertion", "IssueInstant", year)},
		row{"SAML-122-response", "a response from next year", at("/Response", "IssueInstant", year)},
		row{"SAML-122-missing", "no IssueInstant", bareOf("/Response/Assertion", "IssueInstant")},
		row{"SAML-123", "an assertion of ten minutes ago, good for an hour", func(o *Options, _ *Tools) {
			o.Now, o.Lifetime = o.Now.Add(-late), time.Hour
		}},
		row{"SAML-124", "Conditions have expired", at(conditions, "NotOnOrAfter", -late)},
		row{"SAML-124-confirmation", "the confirmation has expired", at(confirmationData, "NotOnOrAfter", -late)},
		row{"SAML-125", "Conditions are not yet valid", at(conditions, "NotBefore", late)},
		row{"SAML-126", "NotBefore in the confirmation, in the future", at(confirmationData, "NotBefore", late)},
		row{"SAML-126-past", "NotBefore in the confirmation, in the past", at(confirmationData, "NotBefore", -late)},
		row{"SAML-127", "no NotOnOrAfter in the confirmation", bareOf(confirmationData, "NotOnOrAfter")},
		row{"SAML-128-late", "an assertion of ten minutes ago, good for ten years", func(o *Options, _ *Tools) {
			o.Now, o.Lifetime = o.Now.Add(-late), 10*year
		}},
	)
	list = append(list, scenarios(Limit, allModes(),
		row{"SAML-128", "an assertion that is good for ten years", func(o *Options, _ *Tools) { o.Lifetime = 10 * year }},
		row{"SAML-129-9999", "NotOnOrAfter in the year 9999", assigned(conditions, "NotOnOrAfter", constant("9999-12-31T23:59:59Z"))})...)
	for _, malformed := range []struct{ id, title, date, time string }{
		{"month", "a thirteenth month", "2099-13-02", "T15:04:05Z"},
		{"day", "a thirty-first of February", "2099-02-31", "T15:04:05Z"},
		{"local", "no time zone", "2099-01-02", "T15:04:05"},
		{"offset", "an offset from UTC", "2099-01-02", "T15:04:05+02:00"},
		{"leap", "a leap second", "2099-01-02", "T15:04:60Z"},
		{"negative", "a negative year", "-2099-01-02", "T15:04:05Z"},
		{"space", "a space in place of the T", "2099-01-02", " 15:04:05Z"},
		{"empty", "an empty time", "", ""},
		{"number", "a number", "4102444800", ""},
		{"alone", "a date alone", "2099-01-02", ""},
	} {
		value := constant(malformed.date + malformed.time)
		list = append(list, refused(allModes(),
			row{"SAML-129-" + malformed.id, "NotOnOrAfter of Conditions: " + malformed.title, assigned(conditions, "NotOnOrAfter", value)},
			row{"SAML-129-" + malformed.id + "-confirmation", "NotOnOrAfter of the confirmation: " + malformed.title, assigned(confirmationData, "NotOnOrAfter", value)},
		)...)
	}
	return list
}
