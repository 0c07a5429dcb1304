# shellcheck shell=bash disable=SC2153
# The dashboard's part of contrib/check and quickstart: npm's packages, its tests. Needs ui.sh and ROOT.

# web_packages LOG: `npm install` of what is locked, when the lock file is newer than what is there. Without npm there is no dashboard, and no error.
web_packages() {
	local log=$1 mark=$ROOT/web/node_modules/.package-lock.json
	if ! command -v npm >/dev/null; then
		step "web: no npm: the dashboard is not built"
		return
	fi
	[[ ! $mark -nt $ROOT/web/package-lock.json ]] || return 0
	step "web: fetching $(grep -c '^[[:space:]]*"node_modules/' "$ROOT/web/package-lock.json") packages"
	(cd "$ROOT/web" && npm install --no-save --no-audit --no-fund --loglevel=error) >"$log" 2>&1 </dev/null || {
		note "npm can not get its packages: the dashboard is not built"
		return
	}
	touch "$mark"
}

# count_web LOG: the closing line 'N passed, N failed' of a run; a run without one failed.
count_web() {
	local line
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1 || true)
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
		[[ ${BASH_REMATCH[2]} == 0 ]] || grep -vE '^ok ' "$1" | tail -n "${BELFRY_FAILURE_LINES:-200}"
		printf '%s\n' "$line"
	else
		count 0 1
		tail -n 40 "$1"
	fi
}

web_npm() {
	(cd "$ROOT/web" && npm run --silent "$@")
}

web_lock_names_no_registry() {
	! grep -n '"resolved":' "$ROOT/web/package-lock.json"
}

part_web() {
	local log=$LOGS/vitest.log
	command -v npm >/dev/null || fail "the tests of the dashboard need npm with Node 20.19 or newer"
	verdict "the lock file names no registry" web_lock_names_no_registry
	verdict "Biome" web_npm lint
	verdict "the types hold" web_npm types
	verdict "it builds, and the first load is small" web_npm build
	web_npm test -- --reporter=verbose --reporter=./test/closing-line.ts >"$log" 2>&1 </dev/null || true
	count_web "$log"
}

part_browser() {
	local log=$LOGS/browser.log
	command -v npm >/dev/null || fail "the tests of the dashboard need npm with Node 20.19 or newer"
	[[ -e $ROOT/web/dist/index.html ]] || web_npm build
	(cd "$ROOT/web" && BELFRY_BUILD=$BUILD timeout 2400 npm run --silent browser) >"$log" 2>&1 </dev/null || true
	count_web "$log"
}
