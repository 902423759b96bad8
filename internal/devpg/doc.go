// Package devpg runs a private Postgres server for one folder: the database
// behind "gatehouse dev" and behind the tests. It is not for production.
//
// A folder (Config.Dir) belongs to one process at a time, which holds
// postgres.lock. Beside the lock lie postgres.json (port, superuser password,
// place of the data; readable by its owner only) and postgres.log. The data is
// in the sub-folder postgres, or, where Postgres must run as another user who
// cannot reach that folder, in a folder under /var/tmp named by postgres.json.
//
// The server listens on 127.0.0.1 alone and knows no login but SCRAM with a
// random password. There is no Unix socket: socket logins by peer name would
// trust the operating-system user, and its path is limited to about 100 bytes.
//
// The server is meant to die with its process. Stop ends it in order; on Linux
// the kernel ends it when the process is killed; and whatever survives all the
// same is found and ended by the next Start on that folder.
package devpg
