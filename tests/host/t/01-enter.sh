# shellcheck shell=bash
# A host within the host: what enter promises to whoever calls it.
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

enter=$TOP/tests/host/enter

traces() {
	pgrep -f 'sleep [7]77'
	ls -d /sys/fs/cgroup/throwaway-host.* /sys/fs/cgroup/pids/throwaway-host.* 2>/dev/null
	diff /tmp/mounts /proc/self/mounts
	diff /tmp/tmp-before <(ls /tmp)
}
no_traces() { [ -z "$(traces 2>&1)" ]; }

# end_with SIGNAL: sends it to enter while its command is at work.
end_with() {
	(
		trap - INT
		exec "$enter" bash -c 'setsid sleep 777 & sleep 777'
	) &
	local pid=$!
	# The command itself, not the enter whose arguments name it: bash may lose an INT that comes while it starts.
	wait_until 10 pgrep -f '^sleep [7]77'
	kill "-$1" "$pid"
	wait "$pid"
}

if ! "$enter" true 2>/tmp/why; then
	skip "no host within a host: $(tail -n 1 /tmp/why)"
	pass "nothing to see"
	finish
fi

touch /tmp/tmp-before
cp /proc/self/mounts /tmp/mounts
ls /tmp >/tmp/tmp-before

story "The command's status and streams are the caller's"
status_of() {
	local status=0
	"$@" || status=$?
	echo "status $status"
}
expect_output "its status" '^status 7$' status_of "$enter" sh -c 'exit 7'
expect_output "what it reads" '^hello$' "$enter" cat <<<hello
expect_output "a command that is not there" '^status 127$' status_of "$enter" no-such-command
expect_output "no time left" '^status 137$' status_of env HOST_TIMEOUT=1 "$enter" sleep 777
# The 31 that have a name: 32 and 33 are the C library's own, and whoever started us may ignore those.
ignored_signals() {
	local mask
	mask=$("$enter" grep SigIgn /proc/self/status)
	echo "ignored $((0x${mask##*[[:space:]]} & 0x7fffffff))"
}
expect_output "signals are not ignored" '^ignored 0$' ignored_signals

story "The source tree may lie anywhere"
for dir in /usr/src /var/tmp /home/dev /root /tmp /opt; do
	mkdir -p "$dir/tree/tests"
	cp -r "$TOP/tests/host" "$dir/tree/tests/"
	# shellcheck disable=SC2016
	expect_output "in $dir" "^$dir/tree tests" "$dir/tree/tests/host/enter" sh -c 'echo $PWD $(ls)'
	expect_ok "and is writable" "$dir/tree/tests/host/enter" touch "$dir/tree/made-inside"
	expect_ok "outside too" rm "$dir/tree/made-inside"
	rm -rf "$dir/tree"
done

story "Nothing stays behind"
"$enter" bash -c 'setsid sleep 777 & touch /tmp/x /etc/x; mkdir /tmp/m; mount -t tmpfs t /tmp/m'
expect_ok "after the end" no_traces
"$enter" bash -c 'mkdir -p /sys/fs/cgroup/pids/a/b || mkdir -p /sys/fs/cgroup/a/b'
expect_ok "after groups of its own" no_traces
expect_output "TERM ends it" '^status 143$' status_of end_with TERM
expect_ok "after TERM" no_traces
expect_output "INT ends it" '^status 130$' status_of end_with INT
expect_ok "after INT" no_traces
"$enter" bash -c 'kill -KILL $$' || true
expect_ok "after KILL of the command" no_traces
expect_output "KILL of the script" '^status 137$' status_of end_with KILL
expect_ok "its processes go with it" wait_until 5 sh -c '! pgrep -f "sleep [7]77"'
"$enter" true
expect_ok "its group with the next host" no_traces

finish
