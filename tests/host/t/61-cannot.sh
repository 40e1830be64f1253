#!/bin/bash
# timeout: 400
# pids: 700
# What an agent cannot do from its own shell: keep its session open or going, reach the guard of another, hold up anybody else.
. "$TOP/tests/host/agent.sh"
agent_host
for tool in cling demote escape harass talk; do install -m 0755 "$TOP/${B:-build}/tests/host/$tool" /usr/local/bin/; done
sed -i 's/^\( *max-logins *=\).*/\1 9/' /etc/pam_agent/agent.conf
must agentctl apply
uid=$(id -u agent-deploy)
install -d -m 1777 /tmp/marks

# run_session NAME SCRIPT [options of issue]: in the background; its pid is $session, the session's id is $id.
run_session() {
	local name=$1 script=$2 before
	shift 2
	before=$(ls /run/pam_agent/session 2>/dev/null || true)
	[ -f "$CREDENTIALS/$name" ] || credential "$name" --tool host:login --tool host:sudo "$@"
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=90 \
		agent_ssh "${ACCOUNT:-agent-deploy}" "${TTY:--T}" "$script" </dev/null >"/tmp/session.$name" 2>&1 &
	session=$!
	wait_until 20 new_session "$before" || fail "session $name opens" "$(cat "/tmp/session.$name")"
	id=$(new_session "$before")
	wait_until 5 test -S "/run/pam_agent/ctl/$id"
}
new_session() { comm -13 <(echo "$1") <(ls /run/pam_agent/session) | grep .; }
no_session() { [ -z "$(ls -A /run/pam_agent/session 2>/dev/null)" ]; }
all_gone() { no_process_of agent-deploy && no_session && ! pgrep -x guard >/dev/null; }
printf 'pam_agent 1\nstep status\n' >/tmp/status
chmod 0644 /tmp/status
report() { talk to "/run/pam_agent/ctl/$id" /tmp/status; }
# marks FILE... are there, each of them.
marks() {
	local file
	for file; do [ -s "/tmp/marks/$file" ] || return; done
}
# Nobody makes marks any more.
still() {
	local before
	before=$(cat /tmp/marks/* | wc -c)
	sleep 0.5
	echo "from $before to $(cat /tmp/marks/* | wc -c)"
	[ "$(cat /tmp/marks/* | wc -c)" = "$before" ]
}
ended_for() { grep -q "\"status_code\":\"$1\".*\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS"; }
# expect_end WHAT REASON: the session is gone for that reason, and nothing of it goes on.
expect_end() {
	expect_ok "$1: all is gone" wait_until "${SECONDS_MAX:-6}" all_gone
	expect_log "$1: $2 in the log" "\"status_code\":\"$2\".*\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS"
	expect_ok "$1: nothing goes on" still
	wait "$session" 2>/dev/null || true
	rm -f /tmp/marks/*
}

# --- its end ---

# shellcheck disable=SC2016
clingers='cd /tmp/marks
for how in deaf traced stopped; do cling $how /tmp/marks/$how; done
cling vfork 30 /tmp/marks/vfork
escape hollow /tmp/marks/hollow
escape hop /tmp/marks/hop
mkfifo /tmp/marks/.pipe; (trap "" TERM HUP; exec cat /tmp/marks/.pipe) &
(exec env -i /usr/local/bin/cling deaf /tmp/marks/bare 0<&- 1>&- 2>&-)
(echo 1000 >/proc/self/oom_score_adj; exec cling deaf /tmp/marks/oom)
(ulimit -c 0 -f 1 -u 100 -n 20; exec cling deaf /tmp/marks/limits)
for i in $(seq 20); do (trap "" TERM; while :; do :; done) & done
trap "" TERM HUP; sleep 611'
all="deaf traced stopped vfork hollow hop bare oom limits"

story "everything that clings, at once"
run_session over "$clingers"
# shellcheck disable=SC2086
expect_ok "it all lives" wait_until 20 marks $all
agentctl task complete task-over >/dev/null
expect_end "the task is completed" task_completed
run_session revoked "$clingers"
# shellcheck disable=SC2086
expect_ok "it all lives" wait_until 20 marks $all
expect_ok "revoked, it is gone at once" within 2500 sh -c 'agentctl task revoke task-revoked >/dev/null; while pgrep -u agent-deploy; do sleep 0.05; done >/dev/null'
expect_end "the task is revoked" task_revoked
run_session short "$clingers" --ttl 8s
# shellcheck disable=SC2086
expect_ok "it all lives" wait_until 7 marks $all
SECONDS_MAX=12 expect_end "the time is over" session_expired

story "a message that whoever closes it has to wait for"
# shellcheck disable=SC2016
own='own=$(ls -d /run/pam_agent/agent/$(id -u)/*); '
run_session linger "$own cling linger \$own 8 >/tmp/marks/sent & sleep 611" --ttl 26s
expect_ok "it was sent" wait_until 25 marks sent
expect_ok "the guard answers root" within 500 report
expect_output "and says how the session stands" 'state running' report
SECONDS_MAX=30 expect_end "it ends in time" session_expired
expect_ok "and no process of ours waits" wait_until 5 sh -c '! pgrep -x "guard|gate"'

story "the account's own door, beset by its owner"
run_session beset "$own cling linger \$own 4 >/tmp/marks/sent & while [ ! -s /tmp/marks/sent ]; do sleep 0.1; done; cling trickle \$own 10; talk idle \$own 300 20 & sleep 611" --ttl 28s
expect_ok "it is beset" wait_until 27 marks sent
expect_ok "the guard answers root" within 500 report
expect_ok "and has few children" sh -c '[ "$(pgrep -x guard | wc -l)" -le 6 ]'
SECONDS_MAX=32 expect_end "it ends in time" session_expired

story "a terminal that nobody reads, while its line discipline is set all the time"
credential fullterm --tool host:login --ttl 8s
# shellcheck disable=SC2016
TTY=-tt run_session fullterm 'for i in 1 2 3 4; do (trap "" TTOU HUP; while :; do perl -e "ioctl(STDIN, 0x5423, pack(q(i), 0)) for 1..1000"; done) & done
yes & cat & sleep 611'
wait_until 5 pgrep -u agent-deploy yes
pkill -STOP -f "^ssh .*agent-deploy@127.0.0.1"
SECONDS_MAX=13 expect_ok "it ends in time" wait_until 12 no_process_of agent-deploy
pkill -CONT -f "^ssh .*agent-deploy@127.0.0.1" || true
expect_end "and it is gone" session_expired

story "a home that is full"
stop_sshd
mount -t tmpfs -o size=2m,nr_inodes=400,mode=0755 homes /var/lib/agents
start_sshd
run_session full 'head -c 9000000 /dev/zero >~/blocks; touch $(seq 1000); touch /tmp/marks/full; mkdir -p /tmp/marks/.many; cd /tmp/marks/.many; seq 5000 | xargs touch; echo x >/tmp/marks/full; trap "" TERM; sleep 611' 2>/dev/null
expect_ok "it is full" wait_until 15 marks full
agentctl task complete task-full >/dev/null
expect_end "the task is completed" task_completed
expect_ok "and the sweeper clears it" wait_until 10 test ! -e /tmp/marks/.many
umount -l /var/lib/agents

story "a full /run"
used=$(df --output=used -k /run | tail -n 1)
mount -o "remount,size=$((used + 1024))k" /run
run_session fullrun 'head -c 9000000 /dev/zero >/run/lock/blocks; echo x >/tmp/marks/full; trap "" TERM; sleep 611' --ttl 60s
expect_ok "it is full" wait_until 15 marks full
expect_ok "complete is told" agentctl task complete task-fullrun
expect_end "the task is completed" task_completed
expect_ok "and the sweeper makes room" wait_until 10 test ! -e /run/lock/blocks

# --- freezing it ---

account_stopped() { [ -z "$(ps -o stat= -u "$uid" | grep -v '^[TtDZ]')" ]; }

story "a session that is suspended"
run_session cold 'for i in $(seq 40); do (while :; do :; done) & done; cling vfork 5 /tmp/marks/vfork; cling traced /tmp/marks/traced; sleep 611'
expect_ok "it lives" wait_until 10 marks vfork traced
agentctl task suspend task-cold >/dev/null
expect_ok "it stops" wait_until 3 account_stopped
sleep 5
expect_ok "it stays stopped, and is not ended for that" account_stopped
expect_output "it is frozen" 'state frozen' report
expect_ok "nothing goes on" still
agentctl task resume task-cold >/dev/null
expect_output "it goes on" 'state running' report
agentctl task complete task-cold >/dev/null
expect_end "the task is completed" task_completed

for how in timer 'chorus 8'; do
	story "a session that is suspended and continues itself: $how"
	name=${how% *}
	run_session "$name" "cling $how /tmp/marks/$name; sleep 611"
	expect_ok "it lives" wait_until 10 marks "$name"
	agentctl task suspend "task-$name" >/dev/null
	if wait_until 8 ended_for task_suspended; then
		SECONDS_MAX=3 expect_end "$name: it is ended" task_suspended
		expect_log "$name: for that" 'it did not stay stopped' "$DECISIONS"
	else
		expect_ok "$name: it stays stopped" account_stopped
		expect_ok "$name: nothing goes on" still
		agentctl task complete "task-$name" >/dev/null
		expect_end "$name: the task is completed" task_completed
	fi
	: >"$DECISIONS"
done

# at_its_end NAME: a session that was frozen ends without going on once more.
at_its_end() {
	expect_ok "it stops" wait_until 3 account_stopped
	marked=$(wc -c <"/tmp/marks/$1")
	expect_ok "its time is over" wait_until 14 all_gone
	expect_log "$1: and that is why" "\"status_code\":\"session_expired\".*\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS"
	expect_ok "$1: it never went on" test "$(wc -c <"/tmp/marks/$1")" = "$marked"
	wait "$session" 2>/dev/null || true
	rm -f /tmp/marks/*
}
for how in 'task suspend task-suspended' stop; do
	name=${how##* }
	name=${name#task-}
	story "a frozen session whose time is over: $name"
	(umask 0 && : >"/tmp/marks/$name") # not the account's, so that it is there when all is cleared
	run_session "$name" "cling deaf /tmp/marks/$name; sleep 611" --ttl 10s
	expect_ok "it lives" wait_until 6 marks "$name"
	# shellcheck disable=SC2086 # words
	agentctl $how >/dev/null
	at_its_end "$name"
done
agentctl go >/dev/null

# --- the guard, and others ---

story "a user namespace of its own, where it may do anything"
(umask 0 && : >/tmp/marks/demoted)
# shellcheck disable=SC2016 # the agent's shell
run_session demote 'for i in $(seq 8); do (trap "" TERM; while :; do :; done) & done; cling deaf /tmp/marks/deaf
demote /tmp/marks/demoted "$(pgrep -x guard)" & sleep 611'
guard=$(pgrep -x guard)
expect_ok "it is at work" wait_until 10 pgrep -u agent-deploy -x demote
expect_ok "who completes the task does not wait" within 2500 agentctl task complete task-demote
expect_ok "it ends in time" wait_until 6 all_gone
expect_fail "nobody took the processor from the guard" grep -x "demoted $guard" /tmp/marks/demoted
cat /tmp/marks/demoted
expect_end "the task is completed" task_completed

story "the guards of others"
credential other --identity spiffe://example.org/agent/other --tool host:login --tool host:sudo
ACCOUNT=agent-other run_session other 'sleep 612'
other=$id
run_session one 'sleep 611'
first=$id
cp "$CREDENTIALS/one" "$CREDENTIALS/two"
other_own=/run/pam_agent/agent/$(id -u agent-other)/$other
cat >/tmp/steps <<STEPS
echo "# other"; talk to $other_own /tmp/status
echo "# list"; ls /run/pam_agent/agent; ls /run/pam_agent/agent/$(id -u agent-other)
echo "# sibling"; talk to /run/pam_agent/agent/$uid/$first /tmp/status
echo "# root"; talk to /run/pam_agent/ctl/$first /tmp/status
echo "# plant"; for dir in /run/pam_agent /run/pam_agent/* /run/pam_agent/agent/*; do touch \$dir/x && echo planted \$dir; mv \$dir \$dir.x && echo removed \$dir; done 2>/dev/null
echo "# reach"
for pid in \$(pgrep -x guard; pgrep -x sshd); do [ "\$(stat -c %u /proc/\$pid)" != 0 ] || harass process \$pid || echo "reached \$pid"; done
for pid in \$(pgrep -x guard); do echo 1000 >/proc/\$pid/oom_score_adj && echo "oom \$pid"; renice 19 \$pid && echo "nice \$pid"; chrt -i -p 0 \$pid && echo "sched \$pid"; ionice -c 3 -p \$pid && echo "io \$pid"; taskset -p 1 \$pid && echo "cpu \$pid"; done
echo "# end"
STEPS
chmod 0644 /tmp/steps
expect_ok "a session looks for them" agent two 'bash /tmp/steps 2>&1'
cp "$OUTPUT" /tmp/result
part() { sed -n "/^# $1\$/,/^# /p" /tmp/result | sed '/^# /d'; }
expect_output "another account's is out of reach" 'Permission denied' part other
expect_output "nor can they be listed" 'Permission denied' part list
expect_output "a sibling's says that it is another's" 'verdict elsewhere' part sibling
expect_output "root's is out of reach" 'Permission denied' part root
expect_fail "no file was planted or removed" grep -E '^(planted|removed) ' /tmp/result
expect_fail "no guard or sshd was reached" grep -E 'worked|^(reached|oom|nice|sched|io|cpu) ' /tmp/result

story "who holds every lock it can get delays nobody"
# shellcheck disable=SC2016
run_session locks 'cling lock $(find /run/pam_agent /var/lib/pam_agent /etc/pam_agent /etc/passwd /etc/group /usr/local/libexec/pam_agent /usr/local/lib/security /var/log/pam_agent /run/utmp /tmp/steps -type f -readable 2>/dev/null) >/tmp/marks/locks' --task task-one
expect_ok "it holds some" wait_until 10 grep -q 'holds [1-9]' /tmp/marks/locks
cat /tmp/marks/locks
expect_ok "apply" within 3000 agentctl apply
credential again --identity spiffe://example.org/agent/other --task task-other --tool host:login --tool host:sudo
ACCOUNT=agent-other expect_ok "another's login and step" within 4000 agent again sudo -n id
expect_ok "a human's" within 3000 as_human alice sudo -n id
expect_ok "an order to end" within 1000 agentctl session end "$other"
expect_ok "is followed" wait_until 4 no_process_of agent-other
expect_ok "the end of the task" within 1500 agentctl task complete task-one
expect_end "it" task_completed
finish
