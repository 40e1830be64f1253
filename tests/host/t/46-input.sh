#!/bin/bash
# What strangers say: at the prompts, in tokens, on the sockets, and what lies about in the state directories. Each is refused
# with its reason, nobody else notices, and the next good login works.
. "$TOP/tests/host/agent.sh"
agent_host
install -m 0755 "$TOP/build/tests/host/talk" /usr/local/bin/
TALK=/usr/local/bin/talk
GATE=/usr/local/libexec/pam_agent/gate
VERIFIER=/usr/local/libexec/pam_agent/verifier
logins=0

# The next good login works, and a human's.
all_well() {
	credential "good-$((logins += 1))"
	expect_output "$1: the next good login works" '^agent-deploy$' agent "good-$logins" id -un
	expect_output "$1: a human's login and sudo work" '^root$' as_human alice sudo -n id -un
}

# An askpass that answers the parts of a credential with the files of a directory, byte for byte.
cat >/tmp/parts-askpass <<'ASKPASS'
#!/bin/sh
part=${1##*"(part "}
case $1 in
*"Agent credential"*) cat "$PARTS/${part%%)*}" ;;
*"Agent proof"*) exec agent-askpass "$1" ;;
*) exit 1 ;;
esac
ASKPASS
chmod 0755 /tmp/parts-askpass
# say NAME PART...: printf formats. presented NAME: a login with them.
say() {
	local name=$1 part=0
	shift
	mkdir -p "/tmp/parts/$name"
	for format; do
		part=$((part + 1))
		# shellcheck disable=SC2059
		printf "$format" >"/tmp/parts/$name/$part"
	done
}
presented() { PARTS=/tmp/parts/$1 AGENT_ASKPASS=/tmp/parts-askpass agent base id; }
# split FILE PARTS: a token in so many parts.
split_token() {
	local token parts=()
	token=$(cat "$CREDENTIALS/$1")
	for ((i = 0; i < $2 - 1; i++)); do parts+=("${token:$i:1}~"); done
	say "$2" "${parts[@]}" "${token:$2-1}"
}
letters() { head -c "$1" /dev/zero | tr '\0' "${2:-a}"; }

story "answers to the prompt"
credential base
say garbage '%%&/()=?!"{}[]<>|;:,*+#^'
say binary '\001\002\377\376\200'
say utf8 'Gr\303\266\303\237e \342\202\254 \360\235\204\236'
say null 'eyJh\000eyJh.\000'
say blank ' '
say words 'please let me in'
say dots '...'
say one-part 'a.b.c'
say empty ''
say tilde '~' ''
say empty-second 'abc~' ''
say long "$(letters 1001)"
say cut "$(letters 5000)"
for length in 1 999; do
	mapfile -t parts < <(yes "$(letters $length)~" | head -n 31)
	say "endless-$length" "${parts[@]}"
done
for name in garbage binary utf8 null blank words dots one-part empty-second long; do
	expect_refused "$name" credential_malformed presented "$name"
done
expect_refused "an empty answer" credential_missing presented empty
expect_refused "an empty answer that is continued by another" 'credential_m[a-z]*' presented tilde
expect_refused "5,000 bytes in one part" 'credential_m[a-z]*' presented cut
expect_refused "parts without end" too_large presented endless-1
expect_refused "full parts without end" too_large presented endless-999
split_token base 31
expect_refused "a good token in 31 parts" too_large presented 31
split_token base 30
expect_output "and in 30, which is allowed" 'agent-deploy' presented 30
all_well "after odd answers"

story "signed tokens that are strange inside"
nested() { printf '%s%s%s' "$(letters "$1" '[')" 1 "$(letters "$1" ']')"; }
# minted NAME REASON [HEADER]: what stands on standard input, signed by the issuer's key.
minted() {
	local reason=$2
	"$TOP/build/tests/mint" /etc/pam_agent/keys/private/issuer.pem "${@:3}" >"$CREDENTIALS/$1"
	expect_refused "$1" "$reason" agent "$1" id
}
mint claims <<<.
claims=$(cat /tmp/claims)
minted "a claim 1,000 levels deep" claim_invalid <<<"${claims%\}},\"deep\":$(nested 1000)}"
minted "claims 1,000 levels deep" claim_invalid <<<"$(nested 1000)"
minted "objects 1,000 levels deep" claim_invalid <<<"$(for ((i = 0; i < 1000; i++)); do printf '{"a":'; done)1$(letters 1000 '}')"
minted "no claims" claim_invalid </dev/null
minted "a claim given twice" claim_invalid <<<"${claims%\}},\"sub\":\"$AGENT_ID\"}"
minted "claims and more behind" claim_invalid <<<"$claims{}"
minted "a NUL in a claim that counts" claim_invalid <<<"${claims%\}},\"act\":{\"sub\":\"$AGENT_ID\\u0000\"}}"
minted "no UTF-8" claim_invalid <<<"${claims%\}},\"note\":\"$(printf '\377')\"}"
minted "a header 1,000 levels deep" too_large "{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"x\":$(nested 1000)}" <<<"$claims"
minted "alg none" algorithm_refused '{"alg":"none","typ":"aat+jwt"}' <<<"$claims"
minted "alg HS256" algorithm_refused '{"alg":"HS256","typ":"aat+jwt"}' <<<"$claims"
minted "alg of another key" key_unknown '{"alg":"ES256","typ":"aat+jwt"}' <<<"$claims"
minted "alg given twice" credential_malformed '{"alg":"none","alg":"Ed25519","typ":"aat+jwt"}' <<<"$claims"
minted "no alg" 'algorithm_refused\|credential_malformed' '{"typ":"aat+jwt"}' <<<"$claims"
minted "typ JWT" type_refused '{"alg":"Ed25519","typ":"JWT"}' <<<"$claims"
minted "no typ" type_refused '{"alg":"Ed25519"}' <<<"$claims"
minted "crit" crit_refused '{"alg":"Ed25519","typ":"aat+jwt","crit":["exp"]}' <<<"$claims"
minted "a list as header" credential_malformed '["Ed25519","aat+jwt"]' <<<"$claims"
KEY=/tmp/stranger.pem mint own-key <<<.
jwk=$(openssl pkey -in /tmp/stranger.pem -pubout -outform DER | tail -c 32 | base64 | tr -d '=\n' | tr '+/' '-_')
"$TOP/build/tests/mint" /tmp/stranger.pem "{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"$jwk\"}}" \
	<<<"$claims" >"$CREDENTIALS/jwk"
expect_refused "a header that brings its own key" key_unknown agent jwk id
all_well "after strange tokens"

story "gate is told anything at all"
packet() { # NAME FORMAT...: a file to be sent
	# shellcheck disable=SC2059
	printf "$2" "${@:3}" >"/tmp/packet.$1"
}
packet garbage '\001\002\003garbage\377'
packet short 'pam_agent 1\n'
packet half 'pam_agent 1\nstep log'
packet version 'pam_agent 2\nstep login\nservice sshd\nuser agent-deploy\n'
packet twice 'pam_agent 1\nstep login\nstep open\nservice sshd\nuser agent-deploy\n'
packet unknown 'pam_agent 1\nstep login\nservice sshd\nuser agent-deploy\nverdict permit\n'
packet no-step 'pam_agent 1\nservice sshd\nuser agent-deploy\n'
packet odd-step 'pam_agent 1\nstep permit\nservice sshd\nuser agent-deploy\n'
packet null 'pam_agent 1\nstep login\000\nservice sshd\nuser agent-deploy\n'
packet long 'pam_agent 1\nstep login\nservice sshd\nuser %s\n' "$(letters 163840)"
packet longer 'pam_agent 1\nstep login\nservice sshd\nuser %s\n' "$(letters 204800)"
packet many 'pam_agent 1\nstep command\nservice sudo\nuser agent-deploy\n%s\n' "$(yes 'argv a' | head -n 2000)"
ODD=(garbage short half version twice unknown no-step null long longer many)
for name in "${ODD[@]}" odd-step; do
	expect_output "gate: $name" '^> .*verdict deny\|reason bad_question' "$TALK" run "$GATE" : "/tmp/packet.$name"
done
for step in attest recheck status "done"; do
	packet "step-$step" 'pam_agent 1\nstep %s\nservice sshd\nuser agent-deploy\nsession 0123456789abcdef\n' $step
	expect_output "gate: step $step" 'reason bad_question' "$TALK" run "$GATE" : "/tmp/packet.step-$step"
done
packet login 'pam_agent 1\nstep login\nservice sshd\nuser agent-deploy\nsource 127.0.0.1\n'
packet part 'pam_agent 1\nreply %s\n' "$(letters 5000)"
packet reply 'pam_agent 1\nreply a\nreply b\n'
packet none 'pam_agent 1\n'
for name in part reply none garbage login longer; do
	expect_output "gate, at its prompt: $name" 'verdict deny\|reason credential_missing' \
		"$TALK" run "$GATE" : /tmp/packet.login "/tmp/packet.$name"
done
expect_output "gate: nobody goes on" '^closed|verdict deny' timeout 10 "$TALK" run "$GATE" : /tmp/packet.login hang-up

story "verifier is told anything at all"
request='pam_agent 1\nop credential\naudience %s\nnow %s\ntoken %s\n'
for name in garbage half version no-step null unknown; do
	expect_output "verifier: $name" '^closed' "$TALK" run "$VERIFIER" 70001 : "/tmp/packet.$name"
done
credential fresh
packet good "$request" "$HOST_ID" "$(date +%s)" "$(cat "$CREDENTIALS/fresh")"
packet 64k "$request" "$HOST_ID" "$(date +%s)" "$(letters 65537).."
packet 200k "$request" "$HOST_ID" "$(date +%s)" "$(letters 204800)"
packet 300k "$request" "$HOST_ID" "$(date +%s)" "$(letters 307200)"
packet proof 'pam_agent 1\nop proof\nnow 1\nnonce 00\nhost-id %s\naccount agent-deploy\nproof AAAA\n' "$HOST_ID"
packet op 'pam_agent 1\nop permit\n'
verifier() { "$TALK" run "$VERIFIER" 70001 : "$@"; }
expect_output "a good token" '^> .*reason permit.*task task-fresh' verifier /tmp/packet.good
expect_output "64 KiB" 'reason too_large' verifier /tmp/packet.64k
expect_output "200 KiB" 'reason credential_malformed' verifier /tmp/packet.200k
expect_output "300 KiB" '^closed' verifier /tmp/packet.300k
expect_output "a proof before a credential" 'reason bad_question' verifier /tmp/packet.proof
expect_output "a second credential" 'reason bad_question' verifier /tmp/packet.good /tmp/packet.good
expect_output "an operation that there is not" 'reason bad_question' verifier /tmp/packet.op
expect_output "a proof that is none" 'reason possession_invalid' verifier /tmp/packet.good /tmp/packet.proof

story "a guard is told anything at all"
mkfifo -m 0666 /tmp/ask
cat >/tmp/steps <<'STEPS'
echo open >/tmp/answers
while read -r word </tmp/ask; do
	before=$(date +%s%N)
	sudo -n /usr/bin/id
	echo "$word $? $((($(date +%s%N) - before) / 1000000))" >>/tmp/answers
done
STEPS
credential asked
agent asked bash /tmp/steps >/tmp/session 2>&1 &
expect_ok "a session is open" wait_until 10 grep -q open /tmp/answers
socket=$(ls -d /run/pam_agent/ctl/*)
# A step in the session is permitted within 2 s.
step() {
	timeout 5 sh -c "echo $1 >/tmp/ask"
	wait_until 5 grep -q "^$1 " /tmp/answers
	grep -E "^$1 0 1?[0-9]{1,3}$" /tmp/answers
}
for name in "${ODD[@]}"; do
	expect_output "guard: $name" '^> .*reason bad_question|^closed' "$TALK" to "$socket" "/tmp/packet.$name"
done
expect_output "guard: a login's question" 'verdict elsewhere' "$TALK" to "$socket" /tmp/packet.login
expect_ok "a step is decided" step afterwards
for count in 1 20 100; do
	"$TALK" idle "$socket" $count 6 >/tmp/idle.$count &
	sleep 0.5
	expect_ok "and while $count connections are silent" step "silent-$count"
done
agentctl task complete task-asked >/dev/null
expect_ok "the session ends" wait_until 5 no_process_of agent-deploy
expect_ok "every record is whole" jq -R 'fromjson | select(.status_code == null) | error("torn")' "$DECISIONS"
finish
