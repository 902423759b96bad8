package samlforge

import (
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	confirmation     = "/Response/Assertion/Subject/SubjectConfirmation"
	confirmationData = confirmation + "/SubjectConfirmationData"
	conditions       = "/Response/Assertion/Conditions"
	audiences        = conditions + "/AudienceRestriction"
	authnStatement   = "/Response/Assertion/AuthnStatement"
)

// removed drops what a path names before the document is signed.
func removed(path string) func(*Options, *Tools) {
	return signed(func(doc *etree.Document, _ *Options) { drop(doc, path) })
}

// assigned sets an attribute before the document is signed.
func assigned(path, name string, value func(*Options) string) func(*Options, *Tools) {
	return signed(func(doc *etree.Document, o *Options) { at(doc, path).CreateAttr(name, value(o)) })
}

func bareOf(path, name string) func(*Options, *Tools) {
	return signed(func(doc *etree.Document, _ *Options) { at(doc, path).RemoveAttr(name) })
}

func constant(s string) func(*Options) string { return func(*Options) string { return s } }

func subjectScenarios() []Scenario {
	inName := func(value string) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) { o.Subject.NameID.Value = value }
	}
	return refused(allModes(),
		row{"SAML-100", "no Subject", removed("/Response/Assertion/Subject")},
		row{"SAML-100-nameid", "a Subject without NameID", removed("/Response/Assertion/Subject/NameID")},
		row{"SAML-100-empty", "an empty NameID", inName("")},
		row{"SAML-100-space", "a NameID of white space", inName(" \t ")},
		row{"SAML-100-twice", "two NameIDs", signed(func(doc *etree.Document, o *Options) {
			insertAfter(at(doc, "/Response/Assertion/Subject/NameID"), nameID(o.Victim.NameID))
		})},
		row{"SAML-100-subjects", "two Subjects", signed(func(doc *etree.Document, o *Options) {
			original := at(doc, "/Response/Assertion/Subject")
			other := original.Copy()
			replace(other.SelectElement("saml:NameID"), nameID(o.Victim.NameID))
			insertAfter(original, other)
		})},
		row{"SAML-101", "no Conditions", removed(conditions)},
		row{"SAML-101-twice", "Conditions twice", signed(func(doc *etree.Document, _ *Options) {
			insertAfter(at(doc, conditions), at(doc, conditions).Copy())
		})},
		row{"SAML-102", "SubjectConfirmation without data", removed(confirmationData)},
		row{"SAML-103", "no SubjectConfirmation", removed(confirmation)},
		row{"SAML-104-holder", "holder-of-key alone", assigned(confirmation, "Method", constant(holderOfKey))},
		row{"SAML-104-sender", "sender-vouches alone", assigned(confirmation, "Method", constant(senderVouches))},
		row{"SAML-104-missing", "SubjectConfirmation without Method", bareOf(confirmation, "Method")},
		row{"SAML-104-second", "a second bearer confirmation, for somebody else", signed(func(doc *etree.Document, o *Options) {
			other := at(doc, confirmation).Copy()
			other.SelectElement("saml:SubjectConfirmationData").CreateAttr("Recipient", o.OtherACS)
			insertAfter(at(doc, confirmation), other)
		})},
	)
}

// addressScenarios are about Recipient and Destination.
func addressScenarios() []Scenario {
	recipient := func(change func(string) string) func(*Options, *Tools) {
		return assigned(confirmationData, "Recipient", func(o *Options) string { return change(o.ACS) })
	}
	destination := func(change func(string) string) func(*Options, *Tools) {
		return assigned("/Response", "Destination", func(o *Options) string { return change(o.ACS) })
	}
	list := refused(allModes(),
		row{"SAML-105", "Recipient of another service provider", assigned(confirmationData, "Recipient", func(o *Options) string { return o.OtherACS })},
		row{"SAML-106-missing", "no Recipient", bareOf(confirmationData, "Recipient")},
		row{"SAML-106-empty", "an empty Recipient", recipient(func(string) string { return "" })},
		row{"SAML-107", "no Destination", bareOf("/Response", "Destination")},
		row{"SAML-107-empty", "an empty Destination", destination(func(string) string { return "" })},
		row{"SAML-107-other", "Destination of another service provider", assigned("/Response", "Destination", func(o *Options) string { return o.OtherACS })},
		row{"SAML-108", "Destination as a path", destination(func(acs string) string {
			u, err := url.Parse(acs)
			if err != nil {
				return "/"
			}
			return u.EscapedPath()
		})},
	)
	for _, variant := range []struct {
		id, title string
		change    func(string) string
	}{
		{"prefix", "that begins with ours", func(s string) string { return s + "/more" }},
		{"shorter", "that ours begins with", func(s string) string { return s[:len(s)-1] }},
		{"case", "in capitals", strings.ToUpper},
		{"slash", "with a slash at the end", func(s string) string { return s + "/" }},
		{"query", "with a query", func(s string) string { return s + "?x=y" }},
		{"fragment", "with a fragment", func(s string) string { return s + "#x" }},
		{"space", "with a space", func(s string) string { return s + " " }},
		{"port", "with the default port", withPort},
	} {
		list = append(list, refused(allModes(),
			row{"SAML-106-" + variant.id, "a Recipient " + variant.title, recipient(variant.change)},
			row{"SAML-108-" + variant.id, "a Destination " + variant.title, destination(variant.change)},
		)...)
	}
	return list
}

func withPort(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Port() != "" {
		return strings.Replace(s, "://", "://user@", 1)
	}
	u.Host += map[string]string{"http": ":80"}[u.Scheme]
	if u.Scheme == "https" {
		u.Host += ":443"
	}
	return u.String()
}

// requestedScenarios are about the request that a response answers.
func requestedScenarios() []Scenario {
	unsolicited := func(o *Options, _ *Tools) { o.InResponseTo = "" }
	both := func(value func(*Options) string) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) { o.InResponseTo = value(o) }
	}
	list := refused(allModes(),
		row{"SAML-137", "a response that nobody asked for", unsolicited},
		row{"SAML-137-data", "no InResponseTo in SubjectConfirmationData", bareOf(confirmationData, "InResponseTo")},
		row{"SAML-137-response", "no InResponseTo in the response", bareOf("/Response", "InResponseTo")},
		row{"SAML-137-empty", "an empty InResponseTo", signed(func(doc *etree.Document, _ *Options) {
			doc.Root().CreateAttr("InResponseTo", "")
			at(doc, confirmationData).CreateAttr("InResponseTo", "")
		})},
		row{"SAML-138", "InResponseTo of another request", both(func(o *Options) string { return o.OtherRequest })},
		row{"SAML-138-data", "SubjectConfirmationData answers another request", assigned(confirmationData, "InResponseTo", func(o *Options) string {
			return o.OtherRequest
		})},
	)
	return append(list, under(FromProvider, append(
		scenarios(Accept, allModes(), row{"SAML-142", "a response that nobody asked for, where that is allowed", unsolicited}),
		refused(allModes(), row{"SAML-143", "a response to a request that nobody knows", both(func(o *Options) string { return o.OtherRequest })})...,
	))...)
}

// sessionScenarios are about the sign-in that the assertion speaks of.
func sessionScenarios() []Scenario {
	list := refused(allModes(),
		row{"SAML-130-past", "SessionNotOnOrAfter has passed", func(o *Options, _ *Tools) { o.SessionNotOnOrAfter = o.Now.Add(-10 * time.Minute) }},
		row{"SAML-130-statement", "no AuthnStatement", removed(authnStatement)},
	)
	list = append(list, scenarios(Accept, allModes(),
		row{"SAML-130", "SessionNotOnOrAfter in ten minutes", func(o *Options, _ *Tools) { o.SessionNotOnOrAfter = o.Now.Add(10 * time.Minute) }})...)
	list = append(list, under(ForcedSignIn, refused(allModes(),
		row{"SAML-131", "the person signed in three days ago", func(o *Options, _ *Tools) { o.AuthnInstant = o.Now.Add(-72 * time.Hour) }},
		row{"SAML-131-missing", "no word of when the person signed in", bareOf(authnStatement, "AuthnInstant")}))...)
	return append(list, under(StrongSignIn, append(refused(allModes(),
		row{"SAML-132", "a password where more is demanded", func(o *Options, _ *Tools) { o.AuthnContext = PasswordContext }},
		row{"SAML-132-missing", "no word of how the person signed in", removed(authnStatement + "/AuthnContext")},
	), scenarios(Accept, allModes(),
		row{"SAML-132-strong", "what is demanded", func(o *Options, _ *Tools) { o.AuthnContext = MFAContext }})...))...)
}
