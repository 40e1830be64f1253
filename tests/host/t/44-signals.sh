#!/bin/bash
# What an agent does to its own sudo and su, which run with its real uid: stopped, killed and starved at any instant, they run
# nothing that is not due, tear no record and delay nobody else. The guard is out of its reach.
. "$TOP/tests/host/agent.sh"
agent_host
install -m 0755 "$TOP/build/tests/host/harass" "$TOP/build/tests/host/talk" /usr/local/bin/
mkdir -m 0755 /tmp/marks
cat >/etc/pam_agent/conf.d/20-marks.conf <<CONF
policy "marks" {
    identities = { "spiffe://example.org/agent/*" }
    sudo { run-as = "root"  commands = { "/usr/bin/touch /tmp/marks/ok-*" }  escapes = "accepted" }
    sudo { run-as = "root"  commands = { "/usr/local/bin/talk ..." }  any-arguments = true }
}
CONF
must agentctl apply
# Nobody but us stands between the agent and root: sudoers allows all, and the agent knows root's password.
echo '%agents ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
echo 'root:open sesame' | chpasswd
echo 'open sesame' >/tmp/secret
chmod 0644 /tmp/secret

# in_session NAME [options of issue]: runs /tmp/steps in a session of its own.
in_session() {
	local name=$1
	shift
	cat >/tmp/steps
	chmod 0644 /tmp/steps
	credential "$name" --tool host:login --tool host:sudo --ttl 5m "$@"
	SSH_TIMEOUT=120 agent "$name" bash /tmp/steps >/tmp/result 2>&1 || true
}
runs() { grep -Ec '(exit|signal) [0-9]+$' /tmp/result; }

records_whole() { jq -R 'fromjson | select(.status_code == null or .unmapped.step == null) | error("no decision")' "$DECISIONS" >/dev/null; }
# Who ran as root was permitted, twice: the command and the session.
marks_recorded() {
	local marks
	find /tmp/marks -name 'ok-*' | sort >/tmp/marks.made
	jq -R -r 'fromjson | select(.status_code == "permit" and .unmapped.step == "command") | .unmapped.command[1] // ""' \
		"$DECISIONS" | sort -u >/tmp/marks.permitted
	marks=$(comm -23 /tmp/marks.made /tmp/marks.permitted)
	echo "$(wc -l </tmp/marks.made) marks; not recorded: ${marks:-none}"
	[ -z "$marks" ] || return
	opened=$(jq -R -r 'fromjson | select(.status_code == "permit" and .unmapped.phase == "open") | "x"' "$DECISIONS" | wc -l)
	[ "$opened" -ge "$(wc -l </tmp/marks.made)" ]
}
nothing_forbidden() { ! compgen -G '/tmp/marks/bad-*'; }
# after WHAT: what holds whatever was done.
after() {
	expect_ok "$1: nothing forbidden ran" nothing_forbidden
	expect_ok "$1: every record is whole" records_whole
	expect_ok "$1: what ran was recorded" marks_recorded
	expect_output "$1: a human's sudo works" '^root$' as_human alice sudo -n id -un
	expect_fail "$1: no run hung" grep -q hung /tmp/result
}

story "what stands between: nothing but us"
expect_output "with the password, su works for a human" 'root$' as_human alice 'su -c "id -un" root <'/tmp/secret
in_session control <<'STEPS'
exec 2>/dev/null
sudo -n /usr/bin/touch /tmp/marks/ok-control; echo "permitted: $?"
sudo -n /usr/bin/touch /tmp/marks/bad-control; echo "forbidden: $?"
su -c 'touch /tmp/marks/bad-su' root </tmp/secret; echo "su: $?"
STEPS
expect_output "what policy names runs" '^permitted: 0' cat /tmp/result
expect_output "what it does not, not" '^forbidden: 1' cat /tmp/result
expect_output "nor su with the right password" '^su: 1' cat /tmp/result
expect_ok "there is a mark" test -e /tmp/marks/ok-control
after "undisturbed"

story "killed at a hundred instants"
in_session kill <<'STEPS'
HARASS_STDIN=/tmp/secret harass kill 40 500 /usr/bin/su -c 'touch /tmp/marks/bad-su-%' root &
harass kill 100 300 /usr/bin/sudo -n /usr/bin/touch /tmp/marks/ok-kill-%
harass kill 100 300 /usr/bin/sudo -n /usr/bin/touch /tmp/marks/bad-kill-%
wait
STEPS
expect_output "all of them ran" '^240$' runs
after "killed"

story "stopped at a hundred instants, then killed or let go on"
in_session stop <<'STEPS'
HARASS_STDIN=/tmp/secret harass stop 40 500 /usr/bin/su -c 'touch /tmp/marks/bad-su-%' root &
harass stop 100 300 /usr/bin/sudo -n /usr/bin/touch /tmp/marks/ok-stop-%
harass stop 100 300 /usr/bin/sudo -n /usr/bin/touch /tmp/marks/bad-stop-%
wait
STEPS
expect_output "all of them ran" '^240$' runs
after "stopped"

story "starved by limits"
in_session limits <<'STEPS'
starve() {
	name=$1
	shift
	for value; do
		harass limit "$name" "$value" /usr/bin/sudo -n /usr/bin/touch "/tmp/marks/ok-$name-%"
		harass limit "$name" "$value" /usr/bin/sudo -n /usr/bin/touch "/tmp/marks/bad-$name-%"
		HARASS_STDIN=/tmp/secret harass limit "$name" "$value" /usr/bin/su -c "touch /tmp/marks/bad-$name-%" root & # su sleeps
	done
	wait
}
starve nofile 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
starve nproc 0 1 2 3 4 5 6 8 10 15 20 30 40 50
starve fsize 0 1 100
starve cpu 0 1
starve core 0 1
starve locks 0
starve memlock 0
starve sigpending 0
starve stack 0 4096 16384 65536 100000 131072 200000 400000
starve data 0 65536 262144 500000 1000000 2000000 3000000 5000000
for mb in 1 2 4 5 6 7 8 9 10 11 12 13 14 15 16 18 20 25 30 50; do starve as $((mb << 20)); done
STEPS
expect_output "all of them ran" '^243$' runs
after "starved"

story "while twenty sudos of the session are stopped"
credential other --identity spiffe://example.org/agent/other
in_session many <<'STEPS' &
for i in $(seq 20); do
	sudo -n /usr/bin/touch "/tmp/marks/ok-many-$i" &
	pids="$pids $!"
	sleep "0.00$((i % 7))"
	kill -STOP $!
done
echo "stopped: $(ps -o stat= -p "$(echo $pids | tr ' ' ,)" | grep -c T)"
for i in 1 2 3 4 5; do
	before=$(date +%s%N)
	sudo -n /usr/bin/touch "/tmp/marks/ok-meanwhile-$i" && echo "step $i: $((($(date +%s%N) - before) / 1000000)) ms"
done
touch /tmp/all-stopped
for i in $(seq 100); do [ -e /tmp/go-on ] && break; sleep 0.1; done
kill -CONT $pids
wait
echo "exit 0"
STEPS
story_of_many=$!
expect_ok "they are stopped" wait_until 15 test -e /tmp/all-stopped
ACCOUNT=agent-other expect_ok "another account's login is decided within 2 s" within 2000 agent other id
expect_ok "and a human's login and sudo" within 2000 as_human alice sudo -n id
touch /tmp/go-on
wait $story_of_many
expect_output "some were indeed stopped" '^stopped: [0-9]*[1-9]' cat /tmp/result
for i in 1 2 3 4 5; do
	expect_output "step $i of the same session is decided within 2 s" "^step $i: [01]?[0-9]{1,3} ms" cat /tmp/result
done
after "many"

story "an approval is of one process, for one user, once"
cat >/tmp/command <<'FIELDS'
pam_agent 1
step command
service sudo
run-as root
argv /usr/bin/id
FIELDS
sed 's/^step.*/&\nphase sub-command/' /tmp/command >/tmp/below
for user in root www-data; do
	printf 'pam_agent 1\nstep sudo\nphase open\nservice sudo\nuser %s\nrun-as %s\n' $user $user >/tmp/open-$user
done
chmod 0644 /tmp/command /tmp/below /tmp/open-*
in_session approvals <<'STEPS' &
touch /tmp/session-is-open
for i in $(seq 50); do [ -s /tmp/socket ] && break; sleep 0.1; done
read -r socket guard </tmp/socket
echo "# twice"; sudo -n /usr/local/bin/talk to "$socket" /tmp/command /tmp/open-root /tmp/open-root
echo "# child"; sudo -n /usr/local/bin/talk to "$socket" /tmp/command fork /tmp/open-root
echo "# stranger"; sudo -n /usr/local/bin/talk to "$socket" /tmp/open-root
echo "# user"; sudo -n /usr/local/bin/talk to "$socket" /tmp/command /tmp/open-www-data /tmp/open-root
echo "# below"; sudo -n /usr/local/bin/talk to "$socket" /tmp/below /tmp/open-root
echo "# agent"; talk to "$socket" /tmp/command
echo "# reach"
harass process "$guard" "$socket" /run/pam_agent/ctl /run/pam_agent/session /run/pam_agent/pending /run/pam_agent/replay \
	/run/pam_agent/by /run/pam_agent/task /var/log/pam_agent /var/log/pam_agent/decisions.jsonl /var/lib/pam_agent/policy.cdb \
	/var/lib/pam_agent/anchors.cdb /var/lib/pam_agent/state /etc/pam_agent/keys/private/issuer.pem
echo "status $?"
STEPS
story_of_approvals=$!
expect_ok "a session is open" wait_until 10 test -e /tmp/session-is-open
guard=$(pgrep -x guard)
echo "$(ls -d /run/pam_agent/ctl/*) $guard" >/tmp/socket.new
mv /tmp/socket.new /tmp/socket
expect_output "the guard says nothing to root outside its session" 'verdict elsewhere' talk to "$(cut -d' ' -f1 /tmp/socket)" /tmp/command
wait $story_of_approvals
# answers WORD: what was answered after the line "# WORD", on one line.
answers() { sed -n "/^# $1\$/,/^# /p" /tmp/result | sed -n 's/^> .*reason \([a-z_]*\)|.*/\1/p' | tr '\n' ' '; }
expect_output "not twice" '^permit permit not_approved $' answers twice
expect_output "not by a child" '^permit not_approved $' answers child
expect_output "not by a process after it" '^not_approved $' answers stranger
expect_output "not for another user, nor after the attempt" '^permit not_approved not_approved $' answers user
expect_output "not what a command starts" '^permit not_approved $' answers below
expect_output "the agent cannot talk to its guard" '^/run/pam_agent/ctl/.*: Permission denied' cat /tmp/result
expect_output "nor signal, trace or read it, or open what is its" '^status 0' cat /tmp/result
finish
