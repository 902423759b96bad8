// Package secret holds everything Gatehouse does with secret bytes, so that no other package touches a cipher.
//
//   - Text is a secret string that every printer shows as [redacted].
//   - Keyring seals secrets for a column. Each value has its own data key; the data key is wrapped by a named key
//     of the ring, and both ciphertexts are bound to the row that they belong to (AAD). Keys rotate by Rewrap.
//   - Credential is a token that names its tenant, so that looking it up never has to read across tenants.
//   - Pepper is a key for MACs: hashes at rest, cursors, derived successors. RootKey derives one per purpose.
//
// Nothing here falls back: what cannot be proven intact is an error.
package secret
