#!/bin/bash
# timeout: 200
# An agent gives a part of its credential to another one, which acts under its own account; nobody gets more than that part, and what
# ends the first ends the second.
. "$TOP/tests/host/agent.sh"
agent_host
install -m 0755 /dev/stdin /usr/local/bin/systemctl <<'SH'
#!/bin/sh
# sudo lets it run nothing else
if [ -r /etc/shadow ]; then echo "$* by root"; else echo "$*"; fi
SH
A=$AGENT_ID
B=spiffe://example.org/agent/worker
cat >/etc/pam_agent/conf.d/20-worker.conf <<CONF
identity "worker" { id = "$B"  delegates = { "$A" } }
identity "stranger" { id = "spiffe://example.org/agent/stranger" }
policy "systemctl" {
    identities = { "spiffe://example.org/agent/*" }
    max-logins = 99
    sudo { commands = { "/usr/local/bin/systemctl restart nginx", "/usr/local/bin/systemctl status nginx" }  escapes = "accepted" }
}
CONF
sed -i 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
must agentctl apply
cd "$CREDENTIALS" || exit 1
for name in b c; do ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/$name"; done
ssh-keygen -q -t ecdsa -b 384 -N '' -f "$CREDENTIALS/e"
systemctl='host:sudo runas=root command=/usr/local/bin/systemctl'
credential root --max-depth 2 --sensitivity high --tool host:login --tool "$systemctl args=*"

# delegate NAME PARENT KEY TO [options]
delegate() {
	local name=$1 parent=$2 key=$3 to=$4
	shift 4
	must agentctl delegate --parent "$parent" --key "$key" --to "$to.pub" "$@"
	cp "$OUTPUT" "$CREDENTIALS/$name"
}
status=(--tool host:login --tool "$systemctl args=[\"status\",\"nginx\"]")
# as KEY ACCOUNT CREDENTIAL CMD...: a login with that key in the ssh connection, or with a signature by it.
as() {
	local KEY=$CREDENTIALS/$1 ACCOUNT=$2
	shift 2
	agent "$@"
}

story "what is given away"
delegate part root key b "${status[@]}"
expect_output "the other one acts, under its own account" 'status nginx by root' \
	as b worker part 'id -un; sudo -n /usr/local/bin/systemctl status nginx'
expect_seen "as itself" '^worker$'
expect_output "the record says for whom" '"agent":"spiffe://example.org/agent/worker","delegator":"spiffe://example.org/agent/deploy"' \
	grep '"step":"command"' "$DECISIONS"
expect_refused "what was not given" scope_exceeded as b worker part 'sudo -n /usr/local/bin/systemctl restart nginx'
expect_output "the first one still may" 'restart nginx by root' as key agent-deploy root 'sudo -n /usr/local/bin/systemctl restart nginx'
expect_output "verify shows the chain" "derived from" agentctl verify part
expect_output "and how sensitive the first one's task is" '^  sensitivity +high$' agentctl verify part
expect_output "in JSON too" '"chain": *\[' agentctl verify --json part

story "proof by a PoP JWT"
cat >/tmp/prove-askpass <<SH
#!/bin/sh
case \$1 in
*"Agent proof "*)
	set -- \${1#*"Agent proof "}
	account=\${3} # with the part behind it
	exec $(command -v agentctl) prove --credential "\$AGENT_CREDENTIAL" --key "\$AGENT_KEY" --nonce "\$1" --host-id "\$2" --account "\$account" ;;
*) exec $(command -v agent-askpass) "\$@" ;;
esac
SH
chmod 0755 /tmp/prove-askpass
pop() { AGENT_ASKPASS=/tmp/prove-askpass as "$@"; }
: >"$DECISIONS"
expect_output "the other one proves its key so" '^worker$' pop b worker part 'id -un; sleep 2' 
expect_output "the first one, without a chain, too" '^agent-deploy$' pop key agent-deploy root 'id -un'
expect_fail "with another key there is no proof" pop c worker part true

story "whom it lets in"
expect_refused "the account of who delegated" delegatee_unknown as b agent-deploy part true
expect_refused "an account that takes nothing from it" delegatee_unknown as b stranger part true
expect_refused "the parent's key" possession_invalid as key worker part true
expect_refused "another key" possession_invalid as c worker part true
expect_refused "the root alone, in the other's account" identity_mismatch as key worker root true

story "what would widen"
expect_status "a tool that the parent has not" 2 agentctl delegate --parent part --key b --to c.pub --tool host:login
expect_seen "as it is the last" 'may not be delegated'
delegate middle root key b --max-depth 2 "${status[@]}"
expect_status "an argument that the parent has not" 2 agentctl delegate --parent middle --key b --to c.pub \
	--tool "$systemctl args=[\"restart\",\"nginx\"]"
expect_seen "which one, and why" 'host:sudo .*restart.*: 4p4: '
expect_status "any argument" 2 agentctl delegate --parent middle --key b --to c.pub --tool "$systemctl"
expect_status "more depth" 2 agentctl delegate --parent middle --key b --to c.pub --max-depth 3
expect_seen "says so" 'would widen'
expect_status "somebody else's parent" 2 agentctl delegate --parent middle --key c --to b.pub
expect_seen "says so" 'not bound to this key'
expect_status "to itself" 2 agentctl delegate --parent middle --key b --to b.pub
delegate leaf middle b e --tool host:login
expect_output "a third one, with another kind of key" '^worker$' as e worker leaf 'id -un'
expect_refused "has that alone" scope_exceeded as e worker leaf 'sudo -n /usr/local/bin/systemctl status nginx'
expect_fail "and cannot go on" agentctl delegate --parent leaf --key e --to c.pub
# By hand: the second token of another chain behind the same root, a wider one signed by the holder itself, the order, a part.
decode() { tr -- '-_' '+/' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d; }
encode() { base64 -w0 | tr -- '+/' '-_' | tr -d '='; }
chain=$(decode <middle | jq -c .aat_chain)
claims=$(jq -r '.[1]' <<<"$chain" | cut -d. -f2 | decode | jq -c '.authorization_details[0].tools["host:sudo"] = {}')
head=$(printf '{"alg":"Ed25519","typ":"aat+jwt"}' | encode).$(printf %s "$claims" | encode)
openssl genpkey -algorithm ed25519 -out /tmp/holder.pem 2>/dev/null
printf %s "$head" >/tmp/signed
openssl pkeyutl -sign -inkey /tmp/holder.pem -rawin -in /tmp/signed -out /tmp/signature
forged=$head.$(encode </tmp/signature)
jq -c --arg t "$forged" '{aat_chain: [.[0], $t]}' <<<"$chain" | tr -d '\n' | encode >forged
expect_refused "a wider token, signed by somebody else" signature_invalid as b worker forged true
jq -c '{aat_chain: [.[1], .[0]]}' <<<"$chain" | tr -d '\n' | encode >swapped
expect_fail "the order" as b worker swapped true
jq -c '{aat_chain: [.[1]]}' <<<"$chain" | tr -d '\n' | encode >orphan
expect_fail "without its root" as b worker orphan true

story "how often"
set_depth() {
	sed -i "s/^\\( *max-logins = 99\\).*/\\1 $1/" /etc/pam_agent/conf.d/20-worker.conf
	agentctl apply
}
as e worker leaf 'exec sleep 647' >/dev/null 2>&1 &
must wait_until 8 pgrep -u worker -x sleep
expect_ok "once is enough from now on" set_depth 'max-delegation = 1'
expect_ok "what was delegated twice ends" wait_until 5 no_process_of worker
expect_log "for that reason" '"status_code":"chain_too_deep".*"step":"close"' "$DECISIONS"
expect_refused "and opens no more" chain_too_deep as e worker leaf true
expect_output "what was delegated once acts" 'status nginx by root' \
	as b worker part 'sudo -n /usr/local/bin/systemctl status nginx'
expect_ok "none at all" set_depth 'max-delegation = 0'
expect_refused "once is too often" chain_too_deep as b worker part true
expect_output "the first one acts" '^agent-deploy$' as key agent-deploy root 'id -un'
must set_depth ''

story "how long"
delegate short root key b --ttl 4s "${status[@]}"
as b worker short 'exec sleep 648' >/dev/null 2>&1 &
expect_ok "a short one opens" wait_until 8 pgrep -u worker -x sleep
expect_ok "and ends with itself, not with the root" wait_until 15 no_process_of worker
expect_refused "it opens no more" expired as b worker short true

story "what ends the first, ends the second"
live() {
	as b worker "$1" 'exec sleep 649' >/dev/null 2>&1 &
	wait_until 8 pgrep -u worker -x sleep
}
for what in jti key identity; do
	credential "root-$what" --max-depth 2 --tool host:login --tool "$systemctl args=[\"status\",\"nginx\"]"
	delegate "part-$what" "root-$what" key b
	expect_ok "it acts" live "part-$what"
	case $what in
	jti) value=$(claims_of root-jti | jq -r .jti) ;;
	key) value=$CREDENTIALS/key.pub ;;
	identity) value=$A ;;
	esac
	expect_ok "revoke $what of the delegator" agentctl revoke "$what" "$value"
	expect_ok "ends it" wait_until 5 no_process_of worker
	expect_refused "and it opens no more" revoked as b worker "part-$what" true
	expect_ok "lifted" agentctl revoke lift "$what" "$value"
done
credential root-task --max-depth 2 --tool host:login
delegate part-task root-task key b
expect_ok "it acts" live part-task
expect_ok "its own account takes nothing from there any more" sed -i 's/ delegates = { "[^"]*" }//' /etc/pam_agent/conf.d/20-worker.conf
expect_ok "and that is applied" agentctl apply
expect_ok "ends it" wait_until 5 no_process_of worker
expect_refused "and it opens no more" delegatee_unknown as b worker part-task true
finish
