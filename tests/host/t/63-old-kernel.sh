#!/bin/bash
# timeout: 400
# The life of a session where the kernel has the system calls of Linux 3.10 alone, for everything: sshd, sudo, gate, guard, agentctl.
if [ -z "${OLD_KERNEL:-}" ]; then
	exec env OLD_KERNEL=yes "$TOP/build/tests/host/old_kernel" /bin/bash "$0"
fi
. "$TOP/tests/host/agent.sh"
agent_host
. "$TOP/tests/host/live.sh"

# Of every kind: in a session of its own, deaf, of root.
stubborn='setsid sleep 771 >/dev/null 2>&1 & (trap "" TERM HUP; exec sleep 772) & sudo -n /usr/bin/sleep 773 & sleep 774'
runs() { pgrep -f '^/usr/bin/sleep 773$' && pgrep -f '^sleep 774$'; }

story "a session"
open_session first "$stubborn"
expect_ok "runs, and sudo in it" wait_until 10 runs
expect_fail "its guard has no descriptor that newer kernels have" sh -c "ls -l /proc/$(guard_of "$id")/fd | grep -E 'pidfd|boottime'"
must agentctl task suspend task-first
expect_ok "suspended, it is stopped" is_stopped
must agentctl task resume task-first
expect_ok "resumed, it goes on" wait_until 5 is_going
must agentctl task complete task-first
expect_end first task_completed

story "revoked"
open_session bad "$stubborn"
expect_ok "runs" wait_until 10 runs
must agentctl task revoke task-bad
expect_end bad task_revoked

story "its monitor is killed"
open_session alone "$stubborn"
expect_ok "runs" wait_until 10 runs
kill -KILL "$(sed -n 's/^leader //p' "/run/pam_agent/session/$id")"
TOLD='' expect_end alone leader_gone

story "it expires"
open_session short "$stubborn" --ttl 6s
expect_end short session_expired

story "it expires while it lingers: nothing but the clock tells"
set_policy 'linger = true'
open_session stays 'setsid sleep 771 >/dev/null 2>&1 & sleep 0.3' --ttl 10s
wait "$session" || true
expect_ok "the session stays without its leader" wait_until 5 sh -c "talk to /run/pam_agent/ctl/$id /tmp/status | grep -q 'state lingering'"
TOLD='' expect_end stays session_expired
story "the reaper, and state, which is not left as it was"
for program in judge_reaper judge_state; do
	expect_ok "$program" "$TOP/build/tests/host/$program"
done
expect_ok "judge_state without getrandom" \
	strace -f -qq -o /tmp/strace -e trace=getrandom -e inject=getrandom:error=ENOSYS "$TOP/build/tests/host/judge_state"
finish
