package sso

import "github.com/seed-2a059015/gatehouse/sso/guide"

// GuideValues are what guides and hints for a connection say to copy into the provider's screens. The slug is the tenant's; without one a
// sign-in starts where people name their address.
func (s *SignIn) GuideValues(c Connection, slug string) map[string]string {
	login := s.base + "/login"
	if slug != "" {
		login += "/" + slug
	}
	return map[string]string{
		guide.ACSURL: s.CallbackURL(c), guide.RedirectURI: s.CallbackURL(c), guide.EntityID: s.EntityID(c.ID),
		guide.MetadataURL: s.EntityID(c.ID), guide.SLOURL: s.LogoutURL(c.ID), guide.LoginURL: login,
	}
}
