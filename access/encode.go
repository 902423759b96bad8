package access

// AppendPlain appends the decision as JSON, as encoding it would; false for one that has more than it knows, or a text that would have to
// be escaped.
func (d Decision) AppendPlain(b []byte) ([]byte, bool) {
	known := Decision{Allowed: d.Allowed, ID: d.ID, Clause: d.Clause, NeedsRole: d.NeedsRole, NeedsPlan: d.NeedsPlan, Message: d.Message}
	if d != known {
		return b, false
	}
	if d.Allowed {
		b = append(b, `{"allowed":true,"decision_id":"`...)
	} else {
		b = append(b, `{"allowed":false,"decision_id":"`...)
	}
	b, _ = d.ID.AppendText(b) // never fails
	b = append(b, '"')
	for _, m := range [...]struct{ name, value string }{
		{`,"clause":"`, d.Clause}, {`,"needs_role":"`, d.NeedsRole}, {`,"needs_plan":"`, d.NeedsPlan}, {`,"message":"`, d.Message},
	} {
		if m.value == "" {
			continue
		}
		if !plainText(m.value) {
			return b, false
		}
		b = append(append(append(b, m.name...), m.value...), '"')
	}
	return append(b, '}'), true
}

// plainText says that JSON writes s as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
