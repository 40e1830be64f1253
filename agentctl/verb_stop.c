/*
 * stop, go: the red button. It needs neither configuration, disk nor guard: the word that stops what is asked from now on is written,
 * and the processes of every agent are stopped here, whatever became of the word; the guards then do the rest.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/arguments.h"
#include "agentctl/fates.h"
#include "agentctl/live.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/proc.h"
#include "core/text.h"
#include "judge/policy_store.h"
#include "judge/reaper.h"
#include "judge/task.h"
#include "live/hold.h"

struct uids {
    uid_t *items;
    size_t count, cap;
};

static int add(struct uids *uids, uid_t uid)
{
    for (size_t i = 0; i < uids->count; i++)
        if (uids->items[i] == uid)
            return 0;
    if (uids->count == uids->cap) {
        size_t cap = uids->cap ? 2 * uids->cap : 64;
        uid_t *items = realloc(uids->items, cap * sizeof *items);

        if (!items)
            return -ENOMEM;
        uids->items = items;
        uids->cap = cap;
    }
    uids->items[uids->count++] = uid;
    return 0;
}

/* Those with a session. */
static int add_sessions(struct uids *uids)
{
    const struct dirent *entry;
    DIR *stream;
    int fd, r = dir_open(PATH_RUN "/by/uid", &fd);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    stream = fdopendir(fd);
    if (!stream) {
        close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (entry = readdir(stream))) {
        uint64_t uid;

        if (text_u64(entry->d_name, UINT32_MAX - 1, &uid) == 0 && uid != 0)
            r = add(uids, (uid_t)uid);
    }
    closedir(stream);
    return r;
}

static int add_process(const struct process *process, void *arg)
{
    uid_t uid;

    if (process_uid(process->pid, &uid) < 0 || uid == 0 || uid_is_agent(uid) != 1)
        return 0;
    return add(arg, uid);
}

/* Every account with a session or a process. 0, or the first -errno; the others are stopped all the same. */
static int freeze(size_t *ret_count)
{
    struct uids uids = {0};
    int failed = add_sessions(&uids), r = process_each(add_process, &uids);

    if (failed == 0)
        failed = r;
    for (size_t i = 0; i < uids.count; i++) {
        r = reaper_signal_uid(uids.items[i], SIGSTOP);
        if (r < 0 && r != -ESRCH && failed == 0)
            failed = r;
    }
    *ret_count = uids.count;
    free(uids.items);
    return failed;
}

int verb_stop(int argc, char **argv)
{
    struct arguments a;
    struct fates fates = {0};
    size_t accounts = 0;
    int status = arguments_take(argc, argv, 0, 0, 0, &a), written, frozen, rung = 0;

    if (status)
        return status;
    if (!is_root("stop"))
        return EXIT_NO;
    written = stop_set(clock_wall_seconds());
    if (written < 0)
        complain("the order could not be written (%s): new logins and steps are NOT refused", strerror(-written));
    frozen = policy_host_observes() > 0 ? 0 : freeze(&accounts); /* where others run, too, guards stop their own */
    if (frozen < 0)
        complain("some processes may run on: %s", strerror(-frozen));
    if (written == 0)
        rung = fates_ring(&(struct ring_filter){0}, 0, &fates);
    say("stopped: %zu accounts; sessions: %u frozen, %u ended, %u going on, %u out of reach", accounts, fates.frozen,
        fates.ended, fates.going_on, fates.left);
    return written < 0 || frozen < 0 || rung < 0 || fates.going_on || fates.left ? EXIT_PART : EXIT_YES;
}

static int add_session(const struct session *session, void *arg)
{
    return add(arg, session->grant.uid);
}

/* What guards did not freeze, because the word could not be written, no guard continues. */
static void release(void)
{
    struct uids uids = {0};

    (void)!sessions_each(add_session, &uids);
    for (size_t i = 0; i < uids.count; i++)
        hold_release(uids.items[i]);
    free(uids.items);
}

int verb_go(int argc, char **argv)
{
    struct arguments a;
    struct fates fates;
    int status = arguments_take(argc, argv, 0, 0, 0, &a), r;

    if (status)
        return status;
    if (!is_root("go"))
        return EXIT_NO;
    r = stop_clear();
    if (r < 0 && r != -ENOENT) {
        complain("the order could not be taken back: %s", strerror(-r));
        return EXIT_PART;
    }
    r = fates_ring(&(struct ring_filter){0}, 0, &fates);
    release();
    say("sessions: %u going on, %u frozen, %u ended, %u out of reach", fates.going_on, fates.frozen, fates.ended,
        fates.left);
    return r < 0 || fates.left ? EXIT_PART : EXIT_YES;
}
