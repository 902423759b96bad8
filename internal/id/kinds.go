package id

import "github.com/google/uuid"

type kind interface{ prefix() string }

type (
	tenant        struct{}
	user          struct{}
	membership    struct{}
	identity      struct{}
	connection    struct{}
	domain        struct{}
	attempt       struct{}
	session       struct{}
	key           struct{}
	link          struct{}
	event         struct{}
	decision      struct{}
	request       struct{}
	setupLink     struct{}
	routingRule   struct{}
	connectionKey struct{}
	invitation    struct{}
	planMove      struct{}
	planTrial     struct{}
	role          struct{}
	grant         struct{}
	reservation   struct{}
)

func (tenant) prefix() string        { return "tnt" }
func (user) prefix() string          { return "usr" }
func (membership) prefix() string    { return "mem" }
func (identity) prefix() string      { return "idn" }
func (connection) prefix() string    { return "con" }
func (domain) prefix() string        { return "dom" }
func (attempt) prefix() string       { return "att" }
func (session) prefix() string       { return "ses" }
func (key) prefix() string           { return "key" }
func (link) prefix() string          { return "lnk" }
func (event) prefix() string         { return "evt" }
func (decision) prefix() string      { return "dec" }
func (request) prefix() string       { return "req" }
func (setupLink) prefix() string     { return "sul" }
func (routingRule) prefix() string   { return "rul" }
func (connectionKey) prefix() string { return "cok" }
func (invitation) prefix() string    { return "inv" }
func (planMove) prefix() string      { return "pmv" }
func (planTrial) prefix() string     { return "ptr" }
func (role) prefix() string          { return "rol" }
func (grant) prefix() string         { return "grt" }
func (reservation) prefix() string   { return "rsv" }

// The ids of Gatehouse, one type a kind.
type (
	Tenant        = Of[tenant]
	User          = Of[user]
	Membership    = Of[membership]
	Identity      = Of[identity]
	Connection    = Of[connection]
	Domain        = Of[domain]
	Attempt       = Of[attempt]
	Session       = Of[session]
	Key           = Of[key]
	Link          = Of[link]
	Event         = Of[event]
	Decision      = Of[decision]
	Request       = Of[request]
	SetupLink     = Of[setupLink]
	RoutingRule   = Of[routingRule]
	ConnectionKey = Of[connectionKey]
	Invitation    = Of[invitation]
	PlanMove      = Of[planMove]
	PlanTrial     = Of[planTrial]
	Role          = Of[role]
	Grant         = Of[grant]
	Reservation   = Of[reservation]
)

// Installation is the tenant that stands for the installation itself: sign-ins that have no tenant yet (Google, before the person's
// tenant is known) leave their attempts and events there. It has no members and no plan, and no session can be made in it.
var Installation = Tenant{uuid.MustParse("00000000-0000-7000-8000-000000000000")}

// Google is the installation-wide connection to Google.
var Google = Connection{uuid.MustParse("00000000-0000-7000-8000-000000000001")}
