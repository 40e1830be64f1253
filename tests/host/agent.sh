# shellcheck shell=bash
# Words for stories with agents, on top of lib.sh:
#
#	. "$TOP/tests/host/agent.sh"
#	agent_host
#	credential login --task T1
#	expect_output "the agent logs in" '^agent-deploy$' agent login id -un

. "$TOP/tests/host/lib.sh"

# What sshd tells a refused client, ssh prints at INFO.
SSH_OPTIONS=("${SSH_OPTIONS[@]/LogLevel=ERROR/LogLevel=INFO}")
TRUST_DOMAIN=example.org
HOST_ID=spiffe://example.org/host/web-07
AGENT_ID=spiffe://example.org/agent/deploy
CREDENTIALS=/tmp/credentials

# The policy that most stories need; they may add conf.d files and `agentctl apply`.
write_policy() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		identity "agent-other" { id = "spiffe://example.org/agent/other" }
		policy "deploy" {
		    identities = { "spiffe://example.org/agent/*" }
		    purposes = { "restart-web" }
		    max-session = "10m"
		    login { services = { "sshd" }  from = { "127.0.0.0/8" } }
		    sudo { run-as = "root"  commands = { "/usr/bin/id", "/usr/bin/sleep *", "/usr/bin/test -e *" } }
		    sudo { run-as = "www-data"  commands = { "/usr/bin/id -u" } }
		}
	CONF
}

# A host with the project installed and enabled, two agents, a human and sshd. Options go to `agentctl enable`.
agent_host() {
	install_project
	human alice
	echo 'alice ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice
	chmod 0440 /etc/sudoers.d/alice
	must agentctl init --trust-domain "$TRUST_DOMAIN" --host-id "$HOST_ID"
	write_policy
	must agentctl apply
	must agentctl enable --yes "$@"
	mkdir -p "$CREDENTIALS"
	ssh-keygen -q -t ed25519 -N '' -f "$CREDENTIALS/key"
	start_sshd
}

# A step of the set-up: its failure ends the story.
must() {
	try "$@" && return
	fail "set-up: $*"
	finish
}

# credential NAME [options of issue]: makes one for the agent, for login and `id` as root unless --tool says otherwise.
credential() {
	local name=$1 tools=(--tool host:login --tool 'host:sudo runas=root command=/usr/bin/id')
	shift
	case " $* " in *' --tool '*) tools=() ;; esac
	must agentctl issue --identity "$AGENT_ID" --task "task-$name" --purpose restart-web --key "$CREDENTIALS/key.pub" \
		"${tools[@]}" "$@"
	cp "$OUTPUT" "$CREDENTIALS/$name"
}

# agent NAME [ssh options] CMD...: logs in with the credential NAME. ACCOUNT and KEY may be set.
agent() {
	local name=$1
	shift
	AGENT_CREDENTIAL=$CREDENTIALS/$name AGENT_KEY=${KEY-$CREDENTIALS/key} agent_ssh "${ACCOUNT:-agent-deploy}" "$@"
}

# expect_refused WHAT REASON CMD...: the client sees one text, and the record its reason.
expect_refused() {
	local what=$1 reason=$2 before
	shift 2
	before=$(size_of "$DECISIONS")
	expect_fail "$what: refused" "$@"
	LAST_COMMAND="$*"
	if tail -c "+$((before + 1))" "$DECISIONS" | grep -q "\"status_code\":\"$reason\""; then
		pass "$what: $reason in the record"
	else
		fail "$what: $reason in the record"
	fi
}

claims_of() {
	local text
	text=$(cut -d. -f2 "$CREDENTIALS/$1" | tr -- '-_' '+/')
	while [ $((${#text} % 4)) != 0 ]; do text+='='; done
	echo "$text" | base64 -d
}

# mint NAME: signs the usual claims, after the jq filter on standard input, with KEY (the host's issuer unless set).
mint() {
	local name=$1 filter now
	filter=$(cat)
	now=$(date +%s)
	[ -z "${KEY:-}" ] || [ -f "$KEY" ] || openssl genpkey -algorithm ed25519 -out "$KEY"
	credential base
	claims_of base | jq -c --argjson now "$now" "$filter" >/tmp/claims
	"$TOP/build/tests/mint" "${KEY:-/etc/pam_agent/keys/private/issuer.pem}" </tmp/claims >"$CREDENTIALS/$name"
}

no_process_of() { ! pgrep -u "$1" >/dev/null; }

# The stock client that answers every prompt with a password.
password_login() {
	printf '#!/bin/sh\necho secret-of-the-agent\n' >/tmp/password-askpass
	chmod 0755 /tmp/password-askpass
	AGENT_ASKPASS=/tmp/password-askpass agent_ssh "${ACCOUNT:-agent-deploy}" id
}

# The stock client with a key alone.
key_login() {
	setsid -w timeout 30 ssh "${SSH_OPTIONS[@]}" -o BatchMode=yes -o IdentitiesOnly=yes -i "$CREDENTIALS/key" \
		"${ACCOUNT:-agent-deploy}@127.0.0.1" "$@"
}
