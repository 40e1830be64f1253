#!/bin/bash
# timeout: 120
# Credentials from issue to end: issue, verify, agent-askpass, session list, task complete, why.
# shellcheck source=tests/host/agent.sh
. "$TOP/tests/host/agent.sh"

ISSUE=(agentctl issue --identity "$AGENT_ID" --task T1 --key /tmp/credentials/key.pub --tool host:login)
ISSUER=spiffe://example.org/issuer/web-07

claims_of() { cut -d. -f2 "$1" | tr -- '-_' '+/' | base64 -d 2>/dev/null || true; }
askpass() { env AGENT_CREDENTIAL="${CREDENTIAL-$CREDENTIALS/one}" AGENT_KEY="${KEY-$CREDENTIALS/key}" agent-askpass "$@"; }
verify_stdin() { agentctl verify "$@" <"$CREDENTIALS/one"; }
last_reference() { tail -n 1 "$DECISIONS" | sed 's/.*"metadata":{\([^}]*\)}.*/\1/; s/.*"uid":"\([0-9a-fA-F]*\)".*/\1/'; }
no_session() { [ "$(agentctl session list --json | jq length)" = 0 ]; }

agent_host

story "Issue and verify"
credential one
expect_output "the token says who, for what, until when" '"purpose":"restart-web"' claims_of "$CREDENTIALS/one"
expect_ok "verify takes it" agentctl verify "$CREDENTIALS/one"
expect_output "and shows its task" 'task +task-one' verify_stdin
expect_output "and its tools" 'tool +host:sudo .*command=/usr/bin/id' verify_stdin
expect_output "as JSON too" '"task": "task-one"' verify_stdin --json
credential other --audience spiffe://example.org/host/db-01
expect_status "one for another host: no" 1 agentctl verify "$CREDENTIALS/other"
expect_output "and why" '^audience_mismatch' agentctl verify "$CREDENTIALS/other"
credential short --ttl 1s
sleep 2
expect_output "one that has expired: no" '^expired' agentctl verify "$CREDENTIALS/short"
openssl genpkey -algorithm ed25519 -out /tmp/foreign.pem 2>/dev/null
chmod 600 /tmp/foreign.pem
credential foreign --issuer "$ISSUER" --issuer-key /tmp/foreign.pem
expect_output "a stranger's: no" '^(key_unknown|signature_invalid)' agentctl verify "$CREDENTIALS/foreign"
printf 'a.b\033[2J.c' >"$CREDENTIALS/garbage"
expect_status "garbage: no" 1 agentctl verify "$CREDENTIALS/garbage"
expect_status "a file that is not there: cannot tell" 3 agentctl verify /tmp/nothing
head -c 600000 /dev/zero >"$CREDENTIALS/large"
expect_status "one that is too large: cannot tell" 3 agentctl verify "$CREDENTIALS/large"

story "What issue refuses"
expect_status "no task" 2 agentctl issue --identity "$AGENT_ID" --key /tmp/credentials/key.pub --tool host:login
expect_status "no tool" 2 agentctl issue --identity "$AGENT_ID" --task T --key /tmp/credentials/key.pub
expect_status "an identity that is no SPIFFE ID" 2 "${ISSUE[@]}" --identity deploy
expect_status "a tool it cannot read" 2 "${ISSUE[@]}" --tool 'host:sudo runas'
for ttl in 0 2h 5x '' -1 1h1m 99999999999999999999; do
	expect_status "--ttl '$ttl'" 2 "${ISSUE[@]}" --ttl "$ttl"
done
expect_status "a private key as --key" 1 "${ISSUE[@]}" --key /tmp/credentials/key
expect_status "an issuer without its key" 2 "${ISSUE[@]}" --issuer "$ISSUER"
chmod 644 /tmp/foreign.pem
expect_output "an issuer's key that others may read" 'chmod 600' "${ISSUE[@]}" --issuer "$ISSUER" --issuer-key /tmp/foreign.pem
expect_status "an unknown option" 2 "${ISSUE[@]}" --sudo
expect_status "an unknown verb" 2 agentctl ishue
expect_ok "help is help" agentctl issue --help
if agentctl --help >/dev/full 2>/dev/null; then fail "what cannot be printed is not said"; else pass "what cannot be printed is not said"; fi

story "agent-askpass answers what it should, and nothing else"
expect_output "the credential" "^$(cat "$CREDENTIALS/one")$" askpass '(agent-deploy@web-07) Agent credential (part 1): '
HOST_PROMPT="Agent proof bm9uY2U $HOST_ID agent-deploy (part 1): "
expect_output "a proof" '^U1NIU0lH[A-Za-z0-9_-]*$' askpass "(x@y) $HOST_PROMPT"
expect_fail "not a proof for another host" askpass "Agent proof bm9uY2U spiffe://example.org/host/db-01 agent-deploy (part 1): "
expect_fail "nor for a part of this one's name" askpass "Agent proof bm9uY2U ${HOST_ID%7} agent-deploy (part 1): "
expect_fail "nor for a pattern" askpass "Agent proof bm9uY2U .* agent-deploy (part 1): "
expect_fail "nor with a word more" askpass "Agent proof bm9uY2U x $HOST_ID agent-deploy (part 1): "
expect_fail "no second part where there is one" askpass 'Agent credential (part 2): '
expect_fail "no part 0" askpass 'Agent credential (part 0): '
# shellcheck disable=SC2016
for prompt in "Enter passphrase for key '/root/.ssh/id': " "agent-deploy@web-07's password: " '' 'Agent credential (part 1)' \
	"The authenticity of host can't be established. Are you sure you want to continue connecting (yes/no)? " \
	'Agent credential (part $(touch /tmp/pwned)): ' 'Agent credential (part 1 + 1): '; do
	expect_fail "not: $prompt" askpass "$prompt"
done
expect_fail "nothing was run" ls /tmp/pwned
printf '%s' "$(head -c 2500 /dev/zero | tr '\0' A).e30.x" >"$CREDENTIALS/long"
expect_output "the first part is 1000 bytes with its ~" '^1001$' sh -c 'AGENT_CREDENTIAL=/tmp/credentials/long agent-askpass "Agent credential (part 1): " | wc -c'
all_parts() {
	for part in 1 2 3; do CREDENTIAL=$CREDENTIALS/long askpass "Agent credential (part $part): "; done | tr -d '~\n'
}
expect_output "the parts make up the whole" "^$(cat "$CREDENTIALS/long")$" all_parts
expect_fail "no credential in the file: no answer" env AGENT_CREDENTIAL=/etc/passwd agent-askpass 'Agent credential (part 1): '
eval "$(ssh-agent)" >/dev/null
ssh-add -q "$CREDENTIALS/key"
expect_output "a key that an ssh-agent holds" '^U1NIU0lH' env SSH_AUTH_SOCK="$SSH_AUTH_SOCK" KEY="$CREDENTIALS/key.pub" \
	AGENT_CREDENTIAL="$CREDENTIALS/one" AGENT_KEY="$CREDENTIALS/key.pub" agent-askpass "$HOST_PROMPT"
ssh-agent -k >/dev/null

story "A login, and its end"
expect_output "the agent is in" '^agent-deploy$' agent one id -un
credential two
agent two 'sleep 600 & sleep 600' >/tmp/agent.out 2>&1 &
expect_ok "its session is listed" wait_until 5 sh -c 'agentctl session list | grep -q task-two'
expect_output "as JSON too" '"task": "task-two"' agentctl session list --json
expect_output "completing another task ends nothing" '^completed task-none' agentctl task complete task-none
expect_output "it goes on" 'task-two' agentctl session list
expect_output "completing it names the session" '^ended +session [0-9a-f]{16} of agent-deploy' agentctl task complete task-two
expect_ok "no process is left" wait_until 5 no_process_of agent-deploy
expect_ok "no session is left" wait_until 5 no_session
expect_output "verify knows" '^task_completed' agentctl verify "$CREDENTIALS/two"
expect_status "once more is no mistake" 0 agentctl task complete task-two
expect_status "a task is needed" 2 agentctl task complete
expect_refused "the task opens no more" task_completed agent two id

story "Why"
reference=$(last_reference)
expect_output "the reference names the decision" '^REFUSED: task_completed' agentctl why "$reference"
expect_output "in any case of letters" '^REFUSED' agentctl why "${reference^^}"
expect_output "with what to do" 'mend +start a new task' agentctl why "$reference"
expect_output "as JSON too" '"status_code": "task_completed"' agentctl why --json "$reference"
expect_status "an unknown reference: no" 1 agentctl why 00000000
expect_status "what is no reference: usage" 2 agentctl why '../x'
mv "$DECISIONS" "$DECISIONS.1"
expect_output "in the log before this one" '^REFUSED' agentctl why "$reference"
mv "$DECISIONS.1" "$DECISIONS"

story "Two issuers"
sed 's/issuer "local"/issuer "second"/; s/issuer\/web-07/issuer\/second/; /^issuer "second"/,/^}/!d' /etc/pam_agent/agent.conf >/etc/pam_agent/conf.d/50-second.conf
must agentctl apply
expect_output "whose task it is must be said" 'issuer/second' agentctl task complete T9
expect_status "else it is usage" 2 agentctl task complete T9
expect_status "with the issuer it is done" 0 agentctl task complete T9 --issuer "$ISSUER"

story "State that cannot be kept"
mount -t tmpfs -o ro none /var/lib/pam_agent/state
expect_status "it ends the task, and says that it is not durable" 3 agentctl task complete T10 --issuer "$ISSUER"
umount /var/lib/pam_agent/state

finish
