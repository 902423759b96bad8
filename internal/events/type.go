package events

// Type names what happened, as noun.verb.
type Type string

// The types. A new one is added here, so that the list of what can happen is read in one place.
const (
	TenantCreated   Type = "tenant.created"
	TenantRenamed   Type = "tenant.renamed"
	TenantSuspended Type = "tenant.suspended"
	TenantResumed   Type = "tenant.resumed"
	TenantDeleted   Type = "tenant.deleted"
	PlanChanged     Type = "tenant.plan_changed"
	BillingMoved    Type = "tenant.billing_moved" // billing periods begin at another time
	PolicyChanged   Type = "tenant.sign_in_policy_changed"

	PlanMoveDated    Type = "tenant.plan_move_dated"
	PlanMoveCanceled Type = "tenant.plan_move_canceled"
	OverrideSet      Type = "tenant.override_set"
	OverrideRemoved  Type = "tenant.override_removed"
	TrialStarted     Type = "tenant.trial_started"
	TrialEnded       Type = "tenant.trial_ended"

	MemberJoined       Type = "member.joined"
	MemberRoleChanged  Type = "member.role_changed"
	MemberSuspended    Type = "member.suspended"
	MemberResumed      Type = "member.resumed"
	MemberRemoved      Type = "member.removed"
	MemberLeft         Type = "member.left"
	MemberProfileMoved Type = "member.profile_updated"

	InvitationSent     Type = "invitation.sent"
	InvitationResent   Type = "invitation.resent"
	InvitationRevoked  Type = "invitation.revoked"
	InvitationAccepted Type = "invitation.accepted"

	RoleCreated Type = "role.created"
	RoleChanged Type = "role.changed"
	RoleDeleted Type = "role.deleted"

	RoutingChanged Type = "routing.changed"

	DomainAdded      Type = "domain.added"
	DomainVerified   Type = "domain.verified"
	DomainRouted     Type = "domain.routed"
	DomainFailed     Type = "domain.failed"          // no record within 72 hours
	DomainRestarted  Type = "domain.check_restarted" // of one that had failed
	DomainLost       Type = "domain.lost"            // a verified one's record is gone
	DomainRestored   Type = "domain.restored"
	DomainUnverified Type = "domain.unverified"
	DomainRemoved    Type = "domain.removed"

	ConnectionCreated    Type = "connection.created"
	ConnectionUpdated    Type = "connection.updated"
	ConnectionTested     Type = "connection.tested"
	ConnectionInTesting  Type = "connection.testing"
	ConnectionRequired   Type = "connection.required"
	ConnectionRolledBack Type = "connection.rolled_back"
	IdentitiesApproved   Type = "connection.identities_approved"
	ConnectionActivated  Type = "connection.activated"
	ConnectionDisabled   Type = "connection.disabled"
	ConnectionDeleted    Type = "connection.deleted"
	ConnectionLegacyUsed Type = "connection.legacy_used"

	SetupLinkCreated Type = "setup_link.created"
	SetupLinkOpened  Type = "setup_link.opened"
	SetupLinkUsed    Type = "setup_link.used"
	SetupLinkRevoked Type = "setup_link.revoked"

	CertificateFound       Type = "connection.certificate_found" // by a refresh; it waits for an owner
	CertificateAdded       Type = "connection.certificate_added"
	CertificateRemoved     Type = "connection.certificate_removed"
	CertificateExpiring    Type = "connection.certificate_expiring"
	MetadataRefreshed      Type = "connection.metadata_refreshed" // because somebody asked
	MetadataNotFollowed    Type = "connection.metadata_not_followed"
	ConnectionKeyAdded     Type = "connection.key_added"
	ConnectionKeyActivated Type = "connection.key_activated"
	ConnectionKeyDropped   Type = "connection.key_dropped"

	SignInSucceeded  Type = "sign_in.succeeded"
	SignInRefused    Type = "sign_in.refused"
	DocumentOpened   Type = "attempt.document_opened"
	GlassBroken      Type = "sign_in.break_glass"
	LinkIssued       Type = "sign_in_link.issued"
	IdentityLinked   Type = "identity.linked"
	IdentityUnlinked Type = "identity.unlinked"

	SessionSwitched  Type = "session.switched"
	SessionRevoked   Type = "session.revoked"
	SessionsRevoked  Type = "session.all_revoked"
	SessionSignedOut Type = "session.signed_out"
	RefreshReused    Type = "session.refresh_reused"

	KeyCreated Type = "api_key.created"
	KeyRotated Type = "api_key.rotated"
	KeyRevoked Type = "api_key.revoked"

	QuotaReached  Type = "quota.reached" // 50, 80 or 100 percent of a budget, each once in its period
	GrantGiven    Type = "quota.granted"
	GrantRevoked  Type = "quota.grant_revoked"
	BudgetSet     Type = "quota.budget_set"
	BudgetRemoved Type = "quota.budget_removed"

	SigningKeyRotated Type = "signing_key.rotated"
	CatalogApplied    Type = "catalog.applied"
)
