package console

import (
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// memberRoutes are the pages on which administrators look after people: who is there, and who was asked to join.
func (c *Console) memberRoutes() web.Table {
	return web.Table{
		web.Get("/members", rbac.MembersWrite, web.Raw(c.listMembers)).SessionOnly().Doc("Who belongs to the organization"),
		web.Get("/members/{member}", rbac.MembersWrite, web.Raw(c.showMember)).SessionOnly().Doc("One member"),
		web.Post("/members/{member}/role", rbac.MembersWrite, web.Raw(c.giveRole)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Give a member another role"),
		web.Post("/members/{member}/suspend", rbac.MembersWrite, web.Raw(c.suspendMember)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Refuse a member until reinstated, and end their sessions"),
		web.Post("/members/{member}/reinstate", rbac.MembersWrite, web.Raw(c.reinstateMember)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("End a member's suspension"),
		web.Post("/members/{member}/remove", rbac.MembersWrite, web.Raw(c.removeMember)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Remove a member, and end their sessions"),

		web.Get("/invitations", rbac.MembersWrite, web.Raw(c.listInvitations)).SessionOnly().Doc("Who was asked to join and has not come yet"),
		web.Post("/invitations", rbac.MembersWrite, web.Raw(c.invite)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Invite somebody by a mail with a one-time link"),
		web.Post("/invitations/resend", rbac.MembersWrite, web.Raw(c.inviteAgain)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Mail a new link; the old one stops working"),
		web.Post("/invitations/revoke", rbac.MembersWrite, web.Raw(c.revokeInvitation)).SessionOnly().MaxBody(maxForm).Limit(acting).Doc("Revoke an invitation"),
	}
}
