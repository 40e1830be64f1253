#!/bin/bash
# Two things at once, in random order, RUNS times each: whoever comes first, nothing outlives its authority and nothing is done twice.
# again: 0
# timeout: 3000
# pids: 2048
. "$TOP/tests/host/agent.sh"
agent_host
RUNS=${RUNS:-8}
RUN=/run/pam_agent
sed -i -e 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
cat >/etc/pam_agent/conf.d/30-crowd.conf <<CONF
identity "crowd" { id = "spiffe://example.org/agent/crowd"  slots = 8 }
CONF
must agentctl apply

ids() { ls "$RUN/session" 2>/dev/null || true; }
no_session() { [ -z "$(ids)" ]; }
all_gone() { no_session && no_process_of agent-deploy && ! pgrep -x guard >/dev/null; }
now_ms() { date +%s%3N; }
# pause MOST: a random time of up to so many milliseconds.
pause() {
	local ms=$((RANDOM % ($1 + 1)))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}
# login NAME SCRIPT: in the background; $client is the client's pid.
login() {
	SSH_TIMEOUT=100 agent "$1" "$2" >"/tmp/login.$1" 2>&1 &
	client=$!
}
is_open() { [ -S "$RUN/ctl/$(ids | head -n 1)" ]; }
closes_of() { grep -c "\"step\":\"close\".*\"session\":\"$1\"" "$DECISIONS"; }
# Sockets, indexes, orders, attestations and places of sessions that are no more; the lock and directories stay.
remains() { find "$RUN/ctl" "$RUN/agent" "$RUN/by" "$RUN/ordered" "$RUN/attested" "$RUN/place" "$RUN/held" ! -type d 2>/dev/null || true; }
no_remains() { [ -z "$(remains)" ]; }

# race_login VERB: a login against the end of its task.
race_login() {
	local verb=$1 refused=0 ended=0 bad=0 i
	for ((i = 0; i < RUNS; i++)); do
		credential "login-$verb-$i" --tool host:login
		login "login-$verb-$i" 'setsid sleep 300 >/dev/null 2>&1 & exec sleep 300'
		pause 450
		agentctl task "$verb" "task-login-$verb-$i" >/tmp/verb.out 2>&1 || bad=$((bad + 1))
		if ! wait_until 8 no_session || ! wait_until 2 no_process_of agent-deploy; then
			bad=$((bad + 1))
			cat /tmp/verb.out
			agentctl task revoke "task-login-$verb-$i" || true
		fi
		wait "$client" 2>/dev/null || true
		if grep -q 'Access denied' "/tmp/login.login-$verb-$i"; then refused=$((refused + 1)); else ended=$((ended + 1)); fi
	done
	expect_ok "$verb against a login: $RUNS runs, $refused refused, $ended ended, $bad bad" test "$bad" = 0
}
story "a login against the end of its task"
race_login complete
race_login revoke

story "sudo against revoke"
bad=0 late=0 permitted=0
for ((i = 0; i < RUNS; i++)); do
	credential "sudo-$i"
	: >"$DECISIONS"
	login "sudo-$i" 'while :; do sudo -n /usr/bin/id >/dev/null; sudo -n /usr/bin/sleep 0.05 & done'
	wait_until 8 grep -q '"step":"command"' "$DECISIONS" || bad=$((bad + 1))
	pause 200
	jti=$(claims_of "sudo-$i" | jq -r .jti)
	agentctl revoke jti "$jti" >/tmp/verb.out || bad=$((bad + 1))
	done_at=$(now_ms)
	wait_until 4 all_gone || bad=$((bad + 1))
	pgrep -f '^/usr/bin/sleep 0.05' >/dev/null && bad=$((bad + 1))
	permitted=$((permitted + $(grep -c '"status_code":"permit".*"step":"command"' "$DECISIONS" || true)))
	late=$((late + $(jq -s --argjson t "$done_at" '[.[] | select(.time > $t and .status_code == "permit" and .unmapped.step != "recheck")] | length' "$DECISIONS")))
	wait "$client" 2>/dev/null || true
done
expect_ok "$RUNS runs, $permitted commands permitted before, $late after, $bad bad" test "$bad$late" = 00

story "attestation against expiry"
issue_crowd() { # TASK TTL
	agentctl issue --identity spiffe://example.org/agent/crowd --task "$1" --purpose restart-web --key "$CREDENTIALS/key.pub" \
		--tool host:login --ttl "$2"
}
attest_once() { # I
	local account=crowd id name=expiry-$1 born deadline
	[ "$1" = 0 ] || account=crowd-$(($1 + 1))
	issue_crowd "expiry-$BATCH-$1" 5s >"$CREDENTIALS/$name"
	issue_crowd "expiry-$BATCH-$1" 9s >"$CREDENTIALS/$name-again"
	deadline=$(($(claims_of "$name-again" | jq .exp)))
	born=$(($(claims_of "$name" | jq .exp)))
	(ACCOUNT=$account login "$name" 'exec sleep 300')
	wait_until 4 sh -c "grep -ls '^task expiry-$BATCH-$1\$' $RUN/session/*" || { echo late >"/tmp/attest.$1"; return 0; }
	id=$(basename "$(grep -ls "^task expiry-$BATCH-$1\$" "$RUN"/session/*)")
	while [ "$(now_ms)" -lt $((born * 1000 - AHEAD)) ]; do sleep 0.02; done
	pause 600
	if agentctl session attest "$id" --credential "$CREDENTIALS/$name-again" --key "$CREDENTIALS/key" >/dev/null 2>&1; then
		while [ "$(date +%s)" -lt $((deadline - 1)) ]; do sleep 0.1; done
		[ -e "$RUN/session/$id" ] || { echo "cut short" >"/tmp/attest.$1"; return 0; }
		if wait_until 6 test ! -e "$RUN/session/$id"; then echo extended; else echo "outlives both"; fi
	elif wait_until 4 test ! -e "$RUN/session/$id"; then
		echo ended
	else
		echo "outlives the first"
	fi >"/tmp/attest.$1"
}
: >/tmp/attests
happened() { grep -qx "$1" /tmp/attests; }
AHEAD=450 # milliseconds before the end, from which on it is attested: how long that takes is the machine's to say
for ((BATCH = 0; BATCH * 8 < RUNS + 40; BATCH++)); do
	attesters=()
	for i in 0 1 2 3 4 5 6 7; do
		attest_once "$i" &
		attesters+=($!)
	done
	wait "${attesters[@]}"
	cat /tmp/attest.? >>/tmp/attests
	if ! happened extended; then
		AHEAD=$((AHEAD + 500))
	elif ! happened ended; then
		AHEAD=$((AHEAD > 150 ? AHEAD - 150 : 50))
	elif [ $((BATCH * 8 + 8)) -ge "$RUNS" ]; then
		break
	fi
done
wait_until 5 no_session || true
expect_ok "$(sort /tmp/attests | uniq -c | tr '\n' ' ')" sh -c "! grep -qv '^extended\$\|^ended\$\|^late\$' /tmp/attests"
expect_ok "some were extended" happened extended
expect_ok "and some ended" happened ended

# race_close WHAT CMD...: the client leaves while CMD, which may name the session as ID, ends the session.
race_close() {
	local what=$1 bad=0 twice=0 i id leaver
	shift
	for ((i = 0; i < RUNS; i++)); do
		credential "close-$what-$i" --tool host:login
		login "close-$what-$i" 'setsid sleep 300 >/dev/null 2>&1 & exec sleep 300'
		wait_until 8 is_open || bad=$((bad + 1))
		id=$(ids)
		(
			pause 60
			pkill -f '^ssh .*agent-deploy@127.0.0.1' || true
		) &
		leaver=$!
		pause 60
		"${@//ID/$id}" "task-close-$what-$i" >/dev/null 2>&1 || true
		wait_until 6 all_gone || bad=$((bad + 1))
		wait "$leaver" "$client" 2>/dev/null || true
		wait_until 3 test "$(closes_of "$id")" -ge 1 || true
		[ "$(closes_of "$id")" = 1 ] || twice=$((twice + 1))
	done
	expect_ok "$what against close: $RUNS runs, $twice not recorded once, $bad bad" test "$bad$twice" = 00
}
end_session() { agentctl session end "$1"; }
story "close against an end"
stop_sshd
start_sshd
race_close end end_session ID
race_close complete agentctl task complete
expect_ok "nothing remains of any of them" no_remains

story "two ends of one task"
bad=0
for ((i = 0; i < RUNS; i++)); do
	credential "two-$i" --tool host:login
	login "two-$i" 'exec sleep 300'
	wait_until 8 is_open || bad=$((bad + 1))
	id=$(ids)
	second=complete
	[ $((i % 2)) = 0 ] || second=revoke
	agentctl task complete "task-two-$i" >/tmp/one.out 2>&1 &
	one=$!
	pause 20
	agentctl task $second "task-two-$i" >/tmp/two.out 2>&1 &
	two=$!
	wait $one && one=0 || one=$?
	wait $two && two=0 || two=$?
	case $second:$one:$two in complete:0:0 | revoke:0:0 | revoke:1:0) ;; *)
		bad=$((bad + 1))
		echo "$second: $one $two"
		cat /tmp/one.out /tmp/two.out
		;;
	esac
	wait_until 6 all_gone || bad=$((bad + 1))
	wait "$client" 2>/dev/null || true
	[ "$(closes_of "$id")" = 1 ] || bad=$((bad + 1))
	state=$(agentctl task show "task-two-$i" --json | jq -r .state)
	case $second:$state in complete:completed | revoke:revoked) ;; *) bad=$((bad + 1)) ;; esac
done
expect_ok "$RUNS runs, $bad bad" test "$bad" = 0

story "fifty logins, ten places"
cat >/etc/pam_agent/conf.d/40-places.conf <<CONF
policy "places" { identities = { "$AGENT_ID" }  max-sessions = 10  login { services = { "sshd" } } }
CONF
must agentctl apply
stop_sshd
start_sshd 'MaxStartups 200'
credential places --ttl 10m --tool host:login
rounds=$(((RUNS + 49) / 50 + 1))
for ((round = 0; round < rounds; round++)); do
	: >"$DECISIONS"
	clients=()
	for ((i = 0; i < 50; i++)); do
		SSH_TIMEOUT=100 agent places 'exec sleep 300' >"/tmp/places.$i" 2>&1 &
		clients+=($!)
	done
	settled() { [ $(($(ids | wc -w) + $(grep -lE 'Access denied|closed' /tmp/places.* | wc -l))) -ge 50 ]; }
	wait_until 60 settled || true
	expect_ok "round $round: exactly ten are open" test "$(ids | wc -w)" = 10
	expect_ok "round $round: the forty others are refused" test "$(grep -c too_many_sessions "$DECISIONS")" = 40
	must pkill -f '^ssh .*agent-deploy@127.0.0.1'
	wait "${clients[@]}" 2>/dev/null || true
	expect_ok "round $round: all are gone" wait_until 20 all_gone
done
expect_ok "nothing remains of them" no_remains
finish
