#!/bin/bash
# timeout: 200
# The process that reads what strangers wrote: what it has, what it cannot do, and what becomes of a login when it dies or lies.
. "$TOP/tests/host/agent.sh"
agent_host
install -m 0755 "$TOP/build/tests/host/talk" "$TOP/build/tests/host/confined" /usr/local/bin/
VERIFIER=/usr/local/libexec/pam_agent/verifier
uid=70001 # the second of uid-range
filters=$(grep -c '^Seccomp:' /proc/self/status || true)
ssh-keygen -q -t ecdsa -b 256 -N '' -f "$CREDENTIALS/es256"

# An askpass that keeps the login at its proof until it may go on.
cat >/tmp/slow-askpass <<'ASKPASS'
#!/bin/sh
case $1 in
*"Agent proof"*)
	touch /tmp/asked
	until [ -e /tmp/go-on ]; do sleep 0.1; done
	;;
esac
exec agent-askpass "$1"
ASKPASS
chmod 0755 /tmp/slow-askpass
# hold NAME: a login with that credential is at its proof; its verifier is $pid.
hold() {
	rm -f /tmp/asked /tmp/go-on
	AGENT_ASKPASS=/tmp/slow-askpass agent "$1" id -un >/tmp/held 2>&1 &
	held=$!
	wait_until 20 test -e /tmp/asked
	pid=$(pgrep -x 'verifier(\.real)?')
}
go_on() {
	touch /tmp/go-on
	wait $held
}
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
no_session() { [ -z "$(ls -A /run/pam_agent/session 2>/dev/null)" ]; }
no_verifier() { ! pgrep -x verifier; }
nth=0
# well WHAT: humans and agents log in.
well() {
	nth=$((nth + 1))
	credential "well-$nth"
	expect_output "$1: an agent logs in" '^agent-deploy$' agent "well-$nth" id -un
	expect_output "$1: alice logs in" '^alice$' as_human alice id -un
}

story "what it has, between credential and proof"
credential held
hold held
gate=$(pgrep -x gate)
expect_output "one process, of gate's" "^$gate\$" status_of PPid
expect_output "no uid but its own" "^$uid	$uid	$uid	$uid\$" status_of Uid
expect_output "no gid but its own" "^$uid	$uid	$uid	$uid\$" status_of Gid
expect_output "no groups" '^Groups:[[:space:]]*$' grep '^Groups:' "/proc/$pid/status"
for set in CapInh CapPrm CapEff CapAmb; do
	expect_output "$set: nothing" '^0+$' status_of $set
done
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$gate/status")
expect_output "CapBnd: no more than gate's, out of reach" "^$bounding\$" status_of CapBnd
expect_output "no new privileges" '^1$' status_of NoNewPrivs
if [ "$filters" != 0 ]; then
	expect_output "its system calls are filtered" '^2$' status_of Seccomp
else
	skip "no seccomp in this kernel"
fi
expect_output "one thread" '^1$' status_of Threads
expect_output "its root is the empty directory" '^/run/pam_agent/empty$' readlink "/proc/$pid/root"
expect_output "it stands there" '^/run/pam_agent/empty$' readlink "/proc/$pid/cwd"
expect_output "where nothing is" '^0$' sh -c "ls -A /proc/$pid/root/ | wc -l"
expect_output "a socket" '^socket:' readlink "/proc/$pid/fd/0"
expect_output "and no other descriptor" '^0$' sh -c "ls -A /proc/$pid/fd | xargs"
expect_output "no environment" '^0$' sh -c "wc -c <'/proc/$pid/environ'"
expect_output "not dumpable: its /proc is root's" '^0$' stat -c %u "/proc/$pid/mem"
expect_output "no memory both written and run" '^0$' sh -c "grep -c '^[^ ]* .wx' '/proc/$pid/maps' || true"
# expect_limit WHAT VALUE NAME: soft and hard.
expect_limit() { expect_output "limit: $1" "^$3 +$2 +$2 " grep "^$3" "/proc/$pid/limits"; }
expect_limit "CPU" 5 "Max cpu time"
expect_limit "files" 0 "Max file size"
expect_limit "core" 0 "Max core file size"
expect_limit "processes" 0 "Max processes"
expect_limit "descriptors" 1 "Max open files"
expect_limit "addresses" 268435456 "Max address space"
# Stopped in poll, and going on: the kernel restarts the call.
kill -STOP "$pid"
expect_output "stopped" '^T' ps -o stat= -p "$pid"
kill -CONT "$pid"
expect_ok "the login goes on" go_on
expect_output "and is the agent's" '^agent-deploy$' cat /tmp/held
expect_ok "no verifier is left" wait_until 5 no_verifier

story "all it needs is left to it"
expect_output "ES256" '^agent-deploy$' eval 'credential by-es256 --key "$CREDENTIALS/es256.pub"; KEY=$CREDENTIALS/es256 agent by-es256 id -un'
# So many that glibc's qsort asks how much memory there is.
credential long --tool host:login --tool "host:sudo runas=root command=$(printf '/usr/bin/tool-number-%d,' {1..400})/usr/bin/id"
expect_output "a credential of 401 commands, the last of which counts" '^uid=0\(root\)' agent long sudo -n id
head -c 20000 /dev/urandom | base64 -w0 | tr -- '+/' '-_' | tr -d = >"$CREDENTIALS/noise"
expect_refused "noise" credential_malformed agent noise id
expect_ok "confined: each call it needs" confined as "$uid" work
expect_seen "is made" '^send works$'
cp "$OUTPUT" /tmp/done
expect_output "and works" '^0$' sh -c "grep -vc ' works$' /tmp/done || true"

story "a verifier that was taken over"
expect_ok "what is tried" confined free reach
expect_seen "is indeed" '^open works$'
cp "$OUTPUT" /tmp/done
expect_output "and works where nothing confines it" '^0$' sh -c "grep -vc ' works$' /tmp/done || true"
if [ "$filters" != 0 ]; then
	for name in read write access unlink out fork exec socket unix-socket other-socket descriptor dup memfd kill kill-itself ptrace peek \
		uid namespace user-namespace dumpable limit code new-code requeue; do
		expect_output "dies of: $name" "^$name killed\$" confined as "$uid" "$name"
	done
	for name in open create; do
		expect_output "finds nothing: $name" "^$name fails: No such file" confined as "$uid" "$name"
	done
	if [ "$(uname -m)" = x86_64 ]; then
		expect_output "dies of: a call of another architecture" '^i386 (killed|signal 11)$' confined as "$uid" i386
	fi
fi
expect_output "no more than 256 MiB" '^addresses fails: Cannot allocate memory' confined as "$uid" addresses

story "a host that hands on capabilities, a kernel that has no filters, one that refuses them"
mv "$VERIFIER" "$VERIFIER.real"
# stand_in SCRIPT: that in the verifier's place.
stand_in() {
	printf '#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n%s\n' "$1" >"$VERIFIER.new"
	chmod 0755 "$VERIFIER.new"
	mv "$VERIFIER.new" "$VERIFIER"
}
# Gate gives none of this.
stand_in "exec setpriv --inh-caps +chown,+kill --ambient-caps +chown,+kill --securebits +no_setuid_fixup $VERIFIER.real \"\$@\""
credential capable
hold capable
for set in CapInh CapPrm CapEff CapAmb; do
	expect_output "started with capabilities that stay, $set: nothing" '^0+$' status_of $set
done
expect_ok "and the login goes on" go_on
stand_in "exec confined kernel EINVAL $VERIFIER.real \"\$@\""
well "none"
stand_in "exec confined kernel EPERM $VERIFIER.real \"\$@\""
credential refusing
expect_refused "refused" internal_error agent refusing id
mv "$VERIFIER.real" "$VERIFIER"
expect_output "as it is, the same credential opens" '^agent-deploy$' agent refusing id -un

story "killed while the agent makes its proof"
for signal in SEGV KILL SYS; do
	credential "killed-$signal"
	hold "killed-$signal"
	expect_output "by $signal: alice logs in meanwhile" '^alice$' as_human alice id -un
	kill "-$signal" "$pid"
	expect_refused "by $signal" internal_error go_on
	expect_ok "by $signal: no session" no_session
	expect_output "by $signal: the same credential opens afterwards" '^agent-deploy$' agent "killed-$signal" id -un
done
well "killed"

story "others in its place"
cp "$VERIFIER" "$VERIFIER.real"
# refuses WHAT REASON SCRIPT: with that in its place.
refuses() {
	nth=$((nth + 1))
	credential "other-$nth"
	stand_in "$3"
	expect_refused "$1" "$2" agent "other-$nth" id
	expect_ok "$1: no session" no_session
	expect_output "$1: alice logs in" '^alice$' as_human alice id -un
	cp "$VERIFIER.real" "$VERIFIER.new"
	mv "$VERIFIER.new" "$VERIFIER"
	expect_output "$1: the same credential opens afterwards" '^agent-deploy$' agent "other-$nth" id -un
}
hear='dd bs=300000 count=1 of=/dev/null 2>/dev/null'
# shellcheck disable=SC2016 # the stand-in's own pid
refuses "one that crashes at once" internal_error 'kill -SEGV $$'
refuses "one that crashes at the credential" internal_error "$hear; kill -SEGV \$\$"
refuses "one that ends without a word" internal_error 'exit 0'
refuses "one that listens and ends" internal_error "$hear; exit 0"
refuses "one that talks garbage" internal_error "$hear; printf permit >&0; $hear"
refuses "one that talks much" internal_error "$hear; head -c 200000 /dev/zero >&0; $hear"
refuses "one that permits and says no more" internal_error "$hear; printf 'pam_agent 1\nreason permit\n' >&0; $hear"
refuses "one whose reason is none" internal_error "$hear; printf 'pam_agent 1\nreason nonsense\n' >&0; $hear"
refuses "one that states what is gate's to state" internal_error "$hear; printf 'pam_agent 1\nreason permit\nuid 0\n' >&0; $hear"
refuses "one that hangs" timeout 'sleep 5'

story "one that permits, and leaves one thing out"
credential lie
printf 'pam_agent 1\nop credential\naudience %s\nnow %s\ntoken %s\n' "$HOST_ID" "$(date +%s)" "$(cat "$CREDENTIALS/lie")" >/tmp/packet
talk run "$VERIFIER" "$uid" : /tmp/packet | sed -n 's/^> //p' | tr '|' '\n' | grep . >/tmp/answer
printf 'pam_agent 1\nreason permit\n' >/tmp/proven
stand_in "$hear; cat /tmp/said >&0; $hear; cat /tmp/proven >&0; $hear"
for key in reason issuer iss jti key signer identity task expires scope; do
	grep -v "^$key " /tmp/answer >/tmp/said
	case $key in
	identity) reason=identity_unknown ;;
	expires) reason=expired ;;
	key) reason=possession_missing ;; # bound to none: no policy here takes that
	*) reason=internal_error ;;
	esac
	expect_refused "no $key" $reason agent lie id
	expect_ok "no $key: no session" no_session
done
cp /tmp/answer /tmp/said
: >/tmp/proven
expect_refused "nothing to the proof" timeout agent lie id
printf 'pam_agent 1\n' >/tmp/proven
expect_refused "no reason to the proof" internal_error agent lie id
printf 'pam_agent 1\nreason permit\n' >/tmp/proven
expect_output "with all of it, this stand-in would open" '^agent-deploy$' agent lie id -un
mv "$VERIFIER.real" "$VERIFIER"
well "in its place again"
finish
