#!/bin/bash
# The state directories broken, full, or with junk in them: an agent's login is refused with its reason, nobody else notices,
# and once they are whole again the next good login works.
. "$TOP/tests/host/agent.sh"
agent_host
RUN=/run/pam_agent
INDEX=$RUN/by/uid/$(id -u agent-deploy)
logins=0

# The next good login works, and a human's.
all_well() {
	credential "good-$((logins += 1))"
	expect_output "$1: the next good login works" '^agent-deploy$' agent "good-$logins" id -un
	expect_output "$1: a human's login and sudo work" '^root$' as_human alice sudo -n id -un
}
all_well "a new host"
must agentctl task complete task-none # makes the directory of tasks
iss=$(claims_of good-1 | jq -r .iss)

story "what lies about in the state directories"
no_session() { [ -z "$(ls -A "$RUN/session")" ]; }
# broken WHAT BREAK REPAIR [REASON]: the next login is refused with a reason, soon, and nobody else notices.
broken() {
	must wait_until 5 no_session
	credential broken
	install -d -m 0700 "$INDEX" # of a live session
	must sh -c "$2"
	SSH_TIMEOUT=10 expect_refused "$1" "${4:-state_unavailable}" agent broken id
	expect_output "$1: a human's login and sudo work" '^root$' as_human alice sudo -n id -un
	expect_ok "$1: session list comes to an end" sh -c 'timeout 5 agentctl session list; [ $? != 124 ]'
	must sh -c "$3"
}
install -d -m 0700 /tmp/elsewhere
for dir in session by pending replay task ctl empty used "${INDEX#"$RUN/"}" by/task; do
	broken "$dir is nobody's" "chown nobody $RUN/$dir" "chown root $RUN/$dir"
	broken "$dir is everybody's" "chmod 0777 $RUN/$dir" "chmod 0711 $RUN/$dir"
	broken "$dir is a link" "mv $RUN/$dir $RUN/aside; ln -s /tmp/elsewhere $RUN/$dir" "rm $RUN/$dir; mv $RUN/aside $RUN/$dir"
	broken "$dir is a pipe" "mv $RUN/$dir $RUN/aside; mkfifo $RUN/$dir" "rm $RUN/$dir; mv $RUN/aside $RUN/$dir"
done
expect_output "nothing was written where a link led" '^0$' sh -c 'ls -A /tmp/elsewhere | wc -l'
broken "the whole directory is nobody's" "chown nobody $RUN" "chown root $RUN"
broken "the whole directory is everybody's" "chmod 1777 $RUN" "chmod 0711 $RUN"
id=$(printf '%016d' 7)
task=$(printf '%s\0task-broken\0' "$iss" | sha256sum | cut -d' ' -f1)
for record in "session/$id" "task/completed/$task"; do
	for junk in "mkfifo" "echo garbage >" "ln -s /etc/passwd" "ln -s /nonexistent" "mkdir"; do
		broken "$record: $junk" "touch $INDEX/$id; $junk $RUN/$record" "rm -rf $RUN/$record $INDEX/$id"
	done
done
mkfifo "$RUN/pending/1-1" "$RUN/session/pipe" "$INDEX/pipe"
mkdir "$RUN/session/.new-x" "$RUN/by/junk"
all_well "junk that is nobody's record"
rm -r "$RUN/session/pipe" "$INDEX/pipe" "$RUN/session/.new-x"
must wait_until 5 no_session

story "a full disk"
broken "/run is full" "mount -t tmpfs -o size=4k,mode=0711 full $RUN; head -c 4096 /dev/zero >$RUN/full" "umount -l $RUN"
all_well "when there is room again"
for inodes in 2 4 6 8 10 12 14; do
	must wait_until 5 no_session
	broken "/run takes no more than $inodes files" "mount -t tmpfs -o nr_inodes=$inodes,mode=0711 full $RUN; mkdir -m 0700 $RUN/session" \
		"umount -l $RUN" 'state_unavailable\|internal_error'
done
log=/var/log/pam_agent
before=$(wc -l <$DECISIONS)
mount -t tmpfs -o size=4k,mode=0700 full $log
head -c 4096 /dev/zero >$log/full
credential unrecorded
expect_fail "no record, no permit" agent unrecorded id
expect_log "syslog says why" 'pam_agent.*record_failed.*task-unrecorded' "$SYSLOG"
expect_fail "and says permit of nothing" grep -q 'permit.*task-unrecorded' "$SYSLOG"
expect_output "a human's login and sudo work" '^root$' as_human alice sudo -n id -un
must wait_until 5 umount $log
expect_output "the log is as it was" "^$before$" sh -c "wc -l <$DECISIONS"
all_well "when there is room again"
expect_ok "every record is whole" jq -R 'fromjson | select(.status_code == null) | error("torn")' "$DECISIONS"
finish
