#!/bin/bash
# A credential opens nothing without proof of its key: signed (P3) or by the ssh connection itself (P1).
. "$TOP/tests/host/agent.sh"
agent_host
OTHER_ID=spiffe://example.org/agent/other
ssh-keygen -q -t ecdsa -b 256 -N '' -f "$CREDENTIALS/es256"
ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/stranger"
ssh-keygen -q -t rsa -b 3072 -N '' -f "$CREDENTIALS/rsa"
# What agent-other does needs the stronger proof.
cat >/etc/pam_agent/conf.d/20-strict.conf <<CONF
policy "strict" {
    identities = { "$OTHER_ID" }
    possession = "channel"
}
CONF
must agentctl apply

story "signed by the holder's key"
credential ed25519
expect_output "Ed25519" '^agent-deploy$' agent ed25519 id -un
expect_refused "the same once more" replayed agent ed25519 id
credential by-es256 --key "$CREDENTIALS/es256.pub"
KEY=$CREDENTIALS/es256 expect_output "ES256" '^agent-deploy$' agent by-es256 id -un
eval "$(ssh-agent)" >/dev/null
for key in key es256; do
	mkdir -p /tmp/away
	ssh-add -q "$CREDENTIALS/$key"
	mv "$CREDENTIALS/$key" /tmp/away/
	credential "held-$key" --key "$CREDENTIALS/$key.pub"
	KEY=$CREDENTIALS/$key.pub expect_output "$key, which only an ssh-agent has" '^agent-deploy$' agent "held-$key" id -un
	mv "/tmp/away/$key" "$CREDENTIALS/"
done
ssh-agent -k >/dev/null
unset SSH_AUTH_SOCK SSH_AGENT_PID
credential many --tool host:login --tool "host:sudo runas=root command=$(printf '/usr/bin/tool-number-%d,' {1..120})/usr/bin/id"
expect_ok "a credential of several parts" sh -c "[ \$(wc -c <$CREDENTIALS/many) -gt 3000 ]"
expect_output "opens, and its last command counts" '^uid=0\(root\)' agent many sudo -n id

story "proofs that are none"
# An askpass that proves something else than it is asked for, where ODD_* say so, and keeps what it proved in KEEP.
cat >/tmp/odd-askpass <<'ASKPASS'
#!/bin/sh
case $1 in
*"Agent credential"*) exec agent-askpass "$1" ;;
*"Agent proof"*) ;;
*) exit 1 ;;
esac
[ -z "$ODD_ANSWER" ] || { printf %s "$ODD_ANSWER"; exit; }
[ -z "$ODD_REPLAY" ] || exec cat "$ODD_REPLAY"
sum=$(tr -d '\n' <"${ODD_CREDENTIAL:-$AGENT_CREDENTIAL}" | sha256sum)
asked=${1##*"Agent proof "}
set -- ${asked%% (part*}
printf '%s\n' "${ODD_NONCE:-$1}" "${ODD_HOST:-$2}" "${ODD_ACCOUNT:-$3}" "${sum%% *}" |
	ssh-keygen -q -Y sign -f "${ODD_KEY:-$AGENT_KEY}" -n "${ODD_NAMESPACE:-pam-agent}" 2>/dev/null |
	sed '/^-----/d' | tr -d '\n=' | tr '+/' '-_' | tee "${KEEP:-/dev/null}"
ASKPASS
chmod 0755 /tmp/odd-askpass
export KEEP=/tmp/kept AGENT_ASKPASS=/tmp/odd-askpass
credential kept
expect_output "this askpass can do it right" '^agent-deploy$' agent kept id -un
unset KEEP
credential odd
# odd WHAT VARIABLE=VALUE [REASON]
odd() { expect_refused "$1" "${3:-possession_invalid}" env_agent "$2" odd id; }
env_agent() (
	export "${1?}"
	shift
	agent "$@"
)
odd "a proof of another moment" ODD_REPLAY=/tmp/kept
odd "a nonce of its own" ODD_NONCE=00112233445566778899aabbccddeeff
odd "another namespace" ODD_NAMESPACE=file
odd "another host" ODD_HOST=spiffe://example.org/host/web-08
odd "another account" ODD_ACCOUNT=agent-other
odd "another credential" "ODD_CREDENTIAL=$CREDENTIALS/kept"
odd "another key" "ODD_KEY=$CREDENTIALS/stranger"
odd "a key of another kind" "ODD_KEY=$CREDENTIALS/es256"
odd "an RSA key" "ODD_KEY=$CREDENTIALS/rsa"
odd "no signature" ODD_ANSWER=AAAA
odd "no base64url" 'ODD_ANSWER=a b'
odd "an empty one" ODD_REPLAY=/dev/null possession_missing
cp "$CREDENTIALS/odd" "$CREDENTIALS/theirs"
ACCOUNT=agent-other expect_refused "at another account" identity_mismatch agent theirs id
expect_output "and after all of them, the right one opens" '^agent-deploy$' agent odd id -un
unset AGENT_ASKPASS
credential strict --identity "$OTHER_ID"
ACCOUNT=agent-other expect_refused "a signature where policy demands the channel" possession_too_weak agent strict id

story "agent-askpass answers its own questions alone"
askpass() { AGENT_CREDENTIAL=$CREDENTIALS/odd AGENT_KEY=$CREDENTIALS/key agent-askpass "$@" 2>/dev/null; }
silent() { ! askpass "$@" >/tmp/said && [ ! -s /tmp/said ]; }
nonce=00112233445566778899aabbccddeeff
expect_output "the credential" '^eyJ' askpass '(agent-deploy@web) Agent credential (part 1): '
expect_output "a proof for the host it was issued for" '^[A-Za-z0-9_-]{100,}$' askpass "Agent proof $nonce $HOST_ID agent-deploy (part 1): "
for prompt in "Enter passphrase for key '/root/.ssh/id_ed25519': " "agent-deploy@web's password: " "Password: " '' \
	'Are you sure you want to continue connecting (yes/no/[fingerprint])? ' "Agent credential (part 0): " \
	"Agent credential (part 31): " "Agent credential (part 1; id): " "Agent credential (part -1): " "Agent credential: " \
	"Agent proof $nonce spiffe://example.org/host/web-08 agent-deploy (part 1): " "Agent proof $nonce (part 1): " \
	"Agent proof $nonce ${HOST_ID}x agent-deploy (part 1): " "Agent proof $nonce $HOST_ID agent-deploy more (part 1): "; do
	expect_ok "nothing to: $prompt" silent "$prompt"
done
expect_ok "nor without a question" silent

story "max-logins, also of those who come at once"
credential race
for i in 1 2 3 4; do agent race 'id -un; sleep 1' >"/tmp/race.$i" 2>&1 & racers+=($!); done
for racer in "${racers[@]}"; do wait "$racer" || true; done
expect_output "one of four gets in" '^1$' sh -c 'grep -lx agent-deploy /tmp/race.* | wc -l'

story "a host that has booted since"
# The clock of the machine stays as it is: gate, and the guards that it starts, are told that the host booted a second ago.
cat >/tmp/boot.c <<'CODE'
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret);

    if (clock == CLOCK_BOOTTIME)
        ret->tv_sec -= BOOTED;
    return r;
}
CODE
libexec=/usr/local/libexec/pam_agent
credential before
sleep 3
must "${CC:-cc}" -shared -fPIC -DBOOTED="$(($(cut -d. -f1 /proc/uptime) - 1))" -o /tmp/boot.so /tmp/boot.c
for program in $libexec/gate $libexec/guard; do
	mv $program $program.real
	printf '#!/bin/sh\nLD_PRELOAD=/tmp/boot.so exec %s.real "$@"\n' $program >$program
	chmod 0755 $program
done
expect_refused "what was issued before" before_boot agent before id
credential since
expect_output "what was issued since" '^agent-deploy$' agent since id -un
for program in $libexec/gate $libexec/guard; do mv $program.real $program; done
stop_sshd

story "proven by the ssh connection (enable --plain-keys)"
must agentctl enable --yes --plain-keys
start_sshd
# with_key KEY NAME CMD...: the ssh connection with KEY, the proof, if one is asked for, with PROOF.
with_key() {
	local key=$CREDENTIALS/$1
	shift
	KEY=${PROOF:+$CREDENTIALS/$PROOF} agent "$1" -o IdentitiesOnly=yes -i "$key" "${@:2}"
}
credential channel
expect_output "the key and its credential; no proof is asked for" '^agent-deploy$' with_key key channel id -un
credential channel-es256 --key "$CREDENTIALS/es256.pub"
expect_output "ES256" '^agent-deploy$' with_key es256 channel-es256 id -un
credential strict-channel --identity "$OTHER_ID"
ACCOUNT=agent-other expect_output "policy that demands the channel is content" '^agent-other$' with_key key strict-channel id -un
credential stolen
expect_refused "another key with the same credential" possession_missing with_key stranger stolen id
PROOF=stranger expect_refused "and with a proof by that key" possession_invalid with_key stranger stolen id
PROOF=key expect_output "with a proof by the right one, where policy takes it" '^agent-deploy$' with_key stranger stolen id -un
credential strict-stolen --identity "$OTHER_ID"
ACCOUNT=agent-other PROOF=key expect_refused "not where it demands the channel" possession_too_weak with_key stranger strict-stolen id
ACCOUNT=agent-other expect_refused "the right key at another account" identity_mismatch with_key key stolen id
credential alone
expect_fail "an RSA key does not connect" with_key rsa alone id
expect_fail "the key alone opens nothing" key_login id
expect_fail "nor the credential without any key" agent alone -o PubkeyAuthentication=no id
expect_output "a human logs in as ever" '^alice$' as_human alice id -un
finish
