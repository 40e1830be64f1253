# shellcheck shell=bash
# libnss_agent.so.2 as the C library loads it: nsswitch.conf, getent, id, and what the file itself must look like.
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

MODULE=${NSS_MODULE:-$TOP/build/libnss_agent.so.2}
MKIDENTITIES=${MKIDENTITIES:-$TOP/build/tests/mkidentities}
TEST_NSS=${TEST_NSS:-$TOP/build/tests/nss/test_nss}
DATABASE=/var/lib/pam_agent/identities.cdb

# --- the file ---

exported() {
	nm -D --defined-only "$MODULE" | awk '{ print $3 }' | sort | tr '\n' ' '
}

wanted() {
	sed -n 's/^ *\(_nss_agent_[a-z_]*\);$/\1/p' "$TOP/nss_agent/nss_agent.map" | sort | tr '\n' ' '
}

is_same() { [ "$1" = "$2" ] || { printf '%s\n' "$1" "$2"; false; }; }

# Nothing that allocates (but realloc, for initgroups_dyn), formats, logs, connects or asks environment or locale.
imports_nothing_else() {
	local allowed='__errno_location|__stack_chk_fail|close|openat(64)?|pread(64)?|f?stat(64)?|__fxstat(64)?|realloc'
	allowed+='|mem(chr|cmp|cpy|move|set)|str(chr|cmp|cpy|len|ncmp|rchr)|__(mem|str)[a-z]+_chk|__openat(64)?_2|__pread(64)?_chk'
	! nm -D --undefined-only "$MODULE" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -Ev "^($allowed)\$"
}

lacks() { ! readelf -W "$1" "$MODULE" | grep -E "$2"; }

story "the shared object"
expect_ok "exports what glibc looks for and nothing else" is_same "$(exported)" "$(wanted)"
expect_ok "fifteen functions" is_same "$(exported | wc -w)" 15
expect_ok "needs libc alone" is_same "$(readelf -d "$MODULE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so.6
expect_output "soname" 'SONAME.*libnss_agent\.so\.2' readelf -d "$MODULE"
expect_output "stays loaded" 'NODELETE' readelf -d "$MODULE"
expect_output "is bound at once" 'NOW' readelf -d "$MODULE"
expect_ok "no thread-local storage" lacks -l '^ *TLS'
expect_ok "no constructors or destructors" lacks -d '\((PRE)?(INIT|FINI)(_ARRAY)?\)'
expect_ok "no executable stack" lacks -l 'GNU_STACK.*RWE'
expect_ok "no text relocations" lacks -d 'TEXTREL'
expect_ok "imports neither allocation, stdio, locale, environment nor syslog" imports_nothing_else

# --- the functions ---

story "the functions, called one by one"
expect_ok "test_nss" "$TEST_NSS" "$MODULE"

# --- through glibc ---

story "through nsswitch.conf"
install -m 0644 "$MODULE" "$(ldd /bin/ls | awk '/libc\.so/ { sub(/[^/]*$/, "", $3); print $3 }')libnss_agent.so.2"
ldconfig
for database in passwd group shadow; do
	sed -i "/^$database:/d" /etc/nsswitch.conf
	echo "$database: files agent" >>/etc/nsswitch.conf
done
sed -i '/^initgroups:/d' /etc/nsswitch.conf
groupadd --system agents
agents=$(getent group agents | cut -d: -f3)
useradd -M alice
mkdir -p /var/lib/pam_agent

expect_fail "without a database an agent is unknown" getent passwd agent-0
expect_ok "without a database alice is known" getent passwd alice
expect_output "without a database alice has her groups" '^alice' id -nG alice

"$MKIDENTITIES" "$DATABASE" 1000 "$agents"
expect_output "by name" '^agent-7:\*:70009:70009:example.org/agent/7:/var/lib/agents/agent-7:/bin/sh$' getent passwd agent-7
expect_output "by uid" '^agent-7:' getent passwd 70009
expect_output "by SPIFFE ID" '^agent-7:' getent passwd spiffe://example.org/agent/7
expect_fail "an unknown SPIFFE ID" getent passwd spiffe://example.org/agent/1000
expect_fail "an unknown name" getent passwd agent-1000
expect_output "group by name" '^agent-7:\*:70009:$' getent group agent-7
expect_output "group by gid" '^agent-7:' getent group 70009
expect_output "shadow" '^agent-7:!\*:::::::$' getent shadow agent-7
expect_output "initgroups" "^agent-7 +$agents$" getent initgroups agent-7
expect_output "id" "^uid=70009\(agent-7\) gid=70009\(agent-7\) groups=70009\(agent-7\),$agents\(agents\)$" id agent-7
expect_output "alice is in no group of agents" '^alice$' id -nG alice
expect_output "a file of an agent shows its owner" ' agent-7 agent-7 ' sh -c 'touch /tmp/owned && chown 70009:70009 /tmp/owned && ls -l /tmp/owned'
expect_output "the list ends at a hundred" '^100$' sh -c 'getent passwd | grep -c ^agent-'
expect_output "list of groups" '^100$' sh -c 'getent group | grep -c ^agent-'
expect_output "list of shadow" '^100$' sh -c 'getent shadow | grep -c ^agent-'
expect_output "a process can become an agent" "^agent-7 agents$" setpriv --reuid agent-7 --regid agent-7 --init-groups id -nG

story "initgroups line of its own"
echo 'initgroups: files [SUCCESS=continue] agent' >>/etc/nsswitch.conf
expect_output "initgroups" "^agent-7 +$agents$" getent initgroups agent-7
sed -i '/^initgroups:/d' /etc/nsswitch.conf

story "a database that cannot be trusted"
chmod 0666 "$DATABASE"
expect_fail "writable by others: the agent is unknown" getent passwd agent-7
expect_ok "writable by others: alice is known" getent passwd alice
chmod 0644 "$DATABASE"
sed -i 's/^passwd:.*/passwd: files agent [UNAVAIL=return] systemd/' /etc/nsswitch.conf
truncate -s 100 "$DATABASE"
expect_fail "cut: the agent is unknown" getent passwd agent-7
expect_ok "cut: alice is known" getent passwd alice
expect_ok "cut: root is known" id root

finish
