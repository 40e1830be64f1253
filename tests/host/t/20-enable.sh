#!/bin/bash
# timeout: 240
# `agentctl enable` and `disable`: what they change, prove, undo and put back.
# shellcheck source=tests/host/agent.sh
. "$TOP/tests/host/agent.sh"

# Everything that enable may touch, and that disable must give back byte for byte. What groupadd keeps of its own is left out.
snapshot() {
	find /etc /usr/share/pam-configs /var/lib/pam \( -path /etc/pam_agent -o -name '*-' -o -name .pwd.lock \) -prune -o \
		\( -type f -printf '%p %m %U %G ' -exec sha256sum -- '{}' \; -o -printf '%p %m %U %G %l\n' \) | sort
}

remember() { snapshot >/tmp/remembered; }
unchanged() { diff /tmp/remembered <(snapshot); }

# A pseudo-terminal whose person types this.
typing() {
	local text=$1
	shift
	printf '%s\n' "$text" | script -qec "$*" /dev/null
}

install_project
human alice
echo 'alice ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice
chmod 0440 /etc/sudoers.d/alice

story "Before there is anything to enable"
remember
expect_status "without init it refuses" 1 agentctl enable --yes
expect_status "disable has nothing to do" 0 agentctl disable --yes
expect_ok "nothing is changed" unchanged
must agentctl init --trust-domain "$TRUST_DOMAIN" --host-id "$HOST_ID"
expect_output "init a second time makes nothing" '^was there /etc/pam_agent/agent.conf' agentctl init
expect_fail "and what it would make is there" sh -c 'agentctl init | grep ^made'
write_policy
must agentctl apply

story "Looking before"
expect_output "--dry-run shows the lines" '^\+passwd: .*agent' agentctl enable --dry-run
expect_output "of sudo.conf too" '^\+Plugin sudo_agent sudo_agent.so' agentctl enable --dry-run
expect_status "and ends well" 0 agentctl enable --dry-run
expect_status "where nobody can be asked it refuses" 2 agentctl enable
expect_status "a person may say no" 1 typing n agentctl enable
expect_status "an unknown option is none" 2 agentctl enable --force
expect_ok "nothing is changed" unchanged
expect_fail "no group is made" getent group agents

story "There and back"
expect_output "it proves people" '^proven +.* ssh, su, sudo and account lookups' agentctl enable --yes
expect_seen "it says who sweeps" '^Now let it sweep once a minute: cp /usr/local/share/pam_agent/cron.d/pam_agent /etc/cron.d/$'
expect_seen "and where setuid programs of agents run" '^Better mounted with nosuid \(pam_agent\(8\)\): /var/lib/agents /tmp'
expect_ok "whose line is in a file that is there" test -f /usr/local/share/pam_agent/cron.d/pam_agent
expect_output "the agent has an account" '^agent-deploy:' getent passwd agent-deploy
expect_output "in its group" '\(agents\)' id agent-deploy
cp /usr/local/share/pam_agent/cron.d/pam_agent /etc/cron.d/
expect_output "a second time changes nothing" '^was enabled already' agentctl enable --yes
expect_fail "nor says that any more" grep 'let it sweep' "$OUTPUT"
mount -o remount,nosuid /tmp
expect_output "nor that of what is mounted so" 'nosuid .*: /var/lib/agents /var/tmp' agentctl enable --yes
mount -o remount,suid /tmp
rm /etc/cron.d/pam_agent
expect_output "the sudoers rules are there" 'agent-deploy ALL=' cat /etc/sudoers.d/pam_agent
start_sshd
expect_output "alice logs in" '^alice$' as_human alice id -un
expect_output "alice has sudo" '^root$' as_human alice sudo -n id -un
expect_ok "passwords can be changed" sh -c 'echo "alice:new horse" | chpasswd'
echo "alice:$(password_of alice)" | chpasswd
expect_ok "pam-auth-update still manages its files" env DEBIAN_FRONTEND=noninteractive pam-auth-update --package
expect_output "and kept our lines" 'pam_agent.so' cat /etc/pam.d/common-session
expect_status "and disable ends well" 0 agentctl disable --yes
stop_sshd
rm -f /etc/ssh/sshd_config.d/50-test.conf
snapshot | grep -v /etc/shadow >/tmp/now
expect_ok "it is byte for byte as before" diff <(grep -v /etc/shadow /tmp/remembered) /tmp/now
expect_fail "and the group is gone" getent group agents
expect_fail "nothing is remembered" ls /var/lib/pam_agent/enable
remember

story "With a person's terminal"
expect_status "a person may say yes" 0 typing y agentctl enable
expect_status "and take it out" 0 typing y agentctl disable
expect_ok "it is as before" unchanged

story "A person worked on the files in between"
must agentctl enable --yes
echo '# of alice' >>/etc/nsswitch.conf
echo '# of alice' >>/etc/sudo.conf
echo 'session optional pam_warn.so' >>/etc/pam.d/sudo
echo '# of alice' >>/etc/ssh/sshd_config.d/00-pam_agent.conf
expect_status "disable ends well" 0 agentctl disable --yes
for file in /etc/nsswitch.conf /etc/sudo.conf; do
	expect_output "$file keeps her line" '^# of alice$' cat $file
	expect_fail "and has none of ours" grep -E 'agent$|pam_agent|sudo_agent|agent #' $file
done
expect_output "/etc/pam.d/sudo keeps her line" 'pam_warn' cat /etc/pam.d/sudo
expect_fail "and has none of ours" grep pam_agent /etc/pam.d/sudo
expect_output "what she wrote for sshd is kept aside" 'of alice' cat /etc/ssh/sshd_config.d/00-pam_agent.conf.saved~
expect_fail "where sshd does not read it" ls /etc/ssh/sshd_config.d/00-pam_agent.conf
sed -i '/of alice/d' /etc/nsswitch.conf /etc/sudo.conf
sed -i '/pam_warn/d' /etc/pam.d/sudo
rm /etc/ssh/sshd_config.d/00-pam_agent.conf.saved~
expect_ok "but for that, it is as before" unchanged

story "The databases, and what enable remembered, are lost"
must agentctl enable --yes
rm -r /var/lib/pam_agent/enable /var/lib/pam_agent/*.cdb
expect_status "disable ends well" 0 agentctl disable --yes
rm /etc/ssh/sshd_config.d/00-pam_agent.conf.saved~ "/usr/share/pam-configs/pam_agent.saved~"
groupdel agents
expect_ok "it is as before" unchanged
must agentctl apply

story "nscd"
mkdir -p /run/nscd
python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("/run/nscd/socket")'
expect_ok "one that was killed is not missed" agentctl apply
rm /run/nscd/socket
python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind("/run/nscd/socket"); s.listen(9); time.sleep(60)' &
must wait_until 5 test -S /run/nscd/socket
printf '#!/bin/sh\necho "$*" >>/tmp/nscd.log\nexit "$(cat /tmp/nscd.status)"\n' >/usr/sbin/nscd
chmod +x /usr/sbin/nscd
echo 1 >/tmp/nscd.status
expect_status "one that does not listen is told of" 3 agentctl apply
expect_seen "with the mend" 'run nscd -i passwd$'
echo 0 >/tmp/nscd.status
rm /tmp/nscd.log
printf 'identity "agent-late" { id = "spiffe://example.org/agent/late" }\n' >/etc/pam_agent/conf.d/50-late.conf
expect_output "what is gained is printed" '^identity agent-late gains: ' agentctl apply
expect_ok "nscd is told to forget accounts and groups" sh -c 'printf "%s\n" "-i passwd" "-i group" | cmp - /tmp/nscd.log'
expect_output "nothing changes: nothing is printed" '^[0-9]+ identities, .*: no change$' agentctl apply
kill $!
rm -r /run/nscd /usr/sbin/nscd /etc/pam_agent/conf.d/50-late.conf
must agentctl apply

story "Odd hosts"
cp /etc/ssh/sshd_config /tmp/sshd_config.stock
cp -p /etc/sudo.conf /etc/nsswitch.conf /tmp
sed -i '/^Include/d' /etc/ssh/sshd_config
rm /etc/sudo.conf
printf 'passwd: files\r\ngroup: files [NOTFOUND=return] systemd' >/etc/nsswitch.conf
remember
expect_output "no Include: the lines go into sshd_config" 'marked block' agentctl enable --yes
expect_output "which sshd takes" '^allowtcpforwarding no' sshd -T -C user=agent-deploy,host=x,addr=127.0.0.1
expect_output "agents are found" '^agent-deploy:' getent passwd agent-deploy
expect_output "and in their group" 'agents' id agent-deploy
expect_status "disable ends well" 0 agentctl disable --yes
expect_ok "it is as before" unchanged
cp /tmp/sshd_config.stock /etc/ssh/sshd_config
cp -p /tmp/sudo.conf /tmp/nsswitch.conf /etc

story "What it refuses"
sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config
remember
expect_output "sshd without PAM" 'UsePAM yes' agentctl enable --yes
expect_status "with exit status 1" 1 agentctl enable --yes
cp /tmp/sshd_config.stock /etc/ssh/sshd_config
echo 'Nonsense yes' >>/etc/ssh/sshd_config
expect_output "a configuration that sshd does not take" 'Nonsense' agentctl enable --yes
cp /tmp/sshd_config.stock /etc/ssh/sshd_config
cp -p /etc/pam.d/common-auth /tmp
sed -i 's/^auth.*pam_unix.*/&\nauth optional pam_warn.so/' /etc/pam.d/common-auth
expect_output "common-auth edited by hand" 'edited by hand' agentctl enable --yes
cp -p /tmp/common-auth /etc/pam.d
sudo=$(find /usr/libexec/sudo /usr/lib/sudo -name sudo_agent.so 2>/dev/null || :)
mv "$sudo" /tmp
expect_output "a plug-in that is missing" 'sudo_agent.so is not there' agentctl enable --yes
mv /tmp/sudo_agent.so "$sudo"
echo 'nonsense' >/etc/pam_agent/conf.d/99-nonsense.conf
expect_output "a configuration that cannot be applied" '99-nonsense.conf:1' agentctl enable --yes
rm /etc/pam_agent/conf.d/99-nonsense.conf
remember
expect_ok "nothing is changed" unchanged

story "A proof that fails undoes everything"
nss=$(find /lib/ -name libnss_agent.so.2 | head -n 1)
for plugin in "$nss" "$sudo"; do
	mv "$plugin" /tmp/plugin
	: >"$plugin"
	expect_output "an empty ${plugin##*/}: a proof fails" '^FAILED' agentctl enable --yes
	expect_status "with exit status 1" 1 agentctl enable --yes
	expect_ok "and it is as before" unchanged
	expect_fail "without a group" getent group agents
	mv /tmp/plugin "$plugin"
done
mv /usr/sbin/groupadd /tmp
expect_status "a step that fails: exit status 1" 1 agentctl enable --yes
expect_ok "and it is as before" unchanged
mv /tmp/groupadd /usr/sbin

story "Plain keys"
chmod 0775 /usr/local/libexec/pam_agent
expect_output "a helper that sshd would not run is refused" 'writable by nobody else' agentctl enable --yes --plain-keys
chmod 0755 /usr/local/libexec/pam_agent
must agentctl enable --yes
expect_output "it can be switched on later" '^proven +ssh asks' agentctl enable --yes --plain-keys
expect_output "and sshd asks for key and credential" '^authenticationmethods publickey,keyboard-interactive:pam' \
	sshd -T -C user=agent-deploy,host=x,addr=127.0.0.1
expect_status "and is taken out" 0 agentctl disable --yes
expect_ok "to the state before both" unchanged

finish
