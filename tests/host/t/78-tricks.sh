#!/bin/bash
# timeout: 450
# Other ways to say, or to seem to say, what a rule allows: words, options, paths, environments, forms of sudo. What the rule allows runs, and
# whatever means something else does not, in three settings: sudo's own rules as apply writes them; sudoers that let everything through, where
# we alone refuse; and a policy that allows everything, where the credential alone bounds. A human's sudo is the same with us and without.
. "$TOP/tests/host/agent.sh"
agent_host

# Stand-ins, which tell what they were called with, as whom, and what of a hostile environment came through. sudo lets them run nothing else.
RAN=/var/log/ran
install -m 0644 /dev/null "$RAN"
rm -f /usr/bin/systemctl /usr/bin/journalctl
cat >/usr/bin/systemctl <<'SH'
#!/bin/sh
line=nobody
[ ! -r /etc/shadow ] || line=root
line="$line:$0"
for word; do line="$line<$word>"; done
line="$line$SYSTEMD_PAGER$PAGER$SYSTEMD_LESS$LESS$LESSOPEN$SYSTEMD_EDITOR$EDITOR$VISUAL$TRICK$LD_LIBRARY_PATH$BASH_ENV$ENV$PYTHONPATH"
case $LD_PRELOAD in *trick*) line="$line$LD_PRELOAD" ;; esac
{ printf '%s' "$line" | while IFS= read -r text || [ -n "$text" ]; do printf '%s ' "$text"; done; echo; } >>/var/log/ran
echo "ran $line"
SH
chmod 0755 /usr/bin/systemctl
cp /usr/bin/systemctl /usr/bin/journalctl
mkdir /usr/local/lib/hard
ln /usr/bin/systemctl /usr/bin/systemctl-hard
ln /usr/bin/systemctl /usr/local/lib/hard/systemctl

# policy LINE: beside the login rule, from now on.
policy() {
	cat >/etc/pam_agent/conf.d/10-deploy.conf <<-CONF
		identity "agent-deploy" { id = "$AGENT_ID" }
		identity "agent-other" { id = "spiffe://example.org/agent/other" }
		policy "deploy" {
		    identities = { "spiffe://example.org/agent/*" }
		    login { }
		    $1
		}
	CONF
	must agentctl apply
}

# What becomes of it, why (where we are asked: -, sudo itself refuses), its name, and a line of shell, in which S is "sudo -n", C systemctl
# and J journalctl, by their paths.
cat >/tmp/table <<'TABLE'
runs @ - @ as it is written @ $S $C restart nginx
runs @ - @ by its name @ $S systemctl restart nginx
runs @ - @ with quotes of the shell @ $S "$C" 're'start "ng"inx
runs @ - @ behind the -- of sudo @ $S -- $C restart nginx
runs @ - @ a number of lines @ $S $J --no-pager -u nginx -n 20
runs @ - @ a star for the star @ $S $J --no-pager -u nginx -n '*'
runs @ - @ nothing for the star @ $S $J --no-pager -u nginx -n ''
runs @ - @ shell in one argument, which no shell reads @ $S $J --no-pager -u nginx -n '20;id $(id) `id` | id & id'
runs @ - @ an option in one argument, which is none @ $S $J --no-pager -u nginx -n '20 --file=x'
refused @ no_rule @ a path for the star @ $S $J --no-pager -u nginx -n /etc/shadow
refused @ no_rule @ an option for the star @ $S $J --no-pager -u nginx -n -f
refused @ no_rule @ a long option for the star @ $S $J --no-pager -u nginx -n --file=x
refused @ no_rule @ a dash for the star @ $S $J --no-pager -u nginx -n -
refused @ no_rule @ a dot file for the star @ $S $J --no-pager -u nginx -n .x
refused @ no_rule @ .. for the star @ $S $J --no-pager -u nginx -n ..
refused @ no_rule @ .. within it @ $S $J --no-pager -u nginx -n a/../b
refused @ no_rule @ a newline within it @ $S $J --no-pager -u nginx -n $'20\nid'
refused @ no_rule @ a tab within it @ $S $J --no-pager -u nginx -n $'20\tid'
refused @ no_rule @ a carriage return within it @ $S $J --no-pager -u nginx -n $'20\r'
refused @ no_rule @ an escape sequence within it @ $S $J --no-pager -u nginx -n $'\e[2J20'
refused @ no_rule @ a deleting byte within it @ $S $J --no-pager -u nginx -n $'20\x7f'
refused @ no_rule @ two words for the star @ $S $J --no-pager -u nginx -n 20 30
refused @ no_rule @ no word for the star @ $S $J --no-pager -u nginx -n
refused @ no_rule @ an option joined with its value @ $S $J --no-pager -u nginx -n5
refused @ no_rule @ joined by = @ $S $J --no-pager -u nginx -n=5
refused @ no_rule @ the long name of an option @ $S $J --no-pager -u nginx --lines 5
refused @ no_rule @ the long name, joined @ $S $J --no-pager -u nginx --lines=5
refused @ no_rule @ another option joined @ $S $J --no-pager -unginx -n 5
refused @ no_rule @ another long name @ $S $J --no-pager --unit=nginx -n 5
refused @ no_rule @ a long name cut short @ $S $J --no-page -u nginx -n 5
refused @ no_rule @ options in another order @ $S $J -u nginx --no-pager -n 5
refused @ no_rule @ options together @ $S $J --no-pager -nu 5 nginx
refused @ no_rule @ an option less @ $S $J -u nginx -n 5
refused @ no_rule @ an option twice @ $S $J --no-pager --no-pager -u nginx -n 5
refused @ no_rule @ an option that writes, behind @ $S $J --no-pager -u nginx -n 5 --cursor-file=/etc/x
refused @ no_rule @ an option that writes, before @ $S $J --cursor-file=/etc/x --no-pager -u nginx -n 5
refused @ no_rule @ a unit with a star @ $S $J --no-pager -u 'nginx*' -n 5
refused @ no_rule @ shell behind the word @ $S $C restart 'nginx;id'
refused @ no_rule @ all in one word @ $S $C 'restart nginx'
refused @ - @ all in one word with the program @ $S "$C restart nginx"
refused @ no_rule @ a space behind @ $S $C restart 'nginx '
refused @ no_rule @ a space before @ $S $C restart ' nginx'
refused @ no_rule @ a newline behind @ $S $C restart $'nginx\n'
refused @ no_rule @ a newline and more @ $S $C restart $'nginx\nssh'
refused @ no_rule @ a tab behind @ $S $C restart $'nginx\t'
refused @ no_rule @ a control byte behind @ $S $C restart $'nginx\x01'
refused @ no_rule @ %00 behind @ $S $C restart nginx%00
refused @ no_rule @ \0 behind @ $S $C restart 'nginx\0'
refused @ no_rule @ a Cyrillic letter @ $S $C restart $'ngin\xd1\x85'
refused @ no_rule @ a full-width letter @ $S $C restart $'\xef\xbd\x8eginx'
refused @ no_rule @ an invisible space @ $S $C restart $'nginx\xe2\x80\x8b'
refused @ no_rule @ a combining accent @ $S $C restart $'nginx\xcc\x81'
refused @ no_rule @ an overlong byte sequence @ $S $C restart $'ngin\xc1\xb8'
refused @ no_rule @ a byte that is no UTF-8 @ $S $C restart $'nginx\xff'
refused @ no_rule @ capitals @ $S $C restart NGINX
refused @ no_rule @ another name of the unit @ $S $C restart nginx.service
refused @ no_rule @ a path in front @ $S $C restart ./nginx
refused @ no_rule @ .. in front @ $S $C restart ../nginx
refused @ no_rule @ .. behind @ $S $C restart nginx/..
refused @ no_rule @ a star @ $S $C restart 'ngin*'
refused @ no_rule @ a question mark @ $S $C restart 'ngin?'
refused @ no_rule @ a class @ $S $C restart '[n]ginx'
refused @ no_rule @ braces @ $S $C restart '{nginx,ssh}'
refused @ no_rule @ a quote within @ $S $C restart '"nginx"'
refused @ no_rule @ -- between @ $S $C restart -- nginx
refused @ no_rule @ -- before @ $S $C -- restart nginx
refused @ no_rule @ an option before @ $S $C --no-block restart nginx
refused @ no_rule @ an option behind @ $S $C restart nginx --no-block
refused @ no_rule @ another host @ $S $C -H web-08 restart nginx
refused @ no_rule @ another root @ $S $C --root=/tmp restart nginx
refused @ no_rule @ one more @ $S $C restart nginx ssh
refused @ no_rule @ one more, as the shell would say it @ $S $C restart nginx \; id
refused @ no_rule @ one less @ $S $C restart
refused @ no_rule @ none @ $S $C
refused @ no_rule @ turned @ $S $C nginx restart
refused @ no_rule @ an empty one before @ $S $C '' restart nginx
refused @ no_rule @ an empty one between @ $S $C restart '' nginx
refused @ no_rule @ an empty one behind @ $S $C restart nginx ''
refused @ no_rule @ another verb @ $S $C stop nginx
refused @ no_rule @ another unit @ $S $C restart ssh
refused @ no_rule @ the verb cut short @ $S $C re nginx
refused @ no_rule @ one letter more @ $S $C restart nginxx
refused @ no_rule @ a very long one @ $S $C restart "nginx$(head -c 4000 /dev/zero | tr '\0' x)"
refused @ too_large @ one that no record holds @ $S $C restart "$(head -c 8000 /dev/zero | tr '\0' n)"
refused @ bad_question @ one that is longer than any @ $S $C restart "$(head -c 60000 /dev/zero | tr '\0' n)"
refused @ bad_question @ very many @ $S $C restart nginx $(seq 1100)
refused @ no_rule @ through a shell @ $S sh -c 'systemctl restart nginx'
refused @ no_rule @ through a shell, and more @ $S sh -c 'systemctl restart nginx;id'
refused @ no_rule @ through bash with the words behind @ $S bash -c '"$@"' bash systemctl restart nginx
refused @ no_rule @ through env @ $S env systemctl restart nginx
refused @ no_rule @ through timeout @ $S timeout 9 systemctl restart nginx
refused @ no_rule @ through sudo again @ $S sudo -n systemctl restart nginx
refused @ - @ a bare semicolon @ $S \; systemctl restart nginx
either @ no_rule @ by the other path of /usr/bin @ test -L /bin && $S /bin/systemctl restart nginx
either @ - @ by a path with two slashes @ $S /usr//bin/systemctl restart nginx
either @ - @ by a path with a dot @ $S /usr/./bin/systemctl restart nginx
either @ - @ by a path with two dots @ $S /usr/bin/../bin/systemctl restart nginx
either @ - @ by a relative path @ cd /usr/bin && $S ./systemctl restart nginx
either @ - @ by a relative path with two dots @ cd /usr/lib && $S ../bin/systemctl restart nginx
refused @ - @ by a path with a slash behind @ $S /usr/bin/systemctl/ restart nginx
either @ no_rule @ a symlink of its name @ ln -sf $C ~/systemctl && $S ~/systemctl restart nginx
refused @ no_rule @ a symlink of another name @ ln -sf $C ~/x && $S ~/x restart nginx
refused @ no_rule @ its name for another program @ ln -sf /usr/bin/id ~/id && cp -P ~/id ~/systemctl && $S ~/systemctl restart nginx
refused @ no_rule @ a hard link beside it @ $S /usr/bin/systemctl-hard restart nginx
either @ no_rule @ a hard link of its name elsewhere @ $S /usr/local/lib/hard/systemctl restart nginx
refused @ no_rule @ a copy of it at home @ mkdir -p ~/bin && cp $C ~/bin/systemctl && $S ~/bin/systemctl restart nginx
runs @ - @ a copy of it at home, first in PATH @ mkdir -p ~/bin && cp $C ~/bin/systemctl && PATH=~/bin:$PATH $S systemctl restart nginx
runs @ - @ a copy of it here, first in PATH @ mkdir -p ~/bin && cp $C ~/bin/systemctl && cd ~/bin && PATH=.:$PATH $S systemctl restart nginx
runs @ - @ no PATH @ PATH= /usr/bin/sudo -n systemctl restart nginx
refused @ - @ a name that is in no path @ $S ./no/systemctl restart nginx
refused @ - @ a directory @ $S /usr/bin restart nginx
refused @ - @ something mounted over it @ unshare -Urm sh -c 'mount --bind /usr/bin/id /usr/bin/systemctl && sudo -n systemctl restart nginx'
refused @ - @ another sudoers mounted @ unshare -Urm sh -c 'mount -t tmpfs x /etc/sudoers.d && sudo -n systemctl stop nginx'
refused @ no_rule @ a shell that calls itself by its name @ (exec -a systemctl sudo -n sh -c id restart nginx)
refused @ - @ sudo that calls itself sudoedit @ (exec -a sudoedit sudo -n /etc/passwd)
runs @ - @ sudo that calls itself something else @ (exec -a x sudo -n systemctl restart nginx)
runs @ - @ a pager in the environment @ SYSTEMD_PAGER=trick PAGER=trick SYSTEMD_LESS=trick LESS=trick LESSOPEN='|trick' $S $J --no-pager -u nginx -n 5
runs @ - @ an editor in the environment @ SYSTEMD_EDITOR=trick EDITOR=trick VISUAL=trick $S $C restart nginx
runs @ - @ a library in the environment @ LD_PRELOAD=/tmp/trick.so LD_LIBRARY_PATH=/tmp/trick $S $C restart nginx
runs @ - @ start-up files in the environment @ BASH_ENV=trick ENV=trick PYTHONPATH=trick TRICK=trick $S $C restart nginx
runs @ - @ a function in the environment @ env 'BASH_FUNC_printf%%=() { id; }' $S $C restart nginx
runs @ - @ a locale that is a path @ LC_ALL=/tmp/trick LANG=../trick LANGUAGE=%n $S $C restart nginx
runs @ - @ a login that it says it is @ SUDO_USER=root LOGNAME=root USER=root HOME=/root $S $C restart nginx
refused @ - @ a variable on the command line @ $S SYSTEMD_PAGER=trick $J --no-pager -u nginx -n 5
refused @ - @ an editor on the command line @ $S EDITOR=trick $C restart nginx
refused @ - @ LD_PRELOAD on the command line @ $S LD_PRELOAD=/tmp/trick.so $C restart nginx
refused @ - @ PATH on the command line @ $S PATH=/tmp $C restart nginx
refused @ - @ -E @ TRICK=trick $S -E $C restart nginx
refused @ - @ --preserve-env @ TRICK=trick $S --preserve-env $C restart nginx
either @ - @ --preserve-env=TRICK @ TRICK=trick $S --preserve-env=TRICK $C restart nginx
refused @ - @ -D @ $S -D /tmp $C restart nginx
refused @ - @ --chdir @ $S --chdir=/ $C restart nginx
refused @ - @ -R @ $S -R / $C restart nginx
refused @ - @ --chroot @ $S --chroot=/tmp $C restart nginx
refused @ - @ -C @ $S -C 10 $C restart nginx
refused @ - @ -T @ $S -T 5 $C restart nginx
runs @ - @ -A @ SUDO_ASKPASS=/bin/false sudo -A $C restart nginx
runs @ - @ -S @ echo x | sudo -S $C restart nginx
runs @ - @ -k with a command @ $S -k $C restart nginx
asks @ - @ -k alone @ $S -k
asks @ - @ -K @ $S -K
refused @ - @ -K with a command @ $S -K $C restart nginx
asks @ - @ -l @ $S -l
asks @ - @ -ll @ $S -ll
asks @ - @ -l with the command @ $S -l $C restart nginx
asks @ - @ -l with another @ $S -l $C stop nginx
asks @ - @ -l of a human @ $S -l -U alice
asks @ - @ -v @ $S -v
asks @ - @ -V @ $S -V
refused @ - @ -v with a command @ $S -v $C restart nginx
refused @ - @ -h with another host @ $S -h web-08 $C restart nginx
runs @ - @ -p @ $S -p '%u %H' $C restart nginx
runs @ - @ -B @ $S -B $C restart nginx
runs @ - @ -H @ $S -H $C restart nginx
refused @ - @ -a @ $S -a trick $C restart nginx
refused @ - @ -c @ $S -c - $C restart nginx
either @ - @ -r @ $S -r unconfined_r $C restart nginx
either @ - @ -t @ $S -t unconfined_t $C restart nginx
either @ - @ -N @ $S -N $C restart nginx
refused @ no_rule @ -s @ $S -s $C restart nginx
refused @ no_rule @ -s alone @ $S -s
refused @ no_rule @ -i @ $S -i $C restart nginx
refused @ no_rule @ -i alone @ $S -i
refused @ no_rule @ -e @ $S -e /etc/passwd
refused @ no_rule @ sudoedit @ sudoedit -n /etc/passwd
refused @ no_rule @ -e of the program @ $S -e $C
refused @ - @ -b @ $S -b $C restart nginx >~/b 2>&1; sleep 0.5; test -s ~/b && cat ~/b && grep -q '^ran' ~/b
refused @ no_rule @ -P @ $S -P $C restart nginx
refused @ target_is_agent @ -g with another group @ $S -g mail $C restart nginx
refused @ no_rule @ -g and -u @ $S -u root -g www-data $C restart nginx
refused @ - @ -g with its number @ $S -g '#4294967295' $C restart nginx
runs @ - @ -u root @ $S -u root $C restart nginx
runs @ - @ -u joined @ sudo -nuroot $C restart nginx
runs @ - @ --user=root @ $S --user=root $C restart nginx
runs @ - @ root by number @ $S -u '#0' $C restart nginx
either @ - @ root by a longer number @ $S -u '#00' $C restart nginx
refused @ - @ -1 @ $S -u '#-1' $C restart nginx
refused @ - @ the largest number @ $S -u '#4294967295' $C restart nginx
refused @ - @ a number beyond @ $S -u '#4294967296' $C restart nginx
refused @ - @ nobody @ $S -u '' $C restart nginx
refused @ - @ root and a space @ $S -u 'root ' $C restart nginx
refused @ - @ ROOT @ $S -u ROOT $C restart nginx
refused @ no_rule @ another user @ $S -u www-data $C restart nginx
refused @ - @ another user by number that nobody has @ $S -u '#54321' $C restart nginx
refused @ target_is_agent @ another agent @ $S -u agent-other $C restart nginx
refused @ target_is_agent @ itself @ $S -u agent-deploy $C restart nginx
refused @ no_rule @ a human @ $S -u alice $C restart nginx
TABLE

# What an agent, or a human, does with the table: a line for each row with its exit status, what we told it, and what ran.
cat >/tmp/rows <<'ROWS'
S='sudo -n' C=/usr/bin/systemctl J=/usr/bin/journalctl
lines() { wc -l </var/log/ran; }
mkdir -p ~/work
while IFS= read -r row <&3; do
	before=$(lines)
	(cd ~/work && eval "${row##* @ }") >~/said 2>&1 </dev/null 3<&-
	status=$?
	ref=$(sed -n 's/.*(ref \([0-9a-f]*\)).*/\1/p' ~/said | tail -n 1)
	printf '%s %s %s\n' "$status" "${ref:--}" "$(tail -n "+$((before + 1))" /var/log/ran | tr '\n' '|')"
	rm -rf ~/x ~/id ~/bin ~/systemctl ~/b
done 3</tmp/table
ROWS
chmod 0644 /tmp/table /tmp/rows

reason_of() { grep -F "\"$1\"" "$DECISIONS" | sed -n 's/.*"status_code":"\([a-z_]*\)".*/\1/p' | tail -n 1; }

# What a rule may let run: nothing of the environment in it.
ALLOWED='^root:/usr/bin/(systemctl<restart><nginx>|journalctl<--no-pager><-u><nginx><-n><([^-./<>][^/<>]*)?>) \|$'

# check_rows SETTING ALLOWED: /tmp/result against the table.
check_rows() {
	local setting=$1 allowed=$2 row fate reason name result status ref ran got
	must cmp <(wc -l </tmp/table) <(wc -l </tmp/result)
	while IFS= read -r row <&3 && IFS= read -r result <&4; do
		fate=${row%% @ *} row=${row#* @ } reason=${row%% @ *} row=${row#* @ } name=${row%% @ *}
		status=${result%% *} result=${result#* } ref=${result%% *} ran=${result#* }
		LAST_COMMAND=${row#* @ }
		got="status $status, ran ${ran:-nothing}"
		if [ -n "$ran" ] && ! [[ $ran =~ $allowed ]]; then
			fail "$setting: $name: runs nothing else" "$got"
			continue
		fi
		case $fate in
		runs) [ "$status" = 0 ] && [ -n "$ran" ] ;;
		refused) [ "$status" != 0 ] && [ -z "$ran" ] ;;
		asks) [ -z "$ran" ] ;;
		either) [ "$status" = 0 ] || [ -z "$ran" ] ;;
		*) false ;;
		esac || {
			fail "$setting: $name: $fate" "$got"
			continue
		}
		if [ "$setting" = 'we alone' ] && [ "$reason" != - ] && [ -z "$ran" ] && [ "$(reason_of "$ref")" != "$reason" ]; then
			fail "$setting: $name: $reason" "ref $ref: $(reason_of "$ref")"
			continue
		fi
		pass "$setting: $name: $fate"
	done 3</tmp/table 4</tmp/result
}

story "what sudo lets through and we permit"
policy 'sudo { commands = { "/usr/bin/systemctl restart nginx", "/usr/bin/journalctl --no-pager -u nginx -n *" } }'
credential installed --tool host:login --tool host:sudo
agent installed 'bash /tmp/rows' >/tmp/result
check_rows 'as installed' "$ALLOWED"

story "where sudo lets everything through"
echo 'agent-deploy ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/zz-wide
chmod 0440 /etc/sudoers.d/zz-wide
credential wide --tool host:login --tool host:sudo
agent wide 'bash /tmp/rows' >/tmp/result
check_rows 'we alone' "$ALLOWED"

story "where the policy allows everything, and the credential one command"
policy 'sudo { run-as = { "root", "www-data", "alice" }  any-command = true }'
credential narrow --tool host:login --tool 'host:sudo runas=root command=/usr/bin/systemctl args=["restart","nginx"]'
sed -i 's/^runs \(.*--no-pager\)/refused \1/' /tmp/table
agent narrow 'bash /tmp/rows' >/tmp/result
check_rows 'the credential' '^root:/usr/bin/systemctl<restart><nginx> \|$'
rm /etc/sudoers.d/zz-wide

story "a human's sudo, with us and without"
# But for the rows that lead to an agent's account: 40-foreign.sh.
echo 'alice ALL=(ALL:ALL) NOPASSWD: NOSETENV: ALL' >/etc/sudoers.d/alice
sed -i '/^refused @ target_is_agent/d' /tmp/table
as_human alice 'bash /tmp/rows' >/tmp/with
must agentctl disable --yes
as_human alice 'bash /tmp/rows' >/tmp/without
expect_ok "each form does the same" diff /tmp/without /tmp/with
expect_fail "we told her nothing" grep -v '^[0-9]* - ' /tmp/with
expect_ok "most of them ran" test "$(grep -c '|$' /tmp/with)" -gt 80
finish
