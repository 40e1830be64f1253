#!/bin/bash
# timeout: 240
# ssh certificates as credentials: issued here and elsewhere, used by the stock client in batch mode, by scp and by sftp; and what one may
# try with a certificate.
. "$TOP/tests/host/agent.sh"
. "$TOP/tests/host/tokens.sh"
agent_host

# certificate NAME [options of issue]: for the agent, beside a key of its own.
certificate() {
	local name=$1 tools=(--tool host:login --tool 'host:sudo runas=root command=/usr/bin/id')
	shift
	case " $* " in *' --tool '*) tools=() ;; esac
	[ -f "$CREDENTIALS/$name" ] || ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/$name"
	must agentctl issue --ssh-cert --identity "$AGENT_ID" --task "task-$name" --purpose restart-web \
		--key "$CREDENTIALS/$name.pub" "${tools[@]}" "$@"
	cp "$OUTPUT" "$CREDENTIALS/$name-cert.pub"
}

key_without_certificate() {
	setsid -w timeout 30 ssh "${SSH_OPTIONS[@]}" -o BatchMode=yes -o IdentitiesOnly=yes -o CertificateFile=none \
		-i "$CREDENTIALS/key" agent-deploy@127.0.0.1 id </dev/null
}

story "a certificate with task claims"
certificate claims
expect_output "it opens the account, and nothing is asked" '^agent-deploy$' batch claims id -un
expect_log "the session is recorded with its task and issuer" '"correlation_uid":"task-claims".*"step":"open".*"issuer":"local-ca"' "$DECISIONS"
certificate sudo
expect_output "sudo within its scope" '^uid=0' batch sudo sudo -n /usr/bin/id
certificate narrow
expect_refused "sudo beyond it" scope_exceeded batch narrow sudo -n /usr/bin/sleep 1
certificate shown
expect_output "verify reads it" '"kind": "ssh-ca"' agentctl verify --json "$CREDENTIALS/shown-cert.pub"
expect_seen "its task" '"task": "task-shown"'
expect_seen "its tools" '"host:sudo": *\{'
expect_output "with the exit status and output of the command" '^out$' batch shown 'echo out; exit 7'
certificate status
expect_status "the status comes through" 7 batch status 'exit 7'

for wrong in '--identity notspiffe' '--identity spiffe://example.org' "--purpose $(printf 'p%.0s' $(seq 129))" "--task $(printf 't%.0s' $(seq 257))"; do
	# shellcheck disable=SC2086
	expect_status "none is issued that no host would take: ${wrong:0:40}" 2 agentctl issue --ssh-cert --account agent-deploy \
		--identity "$AGENT_ID" --task task-wrong --key "$CREDENTIALS/key.pub" --tool host:login $wrong
	expect_seen "and why" '^agentctl: not issued: '
	expect_ok "and it is not handed out" test "$(grep -c cert-v01 "$OUTPUT")" = 0
done

story "a certificate with a token inside"
certificate token --ssh-cert=token
expect_output "verify sees the AAT" '"kind": "aat"' agentctl verify --json "$CREDENTIALS/token-cert.pub"
expect_seen "and the CA that vouches for it" '"issuer": "local-ca"'
expect_output "it opens the account" '^agent-deploy$' batch token id -un
expect_log "by the token's issuer" '"correlation_uid":"task-token".*"step":"open".*"issuer":"local"' "$DECISIONS"

story "files"
for copy in scp sftp; do certificate $copy; done
echo content >/tmp/file
chmod 0644 /tmp/file
options=("${SSH_OPTIONS[@]}" -o BatchMode=yes -o IdentitiesOnly=yes)
expect_ok "scp" setsid -w timeout 30 scp "${options[@]}" -i "$CREDENTIALS/scp" /tmp/file agent-deploy@127.0.0.1:scp-file
expect_ok "sftp" setsid -w timeout 30 sftp "${options[@]}" -i "$CREDENTIALS/sftp" -b - agent-deploy@127.0.0.1 <<<'put /tmp/file sftp-file'

story "certificates of every make"
for type in ed25519 ecdsa-256 ecdsa-384 rsa-sha2-256 rsa-sha2-512; do
	case $type in
	ecdsa-*) ssh-keygen -q -t ecdsa -b "${type#*-}" -N '' -f "/tmp/ca-$type" ;;
	rsa-*) ssh-keygen -q -t rsa -b 2048 -N '' -f "/tmp/ca-$type" ;;
	*) ssh-keygen -q -t "$type" -N '' -f "/tmp/ca-$type" ;;
	esac
	cat "/tmp/ca-$type.pub" >>/etc/pam_agent/keys/ssh_ca.pub
done
must agentctl key refresh
for type in ed25519 ecdsa-256 ecdsa-384 rsa-sha2-256 rsa-sha2-512; do
	case $type in rsa-*) OPTIONS="-t $type" ;; *) OPTIONS='' ;; esac
	for TYPE in ed25519 ecdsa rsa; do
		CA=/tmp/ca-$type token cert-claims "of-$type-$TYPE"
		expect_output "a CA of $type, a key of $TYPE" '^agent-deploy$' batch "of-$type-$TYPE" id -un
	done
done
unset OPTIONS
TYPE=ed25519
ssh-keygen -q -t ecdsa -b 521 -N '' -f /tmp/ca-521
cat /tmp/ca-521.pub >>/etc/pam_agent/keys/ssh_ca.pub
expect_fail "a CA of a kind that is not taken" agentctl key refresh
expect_seen "is named with its line" 'ssh_ca.pub:7: no public key of'
sed -i '$d' /etc/pam_agent/keys/ssh_ca.pub
must agentctl key refresh
CA=/tmp/ca-rsa-sha2-256 OPTIONS='-t ssh-rsa' token cert-claims sha1
expect_fail "SHA-1" batch sha1 id

story "what a certificate may not"
PRINCIPAL=agent-other token cert-claims other
expect_fail "another account" batch other id
ACCOUNT=agent-other expect_refused "an account that is not its agent's" identity_mismatch batch other id
PRINCIPAL=agent-deploy,agent-other token cert-claims both
ACCOUNT=agent-other expect_refused "nor with two principals" identity_mismatch batch both id
OPTIONS='-O critical:unknown@example.org=1' token cert-claims critical
expect_fail "a critical option that sshd does not know" batch critical id
OPTIONS='-O force-command=/usr/bin/whoami' token cert-claims forced
expect_output "a forced command is forced" '^agent-deploy$' batch forced 'echo free'
OPTIONS='-O source-address=10.0.0.0/8' token cert-claims elsewhere
expect_fail "from elsewhere" batch elsewhere id
OPTIONS='-O source-address=127.0.0.0/8' token cert-claims here
expect_output "from where it is for" '^agent-deploy$' batch here id -un
ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/bare"
must ssh-keygen -q -s /etc/pam_agent/keys/private/ssh_ca -I bare -n agent-deploy -V -1m:+4m "$CREDENTIALS/bare.pub"
expect_refused "one without a task" credential_missing batch bare id
expect_refused "nor does it forward" credential_missing batch bare -o ExitOnForwardFailure=yes -W 127.0.0.1:22
expect_fail "a key without a certificate" key_without_certificate
must ssh-keygen -q -s /etc/pam_agent/keys/private/ssh_ca -I two -n agent-deploy -V +4m -O clear \
	-O "extension:agent-task@pam-agent={}" -O "extension:agent-credential@pam-agent=x" "$CREDENTIALS/bare.pub"
expect_refused "a token and claims" credential_malformed batch bare id
for claims in '' '[]' '{"sub":"a","sub":"b"}' '{' '"x"' "$(printf '{"sub":"%s","txn":1,"aud":"%s"}' "$AGENT_ID" "$HOST_ID")"; do
	must ssh-keygen -q -s /etc/pam_agent/keys/private/ssh_ca -I bad -n agent-deploy -V +4m -O clear \
		-O "extension:agent-task@pam-agent=$claims" "$CREDENTIALS/bare.pub"
	expect_refused "claims that are none: $claims" claim_invalid batch bare id
done
SERIAL=77 token cert-claims serial
expect_output "a serial" '^agent-deploy$' batch serial id -un
expect_refused "opens once" replayed batch serial id
SERIAL=77 token cert-claims again
expect_refused "whatever certificate bears it" replayed batch again id
must agentctl revoke jti 78
SERIAL=78 token cert-claims revoked
expect_refused "and can be revoked" revoked batch revoked id
SERIAL=78 token cert-claims named '.jti = "its-own"'
expect_refused "also of claims that have an id of their own" revoked batch named id
SERIAL=79 token cert-claims unnamed '.jti = "its-own"'
expect_output "which is one of two" '^agent-deploy$' batch unnamed id -un

story "files in the home name no principals"
certificate homely
printf 'agent-other\nroot\nagent-deploy\n' >/tmp/principals
expect_ok "the agent writes ~/none" setsid -w timeout 30 scp "${options[@]}" -i "$CREDENTIALS/homely" /tmp/principals agent-deploy@127.0.0.1:none
PRINCIPAL=agent-other token cert-claims trick
: >"$SSHD_LOG"
expect_fail "a certificate for another account does not open it" batch trick id
expect_log "sshd knows one principal" "Certificate does not contain an authorized principal" "$SSHD_LOG"

story "what ends a certificate's session"
certificate ended
batch ended 'sleep 60' >/tmp/ended 2>&1 &
client=$!
wait_until 10 pgrep -u agent-deploy sleep
expect_output "its session is live" 'task-ended' agentctl session list
cp /etc/pam_agent/keys/ssh_ca.pub /tmp/kept
tail -n +2 /tmp/kept >/etc/pam_agent/keys/ssh_ca.pub # the embedded one goes
expect_output "a CA that is taken out ends it" 'ended +session' agentctl key refresh
wait "$client" || true
expect_ok "no process is left" no_process_of agent-deploy
cp /tmp/kept /etc/pam_agent/keys/ssh_ca.pub
must agentctl key refresh
certificate holds --ssh-cert=token
batch holds 'sleep 60' >/tmp/ended 2>&1 &
client=$!
wait_until 10 pgrep -u agent-deploy sleep
tail -n +2 /tmp/kept >/etc/pam_agent/keys/ssh_ca.pub
expect_output "also of a token that it held" 'ended +session' agentctl key refresh
wait "$client" || true
cp /tmp/kept /etc/pam_agent/keys/ssh_ca.pub
must agentctl key refresh

story "a large one"
tools=()
for i in $(seq 100); do tools+=(--tool "tool:$i a=$(printf 'x%.0s' $(seq 300))"); done
certificate large --tool host:login "${tools[@]}"
expect_ok "takes more than 40 KB" test "$(wc -c <"$CREDENTIALS/large-cert.pub")" -gt 40000
expect_output "and opens the account" '^agent-deploy$' batch large id -un

story "without an issuer of certificates"
sed -i '/^issuer "local-ca"/,/^}/d' /etc/pam_agent/agent.conf
must agentctl apply
token cert-claims unknown
expect_refused "a certificate opens nothing" pending_missing batch unknown id
expect_output "a human logs in as ever" '^alice$' as_human alice id -un
finish
