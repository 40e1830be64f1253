#!/bin/bash
# sudo inside a session: every step is found to belong to it and decided, however it is called.
. "$TOP/tests/host/agent.sh"
agent_host
# sudo itself would let everything through: what is refused below, pam_agent refuses.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
# in_session NAME TASK: runs /tmp/steps in a session of its own.
in_session() {
	local name=$1
	shift
	cat >/tmp/steps
	chmod 0644 /tmp/steps
	credential "$name" "$@"
	try agent "$name" 'sh /tmp/steps 2>&1' || true
	cp "$OUTPUT" /tmp/result
}
wide=(--tool host:login --tool host:sudo)

story "a step is decided each time"
in_session again "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/id -u; echo "not listed with arguments: $?"
sudo -n /usr/bin/id >/dev/null; echo "first: $?"
sudo -k; sudo -n /usr/bin/id >/dev/null; echo "after -k: $?"
setsid -w sudo -n /usr/bin/id >/dev/null; echo "setsid: $?"
( ( setsid sudo -n /usr/bin/id >/tmp/forked.$$; echo "double fork: $?" ) & ); sleep 1
sudo -n /usr/bin/whoami; echo "another: $?"
STEPS
for what in first 'after -k' setsid 'double fork'; do
	expect_output "$what is permitted" "^$what: 0" cat /tmp/result
done
expect_output "arguments that are not listed" '^not listed with arguments: 1' cat /tmp/result
expect_output "another command" '^another: 1' cat /tmp/result
expect_output "what it needs is told" '; needs host:sudo runas=root command=/usr/bin/whoami$' cat /tmp/result
expect_output "arguments too" '; needs host:sudo runas=root command=/usr/bin/id args=\["-u"\]$' cat /tmp/result

story "forms of sudo"
in_session forms "${wide[@]}" <<'STEPS'
sudo -n -i /usr/bin/id; echo "login shell: $?"
sudo -n -s /usr/bin/id; echo "shell: $?"
sudo -n -b /usr/bin/id >/tmp/background 2>&1; sleep 0.5; echo "background asked"
sudo -n -u '#0' /usr/bin/id >/dev/null; echo "by uid: $?"
sudo -n -u '#-1' /usr/bin/id; echo "uid -1: $?"
sudo -n -u www-data /usr/bin/id; echo "run-as beyond the rule: $?"
sudo -n -e /etc/passwd </dev/null; echo "sudoedit: $?"
sudo -n -R / /usr/bin/id; echo "chroot: $?"
sudo -n /usr/bin/../bin/id; echo "dotdot: $?"
sudo -n sh -c id; echo "sh: $?"
cd /usr/bin && sudo -n ./id; echo "relative: $?"
ln -s /usr/bin/whoami /tmp/id; sudo -n /tmp/id; echo "symlink: $?"
sudo -n LD_PRELOAD=/tmp/x.so /usr/bin/id; echo "variable: $?"
STEPS
for what in 'login shell' shell 'uid -1' 'run-as beyond the rule' sudoedit chroot sh relative symlink variable; do
	expect_output "$what is refused" "^$what: 1" cat /tmp/result
done
expect_output "root by uid is root" '^by uid: 0' cat /tmp/result
expect_fail "sudo -b ran nothing" grep -q 'uid=0' /tmp/background
expect_log "and was refused for want of an approval" 'not_approved' "$DECISIONS"

story "the name that a command is called by"
sed -i 's|"/usr/bin/id"|&, "/usr/bin/id --help"|' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
mv /etc/sudoers.d/zz-wide /tmp/zz-wide # sudo would take a link for another program
cat >/tmp/names <<'STEPS'
ln -s /usr/bin/id /tmp/link/id
said() { "$@" --help | sed -n 's/^Usage: \([^ ]*\).*/called \1/p'; }
echo "name: $(said sudo -n id)"
echo "path: $(said sudo -n /usr/bin/id)"
echo "other path: $(said sudo -n /bin/id)"
echo "link: $(said sudo -n /tmp/link/id)"
cd /tmp/link
echo "relative link: $(said sudo -n ./id)"
echo "relative link with a directory: $(said sudo -n ../link/id)"
cd /usr/bin
echo "relative: $(said sudo -n ./id)"
STEPS
mkdir -m 0777 /tmp/link
in_session names "${wide[@]}" </tmp/names
expect_output "its own" '^name: called id$' cat /tmp/result
expect_output "its path" '^path: called /usr/bin/id$' cat /tmp/result
[ ! -L /bin ] || expect_output "another directory of the system's" '^other path: called /bin/id$' cat /tmp/result
for what in link 'relative link' 'relative link with a directory' relative; do
	expect_output "$what: one that the agent chose, which leads to files that it made" "^$what: \$" cat /tmp/result
done
expect_log "the record names it" '"no_rule".*root \(called \./id\)' "$DECISIONS"
rm /tmp/link/id
expect_output "alice's is hers" '^link: called /tmp/link/id$' as_human alice bash <'/tmp/names'
mv /tmp/zz-wide /etc/sudoers.d/zz-wide

story "the credential narrows the policy"
in_session narrow --tool host:login --tool 'host:sudo runas=root command=/usr/bin/test' <<'STEPS'
sudo -n /usr/bin/id; echo "out of scope: $?"
sudo -n /usr/bin/test -e /; echo "arguments out of scope: $?"
STEPS
expect_output "a command that policy allows and the credential does not" '^out of scope: 1' cat /tmp/result
expect_output "closed world: arguments that the credential does not name" '^arguments out of scope: 1' cat /tmp/result
in_session unknown --tool host:login --tool 'host:sudo runas=root command=/usr/bin/id cwd=/tmp' <<'STEPS'
sudo -n /usr/bin/id; echo "unknown constraint: $?"
STEPS
expect_output "a constraint that the step does not know" '^unknown constraint: 1' cat /tmp/result
expect_log "is command_unknown" command_unknown "$DECISIONS"
in_session loginonly --tool host:login <<'STEPS'
sudo -n /usr/bin/id; echo "login only: $?"
STEPS
expect_output "a credential for login alone" '^login only: 1' cat /tmp/result

story "Defaults that drop PAM do not drop the decision"
for defaults in '!pam_session' '!pam_acct_mgmt' '!pam_setcred' 'pam_service=other' 'pam_service=su'; do
	echo "Defaults $defaults" >/etc/sudoers.d/zz-odd
	in_session odd --task "task-odd-${defaults//[^a-z]/}" "${wide[@]}" <<-'STEPS'
		sudo -n /usr/bin/whoami; echo "status: $?"
	STEPS
	expect_output "$defaults: another command is refused" '^status: 1' cat /tmp/result
	expect_output "$defaults: alice's sudo works" '^root$' as_human alice sudo -n id -un
done
rm /etc/sudoers.d/zz-odd

story "another session module fails first"
sed -i 's/^session.*pam_limits.so/& conf=\/nonexistent/' /etc/pam.d/sudo
in_session limits "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/whoami; echo "status: $?"
STEPS
expect_output "refused still" '^status: 1' cat /tmp/result
sed -i 's/ conf=\/nonexistent//' /etc/pam.d/sudo
cp /etc/pam.d/sudo /tmp/sudo.pam
sed -i '1i session required pam_deny.so' /etc/pam.d/sudo
in_session denied "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/whoami; echo "status: $?"
STEPS
expect_output "refused where a module before ours fails, which sudo does not mind" '^status: 1' cat /tmp/result
expect_output "alice's sudo does not mind it" '^root$' as_human alice sudo -n id -un
cp /tmp/sudo.pam /etc/pam.d/sudo

story "without the line in sudo.conf agents run nothing"
cp /etc/sudo.conf /tmp/sudo.conf
sed -i '/sudo_agent/d' /etc/sudo.conf
in_session unplugged "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/id; echo "status: $?"
STEPS
expect_output "the agent's command is refused" '^status: 1' cat /tmp/result
expect_fail "and did not run" grep -q uid=0 /tmp/result
expect_log "for want of an approval" not_approved "$DECISIONS"
expect_output "alice's runs" '^root$' as_human alice sudo -n id -un
cp /tmp/sudo.conf /etc/sudo.conf

story "what sudoers keep of the environment"
printf 'Defaults env_keep += "TRICK HOME PATH"\nDefaults !secure_path\n' >/etc/sudoers.d/zz-keep
chmod 0440 /etc/sudoers.d/zz-keep
in_session kept "${wide[@]}" <<'STEPS'
export HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
sudo -n /usr/bin/id >/dev/null; echo "plain: $?"
TRICK=x sudo -n /usr/bin/id >/dev/null; echo "variable: $?"
HOME=/tmp sudo -n /usr/bin/id >/dev/null; echo "home: $?"
PATH=/tmp:$PATH sudo -n /usr/bin/id >/dev/null; echo "path: $?"
PATH=$PATH: sudo -n /usr/bin/id >/dev/null; echo "here: $?"
STEPS
expect_output "what it would pass on by itself: permitted" '^plain: 0' cat /tmp/result
for what in variable home path here; do expect_output "$what: refused" "^$what: 1" cat /tmp/result; done
expect_output "the record names it" 'root \(variable TRICK\)' grep '"step":"command"' "$DECISIONS"
expect_output "alice's is passed on" '^x$' as_human alice 'TRICK=x sudo -n printenv TRICK'
rm /etc/sudoers.d/zz-keep

story "secrets on a command line"
sed -i 's/^host {.*/&\n    secret-arguments = { "--password", "-p*" }/' /etc/pam_agent/agent.conf
must agentctl apply
in_session secret "${wide[@]}" <<'STEPS'
for i in 1 2; do sudo -n /usr/bin/false --password hunter2 --password=hunter2 -phunter2 --user=x; done
STEPS
expect_fail "are in no record" grep -q hunter2 "$DECISIONS"
expect_output "but what tells them apart" '"--password","sha256:[0-9a-f]{16}","--password=sha256:[0-9a-f]{16}","-psha256:[0-9a-f]{16}","--user=x"' \
	tail -n 8 "$DECISIONS"
expect_output "one secret has one digest" '^1$' sh -c "grep -o 'sha256:[0-9a-f]*' $DECISIONS | sort -u | wc -l"
expect_output "its key is root's" '^600 0 32$' stat -c '%a %u %s' /var/lib/pam_agent/record-key

story "rules of an administrator, with aliases"
cat >/etc/sudoers.d/zz-wide <<'SUDOERS'
User_Alias WORKERS = agent-deploy, %agents
Runas_Alias ANYONE = root, www-data
Cmnd_Alias LOOK = /usr/bin/i*, /usr/bin/whoami, !/usr/bin/test
WORKERS ALL = (ANYONE) NOPASSWD: LOOK
SUDOERS
must visudo -cf /etc/sudoers.d/zz-wide
in_session aliases "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/id >/dev/null; echo "permitted: $?"
sudo -n -u www-data /usr/bin/id -u >/dev/null; echo "as another user: $?"
sudo -n /usr/bin/id -u; echo "other arguments: $?"
sudo -n /usr/bin/whoami; echo "another command: $?"
sudo -n -u www-data /usr/bin/id; echo "other arguments as another user: $?"
sudo -n /usr/bin/test -e /; echo "denied by sudo: $?"
STEPS
for what in permitted 'as another user'; do expect_output "$what" "^$what: 0" cat /tmp/result; done
for what in 'other arguments' 'another command' 'other arguments as another user' 'denied by sudo'; do
	expect_output "$what: refused" "^$what: 1" cat /tmp/result
done

story "rules that ask for a password"
sed -i 's/NOPASSWD/PASSWD/' /etc/sudoers.d/zz-wide
in_session password "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/id; echo "not asked: $?"
echo x | sudo -S /usr/bin/id; echo "asked: $?"
sudo -n -l >/dev/null; echo "listed: $?"
STEPS
for what in 'not asked' asked; do expect_output "$what: refused" "^$what: 1" cat /tmp/result; done
expect_fail "nothing ran" grep -q uid=0 /tmp/result
expect_log "an agent has no password" password_unsupported "$DECISIONS"
finish
