#!/bin/bash
# timeout: 400
# What a permitted command meets is what sudo makes of it, with us and without: exit status, signals, terminal, descriptors, environment, limits.
# The same user does the same in the same session, first as installed and then with pam_permit in our place and no plug-in, under use_pty,
# without, and with the log of input and output.
. "$TOP/tests/host/agent.sh"
agent_host
cat >/etc/pam_agent/conf.d/20-all.conf <<CONF
policy "all" {
    identities = { "$AGENT_ID" }
    sudo { run-as = { "root", "www-data" }  any-command = true  may-exec = true }
}
CONF
must agentctl apply

# Name and line of shell, in which S is "sudo -n", and P LINE runs it on a terminal that gets what P reads.
cat >/tmp/table <<'TABLE'
exit status @ $S sh -c 'exit 7'
another one @ $S sh -c 'exit 255'
no such command @ $S /usr/bin/no-such-command
no program @ $S /etc/hostname
killed by TERM @ $S sh -c 'kill -TERM $$'
killed by KILL @ $S sh -c 'kill -KILL $$'
killed by INT @ $S sh -c 'kill -INT $$'
killed by HUP @ $S sh -c 'kill -HUP $$'
killed by USR1 @ $S sh -c 'kill -USR1 $$'
sudo gets TERM @ $S sleep 9 & sleep 0.5; kill $!; wait $!
sudo gets HUP @ $S sleep 9 & sleep 0.5; kill -HUP $!; wait $!
a signal that is caught @ $S sh -c 'trap "echo caught; exit 5" USR1; while :; do sleep 0.1; done' & sleep 0.5; kill -USR1 $!; wait $!
sudo gets TSTP, and goes on @ $S sh -c 'sleep 2; exit 6' & sleep 0.4; kill -TSTP $!; sleep 0.2; kill -CONT $!; wait $!
ignored signals @ (trap '' INT QUIT USR2; $S grep -E 'Sig(Ign|Blk)' /proc/self/status)
megabytes in @ head -c 6000000 /dev/zero | $S cksum
megabytes out @ $S head -c 6000000 /dev/zero | cksum
both ways @ head -c 3000000 /dev/zero | tr '\0' x | $S tr x y | cksum
errors out @ $S sh -c 'echo out; echo err >&2' 2>/dev/null
a reader that leaves @ $S yes | head -c 10; echo ${PIPESTATUS[0]}
stdin closed @ $S sh -c 'cat; echo $?' <&-
stdout closed @ $S sh -c 'echo x; echo $? >&2' >&-
stderr closed @ $S sh -c 'echo x >&2; echo y' 2>&-
all closed @ $S touch /tmp/all-closed <&- >&- 2>&-; test -e /tmp/all-closed
stdout full @ $S sh -c 'echo x; exit 3' >/dev/full
a file in, a file out @ $S cat </etc/hostname >~/copied; cat ~/copied; rm ~/copied
descriptors @ $S sh -c 'ls /proc/$$/fd' 5</etc/hostname 9>/dev/null | tr '\n' ' '
environment @ TRICK=x LC_ALL=C.UTF-8 $S env | sort
directory @ cd /usr/share && $S pwd
umask @ umask 077 && $S sh -c umask
umask of others @ umask 0 && $S sh -c umask
limits @ (ulimit -n 77 -c 0; $S sh -c 'ulimit -a')
limits as they are @ $S sh -c 'ulimit -a; ulimit -H -a'
priority @ nice -n 5 $S nice
who it is @ $S id
who else @ $S -u www-data id
audit @ $S cat /proc/self/loginuid /proc/self/sessionid
capabilities @ $S grep -E '^(Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups)' /proc/self/status
another user's capabilities @ $S -u www-data grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status
memory and scheduling @ $S sh -c 'cat /proc/self/oom_score_adj /proc/self/coredump_filter; chrt -p $$ | sed "s/.*: //"'
session keyring @ $S sh -c 'cat /proc/keys >/dev/null; echo $?'
process group @ $S sh -c 'set -- $(ps -o pid=,pgid=,sid=,tpgid= -p $$); [ $1 = $2 ]; echo $?; [ $1 = $3 ]; echo $?; echo $4'
in a group of its own @ set -m; $S sh -c 'sleep 0.2; exit 3' & wait $!
in a session of its own @ setsid -w $S sh -c 'exit 4'
one within another @ $S sh -c 'sudo -n sh -c "exit 8"'
forty at once @ for i in $(seq 40); do $S sh -c "exit $((i % 3))" & jobs[i]=$!; done; for j in ${jobs[*]}; do wait $j; echo -n $?; done
what it leaves @ $S sh -c 'sleep 0.4 & exit 2'
a login shell @ $S -i sh -c 'echo $HOME $0; exit 3'
a shell @ $S -s 'exit 3'
a terminal @ P 'sudo -n sh -c "test -t 0 && test -t 1 && test -t 2; echo \$?; exit 4"' <~/fifo
status on a terminal @ P "sudo -n sh -c 'kill -TERM \$\$'" <~/fifo
end of input on it @ (sleep 0.7; printf 'abc\n'; sleep 0.5; printf '\004'; sleep 0.5) | P 'sudo -n cat'
its size @ P 'stty rows 33 cols 77; sudo -n stty size' <~/fifo
its size changes @ P 'stty rows 20 cols 70; (sleep 0.7; stty -F "$(tty </dev/tty)" rows 44 cols 99) & sudo -n sh -c "trap : WINCH; sleep 1.5 & wait; wait; stty size"; wait' <~/fifo
its modes @ P 'stty -echo -icrnl; sudo -n stty -a | grep -o -e "-echo " -e "-icrnl"; stty -a | grep -o -e "-echo " -e "-icrnl"' <~/fifo
raw @ P "sudo -n sh -c 'stty raw; exit 1'; stty -a | grep -o -e '-icanon'" <~/fifo
^C @ (sleep 0.7; printf '\003'; sleep 1) | P 'sudo -n sleep 9'
^C that is caught @ (sleep 0.7; printf '\003'; sleep 1) | P 'sudo -n sh -c "trap \"echo caught; exit 9\" INT; sleep 9 & wait"'
^\ @ (sleep 0.7; printf '\034'; sleep 1) | P 'ulimit -c 0; sudo -n sleep 9'
^Z and fg @ (sleep 0.7; printf '\032'; sleep 0.7; printf 'fg\n'; sleep 2) | P 'bash --norc --noediting -c "set -m; sudo -n sh -c \"sleep 1.2; echo on; exit 5\"; echo stopped \$?; read -r word; \$word >/dev/null; echo \$?"'
in its background @ P 'set -m; sudo -n sh -c "sleep 0.3; echo x; exit 6" & wait $!; echo $?' <~/fifo
it goes away @ timeout 1 script -qec "sudo -n sh -c 'trap \"touch /tmp/hung-up; exit\" HUP; sleep 5 & wait'" /dev/null <~/fifo; sleep 0.5; ls /tmp/hung-up
TABLE

cat >/tmp/rows <<'ROWS'
S='sudo -n'
P() { timeout 15 script -qec "$1" /dev/null | tr -d '\r'; return "${PIPESTATUS[0]}"; }
mkfifo ~/fifo
sleep 300 >~/fifo &
holder=$!
while IFS= read -r row <&3; do
	echo "== ${row%% @ *}"
	(eval "${row#* @ }") </dev/null 2>&1 3<&-
	echo "status $?"
	sudo -n rm -f /tmp/all-closed /tmp/hung-up
done 3</tmp/table | sed 's/^\(\/tmp\/rows: line [0-9]*:\) *[0-9]* /\1 PID /'
kill "$holder"
rm ~/fifo
ROWS
cat >/tmp/steps <<'STEPS'
for setting in pty no-pty logged; do
	for way in with without; do
		while [ ! -e "/srv/turn/$setting.$way" ]; do sleep 0.1; done
		bash /tmp/rows >"/srv/turn/out.$setting.$way" 2>&1
		touch "/srv/turn/done.$setting.$way"
	done
done
STEPS
chmod 0644 /tmp/table /tmp/rows /tmp/steps
mkdir -m 0777 /srv/turn

cp /etc/pam.d/sudo /tmp/sudo.pam
cp /etc/sudo.conf /tmp/sudo.conf
with() {
	cp /tmp/sudo.pam /etc/pam.d/sudo
	cp /tmp/sudo.pam /etc/pam.d/sudo-i
	cp /tmp/sudo.conf /etc/sudo.conf
}
without() {
	sed '/pam_agent\|pam_succeed_if/d; s/^@include common-\(auth\|account\|session.*\)/\1 required pam_permit.so/; s/^session-noninteractive/session/' \
		/tmp/sudo.pam | sed 's/^session-noninteractive /session /' >/etc/pam.d/sudo
	cp /etc/pam.d/sudo /etc/pam.d/sudo-i
	sed '/sudo_agent/d' /tmp/sudo.conf >/etc/sudo.conf
}
declare -A defaults=([pty]=use_pty [no-pty]='!use_pty' [logged]='use_pty, log_output, log_input')

credential all --tool host:login --tool host:sudo
SSH_TIMEOUT=380 agent all 'bash /tmp/steps' >/tmp/said 2>&1 &
steps_of() { grep -c '"step":"command"' "/tmp/records.$1" || true; }
run_by_sudo() { grep -c ' sudo: .* COMMAND=' "/tmp/told.$1" || true; }
said() { sed -n "/^== $1\$/,/^== /p" "/srv/turn/out.$setting.with"; }
for setting in pty no-pty logged; do
	story "$setting"
	echo "Defaults:agent-deploy ${defaults[$setting]}" >/etc/sudoers.d/zz-setting
	chmod 0440 /etc/sudoers.d/zz-setting
	for way in with without; do
		$way
		before=$(size_of "$DECISIONS") told=$(size_of "$SYSLOG")
		touch "/srv/turn/$setting.$way"
		expect_ok "$way: done" wait_until 100 test -e "/srv/turn/done.$setting.$way"
		tail -c "+$((before + 1))" "$DECISIONS" >"/tmp/records.$setting.$way"
		tail -c "+$((told + 1))" "$SYSLOG" >"/tmp/told.$setting.$way"
	done
	expect_output "exit status" '^status 7$' said 'exit status'
	expect_output "a signal" '^status 143$' said 'killed by TERM'
	expect_output "^C" 'status 130$' said '^C'
	expect_output "a size" '^44 99$' said 'its size changes'
	expect_ok "each row does the same" diff "/srv/turn/out.$setting.without" "/srv/turn/out.$setting.with"
	expect_output "without us nobody was asked" '^0$' steps_of "$setting.without"
	expect_output "with us nothing was refused" '^0$' sh -c "grep -vc '\"status_code\":\"permit\"' /tmp/records.$setting.with"
	expect_ok "and each command that sudo ran has its record" test "$(steps_of "$setting.with")" = "$(run_by_sudo "$setting.with")"
done
with
finish
