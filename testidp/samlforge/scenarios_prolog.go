package samlforge

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// prologScenarios are about what stands around the root, and about encodings.
func prologScenarios() []Scenario {
	prefix := func(s string) func(*Options, *Tools) { return rewritten(func(doc string) string { return s + doc }) }
	suffix := func(s string) func(*Options, *Tools) { return rewritten(func(doc string) string { return doc + s }) }
	instead := func(s string) func(*Options, *Tools) { return sent(func(string) string { return s }) }
	inName := func(s string) func(*Options, *Tools) {
		return rewritten(func(doc string) string { return strings.Replace(doc, "</saml:NameID>", s+"</saml:NameID>", 1) })
	}
	list := refused(allModes(),
		row{"SAML-062", "an element behind the root", suffix("<evil/>")},
		row{"SAML-062-text", "text behind the root", suffix("evil")},
		row{"SAML-062-comment", "a comment behind the root", suffix("<!-- evil -->")},
		row{"SAML-062-twice", "the whole document twice", rewritten(func(doc string) string { return doc + doc })},
		row{"SAML-063", "an element in front of the root", prefix("<evil/>")},
		row{"SAML-063-text", "text in front of the root", prefix("evil")},
		row{"SAML-064", "a processing instruction in front of the root", prefix(`<?xml-stylesheet type="text/xsl" href="x"?>`)},
		row{"SAML-065-utf16", "UTF-8 that calls itself UTF-16", prefix(`<?xml version="1.0" encoding="UTF-16"?>`)},
		row{"SAML-065-latin1", "UTF-8 that calls itself ISO-8859-1", prefix(`<?xml version="1.0" encoding="ISO-8859-1"?>`)},
		row{"SAML-065-utf7", "UTF-8 that calls itself UTF-7", prefix(`<?xml version="1.0" encoding="UTF-7"?>`)},
		row{"SAML-066-utf16", "UTF-16", rewritten(wide)},
		row{"SAML-066-utf7", "a NameID in UTF-7", rewritten(func(doc string) string {
			return `<?xml version="1.0" encoding="UTF-7"?>` + strings.NewReplacer("<", "+ADw-", ">", "+AD4-").Replace(doc)
		})},
		row{"SAML-066-nul", "a NUL in NameID", inName("\x00")},
		row{"SAML-066-nul-reference", "a reference to NUL in NameID", inName("&#0;")},
		row{"SAML-066-invalid", "invalid UTF-8 in NameID", inName("\xff\xfe")},
		row{"SAML-066-overlong", "an overlong sequence in NameID", inName("\xc0\xbc")},
		row{"SAML-066-surrogate", "a surrogate in NameID", inName("\xed\xa0\x80")},
		row{"SAML-067", "XML 1.1", prefix(`<?xml version="1.1"?>`)},
		row{"SAML-079-empty", "an empty document", instead("")},
		row{"SAML-079-comment", "a document that is a comment", instead("<!-- nothing -->")},
		row{"SAML-079-space", "a document of white space", instead(" \n\t ")},
		row{"SAML-079-text", "a document without XML", instead("hello")},
		row{"SAML-079-root", "an empty element", instead("<x/>")},
		row{"SAML-079-response", "an empty response", instead(`<samlp:Response xmlns:samlp="` + nsProtocol + `"/>`)},
		row{"SAML-079-truncated", "a document that ends early", rewritten(func(doc string) string { return doc[:len(doc)-len(doc)/8] })},
	)
	return append(list, scenarios(Accept, plainModes(),
		row{"SAML-066-bom", "a byte order mark", prefix("\ufeff")},
		row{"SAML-065-declared", "an XML declaration that tells the truth", prefix(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")},
	)...)
}

// wide is a text in UTF-16 with a byte order mark.
func wide(s string) string {
	out := []byte{0xfe, 0xff}
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.BigEndian.AppendUint16(out, unit)
	}
	return string(out)
}
