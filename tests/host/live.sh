# shellcheck shell=bash
# Sessions on a terminal of their own, and what is said of their end: on top of agent.sh, after agent_host.

install -m 0755 "$TOP/build/tests/host/talk" /usr/local/bin/talk
printf 'pam_agent 1\nstep status\n' >/tmp/status
printf 'pam_agent 1\nstep recheck\n' >/tmp/recheck

ring_all() {
	local socket
	for socket in /run/pam_agent/ctl/*; do
		[ ! -S "$socket" ] || talk to "$socket" /tmp/recheck >/dev/null || true
	done
}

# set_policy LINES: of the policy "more", which applies beside that of agent.sh.
set_policy() {
	cat >/etc/pam_agent/conf.d/20-more.conf <<-CONF
		policy "more" {
		    identities = { "$AGENT_ID" }
		    max-logins = 9
		    $1
		    login { services = { "sshd" } }
		}
	CONF
	must agentctl apply
	ring_all
}
sed -i 's/^\( *max-logins *=\).*/\1 9/' /etc/pam_agent/agent.conf
set_policy ''

# open_session NAME SCRIPT [options of issue]: on a terminal of its own, in the background. $session is the client's pid, $id the
# session's; what the terminal showed is in /tmp/session.NAME.
open_session() {
	local name=$1 script=$2 before
	shift 2
	[ -f "$CREDENTIALS/$name" ] || credential "$name" --tool host:login --tool host:sudo "$@"
	before=$(ls /run/pam_agent/session 2>/dev/null || true)
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=120 \
		agent_ssh agent-deploy -tt "$script" </dev/null >"/tmp/session.$name" 2>&1 &
	session=$!
	if ! wait_until 40 new_session "$before"; then
		fail "session $name opens" "$(cat "/tmp/session.$name")"
		finish
	fi
	id=$(new_session "$before")
	wait_until 5 test -S "/run/pam_agent/ctl/$id"
	wait_until 5 pgrep -u agent-deploy sleep
}
new_session() { comm -13 <(echo "$1") <(ls /run/pam_agent/session) | grep .; }
report() { talk to "/run/pam_agent/ctl/$id" /tmp/status; }
guard_of() { pgrep -f "^guard $1\$"; }
# What no other guard shares, in KB.
memory_of() { awk '/^Anonymous:/ { sum += $2 } END { print sum }' "/proc/$1/smaps"; }
field_of() { report | sed -n "s/^>* *$1 //p"; }
is_quiet() { no_process_of agent-deploy && ! pgrep -f '^(/usr/bin/)?sleep 77' >/dev/null; }
no_session() { [ -z "$(ls -A /run/pam_agent/session 2>/dev/null)" ]; }
no_guard() { ! pgrep -x guard >/dev/null; }
all_gone() { is_quiet && no_session && no_guard; }
no_socket() { [ -z "$(find /run/pam_agent/agent /run/pam_agent/ctl -type s)" ]; }
is_stopped() { [ "$(ps -o stat= -p "$(pgrep -n -u agent-deploy sleep)" | cut -c1)" = T ]; }
is_going() { [ "$(ps -o stat= -p "$(pgrep -n -u agent-deploy sleep)" | cut -c1)" = S ]; }

# expect_end NAME REASON: everything is gone; the log, `session show` and the terminal say why. TOLD= where the terminal is gone, too.
expect_end() {
	local name=$1 reason=$2
	expect_ok "$name: all is gone" wait_until 20 all_gone
	wait "$session" 2>/dev/null || true
	expect_log "$name: $reason in the log" "\"status_code\":\"$reason\".*\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS"
	expect_output "$name: and in session show" "because +$reason( |\$)" agentctl session show "$id"
	[ -z "${TOLD-1}" ] || expect_log "$name: and on the terminal" "pam_agent: this session ends: .*\\($reason\\)" "/tmp/session.$name"
	: >"$DECISIONS"
}
