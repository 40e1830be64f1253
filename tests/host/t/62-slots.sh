#!/bin/bash
# timeout: 300
# Two tasks side by side in two slots of one identity: nothing crosses. And one after the other in the same slot: nothing stays.
. "$TOP/tests/host/agent.sh"
agent_host
for tool in cling harass memo monitor talk; do install -m 0755 "$TOP/${B:-build}/tests/host/$tool" /usr/local/bin/; done
cat >/etc/pam_agent/conf.d/20-pool.conf <<CONF
identity "agent-pool" { id = "spiffe://example.org/agent/pool"  slots = 2 }
identity "agent-keeper" { id = "spiffe://example.org/agent/keeper"  home = "keep" }
CONF
must agentctl apply
AGENT_ID=spiffe://example.org/agent/pool
one=$(id -u agent-pool)
two=$(id -u agent-pool-2)
install -d -m 1777 /tmp/said /run/screen
install -m 0644 "$(key_of alice)" /tmp/said/key # of a connection that an agent may keep open

# login SLOT TASK CMD: with a credential of its own. start_login goes on meanwhile.
logins=0
issue() {
	logins=$((logins + 1))
	credential "login-$logins" --task "$1" --tool host:login --tool host:sudo
}
login() {
	local ACCOUNT=$1
	issue "$2"
	shift 2
	agent "login-$logins" "$@"
}
start_login() {
	local ACCOUNT=$1
	issue "$2"
	shift 2
	agent "login-$logins" "$@" >/dev/null 2>&1 &
}
# steps: a script for a session, from standard input.
steps() {
	cat >/tmp/steps
	chmod 0755 /tmp/steps
}
gone() { no_process_of "$1" && ! ls "/run/pam_agent/by/uid/$1"/* >/dev/null 2>&1; }

story "two tasks in two slots"
steps <<'STEPS'
exec >/tmp/said/one 2>&1
umask 077
echo secret >/tmp/one.file; echo secret >/dev/shm/one.shm; echo secret >~/file
memo put /one
screen -dmS shared sleep 621 </dev/null
tmux -f /dev/null new-session -d -s shared 'sleep 629' </dev/null
memo listen one-listens >/tmp/said/listens &
echo 'listening'
MARK=secret sleep 622 &
exec 9<~/file
wait
STEPS
start_login agent-pool task-one /tmp/steps
expect_ok "the first one is at work" wait_until 15 grep -q listening /tmp/said/one
for where in 'user keyring' 'shared memory' 'POSIX queue'; do
	expect_output "it left a note in: $where" "left $where" cat /tmp/said/one
done
pids=$(pgrep -d ' ' -u "$one")
session=$(basename "$(ls -d /run/pam_agent/agent/"$one"/*)")
steps <<STEPS
umask 077
echo "# same"; id -u
echo "# process"; for pid in $pids; do harass process \$pid || echo "reached \$pid"; done
for pid in $pids; do for what in environ mem maps fd/0 fd/9 cwd/file root/tmp/one.file task io stack; do head -c 1 /proc/\$pid/\$what >/dev/null && echo "read \$what of \$pid"; done; kill -CONT \$pid && echo "continued \$pid"; done
pkill -CONT -u $one && echo "continued all"; killall -u agent-pool && echo "killed all"
echo "# files"; cat /tmp/one.file /dev/shm/one.shm ~agent-pool/file && echo "read"; echo x >>/tmp/one.file && echo "wrote"; mv /tmp/one.file /tmp/two.file && echo "moved"; rm -f /tmp/one.file && echo "removed"; ln /tmp/one.file /tmp/two.link && echo "linked"
echo "# memo"; memo get /one
echo "# screen"; screen -x agent-pool/shared </dev/null; SCREENDIR=/run/screen/S-agent-pool screen -S shared -X quit; ls /run/screen/S-agent-pool
echo "# tmux"; tmux -S /tmp/tmux-$one/default ls; tmux -S /tmp/tmux-$one/default kill-server
echo "# socket"; memo ask one-listens
echo "# door"; talk to /run/pam_agent/agent/$one/$session /tmp/steps
echo "# end"
STEPS
expect_ok "the second one looks for the first" login agent-pool-2 task-two 'bash /tmp/steps 2>&1'
cp "$OUTPUT" /tmp/result
part() { sed -n "/^# $1\$/,/^# /p" /tmp/result | sed '/^# /d'; }
expect_output "it is another uid" "^$two\$" part same
part process >/tmp/part
expect_fail "no process is reached: signals, ptrace, memory, environment, descriptors" \
	grep -E 'worked|^(reached|continued|killed)|^read (environ|mem|maps|fd|cwd|root|io|stack)' /tmp/part
part files >/tmp/part
expect_fail "no file is read, written, moved or linked" grep -E '^(secret|read|wrote|moved|removed|linked)$' /tmp/part
expect_output "it looked" looked part memo
part memo >/tmp/part
expect_fail "no note is found: keyrings, System V and POSIX IPC" grep '^found' /tmp/part
expect_output "its screen's directory is closed" 'Permission denied' part screen
expect_ok "and the screen lives" pgrep -u "$one" -f 'SCREEN -dmS shared'
expect_output "nor the other's door" 'Permission denied' part door
expect_output "and its tmux" 'Permission denied' part tmux
expect_ok "which lives" pgrep -u "$one" -f '^sleep 629'
# One network namespace, one space of abstract names: they part where the policy says so. Elsewhere, who answers there tells by the
# kernel's word whom it talks to.
expect_output "an abstract socket is reached, and tells whose it is" "^uid $one\$" part socket
expect_output "on both sides" "^uid $two\$" cat /tmp/said/listens
expect_ok "the first one's processes live" pgrep -u "$one" -x sleep
expect_ok "ended, the second leaves the first alone" agentctl task complete task-two
wait_until 5 gone "$two" || true
expect_ok "it lives" pgrep -u "$one" -x sleep
expect_output "its notes too, after the other slot was cleared" 'found user keyring' login agent-pool task-one 'memo get /one'
expect_seen "of every kind" 'found POSIX queue'
expect_ok "the first task is completed" agentctl task complete task-one
expect_ok "and gone" wait_until 8 gone "$one"

story "two slots whose policy keeps abstract sockets apart"
cat >/etc/pam_agent/conf.d/30-apart.conf <<CONF
policy "apart" { identities = { "$AGENT_ID" }  abstract-sockets = "apart"
    sudo { any-command = true } }
CONF
must agentctl apply
setpriv --reuid alice --clear-groups memo listen human-listens >/tmp/said/human &
human=$!
steps <<'STEPS'
memo listen apart-listens >/tmp/said/apart &
until memo ask apart-listens; do sleep 0.1; done
sudo -n memo ask apart-listens
tmux -f /dev/null new-session -d -s apart 'memo ask apart-listens >/tmp/said/tmux; sleep 629' </dev/null
echo listening >/tmp/said/ready
exec sleep 622
STEPS
start_login agent-pool task-apart /tmp/steps
expect_ok "the first one is at work" wait_until 15 grep -q listening /tmp/said/ready
expect_ok "its own processes reach each other" wait_until 5 grep -qx "uid $one" /tmp/said/tmux
expect_output "what its sudo starts too" "^uid 0\$" cat /tmp/said/apart
expect_output "another session does not, not of its own task either" 'not reached: Operation not permitted' \
	login agent-pool task-apart 'memo ask apart-listens || true'
expect_output "nor the other slot" 'not reached: Operation not permitted' login agent-pool-2 task-other 'memo ask apart-listens || true'
expect_output "nor with sudo" 'not reached: Operation not permitted' login agent-pool-2 task-other 'sudo -n memo ask apart-listens || true'
expect_output "and none reaches a human's" 'not reached: Operation not permitted' login agent-pool-2 task-other 'memo ask human-listens || true'
expect_output "nobody came" "^uid ($one|0)\$" cat /tmp/said/apart
expect_fail "but whom it let in" grep -v "^uid \($one\|0\)\$" /tmp/said/apart
expect_output "humans reach theirs" "^uid $(id -u alice)\$" setpriv --reuid alice --clear-groups memo ask human-listens
expect_output "what it costs: root of sudo sees less of others in /proc" 'Permission denied' \
	login agent-pool-2 task-other 'sudo -n readlink /proc/1/exe 2>&1 || sudo -n ls -l /proc/1/exe 2>&1'
expect_output "the rest of a session is as ever" 'task-other' login agent-pool-2 task-other "$(command -v agentctl) status; sudo -n id -u"
expect_seen "and its sudo" '^0$'
kill "$human"
issue task-other
expect_fail "where it cannot be had, nobody opens" \
	setpriv --bounding-set=-sys_admin monitor agent-pool-2 "$CREDENTIALS/login-$logins" "$CREDENTIALS/key.pub" true
expect_ok "and the reason is on record" grep -q '"status_code":"isolation_unavailable".*"step":"open"' "$DECISIONS"
agentctl task complete task-apart >/dev/null
agentctl task complete task-other >/dev/null
expect_ok "both are gone" wait_until 8 gone "$one"
rm /etc/pam_agent/conf.d/30-apart.conf
must agentctl apply

story "a setuid program of one slot that the other runs"
steps <<'STEPS'
cp /usr/local/bin/cling /tmp/borrowed; cp /usr/bin/id /tmp/who; chmod 4755 /tmp/borrowed /tmp/who
echo made >/tmp/said/made
exec sleep 627
STEPS
start_login agent-pool task-lends /tmp/steps
expect_ok "the first one makes it" wait_until 15 grep -q made /tmp/said/made
cat >/tmp/steps.two <<'STEPS'
exec 7</tmp/who
/tmp/borrowed borrow /tmp/said/borrow & /tmp/borrowed thread /tmp/said/thread & /tmp/who -u >/tmp/said/who
while [ ! -e /tmp/said/over ]; do sleep 0.1; done
/proc/self/fd/7 -u >/tmp/said/later 2>&1
echo tried >>/tmp/said/later
exec sleep 628
STEPS
chmod 0755 /tmp/steps.two
start_login agent-pool-2 task-borrows /tmp/steps.two
expect_ok "the other is the first one by it" wait_until 15 grep -qx "$one" /tmp/said/who
borrowers() { ps -eL -o ruid= -o euid= | awk -v a="$two" -v b="$one" '$1 == a && $2 == b || $1 == b'; }
nobody_borrows() { [ -z "$(borrowers)" ]; }
expect_ok "in a process and in a thread" wait_until 10 test -s /tmp/said/borrow -a -s /tmp/said/thread
expect_output "whose real uid is the other's" "$two +$one" borrowers
expect_ok "the first one's task is completed" agentctl task complete task-lends
expect_ok "the next one logs in" wait_until 10 login agent-pool task-after true
expect_ok "nobody acts as it" wait_until 5 nobody_borrows
touch /tmp/said/over
expect_ok "nor can, by what was open" wait_until 10 grep -qx tried /tmp/said/later
expect_fail "as it was refused" grep -x "$one" /tmp/said/later
expect_ok "the other goes on" pgrep -u "$two" -x sleep
agentctl task complete task-borrows >/dev/null
agentctl task complete task-after >/dev/null
expect_ok "and both are gone" wait_until 8 gone "$two"
wait_until 8 gone "$one" || true

story "the next task in the same slot"
steps <<'STEPS'
memo put /last
screen -dmS last sleep 623 >/dev/null 2>&1 </dev/null
screen -ls | grep last
tmux -f /dev/null new-session -d -s last 'sleep 630' </dev/null && tmux ls
ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i /tmp/said/key -MNf -o ControlPersist=yes -S /tmp/master-of-last alice@127.0.0.1 </dev/null >/dev/null 2>&1
ssh -S /tmp/master-of-last -O check alice@127.0.0.1
mkdir -p ~/.ssh
(trap "" HUP TERM; exec setsid sleep 624) >/dev/null 2>&1 </dev/null &
perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("/tmp/mux-of-last")) and listen(S,1) and print "socket\n"'
perl -e 'my $d = "/tmp/deep"; mkdir $d; chdir $d; for (1..4000) { mkdir "d" and chdir "d" or die }; print "deep\n"'
mkdir -p /tmp/odd /var/tmp/odd; cd /tmp/odd
touch "$(printf 'new\nline')" "$(head -c 255 /dev/zero | tr '\0' a)" -- '-rf' ' ' '*'; truncate -s 500G sparse; mkdir none; touch none/f; chmod 0 none
ln -s /etc /tmp/odd/etc; ln -s /etc/passwd /tmp/odd/passwd; ln -s ../../../../../../etc/shadow up; ln -s /home/alice alice; ln -sfn /etc ~/.config
cp /bin/sh suid; chmod 4755 suid
seq 3000 | xargs touch; mkfifo fifo
echo planted
STEPS
before=$(md5sum /etc/passwd /etc/shadow; find /home/alice -printf '%p %u %m\n' | sort)
expect_output "the last one plants" planted login agent-pool task-last 'bash /tmp/steps 2>&1'
for what in 'left user keyring' 'left user session keyring' 'left POSIX queue' 'left semaphore' '^last: 1 windows' 'Master running' '^socket' '^deep'; do
	expect_seen "$what" "$what"
done
expect_output "a login of the same task finds it" 'found user keyring' login agent-pool task-last 'memo get /last'
expect_seen "of every kind" 'found POSIX queue'
expect_output "and keeps anybody from touching a keyring" '^filled' login agent-pool task-last 'memo fill /last'
filled=$SECONDS
agentctl task complete task-last >/dev/null
expect_ok "nothing of it runs" wait_until 8 gone "$one"
steps <<'STEPS'
memo get /last
screen -ls 2>&1; ssh -S /tmp/master-of-last -O check alice@127.0.0.1 2>&1
ls -A ~/.ssh ~/.config /tmp/deep /tmp/odd /var/tmp/odd /tmp/mux-of-last /tmp/master-of-last /tmp/tmux-* 2>/dev/null
pgrep -u "$(id -u)" sleep
find / -xdev -user "$(id -u)" ! -path '/proc/*' ! -path "$HOME*" 2>/dev/null | grep -v '^/tmp/said\|^/dev/pts'
crontab -l; atq
tmux ls 2>&1 # makes its directory
STEPS
expect_ok "the next one logs in within 10 s" within 10000 login agent-pool task-next 'bash /tmp/steps 2>&1; echo looked'
expect_seen "it looked" looked
cp "$OUTPUT" /tmp/result
expect_fail "and finds no note" grep '^found' /tmp/result
expect_fail "no server" grep -E '^last:|[0-9]\.last|Attached|Detached|Master running' /tmp/result
expect_output "no connection" 'Control socket connect.*: No such file' cat /tmp/result
expect_fail "no file and no process" grep -E '^/|odd|deep|mux-of|^[0-9]+$' /tmp/result
expect_output "what its links led to is as it was" "^same\$" sh -c "[ \"\$(md5sum /etc/passwd /etc/shadow; find /home/alice -printf '%p %u %m\n' | sort)\" = '$before' ] && echo same"
left=$((filled + 14 - SECONDS))
[ "$left" -le 0 ] || sleep "$left"
expect_output "later it looks again" looked login agent-pool task-next 'memo put /next >/dev/null; memo get /next; memo get /last; echo looked'
expect_seen "it could find one there" 'found persistent keyring'
expect_fail "and finds none of the last task's" sh -c "sed '1,/found POSIX/d' '$OUTPUT' | grep found"
agentctl task complete task-next >/dev/null

story "an account that keeps its home keeps that alone"
AGENT_ID=spiffe://example.org/agent/keeper
keeper=$(id -u agent-keeper)
expect_output "it writes" written login agent-keeper task-k1 'echo mine >~/note; (trap "" HUP TERM; exec setsid sleep 626) >/dev/null 2>&1 </dev/null & echo written'
expect_ok "its task is completed" agentctl task complete task-k1
expect_ok "nothing of it runs" wait_until 8 gone "$keeper"
expect_output "the next task finds its home" '^mine$' login agent-keeper task-k2 'cat ~/note; pgrep -x sleep'
expect_fail "and no process" grep -E '^[0-9]+$' "$OUTPUT"
finish
