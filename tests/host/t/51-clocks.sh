#!/bin/bash
# The clock is set forward and back, the host is suspended for a while: no session lives longer for it, and no credential opens twice.
# The machine's clocks stay as they are: the guard is told other ones, and rung where the kernel would wake it.
# timeout: 300
. "$TOP/tests/host/agent.sh"
agent_host
. "$TOP/tests/host/live.sh"

cat >/tmp/clocks.c <<'CODE'
/* What /tmp/shift says in seconds is added to the wall clock and to the boot clock, and taken off where a timer is set by them. */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int wall_timer = -1;

static time_t shift(clockid_t clock)
{
    long wall = 0, boot = 0;
    FILE *file = fopen("/tmp/shift", "re");

    if (file && fscanf(file, "%ld %ld", &wall, &boot) != 2)
        wall = boot = 0;
    if (file)
        fclose(file);
    return clock == CLOCK_REALTIME ? wall : clock == CLOCK_BOOTTIME ? boot : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret);

    ret->tv_sec += shift(clock);
    return r;
}

int timerfd_create(int clock, int flags)
{
    int fd = (int)syscall(SYS_timerfd_create, clock, flags);

    if (clock == CLOCK_REALTIME)
        wall_timer = fd;
    return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    struct itimerspec real = *when;

    real.it_value.tv_sec -= shift(fd == wall_timer ? CLOCK_REALTIME : CLOCK_BOOTTIME);
    if (real.it_value.tv_sec < 0)
        real.it_value = (struct timespec){.tv_nsec = 1};
    return (int)syscall(SYS_timerfd_settime, fd, flags, &real, before);
}
CODE
must "${CC:-cc}" -shared -fPIC -o /tmp/clocks.so /tmp/clocks.c
guard=/usr/local/libexec/pam_agent/guard
mv $guard $guard.real
cat >$guard <<'SH'
#!/bin/bash
LD_PRELOAD=/tmp/clocks.so exec -a guard /usr/local/libexec/pam_agent/guard.real "$@"
SH
chmod 0755 $guard
# set_clocks WALL BOOT: from now on, and the guards hear of it.
set_clocks() {
	echo "$1 $2" >/tmp/shift.new
	mv /tmp/shift.new /tmp/shift
	ring_all
}
set_clocks 0 0

story "set forward"
open_session forward 'sleep 771' --ttl 60s
set_clocks 30 0
expect_output "within its time: it goes on" 'state running' report
set_clocks 120 0
expect_end forward session_expired
set_clocks 0 0

story "set back"
open_session back 'sleep 771' --ttl 9s
set_clocks -3600 0
expect_output "it goes on" 'state running' report
expect_ok "and no longer than it could" wait_until 12 all_gone
expect_end back session_expired
set_clocks 0 0
open_session backwards 'sleep 771' --ttl 20s
for ((i = 1; i <= 6; i++)); do
	set_clocks $((-i * 600)) 0
	sleep 1
done
credential attests --task task-backwards --ttl 60s
expect_ok "attested meanwhile" agentctl session attest "$id" --credential "$CREDENTIALS/attests" --key "$CREDENTIALS/key"
set_clocks -7200 0
expect_output "it goes on" 'state running' report
set_clocks -7200 100
expect_end backwards session_expired
set_clocks 0 0

story "suspended"
open_session asleep 'sleep 771' --ttl 60s
set_clocks 120 120
expect_end asleep session_expired
set_clocks 0 0
open_session doze 'sleep 771' --ttl 60s
set_clocks 0 120 # and it woke up with the wall clock of before
expect_end doze session_expired
set_clocks 0 0

story "attestation"
set_policy 'reattest-every = "60s"  reattest-grace = "30s"'
open_session attest 'sleep 771' --ttl 8m
set_clocks -600 0
expect_output "set back: it goes on" 'state running' report
set_clocks -600 70
expect_output "by the boot clock it is due" 'state frozen' report
expect_ok "and stands" is_stopped
set_clocks -600 0
expect_output "boot clocks do not go back; if they did it would go on" 'state running' report
set_clocks 70 0
expect_output "by the wall clock it is due" 'state frozen' report
set_clocks 95 0
expect_end attest attestation_overdue
set_clocks 0 0
set_policy ''

story "suspended by an administrator, and set back"
open_session frozen 'sleep 771' --ttl 8s
must agentctl task suspend task-frozen
set_clocks -3600 0
expect_output "it is frozen" 'state frozen' report
expect_end frozen session_expired
set_clocks 0 0

story "a credential is good once, whatever the clock"
sed -i 's/^\( *max-logins *=\).*/\1 1/' /etc/pam_agent/agent.conf
must agentctl apply
credential once --ttl 9m
expect_output "its login" '^agent-deploy$' agent once id -un
must wait_until 8 all_gone
echo "172800 0" >/tmp/shift
LD_PRELOAD=/tmp/clocks.so expect_ok "a sweep two days later, by the wall clock" agentctl sweep
set_clocks 0 0
expect_refused "and the same credential" replayed agent once id
mv $guard.real $guard
finish
