/* sweep: put right what no event will (live/sweep.h). */
#include <errno.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "live/sweep.h"

static void print(unsigned count, const char *what)
{
    if (count)
        say("%u %s", count, what);
}

int verb_sweep(int argc, char **argv)
{
    struct swept swept = {0};
    struct arguments a;
    int status = arguments_take(argc, argv, TAKES_QUIET, 0, 0, &a), r;

    if (status)
        return status;
    if (!is_root("sweep"))
        return EXIT_NO;
    r = sweep(&swept);
    if (r == -EBUSY) {
        if (!a.quiet)
            complain("another sweep is at work");
        return a.quiet ? EXIT_YES : EXIT_PART;
    }
    if (r < 0) {
        complain("the sweep ended early: %s", strerror(-r));
        return EXIT_PART;
    }
    if (!a.quiet) {
        print(swept.sessions, "sessions without a guard: ended");
        print(swept.guards, "guards without a session: rung");
        print(swept.strays, "accounts with processes in no session: killed");
        print(swept.accounts, "accounts of tasks that are over: cleared");
        if (!swept.sessions && !swept.guards && !swept.strays && !swept.accounts && !swept.left)
            say("nothing to put right");
    }
    if (swept.left)
        complain("%u could not be put right", swept.left);
    return swept.left ? EXIT_PART : EXIT_YES;
}
