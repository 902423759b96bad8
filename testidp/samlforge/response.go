package samlforge

import (
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// Response is a response as the options want it; without hooks it is honest.
func Response(o Options) ([]byte, error) {
	if o.Key == nil {
		return nil, errors.New("response without a key")
	}
	o = o.filled()
	if o.Mode.encrypts() && o.Encryption.Cert == nil {
		return nil, errors.New("encrypted response without a certificate")
	}
	doc := honest(o)
	if o.BeforeSign != nil {
		o.BeforeSign(doc)
	}
	if o.Mode.signsAssertion() {
		for _, el := range doc.Root().SelectElements("saml:Assertion") {
			if err := sign(el, o.Key, o.Signing); err != nil {
				return nil, fmt.Errorf("sign assertion: %w", err)
			}
		}
	}
	if o.Mode.signsResponse() && !o.Mode.encrypts() {
		if err := sign(doc.Root(), o.Key, o.Signing); err != nil {
			return nil, fmt.Errorf("sign response: %w", err)
		}
	}
	if o.AfterSign != nil {
		o.AfterSign(doc)
	}
	if o.Mode.encrypts() {
		if err := conceal(doc, o); err != nil {
			return nil, err
		}
	}
	return o.serialize(doc)
}

// conceal encrypts the assertions and then signs the response, whose signature covers what is sent.
func conceal(doc *etree.Document, o Options) error {
	for _, el := range doc.Root().SelectElements("saml:Assertion") {
		plain, err := text(el)
		if err != nil {
			return err
		}
		if o.Text != nil {
			plain = o.Text(plain)
		}
		data, err := encrypt(plain, o.Encryption)
		if err != nil {
			return fmt.Errorf("encrypt assertion: %w", err)
		}
		replace(el, put(element("saml:EncryptedAssertion"), data))
	}
	if o.Mode.signsResponse() {
		if err := sign(doc.Root(), o.Key, o.Signing); err != nil {
			return fmt.Errorf("sign response: %w", err)
		}
	}
	return nil
}

func (o Options) serialize(doc *etree.Document) ([]byte, error) {
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	if o.Text != nil && !o.Mode.encrypts() {
		raw = o.Text(raw)
	}
	if o.Wire != nil {
		raw = o.Wire(raw)
	}
	return raw, nil
}

// text is an element as a document of its own.
func text(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	raw, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write element: %w", err)
	}
	return raw, nil
}

// Failure is an honest response that says no. The codes are those of the status, each below the one before it; the
// response is signed if the mode signs anything outside the assertion.
func Failure(o Options, message string, codes ...string) ([]byte, error) {
	change := o.BeforeSign
	o.BeforeSign = func(doc *etree.Document) {
		status := at(doc, "/Response/Status")
		drop(doc, "/Response/Status/StatusCode")
		drop(doc, "/Response/Assertion")
		parent := status
		for _, code := range codes {
			child := element("samlp:StatusCode", "Value", code)
			put(parent, child)
			parent = child
		}
		if message != "" {
			put(status, textual("samlp:StatusMessage", message))
		}
		if change != nil {
			change(doc)
		}
	}
	return Response(o)
}

// Reissue is the same assertion in another envelope: a response with a new ID. It breaks a signature of the response.
func Reissue(raw []byte) ([]byte, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	at(doc, "/Response").CreateAttr("ID", NewID())
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write response: %w", err)
	}
	return out, nil
}
