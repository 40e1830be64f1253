#!/bin/bash
# What the rules of sudo that apply writes let through, by sudo's own word: a word of ours with whatever sudoers(5) reads as more than itself is that
# word. Where a pattern of sudo is wider than ours, sudo_agent.so decides (78-tricks.sh).
. "$TOP/tests/host/agent.sh"
agent_host

rule() {
	cat >/etc/pam_agent/conf.d/20-odd.conf <<-CONF
		policy "odd" {
		    identities = { "$AGENT_ID" }
		    sudo { $1  escapes = "accepted" }
		}
	CONF
	agentctl apply
}
sudo_lets() { sudo -n -l -U agent-deploy "$@"; }
# lets NAME YES|NO CMD...
lets() {
	local name=$1 wanted=$2
	shift 2
	case $wanted in
	yes) expect_ok "$name: lets through" sudo_lets "$@" ;;
	no) expect_fail "$name: does not" sudo_lets "$@" ;;
	esac
}

story "words"
# The words of a rule, what they let through, and what not.
while IFS='|' read -r words not <&3; do
	expect_ok "$words" rule "commands = { \"/usr/bin/printf $words\" }"
	read -ra argv <<<"$words"
	lets "$words" yes /usr/bin/printf "${argv[@]}"
	read -ra argv <<<"$not"
	lets "$words" no /usr/bin/printf "${argv[@]}"
	lets "$words" no /usr/bin/id -u
	expect_ok "$words: the files of sudo are whole" visudo -cq
done 3<<'WORDS'
a,b:c=d#e|a
x, /usr/bin/id|x
x #|x
#include /etc/shadow|
@include x|
[a-z]!x^y|b!x^y
^.*$|x
^a$ b|a b
^a b$|a b
!x|y
ALL|ALL ALL
NOPASSWD: ALL|ALL
(root) SETENV: ALL|ALL
sha224:abc /usr/bin/id|abc
{a,b}|a
a'b c'd|ab cd
~root|/root
%s|s
-- x|x
$HOME|/root
`id`|id
ä|a
list|
WORDS

story "what sudo would read as a name of more than one user, and what is no program"
while IFS='|' read -r what rule <&3; do
	expect_fail "$what" rule "$rule"
done 3<<'RULES'
all users|run-as = "ALL"  commands = { "/usr/bin/printf x" }
a group|run-as = "%root"  commands = { "/usr/bin/printf x" }
a uid|run-as = "#0"  commands = { "/usr/bin/printf x" }
a netgroup|run-as = "+x"  commands = { "/usr/bin/printf x" }
all but one|run-as = "!root"  commands = { "/usr/bin/printf x" }
two in one|run-as = "root,www-data"  commands = { "/usr/bin/printf x" }
the end of the list|run-as = "root)"  commands = { "/usr/bin/printf x" }
an alias|run-as = "PAM_AGENT"  commands = { "/usr/bin/printf x" }
a word of sudoers|run-as = "sha224"  commands = { "/usr/bin/printf x" }
all groups|run-as-group = "ALL"  commands = { "/usr/bin/printf x" }
a gid|run-as-group = "#0"  commands = { "/usr/bin/printf x" }
a backslash|commands = { "/usr/bin/printf a\\" }
no arguments, said as sudo does|commands = { "/usr/bin/printf \"\"" }
a directory|commands = { "/usr/bin/" }
a pattern of programs|commands = { "/usr/bin/* x" }
a regular expression|commands = { "^/usr/bin/.*$" }
all commands|commands = { "ALL" }
sudoedit|commands = { "sudoedit /etc/motd" }
RULES
expect_ok "a directory without its slash" rule 'commands = { "/usr/bin" }'
lets "a directory without its slash" no /usr/bin/id -u
expect_ok "no arguments" rule 'commands = { "/usr/bin/printf" }'
lets "no arguments" yes /usr/bin/printf
lets "no arguments" no /usr/bin/printf x

story "names of accounts"
rm /etc/pam_agent/conf.d/20-odd.conf
for name in user_alias include _ all; do
	echo "identity \"$name\" { id = \"spiffe://example.org/agent/odd\" }" >/etc/pam_agent/conf.d/30-name.conf
	expect_ok "$name" agentctl apply
	expect_ok "$name: the files of sudo are whole" visudo -cq
done
for name in ALL Defaults %agents '#0' '+x' '!root' 'a,b' 'a b' a: -a; do
	echo "identity \"$name\" { id = \"spiffe://example.org/agent/odd\" }" >/etc/pam_agent/conf.d/30-name.conf
	expect_fail "$name" agentctl apply
done
finish
