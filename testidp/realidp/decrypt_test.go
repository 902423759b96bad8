package realidp_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha1" // the digest of RSA-OAEP in XML Encryption 1.0
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// decrypt opens an EncryptedData whose EncryptedKey is in or beside it.
func decrypt(tb testing.TB, key *rsa.PrivateKey, data *etree.Element) []byte {
	tb.Helper()
	wrapped := data.Parent().FindElement(".//EncryptedKey/CipherData/CipherValue")
	session, err := rsa.DecryptOAEP(sha1.New(), nil, key, octets(tb, wrapped), nil)
	if err != nil {
		tb.Fatalf("decrypt key: %v", err)
	}
	block, err := aes.NewCipher(session)
	if err != nil {
		tb.Fatalf("key of the assertion: %v", err)
	}
	text := octets(tb, data.FindElement("./CipherData/CipherValue"))
	if strings.HasSuffix(data.SelectElement("EncryptionMethod").SelectAttrValue("Algorithm", ""), "-cbc") {
		plain := make([]byte, len(text)-aes.BlockSize)
		cipher.NewCBCDecrypter(block, text[:aes.BlockSize]).CryptBlocks(plain, text[aes.BlockSize:])
		return plain[:len(plain)-int(plain[len(plain)-1])]
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatalf("GCM: %v", err)
	}
	plain, err := gcm.Open(nil, text[:gcm.NonceSize()], text[gcm.NonceSize():], nil)
	if err != nil {
		tb.Fatalf("decrypt assertion: %v", err)
	}
	return plain
}

// octets is base64 with the line breaks of XML.
func octets(tb testing.TB, el *etree.Element) []byte {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
	if err != nil {
		tb.Fatalf("decode %s: %v", el.Tag, err)
	}
	return raw
}

func parse(tb testing.TB, raw []byte) *etree.Element {
	tb.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		tb.Fatalf("parse %.200q: %v", raw, err)
	}
	return doc.Root()
}
