#!/usr/bin/env bash
# systemd-score.sh LIMIT UNIT...: fails when a unit's exposure, as systemd-analyze counts it, is above LIMIT.
set -euo pipefail
limit=$1 bad=0
shift
for unit in "$@"; do
	score=$(systemd-analyze security --offline=true --no-pager "$unit" 2>&1 | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
	printf '%s: %s\n' "${unit##*/}" "${score:-no score}"
	awk -v score="${score:-10}" -v limit="$limit" 'BEGIN { exit !(score <= limit) }' || bad=1
done
exit "$bad"
