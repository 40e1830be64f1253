#!/bin/bash
# timeout: 240
# Issuers of other makes: what their key files may hold and how they change, the examples, and a delegatee that proves itself by a JWT-SVID.
. "$TOP/tests/host/agent.sh"
. "$TOP/tests/host/tokens.sh"
agent_host
cat >/etc/pam_agent/conf.d/20-worker.conf <<-CONF
	identity "agent-worker" { id = "spiffe://example.org/agent/worker" }
	identity "agent-takes" { id = "spiffe://example.org/agent/takes"  delegates = { "$AGENT_ID" } }
CONF
token_issuers

story "the examples"
for example in "$TOP"/etc/examples/*.conf; do
	name=$(basename "$example" .conf)
	cp "$example" "/etc/pam_agent/conf.d/90-$name.conf"
	keys=$(sed -n 's/^ *keys *= "\(.*\)"/\1/p' "$example")
	cp /etc/pam_agent/keys/ci.json "/etc/pam_agent/$keys"
	[ "$name" != spire ] || { echo '{}' >"/etc/pam_agent/$keys" && mv /etc/pam_agent/conf.d/50-spire.conf /tmp/; }
	expect_ok "$name: apply takes it" agentctl apply --check
	rm "/etc/pam_agent/conf.d/90-$name.conf"
done
mv /tmp/50-spire.conf /etc/pam_agent/conf.d/

# A token as GitHub makes it, under the example's rules.
cp "$TOP/etc/examples/github-actions.conf" /etc/pam_agent/conf.d/90-github.conf
printf '{"keys":[{%s,"kid":"gh","alg":"ES256","use":"sig","x5t":"AA","x5c":["AA=="]}]}' "$(jwk_of_ec /tmp/ci.pem)" >/etc/pam_agent/keys/github.jwks
must agentctl apply
# github NAME FILTER
github() {
	common_claims | jq -c --arg jti "$1" '. + {iss: "https://token.actions.githubusercontent.com", jti: $jti, nbf: (.iat - 100),
		sub: "repo:example-org/app:ref:refs/heads/main", repository: "example-org/app", repository_owner: "example-org",
		ref: "refs/heads/main", event_name: "push", run_id: "7", run_attempt: "1", actor: "octocat"} | '"${2:-.}" |
		sign_token "$1" '{"typ":"JWT","alg":"ES256","x5t":"AA","kid":"gh"}' /tmp/ci.pem
}
github gh-good
expect_output "a job logs in" '^ci-app$' env ACCOUNT=ci-app bash -c "$(declare -f agent agent_ssh); SSH_OPTIONS=(${SSH_OPTIONS[*]}); KEY= CREDENTIALS=$CREDENTIALS agent gh-good id -un"
expect_log "the record says which job, for whom" '"correlation_uid":"github-7-1"' "$DECISIONS"
ACCOUNT=ci-app
expect_refused "once" replayed agent gh-good id
for filter in '.ref = "refs/pull/1/merge"' '.event_name = "pull_request"' '.repository_owner = "evil"' 'del(.ref)' \
	'.repository = "example-org/app/../../x"' '.status = {status_list: {idx: 1, uri: "https://x"}}'; do
	github "gh-bad" "$filter"
	expect_refused "not with $filter" claim_invalid agent gh-bad id
done
github gh-other '.repository = "example-org/other"'
expect_refused "another repository" identity_unknown agent gh-other id
github gh-fake '.repository = "example-org/app" | .iss = "https://evil.example"'
expect_refused "another issuer" issuer_mismatch agent gh-fake id
unset ACCOUNT

story "a status that cannot be looked up"
sed -i 's/^issuer "github" {/&\n    status = "ignore"/' /etc/pam_agent/conf.d/90-github.conf
must agentctl apply
github gh-status '.status = {status_list: {idx: 1, uri: "https://x"}}'
expect_output "is ignored where the issuer says so" '^ci-app$' env ACCOUNT=ci-app bash -c "$(declare -f agent agent_ssh); SSH_OPTIONS=(${SSH_OPTIONS[*]}); KEY= CREDENTIALS=$CREDENTIALS agent gh-status id -un"
rm /etc/pam_agent/conf.d/90-github.conf
must agentctl apply

story "key files that change"
token svid rotated
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /tmp/new.pem
cp /etc/pam_agent/keys/spire.json /tmp/old.json
# As spiffe-helper writes it, of two trust domains.
bundle=$(printf '{"keys":[{%s,"kid":"spire"},{%s,"kid":"next"}]}' "$(jwk_of_ec /tmp/spire.pem)" "$(jwk_of_ec /tmp/new.pem)" | base64 -w0)
printf '{"example.org":"%s","partner.example":"%s"}' "$bundle" "$bundle" >/etc/pam_agent/keys/spire.json
expect_output "a bundle of spiffe-helper" '3 keys|4 keys|5 keys' agentctl key refresh
expect_output "the old key still signs" '^agent-deploy$' agent rotated id -un
SIGN_AS=/tmp/new.pem
common_claims | jq -c --arg sub "$AGENT_ID" '. + {sub: $sub, task: "next"}' | sign_token next '{"alg":"ES256","kid":"next"}' /tmp/new.pem
unset SIGN_AS
expect_output "and the next one" '^no$' sh -c 'agentctl verify /tmp/credentials/next >/dev/null && echo no'
token svid live
agent live 'sleep 60' >/tmp/live 2>&1 &
client=$!
wait_until 10 pgrep -u agent-deploy sleep
printf '{"spiffe_sequence":5,"keys":[{%s,"kid":"next","use":"jwt-svid"}]}' "$(jwk_of_ec /tmp/new.pem)" >/etc/pam_agent/keys/spire.json
expect_output "a key that is gone ends its sessions" 'ended +session' agentctl key refresh
wait "$client" || true
token svid gone
expect_refused "and opens no others" key_unknown agent gone id
printf '{"spiffe_sequence":4,"keys":[{%s,"kid":"spire","use":"jwt-svid"}]}' "$(jwk_of_ec /tmp/spire.pem)" >/etc/pam_agent/keys/spire.json
expect_fail "an older bundle is not taken" agentctl key refresh
expect_seen "and says so" 'spiffe_sequence is 4, and was 5 before'
printf '{"spiffe_sequence":6,"keys":[]}' >/etc/pam_agent/keys/spire.json
expect_output "an empty one trusts nothing" 'nothing of issuer "spire" is trusted' agentctl key refresh
printf '{"keys":[{%s,"kid":"spire","use":"jw' "$(jwk_of_ec /tmp/spire.pem)" >/etc/pam_agent/keys/spire.json
expect_fail "half a file changes nothing" agentctl key refresh
printf '{"spiffe_sequence":7,"keys":[{%s,"kid":"spire","use":"jwt-svid"}]}' "$(jwk_of_ec /tmp/spire.pem)" >/etc/pam_agent/keys/spire.json
must agentctl key refresh
sed -i 's/^issuer "spire" {/&\n max-key-age = "1h"\n/' /etc/pam_agent/conf.d/50-spire.conf
must agentctl apply
token svid young
expect_output "keys that are young enough" '^agent-deploy$' agent young id -un
touch -d '-2 hours' /etc/pam_agent/keys/spire.json
expect_output "too old ones are told" 'older than max-key-age' agentctl key refresh
token svid old
expect_refused "and refused" key_stale agent old id
touch /etc/pam_agent/keys/spire.json
must agentctl key refresh
expect_output "until they are renewed" '^agent-deploy$' agent old id -un

story "a thousand keys"
jq -nc --argjson jwk "{$(jwk_of_ec /tmp/ci.pem)}" '{keys: ([range(1000) as $i | $jwk + {kid: "k\($i)"}] + [$jwk + {kid: "ci"}])}' >/etc/pam_agent/keys/ci.json
expect_output "are taken in" '100[0-9] keys' agentctl key refresh
token jwt thousand
expect_output "and the right one is found" '^agent-deploy$' agent thousand id -un

story "a delegatee that proves itself"
ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/b"
credential root --max-depth 1
must agentctl delegate --parent "$CREDENTIALS/root" --key "$CREDENTIALS/key" --to "$CREDENTIALS/b.pub"
cp "$OUTPUT" "$CREDENTIALS/plain"
# with_svid NAME FILTER: the chain with a JWT-SVID of the worker.
with_svid() {
	common_claims | jq -c '. + {sub: "spiffe://example.org/agent/worker"} | '"${2:-.}" |
		sign_token svid-of-b '{"alg":"ES256","kid":"spire","typ":"JWT"}' /tmp/spire.pem
	must agentctl present --credential "$CREDENTIALS/plain" --svid "$CREDENTIALS/svid-of-b"
	cp "$OUTPUT" "$CREDENTIALS/$1"
}
# Each login needs a credential of its own.
renew() {
	credential root --max-depth 1 --task "${1:-task-root}"
	must agentctl delegate --parent "$CREDENTIALS/root" --key "$CREDENTIALS/key" --to "$CREDENTIALS/b.pub"
	cp "$OUTPUT" "$CREDENTIALS/plain"
}
bound=".cnf.jwk = $(jwk_of "$CREDENTIALS/b.pub")"
KEY=$CREDENTIALS/b
ACCOUNT=agent-worker
expect_refused "without one, an account that takes nothing from the delegator" delegatee_unknown agent plain id
with_svid bound "$bound"
expect_output "with one of its own key" '^agent-worker$' agent bound id -un
expect_log "the record names both" '"agent":"spiffe://example.org/agent/worker","delegator":"spiffe://example.org/agent/deploy"' "$DECISIONS"
renew
with_svid unbound
expect_output "with one that is bound to no key, and a signature over both" '^agent-worker$' agent unbound id -un
renew
must agentctl present --credential "$CREDENTIALS/plain" --svid "$CREDENTIALS/svid-of-b"
cp "$OUTPUT" "$CREDENTIALS/again"
expect_refused "which opens one session, beside whatever chain" replayed agent again id
renew
with_svid elsewhere ".cnf.jwk = $(jwk_of "$CREDENTIALS/key.pub")"
expect_refused "one of another key" possession_invalid agent elsewhere id
with_svid other "$bound | .sub = \"spiffe://example.org/agent/other\""
expect_refused "one of another agent" identity_mismatch agent other id
with_svid theirs "$bound | .sub = \"spiffe://partner.example/agent/worker\""
expect_refused "one of another trust domain" trust_domain_refused agent theirs id
with_svid late "$bound | .exp = .iat + 1"
sleep 2
expect_refused "one that has expired" expired agent late id
with_svid host "$bound | .aud = \"spiffe://example.org/host/web-08\""
expect_refused "one for another host" audience_mismatch agent host id
with_svid self "$bound | .sub = \"$AGENT_ID\""
ACCOUNT=agent-deploy expect_refused "the delegator's own" delegatee_unknown agent self id
ACCOUNT=agent-takes expect_refused "it opens only its own account" identity_mismatch agent bound id
cat >/tmp/prove-askpass <<SH
#!/bin/sh
case \$1 in
*"Agent proof "*)
	set -- \${1#*"Agent proof "}
	exec agentctl prove --credential $CREDENTIALS/prover --key $CREDENTIALS/b --nonce "\$1" --host-id "\$2" --account "\$3" ;;
*) exec /usr/local/bin/agent-askpass "\$@" ;;
esac
SH
chmod 755 /tmp/prove-askpass
renew
with_svid prover "$bound"
AGENT_ASKPASS=/tmp/prove-askpass expect_output "a PoP JWT is enough where it is bound" '^agent-worker$' agent prover id -un
renew
with_svid prover
AGENT_ASKPASS=/tmp/prove-askpass expect_refused "and covers no svid that is bound to nothing" possession_missing agent prover id

story "what ends it"
renew task-svid
with_svid ends "$bound"
agent ends 'sleep 60' >/tmp/ends 2>&1 &
client=$!
wait_until 10 pgrep -u agent-worker sleep
printf '{"spiffe_sequence":8,"keys":[{%s,"kid":"next","use":"jwt-svid"}]}' "$(jwk_of_ec /tmp/new.pem)" >/etc/pam_agent/keys/spire.json
expect_output "the key that signed the svid is gone" 'ended +session' agentctl key refresh
wait "$client" || true
printf '{"spiffe_sequence":9,"keys":[{%s,"kid":"spire","use":"jwt-svid"}]}' "$(jwk_of_ec /tmp/spire.pem)" >/etc/pam_agent/keys/spire.json
must agentctl key refresh
renew task-revoked
with_svid revoked "$bound | .jti = \"svid-1\""
agent revoked 'sleep 60' >/tmp/ends 2>&1 &
client=$!
wait_until 10 pgrep -u agent-worker sleep
must agentctl revoke jti svid-1 --issuer spiffe://example.org
expect_ok "its jti is revoked" wait_until 5 no_process_of agent-worker
wait "$client" || true
finish
