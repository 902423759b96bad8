package realidp

import (
	"context"
	"errors"
	"net/http"
	"time"
)

func (p *SAML) registerSamlp(ctx context.Context, tenant string, party Party) error {
	if party.Hash == SHA512 {
		return errors.New("samlp does not sign with SHA-512")
	}
	return p.admin(ctx, tenant, "sp", map[string]any{
		"metadata": string(party.Metadata), "sign": party.Sign, "encryption": party.Encrypt, "hash": party.Hash,
		"nameID": party.NameID, "signedRequests": party.SignedRequests,
	})
}

func (p *SAML) setSamlpPerson(ctx context.Context, tenant string, who Person) error {
	return p.admin(ctx, tenant, "user", map[string]any{"login": who.Login, "attributes": who.Attributes})
}

func (p *SAML) publishSamlp(ctx context.Context, tenant string, next keyPair) error {
	return p.admin(ctx, tenant, "publish", map[string]any{"key": string(next.key), "cert": string(next.certificate)})
}

func (p *SAML) switchSamlp(ctx context.Context, tenant string) error {
	return p.admin(ctx, tenant, "switch", map[string]any{})
}

// admin calls a control that hack/idps/samlp.mjs adds to samlp.
func (p *SAML) admin(ctx context.Context, tenant, what string, in any) error {
	return call(ctx, &http.Client{Timeout: 10 * time.Second}, http.MethodPost, p.base+"/admin/"+tenant+"/"+what, in, nil)
}
