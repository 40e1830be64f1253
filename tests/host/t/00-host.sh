# shellcheck shell=bash
# The throw-away host itself: real logins, real limits, nothing on the machine.
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

loginuid_is() { [ "$(cat /proc/self/loginuid)" = "$1" ]; }

story "A fresh host"
expect_output "it is called web-07" '^web-07$' hostname
expect_ok "nobody has logged in" loginuid_is 4294967295
# shellcheck disable=SC2016
expect_output "it has no network but itself" '^[1] lo$' \
	awk -F '[: ]+' 'NR > 2 { print NR - 2, $2 }' /proc/net/dev
expect_output "process 1 is its own" 'furnish' cat /proc/1/cmdline
for dir in etc usr var opt srv home root run tmp dev; do
	touch "/$dir/made-in-throw-away-host"
done
expect_fail "the rest of the machine is read-only" touch /made-in-throw-away-host
expect_fail "and so are the kernel's settings" sh -c 'cat /proc/sys/kernel/panic >/proc/sys/kernel/panic'

story "A human logs in with a key"
human alice -G sudo
human bob
start_sshd
expect_output "alice is alice" '^uid=[0-9]+\(alice\)' as_human alice id
expect_output "her login uid is set" "^$(id -u alice)$" as_human alice cat /proc/self/loginuid
expect_output "she may have a terminal" '^/dev/pts/[0-9]+' as_human alice -tt tty
expect_output "and files over sftp" '^Remote working directory: /home/alice' \
	sftp "${SSH_OPTIONS[@]}" -i "$(key_of alice)" -b - alice@127.0.0.1 <<<pwd
expect_output "somebody else's key is refused" 'Permission denied' \
	ssh "${SSH_OPTIONS[@]}" -o BatchMode=yes -i "$(key_of bob)" alice@127.0.0.1 id
expect_log "sshd says so" 'Accepted publickey for alice' "$SSHD_LOG"
expect_log "PAM speaks to our own syslog" 'session opened for user alice' "$SYSLOG"

story "sudo and su"
expect_output "sudo takes her password" 'root$' as_human alice "sudo -S id -un" <<<"$(password_of alice)"
expect_output "and not another" 'incorrect password' as_human alice "sudo -S id -un" <<<"$(password_of bob)"
expect_output "bob is not in sudoers" 'not in the sudoers' as_human bob "sudo -S id -un" <<<"$(password_of bob)"
echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob
chmod 0440 /etc/sudoers.d/bob
expect_output "NOPASSWD asks nothing" '^root$' as_human bob sudo -n id -un
expect_output "su takes the target's password" 'bob$' as_human alice "su bob -c 'id -un'" <<<"$(password_of bob)"
expect_fail "and not another" as_human alice "su bob -c 'id -un'" <<<"$(password_of alice)"
expect_output "root needs none" '^bob$' su bob -c 'id -un'

story "A fork storm stays in here"
# Its processes end by themselves: nobody could start the kill.
storm() {
	sh -c 'n=0; while [ $n -lt 2000 ]; do sleep 3 & n=$((n + 1)); done; echo all of them started'
}
if [ -n "$HOST_BOUND" ]; then
	storm >/tmp/storm 2>&1 || true
	wait_until 20 sh -c '! pgrep -x sleep' 2>/dev/null
	expect_output "it meets the bound" '[Cc]annot fork|fork: retry' cat /tmp/storm
	expect_fail "and not all of it started" grep 'all of them' /tmp/storm
	expect_output "the host goes on" '^alice$' as_human alice id -un
else
	skip "no pids cgroup on this machine"
fi

finish
