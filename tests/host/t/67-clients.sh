#!/bin/bash
# timeout: 240
# Clients that are not OpenSSH: paramiko, asyncssh and dropbear's dbclient answer the prompts by themselves.
. "$TOP/tests/host/agent.sh"
agent_host
clients=$TOP/tests/host/clients
# by CLIENT NAME CMD: a login with the credential NAME by that client.
by() {
	AGENT_CREDENTIAL=$CREDENTIALS/$2 AGENT_KEY=${KEY-$CREDENTIALS/key} PYTHONPATH=$clients PYTHONDONTWRITEBYTECODE=1 \
		timeout 60 /usr/bin/python3 "$clients/with_$1.py" "${@:4}" "${ACCOUNT:-agent-deploy}" "$3"
}
has() {
	case $1 in
	dbclient) command -v dbclient >/dev/null ;;
	*) /usr/bin/python3 -W ignore -c "import $1" 2>/dev/null ;;
	esac
}
ssh-keygen -q -t ecdsa -N '' -f "$CREDENTIALS/other"
cat >/etc/pam_agent/conf.d/20-worker.conf <<-CONF
	identity "agent-worker" { id = "spiffe://example.org/agent/worker"  delegates = { "$AGENT_ID" } }
CONF
must agentctl apply
long=()
for i in $(seq 30); do long+=(--tool "tool:$i a=$(printf 'x%.0s' $(seq 200))"); done

for client in paramiko asyncssh dbclient; do
	story "$client"
	has $client || {
		skip "$client is not installed: 6 tests"
		continue
	}
	credential "$client-login"
	expect_output "logs in" '^agent-deploy$' by $client "$client-login" 'id -un'
	credential "$client-sudo"
	expect_output "acts with sudo" 'uid=0' by $client "$client-sudo" 'sudo -n /usr/bin/id'
	credential "$client-status"
	expect_status "the status comes through" 7 by $client "$client-status" 'exit 7'
	credential "$client-long" --tool host:login "${long[@]}"
	expect_output "a credential of $(wc -c <"$CREDENTIALS/$client-long") bytes, in parts" '^agent-deploy$' by $client "$client-long" 'id -un'
	credential "$client-root" --max-depth 1
	must agentctl delegate --parent "$CREDENTIALS/$client-root" --key "$CREDENTIALS/key" --to "$CREDENTIALS/other.pub"
	cp "$OUTPUT" "$CREDENTIALS/$client-chain"
	KEY=$CREDENTIALS/other ACCOUNT=agent-worker expect_output "a delegated one" '^agent-worker$' by $client "$client-chain" 'id -un'
	credential "$client-wrong"
	KEY=$CREDENTIALS/other expect_refused "with another key" possession_invalid by $client "$client-wrong" 'id -un'
done

story "a key in the connection, and a credential bound to it"
must agentctl enable --yes --plain-keys
sed -i 's/^\( *possession *=\) "signed"/\1 "channel"/' /etc/pam_agent/agent.conf
must agentctl apply
stop_sshd
start_sshd
if has paramiko; then
	credential channel
	expect_output "paramiko: possession by the channel" '^agent-deploy$' by paramiko channel 'id -un; sleep 1' --key
	credential shown
	by paramiko shown 'sleep 5' --key >/tmp/shown 2>&1 &
	client=$!
	wait_until 10 pgrep -u agent-deploy sleep
	expect_output "which is recorded" '"possession": *"channel"' sh -c 'agentctl session show --json "$(agentctl session list --json | jq -r ".[0].id")"'
	wait "$client" || true
else
	skip "paramiko is not installed: 2 tests"
fi
expect_output "a human logs in as ever" '^alice$' as_human alice id -un
finish
