#!/bin/bash
# timeout: 300
# intercept of a rule: what a permitted command starts is asked, too, and decided like what sudo is asked for.
. "$TOP/tests/host/agent.sh"
agent_host
if ! echo 'Defaults intercept' | visudo -cf - >/dev/null 2>&1; then
	story "a sudo that has no intercept"
	cat >>/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		policy "asks" { identities = { "$AGENT_ID" }  sudo { commands = { "/usr/bin/id -u" }  intercept = true } }
	CONF
	expect_output "apply refuses the rule" '10-deploy.conf:[0-9]+: intercept: this host.s sudo is older than 1.9.8' agentctl apply
	finish
fi

# /usr/local/sbin/care WHAT: what an administrator wrote, for root to run.
cat >/usr/local/sbin/care <<'SCRIPT'
#!/bin/sh
case $1 in
both) /usr/bin/id -u && /usr/bin/stat -c %n /etc ;;
third) /usr/bin/id -un; echo "third: $?" ;;
denied) /usr/bin/id -u; /usr/bin/id -G; echo "denied: $?" ;;
below) /usr/local/sbin/inner; echo "below: $?" ;;
name) id -u ;;
relative) cd /usr/bin && ./id -u ;;
link) /tmp/stat -u; echo "link: $?" ;;
shell) sh -c '/usr/bin/id -u'; echo "shell: $?" ;;
exec) exec /usr/bin/id -u ;;
leaves) (while [ ! -e /tmp/sudo-is-over ]; do :; done; /usr/bin/id -u; echo "left: $?") >/tmp/left 2>&1 & ;;
sudo) /usr/bin/sudo -n /usr/bin/id -u; echo "sudo: $?" ;;
preload) LD_PRELOAD=/tmp/x.so /usr/bin/id -u; echo "preload: $?" ;;
preloads) LD_PRELOAD=$LD_PRELOAD:/tmp/x.so /usr/bin/id -u; echo "preloads: $?" ;;
descriptor) SUDO_INTERCEPT_FD=x /usr/bin/id -u; echo "descriptor: $?" ;;
empty) unset LD_PRELOAD SUDO_INTERCEPT_FD; /usr/bin/id -u; /usr/bin/id -G; echo "empty: $?" ;;
home) HOME=/tmp /usr/bin/id -u; echo "home: $?" ;;
way) PATH=/tmp:$PATH /usr/bin/id -u; echo "way: $?" ;;
many) for i in 1 2 3 4; do /usr/bin/id -u; done; echo "many: $?" ;;
esac
SCRIPT
printf '#!/bin/sh\n/usr/bin/id -u; /usr/bin/id -G\n' >/usr/local/sbin/inner
printf '#!/bin/sh\n/usr/bin/id -un\n' >/usr/local/sbin/free
printf '#!/bin/sh\n/usr/bin/id -u\n' >/usr/local/sbin/closed
chmod 0755 /usr/local/sbin/*
ln -s /usr/bin/id /tmp/stat
sed -i 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
policy() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		identity "agent-other" { id = "spiffe://example.org/agent/other" }
		policy "deploy" {
		    identities = { "$AGENT_ID" }  max-logins = 99  max-denials = 99  $*
		    login { }
		    sudo { commands = { "/usr/local/sbin/care *" }  intercept = true }
		    sudo { commands = { "/usr/bin/id -u", "/usr/bin/id -G", "/usr/bin/stat -c %n /etc", "/usr/local/sbin/inner" } }
		    sudo { commands = { "/usr/local/sbin/closed" } }
		    sudo { commands = { "/usr/local/sbin/free" }  may-exec = true }
		    deny-sudo { commands = { "/usr/bin/id -G" } }
		}
	CONF
	must agentctl apply
}
policy
credential wide --tool host:login --tool host:sudo
wide() { agent wide "{ $*; } 2>&1"; }
# The commands that the last one led to, as STATUS PHASE RUN-AS COMMAND.
decisions() {
	tail -c "+$((SEEN[$DECISIONS] + 1))" "$DECISIONS" |
		jq -r 'select(.unmapped.step == "command") | [.status_code, .unmapped.phase // "-", .unmapped.run_as, (.unmapped.command | join(" "))] | join(" ")'
}
expect_decision() {
	if decisions | grep -Eq -- "$2"; then pass "$1"; else fail "$1" "no decision like: $2"; fi
}
expect_no_decision() {
	if decisions | grep -Eq -- "$2"; then fail "$1" "a decision like: $2"; else pass "$1"; fi
}

# --- what is asked ---

what_is_asked() {
	story "$1: what the policy allows runs"
	expect_output "two commands below a script" '^0$' wide 'sudo -n care both'
	expect_seen "the second one" '^/etc$'
	expect_decision "the script is decided" '^permit - root /usr/local/sbin/care both$'
	expect_decision "and each of the two, as what a command starts" '^permit sub-command root /usr/bin/id -u$'
	expect_decision "with its arguments" '^permit sub-command root /usr/bin/stat -c %n /etc$'
	expect_output "what is started by exec" '^0$' wide 'sudo -n care exec'
	expect_output "by its name" '^0$' wide 'sudo -n care name'
	expect_decision "the path that sudo resolved" '^permit sub-command root /usr/bin/id -u$'
	expect_output "by a relative path: refused, as it is when sudo is called" 'Permission denied' wide 'sudo -n care relative'
	expect_decision "with the name in the record" '^no_rule sub-command root \(called \./id\) /usr/bin/id -u$'
	# What a script has left behind is asked no more, and does not run.
	rm -f /tmp/sudo-is-over
	expect_ok "a script that leaves something" wide 'sudo -n care leaves && touch /tmp/sudo-is-over && sleep 1'
	expect_output "which starts nothing more" '^left: 126$' cat /tmp/left

	story "$1: what it does not allow is refused"
	expect_output "a third command: sudo's own rules refuse it" '^third: 126$' wide 'sudo -n care third'
	expect_output "one that a rule denies" '^denied: 126$' wide 'sudo -n care denied'
	expect_seen "after one that is allowed" '^0$'
	expect_seen "and the agent is told" '^sudo: Access denied \(ref [0-9a-f]{8}\)'
	expect_decision "with a reason in the record" '^denied_by_rule sub-command root /usr/bin/id -G$'
	expect_output "what a script below starts, too" '^below: 126$' wide 'sudo -n care below'
	expect_decision "by the same rule" '^denied_by_rule sub-command root /usr/bin/id -G$'
	expect_output "a link of another name to one that is allowed" '^link: 126$' wide 'sudo -n care link'
	expect_output "a shell in between" '^shell: 126$' wide 'sudo -n care shell'
	expect_output "sudo itself" '^sudo: 126$' wide 'sudo -n care sudo'
	credential narrow --tool host:login --tool 'host:sudo runas=root command=/usr/local/sbin/care'
	expect_fail "what the credential lacks" agent narrow 'sudo -n care both'
	expect_no_decision "the script has an argument that it does not name" '^permit'
	credential narrow --tool host:login --tool 'host:sudo runas=root command=/usr/local/sbin/care args=["both"]'
	expect_output "the script runs, and nothing that it starts" '^126$' agent narrow 'sudo -n care both; echo $?'
	expect_decision "for want of scope" '^scope_exceeded sub-command root /usr/bin/id -u$'

	story "$1: the environment of what is started"
	expect_output "a library of the agent's own" '^preload: 126$' wide 'sudo -n care preload'
	expect_decision "is no part of a rule" '^no_rule sub-command root \(variable LD_PRELOAD\) /usr/bin/id -u$'
	expect_output "one beside sudo's" '^preloads: 126$' wide 'sudo -n care preloads'
	expect_output "another home" '^home: 126$' wide 'sudo -n care home'
	expect_output "another path" '^way: 126$' wide 'sudo -n care way'
	expect_output "none of sudo's: sudo adds it again" '^0$' wide 'sudo -n care empty'
	expect_seen "and asks" '^empty: 126$'
	expect_output "what the agent has in its own does not come in" '^/etc$' \
		wide 'LD_PRELOAD=/tmp/x.so SUDO_INTERCEPT_FD=3 sudo -n care both'
	expect_fail "nor by the command line" wide 'sudo -n LD_PRELOAD=/tmp/x.so SUDO_INTERCEPT_FD=3 care both'
}

what_is_asked "as sudo asks by itself"
echo 'Defaults intercept_type = dso' >/etc/sudoers.d/zz-type
chmod 0440 /etc/sudoers.d/zz-type
if visudo -c >/dev/null 2>&1; then
	what_is_asked "by the library"
	expect_output "another descriptor: the library puts its own" '^descriptor: (0|126)$' wide 'sudo -n care descriptor'
else
	skip "this sudo has one way to ask"
fi
rm /etc/sudoers.d/zz-type

story "where sudoers keep what an agent sets"
printf 'Defaults env_keep += "LD_PRELOAD SUDO_INTERCEPT_FD"\n' >/etc/sudoers.d/zz-keep
chmod 0440 /etc/sudoers.d/zz-keep
expect_refused "a descriptor" no_rule wide 'SUDO_INTERCEPT_FD=3 sudo -n care both'
# The loader takes it from a setuid program (ld.so(8)), so that sudo never has it.
expect_output "a library does not come in" '^/etc$' wide 'LD_PRELOAD=/tmp/x.so sudo -n care both'
rm /etc/sudoers.d/zz-keep

story "limits count what is started"
policy 'max-steps = 3'
expect_output "two of four" '^many: 126$' wide 'sudo -n care many'
expect_decision "the others are refused" '^budget_exhausted sub-command root /usr/bin/id -u$'
expect_ok "two were permitted" test "$(decisions | grep -c '^permit sub-command')" = 2
policy

story "a session that ends"
agent wide 'sudo -n care both; touch /tmp/first; while [ ! -e /tmp/over ]; do sleep 0.1; done; sudo -n care both' >/tmp/said 2>&1 &
client=$!
expect_ok "a session" wait_until 10 test -e /tmp/first
must agentctl task complete task-wide
touch /tmp/over
wait $client || true
expect_ok "starts nothing more" test "$(grep -c '^/etc$' /tmp/said)" = 1
credential wide --task again --tool host:login --tool host:sudo

story "rules without intercept"
expect_output "a command starts nothing" 'Permission denied' wide 'sudo -n closed'
expect_output "or what it likes, where it may-exec, and nobody is asked" '^root$' wide 'sudo -n free'
expect_no_decision "about it" sub-command
echo 'Defaults log_subcmds' >/etc/sudoers.d/zz-log
chmod 0440 /etc/sudoers.d/zz-log
expect_output "log_subcmds asks us nothing, either" '^root$' wide 'sudo -n free'
expect_no_decision "it is sudo's own log" sub-command
expect_log "which has it" 'COMMAND=/usr/bin/id -un' "$SYSLOG"
expect_output "and lets no command start more" 'Permission denied' wide 'sudo -n closed'
expect_output "nor one that asks" '^third: 126$' wide 'sudo -n care third'
rm /etc/sudoers.d/zz-log

story "a human's sudo"
expect_output "is no affair of ours" '^third: 0$' as_human alice 'sudo -n care third'
echo 'alice ALL=(ALL:ALL) NOPASSWD: INTERCEPT: ALL' >/etc/sudoers.d/zz-alice
chmod 0440 /etc/sudoers.d/zz-alice
expect_output "with intercept, too" '^third: 0$' as_human alice 'sudo -n care third'
expect_output "and with a variable of hers" '^home: 0$' as_human alice 'sudo -n care home'
expect_fail "not into an agent's account" as_human alice 'sudo -n -u agent-deploy care both'
expect_no_decision "with intercept, nobody asks us of what she starts" 'sub-command'
rm /etc/sudoers.d/zz-alice

story "a host where sudo cannot ask"
mkdir /tmp/old
printf '#!/bin/sh\necho Sudo version 1.9.5p2\n' >/tmp/old/sudo
chmod 0755 /tmp/old/sudo
mount --bind /tmp/old/sudo /usr/bin/sudo
before=$(sha256sum /etc/sudoers.d/pam_agent /var/lib/pam_agent/policy.cdb)
expect_output "apply refuses the rule, with its place and the mend" \
	'10-deploy.conf:[0-9]+: intercept: this host.s sudo is older than 1.9.8.*: update sudo, or remove intercept' agentctl apply
expect_status "as a problem" 1 agentctl apply
expect_ok "nothing was changed" test "$before" = "$(sha256sum /etc/sudoers.d/pam_agent /var/lib/pam_agent/policy.cdb)"
umount /usr/bin/sudo
sed -i 's/^host {.*/&\n    sudo-approval = "argv"/' /etc/pam_agent/agent.conf
expect_output "nor where it asks no plug-in" '10-deploy.conf:[0-9]+: intercept: with sudo-approval = .argv. in host' agentctl apply
finish
