package xmlenc_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/seed-2a059015/gatehouse/sso/saml/xmlenc"
)

type vectors struct {
	TestGroups []struct {
		IVSize  int `json:"ivSize"`
		TagSize int `json:"tagSize"`
		Tests   []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Key     string `json:"key"`
			IV      string `json:"iv"`
			AAD     string `json:"aad"`
			Msg     string `json:"msg"`
			CT      string `json:"ct"`
			Tag     string `json:"tag"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

// TestSAML_081_Wycheproof runs the vectors of AES-GCM that fit XML Encryption: a nonce of 96 bits, a tag of 128, nothing beside.
func TestSAML_081_Wycheproof(t *testing.T) {
	t.Parallel()
	raw, err := fs.ReadFile(wycheproof.TestVectors, "aes_gcm_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	ciphers := map[int]string{16: gcm128, 24: gcm192, 32: gcm256}
	ran := 0
	for _, group := range v.TestGroups {
		if group.IVSize != 96 || group.TagSize != 128 {
			continue
		}
		for _, c := range group.Tests {
			session, text := unhex(t, c.Key), unhex(t, c.Msg)
			if c.AAD != "" || len(bytes.TrimSpace(text)) == 0 {
				continue
			}
			ran++
			m := message{
				cipher: ciphers[len(session)], transport: mgf1p, key: wrap(t, key, session),
				data: append(append(unhex(t, c.IV), unhex(t, c.CT)...), unhex(t, c.Tag)...),
			}
			got, err := xmlenc.Decrypt(parse(t, m.write()), []*rsa.PrivateKey{key}, xmlenc.Policy{})
			if valid := c.Result == "valid"; (err == nil) != valid || valid && !bytes.Equal(got, text) {
				t.Errorf("vector %d (%s, %s) = %x, %v", c.ID, c.Comment, c.Result, got, err)
			}
		}
	}
	if ran < 50 {
		t.Errorf("%d vectors ran", ran)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
