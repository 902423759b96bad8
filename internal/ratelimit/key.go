package ratelimit

import "encoding/hex"

// Key is what is counted together. It is a value and no text, so that asking costs no allocation.
type Key struct {
	What   string   // a row of a table, or a group of rows
	Tenant [16]byte // zero for what belongs to no tenant
	Who    [16]byte // a member or an API key; zero for the tenant as a whole
	Where  string   // an address, of somebody who is not known
}

// String is the key as a store outside of the process knows it.
func (k Key) String() string {
	return k.What + ":" + hex.EncodeToString(k.Tenant[:]) + ":" + hex.EncodeToString(k.Who[:]) + ":" + k.Where
}
