// Package mail sends what the program writes to people.
//
// A [Message] is checked before it leaves ([Message.Check]): one recipient, a subject that cannot add a header, bounded bodies. What a
// tenant typed goes into a message through [Name] alone, so that it is never a link, and a [Letter] is how most messages are written.
//
// [SMTP] hands messages to a mail server and [Outbox] keeps them in memory. No printer and no log shows a body: it may hold a sign-in
// link.
package mail
