#!/bin/bash
# Conditions of rules: groups of commands, where the login came from.
. "$TOP/tests/host/agent.sh"
agent_host
wide=(--tool host:login --tool host:sudo)

# rules LINE...: what stands beside the login rule of the policy, from now on.
rules() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		policy "deploy" {
		    identities = { "$AGENT_ID" }
		    login { }
		    $(printf '%s\n' "$@")
		}
	CONF
	must agentctl apply
}

# in_session NAME CMD: runs it in a session of its own.
in_session() {
	credential "$1" "${wide[@]}"
	agent "$1" "$2"
}

story "groups of commands"
echo 'commands "look" { list = { "/usr/bin/id -u", "/usr/bin/test -e *" } }' >/etc/pam_agent/conf.d/20-groups.conf
rules 'sudo { use = { "look" }  commands = { "/usr/bin/id -g" } }'
expect_ok "sudo has them" grep -q '^agent-deploy ALL=(root) NOPASSWD: /usr/bin/test -e \*$' /etc/sudoers.d/pam_agent
expect_output "one of the group runs" '^0$' in_session group 'sudo -n /usr/bin/id -u'
expect_output "one of the rule itself runs" '^0$' in_session beside 'sudo -n /usr/bin/id -g'
expect_fail "another one does not" in_session another 'sudo -n /usr/bin/id -n'
rules 'sudo { any-command = true }' 'deny-sudo { use = { "look" } }'
expect_refused "a group that is denied" denied_by_rule in_session denied 'sudo -n /usr/bin/id -u'
expect_output "others run" '^root$' in_session others 'sudo -n /usr/bin/id -un'
sed -i 's/"look" }/"lok" }/' /etc/pam_agent/conf.d/10-deploy.conf
expect_fail "a name that is no group's" agentctl apply
expect_seen "is told where it stands" 'conf.d/10-deploy.conf:6: use: there is no commands "lok"'
rm /etc/pam_agent/conf.d/20-groups.conf

story "where the login came from"
rules 'sudo { commands = { "/usr/bin/id -u" }  from = { "127.0.0.0/8" } }' \
	'sudo { commands = { "/usr/bin/id -g" }  from = { "10.0.0.0/8" } }' \
	'deny-sudo { run-as = "www-data"  from = { "127.0.0.1" } }' \
	'sudo { run-as = { "www-data", "backup" }  commands = { "/usr/bin/id -u" } }'
expect_output "from here" '^0$' in_session here 'sudo -n /usr/bin/id -u'
expect_refused "from elsewhere" no_rule in_session elsewhere 'sudo -n /usr/bin/id -g'
expect_refused "denied from here" denied_by_rule in_session denied2 'sudo -n -u www-data /usr/bin/id -u'
expect_output "what is not denied" '^34$' in_session backup 'sudo -n -u backup /usr/bin/id -u'
expect_output "what the agent says of it does not count" '^1$' \
	in_session forged 'SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22" sudo -n /usr/bin/id -g >/dev/null 2>&1; echo $?'
finish
