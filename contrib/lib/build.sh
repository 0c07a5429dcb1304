# shellcheck shell=bash
# Configure and make in a folder of its own, doing only what is not up to date. Needs ui.sh.

# build_configure ROOT FOLDER LOG [ARGUMENT...]: autogen and configure when they never ran, or would now answer differently.
build_configure() {
	local root=$1 folder=$2 log=$3 wanted
	shift 3
	if [[ ! -x $root/configure || $root/configure.ac -nt $root/configure ]]; then
		step "build: autogen"
		(cd "$root" && ./autogen.sh) >"$log" 2>&1 </dev/null || fail "autogen.sh failed" "$log"
	fi
	# The unit tests appear and go with the check library, the manual pages with scdoc: both are part of the answer.
	wanted="$* CC=${CC:-} CFLAGS=${CFLAGS:-} check=$(pkg-config --modversion check 2>/dev/null || true) scdoc=$(command -v scdoc || true)"
	mkdir -p "$folder"
	if [[ ! -f $folder/Makefile || "$(cat "$folder/.configured" 2>/dev/null)" != "$wanted" ]]; then
		step "build: configure in ${folder##*/}${*:+ ($*)}"
		(cd "$folder" && "$root/configure" -q "$@") >>"$log" 2>&1 </dev/null || fail "configure failed" "$log"
		printf '%s\n' "$wanted" >"$folder/.configured"
	fi
}

# build_make FOLDER LOG [TARGET...]: make, with as many jobs as there are processors.
build_make() {
	local folder=$1 log=$2 started=$SECONDS
	shift 2
	step "build: make in ${folder##*/}${*:+ ($*)}"
	make -s -j "$(nproc)" -C "$folder" "$@" >>"$log" 2>&1 </dev/null || fail "make failed in $folder" "$log"
	((SECONDS - started < 2)) || note "took $((SECONDS - started)) s"
}
