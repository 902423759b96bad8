package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

func (a *API) refetchMetadata(ctx context.Context, in connectionIn) (sso.Refetched, error) {
	return a.SignIn.Refetch(ctx, in.Connection)
}

func (a *API) refreshMetadata(ctx context.Context, tx *db.TenantTx, _ connectionIn, f sso.Refetched) (connectionOut, error) {
	c, err := a.SignIn.Refresh(ctx, tx, f)
	return a.shown(ctx, tx, c, err)
}

type addCertificatesIn struct {
	Connection   id.Connection `path:"connection" json:"-"`
	Certificates string        `json:"certificates" doc:"Signing certificates of the provider, PEM or base64, at most five"`
}

func (a *API) addCertificates(ctx context.Context, tx *db.TenantTx, in addCertificatesIn) (connectionOut, error) {
	c, err := a.SignIn.AddCertificates(ctx, tx, in.Connection, in.Certificates)
	return a.shown(ctx, tx, c, err)
}

type certificateIn struct {
	Connection  id.Connection `path:"connection" json:"-"`
	Fingerprint string        `path:"fingerprint" json:"-" doc:"SHA-256 of the certificate, in hex"`
}

func (a *API) approveCertificate(ctx context.Context, tx *db.TenantTx, in certificateIn) (connectionOut, error) {
	c, err := a.SignIn.ApproveCertificate(ctx, tx, in.Connection, in.Fingerprint)
	return a.shown(ctx, tx, c, err)
}

func (a *API) removeCertificate(ctx context.Context, tx *db.TenantTx, in certificateIn) (connectionOut, error) {
	c, err := a.SignIn.RemoveCertificate(ctx, tx, in.Connection, in.Fingerprint)
	return a.shown(ctx, tx, c, err)
}
