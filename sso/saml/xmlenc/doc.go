// Package xmlenc decrypts the assertions that a provider encrypted for us.
//
// Whoever knows our certificate can encrypt, so that something decrypts proves nothing about who wrote it: the plaintext goes through
// package strict and then through package xmlsig like any document. And since strangers choose the ciphertext, every failure is the
// same error after the same work, lest the difference answers questions about the plaintext.
//
// Accepted are RSA-OAEP to transport the key and AES-GCM for the data. RSA with PKCS#1 v1.5 padding, DES and plain key wrapping are
// refused before a private key is touched. AES-CBC has no authentication, so a ciphertext can be altered and tried again: allow it
// only below a signature of the whole response that was verified before.
package xmlenc
