#!/bin/bash
# The policies of the cookbook: each decides as its cases say, every rule is reached, and apply takes them all.
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"
install_project
expect_ok "init" agentctl init --trust-domain example.org
examples=/usr/local/share/pam_agent/examples/policies

story "what a recipe needs of the host"
cp "$examples/db-maintenance.conf" /etc/pam_agent/conf.d/
expect_output "without its label the policy is none" '^[0-9]+ passed, [1-9][0-9]* failed; 0 of 0 rules reached$' \
	agentctl policy test "$examples/db-maintenance.cases"
rm /etc/pam_agent/conf.d/db-maintenance.conf
sed -i '/^host {/a\    labels = { "role=db" }' /etc/pam_agent/agent.conf
openssl genpkey -algorithm ed25519 -out /tmp/approvals.pem
printf '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"%s"}]}' \
	"$(openssl pkey -in /tmp/approvals.pem -pubout -outform DER | tail -c 32 | basenc --base64url | tr -d '=')" \
	>/etc/pam_agent/keys/approvals.jwks

story "each by itself"
for policy in "$examples"/*.conf; do
	name=$(basename "$policy" .conf)
	cp "$policy" /etc/pam_agent/conf.d/
	expect_ok "$name passes its cases" agentctl policy test "$examples/$name.cases"
	expect_seen "$name: all rules are reached" '^[1-9][0-9]* passed, 0 failed; ([1-9][0-9]*) of \1 rules reached$'
	expect_output "$name is in the cookbook" "^\\| \`$name\` " cat "$TOP/doc/cookbook.md"
	rm "/etc/pam_agent/conf.d/$name.conf"
done
expect_output "and no more than that" "^$(ls "$examples"/*.conf | wc -l)\$" grep -c '^| `' "$TOP/doc/cookbook.md"

story "all of them together"
cp "$examples"/*.conf /etc/pam_agent/conf.d/
expect_ok "pass, too" agentctl policy test "$examples"/*.cases
expect_seen "with every rule" ' 0 failed; ([1-9][0-9]*) of \1 rules reached$'
expect_ok "apply takes them" agentctl apply
expect_output "explain agrees with a case" '^PERMITTED: permit$' agentctl explain --account agent-logs --step command \
	--purpose incident-4711 --command "/usr/bin/journalctl --no-pager -u nginx -n 200"
restart=(explain --account agent-web --step command --purpose restart-web --command "/usr/bin/systemctl restart nginx")
expect_output "so it does of a Tuesday" '^PERMITTED: permit$' agentctl "${restart[@]}" --at 2026-11-24T09:00:00Z
expect_output "and of a Saturday" '^REFUSED: denied_by_rule$' agentctl "${restart[@]}" --at 2026-11-28T12:00:00Z
expect_seen "with the rule that decides" '^web-restart +deny-sudo +decides +- +/etc/pam_agent/conf.d/web-restart.conf:[0-9]+$'
expect_output "which on a Tuesday misses its window" '^web-restart +deny-sudo +no +window +' agentctl "${restart[@]}" --at 2026-11-24T09:00:00Z
finish
