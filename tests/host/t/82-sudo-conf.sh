#!/bin/bash
# What else may stand in sudo.conf, and who suffers: with our line beside it agents run what they may and nothing more, with and without it
# humans run what they run, and disable leaves the file as it was, byte for byte.
. "$TOP/tests/host/agent.sh"
agent_host
sed -i 's/^\( *max-logins *=\).*/\1 99/' /etc/pam_agent/agent.conf
must agentctl apply
plugins=/usr/libexec/sudo
[ -e $plugins/sudo_agent.so ] || plugins=/usr/lib/sudo

# sudo itself would let everything through.
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
must as_human alice true

# An approval plug-in of somebody else, which says so and lets pass or not.
cat >/tmp/other.c <<'C'
#include <stdio.h>
#include <sudo_plugin.h>
static int check(char *const info[], char *const argv[], char *const env[], const char **error)
{
    (void)info, (void)argv, (void)env, (void)error;
    fprintf(stderr, "other: %d\n", VERDICT);
    return VERDICT;
}
static int begin(unsigned int version, sudo_conv_t converse, sudo_printf_t say, char *const settings[], char *const user[], int at,
                 char *const argv[], char *const env[], char *const options[], const char **error)
{
    (void)version, (void)converse, (void)say, (void)settings, (void)user, (void)at, (void)argv, (void)env, (void)options, (void)error;
    return 1;
}
static void end(void)
{
}
struct approval_plugin other = {
    .type = SUDO_APPROVAL_PLUGIN, .version = SUDO_API_VERSION, .open = begin, .close = end, .check = check};
C
if command -v "${CC:-cc}" >/dev/null; then
	for verdict in 0 1; do
		"${CC:-cc}" -shared -fPIC -DVERDICT=$verdict -o $plugins/other$verdict.so /tmp/other.c
		chmod 0644 $plugins/other$verdict.so
	done
fi

human_ran() { as_human alice 'sudo -n id -u; sudo -n sh -c "exit 7"; echo $?' 2>&1; }
# conf NAME TEXT [REFUSES]: REFUSES: the other plug-in, everybody.
conf() {
	local name=$1 refuses=${3:-}
	must agentctl disable --yes
	printf '%b' "$2" >/etc/sudo.conf
	cp /etc/sudo.conf /tmp/before
	human_ran >/tmp/without
	expect_ok "$name: enable" agentctl enable --yes
	human_ran >/tmp/with
	expect_ok "$name: a human's sudo does the same" diff /tmp/without /tmp/with
	credential "conf-$name" --tool host:login --tool host:sudo
	agent "conf-$name" 'sudo -n /usr/bin/id; echo "permitted $?"; sudo -n /usr/bin/whoami; echo "refused $?"' >/tmp/result 2>&1 || true
	expect_output "$name: what the agent may" "^permitted ${refuses:-0}" cat /tmp/result
	expect_output "$name: and what not" '^refused 1' cat /tmp/result
	[ -n "$refuses" ] || expect_log "$name: no_rule" "\"no_rule\".*\"task-conf-$name\"" "$DECISIONS"
	expect_ok "$name: enable again" sh -c 'agentctl enable --yes | grep -q "was enabled already"'
	expect_ok "$name: disable" agentctl disable --yes
	expect_ok "$name: the file is as it was" cmp /etc/sudo.conf /tmp/before
	human_ran >/tmp/after
	expect_ok "$name: and a human's sudo" diff /tmp/without /tmp/after
	must agentctl enable --yes
}

story "odd and ordinary ones"
conf empty ''
conf no-newline '# nothing'
conf crlf 'Set disable_coredump false\r\n# x\r\n'
conf continued 'Set \\\\\n  disable_coredump false\n# a comment \\\\\n'
conf comment-continued '# a comment \\\\\nSet disable_coredump false\n'
conf sudoers-with-options 'Plugin sudoers_policy sudoers.so sudoers_mode=0440\nPlugin sudoers_io sudoers.so\n'
conf sudoers-without-the-rest 'Plugin sudoers_policy sudoers.so\n'
conf plugin-dir "Path plugin_dir $plugins/\n"
if [ -e $plugins/other1.so ]; then
	conf other-approval 'Plugin other other1.so\n'
	conf other-refuses 'Plugin other other0.so\n' 1
	must agentctl disable --yes
	echo 'Plugin other other1.so' >/etc/sudo.conf
	must agentctl enable --yes
	sed -i '/^Plugin other/d' /etc/sudo.conf
	echo 'Plugin other other0.so' >>/etc/sudo.conf
	credential behind --tool host:login --tool host:sudo
	expect_output "one behind ours refuses what we permitted" '^status 1$' agent behind 'sudo -n /usr/bin/id; echo status $?'
	sed -i '/^Plugin other/d' /etc/sudo.conf
	expect_output "and that permit is of no use to the next sudo" '^status 1$' agent behind 'sudo -n /usr/bin/whoami; echo status $?'
else
	skip "no compiler for another plug-in"
fi

story "a directory of plug-ins where ours is not"
must agentctl disable --yes
cp -r $plugins /opt/sudo
rm /opt/sudo/sudo_agent.so
echo 'Path plugin_dir /opt/sudo/' >/etc/sudo.conf
expect_output "enable finds that sudo does not run with it" 'FAILED +sudo itself' agentctl enable --yes
expect_output "and takes it back" '^root$' as_human alice sudo -n id -un

story "a line that somebody wrote by hand"
printf '# ours\nPlugin sudo_agent sudo_agent.so\n' >/etc/sudo.conf
cp /etc/sudo.conf /tmp/before
expect_output "enable names it" '^agentctl: /etc/sudo.conf:2: names sudo_agent already' agentctl enable --yes
expect_ok "and leaves it" cmp /etc/sudo.conf /tmp/before
expect_output "humans' sudo runs with it" '^root$' as_human alice sudo -n id -un
expect_fail "uninstall does not take the plug-in from under it" make -C "$TOP" uninstall
expect_output "so humans' sudo goes on" '^root$' as_human alice sudo -n id -un
: >/etc/sudo.conf
expect_ok "without it" make -C "$TOP" uninstall
expect_output "humans' sudo runs" '^root$' as_human alice sudo -n id -un
finish
