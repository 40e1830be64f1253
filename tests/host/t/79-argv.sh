#!/bin/bash
# sudo-approval = "argv": a sudo without approval plug-ins, whose own arguments are what is decided.
. "$TOP/tests/host/agent.sh"
agent_host
sed -i 's/^host {.*/&\n    sudo-approval = "argv"/; s/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
cat >/etc/pam_agent/conf.d/10-deploy.conf <<CONF
identity "agent-deploy" { id = "$AGENT_ID" }
policy "deploy" {
    identities = { "$AGENT_ID" }  max-logins = 99  max-denials = 99
    login { }
    sudo { commands = { "/usr/bin/id", "/usr/bin/id -u", "/usr/bin/printf %s *" } }
    sudo { run-as = "www-data"  commands = { "/usr/bin/id -un" } }
    sudo { commands = { "/usr/bin/setsid -f /usr/bin/sleep 300" }  leaves = "service"  escapes = "accepted" }
}
CONF
must agentctl apply
# sudo itself would let everything through: what is refused below, pam_agent refuses.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: SETENV: EXEC: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
credential wide --tool host:login --tool host:sudo
wide() { agent wide "$@"; }

story "enable takes the plug-in out"
expect_ok "enable" agentctl enable --yes
expect_fail "sudo.conf names it no more" grep -q '^Plugin sudo_agent' /etc/sudo.conf
expect_ok "and again: nothing to do" sh -c 'agentctl enable --yes | grep -q "was enabled already"'

story "the one form"
expect_output "a command" 'uid=0' wide 'sudo -n /usr/bin/id'
expect_output "behind --" '^0$' wide 'sudo -n -- /usr/bin/id -u'
expect_output "as another user" '^www-data$' wide 'sudo -n -u www-data /usr/bin/id -un'
expect_output "the same behind --" '^www-data$' wide 'sudo -n -u www-data -- /usr/bin/id -un'
expect_output "sudo by its path" '^0$' wide '/usr/bin/sudo -n /usr/bin/id -u'
expect_output "an argument with blanks in it" '^-a b;c -$' wide "echo -\$(sudo -n /usr/bin/printf %s 'a b;c ')-"
expect_output "the record has it" '"step":"sudo","phase":"open".*/usr/bin/printf' tail -n 4 "$DECISIONS"
expect_ok "what leaves a service" wide 'sudo -n /usr/bin/setsid -f /usr/bin/sleep 300 >/dev/null 2>&1 </dev/null'
sleep 1
expect_ok "stays" pkill -u 0 -f '[/]usr/bin/sleep 300'

story "what policy does not allow"
expect_refused "a newline where the rule has a pattern" no_rule wide "sudo -n /usr/bin/printf %s 'a
b'"
expect_refused "another argument" no_rule wide 'sudo -n /usr/bin/id -g'
expect_refused "another command" no_rule wide 'sudo -n /usr/bin/whoami'
expect_refused "another user's command" no_rule wide 'sudo -n /usr/bin/id -un'
expect_refused "another user" no_rule wide 'sudo -n -u daemon /usr/bin/id -u'
credential narrow --tool host:login --tool 'host:sudo runas=root command=/usr/bin/id args=["-u"]'
expect_output "what the credential holds" '^0$' agent narrow 'sudo -n /usr/bin/id -u'
expect_refused "and what it does not" scope_exceeded agent narrow 'sudo -n /usr/bin/id'

story "every other form"
while IFS='|' read -r what command <&3; do
	expect_refused "$what" not_approved wide "$command </dev/null"
done 3<<'FORMS'
without -n|sudo /usr/bin/id
a command by its name|sudo -n id
a relative path|cd /usr/bin && sudo -n ./id
a user behind -u without a blank|sudo -n -uwww-data /usr/bin/id -un
a user before -n|sudo -u www-data -n /usr/bin/id -un
--user=|sudo -n --user=www-data /usr/bin/id -un
a uid|sudo -n -u '#0' /usr/bin/id -u
a group|sudo -n -u root -g daemon /usr/bin/id -u
a root shell|sudo -n -s
a root shell with a command|sudo -n -s /usr/bin/id -u
a variable|sudo -n LD_PRELOAD=/tmp/x.so /usr/bin/id -u
the whole environment|sudo -n -E /usr/bin/id -u
one variable of it|sudo -n --preserve-env=LD_PRELOAD /usr/bin/id -u
groups kept|sudo -n -P /usr/bin/id -u
no timestamp|sudo -n -k /usr/bin/id -u
closed descriptors|sudo -n -C 3 /usr/bin/id -u
askpass|sudo -n -A /usr/bin/id -u
the home of root|sudo -n -H /usr/bin/id -u
sudoedit|sudo -n -e /etc/hostname
sudo by another name|ln -sf /usr/bin/sudo ~/sudox && ~/sudox -n /usr/bin/id -u
FORMS
expect_fail "a group of its own" wide 'sudo -n -g daemon /usr/bin/id -u </dev/null'
expect_fail "another directory" wide 'sudo -n -D /tmp /usr/bin/id -u </dev/null'
expect_fail "a timeout" wide 'sudo -n -T 5 /usr/bin/id -u </dev/null'
expect_fail "a login shell" wide 'sudo -n -i /usr/bin/id -u </dev/null'
expect_refused "in the background" not_approved wide "sudo -n -b /usr/bin/id -u </dev/null; sleep 1; false"
expect_fail "su, whose service is none of sudo's" wide 'su root -c id </dev/null'
must wait_until 5 sh -c '! pgrep -x guard'
expect_fail "a stray" setpriv --reuid agent-deploy --regid agent-deploy --clear-groups sudo -n /usr/bin/id -u

story "a policy that observes"
sed -i 's/^identity "agent-deploy".*/&\nidentity "agent-other" { id = "spiffe:\/\/example.org\/agent\/other" }/; s/policy "deploy" {/& mode = "observe" /' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_output "what no rule allows goes on" '^root$' wide 'sudo -n /usr/bin/whoami'
expect_output "in any form" '^root$' wide 'sudo -n -H /usr/bin/whoami'
expect_refused "another agent's account does not" target_is_agent wide 'sudo -n -u agent-other /usr/bin/id'
expect_refused "in any form" target_is_agent wide 'sudo -n -H -u agent-other /usr/bin/id'
expect_refused "nor its own" target_is_agent wide 'sudo -n -H -g disk /usr/bin/id'
sed -i 's/mode = "observe" //' /etc/pam_agent/conf.d/10-deploy.conf

story "budgets count them once"
sed -i 's/max-logins = 99/& max-steps = 2/' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_output "two of two" '^0 0 1$' wide 'for i in 1 2 3; do sudo -n /usr/bin/id -u >/dev/null 2>&1; printf "%s " $?; done | sed "s/ $//"'

story "humans"
expect_output "any form" '^root$' as_human alice 'sudo -n -H -- id -un'
expect_output "another" '^www-data$' as_human alice 'sudo -n -u www-data id -un'

story "and back"
sed -i '/sudo-approval/d' /etc/pam_agent/agent.conf
expect_ok "apply" agentctl apply
expect_refused "without the plug-in nothing is approved" not_approved wide 'sudo -n /usr/bin/id -u'
expect_ok "enable puts it in" agentctl enable --yes
expect_output "and it decides" '^0$' wide 'sudo -n id -u'
finish
