#include "agentctl/enable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agentctl/apply.h"
#include "agentctl/enable_backup.h"
#include "agentctl/enable_plan.h"
#include "agentctl/host.h"
#include "agentctl/program.h"
#include "agentctl/proof.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "core/files.h"
#include "core/identities.h"
#include "core/paths.h"
#include "core/text.h"

/* What was done so far, so that it can be undone. */
struct work {
    struct plan plan;
    struct proof before, after;
    int group_made;
    int observes;
};

int enable_confirm(const struct plan *plan, const struct enable_options *options)
{
    char answer[16];

    plan_print(stdout, plan);
    if (options->dry_run || options->yes)
        return options->yes && !options->dry_run;
    if (!isatty(0)) {
        complain("nobody can be asked here: say --yes");
        return -1;
    }
    printf("%zu files. Go on? [y/N] ", plan_changes(plan));
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* From here on the work is done or undone as a whole. */
static void hold_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int apply_quietly(void)
{
    FILE *nowhere = fopen("/dev/null", "we");
    int r = nowhere ? apply_run(APPLY_ALL, nowhere, stderr) : APPLY_CANNOT;

    if (nowhere)
        fclose(nowhere);
    return r == APPLY_DONE ? 0 : -EIO;
}

/* The group's number has to be compiled before accounts appear; the rules of sudo are written once their file is there. */
static int make_changes(struct work *work)
{
    int r = enable_make_group(&work->group_made);

    if (r == 0)
        r = apply_quietly();
    if (r == 0)
        r = plan_do(&work->plan, 1);
    return r < 0 ? r : apply_quietly();
}

static int prove(struct work *work, const struct enable_options *options)
{
    struct identity agent;
    int wrong;

    proof_take(&work->after);
    wrong = proof_compare(&work->before, &work->after);
    return wrong + proof_agents(host_first_identity(&agent) == 0 ? &agent : NULL, options->plain_keys, work->observes);
}

static int undo(struct work *work)
{
    int r = plan_undo(&work->plan);

    if (work->group_made && enable_remove_group() < 0)
        r = -EIO;
    if (r < 0) {
        complain("not everything could be put back: see " PATH_BACKUPS " and run `agentctl disable`");
        return EXIT_PART;
    }
    if (work->group_made)
        backup_finish();
    say("undone: the host is as it was");
    return EXIT_NO;
}

/* A running sshd keeps its old configuration until it is told. */
static void reload_sshd(void)
{
    const struct program reload = {.argv = {"systemctl", "try-reload-or-restart", "ssh.service", "sshd.service"}};
    char output[1024];
    int status;

    if (!program_exists("sshd"))
        return;
    if (access("/run/systemd/system", F_OK) == 0 && program_run(&reload, output, sizeof output, &status) == 0 &&
        status == 0)
        say("reloaded  sshd");
    else
        say("Now reload sshd, if it runs: it keeps its old configuration until then.");
}

/* What is no file of the host's: who runs a sweep when hours pass without a login. */
static void mention_sweep(void)
{
    const struct program is_enabled = {.argv = {"systemctl", "is-enabled", "pam_agent-sweep.timer"}};
    char output[1024];
    int status;

    if (access("/run/systemd/system", F_OK) == 0) {
        if (program_run(&is_enabled, output, sizeof output, &status) < 0 || status != 0)
            say("Now let it sweep once a minute and watch keys: systemctl enable --now pam_agent-sweep.timer "
                "pam_agent-keys.path");
    } else if (access("/etc/cron.d/pam_agent", F_OK) < 0) {
        say("Now let it sweep once a minute: cp " PREFIX "/share/pam_agent/cron.d/pam_agent /etc/cron.d/");
    }
}

/* Does a setuid program run there? Of what is not there yet, the directory that it will be made in counts. */
static int runs_setuid(const char *place)
{
    char path[IDENTITY_PATH_MAX];
    struct statvfs fs;
    char *slash;

    if (text_copy(path, sizeof path, place) < 0)
        return 0;
    while (statvfs(path, &fs) < 0) {
        slash = strrchr(path, '/');
        if (errno != ENOENT || !slash || slash == path)
            return 0;
        *slash = '\0';
    }
    return !(fs.f_flag & ST_NOSUID);
}

/* One agent's setuid program makes another agent act as it. */
static void mention_nosuid(void)
{
    CLEANUP(close_fd) int identities = -1;
    struct identities_meta meta = {.home_prefix = ""};
    const char *const places[] = {meta.home_prefix, "/tmp", "/var/tmp", "/dev/shm"};
    char list[IDENTITY_PATH_MAX + 64] = "";
    size_t len = 0;

    if (identities_open(PATH_IDENTITIES, &identities) < 0 || identities_meta(identities, &meta) < 0)
        return;
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (runs_setuid(places[i]) && text_format(list + len, sizeof list - len, " %s", places[i]) == 0)
            len += strlen(list + len);
    if (len > 0)
        say("Better mounted with nosuid (pam_agent(8)):%s", list);
}

static int enable_all(struct work *work, const struct enable_options *options)
{
    size_t changes = plan_changes(&work->plan);
    int wrong = 0;

    proof_take(&work->before);
    hold_signals();
    if (make_changes(work) < 0)
        return undo(work);
    wrong = prove(work, options);
    if (wrong > 0) {
        complain("%d of the proofs failed", wrong);
        return undo(work);
    }
    if (changes > 0)
        reload_sshd();
    mention_sweep();
    mention_nosuid();
    say(changes > 0 ? "enabled" : "was enabled already");
    return EXIT_YES;
}

int enable_host(const struct enable_options *options)
{
    static struct work work;
    struct plan_options plan_options = {.plain_keys = options->plain_keys};
    int r = EXIT_NO, go;

    if (!enable_preflight(options))
        return EXIT_NO;
    enable_read_host(&plan_options);
    work.observes = plan_options.observes;
    if (work.observes && options->plain_keys) {
        complain("the host observes, and so asks for nothing beside a key: leave --plain-keys until it enforces");
        return EXIT_NO;
    }
    if (plan_enable(&work.plan, &plan_options) < 0) {
        plan_clear(&work.plan);
        return EXIT_NO;
    }
    go = enable_confirm(&work.plan, options);
    if (go > 0)
        r = enable_all(&work, options);
    else if (options->dry_run)
        r = EXIT_YES;
    else
        r = go < 0 ? EXIT_USAGE : EXIT_NO;
    plan_clear(&work.plan);
    return r;
}

static int disable_all(struct work *work)
{
    size_t changes = plan_changes(&work->plan);
    int r, partial = work->plan.partial, group_removed = access(PATH_BACKUPS "/group-made", F_OK) == 0;

    proof_take(&work->before);
    hold_signals();
    r = plan_do(&work->plan, 0);
    if (enable_remove_group() < 0)
        r = -EIO;
    proof_take(&work->after);
    if (proof_compare(&work->before, &work->after) > 0)
        r = -EIO;
    /* identities.cdb names the group that is gone; where it is missing there is nothing to renew. */
    if (group_removed && access(PATH_IDENTITIES, F_OK) == 0)
        (void)!apply_quietly();
    if (r < 0 || partial) {
        complain("not everything could be taken out");
        return EXIT_PART;
    }
    backup_finish();
    if (changes > 0)
        reload_sshd();
    say(changes > 0 ? "disabled" : "was not enabled");
    return EXIT_YES;
}

int disable_host(const struct enable_options *options)
{
    static struct work work;
    int r = EXIT_NO, go;

    if (plan_disable(&work.plan) < 0) {
        plan_clear(&work.plan);
        return EXIT_NO;
    }
    go = enable_confirm(&work.plan, options);
    if (go > 0)
        r = disable_all(&work);
    else if (options->dry_run)
        r = EXIT_YES;
    else
        r = go < 0 ? EXIT_USAGE : EXIT_NO;
    plan_clear(&work.plan);
    return r;
}
