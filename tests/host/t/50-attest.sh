#!/bin/bash
# A session attested again: by its agent, by root, by another login of the same task. And what an open does with an account before
# it is the session's.
. "$TOP/tests/host/agent.sh"
agent_host
sed -i 's/purposes = .*/purposes = { "restart-*" }/' /etc/pam_agent/conf.d/10-deploy.conf
must agentctl apply
TALK=$TOP/build/tests/host/talk
GATE=/usr/local/libexec/pam_agent/gate
RUN=/run/pam_agent
uid=$(id -u agent-deploy)
printf 'pam_agent 1\nstep attest\n' >/tmp/packet.attest
ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/stranger"

no_session() { [ -z "$(ls -A $RUN/session 2>/dev/null)" ] && no_process_of agent-deploy; }
# find_new IDS: the session that is none of these, once its processes run; its id is $id.
find_new() {
	for id in $(cd $RUN/session 2>/dev/null && echo *); do
		case " $1 " in *" $id "*) ;; *) [ -S "$RUN/ctl/$id" ] && pgrep -f '^sleep 775' && return ;; esac
	done
	return 1
}
# session NAME [options of issue]: opens one in the background; its id is $id.
session() {
	local name=$1 before
	shift
	credential "$name" "$@"
	before=$(cd $RUN/session 2>/dev/null && echo *) || true
	agent "$name" 'sleep 775' >"/tmp/session.$name" 2>&1 &
	expect_ok "the session of $name is open" wait_until 10 find_new "$before"
}
end_all() {
	local task
	for task in $(sed -n 's/^task //p' $RUN/session/* 2>/dev/null | sort -u); do agentctl task complete "$task" >/dev/null || true; done
	expect_ok "all is gone" wait_until 8 no_session
}
# attest NAME [ID]: root's conversation with the session's guard.
attest() {
	AGENT_CREDENTIAL=$CREDENTIALS/$1 AGENT_KEY=${KEY-$CREDENTIALS/key} \
		"$TALK" on "$RUN/ctl/${2-$id}" /tmp/packet.attest askpass agent-askpass
}
# attest_as UID NAME: with gate itself, as if the guard had taken the connection of a process of this user.
attest_as() {
	AGENT_CREDENTIAL=$CREDENTIALS/$2 AGENT_KEY=$CREDENTIALS/key "$TALK" as "$1" run "$GATE" attest "$id" : askpass agent-askpass
}
# expect_attested WHAT CMD...; expect_not_attested WHAT REASON CMD...: the answer, and the record.
expect_attested() {
	expect_output "$1: attested" '^> .*verdict permit' "${@:2}"
	expect_log "$1: in the record" "\"status_code\":\"permit\".*\"step\":\"attest\".*\"session\":\"$id\"" "$DECISIONS"
}
expect_not_attested() {
	expect_output "$1: $2" "^> .*verdict deny\|reason $2" "${@:3}"
	expect_log "$1: $2 in the record" "\"status_code\":\"$2\".*\"step\":\"attest\"" "$DECISIONS"
}

story "a session outlives its login's credential when it is attested"
session short --ttl 8s
credential longer --task task-short
expect_attested "by root" attest longer
expect_not_attested "the same credential again" replayed attest longer
expect_not_attested "the login's own credential" replayed attest short
credential own --task task-short
expect_attested "by its agent" attest_as "$uid" own
sleep 9
expect_ok "it lives" test -e "$RUN/session/$id"
credential narrow --task task-short --tool host:login
expect_attested "by a narrower credential" attest narrow
end_all

story "what attests nothing"
session held
credential other-task
expect_not_attested "another task" attestation_mismatch attest other-task
credential other-identity --task task-held --identity spiffe://example.org/agent/other
expect_not_attested "another identity" attestation_mismatch attest other-identity
credential other-purpose --task task-held --purpose restart-all
expect_not_attested "another purpose" attestation_mismatch attest other-purpose
credential unproven --task task-held
KEY=$CREDENTIALS/stranger expect_not_attested "a proof by another key" possession_invalid attest unproven
KEY='' expect_not_attested "no proof" possession_missing attest unproven
echo garbage >"$CREDENTIALS/garbage"
expect_not_attested "garbage" credential_malformed attest garbage
expect_not_attested "a session that there is not" session_not_found \
	"$TALK" run "$GATE" attest 0123456789abcdef : askpass agent-askpass
for odd in '' ../session/x "$id/../$id" "${id}0"; do
	expect_output "an id that is none: $odd" 'reason session_not_found' "$TALK" run "$GATE" attest "$odd" : askpass agent-askpass
done
expect_not_attested "another user's process" session_not_found attest_as "$(id -u agent-other)" unproven
expect_output "attest asked of a login's gate" 'reason bad_question' "$TALK" run "$GATE" : /tmp/packet.attest
expect_ok "nothing of it ended the session" test -e "$RUN/session/$id"
expect_fail "nor attested it" test -e "$RUN/attested/$id"
expect_attested "and the right one still does" attest unproven
cat >/etc/pam_agent/conf.d/20-strict.conf <<CONF
policy "strict" {
    identities = { "$AGENT_ID" }
    possession = "channel"
}
CONF
credential signed --task task-held
must agentctl apply
expect_output "a signature where policy demands the channel" 'possession_too_weak|closed|session_ending' attest signed
rm /etc/pam_agent/conf.d/20-strict.conf
must agentctl apply
end_all

story "a login attests the other sessions of its task"
session first --ttl 9s
first=$id
session second --task task-first
expect_ok "the first is attested" test -e "$RUN/attested/$first"
expect_log "and that is in the record" "\"step\":\"attest\".*\"session\":\"$first\"" "$DECISIONS"
expect_fail "the second is not, but by its own login" test -e "$RUN/attested/$id"
sleep 9
expect_ok "the first lives on" test -e "$RUN/session/$first"
attested=$(sha256sum <"$RUN/attested/$first")
credential third --task task-first --tool host:login
expect_output "a login for other steps" '^agent-deploy$' agent third id -un
same_attestation() { [ "$(sha256sum <"$RUN/attested/$first")" = "$attested" ]; }
expect_ok "takes nothing from the first" same_attestation
credential fourth --task task-first --purpose restart-all
expect_output "a login for another purpose" '^agent-deploy$' agent fourth id -un
expect_ok "gives nothing to the first" same_attestation
end_all
expect_fail "no attestation outlives its session" test -e "$RUN/attested/$first"

story "attestation that is overdue"
cat >/etc/pam_agent/conf.d/20-reattest.conf <<CONF
policy "reattest" {
    identities = { "$AGENT_ID" }
    reattest-every = "3s"
    reattest-grace = "20s"
}
CONF
must agentctl apply
stopped() { [ "$(ps -o stat= -u agent-deploy | cut -c1 | sort -u)" = T ]; }
session overdue
expect_ok "it freezes" wait_until 8 stopped
credential inner --task task-overdue
expect_not_attested "from the agent's own side" attestation_overdue attest_as "$uid" inner
expect_attested "by root" attest inner
expect_fail "it goes on" stopped
expect_ok "it freezes again" wait_until 8 stopped
credential relogin --task task-overdue
expect_output "another login of the task" '^agent-deploy$' agent relogin id -un
expect_ok "thaws it" wait_until 2 sh -c "! ps -o stat= -u agent-deploy | grep -q T"
sed -i 's/grace = .*/grace = "1s"/' /etc/pam_agent/conf.d/20-reattest.conf
must agentctl apply
expect_ok "it ends when the grace is over" wait_until 12 no_session
expect_log "with its reason" '"status_code":"attestation_overdue".*"step":"close"' "$DECISIONS"
rm /etc/pam_agent/conf.d/20-reattest.conf
must agentctl apply

story "max-sessions"
cat >/etc/pam_agent/conf.d/20-places.conf <<CONF
policy "places" {
    identities = { "$AGENT_ID" }
    max-sessions = 2
}
CONF
must agentctl apply
session one --task task-places
session two --task task-places
credential three --task task-places
expect_refused "a third" too_many_sessions agent three id
pkill -f "AGENT_CREDENTIAL=$CREDENTIALS/two "
expect_ok "one of them ends" wait_until 8 sh -c "[ \$(ls $RUN/session | wc -l) = 1 ]"
expect_output "then it gets in" '^agent-deploy$' agent three id -un
rm /etc/pam_agent/conf.d/20-places.conf
must agentctl apply
end_all

story "a home is its task's"
echo 'from skel' >/etc/skel/.from-skel
mkdir -p /etc/skel/.d/.e
echo deep >/etc/skel/.d/.e/file
ln -s /etc/shadow /etc/skel/.link
echo X=1 >/etc/skel/.pam_environment
head -c 5000000 /dev/zero >/etc/skel/.large
credential home-1 --task task-home
expect_output "the first login finds skel" '^from skel$' agent home-1 'cat .from-skel; cat .d/.e/file; ls -ldn . .d/.e .from-skel; ls -A; echo secret >mine; echo tmp >/tmp/of-home'
expect_seen "all of it" '^deep$'
expect_seen "its own" "^drwx------ .* $uid $uid .* \.$"
expect_seen "its own below" "^-rw-r--r-- .* $uid $uid .* \.from-skel$"
expect_fail "no link" grep -qx '\.link' "$OUTPUT"
expect_fail "nothing that forges the environment" grep -qx '\.pam_environment' "$OUTPUT"
rm /etc/skel/.large /etc/skel/.pam_environment /etc/skel/.link
must wait_until 8 no_session
credential home-2 --task task-home
expect_output "the next login of the task finds its files" '^secret$' agent home-2 'cat mine'
must wait_until 8 no_session
credential stranger-task
expect_output "another task does not" '^no mine$' agent stranger-task 'cat mine 2>/dev/null || echo no mine; ls /tmp; cat .from-skel'
expect_seen "but skel" '^from skel$'
expect_fail "nor in /tmp" grep -qx of-home "$OUTPUT"

story "a credential of a more sensitive task attests"
end_all
session plain
credential sensitive --task task-plain --sensitivity high
must agentctl risk set host medium
expect_not_attested "not at this risk" risk_too_high attest sensitive
expect_ok "the session goes on" test -e "$RUN/session/$id"
must agentctl risk clear host
expect_attested "at a lower one" attest sensitive
must agentctl risk set host medium
expect_ok "and from then on the session is as sensitive" wait_until 8 no_session
must agentctl risk clear host

story "a session whose guard is gone does not hold the account for ever"
session guardless
sleep 6 # so long it might be being opened
pkill -KILL -x guard
credential next
expect_output "another task gets in" '^agent-deploy$' agent next id -un
expect_log "what it found was ended" "guard_lost" "$DECISIONS"
expect_fail "and is gone" test -e "$RUN/session/$id"

story "a sweep follows an open, when there was none for a while"
rm -f $RUN/swept
credential swept
expect_output "a login" '^agent-deploy$' agent swept id -un
expect_ok "is followed by a sweep" wait_until 5 test -e $RUN/swept
touch -d '30 seconds ago' $RUN/swept
stamp=$(stat -c %Y $RUN/swept)
must wait_until 8 no_session
credential unswept
expect_output "another login" '^agent-deploy$' agent unswept id -un
sleep 1
expect_output "is not" "^$stamp$" stat -c %Y $RUN/swept
finish
