# shellcheck shell=bash
# Which Debian packages each purpose needs, and how missing ones are installed. Needs ui.sh.

# libulfius-dev wants the GnuTLS flavour of libcurl; naming both keeps apt from removing one for the other.
# shellcheck disable=SC2034  # the lists are used by the scripts that source this file
{
	PACKAGES_BUILD=(gcc libc6-dev make autoconf automake autoconf-archive pkg-config libglib2.0-dev libjansson-dev
		libsodium-dev libulfius-dev libgnutls28-dev libcurl4-gnutls-dev libmicrohttpd-dev libevent-dev libsqlite3-dev libpq-dev
		libsystemd-dev)
	PACKAGES_RUN=(postgresql curl jq tzdata ca-certificates procps)
	PACKAGES_LINT=(shellcheck cppcheck clang clang-format git)
	PACKAGES_UNIT=(check)
	PACKAGES_SANITIZE=(check)
	PACKAGES_DAEMON=(postgresql openssl tzdata python3-pytest python3-pytest-xdist python3-requests python3-psycopg2 python3-yaml
		strace faketime iproute2 procps scdoc prometheus)
	PACKAGES_BROWSER=(chromium fonts-dejavu-core postgresql tzdata procps)
	PACKAGES_FUZZ=(clang libclang-rt-dev)
}

# packages_missing NAME...: those that are not installed, one a line.
packages_missing() {
	local name
	for name in "$@"; do
		[[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || printf '%s\n' "$name"
	done
}

# packages_install LOG NAME...: installs what is missing. Asks nothing.
packages_install() {
	local log=$1 missing sudo=()
	shift
	mapfile -t missing < <(packages_missing "$@")
	if ((${#missing[@]} == 0)); then
		step "packages: all there"
		return
	fi
	command -v apt-get >/dev/null || fail "these packages are missing and there is no apt-get: ${missing[*]}"
	if ((EUID != 0)); then
		command -v sudo >/dev/null || fail "these packages are missing; install them as root, then call again: ${missing[*]}"
		sudo=(sudo)
	fi
	step "packages: installing ${#missing[@]} (${missing[*]})"
	local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update >"$log" 2>&1 </dev/null || note "apt-get update failed, trying with the lists that are there"
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null ||
		fail "installing packages failed: apt-get install ${missing[*]}" "$log"
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]} == 0)) || fail "apt-get says it is done, but these are still missing: ${missing[*]}" "$log"
}
