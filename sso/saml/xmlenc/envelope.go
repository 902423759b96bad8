package xmlenc

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // RSA-OAEP is safe with it, and it is the default of XML Encryption
	_ "crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
)

const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsCipher    = "http://www.w3.org/2001/04/xmlenc#"
	nsCipher11  = "http://www.w3.org/2009/xmlenc11#"
)

// envelope is what an encrypted element says, still encrypted.
type envelope struct {
	cipher string // URI
	data   []byte
	method *etree.Element // EncryptionMethod of the key
	key    []byte
}

// Methods returns the URIs of the algorithms that transport the key and encrypt the data, "" for what is not there. It is for the
// people who look after the connection, to whom [ErrDecrypt] tells nothing.
func Methods(el *etree.Element) (transport, cipher string) {
	e, ok := open(el)
	if !ok {
		return "", ""
	}
	return attribute(e.method, "Algorithm"), e.cipher
}

// open finds the parts of an encrypted element. There must be one EncryptedKey: in the KeyInfo of the data, or beside the data.
func open(el *etree.Element) (envelope, bool) {
	data := el
	var keys []*etree.Element
	if is(el, nsAssertion, "EncryptedAssertion") {
		if data = one(el, nsCipher, "EncryptedData"); data == nil {
			return envelope{}, false
		}
		keys = all(el, nsCipher, "EncryptedKey")
	}
	if !is(data, nsCipher, "EncryptedData") {
		return envelope{}, false
	}
	if kind := attribute(data, "Type"); kind != "" && kind != nsCipher+"Element" {
		return envelope{}, false
	}
	reference := ""
	if info := one(data, nsSignature, "KeyInfo"); info != nil {
		keys = append(keys, all(info, nsCipher, "EncryptedKey")...)
		if method := one(info, nsSignature, "RetrievalMethod"); method != nil {
			reference = attribute(method, "URI")
		}
	}
	if len(keys) != 1 || reference != "" && reference != "#"+attribute(keys[0], "Id") {
		return envelope{}, false
	}
	e := envelope{method: one(keys[0], nsCipher, "EncryptionMethod")}
	method := one(data, nsCipher, "EncryptionMethod")
	if e.method == nil || method == nil {
		return envelope{}, false
	}
	e.cipher = attribute(method, "Algorithm")
	var dataOK, keyOK bool
	e.data, dataOK = ciphertext(data)
	e.key, keyOK = ciphertext(keys[0])
	return e, dataOK && keyOK
}

// transport returns the parameters of RSA-OAEP, false for another way to transport a key. A label is refused: nobody uses one, and it
// would be chosen by a stranger.
func (e envelope) transport() (*rsa.OAEPOptions, bool) {
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if len(all(e.method, nsCipher, "OAEPparams")) > 0 {
		return nil, false
	}
	if digests := all(e.method, nsSignature, "DigestMethod"); len(digests) > 0 {
		hash, ok := map[string]crypto.Hash{
			nsSignature + "sha1": crypto.SHA1,
			nsCipher + "sha256":  crypto.SHA256,
		}[attribute(digests[0], "Algorithm")]
		if !ok || len(digests) > 1 {
			return nil, false
		}
		options.Hash = hash
	}
	masks := all(e.method, nsCipher11, "MGF")
	switch attribute(e.method, "Algorithm") {
	case nsCipher + "rsa-oaep-mgf1p": // whose mask is SHA-1, whatever the digest is
		return options, len(masks) == 0
	case nsCipher11 + "rsa-oaep":
		if len(masks) == 0 {
			return options, true
		}
		hash, ok := map[string]crypto.Hash{
			nsCipher11 + "mgf1sha1":   crypto.SHA1,
			nsCipher11 + "mgf1sha256": crypto.SHA256,
		}[attribute(masks[0], "Algorithm")]
		options.MGFHash = hash
		return options, ok && len(masks) == 1
	default:
		return nil, false
	}
}

// ciphertext returns what is in the CipherValue of an element.
func ciphertext(el *etree.Element) ([]byte, bool) {
	data := one(el, nsCipher, "CipherData")
	if data == nil {
		return nil, false
	}
	value := one(data, nsCipher, "CipherValue")
	if value == nil {
		return nil, false
	}
	text := strings.Join(strings.Fields(value.Text()), "")
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	return decoded, err == nil && len(decoded) > 0
}

func is(el *etree.Element, namespace, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == namespace
}

// all returns the children of a name.
func all(parent *etree.Element, namespace, tag string) []*etree.Element {
	var found []*etree.Element
	for _, child := range parent.ChildElements() {
		if is(child, namespace, tag) {
			found = append(found, child)
		}
	}
	return found
}

// one returns the only child of a name, nil if there are none or several.
func one(parent *etree.Element, namespace, tag string) *etree.Element {
	if found := all(parent, namespace, tag); len(found) == 1 {
		return found[0]
	}
	return nil
}

// attribute returns the attribute without a prefix, "" if there is none. etree's own search would take one with any prefix.
func attribute(el *etree.Element, key string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value
		}
	}
	return ""
}
