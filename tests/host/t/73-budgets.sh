#!/bin/bash
# timeout: 150
# waits: 1
# What a session may do with sudo is counted: so many commands, and so many within a minute. Nobody else's are.
. "$TOP/tests/host/agent.sh"
agent_host
cat >/etc/pam_agent/conf.d/20-budgets.conf <<CONF
policy "few" { identities = { "$AGENT_ID" }  max-steps = 2 }
policy "slow" { identities = { "spiffe://example.org/agent/other" }  steps-per-minute = 2  max-denials = 1 }
CONF
must agentctl apply
# in_session NAME: runs its standard input in a session of its own.
in_session() {
	local name=$1
	cat >/tmp/steps
	chmod 0644 /tmp/steps
	try agent "$name" 'sh /tmp/steps 2>&1' || true
	cp "$OUTPUT" "/tmp/result.$name"
}
# decided STEP REASON: how many records of this kind there are.
decided() { grep -c "\"status_code\":\"$2\".*\"step\":\"$1\"" "$DECISIONS"; }

story "a session that is too fast" # and waits; its minute goes by behind the next story
: >"$DECISIONS"
cat >/tmp/fast <<'STEPS'
for i in 1 2 3 4 5; do sudo -n /usr/bin/id >/dev/null; echo "fast $i: $?"; done
sleep 61
sudo -n /usr/bin/id >/dev/null; echo "a minute later: $?"
for i in 1 2; do sudo -n /usr/bin/test -e /; echo "out of scope $i: $?"; done
sleep 771
STEPS
chmod 0644 /tmp/fast
credential fast --identity spiffe://example.org/agent/other
ACCOUNT=agent-other SSH_TIMEOUT=120 agent fast 'sh /tmp/fast 2>&1' >/tmp/result.fast &
fast=$!
expect_ok "five steps are taken" wait_until 15 grep -q '^fast 5:' /tmp/result.fast
expect_output "the second is permitted" '^fast 2: 0' cat /tmp/result.fast
expect_output "the third is not" '^fast 3: 1' cat /tmp/result.fast
expect_seen "with a reference for who asked" 'Access denied \(ref '
expect_output "two commands were permitted" '^2$' decided command permit
expect_output "three were too fast" '^3$' decided command too_fast
expect_output "a human may, as ever" '^00000$' as_human alice 'for i in 1 2 3 4 5; do sudo -n id -u; done | tr -d "\n"'

story "a session that has had its steps"
: >"$DECISIONS"
credential few
in_session few <<'STEPS'
for i in 1 2 3; do sudo -n /usr/bin/id >/dev/null; echo "few $i: $?"; done
sudo -n /usr/bin/test -e /; echo "out of scope: $?"
STEPS
expect_output "the second is permitted" '^few 2: 0' cat /tmp/result.few
expect_output "the third is not" '^few 3: 1' cat /tmp/result.few
expect_output "two commands were permitted" '^2$' decided command permit
expect_output "the third was one too many" '^1$' decided command budget_exhausted
expect_output "why says so" 'budget_exhausted' agentctl why \
	"$(grep budget_exhausted "$DECISIONS" | jq -r .metadata.uid)"
expect_output "what would not have been permitted is told so" '^1$' decided command scope_exceeded
credential again --task task-few
in_session again <<'STEPS'
sudo -n /usr/bin/test -e /; sudo -n /usr/bin/test -e /
sudo -n /usr/bin/id >/dev/null; echo "refused ones cost nothing: $?"
STEPS
expect_output "the next session has its own" '^refused ones cost nothing: 0' cat /tmp/result.again

story "the policy changes under a session"
credential less
agent less 'sudo -n /usr/bin/id >/dev/null; echo "first: $?"; sleep 4; sudo -n /usr/bin/id; echo "second: $?"' >/tmp/result.less 2>&1 &
less=$!
must wait_until 8 grep -q '^first: 0' /tmp/result.less
sed -i 's/max-steps = 2/max-steps = 1/' /etc/pam_agent/conf.d/20-budgets.conf
expect_ok "one is enough from now on" agentctl apply
wait "$less" || true
expect_output "the second is refused" '^second: 1' cat /tmp/result.less
expect_log "it had its steps" '"status_code":"budget_exhausted".*"task-less"' "$DECISIONS"

story "the minute has gone by"
expect_ok "the next step is taken" wait_until 65 grep -q '^a minute later:' /tmp/result.fast
expect_output "and permitted" '^a minute later: 0' cat /tmp/result.fast
expect_ok "what was too fast was no denial; two others are, and end it" wait_until 10 no_process_of agent-other
expect_log "by the tripwire" '"status_code":"tripwire".*"step":"close"' "$DECISIONS"
wait "$fast" || true
finish
