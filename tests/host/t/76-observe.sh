#!/bin/bash
# mode = "observe": agents go on as they did before, what would be refused is recorded; then policies, then the host, enforce.
. "$TOP/tests/host/agent.sh"
ROOTS='/usr/bin/id, /usr/bin/whoami, /usr/bin/test, /usr/bin/systemctl restart nginx, /usr/bin/cat /proc/self/loginuid'

# An agent as hosts have them today: an account of /etc/passwd with a key, a password, a line of sudo and something that runs.
install_project
human alice
echo 'alice ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice
human agent-deploy
sed -i '/^agent-deploy:/d' /etc/subuid /etc/subgid
groupadd agents
usermod -aG agents agent-deploy
echo "agent-deploy ALL=(root) NOPASSWD: $ROOTS" >/etc/sudoers.d/zz-agent
chmod 0440 /etc/sudoers.d/alice /etc/sudoers.d/zz-agent
echo todays >/home/agent-deploy/file
setsid setpriv --reuid agent-deploy --regid agent-deploy --clear-groups sleep 1000 </dev/null >/dev/null 2>&1 &
DAEMON=$!

must agentctl init --trust-domain "$TRUST_DOMAIN" --host-id "$HOST_ID"
sed -i 's/^host {.*/&\n    mode = "observe"/' /etc/pam_agent/agent.conf
other='identity "agent-other" { id = "spiffe://example.org/agent/other" }'
printf '%s\nidentity "agent-deploy" { id = "%s" }\n' "$other" "$AGENT_ID" >/etc/pam_agent/conf.d/10-deploy.conf
before=$(sshd -T -C user=agent-deploy,host=localhost,addr=127.0.0.1 | grep -v '^kbdinteractive')
story "a host that observes is enabled"
expect_ok "apply" agentctl apply
expect_status "--plain-keys has no meaning there" 1 agentctl enable --yes --plain-keys
expect_ok "enable" agentctl enable --yes
expect_seen "says what that means" "observes: what opens agents' accounts today opens them still"
expect_output "sudo's rules are its own" '^# The host observes' cat /etc/sudoers.d/pam_agent
expect_output "sshd asks for a credential and is else as it was" "^same\$" sh -c \
	"[ \"\$(sshd -T -C user=agent-deploy,host=localhost,addr=127.0.0.1 | grep -v '^kbdinteractive')\" = '$before' ] && echo same"
mkdir -p "$CREDENTIALS"
ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/key"
start_sshd

# expect_observed WHAT REASON PATTERN CMD...: it works, its output matches, and its record says that it would have been refused.
expect_observed() {
	local what=$1 reason=$2 pattern=$3 before
	shift 3
	before=$(size_of "$DECISIONS")
	expect_output "$what: done" "$pattern" "$@"
	LAST_COMMAND="$*"
	if tail -c "+$((before + 1))" "$DECISIONS" | grep "\"status_code\":\"$reason\"" | grep -q '"observed":true'; then
		pass "$what: $reason, observed"
	else
		fail "$what: $reason, observed"
	fi
}
by_password() {
	printf '#!/bin/sh\ncase $1 in *assword:*) echo "%s" ;; esac\n' "$(password_of agent-deploy)" >/tmp/askpass
	chmod 0755 /tmp/askpass
	AGENT_ASKPASS=/tmp/askpass agent_ssh agent-deploy "$@"
}

# A log that takes no record.
full() {
	mount -t tmpfs -o size=64k tmpfs /var/log/pam_agent && chmod 0700 /var/log/pam_agent
	head -c 60k /dev/zero >/var/log/pam_agent/junk
	cat /dev/zero >/var/log/pam_agent/more 2>/dev/null || true
}

story "agents go on as before"
expect_observed "a login by key" pending_missing '^agent-deploy$' as_human agent-deploy id -un
expect_observed "a login by password" credential_missing '^agent-deploy$' by_password id -un
expect_observed "sudo" session_not_found '^root$' as_human agent-deploy 'sudo -n /usr/bin/id -un'
expect_output "its record has the command" '"run_as":"root"' tail -n 3 "$DECISIONS"
expect_fail "what sudo refuses, it refuses" as_human agent-deploy 'sudo -n /usr/bin/ls'
expect_observed "root's su" not_an_agent_login '^agent-deploy$' su - agent-deploy -c 'id -un'
expect_observed "a human's sudo to it" target_is_agent '^agent-deploy$' as_human alice sudo -n -u agent-deploy id -un
printf 'account include common-account\nsession include common-session-noninteractive\n' >/etc/pam.d/cron
expect_observed "cron" not_an_agent_login 'management done' pamtester cron agent-deploy acct_mgmt
expect_ok "a sweep leaves what runs" agentctl sweep
expect_ok "it runs" kill -0 $DAEMON
expect_output "humans are humans" '^alice$' as_human alice id -un

story "a credential that policy takes"
cat >/etc/pam_agent/conf.d/10-deploy.conf <<CONF
$other
identity "agent-deploy" { id = "$AGENT_ID" }
policy "deploy" { identities = { "$AGENT_ID" }  max-logins = 9  max-denials = 1  login { }  sudo { commands = { "/usr/bin/id" } } }
CONF
sed -i 's/^\( *max-logins *=\).*/\1 9/' /etc/pam_agent/agent.conf
must agentctl apply
wide=(--tool host:login --tool host:sudo)
credential first "${wide[@]}"
expect_output "opens a session" '^agent-deploy$' agent first id -un
expect_output "which is permitted" '"status_code":"permit"' grep '"step":"open"' "$DECISIONS"
expect_observed "what no rule allows" no_rule '^root$' agent first 'sudo -n /usr/bin/id -un'
expect_ok "many times: the tripwire counts none of them" agent first 'for i in 1 2 3 4; do sudo -n /usr/bin/whoami || exit; done'
expect_output "the credential still opens" '^0$' agent first 'sudo -n /usr/bin/id -un >/dev/null; echo $?'
credential narrow --tool host:login
expect_observed "what the credential does not hold" scope_exceeded 'uid=0' agent narrow 'sudo -n /usr/bin/id'
expect_ok "the file of today is there" test -e /home/agent-deploy/file
expect_ok "and what runs" kill -0 $DAEMON
expect_output "explain says so" '^REFUSED: no_rule \(observed only\)' agentctl explain --account agent-deploy --step command \
	--command /usr/bin/whoami
expect_output "why, too" 'REFUSED: no_rule \(observed only\)' sh -c \
	"agentctl why \$(grep no_rule $DECISIONS | tail -n1 | jq -r .metadata.uid)"

story "suspended and stopped"
credential held "${wide[@]}"
agent held 'for i in $(seq 300); do sleep 0.1; echo $i >/tmp/ticks; done; echo on' >/tmp/held 2>&1 &
holding=$!
wait_until 10 test -s /tmp/ticks
stands() { local before; before=$(cat /tmp/ticks); sleep 1; [ "$(cat /tmp/ticks)" = "$before" ]; }
goes_on() { ! stands; }
state_of() { ps -o state= -p "$1"; }
expect_ok "a task is suspended" agentctl task suspend task-held
expect_ok "its session stands still" wait_until 5 stands
expect_output "what else runs in the account does not" '^S' state_of $DAEMON
expect_refused "its credential opens nothing meanwhile" task_suspended agent held id
expect_ok "and resumed" agentctl task resume task-held
expect_ok "it goes on" wait_until 5 goes_on
expect_ok "and every agent is stopped" agentctl stop
expect_ok "it stands still" wait_until 5 stands
expect_output "what else runs does not" '^S' state_of $DAEMON
expect_ok "and go on" agentctl go
expect_ok "it goes on" wait_until 5 goes_on
expect_ok "it is completed" agentctl task complete task-held
expect_ok "and ends" wait_until 6 sh -c "! kill -0 $holding"
expect_fail "not by itself" grep -x on /tmp/held

story "what apply compiled cannot be read"
cp -p /var/lib/pam_agent/policy.cdb /tmp/policy.cdb
truncate -s 100 /var/lib/pam_agent/policy.cdb
expect_status "a sweep does not know, and leaves all" 3 agentctl sweep
expect_ok "what runs" kill -0 $DAEMON
expect_fail "agents are refused" as_human agent-deploy id -un
expect_output "humans are not" '^alice$' as_human alice id -un
cp -p /tmp/policy.cdb /var/lib/pam_agent/policy.cdb

story "a session's time"
credential short "${wide[@]}" --ttl 5s
expect_output "goes on when it is over" '^on$' agent short 'sleep 8; sudo -n /usr/bin/id >/dev/null && echo on'
expect_output "which is recorded once" '^1$' sh -c \
	"grep '\"step\":\"recheck\"' $DECISIONS | grep session_expired | grep -c '\"observed\":true'"
expect_output "and so is a step after it" '"observed":true' grep 'session_expired.*"step":"command"' "$DECISIONS"

story "what somebody says of a task holds"
credential told "${wide[@]}"
agent told 'trap "" HUP TERM; sleep 30; echo on' >/tmp/told 2>&1 &
waiting=$!
wait_until 10 sh -c 'agentctl session list | grep -q task-told'
expect_ok "a task is completed" agentctl task complete task-told
expect_ok "its session ends" wait_until 6 sh -c '! kill -0 '$waiting
expect_fail "not by itself" grep -x on /tmp/told
expect_ok "what else runs in the account is spared" kill -0 $DAEMON
expect_ok "its files, too" test -e /home/agent-deploy/file
expect_refused "its credential opens nothing" task_completed agent told id -un
credential gone "${wide[@]}"
must agentctl revoke jti "$(claims_of gone | jq -r .jti)"
expect_refused "nor does one that was revoked" revoked agent gone id -un
expect_ok "every agent is stopped" agentctl stop
expect_refused "which holds for credentials" stopped agent first id -un
expect_output "and not for what has none" '^agent-deploy$' as_human agent-deploy id -un
must agentctl go

story "an identity that was removed"
cp /etc/pam_agent/conf.d/10-deploy.conf /tmp/10-deploy.conf
echo "$other" >/etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_refused "is an order, too" identity_disabled as_human agent-deploy id -un
full
expect_fail "where no record can be made as well" as_human agent-deploy id -un
must wait_until 5 umount /var/log/pam_agent # a guard may have it open for a moment
cp /tmp/10-deploy.conf /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
full
expect_output "else nothing is refused for want of a record" '^agent-deploy$' as_human agent-deploy id -un
must wait_until 5 umount /var/log/pam_agent # a guard may have it open for a moment

story "one policy is tried out on a host that enforces"
expect_output "apply tells what is left to do" '^host: mode enforce: .*agentctl enable' sh -c \
	"sed -i 's/mode = \"observe\"/mode = \"enforce\"/' /etc/pam_agent/agent.conf; agentctl apply"
expect_ok "enable closes what was open" agentctl enable --yes
expect_output "ssh opens to a credential alone" '^authorizedkeysfile none$' sshd -T -C user=agent-deploy,host=localhost,addr=127.0.0.1
stop_sshd
start_sshd
expect_ok "what ran without a session is ended" agentctl sweep
expect_fail "it is" kill -0 $DAEMON
sed -i 's/policy "deploy" {/& mode = "observe" /' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_fail "a key opens nothing" as_human agent-deploy id -un
expect_refused "a password neither" credential_missing by_password id
credential tried "${wide[@]}"
expect_output "a credential does" '^agent-deploy$' agent tried id -un
expect_observed "a step that its policy would refuse" no_rule '^root$' agent tried 'sudo -n /usr/bin/whoami'
cat >>/etc/pam_agent/conf.d/10-deploy.conf <<CONF
policy "service" { identities = { "$AGENT_ID" }  mode = "observe"
	sudo { commands = { "/usr/bin/systemctl restart nginx" }  leaves = "service" } }
CONF
must agentctl apply
expect_observed "a command that no rule lets leave" not_approved "^$(id -u agent-deploy)\$" \
	agent tried 'sudo -n -P /usr/bin/cat /proc/self/loginuid'
expect_refused "a stray is refused" session_not_found setpriv --reuid agent-deploy --regid agent-deploy --clear-groups sudo -n /usr/bin/id
credential apart "${wide[@]}" --task task-tried
echo "agent-deploy ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/zz-all
chmod 0440 /etc/sudoers.d/zz-all
expect_refused "another agent's account" target_is_agent agent apart 'sudo -n -u agent-other /usr/bin/id'
expect_refused "with groups kept" target_is_agent agent apart 'sudo -n -P -u agent-other /usr/bin/id'
expect_refused "with a variable" target_is_agent agent apart 'sudo -n -u agent-other TRICK=x /usr/bin/id'
expect_refused "by sudoedit" target_is_agent agent apart 'sudo -n -u agent-other -e /etc/hostname'
rm /etc/sudoers.d/zz-all
agent apart 'sleep 3; sudo -n /usr/bin/whoami; echo "status: $?"' >/tmp/unrecorded 2>&1 &
sleep 1.5
full
wait $! || true
must wait_until 5 umount /var/log/pam_agent # a guard may have it open for a moment
expect_output "no record, no step" '^status: 1' cat /tmp/unrecorded
expect_refused "su in a session, which no policy is about" service_refused agent tried 'su alice -c id </dev/null'
credential other "${wide[@]}" --task task-other
agent tried 'sleep 4' &
wait_until 5 sh -c 'agentctl session list | grep -q task-tried'
expect_refused "another task in a busy account" account_busy agent other id
wait $! || true
echo "policy \"all\" { identities = { \"spiffe://example.org/agent/*\" }  login { } }" >/etc/pam_agent/conf.d/20-all.conf
must agentctl apply
expect_refused "and where another policy enforces" no_rule agent tried 'sudo -n /usr/bin/whoami'
rm /etc/pam_agent/conf.d/20-all.conf

story "and then enforced"
sed -i 's/mode = "observe" //' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
credential last "${wide[@]}"
expect_output "what a rule allows" 'uid=0' agent last 'sudo -n /usr/bin/id'
expect_refused "nothing else" no_rule agent last 'sudo -n /usr/bin/whoami'
finish
