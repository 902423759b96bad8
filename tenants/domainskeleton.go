package tenants

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// likeness lists characters that pass for the ASCII text before them. It is an excerpt of the confusables of UTS 39 (those that a domain
// name can have and that look like something a domain name has), with a few that only a small font confuses.
var likeness = map[string]string{
	"a": "аαɑᴀа", "b": "ьвβʙƅɓ", "c": "сϲςᴄƈ", "d": "ԁᴅđɗժ", "e": "еєεᴇҽ", "f": "ꜰƒſ", "g": "ɡɢցġǥ", "h": "һнհʜħ", "i": "іιıɩɪ",
	"j": "јϳյᴊ", "k": "кκᴋĸƙ", "l": "1łʟӏǀוןا丨ㅣլ", "m": "мᴍ", "n": "пηոռɴƞ", "o": "0оοσօᴏøסه〇ㅇ", "p": "рρᴘƿք", "q": "ԛզɋ",
	"r": "гʀɼ", "s": "ѕꜱƽ", "t": "тτᴛŧ", "u": "υսᴜμц", "v": "νѵᴠ", "w": "ԝωѡᴡ", "x": "хχ", "y": "уγʏყ", "z": "ᴢƶ", "-": "ㅡ一ー",
	"ae": "æ", "oe": "œ", "ss": "ß",
}

// prototypes is likeness turned around.
var prototypes = func() map[rune]string {
	of := map[rune]string{}
	for ascii, alike := range likeness {
		for _, r := range alike {
			of[r] = ascii
		}
	}
	return of
}()

// sequences are letters that run together into another one.
var sequences = strings.NewReplacer("rn", "m", "vv", "w")

// skeleton is what a name looks like, after UTS 39, section 4: two names that people take for each other have the same. It is to be
// compared and never shown.
func skeleton(domain string) string {
	u, err := idna.Registration.ToUnicode(domain)
	if err != nil {
		u = domain
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(u) {
		if ascii, ok := prototypes[r]; ok {
			b.WriteString(ascii)
		} else {
			b.WriteRune(r)
		}
	}
	return sequences.Replace(b.String())
}

// looksPublic says that a name, or the registered name above it, passes for a domain of [publicMail]. Here accents do not count either.
func looksPublic(domain string) bool {
	names := []string{domain}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil && registered != domain {
		names = append(names, registered)
	}
	for _, name := range names {
		if publicMail[name] { // itself, or below it, which is no likeness
			continue
		}
		like := bare(skeleton(name))
		for mail := range publicMail {
			if bare(skeleton(mail)) == like {
				return true
			}
		}
	}
	return false
}

// bare takes the marks from letters that NFD has taken apart.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, s)
}
