#!/bin/bash
# The end of a session: everything the agent started goes with it.
. "$TOP/tests/host/agent.sh"
agent_host

# run_session NAME SCRIPT [options of issue]: in the background; its pid is $session.
run_session() {
	local name=$1 script=$2
	shift 2
	credential "$name" --tool host:login --tool host:sudo "$@"
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=60 \
		agent_ssh agent-deploy "$script" >"/tmp/session.$name" 2>&1 &
	session=$!
}
is_quiet() { no_process_of agent-deploy && ! pgrep -f '^(/usr/bin/)?sleep 77' >/dev/null; }
no_session() { [ -z "$(ls -A /run/pam_agent/session 2>/dev/null)" ]; }
no_guard() { ! pgrep -x guard >/dev/null; }
all_gone() { is_quiet && no_session && no_guard; }
# What outlives an ordinary client: a daemon, one that ignores SIGTERM, one of root.
stubborn='setsid sleep 771 >/dev/null 2>&1 & (trap "" TERM HUP; exec sleep 772) & sudo -n /usr/bin/sleep 773 & sleep 774'

story "the task is completed"
run_session over "$stubborn"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
expect_output "complete says what ended" task-over agentctl task complete task-over
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true
expect_log "with its reason" '"status_code":"task_completed".*"step":"close"' "$DECISIONS"
expect_ok "a human's processes live" pgrep sshd

story "the credential expires"
run_session short "$stubborn" --ttl 6s
expect_ok "the session runs" wait_until 5 pgrep -f '^/usr/bin/sleep 773'
expect_ok "all is gone in time" wait_until 12 all_gone
wait "$session" || true
expect_log "with its reason" session_expired "$DECISIONS"

story "the client closes"
run_session closed "$stubborn"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
kill "$session"
pkill -f "ssh .*agent-deploy@127.0.0.1" || true
expect_ok "all is gone" wait_until 8 all_gone
wait "$session" 2>/dev/null || true

story "sshd's monitor dies by SIGKILL"
run_session killed "$stubborn"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
leader=$(sed -n 's/^leader //p' /run/pam_agent/session/*)
kill -KILL "$leader"
expect_ok "all is gone" wait_until 8 all_gone
wait "$session" 2>/dev/null || true

story "a fork storm, under the bound of this host"
run_session storm 'ulimit -u 150; sh -c "bomb() { bomb & bomb & sleep 778; }; trap : TERM; bomb" 2>/dev/null; sleep 779'
expect_ok "it storms" wait_until 10 sh -c '[ "$(pgrep -u agent-deploy | wc -l)" -gt 60 ]'
expect_ok "task complete" agentctl task complete task-storm
expect_ok "all is gone" wait_until 8 all_gone
sleep 1
expect_ok "none a second later" no_process_of agent-deploy
wait "$session" 2>/dev/null || true

story "the guard is dead when the task is completed"
run_session guardless "$stubborn"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
pkill -KILL -x guard
expect_output "complete ends it in the guard's place" '^killed .*task-guardless' agentctl task complete task-guardless
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true
story "the guard is stopped when the task is completed"
run_session stuck "$stubborn"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
pkill -STOP -x guard
expect_output "complete ends it in the guard's place" '^killed .*task-stuck' agentctl task complete task-stuck
expect_ok "no process of it is left" wait_until 5 is_quiet
pkill -CONT -x guard || true
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true

story "a guard whose gate died before it answered"
run_session orphan 'sleep 776'
expect_ok "a session runs" wait_until 10 pgrep -f '^sleep 776'
cp /run/pam_agent/session/* /run/pam_agent/session/0123456789abcdef
expect_fail "is not confirmed" /usr/local/libexec/pam_agent/guard 0123456789abcdef </dev/null
expect_fail "and takes its session back" test -e /run/pam_agent/session/0123456789abcdef
agentctl task complete task-orphan >/dev/null
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true

story "two tasks do not share an account"
run_session first 'sleep 775'
expect_ok "the first session runs" wait_until 10 pgrep -f '^sleep 775'
credential second
expect_refused "another task meanwhile" account_busy agent second id
credential same --task task-first
expect_output "another login of the same task" agent-deploy agent same id -un
expect_ok "it did not end the first" pgrep -f '^sleep 775'
expect_ok "which ends" agentctl task complete task-first
expect_ok "and all is gone" wait_until 5 all_gone
wait "$session" 2>/dev/null || true
credential third
expect_output "then the account is free" agent-deploy agent third id -un
finish
