#!/usr/bin/env bash
# What `make` calls: web/dist from the sources when Node and npm are there. Without them, or without their packages, the
# rest of Belfry is built all the same; a source that does not build is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
	echo "web: no npm with Node 20.19 or newer: the dashboard is not built, all else is"
	exit 0
fi
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
	echo "web: fetching packages"
	# Not `npm ci`: it refuses a lock file without the binaries of other systems, which not every registry has.
	if ! npm install --no-save --no-audit --no-fund --loglevel=error; then
		echo "web: npm can not get its packages: the dashboard is not built, all else is"
		exit 0
	fi
	touch node_modules/.package-lock.json
fi
exec node scripts/build.mjs
