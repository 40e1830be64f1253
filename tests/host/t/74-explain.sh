#!/bin/bash
# timeout: 300
# explain says what ssh and sudo then do; errors of usage; identity list and show; policy test.
# shellcheck source=tests/host/agent.sh
. "$TOP/tests/host/agent.sh"
agent_host
# sudo itself would let everything through: what is refused below, pam_agent refuses.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide

expect_json() {
	local what=$1 filter=$2
	shift 2
	try "$@" || true
	if jq -e "$filter" <"$OUTPUT" >/dev/null 2>&1; then pass "$what"; else fail "$what" "not so: $filter"; fi
}

# agree WHAT REASON STEP CMD... -- ARGUMENTS OF EXPLAIN: explain gives the reason; so does the record of what CMD does.
agree() {
	local what=$1 reason=$2 step=$3 before status=1 command=()
	shift 3
	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	shift
	[ "$reason" != permit ] || status=0
	expect_status "$what: explain says $reason" "$status" agentctl explain --account agent-deploy --step "$step" "$@"
	expect_seen "$what: by name" ": $reason\$"
	before=$(size_of "$DECISIONS")
	try "${command[@]}" || true
	LAST_COMMAND="${command[*]}"
	if tail -c "+$((before + 1))" "$DECISIONS" | jq -r "select(.unmapped.step == \"$step\") | .status_code" | tail -n 1 | grep -qx "$reason"; then
		pass "$what: and so it is"
	else
		fail "$what: and so it is" "the record says otherwise"
	fi
}

# sudo_as NAME CMD...: in a session with the credential NAME.
sudo_as() {
	local name=$1
	shift
	agent "$name" sudo -n "$@"
}
wide=(--tool host:login --tool host:sudo)
near=(--from 127.0.0.1 --possession signed --purpose restart-web)

story "logins"
credential first "${wide[@]}"
agree "a login" permit login agent first true -- "${near[@]}"
expect_json "with rule, place and limits" '.verdict == "permit" and .rule == "deploy" and (.rule_where | test("10-deploy.conf:7$"))
	and .limits["max-session"] == 600 and .session_deadline > .facts.at' \
	agentctl explain --account agent-deploy --step login "${near[@]}" --json
credential other --purpose other "${wide[@]}"
agree "another purpose" no_policy login agent other true -- --from 127.0.0.1 --possession signed --purpose other
expect_json "which the policy misses" '[.policies[] | select(.policy == "deploy") | .matches, .misses] == [false, "purposes"]' \
	agentctl explain --account agent-deploy --step login --purpose other --json
expect_json "an address it is not for" '.reason == "no_rule" and (.policies[1].rules | map(.rule, .misses) == ["login", "from"])' \
	agentctl explain --account agent-deploy --step login --purpose restart-web --from 10.9.9.9 --json
expect_status "a service that opens no agents" 1 agentctl explain --account agent-deploy --step login "${near[@]}" --service su
expect_seen "is none" 'not_an_agent_login'
expect_status "no proof" 1 agentctl explain --account agent-deploy --step login --purpose restart-web --from 127.0.0.1 --possession bearer
expect_seen "is not enough" 'possession_missing'

story "commands"
credential steps "${wide[@]}"
agree "a command" permit command sudo_as steps /usr/bin/id -- --purpose restart-web --command /usr/bin/id
credential args "${wide[@]}"
agree "a pattern" permit command sudo_as args /usr/bin/test -e x -- --purpose restart-web --command "/usr/bin/test -e x"
credential slash "${wide[@]}"
agree "that matches no slash" no_rule command sudo_as slash /usr/bin/test -e /etc -- --purpose restart-web --command "/usr/bin/test -e /etc"
expect_json "which the rule misses" '[.policies[] | select(.policy == "deploy") | .rules[].misses] == ["commands", "run-as"]' \
	agentctl explain --account agent-deploy --step command --purpose restart-web --command "/usr/bin/test -e /etc" --json
expect_output "and in words" '^deploy +sudo +no +commands +/etc/pam_agent/conf.d/10-deploy.conf:8$' \
	agentctl explain --account agent-deploy --step command --purpose restart-web --command "/usr/bin/test -e /etc"
expect_seen "with the mend" 'mend +add a rule'
credential runas "${wide[@]}"
agree "a run-as" permit command sudo_as runas -u www-data /usr/bin/id -u -- --purpose restart-web --run-as www-data --command "/usr/bin/id -u"
credential wrong "${wide[@]}"
agree "another one" no_rule command sudo_as wrong -u www-data /usr/bin/id -- --purpose restart-web --run-as www-data --command /usr/bin/id
credential target "${wide[@]}"
agree "an agent's" target_is_agent command sudo_as target -u agent-other /usr/bin/id -- \
	--purpose restart-web --run-as agent-other --command /usr/bin/id
credential mere "${wide[@]}"
agree "sudo, of which nothing is known yet" permit sudo sudo_as mere /usr/bin/id -- --purpose restart-web

story "a credential of a file"
credential narrow --tool host:login --tool 'host:sudo runas=root command=/usr/bin/test'
file=(--credential "$CREDENTIALS/narrow" --possession signed)
agree "its scope is counted" scope_exceeded command sudo_as narrow /usr/bin/id -- "${file[@]}" --command /usr/bin/id
agree "it opens one session" replayed login agent narrow true -- "${file[@]}" --from 127.0.0.1
credential foreign --identity spiffe://example.org/agent/other
agree "another agent's" identity_mismatch login agent foreign true -- --credential "$CREDENTIALS/foreign"
mint forged <<<'.aud = "spiffe://example.org/host/other"'
agree "another host's" audience_mismatch login agent forged true -- --credential "$CREDENTIALS/forged"
expect_seen "is refused, of course" 'Access denied'
expect_output "and where" 'detail +[0-9]' agentctl explain --account agent-deploy --step login --credential "$CREDENTIALS/forged"
credential short --ttl 5m
expect_status "now" 0 agentctl explain --account agent-deploy --step login --from 127.0.0.1 --credential "$CREDENTIALS/short"
expect_status "and at another time" 1 agentctl explain --account agent-deploy --step login --from 127.0.0.1 \
	--credential "$CREDENTIALS/short" --at "$(date -u -d '+10 minutes' +%FT%TZ)"
expect_seen "when it has expired" expired

story "what this host knows"
must agentctl task complete T-done
credential ended --task T-done "${wide[@]}"
agree "a completed task" task_completed login agent ended true -- "${near[@]}" --task T-done
expect_status "of that task alone" 0 agentctl explain --account agent-deploy --step login "${near[@]}" --task T-other
must agentctl revoke identity "$AGENT_ID"
credential revoked "${wide[@]}"
agree "a revoked identity" revoked login agent revoked true -- "${near[@]}"
must agentctl revoke lift identity "$AGENT_ID"
credential risky "${wide[@]}"
sed -i 's/^    purposes = .*/&\n    max-risk-low = "low"/' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
must agentctl risk set host high
agree "a high risk" risk_too_high login agent risky true -- "${near[@]}"
expect_json "which the rule does not bear" '[.policies[] | select(.policy == "deploy") | .rules[].misses] == ["sensitivity"]' \
	agentctl explain --account agent-deploy --step login "${near[@]}" --json
expect_status "but if it were low" 0 agentctl explain --account agent-deploy --step login "${near[@]}" --risk low
must agentctl risk clear host
expect_status "and the other way round" 1 agentctl explain --account agent-deploy --step login "${near[@]}" --risk high
must agentctl stop
credential stopped "${wide[@]}"
agree "the red button" stopped login agent stopped true -- "${near[@]}"
must agentctl go

story "identity list and show"
expect_json "both accounts" '[.[] | [.account, .id, .disabled]] == [["agent-deploy", "'"$AGENT_ID"'", false],
	["agent-other", "spiffe://example.org/agent/other", false]]' agentctl identity list --json
expect_output "as a table" '^agent-other +70003 +enabled +spiffe://example.org/agent/other$' agentctl identity list
expect_ok "which needs no root" setpriv --reuid alice --regid alice --clear-groups agentctl identity list
credential seen "${wide[@]}"
AGENT_CREDENTIAL=$CREDENTIALS/seen AGENT_KEY=$CREDENTIALS/key agent_ssh agent-deploy sleep 60 >/dev/null 2>&1 &
session=$!
must wait_until 20 pgrep -u agent-deploy sleep
expect_json "what it may do, its session and the last refusals" '.id == "'"$AGENT_ID"'" and .uid == 70002 and (.disabled | not)
	and (.runs | map([.run_as[0], .commands[-1], .any_command]) == [["root", "/usr/bin/test -e *", false], ["www-data", "/usr/bin/id -u", false]])
	and .policies[1].policy == "deploy" and (.policies[1].where | endswith("10-deploy.conf:3"))
	and (.sessions | map(.task) == ["task-seen"]) and (.refusals | length == 5) and .refusals[4].status_code == "stopped"' \
	agentctl identity show agent-deploy --json
expect_output "on one screen" '^agent-deploy: enabled$' agentctl identity show agent-deploy
expect_seen "with commands" '^  may +sudo as www-data: /usr/bin/id -u '
expect_seen "its session" ' task-seen .* running$'
expect_seen "and refusals" ' login +stopped +[0-9a-f]{8} '
expect_output "another one is quiet" '^no session of it is live$' agentctl identity show agent-other
must agentctl task complete task-seen
wait "$session" || true
sed -i '/agent-other/d' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_output "one that was removed" '^agent-other: disabled$' agentctl identity show agent-other
expect_status "explain: nothing opens it" 1 agentctl explain --account agent-other --step login "${near[@]}"
expect_status "one that never was: no" 1 agentctl identity show nobody
expect_status "not root: cannot tell" 3 setpriv --reuid alice --regid alice --clear-groups agentctl identity show agent-deploy
write_policy
must agentctl apply

story "policy test"
cat >/tmp/host.cases <<-'CASES'
	case "id" { account = "agent-deploy"  step = "command"  purpose = "restart-web"  command = "/usr/bin/id"  expect = "permit" }
	case "a user of its own" {
	    account = "agent-deploy"  step = "command"  purpose = "restart-web"  run-as = "www-data"
	    command = "/usr/bin/id -u"  expect = "permit"
	}
	case "from afar" { account = "agent-deploy"  step = "login"  purpose = "restart-web"  from = "10.0.0.1"  expect = "deny:no_rule" }
CASES
expect_output "what is configured passes, and what no case reaches is told" '^3 passed, 0 failed; 2 of 3 rules reached$' \
	agentctl policy test /tmp/host.cases
expect_seen "with its line" '^/etc/pam_agent/conf.d/10-deploy.conf:7: no case reaches this login rule of policy "deploy"$'
sed -i '/from afar/s/deny:no_rule/permit/' /tmp/host.cases
expect_status "a case that fails: no" 1 agentctl policy test /tmp/host.cases
expect_seen "with its line, what was expected, and what came" '^/tmp/host.cases:6: case "from afar": expected permit, got deny:no_rule$'
expect_json "and as JSON" '.passed == 2 and .failed == 1 and .rules_reached == 2 and (.cases[2] | .got == "deny:no_rule" and (.passed | not))' \
	agentctl policy test --json /tmp/host.cases
sed -i '/from afar/s/permit/deny:no_reason/' /tmp/host.cases
expect_status "a mistake in the cases: cannot tell" 3 agentctl policy test /tmp/host.cases
expect_seen "with its line" '^/tmp/host.cases:6: expect: "deny:no_reason": there is no such reason'
sed -i '/from afar/d' /tmp/host.cases
cp -r /etc/pam_agent /tmp/checkout
rm -r /tmp/checkout/keys
chown -R alice /tmp/checkout
expect_ok "alice tests a checkout of her own" setpriv --reuid alice --regid alice --clear-groups \
	agentctl policy test --config /tmp/checkout /tmp/host.cases
chmod g+w /tmp/checkout/agent.conf
expect_status "which nobody else may write to" 3 setpriv --reuid alice --regid alice --clear-groups \
	agentctl policy test --config /tmp/checkout /tmp/host.cases
expect_seen "and is told so" 'agent.conf: not a regular file that you or root own and nobody else may write to'
expect_status "no configuration: cannot tell" 3 agentctl policy test --config /nonexistent /tmp/host.cases

story "wrong usage"
while read -r line; do
	# shellcheck disable=SC2086 # words
	expect_status "usage: $line" 2 agentctl $line
done <<-'LINES'
	explain
	explain --account agent-deploy
	explain --step login
	explain --account agent-deploy --step open
	explain --account agent-deploy --step command
	explain --account agent-deploy --step command --command id
	explain --account agent-deploy --step login --command /usr/bin/id
	explain --account agent-deploy --step login --run-as root
	explain --account agent-deploy --step sudo --service sshd
	explain --account agent-deploy --step login --from localhost
	explain --account agent-deploy --step login --at tomorrow
	explain --account agent-deploy --step login --risk some
	explain --account agent-deploy --step login --issuer nobody
	explain --account agent-deploy --step login extra
	explain --account agent-deploy --step login --credential x --purpose y
	explain --account ../etc --step login
	identity
	identity list x
	identity show
	identity show a b
	policy
	policy test
	policy test --config
	policy test --colour x
LINES
for account in root alice nobody not-there; do
	expect_status "$account, which is no agent's account" 2 agentctl explain --account "$account" --step login
	expect_seen "is told so" "\"$account\" is no agent's account"
done
getent passwd agent-deploy | sed 's/^agent-deploy/agent-twin/' >>/etc/passwd
echo 'agent-lost:x:70099:70099::/tmp:/bin/sh' >>/etc/passwd
expect_status "another name of an agent's uid: no" 1 agentctl explain --account agent-twin --step login
expect_seen "it is an alias" 'REFUSED: alias'
expect_status "a uid of the agents' range: no" 1 agentctl explain --account agent-lost --step login
expect_seen "it has no identity" 'REFUSED: identity_unknown'
sed -i '/^agent-/d' /etc/passwd
expect_status "a credential that is not there: cannot tell" 3 agentctl explain --account agent-deploy --step login --credential /nonexistent
expect_status "not root: cannot tell" 3 setpriv --reuid alice --regid alice --clear-groups agentctl explain --account agent-deploy --step login
mv /var/lib/pam_agent/policy.cdb /tmp/policy.cdb
expect_status "no database: cannot tell" 3 agentctl explain --account agent-deploy --step login
mv /tmp/policy.cdb /var/lib/pam_agent/policy.cdb
finish
