// Package jobs does work after the transaction that asked for it.
//
// [Enqueue] inserts a job in the caller's transaction (River's tables are the outbox): it runs if, and only if, the transaction commits,
// and it may run more than once. A tenant's job carries the tenant in its metadata, which row-level security compares, so no tenant scope
// sees the job of another; the worker gets the tenant and re-enters it with db.Tenant. Arguments lie in the table in plain: what is
// secret is sealed, as [EnqueueMail] does.
//
// [Workers] says who does what, and a [Runner] works: one in each instance, with a small pool of its own whose connections act as
// gatehouse_jobs. [Periodic] functions run in one instance at a time.
package jobs
