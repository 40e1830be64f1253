# shellcheck shell=bash
# timeout: 400
# The lines in the PAM files, without our module: one that cannot be loaded
# refuses agents and nobody else, and the jumps of the profile lead where they
# should (pam_debug says what our module would).
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

profile=$TOP/etc/pam-configs/pam_agent
command -v pam-auth-update >/dev/null || {
	skip "no pam-auth-update here"
	pass "nothing to see"
	finish
}

modules=$(dirname "$(find /lib/ /usr/lib/ -name pam_succeed_if.so | head -n 1)")
module=$modules/pam_agent.so
rm -f "$module"
groupadd -f agents
human alice
human bob
human agent-x -G agents
echo 'ALL ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/all
chmod 0440 /etc/sudoers.d/all
sed -i 's/^FAIL_DELAY.*/FAIL_DELAY 0/' /etc/login.defs
start_sshd
cp -a /etc/pam.d /tmp/pam.d

# lines TYPE [MODULE...]: those of the profile, for one type.
lines() {
	local type=$1
	shift
	sed -n "/^${type^}:/,/^[A-Z]/s/^	/$type /p" "$profile" |
		sed "s/pam_agent.so/${*:-pam_agent.so}/; s/success=end/success=4/"
}

# prepend FILE TYPE
prepend() {
	lines "$2" | cat - "/etc/pam.d/$1" >/tmp/new
	cp /tmp/new "/etc/pam.d/$1"
}

# set_up [MODULE...]: by pam-auth-update, and first in sudo's own files.
set_up() {
	rm -rf /etc/pam.d /var/lib/pam/seen
	cp -a /tmp/pam.d /etc/pam.d
	sed "s/pam_agent.so/${*:-pam_agent.so}/" "$profile" >/usr/share/pam-configs/pam_agent
	DEBIAN_FRONTEND=noninteractive pam-auth-update --package --force --enable pam_agent
	for file in sudo sudo-i; do
		lines session "$@" | cat - "/etc/pam.d/$file" >/tmp/new
		cp /tmp/new "/etc/pam.d/$file"
	done
}

su_to() { echo "echo $(password_of "$1") | su $1 -c 'id -un'"; }

as_agent() { setpriv --reuid agent-x --regid agent-x --init-groups "$@"; }

humans_come_and_go() {
	expect_output "$1: ssh" '^alice$' as_human alice id -un
	expect_output "$1: su by root" '^bob$' su bob -c 'id -un'
	expect_output "$1: su by a human, with a password" 'bob$' as_human alice "$(su_to bob)"
	expect_fail "$1: su with another" as_human alice "echo wrong | su bob -c true"
	expect_output "$1: sudo" '^root$' as_human alice sudo -n id -un
	expect_output "$1: sudo -i" '^root$' as_human alice sudo -n -i id -un
	expect_output "$1: sudo to a human" '^bob$' as_human alice sudo -n -u bob id -un
}

agents_do_not() {
	expect_fail "$1: no ssh for an agent" as_human agent-x id -un
	expect_output "$1: no su to it by root" '^su: Authentication failure$' su agent-x -c 'id -un'
	expect_output "$1: no su to it by a human" '^su: Authentication failure$' as_human alice "$(su_to agent-x)"
	expect_output "$1: no su by it" '^su: Authentication failure$' as_agent sh -c "$(su_to bob)"
	expect_output "$1: no sudo by it" 'account validation failure' as_agent sudo -n id -un
	expect_output "$1: no sudo to it by a human" 'pam_open_session: Auth' as_human alice sudo -n -u agent-x id -un
	expect_output "$1: no sudo -i to it" 'pam_open_session: Auth' as_human alice sudo -n -i -u agent-x id -un
	expect_output "$1: no sudo to it by root" 'pam_open_session: Auth' sudo -n -u agent-x id -un
}

story "Lines written by hand at the top of each file"
for file in common-auth common-account common-session common-session-noninteractive sudo sudo-i; do
	type=${file#common-}
	prepend "$file" "$(case $type in sudo*) echo session ;; *) echo "${type%%-*}" ;; esac)"
done
humans_come_and_go "by hand"
agents_do_not "by hand"

for kind in gone empty truncated 32-bit text; do
	story "A module that is $kind"
	set_up
	case $kind in
	empty) : >"$module" ;;
	truncated) head -c 300 "$modules/pam_unix.so" >"$module" ;;
	32-bit) { printf '\177ELF\001' && tail -c +6 "$modules/pam_unix.so"; } >"$module" ;;
	text) echo 'not a module' >"$module" ;;
	esac
	humans_come_and_go "$kind"
	agents_do_not "$kind"
	rm -f "$module"
done

story "A module cut off behind its headers, which no line can help"
set_up
head -c 3000 "$modules/pam_unix.so" >"$module"
expect_output "whoever loads it dies" '^status 135$' sh -c 'su bob -c true; echo "status $?"'
expect_fail "a human's login too" as_human alice true
expect_fail "and an agent's" as_human agent-x true
rm -f "$module"

story "Too little memory, at every size from nothing to enough"
# su's own password check wants 23 MB; without it only our lines can refuse.
sed -i 's/pam_unix.so .*/pam_permit.so/' /etc/pam.d/common-auth
cat >/tmp/starved <<'END'
#!/bin/bash
# starved USER KIBIBYTES CMD...
out=$(setpriv --reuid "$1" --regid "$1" --init-groups prlimit --as=$(($2 * 1024)) "${@:3}" 2>&1)
[[ $out != *IN* ]] || echo "in at $2 KiB"
END
chmod +x /tmp/starved
# shellcheck disable=SC2016
starve() {
	local user=$1
	shift
	seq 2600 40 9000 | xargs -P 4 -I KIB timeout 20 /tmp/starved "$user" KIB "$@"
	echo "end of the row"
}
nobody_in() {
	starve "$@" | tee /tmp/row
	[ "$(cat /tmp/row)" = "end of the row" ]
}
expect_output "a human's su gets in somewhere" '^in at' starve alice su bob -c 'echo IN'
expect_output "a human's sudo too" '^in at' starve alice sudo -n echo IN
expect_ok "an agent's su never" nobody_in agent-x su bob -c 'echo IN'
expect_ok "an agent's sudo never" nobody_in agent-x sudo -n echo IN
expect_ok "a human's sudo to an agent never" nobody_in alice sudo -n -u agent-x echo IN

story "The module's word, spoken by pam_debug"
# not_asked CMD...: CMD succeeds and nobody was asked for a password.
not_asked() { "$@" </dev/null >/tmp/asked 2>&1 && ! grep -i password /tmp/asked /tmp/prompts; }
cat >/tmp/askpass <<'END'
#!/bin/sh
echo "$1" >>/tmp/prompts
END
chmod +x /tmp/askpass
AGENT_ASKPASS=/tmp/askpass
: >/tmp/prompts
stop_sshd
start_sshd "KbdInteractiveAuthentication yes"

set_up pam_debug.so auth=success cred=success acct=success open_session=success close_session=success
expect_ok "yes: su needs no password" not_asked as_human alice su agent-x -c true
expect_ok "yes: nor does keyboard-interactive" not_asked agent_ssh agent-x \
	-o PreferredAuthentications=keyboard-interactive true
expect_output "yes: sudo to it" '^agent-x$' as_human alice sudo -n -u agent-x id -un
set_up pam_debug.so auth=maxtries cred=perm_denied acct=perm_denied open_session=perm_denied close_session=success
expect_fail "no: its password does not help" as_human alice "$(su_to agent-x)"
expect_fail "no: nor does a key" as_human agent-x true
expect_fail "no: nor root" su agent-x -c true
expect_fail "no: nor sudo by root" sudo -n -u agent-x id
set_up pam_debug.so auth=ignore cred=ignore acct=ignore open_session=ignore close_session=ignore
humans_come_and_go "not mine"

story "pam-auth-update"
set_up
expect_output "it puts us first" '^auth\s\[success=4 ignore=ignore ' \
	sh -c 'grep ^auth /etc/pam.d/common-auth | head -n 1'
pam_auth_update() { DEBIAN_FRONTEND=noninteractive pam-auth-update --package "$@" 2>&1; }
cp -a /etc/pam.d /tmp/pam.d-once
pam_auth_update
expect_ok "twice is once" diff -r /tmp/pam.d-once /etc/pam.d
pam_auth_update --disable pam_agent
expect_fail "and takes every line out again" grep -r pam_agent /etc/pam.d --include='common-*'
expect_ok "humans' lines are as before" diff -r -w /tmp/pam.d/ /etc/pam.d/ -x 'sudo*' -x '*.pam-old'
# It cannot recognise its own line again that has two different numbers.
sed -i 's/success=end ignore=ignore/success=end ignore=2/' /usr/share/pam-configs/pam_agent
pam_auth_update --enable pam_agent
expect_output "which fails with a second number" 'Local modifications' pam_auth_update --disable pam_agent

finish
