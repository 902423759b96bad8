package access

import (
	"context"
	"strconv"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
)

// ErrVersion refuses a version that was not given out here for the same tenant.
var ErrVersion = errs.New(errs.Invalid, "version_unknown", "This version was not given out here for this tenant.")

// VersionText is a version of a tenant as callers carry it. It is opaque and cannot be made up: versions say how busy a tenant is, and one of
// the future would have the database asked each time. It is empty if the Store has nothing to make it with.
func (s *Store) VersionText(tenant id.Tenant, version int64) string {
	if s.versions == nil {
		return ""
	}
	return s.versions.Encode(versionScope(tenant), []string{strconv.FormatInt(version, 10)})
}

// UserSince is User at a version of the tenant or later.
func (s *Store) UserSince(ctx context.Context, tenant id.Tenant, user id.User, version string) (*authn.Principal, error) {
	p, err := s.User(ctx, tenant, user)
	if p == nil {
		return nil, err
	}
	return s.Since(ctx, p, version)
}

func versionScope(tenant id.Tenant) page.Scope {
	return page.Scope{Tenant: tenant.String(), Query: "version"}
}

// promised reads what VersionText makes.
func (s *Store) promised(tenant id.Tenant, text string) (int64, error) {
	if s.versions == nil || text == "" {
		return 0, ErrVersion
	}
	position, err := s.versions.Decode(versionScope(tenant), text)
	if err != nil || len(position) != 1 {
		return 0, ErrVersion.Because(err)
	}
	version, err := strconv.ParseInt(position[0], 10, 64)
	if err != nil {
		return 0, ErrVersion.Because(err)
	}
	return version, nil
}

// Since looks again at a principal whom Session, Key or Member returned, and returns them as they were at a version of the tenant or later.
// The error is as there, or ErrVersion; if the database is needed and does not answer it is ErrStale.
func (s *Store) Since(ctx context.Context, p *authn.Principal, version string) (*authn.Principal, error) {
	promised, err := s.promised(p.Tenant, version)
	if err != nil {
		return nil, err
	}
	return since(ctx, s, p.Tenant, promised, func(known proof) (*authn.Principal, error) {
		switch {
		case !p.Session.IsZero():
			return s.session(ctx, known, p.Tenant, p.Session)
		case !p.Key.IsZero():
			return s.again(ctx, known, apiKey{p.Tenant, p.Key})
		}
		return s.subject(ctx, known, p.Tenant, p.Membership)
	})
}

// MemberSince is Member at a version of the tenant or later.
func (s *Store) MemberSince(ctx context.Context, tenant id.Tenant, membership id.Membership, version string) (*authn.Principal, error) {
	promised, err := s.promised(tenant, version)
	if err != nil {
		return nil, err
	}
	return since(ctx, s, tenant, promised, func(known proof) (*authn.Principal, error) { return s.subject(ctx, known, tenant, membership) })
}

// heard is the newest version of a tenant whose announcements have been applied to all that is held of it; 0 if that is not known.
func (s *Store) heard(tenant id.Tenant) int64 {
	if h := s.shardOf(tenant).home(tenant); h != nil {
		return h.heard.Load()
	}
	return 0
}

// hear is for after the last announcement of a version. Only the listener's count, which come in the order of commits: what this instance has
// changed itself it knows before what others changed earlier.
func (s *Store) hear(tenant id.Tenant, version int64) {
	if h := s.shardOf(tenant).home(tenant); h != nil && version > 0 {
		h.heard.Store(version)
	}
}
