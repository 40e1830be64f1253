#!/bin/bash
# timeout: 200
# What changes between the approval of a command and the open of its session: for as long as the caller likes, since it can stop its sudo there.
# What was approved is decided again, as it was approved, with the facts of the moment at which it begins.
. "$TOP/tests/host/agent.sh"
agent_host
sed -i 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
mkdir -m 0777 /tmp/marks

# Before our line in sudo's session stack waits who is held: one at a time.
cat >/usr/local/sbin/hold <<'SH'
#!/bin/sh
[ "$PAM_TYPE" = open_session ] && mkdir /srv/place/held 2>/dev/null || exit 0
for i in $(seq 200); do [ ! -d /srv/place/held ] || sleep 0.05; done
SH
chmod 0755 /usr/local/sbin/hold
sed -i '1i session optional pam_exec.so /usr/local/sbin/hold' /etc/pam.d/sudo
mkdir -m 0777 /srv/place # no place of the account's that is cleared with its task
mkdir /srv/place/held

rule() { echo "sudo { commands = { \"/usr/bin/touch /tmp/marks/*\" }  escapes = \"accepted\" ${1:-} }"; }
rules() {
	cat >/etc/pam_agent/conf.d/20-marks.conf <<-CONF
		policy "marks" {
		    identities = { "spiffe://example.org/agent/*" }
		    $1
		}
	CONF
	must agentctl apply
}
rules "$(rule)"

# What happens meanwhile.
nothing() { :; }
completed() { agentctl task complete "task-$1"; }
revoked() { agentctl task revoke "task-$1"; }
suspended() { agentctl task suspend "task-$1"; }
stopped() { agentctl stop; }
narrowed() {
	credential only-id --task "task-$1"
	agentctl session attest "$(ls /run/pam_agent/session)" --credential "$CREDENTIALS/only-id" --key "$CREDENTIALS/key"
}
no_rule() { rules 'sudo { commands = { "/usr/bin/true" } }'; }
denied() { rules "$(rule) deny-sudo { commands = { \"/usr/bin/touch /tmp/marks/*\" } }"; }
out_of_window() { rules "$(rule "window = \"$(LC_ALL=C date -d '3 days' +%a | tr '[:upper:]' '[:lower:]') 10:00-11:00 UTC\"")"; }
risky() {
	rules "$(rule 'sensitivity = "high"')"
	agentctl risk set host medium --for 1m
}
# As many commands of the same session as there are approvals, which nobody holds.
others() {
	touch /srv/place/go
	wait_until 60 test -e /srv/place/gone
}
cat >/usr/local/bin/steps <<'SH'
#!/bin/bash
sudo -n /usr/bin/touch "/tmp/marks/$1" &
while [ ! -d /srv/place/held ]; do sleep 0.05; done
while [ "$2" = others ] && [ ! -e /srv/place/go ]; do sleep 0.05; done
[ "$2" != others ] || for i in {1..70}; do sudo -n /usr/bin/id >/dev/null; done
touch /srv/place/gone
wait $!
SH
chmod 0755 /usr/local/bin/steps

# between NAME WHAT REASON: the command is approved, WHAT happens, and then its session opens. REASON: of the refusal, or "permit".
between() {
	local name=$1 what=$2 reason=$3 before client
	credential "$name" --tool host:login --tool host:sudo
	before=$(size_of "$DECISIONS")
	rmdir /srv/place/held
	rm -f /srv/place/go /srv/place/gone
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=$CREDENTIALS/key agent_ssh agent-deploy "steps $name $what" >/tmp/said 2>&1 &
	client=$!
	expect_ok "$name: it is approved" wait_until 10 test -d /srv/place/held
	expect_ok "$name: $what" "$what" "$name"
	rmdir /srv/place/held
	wait_until 5 is_over "$before" "$name" || true # those that are frozen are not
	mkdir -p /srv/place/held
	agentctl task complete "task-$name" >/dev/null 2>&1 || true
	wait "$client" || true
	agentctl risk clear host >/dev/null 2>&1 || true
	agentctl go >/dev/null 2>&1 || true
	expect_ok "$name: nothing is left" wait_until 10 no_process_of agent-deploy
	rules "$(rule)"
	LAST_COMMAND="$name"
	if [ "$(reason_of "$before")" = "$reason" ]; then
		pass "$name: $reason"
	else
		fail "$name: $reason" "$(reason_of "$before")"
	fi
	if [ "$reason" = permit ]; then
		expect_ok "$name: it runs" test -e "/tmp/marks/$name"
	else
		expect_ok "$name: it does not run" test ! -e "/tmp/marks/$name"
	fi
	expect_ok "$name: one record permits it" test "$(approvals "$before" "$name")" = 1
}
news() { tail -c "+$(($1 + 1))" "$DECISIONS"; }
# Why the one that was held was refused at open, or not: the last that opened. "dead": it came to none.
reason_of() { news "$1" | jq -rs '[.[] | select(.unmapped.phase == "open") | .status_code] | last // "dead"'; }
is_over() {
	case $(reason_of "$1") in
	permit) [ -e "/tmp/marks/$2" ] ;; # others may have opened before it
	dead) no_process_of agent-deploy ;;
	esac
}
approvals() { news "$1" | jq -r 'select(.unmapped.step == "command" and .status_code == "permit") | .unmapped.command | join(" ")' | grep -cx "/usr/bin/touch /tmp/marks/$2"; }

story "a sudo that is held between approval and open"
while read -r name what reason <&3; do
	between "$name" "$what" "$reason"
done 3<<'TABLE'
undisturbed nothing permit
task-completed completed session_ending
task-revoked revoked dead
task-suspended suspended dead
all-stopped stopped dead
rule-gone no_rule no_rule
rule-that-denies denied denied_by_rule
window-over out_of_window no_rule
risk-up risky risk_too_high
narrower-credential narrowed scope_exceeded
crowd others permit
TABLE
finish
