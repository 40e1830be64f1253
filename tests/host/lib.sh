# shellcheck shell=bash
# Words for the stories in t/*.sh, which run in a throw-away host (see enter):
#
#	. "$TOP/tests/host/lib.sh"
#	human alice
#	start_sshd
#	expect_output "alice logs in" '^alice$' as_human alice id -un
#	finish
#
# A set-up command that fails, or a test that never comes to finish, is a
# failed test. What the test cannot run here it says with skip.

set -Eeuo pipefail

if [ "$(hostname)" != web-07 ] || [ -z "${TOP:-}" ]; then
	echo "lib.sh: run this through tests/host/run" >&2
	exit 125
fi

PASSED=0
FAILED=0
SSHD_PID=
SSHD_LOG=/tmp/sshd.log
SYSLOG=/tmp/syslog
DECISIONS=/var/log/pam_agent/decisions.jsonl
OUTPUT=$(mktemp /tmp/output.XXXXXX)
LAST_COMMAND=
declare -A SEEN=()

SSH_OPTIONS=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/known_hosts -o LogLevel=ERROR
	-o ConnectTimeout=10)

# --- the story ---

story() { printf '\n# %s\n' "$*"; }

skip() { echo "skip $*"; }

pass() {
	PASSED=$((PASSED + 1))
	echo "ok   $1"
}

# fail WHAT [WHY]: with everything a reader needs who cannot enter the host.
fail() {
	local log
	FAILED=$((FAILED + 1))
	echo "FAIL $1"
	[ -z "${2:-}" ] || echo "     $2"
	[ -z "$LAST_COMMAND" ] || echo "     command: $LAST_COMMAND"
	show_news 40 "$OUTPUT" 0
	for log in "$SSHD_LOG" "$DECISIONS" "$SYSLOG"; do
		show_news 20 "$log" "${SEEN[$log]:-0}"
	done
}

# show_news LINES FILE SEEN: the end of what FILE got after its first SEEN bytes.
show_news() {
	[ -s "$2" ] && [ "$(size_of "$2")" -gt "$3" ] || return 0
	echo "     --- $2"
	tail -c "+$(($3 + 1))" "$2" | tail -n "$1" | sed 's/^/     | /'
}

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }

# try CMD...: runs it with its output in $OUTPUT, and remembers where the logs
# stood, so that a failure shows what this command made of them.
try() {
	local log
	LAST_COMMAND="$*"
	for log in "$SSHD_LOG" "$DECISIONS" "$SYSLOG"; do SEEN[$log]=$(size_of "$log"); done
	"$@" >"$OUTPUT" 2>&1
}

expect_ok() {
	local what=$1 status=0
	shift
	try "$@" || status=$?
	if [ "$status" = 0 ]; then pass "$what"; else fail "$what" "exit status $status, not 0"; fi
}

# expect_status WHAT STATUS CMD...: CMD ends with this status.
expect_status() {
	local what=$1 wanted=$2 status=0
	shift 2
	try "$@" || status=$?
	if [ "$status" = "$wanted" ]; then pass "$what"; else fail "$what" "exit status $status, not $wanted"; fi
}

# A command that could not be run, crashed or hung has not been refused.
expect_fail() {
	local what=$1 status=0
	shift
	try "$@" || status=$?
	case $status in
	0) fail "$what" "exit status 0, but it should fail" ;;
	124 | 126 | 127 | 13[0-9] | 14[0-9]) fail "$what" "exit status $status: no refusal, but not run, timed out or killed" ;;
	*) pass "$what" ;;
	esac
}

# expect_output WHAT PATTERN CMD...: stdout and stderr, whatever the status.
expect_output() {
	local what=$1 pattern=$2 status=0
	shift 2
	try "$@" || status=$?
	if grep -Eq -- "$pattern" "$OUTPUT"; then
		pass "$what"
	else
		fail "$what" "exit status $status, no output like: $pattern"
	fi
}

# expect_seen WHAT PATTERN: the command before this printed it.
expect_seen() {
	if grep -Eq -- "$2" "$OUTPUT"; then pass "$1"; else fail "$1" "no output like: $2"; fi
}

# Logs are written by others: they get a moment.
expect_log() {
	LAST_COMMAND=
	: >"$OUTPUT"
	if wait_until 3 grep -Eqs -- "$2" "$3"; then
		pass "$1"
	else
		tail -n 40 "$3" >"$OUTPUT" 2>&1 || true
		fail "$1" "no line in $3 like: $2"
	fi
}

# wait_until SECONDS CMD...: succeeds as soon as CMD does.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# within MS CMD...: succeeds as CMD does, in time.
within() {
	local limit=$1 before took
	shift
	before=$(date +%s%N)
	"$@" || return
	took=$((($(date +%s%N) - before) / 1000000))
	echo "took $took ms"
	[ "$took" -lt "$limit" ]
}

finish() {
	trap - EXIT
	stop_sshd
	echo "# $PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ] && [ "$PASSED" -gt 0 ] || exit 1
	exit 0
}

died() {
	local status=$?
	fail "the test came to its end" "ended early with status $status${DIED_AT:+, $DIED_AT}"
	echo "# $PASSED passed, $FAILED failed"
	exit 1
}
trap 'DIED_AT="${BASH_SOURCE[0]##*/} line $LINENO: $BASH_COMMAND"' ERR
trap died EXIT

# --- who lives here ---

install_project() {
	try make -C "$TOP" install || {
		fail "make install"
		finish
	}
	command -v ldconfig >/dev/null && ldconfig
	hash -r
}

password_of() { echo "correct horse $1"; }

key_of() { echo "/tmp/keys/$1"; }

# human NAME [useradd options]: may log in with key_of and password_of NAME.
human() {
	local name=$1 ssh_dir
	shift
	useradd -m -s /bin/bash "$@" "$name"
	echo "$name:$(password_of "$name")" | chpasswd
	ssh_dir=$(getent passwd "$name" | cut -d: -f6)/.ssh
	mkdir -p /tmp/keys
	ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$(key_of "$name")"
	install -d -m 0700 -o "$name" "$ssh_dir"
	install -m 0600 -o "$name" "$(key_of "$name").pub" "$ssh_dir/authorized_keys"
}

# as_human NAME [ssh options] CMD...
as_human() {
	local name=$1
	shift
	setsid -w timeout "${SSH_TIMEOUT:-30}" ssh "${SSH_OPTIONS[@]}" -o BatchMode=yes -o IdentitiesOnly=yes \
		-i "$(key_of "$name")" "$name@127.0.0.1" "$@"
}

# agent_ssh ACCOUNT [ssh options] CMD...: the stock client, which answers as an
# agent's does. AGENT_CREDENTIAL and AGENT_KEY name the files it is given.
agent_ssh() {
	local account=$1 askpass=${AGENT_ASKPASS:-}
	shift
	[ -n "$askpass" ] || askpass=$(command -v agent-askpass) || {
		echo "agent_ssh: no agent-askpass in PATH" >&2
		return 127
	}
	setsid -w timeout "${SSH_TIMEOUT:-30}" env DISPLAY=:0 SSH_ASKPASS="$askpass" SSH_ASKPASS_REQUIRE=force \
		AGENT_CREDENTIAL="${AGENT_CREDENTIAL:-}" AGENT_KEY="${AGENT_KEY:-}" \
		ssh "${SSH_OPTIONS[@]}" "$account@127.0.0.1" "$@"
}

# --- what runs here ---

# start_sshd [sshd_config line]...: the lines stand after the project's drop-in.
start_sshd() {
	local sshd options=()
	sshd=$(command -v sshd)
	options=(-o ListenAddress=127.0.0.1 -o Port=22 -o LogLevel="${SSHD_LOGLEVEL:-DEBUG1}" -o PidFile=none -o UseDNS=no
		-o HostKey=/tmp/ssh_host_ed25519_key)
	[ -f /tmp/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /tmp/ssh_host_ed25519_key
	# Since 9.8 a handful of refusals closes the door for the whole address.
	if "$sshd" -t "${options[@]}" -o PerSourcePenalties=no 2>/dev/null; then
		options+=(-o PerSourcePenalties=no)
	fi
	if grep -Eqi '^include +/etc/ssh/sshd_config.d' /etc/ssh/sshd_config; then
		printf '%s\n' "$@" >/etc/ssh/sshd_config.d/50-test.conf
	else
		printf '%s\n' "$@" | cat /etc/ssh/sshd_config - >/tmp/sshd_config
		options+=(-f /tmp/sshd_config)
	fi
	: >"$SSHD_LOG"
	"$sshd" -D -E "$SSHD_LOG" "${options[@]}" &
	SSHD_PID=$!
	wait_until 10 grep -q 'Server listening on 127.0.0.1' "$SSHD_LOG" || {
		fail "sshd listens"
		finish
	}
}

stop_sshd() {
	[ -n "$SSHD_PID" ] || return 0
	kill "$SSHD_PID" 2>/dev/null || true
	wait "$SSHD_PID" 2>/dev/null || true
	SSHD_PID=
}

start_syslog() {
	local devlog=$TOP/build/tests/host/devlog
	if [ ! -x "$devlog" ]; then
		devlog=/tmp/devlog
		"${CC:-cc}" -o "$devlog" "$TOP/tests/host/devlog.c"
	fi
	"$devlog" /dev/log "$SYSLOG" &
	wait_until 5 test -S /dev/log
}

start_syslog
