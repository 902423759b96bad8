package xmlenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// block is a way to encrypt the data.
type block struct {
	keySize int
	cbc     bool
}

var ciphers = map[string]block{
	"http://www.w3.org/2009/xmlenc11#aes128-gcm":  {keySize: 16},
	"http://www.w3.org/2009/xmlenc11#aes192-gcm":  {keySize: 24},
	"http://www.w3.org/2009/xmlenc11#aes256-gcm":  {keySize: 32},
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc": {keySize: 16, cbc: true},
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc": {keySize: 32, cbc: true},
}

// Sizes of XML Encryption 1.1, 5.2.4: the nonce is before the ciphertext and the tag after it.
const (
	nonceSize = 12
	tagSize   = 16
)

// plausible reports whether data has a length that the cipher can give.
func (b block) plausible(data []byte) bool {
	if b.cbc {
		return len(data) >= 2*aes.BlockSize && len(data)%aes.BlockSize == 0
	}
	return len(data) >= nonceSize+tagSize
}

// decrypt returns the plaintext, and 1 if it is one. The data must be plausible.
func (b block) decrypt(key, data []byte) (plain []byte, authentic int) {
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, 0
	}
	if b.cbc {
		return unpad(c, data)
	}
	gcm, err := cipher.NewGCM(c)
	if err != nil {
		return nil, 0
	}
	plain, err = gcm.Open(nil, data[:nonceSize], data[nonceSize:], nil)
	if err != nil {
		return nil, 0
	}
	return plain, 1
}

// unpad decrypts CBC and takes the padding away, of which only the last byte means something (XML Encryption, 5.2.1). No branch
// depends on that byte until all is done.
func unpad(c cipher.Block, data []byte) (plain []byte, authentic int) {
	plain = make([]byte, len(data)-aes.BlockSize)
	cipher.NewCBCDecrypter(c, data[:aes.BlockSize]).CryptBlocks(plain, data[aes.BlockSize:])
	padding := int(plain[len(plain)-1])
	authentic = subtle.ConstantTimeLessOrEq(1, padding) & subtle.ConstantTimeLessOrEq(padding, aes.BlockSize)
	return plain[:len(plain)-subtle.ConstantTimeSelect(authentic, padding, 0)], authentic
}
