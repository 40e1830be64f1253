#!/bin/bash
# Broken parts refuse agents and nobody else.
. "$TOP/tests/host/agent.sh"
agent_host
module=$(find /lib /usr/lib /lib64 -name pam_agent.so -path '*security*' 2>/dev/null | head -n 1)
nss=$(find /lib /usr/lib /lib64 -name libnss_agent.so.2 2>/dev/null | head -n 1)
uid=$(id -u agent-deploy)
nth=0

humans_live() {
	expect_output "$1: alice logs in" '^alice$' as_human alice id -un
	expect_output "$1: alice's sudo" '^root$' as_human alice sudo -n id -un
	expect_output "$1: su to alice" '^alice$' su alice -c 'id -un'
}

agents_do_not() {
	nth=$((nth + 1))
	credential "broken-$nth"
	expect_fail "$1: no agent logs in" agent "broken-$nth" id
	expect_fail "$1: no agent sudoes" setpriv --reuid "$uid" --regid "$uid" --init-groups sudo -n /usr/bin/id
	expect_fail "$1: su to the agent" su agent-deploy -c id
}

keep() { cp -a "$1" /tmp/kept; }
restore() { cp -a /tmp/kept "$1.restored" && mv -f "$1.restored" "$1"; }

story "all well"
humans_live "whole"
credential well
expect_output "an agent logs in" agent-deploy agent well id -un

story "pam_agent.so"
keep "$module"
rm "$module"
humans_live "removed"
agents_do_not "removed"
: >"$module"
humans_live "empty"
agents_do_not "empty"
{ # another ELF class, the rest as it is: a file that is cut makes the loader itself die by SIGBUS
	head -c 4 /tmp/kept
	printf '\001'
	tail -c +6 /tmp/kept
} >"$module"
humans_live "of a wrong architecture"
agents_do_not "of a wrong architecture"
restore "$module"

story "helpers"
for helper in gate guard verifier; do
	file=/usr/local/libexec/pam_agent/$helper
	keep "$file"
	rm "$file"
	humans_live "no $helper"
	agents_do_not "no $helper"
	printf '#!/bin/sh\nsleep 30\n' >"$file"
	chmod 0755 "$file"
	agents_do_not "a $helper that hangs"
	restore "$file"
done

story "databases"
for file in /var/lib/pam_agent/identities.cdb /var/lib/pam_agent/policy.cdb /var/lib/pam_agent/anchors.cdb; do
	nth=$((nth + 1))
	credential "noise-$nth"
	keep "$file"
	rm "$file"
	humans_live "no ${file##*/}"
	expect_fail "no ${file##*/}: no agent logs in" agent "noise-$nth" id
	expect_fail "no ${file##*/}: no stray sudoes" setpriv --reuid "$uid" --regid "$uid" --clear-groups sudo -n /usr/bin/id
	head -c 3000 /dev/urandom >"$file"
	humans_live "${file##*/} is noise"
	expect_fail "${file##*/} is noise: no agent logs in" agent "noise-$nth" id
	truncate -s 100 "$file"
	expect_fail "${file##*/} is cut: no agent logs in" agent "noise-$nth" id
	restore "$file"
	chmod 0666 "$file"
	expect_fail "${file##*/} is anybody's to write: no agent logs in" agent "noise-$nth" id
	restore "$file"
done
credential mended
expect_output "mended, an agent logs in" agent-deploy agent mended id -un

story "the NSS module"
keep "$nss"
rm "$nss"
humans_live "no NSS module"
agents_do_not "no NSS module"
restore "$nss"

story "run and log directories"
stop_sshd
start_sshd
for dir in /run/pam_agent /var/log/pam_agent; do
	credential "dir-${dir//\//-}"
	mv "$dir" "$dir.kept"
	ln -s /tmp "$dir"
	expect_fail "$dir is a link" agent "dir-${dir//\//-}" id
	humans_live "$dir is a link"
	rm "$dir"
	mkdir -m 0777 "$dir"
	expect_fail "$dir is anybody's" agent "dir-${dir//\//-}" id
	rm -rf "$dir"
	mkdir "$dir"
	chown alice "$dir"
	expect_fail "$dir is alice's" agent "dir-${dir//\//-}" id
	rm -rf "$dir"
	mv "$dir.kept" "$dir"
done
mount -t tmpfs -o size=16k none /var/log/pam_agent
dd if=/dev/zero of=/var/log/pam_agent/fill bs=1k count=100 2>/dev/null || true
credential full
expect_fail "a full disk under the record" agent full id
humans_live "a full disk"
must wait_until 5 umount /var/log/pam_agent # a guard may have it open for a moment
expect_output "room again" agent-deploy agent full id -un
finish
