# shellcheck shell=bash
# timeout: 400
# common/judge at its real paths, as root: state, the record and the reaper, by programs of Check.
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

# Each check of a program counts by itself.
checks() {
	local program=$TOP/${B:-build}/tests/host/$1 status=0 line total bad
	try "$program" || status=$?
	line=$(sed -n 's/^.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$OUTPUT")
	read -r total failures errors <<<"${line:-0 0 1}"
	bad=$((failures + errors))
	for ((i = bad; i < total; i++)); do pass "$1: check $((i - bad + 1))"; done
	if [ "$bad" != 0 ] || [ "$status" != 0 ] || [ "$total" = 0 ]; then
		fail "$1" "status $status, $bad of $total checks"
	fi
}

story "pending logins, sessions, attestations, places, replay"
checks judge_state
story "tasks, revocations, risk, the red button"
checks judge_standing
story "the decision record"
checks judge_record
story "the reaper"
checks judge_reaper
finish
