#!/bin/bash
# timeout: 400
# What one task leaves in an account, and that the next one finds none of it.
. "$TOP/tests/host/agent.sh"

story "hostile trees, links, bounds and crashes"
expect_ok "leftovers" "$TOP/${B:-build}/tests/host/leftovers"

agent_host
cat >/etc/pam_agent/conf.d/20-keeper.conf <<CONF
identity "agent-keeper" { id = "spiffe://example.org/agent/keeper"  home = "keep" }
CONF
must agentctl apply
home=$(getent passwd agent-deploy | cut -d: -f6)
uid=$(id -u agent-deploy)
spool=/var/spool/cron/crontabs
[ -d "$spool" ] || spool=/var/spool/cron
account_is_quiet() { no_process_of agent-deploy && [ -z "$(ls -A /run/pam_agent/session 2>/dev/null)" ]; }
# Everything of the uid outside its home.
files_of_agent() { find /tmp /var/tmp /dev/shm /run /var/crash /var/spool /var/mail /var/lib/systemd -xdev -user "$uid" 2>/dev/null; }
ipc_of_agent() { ipcs -m -c | awk -v who=agent-deploy -v uid="$uid" '$3 == who || $3 == uid'; }

# login TASK CMD: with a credential of its own.
logins=0
login() {
	logins=$((logins + 1))
	credential "login-$logins" --task "$1"
	shift
	agent "login-$logins" "$@"
}

story "task A leaves what it can"
plant='umask 022
mkdir -p .ssh .config/systemd/user /tmp/left/deep
echo "touch /tmp/bashrc-ran" | tee .bashrc .profile >.bash_profile
echo "touch /tmp/rc-ran" >.ssh/rc
printf "[Service]\nExecStart=/bin/sleep 781\n" >.config/systemd/user/left.service
ipcmk -M 4096 >/dev/null
echo left | tee /dev/shm/left /var/tmp/left >/tmp/left/deep/file
eval "$(ssh-agent -a /tmp/left/socket)" >/dev/null; kill -KILL "$SSH_AGENT_PID"
setsid sleep 782 >/dev/null 2>&1 &
echo "* * * * * touch /tmp/cron-ran" | crontab - 2>/dev/null
echo "touch /tmp/at-ran" | at now + 1 minute 2>/dev/null
echo planted'
expect_output "task A plants" '^planted$' login task-A "$plant"
# What this host did not let it plant lies there by root's hand.
[ -e "$spool/agent-deploy" ] || install -D -m 0600 -o agent-deploy /dev/null "$spool/agent-deploy"
[ -n "$(find /var/spool/cron/atjobs /var/spool/at -user agent-deploy -type f 2>/dev/null)" ] ||
	install -D -m 0700 -o agent-deploy /dev/null /var/spool/cron/atjobs/a0000101cb2f40
install -D -m 0644 /dev/null /var/lib/systemd/linger/agent-deploy
install -D -m 0600 -o agent-deploy /dev/null /var/mail/agent-deploy
expect_ok "and it lies there" test -e "$home/.bashrc" -a -S /tmp/left/socket -a -e /dev/shm/left
expect_output "a shared memory segment too" . ipc_of_agent

story "another login of the same task"
expect_output "finds its home as it was" 'ExecStart' login task-A 'cat .config/systemd/user/left.service'
expect_output "and its files" '^left$' login task-A 'cat /tmp/left/deep/file /dev/shm/left'

story "another task"
expect_ok "task A is completed" agentctl task complete task-A
expect_ok "nothing of it runs" wait_until 8 account_is_quiet
expect_output "task B logs in" '^agent-deploy$' login task-B 'id -un'
expect_output "its home is fresh" '^none$' login task-B \
	'ls -A .ssh .config /tmp/left /dev/shm/left /var/tmp/left 2>/dev/null; grep -ls ran .bashrc .profile .bash_profile; echo none'
expect_ok "nor did it run what A planted" test ! -e /tmp/bashrc-ran -a ! -e /tmp/rc-ran
wait_until 8 account_is_quiet || true
expect_output "no file of it is left outside its home" '^0$' sh -c "$(declare -f files_of_agent); uid=$uid; files_of_agent | wc -l"
expect_output "no shared memory" '^0$' sh -c "ipcs -m -c | grep -c agent-deploy || true"
expect_fail "no crontab" test -e "$spool/agent-deploy"
expect_fail "no mail" test -e /var/mail/agent-deploy
expect_fail "no linger flag" test -e /var/lib/systemd/linger/agent-deploy
expect_output "the home of task A is kept for root" 'ExecStart' \
	sh -c "cat ${home%/*}/.kept/agent-deploy-*/.config/systemd/user/left.service"
expect_output "and for root alone" '^700 0$' stat -c '%a %u' "${home%/*}/.kept"
expect_fail "not for an agent" login task-B "ls ${home%/*}/.kept"

story "a task that leaves what cannot go"
expect_output "task B leaves a file" '^done$' login task-B 'mkdir -p /var/tmp/stuck; echo 1 >/var/tmp/stuck/f; echo done'
wait_until 8 account_is_quiet || true
agentctl task complete task-B >/dev/null
if chattr +i /var/tmp/stuck/f 2>/dev/null; then
	expect_fail "task C does not get the account" login task-C true
	expect_log "syslog says why" 'leftovers of agent-deploy: the account stays closed' "$SYSLOG"
	chattr -i /var/tmp/stuck/f
else
	skip "no immutable files here"
fi
expect_output "then it is free again" '^agent-deploy$' login task-C 'id -un'
expect_fail "and clean" test -e /var/tmp/stuck

story "files of others, so many that a login has no time to look for its own among them"
expect_output "task C leaves a file" '^done$' login task-C 'echo 1 >/tmp/of-c; echo done'
wait_until 8 account_is_quiet || true
install -d -m 1777 /tmp/.shared
expect_output "somebody makes two million names" '^made$' setpriv --reuid 65534 --regid 65534 --clear-groups perl -e '
	chdir "/tmp/.shared" or die; open F, ">", "0" or die; link "0", $_ or die for 1 .. 2000000; print "made\n"'
agent_gets_in() { login task-D true; }
expect_ok "task D, which finds C's neither completed nor alive, gets in all the same" wait_until 40 agent_gets_in
expect_fail "and finds no file of C" test -e /tmp/of-c
rm -rf /tmp/.shared
wait_until 8 account_is_quiet || true

story "an identity that keeps its home"
ACCOUNT=agent-keeper AGENT_ID=spiffe://example.org/agent/keeper
expect_output "task K writes" '^done$' login task-K 'echo mine >note; echo done'
agentctl task complete task-K >/dev/null
expect_output "task L reads it" '^mine$' login task-L 'cat note'
finish
