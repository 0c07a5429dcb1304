# shellcheck shell=bash disable=SC2153
# The parts of contrib/check. Each part_NAME runs its tests and calls count for every result. Needs ui.sh, build.sh, ROOT.

PASSED=0 FAILED=0 # of the part at work

# count PASSED FAILED
count() {
	PASSED=$((PASSED + $1)) FAILED=$((FAILED + $2))
}

# verdict WHAT COMMAND...: one test that is a command; its output is shown when it fails.
verdict() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1 </dev/null); then
		count 1 0
	else
		count 0 1
		printf 'FAILED %s\n%s\n' "$what" "$(head -n 40 <<<"$output" | sed 's/^/    /')"
	fi
}

c_files() {
	(cd "$ROOT" && find common agent central ctl tests -name "*.$1" | sort)
}

c_flags() {
	pkg-config --cflags glib-2.0 jansson libsodium libcurl libevent sqlite3 libulfius libmicrohttpd gnutls libpq
}

# --- lint

lint_shell() {
	(cd "$ROOT" && shellcheck -x contrib/quickstart contrib/check .ci/run autogen.sh contrib/lib/*.sh web/scripts/make.sh)
}

lint_cppcheck() {
	(cd "$ROOT" && cppcheck -q -j "$(nproc)" --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
		--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=internalAstError --suppress=normalCheckLevelMaxBranches \
		-D__GNUC__ -D_GNU_SOURCE '-DLIST_HEAD(name,type)=struct type' '-DTAILQ_HEAD(name,type)=struct type' -I . common agent central ctl)
}

lint_header_alone() {
	local flags
	read -ra flags < <(c_flags)
	(cd "$ROOT" && gcc -fsyntax-only -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE "${flags[@]}" -I . -I build -x c -include "$1" /dev/null)
}

lint_clang() {
	local flags
	read -ra flags < <(c_flags)
	(cd "$ROOT" && c_files c | grep -v '^tests/' | xargs -P "$(nproc)" -n 8 clang -fsyntax-only -std=gnu11 -Wall -Wextra -Wshadow \
		-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror -DHAVE_CONFIG_H -D_GNU_SOURCE "${flags[@]}" -I . -I build)
}

lint_no_sql_in_c() {
	! (cd "$ROOT" && c_files c | grep -v '^tests/' |
		xargs grep -nE '"[[:space:]]*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)[[:space:]]')
}

lint_includes_point_one_way() {
	! (cd "$ROOT" && { grep -nE '#include "(agent|central|ctl)/' -r common --include='*.[ch]' ||
		grep -nE '#include "central/' -r agent --include='*.[ch]' || grep -nE '#include "agent/' -r central --include='*.[ch]'; })
}

lint_no_markers() {
	! (cd "$ROOT" && grep -rnE '\b(TODO|FIXME|XXX)\b' --include='*.[ch]' --include='*.py' --include='*.sql' common agent central ctl sql tests)
}

# A mutant whose text is gone from the code tests nothing, and only a run of them all (minutes) would tell.
lint_mutants() {
	/usr/bin/python3 "$ROOT/tests/mutants/run.py" --source "$ROOT" --check
}

# A folder with code has a README that names each of its files (a header by the .c beside it), and none that is not there.
lint_readmes() (
	cd "$ROOT" || return
	bad=0
	while IFS= read -r folder; do
		if [[ ! -f $folder/README.md ]]; then
			printf '%s has no README.md\n' "$folder"
			bad=1
			continue
		fi
		for file in "$folder"/*.{c,h,py,mjs}; do
			name=${file##*/}
			[[ -f $file && $name != __init__.py ]] || continue
			[[ $name != *.h || ! -f ${file%.h}.c ]] || continue
			grep -qF "\`$name\`" "$folder/README.md" || { printf '%s/README.md does not name %s\n' "$folder" "$name" && bad=1; }
		done
		while IFS= read -r name; do
			[[ -f $folder/$name ]] || { printf '%s/README.md names %s, which is not there\n' "$folder" "$name" && bad=1; }
		done < <(sed -n 's/^| \(`[^|]*\)|.*/\1/p' "$folder/README.md" | grep -oE '[A-Za-z0-9_.]+\.(c|h|py|mjs)\b')
	done < <(find agent central common ctl tests web/e2e -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.mjs' \) -printf '%h\n' | sort -u)
	((bad == 0))
)

lint_systemd() {
	make -s -C "$BUILD" contrib/systemd/belfry-central.service contrib/systemd/belfry-agent.service &&
		"$ROOT/contrib/lib/systemd-score.sh" 1.5 "$BUILD"/contrib/systemd/*.service
}

part_lint() {
	local header
	verdict "shellcheck" lint_shell
	verdict "cppcheck" lint_cppcheck
	verdict "no SQL in C" lint_no_sql_in_c
	verdict "includes point one way" lint_includes_point_one_way
	verdict "no left-over markers" lint_no_markers
	verdict "READMEs name the files of their folders" lint_readmes
	verdict "the mutants are up to date" lint_mutants
	verdict "clang has no warnings" lint_clang
	if command -v systemd-analyze >/dev/null; then
		verdict "the systemd units are hardened" lint_systemd
	fi
	while IFS= read -r header; do
		verdict "$header compiles alone" lint_header_alone "$header"
	done < <(c_files h)
	# What differs from .clang-format is told, and fails nothing: versions of the tool disagree with each other.
	c_files c | (cd "$ROOT" && xargs clang-format --dry-run 2>&1) | grep -c warning: | sed 's/$/ places that clang-format would write otherwise (advice)/' || true
}

# --- programs built on check

# programs FOLDER VARIABLE: the words of a variable of the Makefile.
make_words() {
	# shellcheck disable=SC2016  # the variable is make's
	make -s --no-print-directory -C "$1" --eval='print-words:;@echo $('"$2"')' print-words | tr ' ' '\n' | grep . || true
}

# check_programs FOLDER PATTERN: runs the test programs whose name matches; shows each one's closing line. The library gives a
# test four seconds by itself, which is little on a machine that is slow and busy.
check_programs() {
	local folder=$1 pattern=$2 program log line failed ran
	while IFS= read -r program; do
		log=$folder/$program.log
		(cd "$folder" && CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=2 timeout 1200 "./$program") >"$log" 2>&1 </dev/null && failed=0 || failed=$?
		line=$(grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1 || true)
		printf '%-36s %s\n' "$program" "${line:-no closing line}"
		if [[ $line =~ Checks:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+) ]]; then
			ran=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
			count $((BASH_REMATCH[1] - ran)) "$ran"
			((failed == 0 || ran > 0)) || count 0 1 # a sanitizer spoke after the tests were done
		else
			count 0 1
		fi
		((failed == 0)) || { grep -vE '^[0-9]+%: Checks' "$log" | tail -n 30 | sed 's/^/    /'; }
	done < <(make_words "$folder" check_PROGRAMS | grep -E "$pattern")
}

part_unit() {
	build_make "$BUILD" "$LOGS/unit.log" check TESTS=
	check_programs "$BUILD" '^tests/unit/'
}

# sim_worlds ARGUMENT...: many seeded worlds are one test; a failed one names its seed.
sim_worlds() {
	local log=$LOGS/sim.out
	if "$BUILD/tests/sim/sim" "$@" >"$log" 2>&1 </dev/null; then
		count 1 0
	else
		count 0 1
		printf 'FAILED sim %s\n' "$*"
		grep -vE '^ +[0-9]+ ' "$log" | head -n 40 | sed 's/^/    /'
	fi
	printf '%-36s %s\n' "sim $*" "$(tail -n 1 "$log")"
}

part_sim() {
	local first
	first=$(date +%s)000 # fresh seeds each time; a failed one is printed with the command that replays it
	build_make "$BUILD" "$LOGS/sim.log" tests/sim/sim
	sim_worlds --file "$ROOT/tests/sim/seeds.txt"
	sim_worlds --seeds "${BELFRY_SIM_SEEDS:-5000}" --first "$first" --jobs "$(nproc)"
	local mode
	for mode in --clock --wild "--clock --edits-behind" "--wild --edits-behind" --tight "--wild --tight" --moves "--moves --tight" --stops "--stops --moves" "--moves --tight --stops"; do
		# shellcheck disable=SC2086 # a mode is one or two words
		sim_worlds $mode --seeds $((${BELFRY_SIM_SEEDS:-5000} * 2 / 5)) --first "$first" --jobs "$(nproc)"
	done
	sim_worlds --month --seeds "${BELFRY_SIM_MONTHS:-50}" --first "$first" --jobs "$(nproc)"
}

# --- pytest

# run_pytest BUILD LOG ARGUMENT...
run_pytest() {
	local build=$1 log=$2
	shift 2
	BELFRY_BUILD=$build timeout 2400 /usr/bin/python3 -m pytest "$ROOT/tests/daemon" "$@" >"$log" 2>&1 </dev/null
}

# count_pytest LOG: shows failures and the closing line, and counts by that.
count_pytest() {
	local log=$1 line number
	line=$(tail -n 1 "$log")
	[[ ! $line =~ (failed|error) ]] || sed -n '/= FAILURES =\|= ERRORS =/,$p' "$log" | head -n "${BELFRY_FAILURE_LINES:-200}" || true # head may close the pipe first
	printf '%s\n' "$line"
	number=$(grep -oE '[0-9]+ passed' <<<"$line" | cut -d' ' -f1 || true)
	count "${number:-0}" 0
	while IFS= read -r number; do count 0 "$number"; done < <(grep -oE '[0-9]+ (failed|error)' <<<"$line" | cut -d' ' -f1)
	[[ $line =~ (passed|failed|error) ]] || { count 0 1 && tail -n 30 "$log"; }
}

# The long tests mostly wait: each has a process of its own beside the others.
part_daemon() {
	local long=$LOGS/pytest-long.log other=$LOGS/pytest.log
	run_pytest "$BUILD" "$long" -m long -n 6 &
	run_pytest "$BUILD" "$other" -m "not long" -n "${BELFRY_TEST_PROCESSES:-3}" || true
	wait $! || true
	count_pytest "$other"
	count_pytest "$long"
}

# --- sanitizers

part_sanitize() {
	local build=$ROOT/build-asan
	build_configure "$ROOT" "$build" "$LOGS/sanitize.log" --enable-sanitizers
	build_make "$build" "$LOGS/sanitize.log"
	build_make "$build" "$LOGS/sanitize.log" check TESTS=
	check_programs "$build" '^tests/unit/'
	BUILD=$build sim_worlds --seeds 300 --first 1000001
	run_pytest "$build" "$LOGS/pytest-asan.log" -m "not long" -n "${BELFRY_TEST_PROCESSES:-4}" || true
	count_pytest "$LOGS/pytest-asan.log"
}

# --- fuzzing

# fuzz_target BUILD TARGET SECONDS: what it prints goes to its log, how it ended beside that.
fuzz_target() {
	local build=$1 target=$2 seconds=$3 name=${2##*/} found code=0
	rm -f "$LOGS/$name.code"
	found=$(mktemp -d)
	# What is found goes to the first folder; the seeds are only read.
	(cd "$found" && "$build/$target" -max_total_time="$seconds" -max_len=8192 -timeout=5 -print_final_stats=1 \
		"$found" "$ROOT/tests/fuzz/corpus/${name#fuzz_}") >"$LOGS/$name.log" 2>&1 </dev/null || code=$?
	printf '%s\n' "$code" >"$LOGS/$name.code"
	rm -rf "$found"
}

# A target has one thread: as many at once as there are processors.
part_fuzz() {
	local build=$ROOT/build-fuzz target targets log
	CC=clang build_configure "$ROOT" "$build" "$LOGS/fuzz.log" --enable-fuzzers --enable-sanitizers
	mapfile -t targets < <(make_words "$build" noinst_PROGRAMS | grep '^tests/fuzz/')
	((${#targets[@]} == 0)) || build_make "$build" "$LOGS/fuzz.log" "${targets[@]}"
	for target in "${targets[@]}"; do
		(($(jobs -rp | wc -l) < $(nproc))) || wait -n
		fuzz_target "$build" "$target" "${BELFRY_FUZZ_SECONDS:-10}" &
	done
	wait
	for target in "${targets[@]}"; do
		log=$LOGS/${target##*/}.log
		if [[ $(cat "${log%.log}.code" 2>/dev/null) == 0 ]]; then
			count 1 0
			printf '%-36s %s runs without a finding\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
		else
			count 0 1
			printf 'FAILED %s\n' "$target" && tail -n 30 "$log" | sed 's/^/    /'
		fi
	done
}
