#!/bin/bash
# Ways to an agent's account, or out of one, that are no login with a credential.
. "$TOP/tests/host/agent.sh"
agent_host
uid=$(id -u agent-deploy)

story "other services do not open the account"
expect_refused "root's su" not_an_agent_login su - agent-deploy -c id
expect_refused "a human's sudo -u" target_is_agent as_human alice sudo -n -u agent-deploy id
for service in cron atd login systemd-user; do
	printf 'account include common-account\nsession include common-session-noninteractive\n' >"/etc/pam.d/$service"
	expect_refused "the account phase of $service" not_an_agent_login pamtester "$service" agent-deploy acct_mgmt
	expect_refused "a session of $service" not_an_agent_login pamtester "$service" agent-deploy open_session
done

story "the real cron and at run nothing of an agent"
mkdir -p /var/spool/cron/crontabs
echo '* * * * * touch /tmp/cron-ran' >/var/spool/cron/crontabs/agent-deploy
chown agent-deploy:crontab /var/spool/cron/crontabs/agent-deploy 2>/dev/null || chown agent-deploy /var/spool/cron/crontabs/agent-deploy
chmod 600 /var/spool/cron/crontabs/agent-deploy
if command -v atd >/dev/null; then
	expect_fail "an agent cannot put a job into at" setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		sh -c 'echo "touch /tmp/at-ran" | at now; test -e /tmp/at-ran'
else
	skip "at is not installed"
fi

story "names"
credential names
echo "sneaky:x:$uid:$uid::/home/sneaky:/bin/sh" >>/etc/passwd
install -d -m 0700 -o "$uid" /home/sneaky /home/sneaky/.ssh
install -m 0600 -o "$uid" "$CREDENTIALS/key.pub" /home/sneaky/.ssh/authorized_keys
ACCOUNT=sneaky expect_refused "a second passwd line with the agent's uid" alias key_login id
ACCOUNT=sneaky expect_refused "the same with a password" alias password_login
sed -i '/^sneaky:/d' /etc/passwd
ACCOUNT=AGENT-DEPLOY expect_fail "upper case: refused" agent names id
ACCOUNT=$AGENT_ID expect_fail "the SPIFFE ID as user name: refused (sshd cuts it at the colon)" agent names id
expect_refused "the SPIFFE ID as PAM_USER" alias pamtester sshd "$AGENT_ID" acct_mgmt
expect_refused "su to the SPIFFE ID" not_an_agent_login su - "$AGENT_ID" -c id

story "an identity that is configured no more"
sed -i 's/^.*identity "agent-other".*$//' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_output "its files keep an owner" '^agent-other:' getent passwd agent-other
ACCOUNT=agent-other expect_refused "it is refused" identity_disabled agent names id

story "a process outside any session"
expect_refused "sudo of a stray" session_not_found setpriv --reuid "$uid" --regid "$uid" --clear-groups sudo -n /usr/bin/id
expect_fail "su of a stray" setpriv --reuid "$uid" --regid "$uid" --clear-groups su alice -c id

story "a forged PAM environment"
credential forger --task task-names
expect_ok "an agent writes .pam_environment" agent forger \
	"echo 'SSH_AUTH_INFO_0=publickey $(cut -d' ' -f1,2 "$CREDENTIALS/key.pub")' >~/.pam_environment"
expect_refused "the next login of its task" environment_forgeable agent names id
credential later
expect_output "another task finds none, nor any other file" '^0$' agent later 'ls -A | grep -c pam_environment'

story "inside a session everything but sudo"
credential inside --tool host:login --tool host:sudo
echo 'permit nopass agent-deploy' >/etc/doas.conf
# pkexec asks PAM through a setuid helper, as service polkit-1; this is such a helper without a bus.
install -m 4755 "$(command -v pamtester)" /usr/local/bin/pkexec-helper
printf '@include common-auth\n@include common-account\n@include common-session\n' >/etc/pam.d/polkit-1
cat >/tmp/inside <<'STEPS'
su alice -c id </dev/null; echo "su: $?"
su - agent-other -c id </dev/null; echo "su to an agent: $?"
command -v screen >/dev/null && { screen -x alice/ </dev/null; echo "screen: $?"; }
passwd </dev/null; echo "passwd: $?"
chsh -s /bin/sh </dev/null; echo "chsh: $?"
pkexec-helper polkit-1 alice authenticate </dev/null; echo "pkexec: $?"
pkexec-helper polkit-1 root acct_mgmt </dev/null; echo "pkexec account: $?"
command -v doas >/dev/null && { doas -n id </dev/null; echo "doas: $?"; }
STEPS
chmod 644 /tmp/inside
expect_output "su is refused" '^su: [1-9]' agent inside 'sh /tmp/inside 2>&1'
expect_seen "su to another agent" '^su to an agent: [1-9]'
expect_seen "passwd is refused" '^passwd: [1-9]'
expect_seen "chsh is refused" '^chsh: [1-9]'
expect_seen "pkexec's helper is refused" '^pkexec: [1-9]'
expect_seen "and in account" '^pkexec account: [1-9]'
if command -v screen >/dev/null; then
	expect_seen "screen reaches nobody else" '^screen: [1-9]'
else
	skip "screen is not installed"
fi
if command -v doas >/dev/null; then
	expect_seen "doas is refused, whatever its own rules say" '^doas: [1-9]'
	expect_log "and recorded" '"status_code":"service_refused".*"service":"doas"' "$DECISIONS"
else
	skip "doas is not installed"
fi
expect_log "pkexec's is in the record" '"status_code":"service_refused".*"service":"polkit-1"' "$DECISIONS"
expect_log "su is in the record" '"status_code":"service_refused".*"service":"su"' "$DECISIONS"
finish
