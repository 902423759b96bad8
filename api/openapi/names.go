package openapi

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// kindOfID is how one kind of id is called, and the prefix of its wire form.
type kindOfID struct{ name, of string }

var ids = map[reflect.Type]kindOfID{
	reflect.TypeFor[id.Tenant]():        {"TenantID", "tnt"},
	reflect.TypeFor[id.User]():          {"UserID", "usr"},
	reflect.TypeFor[id.Membership]():    {"MembershipID", "mem"},
	reflect.TypeFor[id.Identity]():      {"IdentityID", "idn"},
	reflect.TypeFor[id.Connection]():    {"ConnectionID", "con"},
	reflect.TypeFor[id.Domain]():        {"DomainID", "dom"},
	reflect.TypeFor[id.Attempt]():       {"AttemptID", "att"},
	reflect.TypeFor[id.Session]():       {"SessionID", "ses"},
	reflect.TypeFor[id.Key]():           {"KeyID", "key"},
	reflect.TypeFor[id.Invitation]():    {"InvitationID", "inv"},
	reflect.TypeFor[id.Role]():          {"RoleID", "rol"},
	reflect.TypeFor[id.Event]():         {"EventID", "evt"},
	reflect.TypeFor[id.Decision]():      {"DecisionID", "dec"},
	reflect.TypeFor[id.Request]():       {"RequestID", "req"},
	reflect.TypeFor[id.SetupLink]():     {"SetupLinkID", "sul"},
	reflect.TypeFor[id.RoutingRule]():   {"RoutingRuleID", "rul"},
	reflect.TypeFor[id.ConnectionKey](): {"ConnectionKeyID", "cok"},
	reflect.TypeFor[id.Grant]():         {"GrantID", "grt"},
}

// componentName names a type for readers: memberOut is Member, setRoleIn is SetRoleInput, page.Page[memberOut] is MemberPage.
// What is neither a struct nor an id has no component of its own.
func componentName(t reflect.Type) (string, error) {
	if kind, ok := ids[t]; ok {
		return kind.name, nil
	}
	if strings.HasSuffix(t.PkgPath(), "/internal/id") {
		return "", fmt.Errorf("%v has no name in names.go", t)
	}
	if strings.HasPrefix(t.Name(), "Page[") {
		items, ok := t.FieldByName("Items")
		if !ok {
			return "", fmt.Errorf("%v has no items", t)
		}
		of, err := componentName(items.Type.Elem())
		return of + "Page", err
	}
	if t == reflect.TypeFor[secret.Text]() {
		return "Secret", nil
	}
	if t.Kind() != reflect.Struct {
		return t.String(), nil // said where it is used, under no name
	}
	name := t.Name()
	switch {
	case strings.HasSuffix(name, "Out"):
		name = strings.TrimSuffix(name, "Out")
	case strings.HasSuffix(name, "In"):
		name = strings.TrimSuffix(name, "In") + "Input"
	}
	return upper(name), nil
}

func upper(s string) string {
	if rest, ok := strings.CutPrefix(s, "api"); ok {
		return "API" + rest
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// tags group the operations in the reference, in this order.
var tags = []struct{ name, about string }{
	{"Decisions", "Who is asking, and may they?"},
	{"Own account", "What belongs to the caller alone."},
	{"Sessions", "Where people are signed in."},
	{"Organization", "The tenant itself, its sign-in policy and its domains."},
	{"Members", "The people of the tenant."},
	{"Single sign-on", "Connections to identity providers, and what became of each sign-in."},
	{"API keys", "Credentials for machines."},
	{"Usage", "What was used, by whom, and how much of it."},
	{"Decision log", "What was refused and why, and a sample of what was allowed, for seven days."},
	{"Audit log", "What happened in the tenant, and who did it."},
	{"Service", "For everybody, without a credential."},
}

// named is how an operation is called in clients that are made from the document, and where it stands.
type named struct{ id, tag string }

// operations names each row.
var operations = map[string]named{
	"POST /v1/check":       {"check", "Decisions"},
	"POST /v1/check/batch": {"checkBatch", "Decisions"},
	"GET /v1/permissions":  {"listMyPermissions", "Decisions"},
	"GET /v1/forward-auth": {"forwardAuth", "Decisions"},
	"GET /v1/stream":       {"streamDecisions", "Decisions"},
	"GET /v1/me":           {"getMe", "Decisions"},
	"GET /v1/catalog":      {"getCatalog", "Decisions"},
	"GET /v1/entitlements": {"getEntitlements", "Decisions"},

	"POST /v1/usage": {"recordUsage", "Usage"},
	"GET /v1/usage":  {"reportUsage", "Usage"},
	"GET /v1/quotas": {"listQuotas", "Usage"},

	"POST /v1/reservations/{reservation}/settle":  {"settleReservation", "Usage"},
	"POST /v1/reservations/{reservation}/release": {"releaseReservation", "Usage"},

	"GET /v1/quota-rules": {"listQuotaRules", "Usage"},
	"PUT /v1/quota-rules/{meter}/{of}/{measure}/{period}":    {"setQuotaRule", "Usage"},
	"DELETE /v1/quota-rules/{meter}/{of}/{measure}/{period}": {"removeQuotaRule", "Usage"},
	"GET /v1/quota-grants":                                   {"listQuotaGrants", "Usage"},
	"GET /v1/usage/statement":                                {"getUsageStatement", "Usage"},

	"POST /access/v1/evaluation":             {"evaluate", "Decisions"},
	"POST /access/v1/evaluations":            {"evaluateBatch", "Decisions"},
	"GET /.well-known/authzen-configuration": {"getAuthZENConfiguration", "Service"},

	"GET /v1/me/tenants":                     {"listMyTenants", "Own account"},
	"POST /v1/me/leave":                      {"leaveTenant", "Own account"},
	"GET /v1/identities":                     {"listMyIdentities", "Own account"},
	"POST /v1/connections/{connection}/link": {"linkIdentity", "Own account"},
	"DELETE /v1/identities/{identity}":       {"unlinkIdentity", "Own account"},

	"GET /v1/sessions":                {"listMySessions", "Sessions"},
	"DELETE /v1/sessions":             {"revokeMyOtherSessions", "Sessions"},
	"DELETE /v1/sessions/{session}":   {"revokeMySession", "Sessions"},
	"POST /v1/session/reauthenticate": {"reauthenticate", "Sessions"},
	"POST /v1/session/switch":         {"switchTenant", "Sessions"},
	"DELETE /v1/session":              {"signOut", "Sessions"},
	"POST /v1/session/refresh":        {"refreshSession", "Sessions"},

	"GET /v1/tenant":    {"getTenant", "Organization"},
	"PATCH /v1/tenant":  {"updateTenant", "Organization"},
	"DELETE /v1/tenant": {"deleteTenant", "Organization"},

	"GET /v1/domains":                 {"listDomains", "Organization"},
	"GET /v1/domains/{domain}":        {"getDomain", "Organization"},
	"POST /v1/domains":                {"addDomain", "Organization"},
	"POST /v1/domains/{domain}/check": {"checkDomain", "Organization"},
	"DELETE /v1/domains/{domain}":     {"removeDomain", "Organization"},

	"GET /v1/members":                      {"listMembers", "Members"},
	"GET /v1/members/{member}":             {"getMember", "Members"},
	"PATCH /v1/members/{member}":           {"setMemberRole", "Members"},
	"POST /v1/members/{member}/suspend":    {"suspendMember", "Members"},
	"POST /v1/members/{member}/resume":     {"resumeMember", "Members"},
	"DELETE /v1/members/{member}":          {"removeMember", "Members"},
	"GET /v1/members/{member}/sessions":    {"listMemberSessions", "Members"},
	"DELETE /v1/members/{member}/sessions": {"revokeMemberSessions", "Members"},

	"GET /v1/invitations":                      {"listInvitations", "Members"},
	"POST /v1/invitations":                     {"invite", "Members"},
	"POST /v1/invitations/{invitation}/resend": {"resendInvitation", "Members"},
	"DELETE /v1/invitations/{invitation}":      {"revokeInvitation", "Members"},
	"GET /v1/roles":                            {"listRoles", "Members"},
	"GET /v1/roles/{role}":                     {"getRole", "Members"},
	"POST /v1/roles":                           {"createRole", "Members"},
	"PATCH /v1/roles/{role}":                   {"updateRole", "Members"},
	"DELETE /v1/roles/{role}":                  {"deleteRole", "Members"},

	"GET /v1/routing-rules": {"listRoutingRules", "Single sign-on"},
	"PUT /v1/routing-rules": {"replaceRoutingRules", "Single sign-on"},

	"GET /v1/connections":                                  {"listConnections", "Single sign-on"},
	"GET /v1/connections/{connection}":                     {"getConnection", "Single sign-on"},
	"POST /v1/connections":                                 {"createConnection", "Single sign-on"},
	"PATCH /v1/connections/{connection}":                   {"updateConnection", "Single sign-on"},
	"POST /v1/connections/{connection}/test":               {"testConnection", "Single sign-on"},
	"POST /v1/connections/{connection}/test-change":        {"testConnectionChange", "Single sign-on"},
	"POST /v1/connections/{connection}/activate":           {"activateConnection", "Single sign-on"},
	"POST /v1/connections/{connection}/testing":            {"testModeConnection", "Single sign-on"},
	"POST /v1/connections/{connection}/require":            {"requireConnection", "Single sign-on"},
	"POST /v1/connections/{connection}/approve-identities": {"approveIdentities", "Single sign-on"},
	"POST /v1/connections/{connection}/disable":            {"disableConnection", "Single sign-on"},
	"DELETE /v1/connections/{connection}":                  {"deleteConnection", "Single sign-on"},
	"GET /v1/sign-ins":                                     {"listSignIns", "Single sign-on"},
	"GET /v1/sign-ins/causes":                              {"listSignInCauses", "Single sign-on"},
	"GET /v1/sign-ins/{attempt}":                           {"getSignIn", "Single sign-on"},
	"POST /v1/sign-ins/{attempt}/document":                 {"openSignInDocument", "Single sign-on"},

	"POST /v1/connections/{connection}/refresh-metadata":                   {"refreshMetadata", "Single sign-on"},
	"POST /v1/connections/{connection}/certificates":                       {"addCertificates", "Single sign-on"},
	"POST /v1/connections/{connection}/certificates/{fingerprint}/approve": {"approveCertificate", "Single sign-on"},
	"DELETE /v1/connections/{connection}/certificates/{fingerprint}":       {"removeCertificate", "Single sign-on"},
	"POST /v1/connections/{connection}/keys":                               {"addConnectionKey", "Single sign-on"},
	"POST /v1/connections/{connection}/keys/{connection_key}/activate":     {"activateConnectionKey", "Single sign-on"},
	"DELETE /v1/connections/{connection}/keys/{connection_key}":            {"dropConnectionKey", "Single sign-on"},

	"GET /v1/setup-links":           {"listSetupLinks", "Single sign-on"},
	"POST /v1/setup-links":          {"createSetupLink", "Single sign-on"},
	"DELETE /v1/setup-links/{link}": {"revokeSetupLink", "Single sign-on"},

	"GET /v1/api-keys":               {"listAPIKeys", "API keys"},
	"GET /v1/api-keys/{key}":         {"getAPIKey", "API keys"},
	"POST /v1/api-keys":              {"createAPIKey", "API keys"},
	"POST /v1/api-keys/{key}/rotate": {"rotateAPIKey", "API keys"},
	"DELETE /v1/api-keys/{key}":      {"revokeAPIKey", "API keys"},

	"GET /v1/members/{member}/why": {"explainMember", "Decision log"},
	"GET /v1/decisions":            {"listDecisions", "Decision log"},
	"GET /v1/decisions/{decision}": {"getDecision", "Decision log"},

	"GET /v1/events": {"listEvents", "Audit log"},

	"GET /.well-known/jwks.json": {"getKeys", "Service"},
	"GET /openapi.yaml":          {"getDescription", "Service"},
	"GET /docs":                  {"showReference", "Service"},
	"GET /docs/problems":         {"showProblems", "Service"},
	"GET /docs/{file}":           {"getReferenceFile", "Service"},
	"GET /healthz":               {"isAlive", "Service"},
	"GET /readyz":                {"isReady", "Service"},
}
