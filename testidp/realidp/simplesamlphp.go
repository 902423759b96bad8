package realidp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// SimpleSAMLphp is administered by the files that its configuration, hack/idps/simplesamlphp, reads at each request.

func (p *SAML) registerSimpleSAMLphp(_ context.Context, _ string, party Party) error {
	if party.Encrypt != "" && party.Encrypt != AES128CBC {
		return errors.New("SimpleSAMLphp encrypts by AES-128-CBC only") // written down in EncryptedAssertion::setAssertion
	}
	var entity struct {
		ID string `xml:"entityID,attr"`
	}
	if err := xml.Unmarshal(party.Metadata, &entity); err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	algorithm := map[Hash]string{
		SHA1:   "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
		SHA256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		SHA512: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	}[party.Hash]
	options := map[string]any{
		"saml20.sign.assertion": party.Sign == SignBoth || party.Sign == SignAssertion,
		"saml20.sign.response":  party.Sign == SignBoth || party.Sign == SignResponse,
		"assertion.encryption":  party.Encrypt != "",
		"signature.algorithm":   algorithm,
		"validate.authnrequest": party.SignedRequests,
	}
	if party.NameID != "" {
		options["NameIDFormat"] = party.NameID
	}
	name := sha256.Sum256([]byte(entity.ID))
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write(filepath.Join("sps", hex.EncodeToString(name[:])+".json"),
		map[string]any{"metadata": string(party.Metadata), "options": options})
}

func (p *SAML) setSimpleSAMLphpPerson(_ context.Context, _ string, who Person) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	people := map[string]map[string][]string{}
	if err := p.read("users.json", &people); err != nil {
		return err
	}
	people[who.Login] = who.Attributes
	if who.Attributes == nil {
		people[who.Login] = map[string][]string{}
	}
	return p.write("users.json", people)
}

// rollover is keys.json: names of files in cert.
type rollover struct {
	Signing string `json:"signing"`
	Next    string `json:"next,omitempty"`
}

func (p *SAML) publishSimpleSAMLphp(_ context.Context, _ string, next keyPair) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys rollover
	if err := p.read("keys.json", &keys); err != nil {
		return err
	}
	number, err := strconv.Atoi(keys.Signing)
	if err != nil {
		return err
	}
	keys.Next = strconv.Itoa(number + 1)
	file := filepath.Join(p.state, "cert", keys.Next)
	if err := os.WriteFile(file+".key", next.key, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(file+".crt", next.certificate, 0o600); err != nil {
		return err
	}
	return p.write("keys.json", keys)
}

func (p *SAML) switchSimpleSAMLphp(context.Context, string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys rollover
	if err := p.read("keys.json", &keys); err != nil {
		return err
	}
	if keys.Next == "" {
		return errors.New("no key was published")
	}
	return p.write("keys.json", rollover{Signing: keys.Next})
}

func (p *SAML) read(name string, out any) error {
	data, err := os.ReadFile(filepath.Join(p.state, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, out)
}

// write replaces a file at once: a request may be reading it.
func (p *SAML) write(name string, in any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	path := filepath.Join(p.state, name)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
