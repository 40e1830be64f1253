#!/bin/bash
# Two things at once, without sshd: RUNS pairs each, one side begun at a random moment of the other. Whoever comes first, nothing
# outlives its authority, nothing is done twice and nothing is left over. By hand, for one race or more of those below:
#	HOST_TIMEOUT=3600 tests/host/enter env RUNS=1000 RACES='login sudo' bash tests/host/t/58-windows.sh
# again: 0
# timeout: 400
# pids: 2048
. "$TOP/tests/host/agent.sh"
agent_host
stop_sshd

RUNS=${RUNS:-12}
RACES=${RACES:-login sudo attest close again ends places}
run=/run/pam_agent
crowd=spiffe://example.org/agent/crowd
slots=16
sed -i -e 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
cat >/etc/pam_agent/conf.d/30-crowd.conf <<CONF
identity "crowd" { id = "$crowd"  slots = $slots }
policy "crowd" { identities = { "spiffe://example.org/agent/*" }  max-logins = 99 }
CONF
must agentctl apply
install -m 0755 "$TOP/build/tests/host/monitor" /usr/local/bin/monitor
mkfifo /tmp/never /tmp/barrier
exec {never}<>/tmp/never {barrier}<>/tmp/barrier

# --- time ---

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
# pause US: a random time of up to so many microseconds, without a process.
pause() {
	local us=$((SRANDOM % ($1 + 1)))
	read -rt "$((us / 1000000)).$(printf %06d $((us % 1000000)))" -u "$never" || true
}
# soon SECONDS CMD...: as wait_until, and looks a hundred times a second.
soon() {
	local end=$(($(now_us) + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_us)" -lt "$end" ] || return 1
		read -rt 0.01 -u "$never" || true
	done
}

# --- what there is ---

ids() { ls $run/session; }
none() { [ -z "$(ids 2>/dev/null)" ] && ! pgrep -x guard; }
# Files of sessions: records, sockets, indexes, orders, attestations, places, held accounts.
left_over() { (cd $run && find session ctl agent by ordered attested place held ! -type d) 2>/dev/null || true; }
# Everything of the account, and what its sudo started as root.
is_dead() { no_process_of agent-deploy && ! pgrep -f '^/usr/bin/sleep 58'; }
all_gone() { none && is_dead; }
closes() { jq -s --arg id "$1" '[.[] | select(.unmapped.step == "close" and .unmapped.session == $id)] | length' "$DECISIONS"; }
# permitted_after MS: steps that were permitted later than that.
permitted_after() {
	jq -s --argjson t "$1" '[.[] | select(.time > $t and .status_code == "permit" and .unmapped.step != "recheck")] | length' \
		"$DECISIONS"
}

# --- a run ---

at=
leader=
: >/tmp/problems
problem() { echo "$at: $*" >>/tmp/problems; }

says() { grep -qx "$1" /tmp/said; }
# start NAME [COMMAND]: a login that waits at the barrier to be opened; $leader is its process.
start() {
	shut
	: >/tmp/said
	monitor -w /tmp/barrier agent-deploy "$CREDENTIALS/$1" "$CREDENTIALS/key.pub" \
		"${2:-setsid sleep 581 & exec sleep 582}" >/tmp/said 2>/tmp/agent &
	leader=$!
	soon 10 says ready || problem "not ready: $(cat /tmp/said)"
}
# release: whoever waits at the barrier, or comes to it, opens; shut: not any more.
release() { exec {barrier}<>/tmp/barrier; }
shut() { exec {barrier}>&-; }
# ended: what holds after every run, whoever came first.
ended() {
	local name
	soon 15 all_gone || {
		problem "lives on: $(ids) $(pgrep -a -u agent-deploy | head -n 3) $(pgrep -a -f '^/usr/bin/sleep 58' | head -n 3)"
		for name in guard monitor sudo sleep; do pkill -KILL -x $name || true; done
		pkill -KILL -u agent-deploy || true
		agentctl sweep >/dev/null || true
	}
	[ -z "$leader" ] || wait "$leader" 2>/dev/null || true
	[ -z "$(left_over)" ] || problem "left over: $(left_over | tr '\n' ' ')"
	find $run/place -type f -delete 2>/dev/null || true
}
# verdict WHAT FIGURES: on all the runs of a race.
verdict() {
	LAST_COMMAND=
	sort /tmp/problems | head -n 20 >"$OUTPUT"
	if [ -s /tmp/problems ]; then fail "$1: $2" "$(wc -l </tmp/problems) problems"; else pass "$1: $2"; fi
	: >/tmp/problems
}
races() { case " $RACES " in *" $1 "*) ;; *) return 1 ;; esac; }

# --- the races ---

# A login that is being opened: $1 complete or revoke its task, so many times.
race_login() {
	local verb=$1 i opened=0
	for ((i = 0; i < $2; i++)); do
		at="$verb $i"
		: >"$DECISIONS"
		credential "$verb-$i" --tool host:login
		start "$verb-$i"
		{
			pause 8000
			exec agentctl task "$verb" "task-$verb-$i"
		} >/tmp/verb 2>&1 &
		pause 8000
		release
		wait $! || problem "exit $?: $(cat /tmp/verb)"
		monitor agent-deploy "$CREDENTIALS/$verb-$i" "$CREDENTIALS/key.pub" true >/tmp/after && problem "a login afterwards"
		grep -q "\"status_code\":\"task_${verb%e}ed\"" "$DECISIONS" || problem "no reason in the record"
		ended
		! says open || opened=$((opened + 1))
	done
	verdict "a login against task $verb" "$2 runs, $opened came first"
}

# Sudo in two endless rows, against the revocation of the credential.
race_sudo() {
	local i done_at permitted=0 late
	for ((i = 0; i < RUNS; i++)); do
		at="sudo $i"
		: >"$DECISIONS"
		credential "sudo-$i" --tool host:login --tool host:sudo
		start "sudo-$i" 'while :; do sudo -n id; done >/dev/null & while :; do sudo -n sleep 583 & sleep 0.02; done'
		release
		soon 5 grep -q '"step":"command"' "$DECISIONS" || problem "no sudo"
		pause 60000
		agentctl revoke jti "$(claims_of "sudo-$i" | jq -r .jti)" >/tmp/verb 2>&1 || problem "exit $?: $(cat /tmp/verb)"
		done_at=${EPOCHREALTIME/[.,]/}
		ended
		permitted=$((permitted + $(grep -c '"status_code":"permit".*"step":"command"' "$DECISIONS" || true)))
		late=$(permitted_after $((done_at / 1000)))
		[ "$late" = 0 ] || problem "$late steps permitted after the revocation"
	done
	verdict "sudo against revoke" "$RUNS runs, $permitted commands before it"
}

# One of $slots accounts, whose credential expires while another comes: prints what became of it. A busy host cannot always tell in time.
attest_one() { # NAME TASK ACCOUNT
	local id exp again status=0
	exp=$(claims_of "$1" | jq .exp)000000
	again=$(claims_of "$1-again" | jq .exp)000000
	monitor "$3" "$CREDENTIALS/$1" "$CREDENTIALS/key.pub" 'exec sleep 584' >"/tmp/said.$3" 2>&1 &
	soon 4 grep -qx open "/tmp/said.$3" || { echo "not opened in time" && return; }
	id=$(basename "$(grep -slx "task $2" $run/session/*)")
	[ "$id" ] || { echo "not opened in time" && return; }
	while [ "$(now_us)" -lt $((exp - 250000)) ]; do read -rt 0.01 -u "$never" || true; done
	pause 350000
	agentctl session attest "$id" --credential "$CREDENTIALS/$1-again" --key "$CREDENTIALS/key" >"/tmp/attest.$3" 2>&1 || status=$?
	gone() { [ ! -e "$run/session/$id" ]; }
	why() { grep "\"session\":\"$id\"" "$DECISIONS" | sed -E 's/.*"time":([0-9]+),.*"status_code":"([a-z_]*)".*"step":"([a-z]*)".*/\1 \3 \2/' | tr '\n' ' '; }
	case $status in
	0)
		while [ "$(now_us)" -lt $((again - 300000)) ]; do gone && break || read -rt 0.05 -u "$never" || true; done
		if gone; then echo "attested and cut short: $(why)"; elif soon 8 gone; then echo extended; else echo "outlives both"; fi
		;;
	1) if soon 8 gone; then echo refused; else echo "refused and lives on"; fi ;;
	3) if soon 16 gone; then echo "cannot tell"; else echo "cannot tell, and lives on"; fi ;;
	*) echo "exit $status: $(head -n 1 "/tmp/attest.$3")" ;;
	esac
	grep -c "\"step\":\"close\".*\"session\":\"$id\"" "$DECISIONS" | sed 's/^1$//; s/.\+/recorded & times/; /^$/d'
}
race_attest() {
	local batch i name one account others
	: >/tmp/fates
	for ((batch = 0; batch * slots < RUNS; batch++)); do
		others=()
		for ((i = 1; i <= slots; i++)); do # what expires last is made first: one second for all of them
			name=attest-$i
			AGENT_ID=$crowd credential "$name-again" --ttl 9s --task "attest-$batch-$i"
		done
		for ((i = 1; i <= slots; i++)); do
			AGENT_ID=$crowd credential "attest-$i" --ttl 5s --task "attest-$batch-$i"
		done
		for ((i = 1; i <= slots; i++)); do
			account=crowd
			[ "$i" = 1 ] || account=crowd-$i
			attest_one "attest-$i" "attest-$batch-$i" "$account" >"/tmp/fate.$i" &
			others+=($!)
		done
		wait "${others[@]}"
		cat /tmp/fate.* >>/tmp/fates
	done
	at=attest
	soon 5 none || problem "lives on: $(ids)"
	[ -z "$(left_over)" ] || problem "left over: $(left_over | tr '\n' ' ')"
	grep -vx 'extended\|refused\|cannot tell\|not opened in time' /tmp/fates >>/tmp/problems || true
	for one in extended refused; do grep -qx "$one" /tmp/fates || problem "none was $one"; done
	verdict "attestation against expiry" "$(sort /tmp/fates | uniq -c | tr -s '\n ' ' ')"
}

# The leader closes, while $1 is done to the session.
race_close() {
	local what=$1 i id status first=0
	for ((i = 0; i < RUNS; i++)); do
		at="close against $what $i"
		: >"$DECISIONS"
		credential "close-$what-$i" --tool host:login
		start "close-$what-$i"
		release
		soon 5 says open || problem "not open"
		id=$(ids)
		status=0
		{
			pause 8000
			kill -TERM "$leader" || true
		} 2>/dev/null &
		pause 4000
		case $what in
		end) agentctl session end "$id" ;;
		complete) agentctl task complete "task-close-$what-$i" ;;
		esac >/tmp/verb 2>&1 || status=$?
		case $what:$status in end:1) first=$((first + 1)) ;; *:0) ;; *) problem "exit $status: $(cat /tmp/verb)" ;; esac
		ended
		wait $!
		[ "$(closes "$id")" = 1 ] || problem "recorded $(closes "$id") times"
	done
	verdict "close against $what" "$RUNS runs"
}

# The last session of an account closes, while another one of its task opens: whatever that one runs goes on. Before it is open, for the
# moment in which pam_keyinit gives it the account's real uid, the monitor of a login cannot be told from a process of the account.
race_again() {
	local i first status hit=0
	for ((i = 0; i < RUNS; i++)); do
		at="again $i"
		rm -f /tmp/done
		credential "again-$i" --tool host:login
		start "again-$i" 'exec sleep 586'
		release
		soon 5 says open || problem "the first is not open"
		first=$leader
		start "again-$i" 'sleep 0.2; touch /tmp/done'
		{
			pause 20000
			kill -TERM "$first"
		} &
		pause 20000
		release
		wait $!
		status=0
		soon 5 test -e /tmp/done || { wait "$leader" || status=$?; } 2>/dev/null
		if [ ! -e /tmp/done ] && { [ "$status" = 137 ] || says hit; }; then
			hit=$((hit + 1))
		elif [ ! -e /tmp/done ]; then
			problem "the second was ended, $status: $(cat /tmp/said) $(tail -n 3 "$DECISIONS")"
		fi
		wait "$first" 2>/dev/null || true
		ended
	done
	[ "$hit" -le $((RUNS / 100 + 1)) ] || problem "$hit were hit before they were open"
	verdict "a login while another closes" "$RUNS runs, $hit hit before they were open"
}

# Two ends of one task: $1 is the second.
race_ends() {
	local second=$1 i one two id
	for ((i = 0; i < RUNS; i++)); do
		at="complete against $second $i"
		: >"$DECISIONS"
		credential "ends-$second-$i" --tool host:login
		start "ends-$second-$i"
		release
		soon 5 says open || problem "not open"
		id=$(ids)
		{
			pause 6000
			agentctl task complete "task-ends-$second-$i"
		} >/tmp/one 2>&1 &
		pause 6000
		two=0
		agentctl task "$second" "task-ends-$second-$i" >/tmp/two 2>&1 || two=$?
		one=0
		wait $! || one=$?
		case $second:$one:$two in *:0:0 | revoke:1:0) ;; *) problem "exit $one, $two: $(cat /tmp/one /tmp/two)" ;; esac
		case $second:$(agentctl task show "task-ends-$second-$i" --json | jq -r .state) in
		complete:completed | revoke:revoked) ;;
		*) problem "went back: $(agentctl task show "task-ends-$second-$i")" ;;
		esac
		ended
		[ "$(closes "$id")" = 1 ] || problem "recorded $(closes "$id") times"
	done
	verdict "complete against $second" "$RUNS runs"
}

# Fifty that open at once, ten places.
race_places() {
	local round i rounds=$((RUNS < 100 ? RUNS / 3 : RUNS)) crowded # a second each
	cat >/etc/pam_agent/conf.d/40-places.conf <<-CONF
		policy "places" { identities = { "$AGENT_ID" }  max-sessions = 10 }
	CONF
	must agentctl apply
	count() { cat /tmp/said.place.* | grep -cx "$1" || true; }
	all_say() { [ "$(count "$1")" = 50 ]; }
	for ((round = 0; round < rounds; round++)); do
		at="places $round"
		: >"$DECISIONS"
		credential "places-$round" --tool host:login
		crowded=()
		shut
		rm -f /tmp/said.place.*
		for ((i = 0; i < 50; i++)); do
			monitor -w /tmp/barrier agent-deploy "$CREDENTIALS/places-$round" "$CREDENTIALS/key.pub" 'exec sleep 585' \
				>"/tmp/said.place.$i" 2>/dev/null &
			crowded+=($!)
		done
		soon 20 all_say ready || problem "$(count ready) ready"
		release
		soon 20 all_say 'open\|refused open' || problem "$(count 'open\|refused open') answered"
		[ "$(count open)" = 10 ] || problem "$(count open) open"
		[ "$(ids | wc -l)" = 10 ] || problem "$(ids | wc -l) sessions"
		[ "$(grep -c too_many_sessions "$DECISIONS")" = 40 ] || problem "$(grep -c too_many_sessions "$DECISIONS") too many"
		kill -TERM "${crowded[@]}" 2>/dev/null || true
		ended
		wait "${crowded[@]}" 2>/dev/null || true
	done
	rm /etc/pam_agent/conf.d/40-places.conf
	must agentctl apply
	verdict "fifty logins for ten places" "$rounds rounds"
}

if races login; then
	story "a login that opens, against the end of its task"
	race_login complete $((RUNS / 4 + 1)) # whose processes begin after they were asked to end: it takes two seconds
	race_login revoke $((RUNS * 2))
fi
if races sudo; then
	story "sudo, against the revocation of its credential"
	race_sudo
fi
if races attest; then
	story "attestation, against expiry"
	race_attest
fi
if races close; then
	story "the client leaves, against an end"
	race_close end
	race_close complete
fi
if races again; then
	story "the last session closes, against another login of its task"
	race_again
fi
if races ends; then
	story "two ends of one task"
	race_ends complete
	race_ends revoke
fi
if races places; then
	story "more logins than places"
	race_places
fi
finish
