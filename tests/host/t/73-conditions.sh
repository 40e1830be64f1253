#!/bin/bash
# Which policies are of a session: by issuer, by principal, and by the labels of the host.
. "$TOP/tests/host/agent.sh"
agent_host
cat >/etc/pam_agent/conf.d/10-deploy.conf <<CONF
identity "agent-deploy" { id = "$AGENT_ID" }
policy "login" { identities = { "$AGENT_ID" }  max-logins = 9  login { } }
policy "local" { identities = { "$AGENT_ID" }  issuers = { "local" }  sudo { commands = { "/usr/bin/id -u" } } }
policy "ca" { identities = { "$AGENT_ID" }  issuers = { "local-ca" }  deny-sudo { } }
policy "alice" { identities = { "$AGENT_ID" }  principals = { "alice@*.org", "spiffe://example.org/user/*" }
	sudo { commands = { "/usr/bin/id -g" } } }
policy "prod" { identities = { "$AGENT_ID" }  requires = { "env=prod", "team=*" }  sudo { commands = { "/usr/bin/id -G" } } }
CONF
sed -i 's/^\( *max-logins *=\).*/\1 9/' /etc/pam_agent/agent.conf
must agentctl apply
# sudo itself would let everything through: what is refused below, pam_agent refuses.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
wide=(--tool host:login --tool host:sudo)
sudo_id() { agent "$1" "sudo -n /usr/bin/id $2"; }
listed() { grep -c '/usr/bin/id -G' /etc/sudoers.d/pam_agent; }
set_labels() {
	sed -i '/^ *labels/d; s/^host {.*/&\n    labels = '"$1"'/' /etc/pam_agent/agent.conf
	agentctl apply
}

story "whose credential it is"
credential nobody "${wide[@]}"
expect_output "the issuer's policy allows" '^0$' sudo_id nobody -u
expect_refused "and no other one" no_rule sudo_id nobody -g
expect_fail "a name that no issuer has" sh -c 'echo "policy \"x\" { identities = { \"'"$AGENT_ID"'\" }
	issuers = \"corp\" }" >/etc/pam_agent/conf.d/90-x.conf; agentctl apply'
expect_seen "is told with its place" '90-x.conf:2: issuers: there is no issuer "corp"'
rm /etc/pam_agent/conf.d/90-x.conf

story "on whose behalf"
for principal in alice@example.org spiffe://example.org/user/bob; do
	credential for --task "task-${principal##*/}" "${wide[@]}" --on-behalf-of "$principal"
	expect_output "for $principal" '^0$' sudo_id for -g
done
for principal in bob@example.org spiffe://example.org/user/bob/x; do
	credential for --task "task-not-${principal##*/}" "${wide[@]}" --on-behalf-of "$principal"
	expect_refused "not for $principal" no_rule sudo_id for -g
done
expect_log "the record says for whom, of a login" '"step":"open".*"principal":"spiffe://example.org/user/bob/x"' "$DECISIONS"
expect_log "and of a command" '"no_rule".*"step":"command".*"principal":"bob@example.org"' "$DECISIONS"
expect_output "why says it" '^  principal +spiffe://example.org/user/bob/x$' agentctl why \
	"$(jq -rR 'fromjson? | select(.unmapped.principal == "spiffe://example.org/user/bob/x") | .metadata.uid' "$DECISIONS" | tail -n 1)"
expect_fail "nothing, where it is for nobody" sh -c 'grep "task-nobody" "$1" | grep -q principal' sh "$DECISIONS"

story "on which host"
credential here "${wide[@]}"
expect_output "sudo's rules do not hold what this host does not meet" '^0$' listed
expect_refused "nor does policy" no_rule sudo_id here -G
expect_output "apply says so" '5 policies, 1 of them for other hosts' agentctl apply
expect_output "a check is silent about it" '5 policies, 2 issuers' agentctl apply --check
expect_ok "with one label of two" set_labels '{ "env=prod" }'
expect_output "it is the same" '^0$' listed
expect_refused "for policy, too" no_rule sudo_id here -G
expect_ok "with both" set_labels '{ "env=prod", "team=web" }'
expect_output "it is in force" '^0$' sudo_id here -G
expect_output "for sudo, too" '^1$' listed
expect_ok "without them again" set_labels '{ "env=test", "team=web" }'
expect_refused "it is not" no_rule sudo_id here -G
finish
