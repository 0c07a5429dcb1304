# shellcheck shell=bash
# A private PostgreSQL cluster: own data, own port, own socket, an unprivileged user. Needs ui.sh, process.sh, RUN_DIR, PG_PORT.
#
# Called by root, the server runs as user postgres, who cannot walk into a clone under /root. Then the data lies in
# /var/lib/postgresql/belfry-<hash of the run folder> and RUN_DIR/pg is a link to it.

PG_BIN=
PG_DATA=
PG_SOCKET=
PG_AS=() # the words in front of the server's programs

# postgres_find: sets PG_BIN to the newest installed server. Programs named postgres elsewhere on the PATH are not trusted.
postgres_find() {
	local newest
	newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | grep -v '\*' | sort -t/ -k5 -n | tail -n 1)
	[[ -n $newest ]] || fail "no PostgreSQL server in /usr/lib/postgresql: apt-get install postgresql"
	PG_BIN=${newest%/postgres}
}

# postgres_locate: sets PG_AS, PG_DATA and PG_SOCKET for this run folder.
postgres_locate() {
	PG_DATA=$RUN_DIR/pg
	if ((EUID == 0)); then
		local user=postgres
		id -u postgres >/dev/null 2>&1 || user=nobody
		PG_AS=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
		if ! "${PG_AS[@]}" test -x "$RUN_DIR" 2>/dev/null; then
			PG_DATA=/var/lib/postgresql/belfry-$(printf '%s' "$RUN_DIR" | sha256sum | cut -c1-12)
		fi
	fi
	PG_SOCKET=$(readlink "$RUN_DIR/pg-socket" 2>/dev/null || true)
}

# postgres_init: initdb once. Local connections are guarded by the socket folder (0700), TCP ones by a password.
postgres_init() {
	[[ ! -f $PG_DATA/PG_VERSION ]] || return 0
	step "PostgreSQL: making a cluster in $PG_DATA"
	rm -rf "$PG_DATA"
	mkdir -p "$PG_DATA"
	chmod 0700 "$PG_DATA"
	((EUID != 0)) || chown "$("${PG_AS[@]}" id -u):$("${PG_AS[@]}" id -g)" "$PG_DATA"
	[[ $PG_DATA == "$RUN_DIR/pg" ]] || ln -sfn "$PG_DATA" "$RUN_DIR/pg"
	if ! (cd / && "${PG_AS[@]}" "$PG_BIN/initdb" -D "$PG_DATA" --username=postgres --auth-local=trust \
		--auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8) >"$RUN_DIR/initdb.log" 2>&1; then
		rm -rf "$PG_DATA"
		fail "initdb failed" "$RUN_DIR/initdb.log"
	fi
}

# postgres_start: starts the server and makes the database; harmless when both are there.
postgres_start() {
	postgres_find
	postgres_locate
	if process_pid postgres postgres >/dev/null; then
		step "PostgreSQL: already running on port $PG_PORT"
		return
	fi
	postgres_init
	postgres_make_socket
	local server_version
	server_version=$("$PG_BIN/postgres" --version | grep -oE '[0-9]+' | head -n 1)
	[[ $(cat "$PG_DATA/PG_VERSION") == "$server_version" ]] ||
		fail "$PG_DATA was made by PostgreSQL $(cat "$PG_DATA/PG_VERSION"), installed is $server_version: ./contrib/quickstart --clean starts afresh"
	process_start postgres "${PG_AS[@]}" "$PG_BIN/postgres" -D "$PG_DATA" -c "port=$PG_PORT" \
		-c "listen_addresses=127.0.0.1" -c "unix_socket_directories=$PG_SOCKET" -c "log_line_prefix=%m [%p] "
	process_wait postgres postgres 60 "PostgreSQL" postgres_query 'SELECT 1'
	postgres_make_database
	step "PostgreSQL $server_version: running on 127.0.0.1:$PG_PORT"
}

# A path short enough for a socket (107 bytes), wherever the clone lies. /tmp is emptied at boot: made anew when gone.
postgres_make_socket() {
	if [[ -z $PG_SOCKET || ! -d $PG_SOCKET ]]; then
		PG_SOCKET=$(mktemp -d /tmp/belfry-pg.XXXXXX)
		((EUID != 0)) || chown "$("${PG_AS[@]}" id -u):$("${PG_AS[@]}" id -g)" "$PG_SOCKET"
		ln -sfn "$PG_SOCKET" "$RUN_DIR/pg-socket"
	fi
}

# postgres_query SQL [DATABASE]: as the superuser; prints the rows.
postgres_query() {
	"$PG_BIN/psql" -XqtA -v ON_ERROR_STOP=1 -h "$PG_SOCKET" -p "$PG_PORT" -U postgres -d "${2:-postgres}" -c "$1" </dev/null
}

postgres_make_database() {
	local password
	[[ $(postgres_query "SELECT 1 FROM pg_roles WHERE rolname = 'belfry'") == 1 ]] || {
		password=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
		(umask 077 && printf '%s\n' "$password" >"$RUN_DIR/pg.password")
		postgres_query "CREATE ROLE belfry LOGIN PASSWORD '$password'"
	}
	[[ $(postgres_query "SELECT 1 FROM pg_database WHERE datname = 'belfry'") == 1 ]] ||
		postgres_query "CREATE DATABASE belfry OWNER belfry"
}

# What central is given as its database.
postgres_conninfo() {
	printf 'host=%s port=%s user=belfry dbname=belfry' "$PG_SOCKET" "$PG_PORT"
}

# postgres_clean: data and socket folder, wherever they lie.
postgres_clean() {
	postgres_locate
	rm -rf "$PG_DATA"
	[[ -z $PG_SOCKET || $PG_SOCKET != /tmp/belfry-pg.* ]] || rm -rf "$PG_SOCKET"
}
