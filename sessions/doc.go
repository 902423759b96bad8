// Package sessions keeps people signed in.
//
// A session is a row: one membership, how it was proven, from which device, until when. It hands out two tokens. The access token is a
// JWT of five minutes (ES256) that any instance, and any product that reads the JWKS, verifies without asking the database. The refresh
// token is opaque, names its tenant and session, is stored as a keyed hash, and is replaced each time it is used.
//
// A refresh token that comes back after it was replaced is theft or a copy, and ends the session with all its tokens: its "family". The
// one exception is a race between tabs of one browser: for a few seconds the token just replaced gives the same successor once more. The
// successor is derived from the token that asks for it, so nothing has to be stored to say it again.
//
// [Keys] holds the signing keys. A new key is published before it signs, and an old one is trusted until the tokens it signed are over.
package sessions
