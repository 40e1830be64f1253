#!/bin/bash
# What an ancestor of a credential loses, every session below it loses. No token says yet who its ancestors are, so the record of a
# session is given some by hand, and its guard started anew; from there on everything is real.
# timeout: 300
. "$TOP/tests/host/agent.sh"
agent_host
RUN=/run/pam_agent
GUARD=/usr/local/libexec/pam_agent/guard
PARENT_ID=spiffe://example.org/agent/parent
echo "identity \"agent-parent\" { id = \"$PARENT_ID\" }" >/etc/pam_agent/conf.d/30-parent.conf
must agentctl apply
printf 2 >/tmp/confirmed
must ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/parent-key"

ids() { ls "$RUN/session" 2>/dev/null || true; }
is_live() { [ -e "$RUN/session/$1" ] && [ -S "$RUN/ctl/$1" ]; }
is_gone() { [ ! -e "$RUN/session/$1" ] && ! pgrep -f "^sleep $2\$"; }

# join ACCOUNT NAME SECONDS: a session with the credential NAME that runs `sleep SECONDS`; its ID is $id. KEY may be set.
join() {
	local before
	before=$(ids)
	ACCOUNT=$1 SSH_TIMEOUT=200 agent "$2" "setsid sleep $3 >/dev/null 2>&1 & exec sleep $3" >"/tmp/session.$2" 2>&1 &
	must wait_until 10 pgrep -f "^sleep $3\$"
	id=$(ids | grep -vxF "${before:-none}")
}

# derive CHILD PARENT: from now on the session CHILD stands on what the session PARENT stands on, but for its issuer.
derive() {
	local kind key
	for kind in task jti key identity; do
		key=$(cd "$RUN/by/$kind" && dirname ./*/"$2")
		echo "ancestor $kind ${key#./}" >>"$RUN/session/$1"
		touch "$RUN/by/$kind/$key/$1"
	done
	pkill -KILL -f "^guard $1\$"
	must wait_until 5 sh -c "! pgrep -f '^guard $1\$'"
	rm -f "$RUN/ctl/$1" "$RUN"/agent/*/"$1"
	"$TOP/build/tests/host/talk" run "$GUARD" "$1" : /tmp/confirmed >/dev/null &
	must wait_until 5 is_live "$1"
}

# family NAME: sessions of a parent, of a child and of another.
family() {
	agentctl issue --identity "$PARENT_ID" --task "parent-$1" --purpose restart-web --key "$CREDENTIALS/parent-key.pub" \
		--tool host:login >"$CREDENTIALS/parent"
	KEY=$CREDENTIALS/parent-key join agent-parent parent 801
	parent=$id
	credential "child-$1"
	join agent-deploy "child-$1" 802
	child=$id
	AGENT_ID=spiffe://example.org/agent/other credential "other-$1"
	join agent-other "other-$1" 803
	other=$id
	derive "$child" "$parent"
	expect_output "$1: all three live" "$child.*running" agentctl session list
}

# family_ends NAME REASON CMD...: CMD ends the parent's and the child's.
family_ends() {
	must "${@:3}"
	expect_ok "$1: the parent's session ends" wait_until 8 is_gone "$parent" 801
	expect_ok "$1: the child's, too" wait_until 8 is_gone "$child" 802
	expect_log "$1: with $2 in its record" "\"status_code\":\"$2\".*\"step\":\"close\".*\"session\":\"$child\"" "$DECISIONS"
	expect_ok "$1: the other goes on" is_live "$other"
	expect_ok "$1: with its processes" pgrep -f '^sleep 803$'
	must agentctl session end "$other"
	must wait_until 8 is_gone "$other" 803
}
child_is() { ! ps -o stat= -u agent-deploy | grep -qv "^$1"; }

story "an ancestor is taken away"
family jti
family_ends jti revoked agentctl revoke jti "$(claims_of parent | jq -r .jti)"
family key
family_ends key revoked agentctl revoke key "$CREDENTIALS/parent-key.pub"
must agentctl revoke lift key "$CREDENTIALS/parent-key.pub"
family identity
family_ends identity revoked agentctl revoke identity "$PARENT_ID"
must agentctl revoke lift identity "$PARENT_ID"
family complete
family_ends complete task_completed agentctl task complete parent-complete
family revoke
family_ends revoke task_revoked agentctl task revoke parent-revoke

story "an ancestor's task is suspended"
family suspend
must agentctl task suspend parent-suspend
expect_ok "the child's session stands still" child_is T
must agentctl task resume parent-suspend
expect_ok "and goes on" child_is S
family_ends suspend task_completed agentctl task complete parent-suspend
finish
