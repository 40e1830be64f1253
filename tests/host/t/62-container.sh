#!/bin/bash
# A container that restarts: the kernel has not, its first process is another, /run is empty. No credential from before counts again.
. "$TOP/tests/host/agent.sh"
agent_host
sshd=$(command -v sshd)
stop_sshd
# sshd is the container's first process, and takes all others along when it is killed.
printf '#!/bin/sh\nexec unshare --pid --fork --kill-child --mount-proc %s "$@"\n' "$sshd" >/usr/local/sbin/sshd
chmod 0755 /usr/local/sbin/sshd
hash -r
kill_container() {
	kill -KILL "$SSHD_PID"
	wait "$SSHD_PID" 2>/dev/null || true
}

story "it starts"
credential early
sleep 1 # whole seconds count
start_sshd
expect_refused "what was issued before" before_boot agent early id
sleep 1
credential used
credential unused
expect_output "what was issued since" '^agent-deploy$' agent used id -un
expect_refused "once" replayed agent used id

story "and starts again"
kill_container
expect_ok "nothing of it is left" wait_until 5 no_process_of agent-deploy
expect_fail "nor a guard" pgrep -x guard
rm -rf /run/pam_agent
sleep 1
start_sshd
expect_refused "what was used before" before_boot agent used id
expect_refused "what was not" before_boot agent unused id
sleep 1
credential since
expect_output "what was issued since" '^agent-deploy$' agent since id -un
expect_ok "a human" as_human alice sudo -n id
kill_container
finish
