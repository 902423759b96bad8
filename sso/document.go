package sso

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Document is what a provider sent for an attempt: the payload of an ID token, or a SAML response.
type Document struct {
	AttemptID id.Attempt `gorm:"primaryKey"`
	Kind      string
	Sealed    []byte    `json:"-"` // compressed, then encrypted
	Size      int64     // of the text
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	Text      []byte    `gorm:"-" json:"-"`
}

// TableName implements GORM's Tabler.
func (Document) TableName() string { return "attempt_documents" }

// How much of what providers send is kept, and for how long. A tenant's newest documents push out its oldest.
const (
	keepDocuments     = 7 * 24 * time.Hour
	maxDocument       = 1 << 20
	maxDocuments      = 1000
	maxDocumentsBytes = 64 << 20
)

// keepDocument stores what came back for an attempt that was refused or a test. Of sign-ins that went well nothing is kept: nobody will ask
// why, and it is about a person. Nothing is kept for the installation either: it has no owners.
func (s *SignIn) keepDocument(ctx context.Context, tx *db.TenantTx, b back) error {
	trail := b.attempt.Trail
	if trail == nil || len(trail.Document) == 0 || len(trail.Document) > maxDocument || tx.Tenant == id.Installation {
		return nil
	}
	packed, err := pack(trail.Document)
	if err != nil {
		return err
	}
	d := Document{AttemptID: b.record.ID, Kind: trail.Kind, Size: int64(len(trail.Document)), CreatedAt: tx.Now}
	if d.Sealed, err = s.keyring.Seal(packed, documentAt(tx.Tenant, d.AttemptID)); err != nil {
		return fmt.Errorf("seal the document of attempt %s: %w", d.AttemptID, err)
	}
	if err := db.Of[Document](tx.DB).Create(ctx, &d); err != nil {
		return fmt.Errorf("keep the document of attempt %s: %w", d.AttemptID, err)
	}
	err = tx.DB.WithContext(ctx).Exec(`DELETE FROM attempt_documents d USING (
		SELECT attempt_id, row_number() OVER newest AS n, sum(size) OVER newest AS bytes FROM attempt_documents WHERE tenant_id = @tenant
		WINDOW newest AS (ORDER BY created_at DESC, attempt_id DESC)) k
		WHERE d.tenant_id = @tenant AND d.attempt_id = k.attempt_id AND (k.n > @most OR k.bytes > @bytes)`,
		map[string]any{"tenant": tx.Tenant, "most": maxDocuments, "bytes": maxDocumentsBytes}).Error
	if err != nil {
		return fmt.Errorf("drop the oldest documents: %w", err)
	}
	return nil
}

// OpenDocument shows what came back for an attempt. It is for owners alone, who hear of it by an event.
func (s *SignIn) OpenDocument(ctx context.Context, tx *db.TenantTx, a id.Attempt) (Document, error) {
	if p := authn.From(ctx); p.Kind != authn.Member || rbac.Role(p.Role) != rbac.Owner {
		return Document{}, tenants.ErrOwnerRequired
	}
	d, err := db.Of[Document](tx.DB).Where("attempt_id = ?", a).First(ctx)
	if db.IsMissing(err) || err == nil && tx.Now.Sub(d.CreatedAt) > keepDocuments {
		return Document{}, errs.NotFound("document")
	}
	if err != nil {
		return Document{}, fmt.Errorf("load the document of attempt %s: %w", a, err)
	}
	if d.Text, err = s.textOf(tx.Tenant, d); err != nil {
		return Document{}, err
	}
	return d, events.Record(ctx, tx, events.DocumentOpened, a, events.Data{"kind": d.Kind, "size": d.Size})
}

// HasDocument says whether what came back for an attempt is still kept.
func HasDocument(ctx context.Context, tx *db.TenantTx, a id.Attempt) (bool, error) {
	n, err := db.Of[Document](tx.DB).Where("attempt_id = ? AND created_at > ?", a, tx.Now.Add(-keepDocuments)).Count(ctx, "attempt_id")
	if err != nil {
		return false, fmt.Errorf("look for the document of attempt %s: %w", a, err)
	}
	return n > 0, nil
}

// PruneDocuments deletes documents of all tenants that are older than a week.
func PruneDocuments(ctx context.Context, sys *db.SystemTx) (int64, error) {
	done := sys.DB.WithContext(ctx).Exec("DELETE FROM attempt_documents WHERE created_at < ?", sys.Now.Add(-keepDocuments))
	if done.Error != nil {
		return 0, fmt.Errorf("prune documents: %w", done.Error)
	}
	return done.RowsAffected, nil
}

func documentAt(tenant id.Tenant, a id.Attempt) secret.AAD {
	return secret.AAD{Table: "attempt_documents", Row: a.String(), Tenant: tenant.String()}
}

func pack(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("compress a document: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("compress a document: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress a document: %w", err)
	}
	return b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxDocument))
	if err != nil {
		return nil, fmt.Errorf("decompress a document: %w", err)
	}
	return text, nil
}
