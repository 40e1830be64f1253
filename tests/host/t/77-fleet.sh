#!/bin/bash
# More accounts than sudoers can have lines for: it lets each agent try what any agent may, and the guard decides.
. "$TOP/tests/host/agent.sh"

story 'a fleet'
agent_host
{
	for ((i = 0; i < 8000; i++)); do
		echo "identity \"fleet-$i\" { id = \"spiffe://example.org/fleet/$i\" }"
	done
	cat <<-CONF
		policy "fleet" {
		    identities = { "spiffe://example.org/fleet/*" }
		    sudo { commands = { "/usr/bin/uptime" } }
		}
	CONF
} >/etc/pam_agent/conf.d/20-fleet.conf
human eve -G agents
must agentctl apply
expect_seen 'the first hundred are told' 'identity fleet-99: new'
expect_seen 'the others are counted' 'and 7900 more identities: new'
expect_output 'sudoers has a line for all' '^PAM_AGENT ALL=\(root\) NOPASSWD: /usr/bin/uptime ""$' cat /etc/sudoers.d/pam_agent

credential any --tool host:login --tool host:sudo
expect_output 'an agent runs its own command' '^uid=0' agent any sudo -n /usr/bin/id
credential other --tool host:login --tool host:sudo
expect_refused 'what another agent may' no_rule agent other sudo -n /usr/bin/uptime
expect_fail 'a member of the group that is no agent' su eve -c 'sudo -n /usr/bin/uptime'
expect_seen 'sudo asks for its password' 'password is required'
expect_output 'a human does what it may' '^0$' as_human alice sudo -n /usr/bin/id -u

story 'and a few again'
rm /etc/pam_agent/conf.d/20-fleet.conf
must agentctl apply
expect_seen 'the disabled ones are counted' 'and 7900 more identities: no longer configured, disabled'
expect_output 'sudoers has a line for each' '^agent-deploy ALL=\(root\) NOPASSWD: /usr/bin/id ""$' cat /etc/sudoers.d/pam_agent
credential again --tool host:login --tool host:sudo
expect_output 'an agent runs its own command' '^uid=0' agent again sudo -n /usr/bin/id
finish
