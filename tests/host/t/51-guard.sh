#!/bin/bash
# The guard of a session: it sleeps, watches, freezes and ends, says why, and cannot be starved.
# timeout: 600
# pids: 2048
. "$TOP/tests/host/agent.sh"
agent_host
. "$TOP/tests/host/live.sh"
agentctl=$(command -v agentctl)

story "it sleeps"
open_session idle 'sleep 771'
pid=$(guard_of "$id")
sleep 3
timeout 62 strace -qq -p "$pid" -o /tmp/strace || true
# The one it was in when we came.
calls=$(grep -cvE '^(restart_syscall|poll|ppoll|--- SIGSTOP|\+\+\+)' /tmp/strace || true)
LAST_COMMAND="strace of the guard"
if [ "$calls" = 0 ] && [ "$(wc -l </tmp/strace)" -le 1 ]; then pass "no system call in 60 s"; else fail "no system call in 60 s" "$(cat /tmp/strace)"; fi
switches() { sed -n 's/^voluntary_ctxt_switches:\s*//p' "/proc/$pid/status"; }
before=$(switches)
sleep 3
expect_ok "it did not wake up" test "$(switches)" = "$before"
expect_output "asked, it says how the session stands" 'state running' report
expect_output "and until when" "deadline $(($(claims_of idle | jq .exp)))" report
expect_ok "its memory is small: $(memory_of "$pid") KB of its own" test "$(memory_of "$pid")" -le 200
expect_output "it comes before what the agent runs" '^ *-10$' ps -o ni= -p "$pid"

agentctl task complete task-idle >/dev/null
expect_end idle task_completed

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

story "attested by a narrower credential, which is revoked"
set_policy ''
credential narrower --task task-wide --tool host:login
open_session wide 'sudo -n /usr/bin/id; echo "before: $?"; until [ -e /tmp/agent/narrow ]; do sleep 0.2; done; sudo -n /usr/bin/id; echo "after: $?"; sleep 771'
expect_ok "with sudo at first" wait_until 8 grep -q 'before: 0' /tmp/session.wide
must agentctl session attest "$id" --credential "$CREDENTIALS/narrower" --key "$CREDENTIALS/key"
touch /tmp/agent/narrow
expect_ok "without it then" wait_until 8 grep -q 'after: [1-9]' /tmp/session.wide
expect_log "as the record says" "\"status_code\":\"scope_exceeded\".*\"session\":\"$id\"" "$DECISIONS"
must agentctl revoke jti "$(claims_of narrower | jq -r .jti)"
expect_end wide revoked
open_session twice 'sleep 771'
credential renews --task task-twice --tool host:login --tool host:sudo
must agentctl session attest "$id" --credential "$CREDENTIALS/renews" --key "$CREDENTIALS/key"
must agentctl revoke jti "$(claims_of twice | jq -r .jti)"
expect_end twice revoked

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

story "a process that nobody can end"
mkdir /tmp/freezer
if mount -t cgroup -o freezer none /tmp/freezer 2>/dev/null && mkdir "/tmp/freezer/throwaway-host.stuck.$$"; then
	stuck=/tmp/freezer/throwaway-host.stuck.$$
	# shellcheck disable=SC2064 # this one
	trap "echo THAWED >'$stuck/freezer.state'; died" EXIT
	open_session stuck 'sleep 771 & exec sleep 772'
	must pgrep -f '^sleep 771$'
	pgrep -f '^sleep 771$' >"$stuck/cgroup.procs"
	echo FROZEN >"$stuck/freezer.state"
	must agentctl task complete task-stuck
	said_stuck() { grep -q '"step":"close".*"session":"'"$id"'".*"detail":"1 processes were killed and do not end"' "$DECISIONS"; }
	expect_ok "is said" wait_until 9 said_stuck
	credential after-stuck
	expect_refused "its account stays taken" account_busy agent after-stuck id
	echo THAWED >"$stuck/freezer.state"
	expect_ok "until it is gone" wait_until 9 all_gone
	expect_ok "its end is recorded once" [ "$(grep -c '"step":"close".*"session":"'"$id"'"' "$DECISIONS")" = 1 ]
	trap died EXIT
	must wait_until 5 rmdir "$stuck"
	: >"$DECISIONS"
else
	skip "a process that nobody can end: no freezer (cgroup v1) here"
fi

story "the tripwire"
set_policy 'max-denials = 3'
credential curious # for id alone, where sudo and policy allow more
open_session curious 'sleep 2; for i in 1 2 3 4 5 6; do sudo -n /usr/bin/sleep 1; done; sleep 771'
expect_end curious tripwire
expect_refused "its credential is revoked" revoked agent curious id
credential odd
credential attests --task task-odd
open_session odd "sleep 4; $agentctl status; for i in 1 2 3 4 5 6; do sudo -n /usr/bin/sleep 1; done; sleep 771"
expect_ok "one that was attested" agentctl session attest "$id" --credential "$CREDENTIALS/attests" --key "$CREDENTIALS/key"
expect_end odd tripwire
expect_refused "the login's credential is revoked" revoked agent odd id
expect_refused "and the one that attested" revoked agent attests id
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
