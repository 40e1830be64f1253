#!/bin/bash
# timeout: 200
# The process that reads what strangers wrote: what it is, what becomes of a login when it dies or lies, and what it could do.
. "$TOP/tests/host/agent.sh"
agent_host
verifier=/usr/local/libexec/pam_agent/verifier

# An agent that takes its time with the proof.
cat >/tmp/slow-askpass <<'SH'
#!/bin/sh
case $1 in
*"Agent proof "*)
	touch /tmp/asked
	while [ ! -e /tmp/go ]; do sleep 0.05; done ;;
esac
exec agent-askpass "$@"
SH
chmod 0755 /tmp/slow-askpass
# slow NAME: a login that waits at the proof. Then `go` lets it go on, and its output is in /tmp/slow.
slow() {
	rm -f /tmp/asked /tmp/go
	AGENT_ASKPASS=/tmp/slow-askpass agent "$1" id -un >/tmp/slow 2>&1 &
	client=$!
	wait_until 10 test -e /tmp/asked
	pid=$(pgrep -x verifier)
}
go() {
	touch /tmp/go
	wait "$client" || true
}
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" | tr '\t' ' '; }

story "what it is"
credential first
slow first
uid=$(($(cut -d- -f1 /var/lib/pam_agent/uid-range) + 1))
expect_output "its uids are its own" "^$uid $uid $uid $uid\$" status Uid
expect_output "and its gids" "^$uid $uid $uid $uid\$" status Gid
expect_output "it has no other groups" '^ *$' status Groups
for set in CapInh CapPrm CapEff CapAmb; do expect_output "$set is empty" '^0+$' status $set; done
expect_output "it gains no privileges" '^1$' status NoNewPrivs
if [ -e /proc/sys/kernel/seccomp/actions_avail ]; then
	expect_output "its system calls are filtered" '^2$' status Seccomp
else
	skip "this kernel has no seccomp"
fi
expect_output "its root directory is empty" '^0$' sh -c "ls -A /proc/$pid/root/ | wc -l"
expect_output "which is nothing but that" '/run/pam_agent/empty$' readlink "/proc/$pid/root"
expect_output "one socket is open" '^1$' sh -c "readlink /proc/$pid/fd/* | grep -vcx /dev/null"
expect_output "it has no environment" '^0$' sh -c "wc -c </proc/$pid/environ"
expect_output "it writes no files" 'Max file size +0 +0' cat "/proc/$pid/limits"
expect_output "it starts no processes" 'Max processes +0 +0' cat "/proc/$pid/limits"
expect_output "its memory has a bound" 'Max address space +268435456' cat "/proc/$pid/limits"
go
expect_output "the login goes on" '^agent-deploy$' cat /tmp/slow

story "it dies"
for signal in SEGV KILL SYS; do
	credential "dies-$signal"
	slow "dies-$signal"
	kill "-$signal" "$pid"
	before=$(size_of "$DECISIONS")
	go
	expect_output "by $signal: no login" 'Access denied' cat /tmp/slow
	expect_output "a reason is recorded" '"status_code":"internal_error"' tail -c "+$((before + 1))" "$DECISIONS"
	expect_output "no session" '^0$' sh -c 'agentctl session list --json | jq length'
done

story "something else stands in its place"
cp "$verifier" /tmp/verifier
credential lies
in_its_place() { # WHAT REASON SCRIPT
	printf '#!/bin/sh\n%s\n' "$3" >"$verifier.new"
	chmod 0755 "$verifier.new"
	mv "$verifier.new" "$verifier"
	expect_refused "one that $1" "$2" agent lies id
	expect_output "a human logs in" '^alice$' as_human alice id -un
}
in_its_place 'crashes at once' internal_error 'kill -SEGV $$'
in_its_place 'says nothing' internal_error 'exit 0'
in_its_place 'answers something else' internal_error 'printf "no answer" >&0'
in_its_place 'permits without saying what' internal_error 'printf "pam_agent 1\nreason permit\n" >&0; sleep 3'
in_its_place 'permits and names an account' internal_error 'printf "pam_agent 1\nreason permit\naccount root\nuid 0\n" >&0; sleep 3'
in_its_place 'gives a reason that is none' internal_error 'printf "pam_agent 1\nreason fine\n" >&0; sleep 3'
in_its_place 'is slow' timeout 'sleep 20'
in_its_place 'floods' internal_error 'dd if=/dev/zero bs=60000 count=50 2>/dev/null >&0; sleep 3'
rm "$verifier"
expect_refused "none at all" internal_error agent lies id
cp /tmp/verifier "$verifier"
expect_output "the credential is as good as before" '^agent-deploy$' agent lies id -un

story "what it could do"
expect_ok "the attempts are made" "$TOP/build/tests/host/confined" "$uid"
for name in fork exec socket kill trace root code patch; do
	expect_seen "$name: there is no such call" "^$name errno Function not implemented"
done
for name in open create; do expect_seen "$name: there is no file" "^$name errno No such file"; done
expect_seen "memory: it gets no more" '^memory errno Cannot allocate memory'
expect_seen "talk: it can answer" '^talk done'
finish
