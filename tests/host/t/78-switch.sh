#!/bin/bash
# timeout: 300
# From inside a session into another account without sudo's rules: su, doas, runuser, pkexec, newgrp, with passwords that are right and rules
# that permit; by themselves, and as what sudo starts. A human does the same beside, and gets there.
. "$TOP/tests/host/agent.sh"
agent_host
human bob
RAN=/var/log/ran
install -m 0666 /dev/null "$RAN"
printf '#!/bin/sh\nid -un >>%s\n' "$RAN" >/usr/local/bin/ran
chmod 0755 /usr/local/bin/ran
echo "root:$(password_of root)" | chpasswd
for who in root agent-deploy alice; do
	printf 'permit nopass %s\n' "$who"
done >/etc/doas.conf
chmod 0400 /etc/doas.conf
sed -i 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
policy() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		identity "agent-other" { id = "spiffe://example.org/agent/other" }
		policy "deploy" {
		    identities = { "$AGENT_ID" }  max-logins = 99  max-denials = 99
		    login { }
		    sudo { $1 }
		}
	CONF
	must agentctl apply
}
credential_for_all() { credential all --task switch --tool host:login --tool host:sudo; }
policy 'commands = { "/usr/local/bin/ran" }'
credential_for_all

# ran_as: whom the last command ran as, or "-".
ran_as() { if [ -s "$RAN" ]; then tr '\n' ' ' <"$RAN" | sed 's/ $//'; else echo -; fi; }
# agent_row NAME REASON LINE: nothing runs, and REASON, unless it is -, is in the record.
agent_row() {
	local name=$1 reason=$2 before
	before=$(size_of "$DECISIONS")
	: >"$RAN"
	try agent all "{ $3; } </dev/null" || true
	if [ "$(ran_as)" != - ]; then
		fail "$name: refused" "ran as $(ran_as)"
	elif [ "$reason" = - ] || tail -c "+$((before + 1))" "$DECISIONS" | grep -q "\"status_code\":\"$reason\""; then
		pass "$name: refused"
	else
		fail "$name: $reason in the record"
	fi
}
# human_row NAME USER LINE: it runs as USER, or - for not at all.
human_row() {
	: >"$RAN"
	try as_human alice "{ $3; } </dev/null" || true
	if [ "$(ran_as)" = "$2" ]; then pass "$1: a human's as ever"; else fail "$1: a human's as ever" "ran as $(ran_as)"; fi
}
# check_rows PROGRAM: rows on standard input, where it is installed: a name, the reason of an agent's refusal, as whom a human's runs, a line
# of shell.
check_rows() {
	local name reason user line
	command -v "$1" >/dev/null || {
		skip "$1 is not installed"
		return 0
	}
	while IFS= read -r line <&3; do
		name=${line%% @ *} line=${line#* @ } reason=${line%% @ *} line=${line#* @ } user=${line%% @ *} line=${line#* @ }
		agent_row "$name" "$reason" "$line"
		human_row "$name" "$user" "$line"
	done 3<<<"$(cat)"
}

story "su, with the right password"
check_rows su <<ROWS
to root @ service_refused @ root @ echo '$(password_of root)' | su root -c ran
to root by default @ service_refused @ root @ echo '$(password_of root)' | su -c ran
a login shell of root @ service_refused @ root @ printf '%s\nran\n' '$(password_of root)' | su -
a login shell of root, another way @ service_refused @ root @ printf '%s\nran\n' '$(password_of root)' | su --login root
with the environment kept @ service_refused @ root @ echo '$(password_of root)' | su -p root -c ran
with a shell of its choice @ service_refused @ root @ echo '$(password_of root)' | su -s /usr/local/bin/ran root
in a terminal of its own @ service_refused @ root @ echo '$(password_of root)' | su -P -c ran
to a human @ service_refused @ bob @ echo '$(password_of bob)' | su bob -c ran
to a human, with a login shell @ service_refused @ bob @ echo '$(password_of bob)' | su - bob -c ran
to another agent @ service_refused @ - @ su agent-other -c ran
to the agent itself @ service_refused @ - @ su agent-deploy -c ran
to itself, with a login shell @ service_refused @ - @ su - agent-deploy -c ran
to a service @ service_refused @ - @ su www-data -s /usr/local/bin/ran
to nobody at all @ - @ - @ su no-such-account -c ran
ROWS

story "doas, with a rule that permits"
check_rows doas <<'ROWS'
to root @ service_refused @ root @ doas ran
without being asked @ service_refused @ root @ doas -n ran
a shell @ service_refused @ root @ echo ran | doas -s
to a human @ service_refused @ bob @ doas -u bob ran
to another agent @ service_refused @ - @ doas -u agent-other ran
to the agent itself @ service_refused @ - @ doas -u agent-deploy ran
by number @ service_refused @ root @ doas -u 0 ran
sudo in it @ service_refused @ root @ doas sudo -n ran
su in it @ service_refused @ root @ doas su -c ran
what it would do @ - @ - @ doas -C /etc/doas.conf ran
ROWS

story "others"
check_rows su <<'ROWS'
runuser @ - @ - @ runuser -u bob ran
runuser as su @ - @ - @ runuser bob -c ran
sg @ - @ - @ sg root -c ran
newgrp @ - @ - @ echo ran | newgrp root
setpriv @ - @ - @ setpriv --reuid 0 ran
ROWS
check_rows pkexec <<'ROWS'
pkexec @ - @ - @ pkexec ran
ROWS

story "as what sudo starts, where no rule has it"
check_rows su <<'ROWS'
su @ - @ root @ sudo -n su -c ran
su with a login shell @ - @ root @ echo ran | sudo -n su -
su to a human @ - @ bob @ sudo -n su bob -c ran
runuser @ - @ bob @ sudo -n runuser -u bob ran
ROWS
check_rows doas <<'ROWS'
doas @ - @ root @ sudo -n doas ran
ROWS

story "as what sudo starts, where a policy allows any command"
policy 'any-command = true  may-exec = true'
check_rows su <<'ROWS'
su to root @ service_refused @ root @ sudo -n su -c ran
su with a login shell @ service_refused @ root @ echo ran | sudo -n su -
su to a human @ service_refused @ bob @ sudo -n su bob -c ran
su to another agent @ not_an_agent_login @ - @ sudo -n su agent-other -c ran
su to the agent itself @ not_an_agent_login @ - @ sudo -n su agent-deploy -c ran
su from a shell in between @ service_refused @ root @ sudo -n sh -c 'su -c ran'
su of root's own session @ service_refused @ bob @ sudo -n setsid -w su bob -c ran
ROWS
check_rows doas <<'ROWS'
doas @ service_refused @ root @ sudo -n doas ran
doas to the agent itself @ service_refused @ - @ sudo -n doas -u agent-deploy ran
ROWS
# Root that a rule lets loose needs no door: a policy that allows any command as root is no bound (agent.conf(5)).
: >"$RAN"
expect_ok "runuser, which asks no module of ours" agent all 'sudo -n runuser -u bob ran'
expect_output "is root's to use" '^bob$' cat "$RAN"
finish
