#!/bin/bash
# timeout: 300
# Every kind of credential against everything that can be wrong with one, through real sshd with the stock client.
. "$TOP/tests/host/agent.sh"
. "$TOP/tests/host/tokens.sh"
agent_host
cat >/etc/pam_agent/conf.d/20-worker.conf <<-CONF
	identity "agent-worker" { id = "spiffe://example.org/agent/worker"  delegates = { "$AGENT_ID" } }
CONF
token_issuers

# enter KIND NAME: logs in with it.
enter() {
	case $1 in
	cert-*) batch "$2" id -un ;;
	chain) ACCOUNT=agent-worker agent "$2" id -un ;; # what is delegated opens no account of who delegates it
	*) agent "$2" id -un ;;
	esac
}

# Each row: the fault, the reason, and the filter that makes it.
now='(now | floor)'
faults="
expired         expired            .iat = $now - 1 | .exp = $now
not-yet         not_yet_valid      .iat = $now + 100 | .exp = $now + 200
wrong-host      audience_mismatch  .aud = \"spiffe://example.org/host/web-08\"
no-task         not_task_bound     del(.txn, .task, .job.id)
before-boot     before_boot        .iat = $now - 300 | .exp = $now + 300
too-long        lifetime_too_long  .exp = .iat + 901
another-agent   identity_mismatch  .sub = \"spiffe://example.org/agent/other\" | .job.agent = \"other\"
"

for kind in aat chain svid bound-svid jwt bound-jwt cert-token cert-claims; do
	story "$kind"
	token "$kind" "$kind-good"
	expect_output "good: it opens the account" '^agent-(deploy|worker)$' enter "$kind" "$kind-good"
	expect_output "good: for its task" "$kind-good" grep '"step":"open"' "$DECISIONS"
	expect_refused "once more" replayed enter "$kind" "$kind-good"
	while read -r fault reason filter; do
		[ -n "$fault" ] || continue
		[ "$kind-$fault" != chain-another-agent ] || reason=delegatee_unknown
		if [ "$kind" = cert-claims ]; then # times are the certificate's
			case $fault in
			expired) VALID_FROM=-60 VALID_TO=1 token "$kind" "$kind-$fault" && sleep 2 ;;
			not-yet) filter=".iat = $now + 100" ;;
			before-boot) VALID_FROM=-300 token "$kind" "$kind-$fault" ;;
			too-long) VALID_TO=901 token "$kind" "$kind-$fault" ;;
			esac
		fi
		[ -e "$CREDENTIALS/$kind-$fault" ] || token "$kind" "$kind-$fault" "$filter"
		if [ "$kind-$fault" = cert-claims-expired ]; then
			expect_fail "$fault: sshd refuses" enter "$kind" "$kind-$fault"
		else
			expect_refused "$fault" "$reason" enter "$kind" "$kind-$fault"
		fi
	done <<<"$faults"
done

story "signed by a key of somebody else"
openssl genpkey -algorithm ed25519 -out /tmp/thief.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /tmp/thief-ec.pem
for kind in aat chain svid jwt cert-token; do
	case $kind in aat | chain | cert-token) SIGN_AS=/tmp/thief.pem ;; *) SIGN_AS=/tmp/thief-ec.pem ;; esac
	token "$kind" "$kind-thief"
	expect_refused "$kind" signature_invalid enter "$kind" "$kind-thief"
done
unset SIGN_AS
ssh-keygen -q -t ed25519 -N '' -f /tmp/thief-ca
CA=/tmp/thief-ca token cert-claims cert-thief
expect_fail "cert-claims: sshd refuses" enter cert-claims cert-thief
cat /tmp/thief-ca.pub >>/etc/pam_agent/keys/ssh_ca.pub # sshd believes it, and pam_agent was not told
expect_refused "cert-claims, of a CA that sshd alone believes" key_unknown enter cert-claims cert-thief
sed -i '$d' /etc/pam_agent/keys/ssh_ca.pub

story "without possession"
for kind in aat chain bound-svid bound-jwt; do
	token "$kind" "$kind-stolen"
	ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/$kind-other"
	KEY=$CREDENTIALS/$kind-other expect_refused "$kind: with another key" possession_invalid enter "$kind" "$kind-stolen"
	KEY='' expect_refused "$kind: with none" possession_missing enter "$kind" "$kind-stolen"
	expect_output "$kind: and with it" '^agent-(deploy|worker)$' enter "$kind" "$kind-stolen"
done
for kind in svid jwt; do
	token "$kind" "$kind-bearer" '.sub = "spiffe://example.org/agent/other" | .job.agent = "other"'
	ACCOUNT=agent-other expect_refused "$kind: where a policy wants a proof" possession_missing enter "$kind" "$kind-bearer"
done
BOUND_TO=".cnf.jwk = $(jwk_of "$CREDENTIALS/key.pub")" token cert-token cert-token-stolen
expect_refused "cert-token: bound to another key than the certificate's" possession_invalid enter cert-token cert-token-stolen

story "of a key that its issuer took back"
for kind in aat svid jwt cert-claims; do
	token "$kind" "$kind-removed"
	case $kind in
	aat) file=issuer.jwks ;;
	svid) file=spire.json ;;
	jwt) file=ci.json ;;
	cert-claims) file=ssh_ca.pub ;;
	esac
	cp "/etc/pam_agent/keys/$file" /tmp/kept
	case $kind in
	cert-claims) cp /tmp/thief-ca.pub "/etc/pam_agent/keys/$file" ;;
	*) echo '{"keys":[]}' >"/etc/pam_agent/keys/$file" ;;
	esac
	must agentctl key refresh
	cp /tmp/kept "/tmp/kept.$kind"
	[ "$kind" != cert-claims ] || cp /tmp/kept "/etc/pam_agent/keys/$file" # for sshd, which reads the same file
	expect_refused "$kind" key_unknown enter "$kind" "$kind-removed"
	cp /tmp/kept "/etc/pam_agent/keys/$file"
	must agentctl key refresh
	expect_output "$kind: and when it is back" '^agent-(deploy|worker)$' enter "$kind" "$kind-removed"
done

story "what the logs hold"
for file in "$CREDENTIALS"/*; do
	case $file in *.pub | *-token) continue ;; esac
	grep -q PRIVATE "$file" && continue
	tail -c 41 "$file" | tr -d '\n' >>/tmp/ends
	echo >>/tmp/ends
done
expect_ok "there were many credentials" test "$(wc -l </tmp/ends)" -gt 60
expect_output "none of them is in a log" '^0$' sh -c "cat $DECISIONS $SYSLOG $SSHD_LOG | grep -cFf /tmp/ends"

story "nothing else changed"
expect_output "a human logs in as ever" '^alice$' as_human alice id -un
finish
