package guide

import "slices"

// Placeholders: the values of a connection that somebody copies into the provider's screens.
const (
	ACSURL      = "acs_url"      // assertion consumer service
	EntityID    = "entity_id"    // of this side
	MetadataURL = "metadata_url" // of this side
	SLOURL      = "slo_url"      // single logout service
	RedirectURI = "redirect_uri"
	LoginURL    = "login_url" // where a sign-in of the tenant starts
)

// Placeholders returns the names of all values that a guide may ask for.
func Placeholders() []string {
	return []string{ACSURL, EntityID, MetadataURL, SLOURL, RedirectURI, LoginURL}
}

func known(placeholder string) bool { return slices.Contains(Placeholders(), placeholder) }
