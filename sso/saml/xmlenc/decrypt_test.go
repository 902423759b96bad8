package xmlenc_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlenc"
)

func TestDecrypt_Algorithms(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	const (
		sha1Digest   = `<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>`
		sha256Digest = `<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>`
		sha1Mask     = `<m:MGF xmlns:m="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha1"/>`
		sha256Mask   = `<m:MGF xmlns:m="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>`
	)
	transports := []struct {
		name, params string
		digest, mask crypto.Hash
	}{
		{mgf1p, "", crypto.SHA1, crypto.SHA1},
		{mgf1p, sha1Digest, crypto.SHA1, crypto.SHA1},
		{mgf1p, sha256Digest, crypto.SHA256, crypto.SHA1},
		{oaep11, "", crypto.SHA1, crypto.SHA1},
		{oaep11, sha256Digest, crypto.SHA256, crypto.SHA1},
		{oaep11, sha1Digest + sha1Mask, crypto.SHA1, crypto.SHA1},
		{oaep11, sha256Digest + sha256Mask, crypto.SHA256, crypto.SHA256},
	}
	for cipher, size := range map[string]int{gcm128: 16, gcm192: 24, gcm256: 32, cbc128: 16, cbc256: 32} {
		for _, transport := range transports {
			session := random(t, size)
			m := message{
				cipher: cipher, transport: transport.name, params: transport.params,
				key: wrapWith(t, key, session, &rsa.OAEPOptions{Hash: transport.digest, MGFHash: transport.mask}),
			}
			cbc := strings.HasSuffix(cipher, "cbc")
			if cbc {
				m.data = chain(t, session, pad(t, plain))
			} else {
				m.data = seal(t, session, plain)
			}
			el := parse(t, m.write())
			got, err := xmlenc.Decrypt(el, []*rsa.PrivateKey{newKey(t), key}, xmlenc.Policy{AllowCBC: cbc})
			if err != nil || string(got) != plain {
				t.Errorf("Decrypt(%s, %s %q) = %q, %v", cipher, transport.name, transport.params, got, err)
			}
			if by, with := xmlenc.Methods(el); by != transport.name || with != cipher {
				t.Errorf("Methods = %q, %q", by, with)
			}
			if !cbc {
				continue
			}
			if _, err := xmlenc.Decrypt(el, []*rsa.PrivateKey{key}, xmlenc.Policy{}); err != xmlenc.ErrDecrypt { //nolint:errorlint // the very same
				t.Errorf("Decrypt(%s) without leave = %v", cipher, err)
			}
		}
	}
}

func TestDecrypt_PlacesOfTheKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	m := sealed(t, key, plain)
	reference := `<ds:RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="#_k"/>`
	for name, doc := range map[string]string{
		"in KeyInfo":                m.write(),
		"data alone":                m.encryptedData(m.encryptedKey("")),
		"beside, with a reference":  around(m.encryptedData(reference) + m.encryptedKey(` Id="_k"`)),
		"beside, and before":        around(m.encryptedKey(` Id="_k"`) + m.encryptedData(reference)),
		"beside, without reference": around(m.encryptedData("") + m.encryptedKey("")),
		"in lines":                  strings.ReplaceAll(m.write(), "<xenc:CipherValue>", "<xenc:CipherValue>\n\t  "),
	} {
		if got, err := xmlenc.Decrypt(parse(t, doc), []*rsa.PrivateKey{key}, xmlenc.Policy{}); err != nil || string(got) != plain {
			t.Errorf("Decrypt(%s) = %q, %v", name, got, err)
		}
	}
}

func TestDecrypt_EveryFailureIsTheSame(t *testing.T) {
	t.Parallel()
	key, other := newKey(t), newKey(t)
	session := random(t, 16)
	honest := sealed(t, key, plain)
	data := func(cipher string, data []byte) string {
		size := map[string]int{gcm256: 32, cbc256: 32}[cipher]
		s := session
		if size == 32 {
			s = append(bytes.Clone(session), session...)
		}
		return message{cipher: cipher, data: data, transport: mgf1p, key: wrap(t, key, s)}.write()
	}
	padding := func(last byte) []byte {
		block := random(t, 32)
		block[31] = last
		return chain(t, session, block)
	}
	flipped := honest
	flipped.data = bytes.Clone(honest.data)
	flipped.data[20] ^= 1
	pkcs1, err := rsa.EncryptPKCS1v15(rand.Reader, &key.PublicKey, session) //nolint:staticcheck // what must be refused
	if err != nil {
		t.Fatal(err)
	}
	v15 := message{cipher: gcm128, data: seal(t, session, plain), transport: "http://www.w3.org/2001/04/xmlenc#rsa-1_5", key: pkcs1}
	with := func(old, replacement string) string {
		doc := honest.write()
		if !strings.Contains(doc, old) {
			t.Fatalf("there is no %q in the message", old)
		}
		return strings.Replace(doc, old, replacement, 1)
	}
	wrapped := base64.StdEncoding.EncodeToString(honest.key)
	label := `<xenc:OAEPparams>AAAA</xenc:OAEPparams></xenc:EncryptionMethod><xenc:CipherData>`
	tests := map[string]string{
		"SAML_080_CBCNotInBlocks":         data(cbc128, random(t, 17)),
		"SAML_080_CBCWithoutBlock":        data(cbc128, random(t, 16)),
		"SAML_080_CBCEmpty":               data(cbc128, nil),
		"SAML_081_GCMShorterThanNonce":    data(gcm128, random(t, 5)),
		"SAML_081_GCMWithoutTag":          data(gcm128, random(t, 27)),
		"SAML_081_GCMOnlyTag":             data(gcm128, random(t, 28)),
		"SAML_082_TripleDES":              data("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", random(t, 8)),
		"SAML_082_NoCipher":               data("", random(t, 32)),
		"SAML_083_Blank":                  data(gcm128, seal(t, session, " ")),
		"SAML_083_Empty":                  data(gcm128, seal(t, session, "")),
		"SAML_084_PaddingZero":            data(cbc128, padding(0)),
		"SAML_084_PaddingTooLong":         data(cbc128, padding(17)),
		"SAML_084_PaddingFarTooLong":      data(cbc128, padding(255)),
		"SAML_084_OnlyPadding":            data(cbc128, chain(t, session, bytes.Repeat([]byte{16}, 16))),
		"SAML_084_ChangedGCM":             flipped.write(),
		"SAML_085_PKCS1v15":               v15.write(),
		"SAML_085_KeyOfAnotherLength":     message{cipher: gcm256, data: seal(t, session, plain), transport: mgf1p, key: wrap(t, key, session)}.write(),
		"SAML_085_KeyTooLong":             message{cipher: gcm128, data: seal(t, session, plain), transport: mgf1p, key: wrap(t, key, append(bytes.Clone(session), 0))}.write(),
		"SAML_085_EmptyKey":               message{cipher: gcm128, data: seal(t, session, plain), transport: mgf1p, key: wrap(t, key, nil)}.write(),
		"SAML_085_ChangedKey":             message{cipher: gcm128, data: seal(t, session, plain), transport: mgf1p, key: random(t, 256)}.write(),
		"SAML_085_ShortKey":               message{cipher: gcm128, data: seal(t, session, plain), transport: mgf1p, key: random(t, 3)}.write(),
		"SAML_085_LongKey":                message{cipher: gcm128, data: seal(t, session, plain), transport: mgf1p, key: random(t, 257)}.write(),
		"to somebody else":                sealed(t, other, plain).write(),
		"digest SHA-512":                  with(`mgf1p"></`, `mgf1p"><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/></`),
		"digest MD5 in the new OAEP":      with(mgf1p+`"></`, oaep11+`"><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="md5"/></`),
		"mask SHA-512":                    with(mgf1p+`"></`, oaep11+`"><m:MGF xmlns:m="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha512"/></`),
		"mask in the old OAEP":            with(`mgf1p"></`, `mgf1p"><m:MGF xmlns:m="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha1"/></`),
		"label":                           with(`</xenc:EncryptionMethod><xenc:CipherData>`, label),
		"symmetric key wrap":              with(mgf1p, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
		"two keys":                        around(honest.encryptedData(honest.encryptedKey("") + honest.encryptedKey(""))),
		"key in both places":              around(honest.encryptedData(honest.encryptedKey("")) + honest.encryptedKey("")),
		"no key":                          around(honest.encryptedData("")),
		"reference to another key":        around(honest.encryptedData(`<ds:RetrievalMethod URI="#_x"/>`) + honest.encryptedKey(` Id="_k"`)),
		"two data":                        around(honest.encryptedData(honest.encryptedKey("")) + honest.encryptedData(honest.encryptedKey(""))),
		"no data":                         around(""),
		"content instead of element":      with("#Element", "#Content"),
		"no value":                        with("<xenc:CipherValue>"+wrapped+"</xenc:CipherValue>", ""),
		"value elsewhere":                 with("<xenc:CipherValue>"+wrapped+"</xenc:CipherValue>", `<xenc:CipherReference URI="http://127.0.0.1/"/>`),
		"value that is no base64":         with(wrapped, "?"),
		"foreign namespace":               strings.ReplaceAll(honest.write(), "http://www.w3.org/2001/04/xmlenc#\"", "urn:evil\""),
		"other element":                   `<a/>`,
		"plain assertion":                 plain,
		"algorithm with a prefix":         with(`EncryptionMethod Algorithm="`+gcm256, `EncryptionMethod xenc:Algorithm="`+gcm256),
		"SAML_084_CBCUnderTheWrongKey":    message{cipher: cbc128, data: chain(t, session, pad(t, plain)), transport: mgf1p, key: wrap(t, other, session)}.write(),
		"SAML_085_CBCUnderAnEmptyKeyWrap": message{cipher: cbc128, data: chain(t, session, pad(t, plain)), transport: mgf1p}.write(),
	}
	for name, doc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := xmlenc.Decrypt(parse(t, doc), []*rsa.PrivateKey{key}, xmlenc.Policy{AllowCBC: true})
			if err != xmlenc.ErrDecrypt || got != nil { //nolint:errorlint // the very same, with nothing around it
				t.Errorf("Decrypt = %q, %v", got, err)
			}
		})
	}
	if _, err := xmlenc.Decrypt(parse(t, honest.write()), nil, xmlenc.Policy{}); err != xmlenc.ErrDecrypt { //nolint:errorlint // the very same
		t.Errorf("Decrypt without keys = %v", err)
	}
}

// FuzzDecrypt looks for panics: crewjam's decryption had several, for anybody who knows the certificate.
func FuzzDecrypt(f *testing.F) {
	key := newKey(f)
	session := random(f, 16)
	wrapped := wrap(f, key, session)
	ciphers := []string{gcm128, cbc128, gcm256, cbc256}
	f.Add(uint8(0), seal(f, session, plain), wrapped)
	f.Add(uint8(1), chain(f, session, pad(f, plain)), wrapped)
	f.Add(uint8(1), []byte{1}, wrapped)
	f.Add(uint8(2), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, which uint8, data, wrapped []byte) {
		m := message{cipher: ciphers[int(which)%len(ciphers)], data: data, transport: mgf1p, key: wrapped}
		got, err := xmlenc.Decrypt(parse(t, m.write()), []*rsa.PrivateKey{key}, xmlenc.Policy{AllowCBC: true})
		if err != nil && (err != xmlenc.ErrDecrypt || got != nil) { //nolint:errorlint // the very same
			t.Errorf("Decrypt(%s, %x, %x) = %q, %v", m.cipher, data, wrapped, got, err)
		}
	})
}
