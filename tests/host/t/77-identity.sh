#!/bin/bash
# What an identity has of its own: groups, and how long its old homes are kept.
# timeout: 300
. "$TOP/tests/host/agent.sh"
agent_host
# identity [KEY = VALUE]...: the agent's, from now on.
identity() {
	sed -i "s|identity \"agent-deploy\" .*|identity \"agent-deploy\" { id = \"$AGENT_ID\" $* }|" \
		/etc/pam_agent/conf.d/10-deploy.conf
}
# live NAME [SCRIPT]: a session in the background; its pid is $session.
live() {
	credential "$1" --task "${TASK:-task-$1}"
	agent "$1" "${2:-echo up; sleep 771}" >"/tmp/session.$1" 2>&1 &
	session=$!
	must wait_until 10 grep -q '^up' "/tmp/session.$1"
}

story "groups"
install -d -m 0750 -g www-data /srv/site
echo public >/srv/site/page
chgrp www-data /srv/site/page
chmod 0640 /srv/site/page
credential none
expect_fail "without it the file is not read" agent none cat /srv/site/page
identity 'groups = { "www-data" }'
expect_output "apply says what is gained" '^identity agent-deploy gains: group www-data$' agentctl apply
expect_output "the host knows" '\(agents\).*\(www-data\)|\(www-data\).*\(agents\)' id agent-deploy
expect_output "the group lists no agent" '^www-data:x:33:$' getent group www-data
expect_output "identity show says so" 'may +group www-data' agentctl identity show agent-deploy
credential member
expect_output "a login has it" '\(www-data\)' agent member id
credential reader
expect_output "and reads the file" '^public$' agent reader cat /srv/site/page
credential sudoer
expect_fail "root behind sudo does not" agent sudoer "sudo -n /usr/bin/id | grep www-data"
expect_fail "others do not have it" grep -w www-data <(id agent-other)

story "groups that are refused"
for group in sudo shadow disk root agents; do
	identity "groups = { \"$group\" }"
	expect_output "$group" "10-deploy.conf:1: groups: .*: remove it" agentctl apply
done
identity 'groups = { "boss" }'
expect_output "one that is not there" '10-deploy.conf:1: groups: there is no group "boss" in /etc/group' agentctl apply
groupadd -o -g "$(getent group shadow | cut -d: -f3)" boss
expect_output "another name of shadow's gid" 'has the gid [0-9]+ of "shadow"' agentctl apply
expect_output "what is in force stays" '\(www-data\)' id agent-deploy

story "a group is taken away"
live taken
identity
expect_output "apply says so" '^identity agent-deploy loses: group www-data$' agentctl apply
expect_ok "the live session ends: what runs there has it still" wait_until 5 no_process_of agent-deploy
wait "$session" || true
expect_log "with its reason" '"status_code":"group_taken".*"step":"close"' "$DECISIONS"
credential after
expect_fail "the next login does not have it" agent after cat /srv/site/page
live same
expect_ok "an apply that takes none away" agentctl apply
expect_ok "ends nothing" pgrep -u agent-deploy -x sleep
must agentctl task complete task-same
wait "$session" || true

story "how long old homes are kept"
KEPT=/var/lib/agents/.kept
identity 'keep-home = "1h"'
must agentctl apply
expect_output "identity show says so" 'keep-home +1h' agentctl identity show agent-deploy
rm -rf "$KEPT"
for name in first second; do
	credential "$name"
	expect_ok "a task that leaves a home" agent "$name" true
done
expect_output "the first one is put away" '^agent-deploy-[0-9]+$' ls "$KEPT"
now=$(date +%s)
mkdir "$KEPT/agent-deploy-$((now - 3700))" "$KEPT/agent-deploy-2-$((now - 3700))" "$KEPT/agent-other-$((now - 3700))"
must agentctl sweep
expect_output "an older one of the identity is gone, others' stay" \
	"^agent-deploy-[0-9]{9,} agent-deploy-2-$((now - 3700)) agent-other-$((now - 3700))$" \
	sh -c "cd $KEPT && LC_ALL=C ls | paste -sd ' '"
finish
