package tenants

import "golang.org/x/net/publicsuffix"

// anybodys says that strangers can have an address at a domain, or register names under it (co.uk, github.io).
func anybodys(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain || publicMail[domain]
}

// publicMail are domains of mail providers. Whoever held one would receive the sign-ins of all their customers.
var publicMail = map[string]bool{
	"126.com": true, "139.com": true, "163.com": true, "alice.it": true, "aol.com": true, "aol.de": true, "arcor.de": true,
	"att.net": true, "bellsouth.net": true, "bigpond.com": true, "bk.ru": true, "bluewin.ch": true, "blueyonder.co.uk": true,
	"bol.com.br": true, "btinternet.com": true, "charter.net": true, "comcast.net": true, "cox.net": true, "daum.net": true,
	"duck.com": true, "earthlink.net": true, "email.com": true, "fastmail.com": true, "fastmail.fm": true, "foxmail.com": true,
	"free.fr": true, "freenet.de": true, "gmail.com": true, "gmx.at": true, "gmx.ch": true, "gmx.com": true, "gmx.de": true,
	"gmx.fr": true, "gmx.net": true, "googlemail.com": true, "guerrillamail.com": true, "hanmail.net": true, "hey.com": true,
	"hotmail.co.uk": true, "hotmail.com": true, "hotmail.de": true, "hotmail.es": true, "hotmail.fr": true, "hotmail.it": true,
	"hushmail.com": true, "icloud.com": true, "inbox.ru": true, "interia.pl": true, "juno.com": true, "laposte.net": true,
	"libero.it": true, "list.ru": true, "live.co.uk": true, "live.com": true, "live.de": true, "live.fr": true,
	"live.nl": true, "mac.com": true, "mail.com": true, "mail.ru": true, "mailbox.org": true, "mailinator.com": true,
	"me.com": true, "msn.com": true, "naver.com": true, "neuf.fr": true, "ntlworld.com": true, "o2.pl": true, "onet.pl": true,
	"onmicrosoft.com": true, "orange.fr": true, "outlook.com": true, "outlook.de": true, "outlook.fr": true, "pm.me": true,
	"posteo.de": true, "proton.me": true, "protonmail.ch": true, "protonmail.com": true, "qq.com": true, "rambler.ru": true,
	"rediffmail.com": true, "rocketmail.com": true, "sbcglobal.net": true, "seznam.cz": true, "sfr.fr": true, "sina.cn": true,
	"sina.com": true, "sky.com": true, "sohu.com": true, "t-online.de": true, "telenet.be": true, "terra.com.br": true,
	"tin.it": true, "tiscali.it": true, "tuta.io": true, "tutanota.com": true, "tutanota.de": true, "uol.com.br": true,
	"verizon.net": true, "virgilio.it": true, "virginmedia.com": true, "wanadoo.fr": true, "web.de": true, "wp.pl": true,
	"ya.ru": true, "yahoo.ca": true, "yahoo.co.in": true, "yahoo.co.jp": true, "yahoo.co.uk": true, "yahoo.com": true,
	"yahoo.com.br": true, "yahoo.de": true, "yahoo.es": true, "yahoo.fr": true, "yahoo.in": true, "yahoo.it": true,
	"yandex.com": true, "yandex.ru": true, "yeah.net": true, "ymail.com": true, "yopmail.com": true, "ziggo.nl": true,
	"zoho.com": true,
}
