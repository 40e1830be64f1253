#!/bin/bash
# The guard of a session: it sleeps, watches, freezes and ends, says why, and cannot be starved.
# timeout: 600
# pids: 2048
. "$TOP/tests/host/agent.sh"
agent_host
install -m 0755 "$TOP/build/tests/host/talk" /usr/local/bin/talk
agentctl=$(command -v agentctl)
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

# expect_end NAME REASON: everything is gone, the log and the terminal say why. TOLD= where the terminal is gone, too.
expect_end() {
	local name=$1 reason=$2
	expect_ok "$name: all is gone" wait_until 20 all_gone
	wait "$session" 2>/dev/null || true
	expect_log "$name: $reason in the log" "\"status_code\":\"$reason\".*\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS"
	[ -z "${TOLD-1}" ] || expect_log "$name: and on the terminal" "pam_agent: this session ends: .*\\($reason\\)" "/tmp/session.$name"
	: >"$DECISIONS"
}

story "it sleeps"
open_session idle 'sleep 771'
pid=$(guard_of "$id")
sleep 3
timeout 12 strace -qq -p "$pid" -o /tmp/strace || true
# The one it was in when we came.
calls=$(grep -cvE '^(restart_syscall|poll|ppoll|--- SIGSTOP|\+\+\+)' /tmp/strace || true)
LAST_COMMAND="strace of the guard"
if [ "$calls" = 0 ] && [ "$(wc -l </tmp/strace)" -le 1 ]; then pass "no system call in 12 s"; else fail "no system call in 12 s" "$(cat /tmp/strace)"; fi
switches() { sed -n 's/^voluntary_ctxt_switches:\s*//p' "/proc/$pid/status"; }
before=$(switches)
sleep 3
expect_ok "it did not wake up" test "$(switches)" = "$before"
expect_output "asked, it says how the session stands" 'state running' report
expect_output "and until when" "deadline $(($(claims_of idle | jq .exp)))" report
expect_ok "its memory is small: $(memory_of "$pid") KB of its own" test "$(memory_of "$pid")" -le 200

story "what ends a session, and what is said of it"
agentctl task complete task-idle >/dev/null
expect_end idle task_completed

open_session revoked "trap '' TERM HUP; sleep 771; sleep 772; sleep 773"
agentctl task revoke task-revoked >/dev/null
expect_end revoked task_revoked
open_session jti 'sleep 771'
agentctl revoke jti "$(claims_of jti | jq -r .jti)" >/dev/null
expect_end jti revoked
open_session risk 'sleep 771'
agentctl risk set host high >/dev/null
agentctl risk show >/dev/null
if [ "$(field_of state)" = ending ] || all_gone; then
	expect_end risk risk_too_high
else # the host's sensitivity is low: any risk is allowed
	set_policy 'max-risk-low = "medium"'
	expect_end risk risk_too_high
fi
agentctl risk clear host >/dev/null
set_policy ''

open_session ordered 'sleep 771'
agentctl session end "$id" >/dev/null
expect_end ordered session_ended
open_session short 'sleep 771' --ttl 6s
expect_end short session_expired
open_session tightened 'sleep 771'
sleep 3
set_policy 'max-session = "2s"'
expect_end tightened session_expired
set_policy ''
open_session nopolicy 'sleep 771'
set_policy 'deny-login { services = { "sshd" } }'
expect_end nopolicy denied_by_rule
set_policy ''
open_session nokey 'sleep 771'
cp /etc/pam_agent/keys/issuer.jwks /tmp/issuer.jwks
x=$(openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER | tail -c 32 | base64 | tr '+/' '-_' | tr -d =)
echo "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"Ed25519\",\"use\":\"sig\",\"x\":\"$x\"}]}" >/etc/pam_agent/keys/issuer.jwks
set_policy ''
expect_end nokey key_unknown
cp /tmp/issuer.jwks /etc/pam_agent/keys/issuer.jwks
set_policy ''
open_session closed 'sleep 771'
pkill -f "ssh .*agent-deploy@127.0.0.1" || true
TOLD='' expect_end closed closed
open_session leaderless 'sleep 771'
kill -KILL "$(sed -n 's/^leader //p' "/run/pam_agent/session/$id")"
TOLD='' expect_end leaderless leader_gone
open_session unrecorded 'sleep 771'
rm "/run/pam_agent/session/$id"
talk to "/run/pam_agent/ctl/$id" /tmp/recheck >/dev/null
expect_end unrecorded guard_lost
expect_ok "no socket is left" no_socket

story "what sudo started and had to be killed is named"
open_session named "sudo -n /usr/bin/sleep 773 & sleep 771; sleep 774"
wait_until 5 pgrep -f '^/usr/bin/sleep 773'
agentctl task revoke task-named >/dev/null
expect_log "in the record" '"status_code":"task_revoked".*"detail":"ended: .*sleep\([0-9]+\)' "$DECISIONS"
expect_end named task_revoked

story "a terminal that nobody reads"
open_session full 'yes & sleep 771'
pkill -STOP -f "^ssh .*agent-deploy@127.0.0.1"
sleep 1
agentctl task complete task-full >/dev/null
expect_ok "does not keep a session alive" wait_until 5 all_gone
pkill -CONT -f "^ssh .*agent-deploy@127.0.0.1"
wait "$session" 2>/dev/null || true

story "a session freezes and goes on"
open_session cold 'sleep 771'
agentctl task suspend task-cold >/dev/null
expect_ok "suspended, its processes are stopped" is_stopped
expect_output "and the guard says why" 'reason task_suspended' report
agentctl stop >/dev/null
agentctl task resume task-cold >/dev/null
expect_ok "resumed while every agent is stopped, it stays frozen" is_stopped
expect_output "for that reason" 'reason stopped' report
agentctl go >/dev/null
expect_ok "let go, it goes on" is_going
expect_output "and runs" 'state running' report
agentctl task suspend task-cold >/dev/null
agentctl task complete task-cold >/dev/null
expect_end cold task_completed

story "attestation"
set_policy 'reattest-every = "5s"  reattest-grace = "4s"'
open_session due 'while :; do sleep 0.5; done'
expect_output "it must be attested" 'attest-by [0-9]' report
expect_ok "overdue, it freezes" wait_until 8 sh -c "talk to /run/pam_agent/ctl/$id /tmp/status | grep -q 'state frozen'"
expect_log "after a notice" 'pam_agent: attest again before [0-9:]{8} UTC' /tmp/session.due
credential again --task task-due --tool host:login
expect_output "another login of the task" agent-deploy agent again id -un
expect_output "lets it go on" 'state running' report
expect_end due attestation_overdue
set_policy 'reattest-every = "8s"  reattest-grace = "2s"'
credential fresh --task task-inside --tool host:login --tool host:sudo
install -d -m 0711 /tmp/agent
install -m 0644 "$CREDENTIALS/fresh" /tmp/agent/fresh
install -m 0644 "$CREDENTIALS/key" /tmp/agent/key.root
open_session inside "install -m 0600 /tmp/agent/key.root /tmp/key.mine; sleep 4; $agentctl attest --credential /tmp/agent/fresh --key /tmp/key.mine; $agentctl status; sleep 771"
wait_until 15 grep -q running /tmp/session.inside
expect_log "attested from inside" 'task-inside.*running' /tmp/session.inside
sleep 4
expect_output "it outlives the first time" 'state running' report
memory=$(memory_of "$(guard_of "$id")")
expect_ok "with two grants its memory is small: $memory KB of its own" test "$memory" -le 200
agentctl task complete task-inside >/dev/null
expect_end inside task_completed

story "processes that linger"
set_policy 'linger = true'
open_session stays 'setsid sleep 771 >/dev/null 2>&1 & sleep 0.3'
wait "$session" || true
sleep 2
expect_output "the session stays without its leader" 'state lingering' report
expect_ok "with its process" pgrep -f '^sleep 771'
agentctl task complete task-stays >/dev/null
TOLD='' expect_end stays task_completed
open_session leaves 'sleep 0.5'
wait "$session" || true
TOLD='' expect_end leaves closed
set_policy ''

story "the tripwire"
set_policy 'max-denials = 3'
credential curious # for id alone, where sudo and policy allow more
open_session curious 'sleep 2; for i in 1 2 3 4 5 6; do sudo -n /usr/bin/sleep 1; done; sleep 771'
expect_end curious tripwire
expect_refused "its credential is revoked" revoked agent curious id
set_policy ''

story "the agent says that its task is done"
open_session finished "sleep 3; $agentctl done --yes; sleep 771"
first=$session
cp "$CREDENTIALS/finished" "$CREDENTIALS/finished2"
open_session finished2 'sleep 772'
wait_until 10 grep -q task_completed /tmp/session.finished || true
expect_log "the session that said so" 'pam_agent: this session ends: .*\(task_completed\)' /tmp/session.finished
wait "$first" || true
expect_end finished2 task_completed
expect_refused "the task stays completed" task_completed agent finished id

story "an agent that floods its own socket"
open_session flood 'own=$(echo /run/pam_agent/agent/*/*); own=$(ls -d /run/pam_agent/agent/$(id -u)/*)
	for i in 1 2 3 4 5 6 7 8; do (while :; do talk idle $own 40 1; done >/dev/null 2>&1) & done
	for i in 1 2 3 4; do (while :; do talk to $own /tmp/status /tmp/recheck; done >/dev/null 2>&1) & done
	sleep 771'
sleep 2
start=$(date +%s%N)
for _ in 1 2 3 4 5 6 7 8 9 10; do report >/dev/null; done
took=$((($(date +%s%N) - start) / 1000000))
expect_ok "root is answered: 10 answers in $took ms" test "$took" -lt 2000
talk idle "/run/pam_agent/ctl/$id" 1000 3 >/dev/null 2>&1 &
sleep 1
expect_output "among 1000 silent clients, too" 'state running' report
agentctl task complete task-flood >/dev/null
expect_end flood task_completed
expect_ok "no socket is left" no_socket
finish
