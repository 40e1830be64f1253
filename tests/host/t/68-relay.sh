#!/bin/bash
# timeout: 200
# Somebody between the client and its host, whom the client takes for the host: the threat that the levels of possession name.
. "$TOP/tests/host/agent.sh"
if ! /usr/bin/python3 -W ignore -c 'import asyncssh' 2>/dev/null; then
	skip "asyncssh is not installed: 17 tests"
	pass "nothing to relay with"
	finish
fi
agent_host
ssh-keygen -q -t ed25519 -N '' -f /tmp/relay-key
ssh-keygen -q -t ed25519 -N '' -f /tmp/relay-host-key
RELAY_LOG=/tmp/relay.log
# relay [NAME=VALUE...]: starts one; the one before ends.
relay() {
	[ -z "${RELAY_PID:-}" ] || { kill "$RELAY_PID" && wait "$RELAY_PID" || true; }
	: >"$RELAY_LOG"
	env PYTHONDONTWRITEBYTECODE=1 "$@" /usr/bin/python3 -W ignore "$TOP/tests/host/clients/relay.py" >"$RELAY_LOG" 2>&1 &
	RELAY_PID=$!
	wait_until 10 grep -q listening "$RELAY_LOG"
}
# through NAME [ssh options]: the stock client, which ends at the relay.
through() {
	agent "$1" -p 2222 "${@:2}" id -un || true
	wait_until 10 grep -q entered "$RELAY_LOG" || true
	cat "$RELAY_LOG"
}

story "a proof over the host's own nonce passes"
relay A=1
credential sshsig
expect_output "an SSHSIG (P3)" '^entered agent-deploy' through sshsig
expect_log "is recorded as signed" '"step":"open".*"possession":"signed"' "$DECISIONS"
cat >/tmp/prove-askpass <<SH
#!/bin/sh
case \$1 in
*"Agent proof "*)
	set -- \${1#*"Agent proof "}
	exec agentctl prove --credential "\$AGENT_CREDENTIAL" --key "\$AGENT_KEY" --nonce "\$1" --host-id "\$2" --account "\$3" ;;
*) exec agent-askpass "\$@" ;;
esac
SH
chmod 0755 /tmp/prove-askpass
: >"$DECISIONS"
relay A=1
credential pop
AGENT_ASKPASS=/tmp/prove-askpass expect_output "a PoP JWT (P2)" '^entered agent-deploy' through pop
expect_log "is recorded as signed" '"step":"open".*"possession":"signed"' "$DECISIONS"
relay A=1
expect_output "what was seen is of no use again" '^not entered' through pop

story "a relay that changes what it shows"
relay RELAY_ACCOUNT=agent-other
credential account
before=$(size_of "$DECISIONS")
expect_output "the account that the client did not mean" '^not entered' through account
expect_output "is not opened" 'identity_mismatch' tail -c "+$((before + 1))" "$DECISIONS"
relay "RELAY_EDIT=web-07=web-08"
credential host
expect_output "another host: agent-askpass does not sign" '^not entered' through host
relay "RELAY_EDIT= agent-deploy = agent-other "
credential name
before=$(size_of "$DECISIONS")
expect_output "another name in the prompt" '^not entered' through name
expect_output "is another text" 'possession_invalid' tail -c "+$((before + 1))" "$DECISIONS"

story "possession by the channel does not pass"
must agentctl enable --yes --plain-keys
sed -i 's/^\( *possession *=\) "signed"/\1 "channel"/' /etc/pam_agent/agent.conf
must agentctl apply
stop_sshd
start_sshd
keyed() { agent "$1" -o IdentitiesOnly=yes -i "$CREDENTIALS/key" id -un; }
credential direct
expect_output "directly it opens the account" '^agent-deploy$' keyed direct
expect_log "is recorded as channel" '"step":"open".*"possession":"channel"' "$DECISIONS"
relay A=1
credential relayed
before=$(size_of "$DECISIONS")
expect_output "through the relay: it has another key" '^not entered' through relayed -o IdentitiesOnly=yes -i "$CREDENTIALS/key"
expect_output "and a signature is not enough" 'possession_too_weak' tail -c "+$((before + 1))" "$DECISIONS"
credential silent
before=$(size_of "$DECISIONS")
KEY='' expect_output "nor is none" '^not entered' through silent -o IdentitiesOnly=yes -i "$CREDENTIALS/key"
expect_output "which is missing" 'possession_missing' tail -c "+$((before + 1))" "$DECISIONS"
kill "$RELAY_PID"
wait "$RELAY_PID" || true
finish
