#!/bin/bash
# agentctl, gate and guard die at every point; disks are full at every point. What is written is whole, what is over stays over, and
# one sweep puts the rest right. RUNS points of each walk (by hand: RUNS=1000 walks through every system call).
# again: 0
# timeout: 400
. "$TOP/tests/host/agent.sh"
agent_host

RUNS=${RUNS:-4}
run=/run/pam_agent
state=/var/lib/pam_agent
problems=/tmp/problems # what a walk found, a line each
serial=0

# What changes files, processes or what others know.
CALLS=openat,mkdirat,write,fchmod,fsync,fdatasync,linkat,link,renameat,renameat2,rename,unlinkat,unlink,flock,kill,sendto,sendmsg,connect

# points FILE: "CALL N" for every such call in a trace, in the order in which they were made; opens only where they make a file.
points() { awk -F '(' '/^[a-z]/ { n[$1]++; if ($1 != "openat" || /O_CREAT/) print $1, n[$1] }' "$1"; }

# some LINES: RUNS of them, evenly spread from a random one on; in their order.
some() { awk -v runs="$RUNS" -v seed=$RANDOM '{ l[NR] = $0 } END { step = NR / runs; if (step < 1) step = 1
	srand(seed); for (i = rand() * step; i < NR; i += step) print l[int(i) + 1] }'; }

# trace CMD...: what it calls, in /tmp/points.
trace() {
	strace -qq -o /tmp/trace -e "trace=$CALLS" "$@" >/dev/null 2>&1 || true
	points /tmp/trace | some >/tmp/points
}

# kill_at CALL N CMD...: SIGKILL before the Nth of this call.
kill_at() { strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" "${@:3}" >/tmp/said 2>&1; } 2>/dev/null
# full_at CALL N CMD...: from the Nth of this call on the disk is full.
full_at() { strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:error=ENOSPC:when=$2+" "${@:3}" >/tmp/said 2>&1; } 2>/dev/null

problem() { echo "$at: $*" | tee -a /tmp/problems.all >>"$problems"; }

# walked WHAT: the verdict on the walk that ends here.
walked() {
	LAST_COMMAND=
	cp "$problems" "$OUTPUT"
	[ ! -s "$problems" ] && [ "$count" -gt 0 ] && pass "$1 ($count points)" || fail "$1" "$count points"
	: >"$problems"
	count=0
}
: >$problems
count=0

# look: everything that is written can be read.
look() {
	local verb
	for verb in 'task list' 'session list' 'revoke list' 'risk show'; do
		# shellcheck disable=SC2086 # words
		agentctl $verb >/tmp/look 2>&1 || problem "agentctl $verb: $(tail -n 1 /tmp/look)"
	done
}
hidden_files() { find $run $state -name '.new-*' -o -name '.taken-*' -o -name '.apply-*'; }
# later: two minutes pass for what a killed process left, and a sweep comes.
later() {
	hidden_files | xargs -r touch -h -d '2 minutes ago'
	find $run/held -type f -exec touch -d '2 minutes ago' {} + 2>/dev/null || true
	agentctl sweep >/tmp/swept 2>&1 || problem "sweep: $(tail -n 1 /tmp/swept)"
	[ -z "$(hidden_files)" ] || problem "left: $(hidden_files | tr '\n' ' ')"
}

no_session() { [ -z "$(ls $run/session 2>/dev/null)" ]; }
is_quiet() { no_process_of agent-deploy && no_session && ! pgrep -x guard >/dev/null; }
what_lives() { (set +e; ls $run/session; ps -o pid,ppid,stat,etimes,args -u agent-deploy; pgrep -a "^guard|^gate") 2>&1 || true; }
is_stopped() { ps -o stat= -u agent-deploy | grep -q '^T'; }
is_running() { pgrep -u agent-deploy -x sleep >/dev/null && ! is_stopped; }

# fresh [options of issue]: a credential of task $task; its name is $name.
fresh() {
	serial=$((serial + 1))
	name=c$serial
	credential $name --task "$task" --tool host:login --tool host:sudo "$@"
}
# open_session: of a new task $task.
open_session() {
	serial=$((serial + 1))
	task=task-$serial
	fresh
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=300 \
		agent_ssh agent-deploy 'exec sleep 774' >/dev/null 2>&1 &
	wait_until 10 pgrep -u agent-deploy -x sleep || problem "no session"
	wait_until 3 test -S $run/ctl/"$(ls $run/session)" || true
	jti=$(claims_of "$name" | jq -r .jti)
	first=$name
	id=$(ls $run/session)
}
# is_over: does the host say so of $task?
is_over() { agentctl task show "$task" --json 2>/dev/null | jq -e '.state == "completed" or .state == "revoked"' >/dev/null; }
is_on_disk() { grep -rqs "$task\$" $state/state; }
is_gone_with() { [ "$reason" = session_ended ] && is_quiet; } # who ends a session that has ended is told so
# is_refused [REASON]: a new credential of $task.
is_refused() {
	fresh
	! agent $name true >/dev/null 2>&1 && tail -n 3 $DECISIONS | grep -q "\"status_code\":\"$1\""
}

# end_walk WHAT REASON VERB...: `agentctl VERB` takes the authority of $task away; dies before each of its calls, and is said again.
# VERB is a function that prints the words: the task differs.
end_walk() {
	local what=$1 reason=$2 words=$3 call n told
	story "$what is killed"
	open_session
	# shellcheck disable=SC2046 # words
	trace agentctl $($words)
	wait_until 5 is_quiet || problem "traced: something lives"
	while read -r -u 3 call n; do
		at="$what killed at $call $n"
		count=$((count + 1))
		is_running || open_session
		# shellcheck disable=SC2046
		kill_at "$call" "$n" agentctl $($words) || true
		look
		told=no
		is_told && told=yes
		later
		# Either it counts, or nothing happened.
		if [ $told = yes ]; then
			! is_over || is_on_disk || problem "told, swept, and not on disk"
			wait_until 4 is_quiet || problem "told, swept, and alive: $(what_lives)"
		else
			wait_until 2 is_running || problem "not told, swept, and not running: $(ps -o pid,stat,args -u agent-deploy)"
		fi
		# shellcheck disable=SC2046
		is_gone_with || agentctl $($words) >/tmp/said 2>&1 || problem "said again: $(cat /tmp/said)"
		wait_until 4 is_quiet || problem "said again, and alive"
		is_refused "$reason" || problem "a new login: $(tail -n 1 $DECISIONS)"
		look
		later
	done 3</tmp/points
	walked "$what killed at each call: told or not, nothing in between"
}
complete_words() { echo "task complete $task"; }
revoke_words() { echo "task revoke $task"; }
jti_words() { echo "revoke jti $jti"; }
order_words() { echo "session end $(ls $run/session)"; }

is_told() { is_over; }
end_walk 'task complete' task_completed complete_words
end_walk 'task revoke' task_revoked revoke_words
is_told() { agentctl revoke list --json | grep "$jti" >/dev/null; }
is_refused() { ! agent "$first" true >/dev/null 2>&1 && tail -n 3 $DECISIONS | grep -Eq '"status_code":"(revoked|replayed)"'; }
end_walk 'revoke jti' revoked jti_words
is_told() { [ -e $run/ordered/"$id" ] || [ ! -e $run/session/"$id" ]; }
is_refused() { :; }
end_walk 'session end' session_ended order_words

# --- full disks ---

# full_walk WHAT WORDS: exit 0 means that it is on disk, and otherwise a reason is given.
full_walk() {
	local what=$1 words=$2 call n status
	story "$what on a full disk"
	task=task-full-$((serial += 1))
	# shellcheck disable=SC2046 # words
	CALLS=openat,mkdirat,write,fchmod,fsync,linkat,renameat trace agentctl $($words)
	while read -r -u 3 call n; do
		at="$what, no space from $call $n on"
		count=$((count + 1))
		task=task-full-$((serial += 1))
		status=0
		# shellcheck disable=SC2046
		full_at "$call" "$n" agentctl $($words) || status=$?
		look
		if [ $status = 0 ]; then
			is_on_disk || problem "exit 0, and nothing on disk"
		elif [ $status -gt 3 ]; then
			problem "exit $status"
		elif [ "$call" != write ] && [ ! -s /tmp/said ]; then
			problem "exit $status without a word"
		fi
		[ -z "$(hidden_files)" ] || problem "left: $(hidden_files | tr '\n' ' ')"
		later
		! is_over || is_on_disk || problem "over, swept, and not on disk"
		# shellcheck disable=SC2046
		agentctl $($words) >/tmp/said 2>&1 || problem "with space again: $(cat /tmp/said)"
		is_on_disk || problem "with space again, and not on disk"
	done 3</tmp/points
	walked "$what: exit 0 and on disk, or a reason"
}
identity_words() { echo "revoke identity spiffe://example.org/agent/$task"; }
risk_words() { echo "risk set task $task high"; }
full_walk 'task complete' complete_words
full_walk 'revoke identity' identity_words
full_walk 'risk set' risk_words

# --- apply ---

old_policy() { sed -i 's/restart-[a-z]*/restart-web/; /agent-third/d' /etc/pam_agent/conf.d/10-deploy.conf; }
new_policy() {
	sed -i 's/restart-[a-z]*/restart-db/' /etc/pam_agent/conf.d/10-deploy.conf
	echo 'identity "agent-third" { id = "spiffe://example.org/agent/third" }' >>/etc/pam_agent/conf.d/10-deploy.conf
}
# whole: each file of apply is the old one or the new one, and agents are known throughout.
whole() {
	local file
	for file in $state/*; do
		[ -f "$file" ] || continue
		cmp -s "$file" "/tmp/old/${file##*/}" || cmp -s "$file" "/tmp/new/${file##*/}" || problem "$file is neither old nor new"
	done
	id agent-deploy >/dev/null 2>&1 || problem "agent-deploy is unknown"
}
# judged: the session, which the old policy alone allows, is what the policy on disk makes of it, after one sweep at the latest.
judged() {
	agentctl sweep >/tmp/swept 2>&1 || problem "sweep: $(tail -n 1 /tmp/swept)"
	if cmp -s $state/policy.cdb /tmp/new/policy.cdb; then
		wait_until 4 is_quiet || problem "forbidden, swept, and alive: $(what_lives)"
	else
		wait_until 2 is_running || problem "allowed, swept, and not running: $(what_lives)"
	fi
}
# apply_walk WHAT HOW
apply_walk() {
	local what=$1 how=$2 call n status
	story "apply $what"
	new_policy
	trace agentctl apply
	old_policy
	must agentctl apply
	while read -r -u 3 call n; do
		at="apply $what at $call $n"
		count=$((count + 1))
		is_running || open_session
		new_policy
		status=0
		"$how" "$call" "$n" agentctl apply || status=$?
		whole
		judged
		if [ $status = 0 ]; then
			cmp -s $state/policy.cdb /tmp/new/policy.cdb || problem "exit 0, and not the new policy"
		fi
		agentctl apply >/tmp/said 2>&1 || problem "again: $(cat /tmp/said)"
		wait_until 4 is_quiet || problem "again, and alive: $(what_lives)"
		diff -r -x state -x enable $state /tmp/new >/tmp/said || problem "again, and not new: $(cat /tmp/said)"
		[ -z "$(hidden_files)" ] || problem "left: $(hidden_files | tr '\n' ' ')"
		old_policy
		agentctl apply >/dev/null
	done 3</tmp/points
	walked "apply $what: old or new, whole, and so is a session"
}
new_policy
must agentctl apply
old_policy
must agentctl apply # from now on every uid is given
cp -a $state /tmp/old
new_policy
must agentctl apply
cp -a $state /tmp/new
rm -rf /tmp/old/state /tmp/new/state /tmp/old/enable /tmp/new/enable
old_policy
must agentctl apply
apply_walk 'killed' kill_at
apply_walk 'on a full disk' full_at

# --- a login ---

# The Nth gate of a login is traced, or dies at a point: /tmp/gate.at holds "N" and options of strace.
LIBEXEC=/usr/local/libexec/pam_agent
mkdir $LIBEXEC/real
mv $LIBEXEC/gate $LIBEXEC/real/gate
cat >$LIBEXEC/gate <<-'END'
	#!/bin/bash
	PATH=/usr/bin:/bin
	echo >>/tmp/gate.count
	read -r at options </tmp/gate.at
	[ "$(wc -l </tmp/gate.count)" = "$at" ] || exec /usr/local/libexec/pam_agent/real/gate "$@"
	exec strace -D -qq $options /usr/local/libexec/pam_agent/real/gate "$@" 2>/dev/null
END
chmod 0755 $LIBEXEC/gate
# login_with CREDENTIAL OPTIONS...: did it succeed? 0 or not.
login_with() {
	local credential=$1
	shift
	: >/tmp/gate.count
	echo "$*" >/tmp/gate.at
	SSH_TIMEOUT=20 agent "$credential" echo in >/tmp/said 2>&1 && grep -q '^in$' /tmp/said
}
story "gate is killed"
task='task-gate'
for gate in 1 2 3 4 5; do
	fresh
	login_with $name "$gate" -o /tmp/trace -e "trace=$CALLS" || problem "a traced login"
	wait_until 5 is_quiet || true
	[ "$(wc -l </tmp/gate.count)" -ge $gate ] || break
	points /tmp/trace | some >/tmp/points
	while read -r -u 3 call n; do
		at="gate $gate killed at $call $n"
		count=$((count + 1))
		fresh
		in=no
		login_with $name $gate -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" && in=yes
		look
		agentctl sweep >/tmp/swept 2>&1 || problem "sweep: $(cat /tmp/swept)"
		wait_until 4 is_quiet || problem "swept, and alive: $(what_lives)"
		later
		[ $in = no ] || ! login_with $name 0 || problem "its credential is taken twice"
	done 3</tmp/points
	rm -f /tmp/trace
done
walked "gate killed at each call of each step: in or out, and nothing left"
story "gate is killed while it attests"
attest_with() { # CREDENTIAL OPTIONS...
	: >/tmp/gate.count
	echo "${*:2}" >/tmp/gate.at
	timeout 20 agentctl session attest "$id" --credential "$CREDENTIALS/$1" --key $CREDENTIALS/key >/tmp/said 2>&1
}
echo 0 >/tmp/gate.at
open_session
fresh
at="traced attestation"
attest_with $name 1 -o /tmp/trace -e "trace=$CALLS" || problem "$(cat /tmp/said)"
points /tmp/trace | some >/tmp/points
while read -r -u 3 call n; do
	at="gate attest killed at $call $n"
	count=$((count + 1))
	fresh
	attested=no
	attest_with $name 1 -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" && attested=yes
	look
	later
	is_running || problem "the session does not run"
	[ $attested = no ] || ! attest_with $name 0 || problem "its credential is taken twice"
	fresh
	attest_with $name 0 || problem "with another: $(cat /tmp/said)"
done 3</tmp/points
agentctl task complete "$task" >/dev/null
wait_until 4 is_quiet || problem "completed, and alive"
walked "gate killed at each call while it attests"
mv $LIBEXEC/real/gate $LIBEXEC/gate

# --- a guard, sshd's monitor, a sweep ---

story "a guard is killed while its task is completed"
for ((i = 0; i < RUNS; i++)); do
	at="guard killed, $i"
	count=$((count + 1))
	open_session
	agentctl task complete "$task" >/tmp/said 2>&1 &
	complete=$!
	sleep 0.0$((RANDOM % 6))
	pkill -KILL -x guard || true
	wait $complete || problem "complete: $(cat /tmp/said)"
	look
	later
	wait_until 4 is_quiet || problem "completed, swept, and alive: $(what_lives)"
done
walked "a guard killed while its task is completed"

story "sshd's monitor is killed while its task is completed"
for ((i = 0; i < RUNS; i++)); do
	at="monitor killed, $i"
	count=$((count + 1))
	open_session
	leader=$(sed -n 's/^leader //p' $run/session/*)
	agentctl task complete "$task" >/tmp/said 2>&1 &
	complete=$!
	sleep 0.0$((RANDOM % 6))
	kill -KILL "$leader" 2>/dev/null || true
	wait $complete || problem "complete: $(cat /tmp/said)"
	later
	wait_until 4 is_quiet || problem "completed, swept, and alive: $(what_lives)"
done
walked "sshd's monitor killed while its task is completed"

story "a sweep is killed"
at="traced sweep"
open_session
pkill -KILL -x guard
trace agentctl sweep
wait_until 5 is_quiet || problem "traced: something lives"
while read -r -u 3 call n; do
	at="sweep killed at $call $n"
	count=$((count + 1))
	is_running && pgrep -x guard >/dev/null || open_session
	pkill -KILL -x guard
	kill_at "$call" "$n" agentctl sweep || true
	look
	later
	wait_until 4 is_quiet || problem "swept again, and alive: $(cat /tmp/swept)"
	! agent "$first" true >/dev/null 2>&1 || problem "its credential is taken twice"
done 3</tmp/points
walked "a sweep killed at each call: the next one ends what has no guard"
finish
