#!/bin/bash
# The host crashes while agentctl writes, and boots again with what was on disk then: what was over stays over, and no credential from
# before counts again. A time namespace has the boot clock of a host that has just booted. RUNS copies of the disk.
# timeout: 400
. "$TOP/tests/host/agent.sh"


# in_new_boot CMD...: on a boot clock that starts now; by a user namespace, since a host here may not set clocks.
in_new_boot() {
	local up=-$(($(cut -d. -f1 /proc/uptime) - 1))
	unshare --user --map-root-user --time --boottime $up --monotonic $up --fork --kill-child "$@"
}
if ! in_new_boot true 2>/dev/null; then
	skip "no time namespaces here"
	pass "nothing to try"
	finish
fi

agent_host
RUNS=${RUNS:-6}
run=/run/pam_agent
state=/var/lib/pam_agent

no_session() { [ -z "$(ls $run/session 2>/dev/null)" ]; }
is_quiet() { no_process_of agent-deploy && no_session && ! pgrep -x guard >/dev/null; }
open_session() { # NAME
	AGENT_CREDENTIAL=$CREDENTIALS/$1 AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=300 \
		agent_ssh agent-deploy 'exec sleep 774' >/dev/null 2>&1 &
	wait_until 10 pgrep -u agent-deploy -x sleep
}
problem() { echo "copy $i: $*" >>/tmp/problems; }
# readable [again]: everything that is written.
readable() {
	local verb
	for verb in 'task list' 'session list' 'revoke list' 'risk show'; do
		# shellcheck disable=SC2086 # words
		"$@" agentctl $verb >/tmp/look 2>&1 || problem "agentctl $verb: $(tail -n 1 /tmp/look)"
	done
}
# refused REASON CREDENTIAL
refused() { ! agent "$2" true >/dev/null 2>&1 && tail -n 1 "$DECISIONS" | grep -Eq "\"status_code\":\"($1)\""; }

story "tasks end, and the disk is copied meanwhile"
verbs=(complete revoke complete)
for ((i = 0; i < RUNS; i++)); do
	credential old-$i --task task-$i --tool host:login
	expect_ok "session $i" open_session old-$i
	agentctl task "${verbs[i % 3]}" task-$i >/dev/null &
	if [ $((i % 3)) = 2 ]; then
		wait $! # it was said to be over
		touch /tmp/over.$i
	else
		sleep 0.00$((RANDOM % 10))
	fi
	cp -a $state/state /tmp/copy.$i 2>/dev/null || true
	wait $! 2>/dev/null || true
	wait_until 5 is_quiet
done
credential last --tool host:login
expect_ok "one session is live" open_session last
last=$(ls $run/session)
cp -a $run /tmp/run
credential unused
issued=$(date +%s)

story "it crashes"
stop_sshd
pkill -KILL -x guard || true
pkill -KILL -u agent-deploy || true
wait_until 5 no_process_of agent-deploy
until [ "$(date +%s)" -gt $((issued + 3)) ]; do sleep 0.1; done # the boot is no longer ago than two seconds
in_new_boot sleep 10000 &
namespace=$!
wait_until 5 pgrep -f '^sleep 10000'
boot=$(pgrep -f '^sleep 10000')
boot_ns=/proc/$boot/ns/time
again() { nsenter "--time=$boot_ns" "$@"; }
sshd=$(command -v sshd)
printf '#!/bin/sh\nexec nsenter --time=%s %s "$@"\n' "$boot_ns" "$sshd" >/usr/local/sbin/sshd
chmod 0755 /usr/local/sbin/sshd
hash -r
expect_output "the boot clock is young" '^[0-9]\.' again cat /proc/uptime
rm -rf $run
start_sshd

story "and boots with what the disk held"
over=0
: >/tmp/problems
for ((i = 0; i < RUNS; i++)); do
	rm -rf $run $state/state
	cp -a /tmp/copy.$i $state/state
	readable again
	over_now=$(again agentctl task show task-$i --json 2>/dev/null | jq -r 'select(.state != "active").state' || true)
	[ -n "$over_now" ] || [ ! -e /tmp/over.$i ] || problem "was said to be over, and is not"
	refused "before_boot|task_${over_now:-none}" old-$i || problem "a credential from before: $(tail -n 1 "$DECISIONS")"
	credential new-$i --task task-$i --tool host:login
	if [ -n "$over_now" ]; then
		over=$((over + 1))
		refused "task_$over_now" new-$i || problem "its task is $over_now, and a new login: $(tail -n 1 "$DECISIONS")"
	else
		agent new-$i true >/dev/null 2>&1 || problem "its task goes on, and a new login: $(tail -n 1 "$DECISIONS")"
	fi
	wait_until 5 is_quiet || problem "something lives"
	find $state/state -name '.new-*' -exec touch -d '2 minutes ago' {} +
	again agentctl sweep >/tmp/swept 2>&1 || problem "sweep: $(cat /tmp/swept)"
	[ -z "$(find $run $state -name '.new-*')" ] || problem "left: $(find $run $state -name '.new-*')"
	readable again
done
cp /tmp/problems "$OUTPUT"
[ ! -s /tmp/problems ] && pass "what was over stays over ($over of $RUNS copies)" || fail "what was over stays over"
expect_refused "a credential that was never used" before_boot agent unused id
expect_refused "one whose session was live" before_boot agent last id

story "a /run that outlives the boot"
rm -rf $run
cp -a /tmp/run $run
sleep 1000 & # has the pid of nobody's leader
human=$!
expect_output "the session of before has no guard" 'no guard$' again agentctl session list
expect_output "a sweep ends it" '^1 sessions without a guard' again agentctl sweep
expect_ok "nothing is left of it" no_session
expect_log "which is recorded" "guard_lost.*\"session\":\"$last\"" "$DECISIONS"
expect_refused "its credential" before_boot agent last id
expect_ok "others' processes live" kill -0 $human
kill $human
credential afterwards
expect_output "the account is open" '^agent-deploy$' agent afterwards id -un
expect_ok "and quiet" wait_until 5 is_quiet
kill "$boot"
wait $namespace 2>/dev/null || true
finish
