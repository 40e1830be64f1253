#!/bin/bash
# policy suggest: what an observed agent did becomes a policy that permits the same and nothing else.
# timeout: 300
. "$TOP/tests/host/agent.sh"
agent_host
wide=(--tool host:login --tool host:sudo)
suggested=/etc/pam_agent/conf.d/50-suggested.conf

story "what was refused in earnest"
credential strict "${wide[@]}"
expect_refused "a command without a rule" no_rule agent strict 'sudo -n /usr/bin/test -e /etc/../etc'
expect_output "is no suggestion" 'nothing to add. No refusal was observed' agentctl policy suggest
expect_fail "nor is it for who is not root" as_human alice /usr/local/sbin/agentctl policy suggest
expect_seen "who is told so" 'policy suggest needs root'
expect_fail "an account that is nobody's" agentctl policy suggest --account alice
expect_seen "is told to be none" 'no identity is configured for this account'
finish
