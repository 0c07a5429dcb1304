# shellcheck shell=bash
# What the scripts say to people: steps with elapsed seconds, one clear line for a failure.

UI_STARTED=$SECONDS

# step WHAT: one line of progress.
step() {
	printf '[%3d s] %s\n' $((SECONDS - UI_STARTED)) "$*"
}

# note WHAT: more about the step before.
note() {
	printf '        %s\n' "$*"
}

# fail WHAT [LOG]: one clear line, with the last lines of a log when there is one; ends the script.
fail() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	if [[ -n "${2:-}" && -s "$2" ]]; then
		printf 'the last lines of %s:\n' "$2" >&2
		tail -n "${LOG_TAIL:-12}" "$2" | sed 's/^/    /' >&2
	fi
	exit 1
}
