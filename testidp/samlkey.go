package testidp

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// samlKeys are made when they are first needed: an RSA key takes long, and most providers of tests never sign XML.
type samlKeys struct {
	signing   []*samlforge.Key // newest first; the first signs
	announced *samlforge.Key   // in the metadata, but not in use yet
	metadata  *samlforge.Key
}

func (p *Provider) newSAMLKey() (*samlforge.Key, error) {
	now := p.now()
	return samlforge.NewKey(p.samlKind, now.Add(-time.Hour), now.AddDate(3, 0, 0))
}

// SAMLKey is the key that signs assertions now.
func (p *Provider) SAMLKey() (*samlforge.Key, error) {
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	if len(p.samlKeys.signing) == 0 {
		key, err := p.newSAMLKey()
		if err != nil {
			return nil, err
		}
		p.samlKeys.signing = []*samlforge.Key{key}
	}
	return p.samlKeys.signing[0], nil
}

// SetSAMLKey makes a key of the caller's the one that signs, and the only one in the metadata.
func (p *Provider) SetSAMLKey(key *samlforge.Key) {
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	p.samlKeys.signing, p.samlKeys.announced = []*samlforge.Key{key}, nil
}

// AnnounceSAMLKey puts the next key into the metadata. RotateSAML will use it.
func (p *Provider) AnnounceSAMLKey() (*samlforge.Key, error) {
	key, err := p.newSAMLKey()
	if err != nil {
		return nil, fmt.Errorf("announce key: %w", err)
	}
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	p.samlKeys.announced = key
	return key, nil
}

// RotateSAML signs with the announced key, or else with a new one. The old ones stay in the metadata unless drop is set.
func (p *Provider) RotateSAML(drop bool) error {
	if _, err := p.SAMLKey(); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	fresh, err := p.newSAMLKey()
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	if p.samlKeys.announced != nil {
		fresh, p.samlKeys.announced = p.samlKeys.announced, nil
	}
	if drop {
		p.samlKeys.signing = nil
	}
	p.samlKeys.signing = append([]*samlforge.Key{fresh}, p.samlKeys.signing...)
	return nil
}

// MetadataKey is the key that signs the metadata of an issuer with SignedMetadata.
func (p *Provider) MetadataKey() (*samlforge.Key, error) {
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	if p.samlKeys.metadata == nil {
		key, err := p.newSAMLKey()
		if err != nil {
			return nil, err
		}
		p.samlKeys.metadata = key
	}
	return p.samlKeys.metadata, nil
}

// published are the keys in the metadata.
func (p *Provider) published() ([]*samlforge.Key, error) {
	if _, err := p.SAMLKey(); err != nil {
		return nil, err
	}
	p.samlMu.Lock()
	defer p.samlMu.Unlock()
	keys := slices.Clone(p.samlKeys.signing)
	if p.samlKeys.announced != nil {
		keys = append(keys, p.samlKeys.announced)
	}
	return keys, nil
}
