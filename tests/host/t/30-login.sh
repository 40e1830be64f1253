#!/bin/bash
# An agent logs in with a task credential, acts with sudo, and is refused when it should be.
. "$TOP/tests/host/agent.sh"

story "a host with agents"
agent_host
expect_output "the account resolves" '^agent-deploy:\*:7[0-9]+:' getent passwd agent-deploy
expect_output "so does the SPIFFE ID" '^agent-deploy:' getent passwd "$AGENT_ID"
expect_output "agents are in their group" '(^| )agents( |$)' id -nG agent-deploy

story "a login with a credential"
credential first
expect_output "a stock ssh runs id" 'uid=7[0-9]+\(agent-deploy\)' agent first id
expect_log "the login was recorded with its task" '"status_code":"permit".*"correlation_uid":"task-first"' "$DECISIONS"

story "sudo inside the session"
credential sudo --task task-sudo
cat >/tmp/steps <<'STEPS'
sudo -n /usr/bin/id -u; echo "other arguments: $?"
sudo -n /usr/bin/id; echo "permitted: $?"
sudo -n /usr/bin/whoami; echo "other command: $?"
sudo -n -u www-data /usr/bin/id -u; echo "other run-as: $?"
STEPS
chmod 644 /tmp/steps
expect_output "the permitted command runs as root" '^uid=0\(root\)' agent sudo 'sh /tmp/steps 2>&1'
expect_seen "and succeeds" '^permitted: 0'
expect_seen "another command does not" '^other command: 1'
finish
