package console

import "github.com/seed-2a059015/gatehouse/sso"

// testedPage tells an administrator what a trial of a connection found.
type testedPage struct {
	Issuer, Subject, Email, Name string
	Verified                     bool
}

func (testedPage) frame() frame {
	return frame{file: "tested", title: "The connection works", narrow: true}
}

func testedPageOf(i sso.Identity) testedPage {
	return testedPage{Issuer: i.Issuer, Subject: i.Subject, Email: i.Email, Name: i.Name, Verified: i.EmailVerified}
}
