#!/bin/bash
# What an identity has of its own: groups, how long its old homes are kept, and who else may act in its accounts.
# timeout: 500
# waits: 1
. "$TOP/tests/host/agent.sh"

story "visits, and what they meet of tasks"
expect_ok "visits" "$TOP/${B:-build}/tests/host/visits"

agent_host
# identity [KEY = VALUE]...: the agent's, from now on.
identity() {
	sed -i "s|identity \"agent-deploy\" .*|identity \"agent-deploy\" { id = \"$AGENT_ID\" $* }|" \
		/etc/pam_agent/conf.d/10-deploy.conf
}
# live NAME [SCRIPT]: a session in the background; its pid is $session.
live() {
	credential "$1" --task "${TASK:-task-$1}"
	agent "$1" "${2:-echo up; sleep 771}" >"/tmp/session.$1" 2>&1 &
	session=$!
	must wait_until 10 grep -q '^up' "/tmp/session.$1"
}

story "groups"
install -d -m 0750 -g www-data /srv/site
echo public >/srv/site/page
chgrp www-data /srv/site/page
chmod 0640 /srv/site/page
credential none
expect_fail "without it the file is not read" agent none cat /srv/site/page
identity 'groups = { "www-data" }'
expect_output "apply says what is gained" '^identity agent-deploy gains: group www-data$' agentctl apply
expect_output "the host knows" '\(agents\).*\(www-data\)|\(www-data\).*\(agents\)' id agent-deploy
expect_output "the group lists no agent" '^www-data:x:33:$' getent group www-data
expect_output "identity show says so" 'may +group www-data' agentctl identity show agent-deploy
credential member
expect_output "a login has it" '\(www-data\)' agent member id
credential reader
expect_output "and reads the file" '^public$' agent reader cat /srv/site/page
credential sudoer
expect_fail "root behind sudo does not" agent sudoer "sudo -n /usr/bin/id | grep www-data"
expect_fail "others do not have it" grep -w www-data <(id agent-other)

story "groups that are refused"
for group in sudo shadow disk root agents; do
	identity "groups = { \"$group\" }"
	expect_output "$group" "10-deploy.conf:1: groups: .*: remove it" agentctl apply
done
identity 'groups = { "boss" }'
expect_output "one that is not there" '10-deploy.conf:1: groups: there is no group "boss" in /etc/group' agentctl apply
groupadd -o -g "$(getent group shadow | cut -d: -f3)" boss
expect_output "another name of shadow's gid" 'has the gid [0-9]+ of "shadow"' agentctl apply
expect_output "what is in force stays" '\(www-data\)' id agent-deploy

story "a group is taken away"
live taken
identity
expect_output "apply says so" '^identity agent-deploy loses: group www-data$' agentctl apply
expect_ok "the live session ends: what runs there has it still" wait_until 5 no_process_of agent-deploy
wait "$session" || true
expect_log "with its reason" '"status_code":"group_taken".*"step":"close"' "$DECISIONS"
credential after
expect_fail "the next login does not have it" agent after cat /srv/site/page
live same
expect_ok "an apply that takes none away" agentctl apply
expect_ok "ends nothing" pgrep -u agent-deploy -x sleep
must agentctl task complete task-same
wait "$session" || true

story "an account that identities.cdb does not have any more"
cp -p /var/lib/pam_agent/identities.cdb /tmp/before.cdb
echo 'identity "agent-late" { id = "spiffe://example.org/agent/late" }' >/etc/pam_agent/conf.d/30-late.conf
must agentctl apply
must agentctl issue --identity spiffe://example.org/agent/late --task task-late --purpose restart-web \
	--key "$CREDENTIALS/key.pub" --tool host:login
cp "$OUTPUT" "$CREDENTIALS/late"
ACCOUNT=agent-late agent late 'echo up; sleep 774' >/tmp/session.late 2>&1 &
session=$!
must wait_until 10 grep -q '^up' /tmp/session.late
cp -p /tmp/before.cdb /var/lib/pam_agent/identities.cdb
agentctl stop >/dev/null || true
agentctl go >/dev/null || true
expect_ok "its session ends" wait_until 5 sh -c '! pgrep -f "^sleep 774"'
expect_log "with its reason" '"status_code":"identity_disabled".*"step":"close"' "$DECISIONS"
wait "$session" || true
rm /etc/pam_agent/conf.d/30-late.conf
must agentctl apply

story "how long old homes are kept"
KEPT=/var/lib/agents/.kept
identity 'keep-home = "1h"'
must agentctl apply
expect_output "identity show says so" 'keep-home +1h' agentctl identity show agent-deploy
rm -rf "$KEPT"
for name in first second; do
	credential "$name"
	expect_ok "a task that leaves a home" agent "$name" true
done
expect_output "the first one is put away" '^agent-deploy-[0-9]+$' ls "$KEPT"
now=$(date +%s)
mkdir "$KEPT/agent-deploy-$((now - 3700))" "$KEPT/agent-deploy-2-$((now - 3700))" "$KEPT/agent-other-$((now - 3700))"
must agentctl sweep
expect_output "an older one of the identity is gone, others' stay" \
	"^agent-deploy-[0-9]{9,} agent-deploy-2-$((now - 3700)) agent-other-$((now - 3700))$" \
	sh -c "cd $KEPT && LC_ALL=C ls | paste -sd ' '"

story "human-use"
identity
must agentctl apply
uid=$(id -u agent-deploy)
visitor() { pgrep -u agent-deploy -x sleep; }
expect_refused "not by itself: root's su" not_an_agent_login su - agent-deploy -c id
expect_refused "nor a human's sudo" target_is_agent as_human alice sudo -n -u agent-deploy id
identity 'human-use = true'
expect_output "apply says so" "^identity agent-deploy gains: use by humans" agentctl apply
expect_output "identity show, too" "may +use by humans" agentctl identity show agent-deploy
expect_output "root's su" "^$uid$" su - agent-deploy -c 'id -u'
expect_log "with its rule" "\"status_code\":\"permit\".*\"step\":\"open\".*human-use" "$DECISIONS"
expect_output "a human's sudo -u" "^$uid$" as_human alice sudo -n -u agent-deploy id -u
expect_output "and sudo -i" "^$uid$" as_human alice sudo -n -i -u agent-deploy id -u
expect_output "the reference explains itself" 'human-use' agentctl why \
	"$(grep human-use "$DECISIONS" | tail -n 1 | jq -r .metadata.uid)"
expect_refused "another group" target_is_agent as_human alice sudo -n -u agent-deploy -g www-data id
expect_refused "sudoedit" target_is_agent as_human alice sudo -n -e -u agent-deploy /tmp/file
expect_fail "a human's su" su alice -c 'echo x | su agent-deploy -c id'
expect_refused "another account" not_an_agent_login su - agent-other -c id
for service in login sshd cron systemd-user; do
	[ -f "/etc/pam.d/$service" ] ||
		printf 'account include common-account\nsession include common-session-noninteractive\n' >"/etc/pam.d/$service"
	expect_fail "service $service: refused" pamtester "$service" agent-deploy open_session
done
expect_refused "sudo of what runs there: it is in no session" session_not_found su - agent-deploy -c 'sudo -n /usr/bin/id'

story "a sweep leaves visitors alone, and what they leave not"
su - agent-deploy -c 'sleep 771' 2>/dev/null &
visit=$!
must wait_until 5 visitor
must agentctl sweep
expect_ok "it lives" visitor
su - agent-deploy -c 'sleep 772' 2>/dev/null &
second=$!
must wait_until 5 pgrep -f '^sleep 772'
expect_ok "beside a second one" pgrep -u agent-deploy -f '^sleep 771'
kill "$second" "$visit"
wait "$second" "$visit" || true
su - agent-deploy -c 'setsid sleep 773 >/dev/null 2>&1 &'
expect_ok "what is left" wait_until 3 pgrep -u agent-deploy -f '^sleep 773'
must agentctl sweep
expect_ok "is gone" no_process_of agent-deploy
su - agent-deploy -c 'sleep 771' 2>/dev/null &
visit=$!
must wait_until 5 visitor
identity
must agentctl apply
must agentctl sweep
expect_ok "so is who is let no more" wait_until 3 no_process_of agent-deploy
expect_fail "with his su" kill -0 "$visit"
wait "$visit" || true
identity 'human-use = true'
must agentctl apply

story "an agent's login ends visits"
su - agent-deploy -c 'touch /tmp/of-the-human; trap "" TERM HUP; while :; do sleep 771; done' 2>/dev/null &
visit=$!
must wait_until 5 visitor
live ender 'touch ~/of-the-agent; echo up; pgrep -u agent-deploy -x sleep || echo alone; test -e /tmp/of-the-human || echo nothing; until test -e /tmp/go-on; do sleep 0.2; done'
expect_output "it finds nobody" '^alone' cat /tmp/session.ender
expect_output "nor what he left" '^nothing' cat /tmp/session.ender
expect_fail "his su is gone" kill -0 "$visit"
wait "$visit" || true
expect_refused "root's su meanwhile" account_busy su - agent-deploy -c id
expect_refused "a human's sudo" account_busy as_human alice sudo -n -u agent-deploy id
expect_ok "the session is as it was" kill -0 "$session"
touch /tmp/go-on
wait "$session" || true
must wait_until 8 no_process_of agent-deploy
expect_output "once it is closed the account is cleared for root" '^nothing$' su - agent-deploy -c 'cat ~/of-the-agent || echo nothing'

story "no way for agents"
cat >/etc/pam_agent/conf.d/20-free.conf <<CONF
policy "free" {
    identities = { "$AGENT_ID" }
    sudo { any-command = true  may-exec = true }
    sudo { run-as = "alice"  any-command = true  may-exec = true }
}
CONF
sed -i 's|identity "agent-other" .*|identity "agent-other" { id = "spiffe://example.org/agent/other"  human-use = true }|' \
	/etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
expect_ok "root may visit the other" su - agent-other -c true
credential inside --tool host:login --tool host:sudo
cat >/tmp/inside <<'STEPS'
su - agent-other -c id </dev/null; echo "su: $?"
su - agent-deploy -c id </dev/null; echo "su to itself: $?"
sudo -n -u agent-other id; echo "sudo: $?"
sudo -n su - agent-other -c id; echo "root's su: $?"
sudo -n sh -c 'setsid sh -c "sleep 1; su - agent-other -c id; echo an orphan of root: \$?" &'; sleep 3
sudo -n setsid -w su - agent-other -c id; echo "root's su, elsewhere: $?"
sudo -n sudo -n -u agent-other id; echo "root's sudo: $?"
sudo -n su - agent-deploy -c id; echo "root's su to itself: $?"
sudo -n -u alice sudo -n -u agent-other id; echo "alice's sudo: $?"
sudo -n sh -c 'echo 4294967295 >/proc/self/loginuid; exec su - agent-other -c id'; echo "root's su without a login uid: $?"
sudo -n sh -c 'echo 4294967295 >/proc/self/loginuid; su - agent-other -c id; echo "root without a login uid: $?"'
sudo -n -u alice setsid -w sudo -n -u agent-other id; echo "alice's sudo, elsewhere: $?"
STEPS
chmod 0644 /tmp/inside
try agent inside 'sh /tmp/inside 2>&1' || true
cp "$OUTPUT" /tmp/result.inside
expect_output "twelve were tried" '^12$' grep -c ': [0-9]*$' /tmp/result.inside
for way in "su" "su to itself" "sudo" "root's su" "an orphan of root" "root's su, elsewhere" "root's sudo" "root's su to itself" \
	"alice's sudo" "root's su without a login uid" "root without a login uid" \
	"alice's sudo, elsewhere"; do
	expect_output "$way: refused" "^$way: [1-9]" cat /tmp/result.inside
done
expect_fail "none got in" grep -q '^uid=.*agent-other' /tmp/result.inside
must agentctl task complete task-inside
rm /etc/pam_agent/conf.d/20-free.conf

story "unattended"
identity
must agentctl apply
# as_cron PHASE [COMMAND]: what cron asks, by a process that has begun with it.
as_cron() { pamtester cron agent-deploy "${1:-open_session}"; }
cleared_before() { touch -d "-$1 seconds" "/run/pam_agent/used/$uid.lock"; }
expect_refused "not by itself" not_an_agent_login as_cron
identity 'unattended = { "cron" }'
expect_output "apply says so" '^identity agent-deploy gains: unattended use by cron$' agentctl apply
must agentctl sweep
cleared_before 600
expect_ok "cron may" as_cron
expect_log "with its rule" '"status_code":"permit".*"step":"open","service":"cron".*"rule":"unattended"' "$DECISIONS"
expect_ok "in account, too" as_cron acct_mgmt
expect_refused "with a password nobody" not_an_agent_login as_cron authenticate
expect_refused "no other service" not_an_agent_login pamtester atd agent-deploy open_session
expect_refused "no human" not_an_agent_login su - agent-deploy -c id
expect_refused "by sudo neither" target_is_agent as_human alice sudo -n -u agent-deploy id
expect_refused "no other account" not_an_agent_login pamtester cron agent-other open_session
for other in '"sshd"' '"su"' '"cron", "login"'; do
	identity "unattended = { $other }"
	expect_output "unattended = $other is a mistake" '10-deploy.conf:1: unattended: .* is not valid' agentctl apply
done
identity 'unattended = { "cron" }  home = "keep"'
expect_output "what agents leave is never run" '10-deploy.conf:1: unattended: with home = "keep"' agentctl apply
identity 'unattended = { "cron" }'

story "a job of the administrator"
cat >/etc/cron.d/job <<-CRON
	* * * * * agent-deploy id -u >>/tmp/job-ran; sleep 771
CRON
touch /tmp/job-ran /tmp/own-ran
chmod 0666 /tmp/job-ran /tmp/own-ran
cron -f &
cron=$!
expect_ok "it runs" wait_until 70 pgrep -u agent-deploy -x sleep
expect_output "as the account" "^$uid$" cat /tmp/job-ran
must agentctl sweep
expect_ok "a sweep leaves it alone" pgrep -u agent-deploy -x sleep

story "the agent's own job"
live cronjob 'echo "* * * * * id >>/tmp/own-ran" | crontab - && crontab -l && echo up; until test -e /tmp/go-cronjob; do sleep 0.2; done'
expect_output "it has a crontab" 'own-ran' cat /tmp/session.cronjob
expect_fail "the administrator's job was ended" pgrep -u agent-deploy -f 'sleep 771'
expect_refused "while the session lives: nobody" account_busy as_cron
touch /tmp/go-cronjob
wait "$session" || true
expect_refused "nor after it, before the task is over" account_busy as_cron
before=$(size_of "$DECISIONS")
refused_by_cron() { tail -c "+$((before + 1))" "$DECISIONS" | grep -q '"status_code":"account_busy".*"service":"cron"'; }
expect_ok "cron itself is refused" wait_until 70 refused_by_cron
(sleep 4; exec pamtester cron agent-deploy open_session) >/tmp/early 2>&1 &
early=$!
must agentctl task complete task-cronjob
wait_until 5 test ! -e /var/spool/cron/crontabs/agent-deploy || agentctl sweep
expect_ok "its crontab goes with the task" test ! -e /var/spool/cron/crontabs/agent-deploy
expect_refused "what cron may have read before does not run" account_busy as_cron
wait "$early" && early=0 || early=$?
expect_ok "nor what began before" [ "$early" != 0 ]
cleared_before 182
expect_ok "three minutes later cron may" as_cron
expect_fail "but what began before they were over" sh -c 'sleep 4; touch -d "-182 seconds" /run/pam_agent/used/'"$uid"'.lock; exec pamtester cron agent-deploy open_session'
cleared_before 600
: >/tmp/job-ran
expect_ok "the administrator's job runs again" wait_until 70 grep -q . /tmp/job-ran
expect_output "the agent's has never" '^0$' size_of /tmp/own-ran
live last 'echo up; sleep 775'
expect_fail "another login ends it" pgrep -u agent-deploy -f '^sleep 771'
kill "$cron"
finish
