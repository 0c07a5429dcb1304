# shellcheck shell=bash
# Daemons kept by pid files: RUN_DIR/NAME.pid and RUN_DIR/NAME.log. Needs ui.sh and RUN_DIR.

PROCESS_STARTED=() # what this call started, so that a failure can take it back

# process_pid NAME COMM: prints the pid when the process of the pid file lives and still is what it was.
process_pid() {
	local pid comm
	pid=$(cat "$RUN_DIR/$1.pid" 2>/dev/null) || return 1
	[[ $pid =~ ^[0-9]+$ ]] || return 1
	comm=$(cat "/proc/$pid/comm" 2>/dev/null) || return 1
	[[ $comm == "$2" ]] || return 1
	# The command line names our run folder or data folder: another Belfry's process is not ours.
	tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -e "$RUN_DIR/" -e "${PG_DATA:-$RUN_DIR/}" || return 1
	printf '%s\n' "$pid"
}

# process_start NAME COMMAND...: in a session of its own, so that Ctrl-C here does not reach it, and standing in /, since the
# caller's folder may be closed to the daemon's user. All paths in COMMAND are absolute. Descriptor 9 is the caller's lock.
process_start() {
	local name=$1
	shift
	(cd / && exec setsid "$@") </dev/null >>"$RUN_DIR/$name.log" 2>&1 9>&- &
	printf '%s\n' $! >"$RUN_DIR/$name.pid"
	disown
	PROCESS_STARTED+=("$name")
}

# process_wait NAME COMM SECONDS WHAT TEST...: until the test command succeeds; fails when the process ends or time is up.
process_wait() {
	local name=$1 comm=$2 seconds=$3 what=$4 deadline
	shift 4
	deadline=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		process_lives "$(cat "$RUN_DIR/$name.pid")" || fail "$comm ended at its start" "$RUN_DIR/$name.log"
		((SECONDS < deadline)) || fail "$what did not come within $seconds s" "$RUN_DIR/$name.log"
		sleep 0.1
	done
}

# process_stop NAME COMM [SIGNAL]: asks it to end, insists after 15 s. Silent when it does not run.
process_stop() {
	local name=$1 comm=$2 signal=${3:-TERM} pid i
	if pid=$(process_pid "$name" "$comm"); then
		step "stopping $name (pid $pid)"
		process_kill "-$signal" "$pid"
		for ((i = 0; i < 150; i++)); do
			process_lives "$pid" || break
			sleep 0.1
		done
		if process_lives "$pid"; then
			note "$name did not end within 15 s: killing it"
			process_kill -KILL "$pid"
		fi
	fi
	rm -f "$RUN_DIR/$name.pid"
}

# A child that ended, but was not waited for yet, is a zombie: gone for our purposes.
process_lives() {
	local state
	state=$(ps -o state= -p "$1" 2>/dev/null) && [[ $state != Z ]]
}

process_kill() {
	kill "$@" 2>/dev/null || true
}

# port_taken PORT: something listens there on 127.0.0.1.
port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_need PORT WHO VARIABLE: fails when somebody else has it.
port_need() {
	! port_taken "$1" || fail "port $1 on 127.0.0.1 is taken by another program; $2 needs it: free it, or set $3 to another port"
}
