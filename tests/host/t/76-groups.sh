#!/bin/bash
# sudo -g: a rule is of the run-as user's own group, or of those that it names; a credential, too.
. "$TOP/tests/host/agent.sh"
agent_host
cat >/etc/pam_agent/conf.d/20-groups.conf <<CONF
policy "groups" {
    identities = { "$AGENT_ID" }
    sudo { run-as = { "root", "www-data" }  run-as-group = "adm"  commands = { "/usr/bin/id -gn", "/usr/bin/id -Gn" } }
    sudo { run-as-group = { "root", "adm" }  commands = { "/usr/bin/id -un" } }
    sudo { run-as = "www-data"  run-as-group = "www-data"  commands = { "/usr/bin/id -un" } }
    deny-sudo { run-as-group = "disk" }
}
CONF
must agentctl apply
# in_session NAME [options of issue]: runs /tmp/steps in a session of its own.
in_session() {
	local name=$1
	shift
	cat >/tmp/steps
	chmod 0644 /tmp/steps
	credential "$name" "$@"
	try agent "$name" 'sh /tmp/steps 2>&1' || true
	cp "$OUTPUT" /tmp/result
}
# said WHAT PATTERN: what /tmp/steps printed.
said() { expect_output "$1" "$2" cat /tmp/result; }
wide=(--tool host:login --tool host:sudo)

story "sudo's own rules, from the configuration"
expect_output "name the group" '^agent-deploy ALL=\(www-data : adm\) NOPASSWD: /usr/bin/id -gn$' \
	cat /etc/sudoers.d/pam_agent
expect_ok "which visudo understands" visudo -cf /etc/sudoers.d/pam_agent
in_session plain "${wide[@]}" <<'STEPS'
sudo -n -u www-data -g adm /usr/bin/id -gn; echo "group: $?"
sudo -n -u www-data /usr/bin/id -gn; echo "own group: $?"
sudo -n -u root -g root /usr/bin/id -un; echo "own group by name: $?"
STEPS
said "the group of the rule" '^group: 0'
said "is what it runs with" '^adm$'
said "sudo lets the own group through as well, and we do not" '^own group: 1'
said "a rule may name the own group" '^own group by name: 0'

# From here on sudo itself lets everything through: what is refused, pam_agent refuses.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide

story "exactly the group that a rule names"
in_session exact "${wide[@]}" <<'STEPS'
sudo -n -u root -g adm /usr/bin/id -gn; echo "root, adm: $?"
sudo -n -u www-data -g adm /usr/bin/id -Gn; echo "supplementary: $?"
sudo -n -u www-data -g '#4' /usr/bin/id -gn; echo "by gid: $?"
sudo -n -u www-data -g www-data /usr/bin/id -un; echo "own by name: $?"
sudo -n -u www-data /usr/bin/id -un; echo "own: $?"
sudo -n -u root -g shadow /usr/bin/id -gn; echo "another: $?"
sudo -n -u root -g root /usr/bin/id -gn; echo "own where it is not named: $?"
sudo -n -u root -g adm /usr/bin/id; echo "a rule without group: $?"
sudo -n -u root -g root /usr/bin/id >/dev/null; echo "a rule without group, the own by name: $?"
sudo -n -u root -g '#4711' /usr/bin/id; echo "nameless: $?"
STEPS
for what in 'root, adm' supplementary 'by gid' 'own by name' own 'a rule without group, the own by name'; do
	said "$what: permitted" "^$what: 0"
done
for what in another 'own where it is not named' 'a rule without group' nameless; do
	said "$what: refused" "^$what: 1"
done
said "nothing but www-data's own groups and the one asked for" '^adm www-data$'
said "what it needs is told with the group" '; needs host:sudo runas=root:shadow command=/usr/bin/id args=\["-gn"\]$'
expect_log "the record says the group, at the command" '"step":"command".*"run_as":"www-data:adm"' "$DECISIONS"
expect_log "and at the open" '"phase":"open".*"run_as":"www-data:adm"' "$DECISIONS"

story "forms of sudo"
in_session forms "${wide[@]}" <<'STEPS'
sudo -n -g adm /usr/bin/id -gn; echo "as oneself: $?"
sudo -n -P /usr/bin/id; echo "groups kept: $?"
sudo -n -P -u www-data -g adm /usr/bin/id -gn; echo "groups kept and a group: $?"
sudo -n -u www-data -g adm -b /usr/bin/id -gn >/tmp/background 2>&1; sleep 0.5; echo "asked"
sudo -n -u www-data -g adm -e /etc/passwd </dev/null; echo "sudoedit: $?"
sudo -n -u www-data -g disk /usr/bin/id -gn; echo "denied: $?"
STEPS
for what in 'as oneself' 'groups kept' 'groups kept and a group' sudoedit denied; do
	said "$what: refused" "^$what: 1"
done
expect_fail "sudo -b ran nothing" grep -qx adm /tmp/background
expect_log "the agent with another group is an agent" '"target_is_agent".*"run_as":"agent-deploy:adm"' "$DECISIONS"
expect_log "a group of disk is denied" '"denied_by_rule".*"run_as":"www-data:disk"' "$DECISIONS"
echo 'Defaults:agent-deploy preserve_groups' >/etc/sudoers.d/zzz-keep
in_session keep "${wide[@]}" <<'STEPS'
sudo -n /usr/bin/id; echo "kept by Defaults: $?"
STEPS
said "groups kept by a Defaults: refused" '^kept by Defaults: 1'
rm /etc/sudoers.d/zzz-keep
echo 'Defaults:agent-deploy stay_setuid' >/etc/sudoers.d/zzz-stay
in_session stay "${wide[@]}" <<'STEPS'
sudo -n -u www-data -g adm /usr/bin/id -gn; echo "real ids stay: $?"
STEPS
said "real ids of the caller's: refused" '^real ids stay: 1'
rm /etc/sudoers.d/zzz-stay

story "what a credential says of the user is of its own group"
in_session user --tool host:login --tool 'host:sudo runas=www-data command=/usr/bin/id args=*' <<'STEPS'
sudo -n -u www-data /usr/bin/id -un; echo "own: $?"
sudo -n -u www-data -g adm /usr/bin/id -gn; echo "group: $?"
STEPS
said "the user" '^own: 0'
said "no other group" '^group: 1'
expect_log "scope_exceeded" '"scope_exceeded".*"run_as":"www-data:adm"' "$DECISIONS"
in_session group --tool host:login --tool 'host:sudo runas=www-data:adm command=/usr/bin/id args=*' <<'STEPS'
sudo -n -u www-data -g adm /usr/bin/id -gn; echo "group: $?"
sudo -n -u www-data /usr/bin/id -un; echo "own: $?"
STEPS
said "user and group" '^group: 0'
said "not the user alone" '^own: 1'

story "what explain says"
explain() { agentctl explain --account agent-deploy --step command --purpose restart-web "$@"; }
expect_ok "a group that a rule names" explain --run-as www-data:adm --command '/usr/bin/id -gn'
expect_fail "the own one" explain --run-as www-data --command '/usr/bin/id -gn'
expect_output "misses the group" 'run-as-group' explain --run-as www-data:shadow --command '/usr/bin/id -gn'
expect_ok "the own one by name" explain --run-as root:root --command /usr/bin/id
gpasswd -a www-data adm >/dev/null 2>&1
usermod -g adm www-data
expect_ok "the own one is the host's to say" explain --run-as www-data --command '/usr/bin/id -gn'
usermod -g www-data www-data
expect_output "an agent" target_is_agent explain --run-as agent-other:adm --command /usr/bin/id
expect_output "identity show lists them" '"run_as_group": *\[' agentctl identity show agent-deploy --json
finish
