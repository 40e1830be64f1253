#!/bin/bash
# policy suggest: what observed agents did becomes policies that permit the same and nothing else.
# timeout: 300
. "$TOP/tests/host/agent.sh"
wide=(--tool host:login --tool host:sudo)
conf=/etc/pam_agent/conf.d

# An agent as hosts have them today, with a key; two that have credentials; sudo lets each of them do anything.
OTHERS=0
human agent-old
sed -i '/^agent-old:/d' /etc/subuid /etc/subgid
groupadd agents
usermod -aG agents agent-old
agent_host
printf 'agent-%s ALL=(ALL) NOPASSWD: ALL\n' old deploy other >/etc/sudoers.d/zz-agents
chmod 0440 /etc/sudoers.d/zz-agents
echo 'identity "agent-old" { id = "spiffe://example.org/agent/old" }' >/etc/pam_agent/conf.d/20-old.conf
sed -i 's,127.0.0.0/8,192.0.2.0/24,; /^ *sudo /d' /etc/pam_agent/conf.d/10-deploy.conf

# host_mode MODE: of the host, from now on.
host_mode() {
	sed -i '/^ *mode *=/d; s/^host {.*/&\n    mode = "'"$1"'"/' /etc/pam_agent/agent.conf
	must agentctl apply
	must agentctl enable --yes
	stop_sshd
	start_sshd
}

as_old() { as_human agent-old "$@"; }
as_other() {
	AGENT_ID=spiffe://example.org/agent/other credential "other$((++OTHERS))" "${wide[@]}"
	ACCOUNT=agent-other agent "other$OTHERS" "$@"
}

story "what was refused in earnest"
must agentctl apply
credential early
expect_refused "a login from elsewhere" no_rule agent early id
expect_output "is no suggestion" 'nothing to add. No refusal was observed' agentctl policy suggest
expect_fail "nor is it for who is not root" as_human alice /usr/local/sbin/agentctl policy suggest
expect_seen "who is told so" 'policy suggest needs root'
expect_status "an account that is nobody's" 1 agentctl policy suggest --account alice
expect_seen "is told to be none" 'no identity is configured for this account'
expect_status "a time without a unit" 2 agentctl policy suggest --since 7

story "an agent without a credential is observed"
host_mode observe
expect_output "it runs what it runs" '^root$' as_old 'sudo -n /usr/bin/id -un'
expect_output "twice" '^root$' as_old 'sudo -n /usr/bin/id -un'
expect_ok "suggestions" agentctl policy suggest --account agent-old
expect_seen "for it" '^policy "suggested-agent-old" \{$'
expect_seen "for every purpose, which a comment tells" '^    # No purpose was told'
expect_seen "from where it came" '^            "127.0.0.1"$'
expect_seen "what it ran" '^            "/usr/bin/id -un"$'
expect_seen "as whom" '^        run-as   = "root"$'
expect_seen "how often" '^            # used 2 times, last 20..-..-.. ..:.. UTC$'
expect_seen "and what no rule is about" '^#   2 commands: session_not_found, '

story "agents with credentials are observed"
credential first "${wide[@]}"
expect_fail "a login is left to others, of whom none opens it" agent first id
expect_fail "nor another one" as_other id
expect_ok "suggestions" agentctl policy suggest
cp "$OUTPUT" $conf/50-logins.conf
expect_seen "for its purpose" '^    purposes   = \{ "restart-web" \}$'
expect_seen "and issuer" '^    issuers    = \{ "local" \}$'
expect_output "apply takes the file as it is" 'gains: login by sshd \(from 127.0.0.1; for restart-web; by issuer local\)' \
	agentctl apply
expect_ok "a session" agent first 'sudo -n /usr/bin/uptime -p && sudo -n /usr/bin/uptime -p && sudo -n -u www-data /usr/bin/id -u'
expect_ok "suggestions" agentctl policy suggest --account agent-deploy
cp "$OUTPUT" $conf/50-suggested.conf
expect_seen "under another name" '^policy "suggested-agent-deploy.2" \{$'
expect_output "apply takes them, too" '^identity agent-deploy gains: sudo as root: /usr/bin/uptime -p \(for restart-web; by issuer local\)$' \
	agentctl apply --check
cat >/tmp/cases <<-CASES
	case "from here" { account = "agent-deploy"  step = "login"  purpose = "restart-web"  issuer = "local"  from = "127.0.0.1"  expect = "permit" }
	case "from elsewhere" { account = "agent-deploy"  step = "login"  purpose = "restart-web"  issuer = "local"  from = "127.0.0.2"  expect = "deny:no_rule" }
	case "what it ran" { account = "agent-deploy"  step = "command"  purpose = "restart-web"  issuer = "local"  command = "/usr/bin/uptime -p"  expect = "permit" }
	case "as somebody else" { account = "agent-deploy"  step = "command"  purpose = "restart-web"  issuer = "local"  run-as = "www-data"  command = "/usr/bin/uptime -p"  expect = "deny:no_rule" }
CASES
expect_output "policy test does" '^4 passed, 0 failed; 2 of [0-9]+ rules reached$' agentctl policy test /tmp/cases

story "what an agent makes up"
odd='a,b:c=d#e!f[g]^h~i@j%k&l(m)n;o|p<q>r'"'"'s`t+u-v{w}'
expect_ok "an odd word" as_other "sudo -n /usr/bin/echo '$(printf %s "$odd" | sed "s/'/'\\\\''/g")'"
expect_seen "is the argument" '^a,b:c=d#e!f'
# shellcheck disable=SC2016
as_other 'for word in "*" "a b" "" "\"" "\\" "\${PATH}" "$(printf "\n}\npolicy \"evil\" { identities = { \"spiffe://example.org/*\" }  sudo { any-command = true } }\n#")" "$(printf "\303\244")"; do
	sudo -n /usr/bin/echo "$word"; done; sudo -n /usr/bin/find / -maxdepth 0 -exec /usr/bin/id {} +; sudo -n /usr/bin/head -n 0 /tmp/x' >/dev/null 2>&1 || true
expect_ok "suggestions" agentctl policy suggest --account agent-other
cp "$OUTPUT" $conf/60-other.conf
expect_output "one command is one" '^1$' grep -c '^            "/usr' $conf/60-other.conf
expect_output "eight are none that a rule can say" '^8$' grep -c 'no rule says exactly this' $conf/60-other.conf
expect_output "one is an escape" '^    # left out: sudo as root: /usr/bin/find / -maxdepth 0 -exec /usr/bin/id \{\} \+$' cat $conf/60-other.conf
expect_seen "which is told" 'can run or write what its caller likes'
expect_seen "one reads what agents may write" 'agents may write to /tmp'
expect_output "nothing is made up of it" '^0$' grep -c '^policy "evil"' $conf/60-other.conf

story "enforced"
host_mode enforce
expect_output "sudo has the odd word" '/usr/bin/echo a' cat /etc/sudoers.d/pam_agent
rm /etc/sudoers.d/zz-agents
credential second "${wide[@]}"
expect_output "what it ran is permitted" '^up ' agent second 'sudo -n /usr/bin/uptime -p'
credential third "${wide[@]}"
expect_output "as whom it ran it" '^33$' agent third 'sudo -n -u www-data /usr/bin/id -u'
credential fourth "${wide[@]}"
expect_fail "not as somebody else" agent fourth 'sudo -n /usr/bin/id -u'
credential fifth "${wide[@]}"
expect_fail "nor a word less" agent fifth 'sudo -n /usr/bin/uptime'
expect_ok "the odd word" as_other "sudo -n /usr/bin/echo '$(printf %s "$odd" | sed "s/'/'\\\\''/g")'"
expect_seen "is the argument still" '^a,b:c=d#e!f'
expect_fail "not another one" as_other 'sudo -n /usr/bin/echo a'
expect_output "there is nothing to add" '^# From .agentctl policy suggest.: nothing to add. Of what' agentctl policy suggest --account agent-deploy
expect_ok "nor for the other one" agentctl policy suggest --account agent-other
expect_output "but what is left out" '^0$' grep -c '^policy' "$OUTPUT"

story "one policy is observed on a host that enforces"
echo 'agent-deploy ALL=(root) NOPASSWD: /usr/bin/df, /usr/bin/nproc' >/etc/sudoers.d/zz-agents
chmod 0440 /etc/sudoers.d/zz-agents
cat >$conf/70-report.conf <<-CONF
	policy "report" { identities = { "$AGENT_ID" }  purposes = { "report" }  mode = "observe"  login { } }
CONF
must agentctl apply
credential report "${wide[@]}" --purpose report
expect_ok "what no rule allows" agent report 'sudo -n /usr/bin/df -h'
expect_ok "suggestions" agentctl policy suggest --account agent-deploy
cp "$OUTPUT" $conf/71-report.conf
expect_seen "for this purpose" '^    purposes   = \{ "report" \}$'
expect_output "are one command" '^1$' grep -c '^            "/' $conf/71-report.conf
must agentctl apply
credential report2 "${wide[@]}" --purpose report
expect_ok "it is permitted" agent report2 'sudo -n /usr/bin/df -h'
credential report3 "${wide[@]}" --purpose report
expect_refused "and nothing else any more" no_rule agent report3 'sudo -n /usr/bin/nproc'
finish
