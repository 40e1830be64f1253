#!/bin/bash
# Every end of a session: its processes are gone, whoever they belong to and whatever they ignore; the log, `session show` and the
# terminal say why; a human beside it notices nothing.
# timeout: 400
# pids: 2048
. "$TOP/tests/host/agent.sh"
agent_host
. "$TOP/tests/host/live.sh"
ISSUER=spiffe://example.org/issuer/web-07
# An ordinary process, one in a session of its own, one that forgets its parents, one that ignores what it can, one of root.
crew='sleep 771 & setsid sleep 772 >/dev/null 2>&1 & (setsid sleep 773 >/dev/null 2>&1 &)
	(trap "" TERM HUP INT; sleep 774; sleep 775; sleep 776) & sudo -n /usr/bin/sleep 777 & exec sleep 778'
whole_crew() { for i in 771 772 773 774 777 778; do pgrep -f "^(/usr/bin/)?sleep $i\$" || return 1; done; }
# open NAME [options of issue]; end NAME REASON CMD...
open() {
	open_session "$1" "$crew" "${@:2}"
	wait_until 10 whole_crew || fail "$1: all of it runs"
}
end() {
	must "${@:3}"
	expect_end "$1" "$2"
}


SSH_TIMEOUT=390 as_human alice 'sleep 6601 & sudo sleep 6602 & wait' &
human=$!
wait_until 10 pgrep -f '^sleep 6602'

story "facts"
open complete
end complete task_completed agentctl task complete task-complete
open revoke
end revoke task_revoked agentctl task revoke task-revoke
open jti
end jti revoked agentctl revoke jti "$(claims_of jti | jq -r .jti)"
open holder
end holder revoked agentctl revoke key "$CREDENTIALS/key.pub"
must agentctl revoke lift key "$CREDENTIALS/key.pub"
open identity
end identity revoked agentctl revoke identity "$AGENT_ID"
must agentctl revoke lift identity "$AGENT_ID"
open prefix
end prefix revoked agentctl revoke identity "${AGENT_ID%/*}/*"
must agentctl revoke lift identity "${AGENT_ID%/*}/*"
open issuer
end issuer revoked agentctl revoke issuer "$ISSUER"
credential soon --tool host:login
expect_refused "what the issuer issues in the next seconds is not good yet" revoked agent soon true
must agentctl revoke issuer "$ISSUER" --before now
sleep 1 # what is issued within the same second is revoked, too
open issued-later
expect_output "what the issuer issues from now on is good" "issued-later.*running" agentctl session list
end issued-later session_ended agentctl session end "$id"
set_policy 'max-risk-low = "medium"'
for subject in host "identity $AGENT_ID" 'task task-risk-task'; do
	name=risk-${subject%% *}
	open "$name"
	# shellcheck disable=SC2086 # two words
	must agentctl risk set $subject medium
	expect_ok "$name: medium is tolerated" whole_crew
	# shellcheck disable=SC2086
	end "$name" risk_too_high agentctl risk set $subject high
	# shellcheck disable=SC2086
	must agentctl risk clear $subject
done
set_policy ''

story "configuration"
open policy
end policy denied_by_rule set_policy 'deny-login { services = { "sshd" } }'
set_policy ''
rm /etc/pam_agent/conf.d/20-more.conf
must agentctl apply
open purpose
sed -i 's/restart-web/other/' /etc/pam_agent/conf.d/10-deploy.conf
end purpose no_policy agentctl apply
write_policy
must agentctl apply
open dropped
sed -i '/^identity "agent-deploy"/d' /etc/pam_agent/conf.d/10-deploy.conf
end dropped identity_disabled agentctl apply
write_policy
set_policy ''
open moved
echo "identity \"agent-new\" { id = \"$AGENT_ID/new\" }" >>/etc/pam_agent/conf.d/10-deploy.conf
sed -i "s|^\(identity \"agent-deploy\" .*\)\"$AGENT_ID\"|\1\"$AGENT_ID/old\"|; s|$AGENT_ID/new\"|$AGENT_ID\"|" /etc/pam_agent/conf.d/10-deploy.conf
end moved identity_disabled agentctl apply
write_policy
set_policy ''
for changed in 's|\(trust-domains = {\)[^}]*|\1 "example.net"|' 's|^\( *iss *= *\)".*|\1"https://another.example"|'; do
	open vouched
	cp /etc/pam_agent/agent.conf /tmp/agent.conf
	sed -i "$changed" /etc/pam_agent/agent.conf
	expect_fail "the issuer is another" cmp -s /tmp/agent.conf /etc/pam_agent/agent.conf
	end vouched key_unknown agentctl apply
	cp /tmp/agent.conf /etc/pam_agent/agent.conf
	must agentctl apply
done
cp /etc/pam_agent/keys/issuer.jwks /tmp/issuer.jwks
open anchor
x=$(openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER | tail -c 32 | base64 | tr '+/' '-_' | tr -d =)
echo "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"Ed25519\",\"use\":\"sig\",\"x\":\"$x\"}]}" >/etc/pam_agent/keys/issuer.jwks
end anchor key_unknown agentctl key refresh
cp /tmp/issuer.jwks /etc/pam_agent/keys/issuer.jwks
must agentctl key refresh

story "clocks"
open expiry --ttl 6s
end expiry session_expired true
open longest
end longest session_expired set_policy 'max-session = "1s"'
set_policy 'max-session = "7s"'
open lasting
credential more --task task-lasting
must agentctl session attest "$id" --credential "$CREDENTIALS/more" --key "$CREDENTIALS/key"
before=$SECONDS
end lasting session_expired true
expect_ok "attested or not, it lasts no longer" test $((SECONDS - before)) -le 12
set_policy 'reattest-every = "3s"  reattest-grace = "1s"'
open overdue
end overdue attestation_overdue true
set_policy ''
open suspended --ttl 8s
must agentctl task suspend task-suspended
expect_ok "suspended: stopped" is_stopped
end suspended session_expired true

story "people and processes"
open ordered
end ordered session_ended agentctl session end "$id"
open closed
pkill -f "ssh .*agent-deploy@127.0.0.1" || true
TOLD='' expect_end closed closed
for signal in KILL SEGV ABRT TERM HUP INT QUIT; do
	open "leader-$signal"
	kill "-$signal" "$(sed -n 's/^leader //p' "/run/pam_agent/session/$id")"
	case $signal in TERM | HUP | INT) reason='(closed|leader_gone)' ;; *) reason=leader_gone ;; esac
	TOLD='' expect_end "leader-$signal" "$reason"
done
open unrecorded
rm "/run/pam_agent/session/$id"
end unrecorded guard_lost talk to "/run/pam_agent/ctl/$id" /tmp/recheck

story "in their order"
cat >/usr/local/sbin/note <<'NOTE'
#!/bin/sh
[ "$PAM_TYPE" != close_session ] || echo "$PAM_USER closed" >>/tmp/closes
NOTE
chmod 0755 /usr/local/sbin/note
cp /etc/pam.d/sshd /tmp/pam.sshd
echo 'session optional pam_exec.so quiet /usr/local/sbin/note' >>/etc/pam.d/sshd
install -d -m 1777 /tmp/marks
# Asked to end, it takes its time; the terminal hangs up meanwhile.
tidy='trap "" HUP; trap "sleep 1; echo tidy >/tmp/marks/$1; exit" TERM; while :; do sleep 0.1; done'
for kind in ordinary hostile; do
	rm -f /tmp/closes
	open_session "$kind" "bash -c '$tidy' sh $kind & exec sleep 771"
	if [ "$kind" = ordinary ]; then
		end ordinary session_ended agentctl session end "$id"
		expect_ok "an ordinary end leaves the time to tidy up" test -s /tmp/marks/ordinary
	else
		end hostile task_revoked agentctl task revoke task-hostile
		expect_fail "one for cause does not" test -e /tmp/marks/hostile
	fi
	expect_output "$kind: sshd closes what PAM opened" '^agent-deploy closed$' cat /tmp/closes
done
cp /tmp/pam.sshd /etc/pam.d/sshd

story "a human beside all of this"
expect_ok "her shell lives" kill -0 "$human"
expect_ok "her process" pgrep -u alice -f '^sleep 6601'
expect_ok "and root's, which she started" pgrep -u root -f '^sleep 6602'
expect_output "and she logs in" '^alice$' as_human alice id -un
finish
