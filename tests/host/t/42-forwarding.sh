#!/bin/bash
# A login opens a session and no way onwards; a refused one neither.
. "$TOP/tests/host/agent.sh"
agent_host
start_listener() {
	# something to reach, and to be reached from
	"$TOP/build/tests/host/echod" 127.0.0.1 7007 &
	wait_until 5 port_open 7007
}
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port_shut() { ! port_open "$1"; }
start_listener

# try_forward WHAT PORT CREDENTIAL OPTIONS...: the option must not open PORT on this host.
no_forward() {
	local what=$1 port=$2 name=$3 ssh
	shift 3
	credential "$name"
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=${KEY-$CREDENTIALS/key} SSH_TIMEOUT=6 \
		agent_ssh agent-deploy "$@" 'sleep 4' >"/tmp/forward.$name" 2>&1 &
	ssh=$!
	sleep 2.5
	LAST_COMMAND="ssh $*"
	# -L and -D listen at the client whatever the server says: what counts is whether something answers through it.
	if reaches_through "$port"; then fail "$what"; else pass "$what"; fi
	kill "$ssh" 2>/dev/null || true
	wait "$ssh" || true
}
reaches_through() { [ "$(echo hello | timeout 2 "$TOP/build/tests/host/echod" --ask 127.0.0.1 "$1" 2>/dev/null)" = hello ]; }
LAST_COMMAND=
if reaches_through 7007; then pass "the listener answers"; else fail "the listener answers"; fi

story "a permitted login"
no_forward "-L reaches nothing" 7101 l -L 7101:127.0.0.1:7007
no_forward "-R opens nothing" 7102 r -R 7102:127.0.0.1:7007
credential w
expect_fail "-W reaches nothing" agent w -W 127.0.0.1:7007
credential d
AGENT_CREDENTIAL=$CREDENTIALS/d AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=6 agent_ssh agent-deploy -D 7103 'sleep 4' >/tmp/d 2>&1 &
socks=$!
sleep 2.5
LAST_COMMAND="ssh -D"
if printf '\005\001\000\005\001\000\001\177\000\000\001\033\137hello\n' | timeout 2 "$TOP/build/tests/host/echod" --ask 127.0.0.1 7103 | grep -q hello; then
	fail "-D reaches nothing"
else
	pass "-D reaches nothing"
fi
wait "$socks" || true
credential a
eval "$(ssh-agent -s)" >/dev/null
ssh-add -q "$(key_of alice)"
expect_output "-A brings no agent" '^none$' agent a -A 'echo ${SSH_AUTH_SOCK:-none}'
kill "$SSH_AGENT_PID"
unset SSH_AUTH_SOCK
credential x
expect_output "-X brings no display" '^none$' agent x -X 'echo ${DISPLAY:-none}'
credential u
expect_fail "no unix socket is forwarded" agent u -o ExitOnForwardFailure=yes -R /tmp/forwarded.sock:127.0.0.1:7007 true
credential t
expect_fail "no tunnel" agent t -o ExitOnForwardFailure=yes -o Tunnel=ethernet -w 0:0 true

story "a refused login"
KEY=$CREDENTIALS/none
ssh-keygen -q -t ed25519 -N '' -f "$KEY"
no_forward "-R opens nothing" 7105 stolen -R 7105:127.0.0.1:7007
expect_fail "-W reaches nothing" agent stolen -W 127.0.0.1:7007
unset KEY

story "what sshd itself says of the account"
"$(command -v sshd)" -T -C user=agent-deploy,host=x,addr=127.0.0.1 >/tmp/effective 2>/dev/null
for line in 'disableforwarding yes|allowtcpforwarding no' 'allowagentforwarding no' 'x11forwarding no' 'permittunnel no' \
	'allowstreamlocalforwarding no' 'gatewayports no' 'permituserrc no' 'passwordauthentication no' 'authorizedkeysfile none' \
	'authorizedkeyscommand none' 'hostbasedauthentication no'; do
	expect_output "$line" "^($line)$" cat /tmp/effective
done
"$(command -v sshd)" -T -C user=alice,host=x,addr=127.0.0.1 >/tmp/effective 2>/dev/null
expect_output "alice may forward as before" '^allowtcpforwarding yes$' cat /tmp/effective
finish
