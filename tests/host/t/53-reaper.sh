#!/bin/bash
# What a session's sudo started, on a host without systemd: known by audit session, by cgroup, by descent. A daemon that a rule leaves
# to the host stays; any other is ended and named; an admin who shares everything with the agent but the uid notices nothing.
# timeout: 300
. "$TOP/tests/host/agent.sh"
agent_host
RUN=/run/pam_agent
install -m 0755 "$TOP/build/tests/host/echod" /usr/local/sbin/echod
cat >/usr/local/sbin/serve <<'SERVE'
#!/bin/sh
# As an init script does: away from the terminal, a child of nobody.
setsid -f /usr/local/sbin/echod 127.0.0.1 "$1" </dev/null >/dev/null 2>&1
SERVE
chmod 0755 /usr/local/sbin/serve
cat >/etc/pam_agent/conf.d/20-serve.conf <<CONF
policy "serve" {
    identities = { "spiffe://example.org/agent/*" }
    sudo { commands = { "/usr/local/sbin/serve 7001" }  leaves = "service" }
    sudo { commands = { "/usr/local/sbin/echod 127.0.0.1 7002" } }
}
CONF
must agentctl apply

ids() { ls "$RUN/session" 2>/dev/null || true; }
served() { echo hello | timeout 3 /usr/local/sbin/echod --ask 127.0.0.1 "$1" | grep -q hello; }
echod_of() { pgrep -f "^/usr/local/sbin/echod 127.0.0.1 $1\$"; }
all_gone() { [ -z "$(ids)" ] && no_process_of agent-deploy && ! pgrep -x guard >/dev/null; }
# session NAME SCRIPT: in the background, until it is ended; $id is its ID.
session() {
	credential "$1" --tool host:login --tool host:sudo
	SSH_TIMEOUT=100 agent "$1" "$2; exec sleep 801" >"/tmp/session.$1" 2>&1 &
	must wait_until 10 pgrep -f '^sleep 801$'
	id=$(ids)
}
known_by() { sed -n "s/^$1 //p" "$RUN/session/$id"; }

# daemons NAME: an agent starts one for the host and one for itself, and its task ends.
daemons() {
	# shellcheck disable=SC2016 # the agent's shell
	session "$1" 'sudo -n /usr/local/sbin/serve 7001; sudo -n /usr/local/sbin/echod 127.0.0.1 7002 & (setsid sudo -n /usr/bin/sleep 802 >/dev/null 2>&1 &)'
	expect_ok "$1: the host's daemon serves" wait_until 5 served 7001
	expect_ok "$1: the agent's, too" wait_until 5 served 7002
	must wait_until 5 pgrep -f '^/usr/bin/sleep 802$'
	SERVICE=$(echod_of 7001)
	own=$(echod_of 7002)
	must agentctl task complete "task-$1"
	expect_ok "$1: the session ends" wait_until 8 all_gone
	expect_fail "$1: with its daemon" echod_of 7002
	named "$1" "$own"
	expect_fail "$1: and what ran below sudo in a session of its own" pgrep -f '^/usr/bin/sleep 802$'
	expect_ok "$1: the admin, sshd and alice go on" people_go_on
}
service_stays() {
	expect_output "$1: the host's daemon goes on" "^$SERVICE\$" echod_of 7001
	must agentctl sweep
	session "$1-next" true
	expect_output "$1: no sweep and no later session counts it as the agent's" "^$SERVICE\$" echod_of 7001
	must agentctl task complete "task-$1-next"
	must wait_until 8 all_gone
	expect_ok "$1: and serves" served 7001
	must kill "$SERVICE"
}
named() { expect_log "$1: it is named" "\"step\":\"close\".*\"session\":\"$id\".*\"detail\":\"ended: .*echod\\($2\\)" "$DECISIONS"; }

# people: an admin's shell, sshd below it, and a login of alice.
people() {
	sleep 803 &
	ADMIN=$!
	SSH_TIMEOUT=250 as_human alice 'exec sleep 804' &
	must wait_until 10 pgrep -f '^sleep 804$'
}
people_go_on() {
	kill -0 "$ADMIN" && kill -0 "$SSHD_PID" && pgrep -f '^sleep 804$' && as_human alice 'sudo -n id -u' | grep -qx 0
}

story "by audit session"
people
session audit-is true
expect_fail "an audit session of its own" test "$(known_by audit)" = 4294967295
must agentctl task complete task-audit-is
must wait_until 8 all_gone
daemons audit
service_stays audit
# As most containers are: nobody may begin an audit session, and everybody is in the one of whoever started sshd.
story "by cgroup: one audit session holds everything"
stop_sshd
pkill -f '^sleep 80[34]$'
echo 0 >/proc/self/loginuid
sed -i '/pam_loginuid/d' /etc/pam.d/*
eval "$(declare -f start_sshd | sed 's/"\$sshd" -D/setpriv --bounding-set -audit_control "$sshd" -D/')"
start_sshd
people
# A session that shows how the next one is known.
session cgroup-is true
expect_ok "a cgroup of its own" test -d "$(known_by cgroup)"
expect_ok "and no audit session" test "$(known_by audit)" = 4294967295
must agentctl task complete task-cgroup-is
must wait_until 8 all_gone
daemons cgroup
service_stays cgroup
# pam_systemd, after us, takes the monitor along into a cgroup of its own.
# shellcheck disable=SC2016 # the agent's shell
session moved '(until [ -e /tmp/moved ]; do sleep 0.1; done; setsid sudo -n /usr/bin/sleep 802 &) >/dev/null 2>&1 & true'
nobody_in() {
	while read -r pid; do echo "$pid" >/sys/fs/cgroup/pids/cgroup.procs || true; done <"$1/cgroup.procs" 2>/dev/null
	! grep -q . "$1/cgroup.procs"
}
must wait_until 5 nobody_in "$(known_by cgroup)"
touch /tmp/moved
expect_ok "moved: a command of root" wait_until 5 pgrep -f '^/usr/bin/sleep 802$'
expect_fail "moved: no cgroup holds it" grep . "$(known_by cgroup)/cgroup.procs"
must agentctl task complete task-moved
expect_ok "moved: the session ends" wait_until 8 all_gone
expect_fail "moved: and what it started" pgrep -f '^/usr/bin/sleep 802$'
expect_ok "no cgroup is left" sh -c "! find /sys/fs/cgroup -name 'pam_agent-*' | grep ."

story "by cgroup of version 2"
unified=/sys/fs/cgroup/unified
if grep -q '^[0-9]*:pids:' /proc/self/cgroup && mkdir -p $unified && mount -t cgroup2 cgroup2 $unified 2>/dev/null; then
	session unified-is true
	expect_output "a cgroup of its own there" "^$unified/" known_by cgroup
	must agentctl task complete task-unified-is
	must wait_until 8 all_gone
	daemons unified
	service_stays unified
	expect_ok "none is left" sh -c "! find $unified -name 'pam_agent-*' | grep ."
	must umount $unified
else
	skip "pids is not of version 1, or no other can be mounted"
fi

story "by descent: no cgroup either, so that nothing can be left"
must mount -o remount,bind,ro /sys/fs/cgroup/pids
session descent-is true
expect_ok "nothing of its own" test "$(known_by cgroup)$(known_by audit)" = 4294967295
must agentctl task complete task-descent-is
must wait_until 8 all_gone
daemons descent
expect_fail "what the command itself started for the host ends, too" echod_of 7001
named descent "$SERVICE"
finish
