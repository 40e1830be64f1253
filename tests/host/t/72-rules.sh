#!/bin/bash
# Conditions of rules: groups of commands, where the login came from, windows of time.
. "$TOP/tests/host/agent.sh"
agent_host
wide=(--tool host:login --tool host:sudo)

# rules LINE...: what stands beside the login rule of the policy, from now on.
rules() {
	rules_with_login 'login { }' "$@"
}

# rules_with_login LOGIN-RULES LINE...
rules_with_login() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		policy "deploy" {
		    identities = { "$AGENT_ID" }
		    $(printf '%s\n' "$@")
		}
	CONF
	must agentctl apply
}

# in_session NAME CMD: runs it in a session of its own.
in_session() {
	credential "$1" "${wide[@]}"
	agent "$1" "$2"
}

story "groups of commands"
echo 'commands "look" { list = { "/usr/bin/id -u", "/usr/bin/test -e *" } }' >/etc/pam_agent/conf.d/20-groups.conf
rules 'sudo { use = { "look" }  commands = { "/usr/bin/id -g" } }'
expect_ok "sudo has them" grep -q '^agent-deploy ALL=(root) NOPASSWD: /usr/bin/test -e \*$' /etc/sudoers.d/pam_agent
expect_output "one of the group runs" '^0$' in_session group 'sudo -n /usr/bin/id -u'
expect_output "one of the rule itself runs" '^0$' in_session beside 'sudo -n /usr/bin/id -g'
expect_fail "another one does not" in_session another 'sudo -n /usr/bin/id -n'
rules 'sudo { any-command = true }' 'deny-sudo { use = { "look" } }'
expect_refused "a group that is denied" denied_by_rule in_session denied 'sudo -n /usr/bin/id -u'
expect_output "others run" '^root$' in_session others 'sudo -n /usr/bin/id -un'
sed -i 's/"look" }/"lok" }/' /etc/pam_agent/conf.d/10-deploy.conf
expect_fail "a name that is no group's" agentctl apply
expect_seen "is told where it stands" 'conf.d/10-deploy.conf:6: use: there is no commands "lok"'
rm /etc/pam_agent/conf.d/20-groups.conf

story "where the login came from"
rules 'sudo { commands = { "/usr/bin/id -u" }  from = { "127.0.0.0/8" } }' \
	'sudo { commands = { "/usr/bin/id -g" }  from = { "10.0.0.0/8" } }' \
	'deny-sudo { run-as = "www-data"  from = { "127.0.0.1" } }' \
	'sudo { run-as = { "www-data", "backup" }  commands = { "/usr/bin/id -u" } }'
expect_output "from here" '^0$' in_session here 'sudo -n /usr/bin/id -u'
expect_refused "from elsewhere" no_rule in_session elsewhere 'sudo -n /usr/bin/id -g'
expect_refused "denied from here" denied_by_rule in_session denied2 'sudo -n -u www-data /usr/bin/id -u'
expect_output "what is not denied" '^34$' in_session backup 'sudo -n -u backup /usr/bin/id -u'
expect_output "what the agent says of it does not count" '^1$' \
	in_session forged 'SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22" sudo -n /usr/bin/id -g >/dev/null 2>&1; echo $?'
# window FROM TO [ZONE]: of today's clock, each so many minutes from now.
window() {
	local zone=${3:-UTC}
	echo "$(TZ=$zone date -d "$1 minutes" +%H:%M)-$(TZ=$zone date -d "$2 minutes" +%H:%M) $zone"
}

# day_window FROM TO ZONE: the same with the days of the week.
day_window() {
	local from to
	from=$(LC_ALL=C TZ=$3 date -d "$1 minutes" +'%a %H:%M')
	to=$(LC_ALL=C TZ=$3 date -d "$2 minutes" +'%a %H:%M')
	echo "${from,}-${to,} $3"
}

story "windows of login"
rules_with_login "login { window = \"$(window -10 20)\" }" 'sudo { commands = { "/usr/bin/id -u" } }'
expect_output "within" '^0$' in_session inside 'sudo -n /usr/bin/id -u'
rules_with_login "login { window = \"$(window 20 30)\" }"
expect_refused "before it" no_rule in_session before id
rules_with_login "login { window = { \"$(window 20 30)\", \"$(window -10 20 Asia/Kathmandu)\" } }"
expect_output "within one of two, by the clock of Kathmandu" '^agent-deploy$' in_session kathmandu 'id -un'
rules_with_login "login { window = \"$(day_window -10 20 Australia/Melbourne)\" }"
expect_output "within one of the week, in Melbourne" '^agent-deploy$' in_session week 'id -un'
rules_with_login "login { window = \"$(day_window 20 -10 Australia/Melbourne)\" }"
expect_refused "not in the rest of the week" no_rule in_session rest id
rules_with_login 'login { }' "deny-login { window = \"$(window -10 20)\" }"
expect_refused "within one that denies" denied_by_rule in_session denying id
rules_with_login 'login { }' "deny-login { window = \"$(window 20 30)\" }"
expect_output "outside of it" '^agent-deploy$' in_session allowing 'id -un'

story "windows of sudo, step by step"
rules "sudo { commands = { \"/usr/bin/id -u\" }  window = \"$(window -10 20)\" }" \
	"sudo { commands = { \"/usr/bin/id -g\" }  window = \"$(window 20 30)\" }" \
	'sudo { commands = { "/usr/bin/id -G" } }' \
	"deny-sudo { commands = { \"/usr/bin/id -G\" }  window = \"$(day_window -10 20 Europe/Berlin)\" }"
expect_output "within" '^0$' in_session sudo 'sudo -n /usr/bin/id -u'
expect_refused "outside" no_rule in_session outside 'sudo -n /usr/bin/id -g'
expect_refused "within one that denies" denied_by_rule in_session sudo-deny 'sudo -n /usr/bin/id -G'

story "a session goes on when its window is over"
rules_with_login "login { window = \"$(window -10 20)\" }" \
	"sudo { commands = { \"/usr/bin/id -u\" }  window = \"$(window -10 20)\" }"
credential long "${wide[@]}"
(agent long 'exec 2>&1; sudo -n /usr/bin/id -u; touch /tmp/began; while [ ! -e /tmp/over ]; do sleep 0.1; done
	sudo -n /usr/bin/id -u; echo "sudo: $?"; echo "still here"' >/tmp/long 2>&1; echo "end: $?" >>/tmp/long) &
expect_ok "it begins" wait_until 10 test -e /tmp/began
expect_ok "and has sudo" grep -qx 0 /tmp/long
rules_with_login "login { window = \"$(window -40 -20)\" }" "deny-login { window = \"$(window -10 20)\" }" \
	"sudo { commands = { \"/usr/bin/id -u\" }  window = \"$(window -40 -20)\" }"
cp "$OUTPUT" /tmp/applied
expect_fail "apply, which asks each session again, ends none" grep -q '^ended' /tmp/applied
touch /tmp/over
expect_ok "it ends by itself" wait_until 10 grep -qx 'end: 0' /tmp/long
expect_output "it goes on" '^still here$' cat /tmp/long
expect_output "without sudo" '^sudo: 1$' cat /tmp/long
expect_log "for want of a rule" '"status_code":"no_rule".*"step":"sudo"' "$DECISIONS"
expect_refused "nor is there a new login" denied_by_rule in_session late id

story "a zone with a typo"
printf 'policy "typo" {\n identities = { "%s" }\n login { window = "08:00-17:00 Europe/Berln" } }\n' "$AGENT_ID" \
	>/etc/pam_agent/conf.d/30-typo.conf
expect_fail "is not taken for UTC" agentctl apply
expect_seen "but told where it stands" 'conf.d/30-typo.conf:3: window: there is no time zone "Europe/Berln"'

story "units that agents may write"
rm /etc/pam_agent/conf.d/30-typo.conf
unit=/etc/systemd/system/site.service
printf 'policy "unit" { identities = { "%s" }  sudo { commands = { "/usr/bin/systemctl restart site" } } }\n' "$AGENT_ID" \
	>/etc/pam_agent/conf.d/90-unit.conf
install -D -m 0644 /dev/null $unit
expect_ok "one of root's" agentctl apply
chown agent-deploy $unit
expect_fail "one of an agent's" agentctl apply
expect_seen "is told" "90-unit.conf:1: commands: \"$unit\": agents may write to $unit: take that"
chown root $unit
install -D -m 0666 /dev/null $unit.d/override.conf
expect_fail "a drop-in that everybody may write" agentctl apply
expect_seen "is told, too" "agents may write to $unit.d/override.conf"
rm $unit.d/override.conf
chmod 0777 $unit.d
expect_fail "a directory for drop-ins" agentctl apply
chmod 0755 $unit.d
sed -i 's#/usr/bin/systemctl restart site#/usr/bin/systemctl restart s*#' /etc/pam_agent/conf.d/90-unit.conf
expect_ok "a pattern" agentctl apply
chown agent-deploy $unit
expect_fail "that means it" agentctl apply
rm /etc/pam_agent/conf.d/90-unit.conf
finish
