#!/bin/bash
# What no event puts right: guards that are dead or stuck, strays, leftovers of records. And the hooks after an end.
# timeout: 400
. "$TOP/tests/host/agent.sh"
agent_host

HOOKS=/etc/pam_agent/end.d
SWEEPER=/usr/local/libexec/pam_agent/sweeper
ID=0123456789abcdef # of no session
run=/run/pam_agent
uid=$(id -u agent-deploy)

# run_session NAME SCRIPT: in the background; its pid is $session, its output /tmp/session.NAME.
run_session() {
	credential "$1" --tool host:login --tool host:sudo
	AGENT_CREDENTIAL=$CREDENTIALS/$1 AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=120 \
		agent_ssh agent-deploy "$2" >"/tmp/session.$1" 2>&1 &
	session=$!
}
is_quiet() { no_process_of agent-deploy && ! pgrep -f '^(/usr/bin/)?sleep 77' >/dev/null; }
no_session() { [ -z "$(ls -A $run/session 2>/dev/null)" ]; }
no_guard() { ! pgrep -x guard >/dev/null; }
all_gone() { is_quiet && no_session && no_guard; }
live_id() { ls $run/session; }
as_uid() { exec setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; } # in the background
ms_since() { echo $(($(date +%s%3N) - $1)); }
stubborn='setsid sleep 771 >/dev/null 2>&1 & (trap "" TERM HUP; exec sleep 772) & sudo -n /usr/bin/sleep 773 & sleep 774'

# A human's processes, on the same host, which nothing here may touch.
as_uid "$(id -u alice)" sleep 1000 &
human=$!
still_there() { kill -0 "$human" && [ "$(ps -o stat= -p "$human" | cut -c1)" = S ]; }

story "a guard is killed"
run_session killed "until test -e /tmp/go; do sleep 0.1; done; sudo -n /usr/bin/id; echo \"sudo: \$?\"; $stubborn"
expect_ok "the session runs" wait_until 10 pgrep -u agent-deploy -x sleep
killed=$(live_id)
cp "$run/session/$killed" /tmp/record
pkill -KILL -x guard
touch /tmp/go
expect_ok "its next step is answered" wait_until 10 grep -q '^sudo: ' /tmp/session.killed
expect_fail "by no" grep -Eq '^sudo: 0|^uid=0' /tmp/session.killed
expect_ok "a sweep" agentctl sweep
expect_ok "ends it" all_gone
expect_log "with its reason" "\"status_code\":\"guard_lost\".*\"step\":\"close\".*\"session\":\"$killed\"" "$DECISIONS"
expect_ok "a human's processes live" still_there
wait "$session" || true

story "a guard is stuck"
run_session stuck "sudo -n /usr/bin/sleep 773 & sleep 774"
expect_ok "the session runs" wait_until 10 pgrep -f '^/usr/bin/sleep 773'
stuck=$(live_id)
pkill -STOP -x guard
start=$(date +%s%3N)
expect_output "complete ends it in the guard's place" '(killed|KILLED).*stuck|stuck.*(killed|KILLED)' agentctl task complete task-stuck
took=$(ms_since "$start")
expect_ok "within 2 s ($took ms)" [ "$took" -lt 2500 ]
expect_ok "nothing is left, nor its guard" all_gone
expect_ok "its end is recorded once" [ "$(grep -c '"step":"close".*"session":"'"$stuck"'"' "$DECISIONS")" = 1 ]
wait "$session" || true

story "the guard of one of two sessions is killed"
run_session first 'sleep 774'
first_session=$session
expect_ok "one runs" wait_until 10 pgrep -f '^sleep 774'
first=$(live_id)
credential second --task task-first --tool host:login
AGENT_CREDENTIAL=$CREDENTIALS/second AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=120 agent_ssh agent-deploy 'sleep 775' &
expect_ok "and the other" wait_until 10 pgrep -f '^sleep 775'
pkill -KILL -f "^guard $first"
expect_output "a sweep ends it" '^1 sessions without a guard' agentctl sweep
expect_ok "with all of its account: who killed it is unknown" wait_until 5 all_gone
wait "$first_session" $! || true

story "a session's record is removed"
run_session bare 'sleep 774'
expect_ok "the session runs" wait_until 10 pgrep -f '^sleep 774'
rm "$run/session/$(live_id)"
expect_output "a sweep rings its guard" '^1 guards without a session' agentctl sweep
expect_ok "which ends what it guards" wait_until 5 all_gone
wait "$session" || true

story "a host that is stopped"
run_session frozen 'sleep 774'
expect_ok "the session runs" wait_until 10 pgrep -f '^sleep 774'
expect_ok "stop" agentctl stop
pkill -KILL -x guard
expect_output "a sweep ends what has no guard" '^1 sessions without a guard' agentctl sweep
expect_ok "all is gone" all_gone
expect_ok "go" agentctl go
wait "$session" || true

story "a sweep leaves living sessions alone"
run_session alive 'sleep 774'
expect_ok "the session runs" wait_until 10 pgrep -f '^sleep 774'
alive=$(live_id)
expect_ok "a sweep" agentctl sweep
expect_ok "the session is there" test -e "$run/session/$alive"
expect_ok "and its processes" pgrep -f '^sleep 774'

story "what a fact does not touch"
expect_ok "is stopped and goes on" agentctl risk set host medium
expect_output "at once" '^S' ps -o stat= -p "$(pgrep -f '^sleep 774')"
expect_fail "and is not held" test -e $run/held/"$uid"
agentctl risk clear host >/dev/null

story "an account that a killed doorbell left stopped"
pkill -STOP -u agent-deploy -x sleep
expect_ok "a sweep" agentctl sweep
expect_output "a process that stopped itself stays so" '^T' ps -o stat= -p "$(pgrep -f '^sleep 774')"
mkdir -p $run/held
touch -d '2 minutes ago' $run/held/"$uid"
expect_ok "a sweep" agentctl sweep
expect_output "continues what was held" '^S' ps -o stat= -p "$(pgrep -f '^sleep 774')"
expect_fail "and forgets it" test -e $run/held/"$uid"

story "an account that is stopped for a guard that nobody understands"
cat >/tmp/garbler.pl <<'CODE'
use Socket;
socket(my $door, AF_UNIX, SOCK_SEQPACKET, 0) or die;
bind($door, sockaddr_un($ARGV[0])) && listen($door, 9) or die;
while (accept(my $client, $door)) {
	recv($client, my $question, 4096, 0);
	send($client, "pam_agent 99\nstate=running\n", 0);
	close($client);
}
CODE
mv "$run/ctl/$alive" "$run/ctl/away"
perl /tmp/garbler.pl "$run/ctl/$alive" &
garbler=$!
must wait_until 5 test -S "$run/ctl/$alive"
expect_output "it is stopped" "^NOT ENDED session $alive" agentctl task suspend task-alive
stopped() { [ "$(ps -o stat= -p "$(pgrep -f '^sleep 774')" | cut -c1)" = T ]; }
expect_ok "it stands" stopped
touch -d '2 minutes ago' "$run/held/$uid"
agentctl sweep >/dev/null || true
expect_ok "also after a sweep" stopped
kill "$garbler"
mv "$run/ctl/away" "$run/ctl/$alive"
agentctl task resume task-alive >/dev/null
touch -d '2 minutes ago' "$run/held/$uid"
expect_ok "its guard is back: a sweep" agentctl sweep
expect_fail "continues it" stopped
expect_fail "and forgets it" test -e "$run/held/$uid"

story "sweeps at the same time"
flock $run/swept sleep 3 &
lock=$!
sleep 0.2
expect_fail "one waits for no other" agentctl sweep
wait $lock
expect_ok "five at once" sh -c "for i in 1 2 3 4 5; do $SWEEPER & done; wait"
expect_ok "the session is there" test -e "$run/session/$alive"
agentctl task complete task-alive >/dev/null
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true

story "sweeps while agents log in"
(while ! test -e /tmp/swept.enough; do $SWEEPER; done) &
sweeps=$!
for i in 1 2 3 4 5; do
	credential "meanwhile-$i" --task task-meanwhile
	expect_output "login $i" agent-deploy agent "meanwhile-$i" id -un
done
touch /tmp/swept.enough
wait $sweeps
expect_ok "all is gone" wait_until 5 all_gone

story "strays"
min=$(sed 's/-.*//' /var/lib/pam_agent/uid-range)
for stray in "$uid" 79999 "$((min + 1))" "$(id -u www-data)"; do as_uid "$stray" sleep 1001 & done
expect_ok "they run" wait_until 5 sh -c '[ "$(pgrep -cf "^sleep 1001")" = 4 ]'
expect_output "a sweep tells of it" '^1 accounts with processes in no session: killed' agentctl sweep
expect_ok "an agent's are killed" no_process_of agent-deploy
expect_ok "a uid of our range that is no identity's is spared: it may be anybody's" pgrep -u 79999
expect_ok "the verifier's uid is spared" pgrep -u "$((min + 1))"
expect_ok "so are other users'" pgrep -u www-data -f '^sleep 1001'
expect_ok "and humans'" still_there
pkill -f '^sleep 1001'

story "records of nothing"
: >$run/session/$ID
cp /tmp/record "$run/session/$killed"
mkdir -p "$run/by/uid/$uid" $run/ctl $run/agent/"$uid" $run/ordered
: >"$run/by/uid/$uid/$killed"
: >$run/ctl/$ID
: >$run/agent/"$uid"/$ID
: >$run/ordered/$ID
: >$run/pending/999999-1
touch -d '10 minutes ago' $run/ordered/$ID $run/pending/999999-1
before=$(size_of "$DECISIONS")
expect_output "a sweep says that one tells it nothing" '1 could not be put right' agentctl sweep
expect_output "the next one finds nothing more" 'nothing to put right' agentctl sweep
expect_ok "no session is left" no_session
for file in ctl/$ID agent/$uid/$ID ordered/$ID pending/999999-1 by/uid/$uid/$killed; do
	expect_fail "no $file" test -e "$run/$file"
done
expect_output "the end of the dead one is recorded" "guard_lost.*\"session\":\"$killed\"" tail -c "+$((before + 1))" "$DECISIONS"

story "junk"
ln -s /etc/passwd $run/session/fedcba9876543210
for dir in session ctl agent place pending held ordered used; do
	mkdir -p "$run/$dir/directory"
	mkfifo "$run/$dir/pipe"
	: >"$run/$dir/99999999999999999999"
	: >"$run/$dir/ä ö"
done
ln -s /etc $run/place/12345
ln -s /etc $run/agent/12345
expect_ok "sweeps end" timeout 30 sh -c "$SWEEPER; $SWEEPER"
expect_ok "nothing was followed" test -s /etc/passwd
expect_ok "the host's files are there" test -e /etc/hostname
for dir in session ctl agent place pending held ordered used; do rm -rf "${run:?}/$dir/directory" "$run/$dir/pipe"; done
rm -f $run/session/fedcba9876543210 $run/place/12345 $run/agent/12345 $run/*/99999999999999999999 $run/*/ä*
credential afterwards
expect_output "an agent logs in as before" agent-deploy agent afterwards id -un
expect_ok "all is gone" wait_until 5 all_gone

story "hooks"
mkdir -p $HOOKS
# hook NAME [LINE...]: writes its name, then runs the lines.
hook() {
	printf '%s\n' '#!/bin/sh' "echo $1 >>/tmp/hooks" "${@:2}" >"$HOOKS/$1"
	chmod 0755 "$HOOKS/$1"
}
hook 10-first "tr '\\0' '\\n' </proc/\$\$/environ >/tmp/hook.env; ls -l /proc/\$\$/fd /proc/\$\$/cwd >/tmp/hook.fds" \
	"ps -o sid=,pid= -p \$\$ >/tmp/hook.sid; cat /proc/\$\$/oom_score_adj >/tmp/hook.oom"
hook 20-fails 'exit 3'
hook 30-slow 'sleep 1002 & sleep 1002'
hook 40-alice
chown alice $HOOKS/40-alice
hook 50-writable
chmod 0775 $HOOKS/50-writable
hook 60-plain
chmod 0644 $HOOKS/60-plain
ln -s /bin/true $HOOKS/70-link
mkdir $HOOKS/75-directory
hook .hidden
hook A-last
mv $HOOKS/A-last $HOOKS/Z-last
sed -i s/A-last/Z-last/ $HOOKS/Z-last
run_session hooked 'sleep 774'
expect_ok "the session runs" wait_until 10 pgrep -f '^sleep 774'
hooked=$(live_id)
agentctl task complete task-hooked >/dev/null
expect_ok "they run to the last" wait_until 20 grep -q Z-last /tmp/hooks
expect_output "in the order of their names, and no others" '^10-first 20-fails 30-slow Z-last $' sh -c 'tr "\n" " " </tmp/hooks; echo'
cat >/tmp/hook.expected <<-END
	PAM_AGENT_ACCOUNT=agent-deploy
	PAM_AGENT_IDENTITY=$AGENT_ID
	PAM_AGENT_REASON=task_completed
	PAM_AGENT_SESSION=$hooked
	PAM_AGENT_TASK=task-hooked
	PAM_AGENT_UID=$uid
	PATH=/usr/sbin:/usr/bin:/sbin:/bin
END
expect_ok "told the facts and nothing else" sh -c "grep -E '^(PAM_AGENT_|PATH=)' /tmp/hook.env | sort | diff /tmp/hook.expected -"
expect_fail "no other variables" grep -Evq '^(PAM_AGENT_[A-Z]*|PATH|PWD|OLDPWD|SHLVL|_)=' /tmp/hook.env
expect_output "in /" 'cwd -> /$' cat /tmp/hook.fds
expect_output "with nothing open" '0 -> /dev/null' cat /tmp/hook.fds
expect_output "without the guard's place among the spared" '^0$' cat /tmp/hook.oom
expect_ok "in a session of its own" awk '{ exit $1 != $2 }' /tmp/hook.sid
expect_fail "the slow one is killed with its children" pgrep -f '^sleep 1002'
expect_log "which is told" '30-slow took more than 10 s' "$SYSLOG"
expect_log "as a failure is" '20-fails ended with status 3' "$SYSLOG"
for name in 40-alice 50-writable 60-plain 70-link 75-directory; do
	expect_log "and $name, which is not run" "$name is not run" "$SYSLOG"
done
expect_ok "all is gone" wait_until 5 all_gone
wait "$session" || true

story "hooks in a directory that others may write"
rm -f /tmp/hooks $HOOKS/30-slow
chmod 0777 $HOOKS
$SWEEPER ended session=$ID account=agent-deploy uid="$uid" task=t identity=$AGENT_ID reason=closed
expect_fail "none runs" test -e /tmp/hooks
expect_log "which is told" 'end.d is not used' "$SYSLOG"
chmod 0755 $HOOKS
expect_fail "other arguments are refused" $SWEEPER ended session=$ID account=agent-deploy uid="$uid"
expect_fail "also a uid that is no number" $SWEEPER ended session=$ID account=a uid=x task=t identity=i reason=closed
expect_fail "nothing ran" test -e /tmp/hooks

story "leftovers"
home=$(getent passwd agent-deploy | cut -d: -f6)
kept() { ls -d "${home%/*}"/.kept/agent-deploy-* 2>/dev/null | wc -l; }
rm -rf $HOOKS
credential leaves
agent leaves 'touch ~/mine'
expect_ok "all is gone" wait_until 5 all_gone
before=$(kept)
expect_ok "of a task whose last session is closed stay" test -e "$home/mine"
agentctl task complete task-leaves >/dev/null
expect_output "of a task that is over are cleared by a sweep" '^1 accounts of tasks' agentctl sweep
expect_ok "the home is moved away" [ "$(kept)" = $((before + 1)) ]
expect_fail "and the account holds none" test -e $run/used/"$uid"
run_session last 'touch ~/mine; sleep 774'
expect_ok "a session runs" wait_until 10 pgrep -f '^sleep 774'
agentctl task complete task-last >/dev/null
expect_ok "at the end of a task they go without one" wait_until 5 test ! -e "$home/mine"
expect_ok "to where they are kept" [ "$(kept)" = $((before + 2)) ]
wait "$session" || true

story "the timer"
expect_output "runs agentctl where it is" '^ExecStart=/usr/local/sbin/agentctl sweep$' cat /usr/local/lib/systemd/system/pam_agent-sweep.service
expect_fail "its files are whole" grep -r '@' /usr/local/lib/systemd/system /usr/local/share/pam_agent/cron.d
expect_ok "a human's processes live" still_there
kill "$human"
finish
