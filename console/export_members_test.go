package console

// memberSamples are the pages on which administrators look after people.
func memberSamples(at moment, evil string) []Sample {
	olivia := memberRow{"mem_1", "Olivia Acme", "olivia@acme.example", "owner", badge{"Active", good}, true, "Acme Okta", at}
	anna := memberRow{"mem_2", "Anna", "anna@acme.example", "Front desk", badge{"Suspended", bad}, false, "Google", at}
	roles := []roleOption{{"viewer", "Viewer", false}, {"member", "Member", false}, {"rol_1", "Front desk", true}, {"rol_2", evil, false}}
	return []Sample{
		{"members", membersPage{
			Tenant: "Acme Robotics", Seeing: true, More: "?after=mem_3",
			Rows: []memberRow{olivia, anna, {"mem_3", "new@acme.example", "new@acme.example", "member", badge{"Active", good}, false, "", moment{}}},
		}},
		{"members-later", membersPage{Tenant: evil, Later: true, Rows: []memberRow{{"mem_4", evil, evil, evil, badge{"Active", good}, false, evil, at}}}},
		{"members-end", membersPage{Tenant: "Acme Robotics", Later: true}},
		{"member", memberPage{Member: anna, Seeing: true, Joined: at, How: "by an invitation", Suspended: true, Mayact: true, Roles: roles, Follows: "Acme Okta"}},
		{"member-problem", memberPage{
			Problems: problems{"Nothing was changed", "A tenant keeps at least one active owner. Make somebody else an owner first.", []problem{{"role", "This role is not there any more. Choose another one."}}},
			Member:   olivia, Joined: at, Mayact: true, Roles: roles,
		}},
		{"member-above", memberPage{Member: memberRow{"mem_4", evil, evil, evil, badge{"Active", good}, false, evil, at}, Seeing: true, Joined: at, How: "at their first sign-in"}},
	}
}
