# shellcheck shell=bash
# A crowd, on top of agent.sh: 10 accounts agent-00 ... agent-09, a task each, and any number of sessions of each, each session with
# five processes that tick in their slots (ticker.h) of $TICKS: an ordinary one, one in a session of its own, one that ignores
# SIGTERM, one of root through sudo, and the command itself.

TICKS=/tmp/ticks
ticker=/usr/local/bin/ticker

crowd_host() {
	agent_host "$@"
	install -m 0755 "$TOP/build/tests/host/ticker" "$ticker"
	head -c $((2048 * 16)) /dev/zero >"$TICKS"
	chmod 0666 "$TICKS"
	local i
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "identity \"agent-0$i\" { id = \"spiffe://example.org/crowd/$i\" }"
	done >/etc/pam_agent/conf.d/30-crowd.conf
	cat >>/etc/pam_agent/conf.d/30-crowd.conf <<-CONF
		policy "crowd" {
		    identities = { "spiffe://example.org/crowd/*" }
		    max-logins = 200
		    max-lifetime = "15m"
		    login { services = { "sshd" } }
		    sudo { run-as = "root"  commands = { "$ticker $TICKS *" }  escapes = "accepted" }
		}
	CONF
	sed -i -e 's/^\( *max-logins *=\) *1\>/\1 200/' -e 's/^\( *max-lifetime *=\).*/\1 "15m"/' /etc/pam_agent/agent.conf
	must agentctl apply
}

# crowd_credential I TASK: for account agent-0I.
crowd_credential() {
	AGENT_ID=spiffe://example.org/crowd/$1 credential "crowd-$1" --task "$2" --ttl 15m --tool host:login --tool host:sudo
}

# crowd_session I SLOT: a session of agent-0I in the background, with the slots SLOT to SLOT + 4.
crowd_session() {
	local s=$2
	AGENT_CREDENTIAL=$CREDENTIALS/crowd-$1 AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=600 agent_ssh "agent-0$1" \
		"$ticker $TICKS $s & setsid $ticker $TICKS $((s + 1)) >/dev/null 2>&1 & $ticker $TICKS $((s + 2)) stubborn &
		sudo -n $ticker $TICKS $((s + 3)) & exec $ticker $TICKS $((s + 4))" >"/tmp/crowd.$s" 2>&1 &
}

# ticking FIRST LAST: how many of these slots have a live process.
ticking() {
	local pid count=0
	while read -r pid; do
		if [ "$pid" != 0 ] && [ -d "/proc/$pid" ]; then count=$((count + 1)); fi
	done < <(od -An -v -w16 -t d4 -j $(($1 * 16)) -N $((($2 - $1 + 1) * 16)) "$TICKS" | awk "{ print \$3 }")
	echo "$count"
}
all_tick() { [ "$(ticking "$1" "$2")" = $(($2 - $1 + 1)) ]; }
# When each of them last ran; all_go_on: every one has run since this began.
last_ticks() { od -An -v -w16 -t d8 -j $(($1 * 16)) -N $((($2 - $1 + 1) * 16)) "$TICKS" | awk '{ print $1 }'; }
all_ran_since() {
	local before=$1
	shift
	! paste <(echo "$before") <(last_ticks "$@") | awk '$1 == $2 { same = 1 } END { exit !same }'
}
all_go_on() {
	local before
	before=$(last_ticks "$@")
	all_tick "$@" && wait_until 5 all_ran_since "$before" "$@"
}
none_ticks() { [ "$(ticking "$1" "$2")" = 0 ]; }

# open_crowd PER-ACCOUNT: account I has the slots from I * PER-ACCOUNT * 5 on.
open_crowd() {
	local i j
	for i in 0 1 2 3 4 5 6 7 8 9; do
		crowd_credential "$i" "crowd-task-$i"
		for ((j = 0; j < $1; j++)); do
			crowd_session "$i" $(((i * $1 + j) * 5))
			[ $((j % 5)) != 4 ] || wait_until 20 all_tick $((i * $1 * 5)) $(((i * $1 + j) * 5 + 4))
		done
	done
	wait_until 60 all_tick 0 $(($1 * 50 - 1))
}
