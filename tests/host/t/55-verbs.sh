#!/bin/bash
# timeout: 300
# The verbs of agentctl on live sessions: list, show, end, attest, suspend, revoke, risk, stop; the agent's own.
# shellcheck source=tests/host/agent.sh
. "$TOP/tests/host/agent.sh"

ISSUER=spiffe://example.org/issuer/web-07
OWN=/opt/own # what the agent brings along

# expect_json WHAT FILTER CMD...: its JSON makes the filter of jq true.
expect_json() {
	local what=$1 filter=$2
	shift 2
	try "$@" || true
	if jq -e "$filter" <"$OUTPUT" >/dev/null 2>&1; then pass "$what"; else fail "$what" "not so: $filter"; fi
}

# in_session NAME SCRIPT [options of issue]: a session in the background that runs until it is ended; its ID is $id.
in_session() {
	local name=$1 script=$2
	shift 2
	credential "$name" --tool host:login --tool host:sudo "$@"
	join "$name" "$script"
}

# join NAME SCRIPT: a session with the credential NAME.
join() {
	local before
	before=$(ids)
	rm -f "/tmp/ready.$1"
	AGENT_CREDENTIAL=$CREDENTIALS/$1 AGENT_KEY=$CREDENTIALS/key SSH_TIMEOUT=120 \
		agent_ssh agent-deploy "$2; touch /tmp/ready.$1; exec sleep 881" >"/tmp/session.$1" 2>&1 &
	if ! wait_until 25 test -e "/tmp/ready.$1"; then
		cat "/tmp/session.$1"
		fail "set-up: session $1"
		finish
	fi
	id=$(ids | grep -vxF "${before:-none}" | head -n 1)
}

ids() { ls /run/pam_agent/session 2>/dev/null || true; }
no_session() { [ -z "$(ids)" ]; }
all_gone() { no_session && no_process_of agent-deploy; }
is_stopped() { [ "$(ps -o stat= -u "$uid" | grep -vc '^T')" = 0 ] && pgrep -u "$uid" >/dev/null; }
is_running() { pgrep -u "$uid" >/dev/null && ! ps -o stat= -u "$uid" | grep -q '^T'; }
quiet() { must wait_until 8 all_gone; }
row() { agentctl session list --json | jq -e ".[] | select(.id == \"$id\") | $1"; }
jti_of() { claims_of "$1" | jq -r .jti; }
unpriv() { setpriv --reuid alice --regid alice --clear-groups agentctl "$@"; }

agent_host
uid=$(id -u agent-deploy) # where the name is not found, too

story "Nobody is here, and nothing was ever written"
rm -rf /run/pam_agent
for verb in 'session list' 'task list' 'revoke list' 'risk show'; do
	# shellcheck disable=SC2086 # words
	expect_json "$verb: none" '. == []' agentctl $verb --json
	# shellcheck disable=SC2086
	expect_status "$verb: exit 0" 0 agentctl $verb
done
expect_status "sweep has nothing to do" 0 agentctl sweep
expect_output "and says so" 'nothing to put right' agentctl sweep
expect_status "an unknown session: no" 1 agentctl session show 0123456789abcdef
expect_status "nor can it be ended" 1 agentctl session end 0123456789abcdef
expect_status "an unknown task: no" 1 agentctl task show T0
expect_status "nothing to lift" 1 agentctl revoke lift identity spiffe://example.org/agent/x
expect_status "stop stops nobody" 0 agentctl stop
expect_status "go" 0 agentctl go
expect_status "go again" 0 agentctl go
expect_status "nobody's session: no" 1 agentctl status
expect_status "nothing is done" 1 agentctl "done" --yes
rm -rf /run/pam_agent

story "Wrong usage"
while read -r line; do
	# shellcheck disable=SC2086 # words
	expect_status "usage: $line" 2 agentctl $line
done <<-'LINES'
	task
	task list x
	task show
	task complete
	task complete a b
	task suspend --issuer
	task halt x
	session list x
	session show
	session show ../../etc
	session end 0123
	session attest 0123456789abcdef
	session attest 0123456789abcdef --credential
	revoke
	revoke jti
	revoke key nothing
	revoke identity deploy
	revoke identity spiffe://example.org/agent/x --before yesterday
	revoke jti X --before now
	revoke lift task X
	revoke lift jti
	risk set host
	risk set host extreme
	risk set host high extra
	risk set host high --for 10
	risk set identity deploy high
	risk set world high
	risk clear host high
	stop now
	go on
	sweep x
	status x
	done x
	attest x
LINES
long=$(head -c 300 /dev/zero | tr '\0' n)
expect_status "a note that is too long" 2 agentctl task suspend T --note "$long"
expect_status "a task with a control character" 2 agentctl task suspend $'T\n1'
expect_output "a noun alone shows its verbs" 'revoke lift' agentctl revoke
expect_status "help is help" 0 agentctl risk --help

story "Not root"
for verb in 'session list' 'session show 0123456789abcdef' 'task list' 'task show T' 'revoke list' 'risk show'; do
	# shellcheck disable=SC2086 # words
	expect_status "$verb: cannot tell" 3 unpriv $verb
done
for verb in 'session end 0123456789abcdef' 'session attest 0123456789abcdef --credential /dev/null' 'task revoke T' \
	'revoke issuer X' 'revoke lift issuer X' 'risk set host high' 'risk clear host' stop go sweep; do
	# shellcheck disable=SC2086
	expect_status "$verb: no" 1 unpriv $verb
done
expect_status "status: in no session" 1 unpriv status
expect_fail "nothing was written" test -e /run/pam_agent/stop

story "List and show"
in_session one 'su alice -c id </dev/null; sudo -n /usr/bin/id >/dev/null'
expect_output "the list is a table" "^$id +agent-deploy +$AGENT_ID +task-one +restart-web +2.*Z +[0-9]+[sm] +- +[0-9]+ +[1-9] +low +running$" \
	agentctl session list
expect_json "the list as JSON" \
	".[0] | .id == \"$id\" and .account == \"agent-deploy\" and .state == \"running\" and .reason == null and .risk == \"low\" and
	.iss == \"$ISSUER\" and .deadline > .opened and .attest_by == null and .steps >= 1 and .refusals >= 1" agentctl session list --json
expect_output "show: its credential" "jti +$(jti_of one)" agentctl session show "$id"
expect_output "show: its refusal" 'service_refused +[0-9a-f]{8}' agentctl session show "$id"
expect_json "show as JSON" '.live and (.refusal_records | length > 0) and .open_record.unmapped.step == "open" and .end_record == null' \
	agentctl session show "$id" --json
expect_output "task list" '^task-one +active +2.*Z +spiffe://example.org/issuer/web-07 +1 +restart-web$' agentctl task list
expect_json "as JSON" '.[0] | .task == "task-one" and .sessions == 1 and .state == "active"' agentctl task list --json
expect_output "task show: its session" "^$id " agentctl task show task-one
expect_json "as JSON" ".sessions[0].id == \"$id\"" agentctl task show task-one --json

story "Suspend and resume"
expect_output "suspended" "^frozen +session $id of agent-deploy, task task-one: task_suspended" agentctl task suspend task-one --note 'a look'
expect_ok "its processes are stopped" is_stopped
expect_output "the list says it" 'frozen: task_suspended$' agentctl session list
expect_output "with the note" 'note +a look' agentctl task show task-one
expect_refused "nobody logs in meanwhile" task_suspended agent one id
expect_output "suspended again" '^frozen' agentctl task suspend task-one
expect_output "resumed" "^goes on +session $id" agentctl task resume task-one
expect_ok "its processes run" wait_until 3 is_running
expect_json "and nothing is known against it" '.state == "active"' agentctl task show task-one --json

story "End one session of two"
one=$id
credential two --task task-one
join two :
expect_output "the second is ended" "^ended +session $id" agentctl session end "$id"
ended() { [ ! -e "/run/pam_agent/session/$id" ]; }
expect_ok "and gone" wait_until 5 ended
expect_ok "the first goes on" test -e "/run/pam_agent/session/$one"
expect_ok "it runs" is_running
expect_output "show knows how it ended" 'because +session_ended' agentctl session show "$id"
expect_json "as JSON" '(.live | not) and .end_record.status_code == "session_ended"' agentctl session show "$id" --json
expect_status "it cannot be ended again" 1 agentctl session end "$id"

story "Revoke and complete a task"
expect_output "revoked" "^ended +session $one" agentctl task revoke task-one --note stolen
quiet
expect_log "with its reason" '"status_code":"task_revoked".*"step":"close"' "$DECISIONS"
expect_json "it stays known" '.[] | select(.task == "task-one") | .state == "revoked" and .note == "stolen"' agentctl task list --json
expect_status "it cannot be resumed" 1 agentctl task resume task-one
expect_output "it stays so" 'the task is revoked, and stays so' agentctl task complete task-one
expect_status "revoked again is no mistake" 0 agentctl task revoke task-one

story "Attest"
install -d -m 0755 "$OWN"
in_session short : --ttl 60s
before=$(row .deadline)
credential longer --task task-short
expect_output "by root: it lives longer" '^attested$' agentctl session attest "$id" --credential "$CREDENTIALS/longer" --key "$CREDENTIALS/key"
expect_ok "its end is later" test "$(row .deadline)" -gt "$before"
expect_json "it was attested" '.attested != null' agentctl session show "$id" --json
expect_status "one of another task: no" 1 agentctl session attest "$id" --credential "$CREDENTIALS/one" --key "$CREDENTIALS/key"
expect_output "and why" 'attestation_mismatch' agentctl session attest "$id" --credential "$CREDENTIALS/one" --key "$CREDENTIALS/key"
credential keyless --task task-short
expect_output "without the key: no" 'possession_missing' agentctl session attest "$id" --credential "$CREDENTIALS/keyless"
expect_status "what is no credential: no" 1 agentctl session attest "$id" --credential /etc/passwd
must agentctl task complete task-short
quiet

story "The agent's own verbs"
credential self --ttl 10s
for name in self2 self3; do credential $name --task task-self; done
cp "$CREDENTIALS"/self[23] "$CREDENTIALS/key" "$OWN/"
cp /usr/local/sbin/agentctl "$OWN/agentctl"
chown -R agent-deploy "$OWN"
cat >"$OWN/script" <<-SCRIPT
	cd $OWN
	./agentctl status >status 2>&1; echo \$? >status.exit
	./agentctl status --json >status.json 2>&1
	(setsid ./agentctl status >status.setsid 2>&1)
	cd /opt; AGENT_CREDENTIAL=$OWN/self2 AGENT_KEY=own/key $OWN/agentctl attest >$OWN/attest 2>&1; echo \$? >$OWN/attest.exit; cd $OWN
	./agentctl attest --credential self2 --key key >again 2>&1; echo \$? >again.exit
	./agentctl session list >list 2>&1; echo \$? >list.exit
	./agentctl done </dev/null >unsure 2>&1; echo \$? >unsure.exit
SCRIPT
chmod 0755 "$OWN/script"
join self "sh $OWN/script"
expect_output "status in words" '^task task-self: running$' cat "$OWN/status"
expect_output "until when" '^  ends +2.*Z \(in [0-9]+s\)' cat "$OWN/status"
expect_output "exit 0" '^0$' cat "$OWN/status.exit"
expect_json "as JSON" ".session == \"$id\" and .task == \"task-self\" and .state == \"running\" and (.attest_now | not)" cat "$OWN/status.json"
expect_output "found after setsid" '^task task-self: running$' cat "$OWN/status.setsid"
expect_output "attest" '^attested$' cat "$OWN/attest"
expect_output "exit 0" '^0$' cat "$OWN/attest.exit"
expect_output "the same credential once more: no" 'replayed' cat "$OWN/again"
expect_output "exit 1" '^1$' cat "$OWN/again.exit"
expect_output "the list of all is root's" '^3$' cat "$OWN/list.exit"
expect_output "done asks, or wants --yes" 'give --yes' cat "$OWN/unsure"
expect_output "exit 2" '^2$' cat "$OWN/unsure.exit"
sleep 10
expect_ok "it outlives the credential of its login" is_running
expect_status "a process of the account in no session: no" 1 setpriv --reuid agent-deploy --regid agent-deploy --clear-groups "$OWN/agentctl" status
must agentctl task complete task-self
quiet
in_session soon "sleep 13; $OWN/agentctl status >$OWN/soon; $OWN/agentctl status --json >$OWN/soon.json" --ttl 16s
expect_output "from four fifths on: attest now" 'attest now' cat "$OWN/soon"
expect_json "as JSON" '.attest_now' cat "$OWN/soon.json"
quiet
credential over
try agent over "$OWN/agentctl done --yes" || true # its answer and its end race
quiet
expect_json "done completes the task" '.[] | select(.task == "task-over") | .state == "completed"' agentctl task list --json

story "Revoke credentials, keys, identities, issuers"
# revoked WHAT KIND VALUE [options]: kills the session, refuses the next login, is listed, and lifted.
revoked() {
	local what=$1 kind=$2 value=$3 issuer=()
	shift 3
	in_session "$what" :
	expect_output "$what: kills its session" "^ended +session $id" agentctl revoke "$kind" "$value" "$@" --note "for $what"
	quiet
	expect_log "$what: with its reason" "\"status_code\":\"revoked\".*\"session\":\"$id\"" "$DECISIONS"
	expect_json "$what: is listed" ".[] | select(.kind == \"$kind\") | .note == \"for $what\" and .since > 0" agentctl revoke list --json
	expect_output "$what: as a table" "^$kind .*for $what$" agentctl revoke list
	expect_refused "$what: no login" revoked agent "$what" id
	[ "$kind" != jti ] || issuer=(--issuer "$ISSUER")
	expect_output "$what: is lifted" "^lifted $kind" agentctl revoke lift "$kind" "$value" "${issuer[@]}"
	expect_json "$what: and no more listed" '. == []' agentctl revoke list --json
	expect_status "$what: nor to be lifted again" 1 agentctl revoke lift "$kind" "$value" "${issuer[@]}"
}
revoked a-key key "$CREDENTIALS/key.pub"
revoked an-identity identity "$AGENT_ID"
revoked a-pattern identity 'spiffe://example.org/agent/*'
revoked an-issuer issuer "$ISSUER"
in_session a-jti :
expect_output "a jti kills its session" "^ended +session $id" agentctl revoke jti "$(jti_of a-jti)"
quiet
in_session spared :
expect_output "what was issued later goes on" "^goes on +session $id" agentctl revoke issuer "$ISSUER" --before "$(date -u -d '-1 hour' +%FT%TZ)"
expect_ok "and runs" is_running
must agentctl revoke lift issuer "$ISSUER"

story "Risk"
cat >/etc/pam_agent/conf.d/20-risk.conf <<-'CONF'
	policy "risk" {
	    identities = { "spiffe://example.org/agent/*" }
	    max-risk-low = "medium"
	}
CONF
must agentctl apply
expect_output "a risk that is allowed: it goes on" "^goes on +session $id" agentctl risk set identity "$AGENT_ID" medium --for 1h --note odd
expect_ok "its processes, too" wait_until 3 is_running
expect_json "the session's risk" '.[0].risk == "medium"' agentctl session list --json
expect_output "risk show" "^identity +$AGENT_ID +medium +2.*Z +2.*Z +- +odd$" agentctl risk show
expect_output "above that: killed" "^ended +session $id" agentctl risk set host high
quiet
expect_log "with its reason" "risk_too_high.*\"session\":\"$id\"" "$DECISIONS"
credential risky
expect_refused "no login" risk_too_high agent risky id
expect_output "cleared" '^risk of host: low' agentctl risk clear host
must agentctl risk clear identity "$AGENT_ID"
in_session sensitive : --sensitivity high
expect_json "what the credential says" '.[0].sensitivity == "high"' agentctl session list --json
expect_output "verify shows it" '^  sensitivity +high$' agentctl verify "$CREDENTIALS/sensitive"
expect_output "what a sensitive task is not allowed at this risk: killed" "^ended +session $id" agentctl risk set host medium
quiet
credential sensitive --sensitivity high
expect_refused "no login for a sensitive task" risk_too_high agent sensitive id
expect_output "nor says explain" risk_too_high agentctl explain --account agent-deploy --step login --from 127.0.0.1 --credential "$CREDENTIALS/sensitive"
credential calm --sensitivity low
expect_output "a login for one that is not" '^agent-deploy$' agent calm id -un
expect_output "an unknown sensitivity" 'tctx.sensitivity is not low, medium or high' agentctl issue --identity "$AGENT_ID" --task t \
	--tool host:login --key "$CREDENTIALS/key.pub" --sensitivity secret
KEY='' mint secret <<-'FILTER'
	.tctx.sensitivity = "secret" | .jti = "secret"
FILTER
expect_refused "a token that says so" claim_invalid agent secret id
must agentctl risk clear host
expect_output "a login" '^agent-deploy$' agent risky id -un
expect_output "a task's" '^risk of task task-risky: high until' agentctl risk set task task-risky high --for 2s
expect_json "as JSON" 'map(select(.subject == "task" and .level == "high" and .until > .since)) | length == 1' agentctl risk show --json
sleep 3
expect_json "it is over" 'map(select(.subject == "task")) | length == 0' agentctl risk show --json
must agentctl risk clear identity "$AGENT_ID"

story "Stop and go"
in_session red :
expect_output "stop freezes it" "^frozen +session $id .*: stopped" agentctl stop
expect_ok "its processes are stopped" is_stopped
expect_json "the list says it" '.[0] | .state == "frozen" and .reason == "stopped"' agentctl session list --json
expect_refused "no login" stopped agent risky id
expect_status "stop again" 0 agentctl stop
expect_output "go" "^goes on +session $id" agentctl go
expect_ok "its processes run" wait_until 3 is_running

story "Stop without configuration, databases and disk"
mkdir /tmp/away
mv /etc/pam_agent/agent.conf /var/lib/pam_agent/*.cdb /tmp/away/
expect_ok "stop" sh -c 'agentctl stop; [ $? != 1 ]'
expect_ok "its processes are stopped" is_stopped
mv /tmp/away/agent.conf /etc/pam_agent/
mv /tmp/away/*.cdb /var/lib/pam_agent/
must agentctl go
expect_ok "its processes run" wait_until 3 is_running
mount -t tmpfs -o ro none /run/pam_agent
expect_status "the order cannot be written: exit 3" 3 agentctl stop
expect_ok "its processes are stopped all the same" is_stopped
umount /run/pam_agent
must agentctl go
expect_ok "its processes run" wait_until 3 is_running

story "A guard that is dead"
pkill -KILL -x guard
expect_output "the list says it" 'no guard$' agentctl session list
expect_json "as JSON" '.[0] | .state == "no guard" and .deadline == null' agentctl session list --json
expect_output "sweep ends it" '^1 sessions without a guard' agentctl sweep
quiet
expect_output "sweep --quiet is quiet" '^$' sh -c 'agentctl sweep --quiet; echo'

story "A guard that says that its session goes on, whatever happens"
cat >/tmp/deaf-guard.pl <<'CODE'
use Socket;
my ($path, $id) = @ARGV;
unlink $path;
socket(my $door, AF_UNIX, SOCK_SEQPACKET, 0) or die;
bind($door, sockaddr_un($path)) && listen($door, 9) or die "$path: $!";
while (accept(my $client, $door)) {
	recv($client, my $question, 4096, 0);
	send($client, "pam_agent 1\nverdict permit\nreason permit\nstate running\nsession $id\nsteps 0\nrefusals 0\n", 0);
	close($client);
}
CODE
in_session deaf :
pkill -KILL -f "^guard $id\$"
perl /tmp/deaf-guard.pl "/run/pam_agent/ctl/$id" "$id" &
deaf=$!
guard_says_so() { agentctl session list | grep -q 'running$'; }
must wait_until 5 guard_says_so
expect_status "suspend: in part" 3 agentctl task suspend task-deaf
expect_seen "it goes on" "^goes on +session $id"
expect_status "end: in part" 3 agentctl session end "$id"
expect_status "revoke the identity: in part" 3 agentctl revoke identity "$AGENT_ID"
must agentctl revoke lift identity "$AGENT_ID"
expect_status "revoke what it is not: done" 0 agentctl revoke identity "$AGENT_ID" --before 2020-01-01T00:00:00Z
must agentctl revoke lift identity "$AGENT_ID"
expect_status "complete: in part" 3 agentctl task complete task-deaf
kill "$deaf"
expect_status "complete, without it" 0 agentctl task complete task-deaf
quiet

story "State that is not durable, or not readable"
mount -t tmpfs -o ro,mode=0700 none /var/lib/pam_agent/state
expect_status "suspend: until the next boot only" 3 agentctl task suspend T10
expect_status "revoke" 3 agentctl revoke identity spiffe://example.org/agent/x
expect_status "risk" 3 agentctl risk set task T10 high
umount /var/lib/pam_agent/state
expect_json "they count meanwhile" '.[] | select(.task == "T10") | .state == "suspended"' agentctl task list --json
expect_status "resumed" 0 agentctl task resume T10
mount -t tmpfs -o mode=0777 none /var/lib/pam_agent/state
expect_output "state that others may write: not written" 'could not be written' agentctl task suspend T10
umount /var/lib/pam_agent/state
mv "$DECISIONS" /tmp/away/
expect_status "show, without a log: no" 1 agentctl session show "$id"
mv /tmp/away/decisions.jsonl "$DECISIONS"
chmod 0777 /run/pam_agent/session
for verb in 'session list' 'task list' "session show $id"; do
	# shellcheck disable=SC2086 # words
	expect_status "$verb, of a directory that others may write: cannot tell" 3 agentctl $verb
done
chmod 0700 /run/pam_agent/session
finish
