/* common/judge/task and standing at their real paths: tasks, revocations, risk, the red button, and what expires. */
#include "judge_host.h"

#include "core/clock.h"
#include "judge/ledger.h"
#include "judge/state.h"
#include "judge/task.h"
#include "judge_grant.h"

#define NOW (ISSUED + 60)

static struct grant grant;

static void set_up(void)
{
    fresh_host();
    fill_grant(&grant);
}

static struct standing standing_now(void)
{
    struct standing standing;

    memset(&standing, 0xff, sizeof standing);
    ck_assert_int_eq(standing_of(&grant, NOW, &standing), 0);
    return standing;
}

/* What could be read is told nevertheless. */
static struct standing unreadable_standing(void)
{
    struct standing standing;

    memset(&standing, 0xff, sizeof standing);
    ck_assert_int_lt(standing_of(&grant, NOW, &standing), 0);
    return standing;
}

static void assert_clean(void)
{
    struct standing standing = standing_now();

    ck_assert_int_eq(standing.task, TASK_ACTIVE);
    ck_assert_int_eq(standing.revoked, 0);
    ck_assert_int_eq(standing.risk, LEVEL_LOW);
    ck_assert_int_eq(standing.stopped, 0);
}

static const char *const lost_places[] = {"rm -rf " PATH_RUN, "rm -rf " PATH_STATE};

/* --- tasks --- */

static int set(enum task_state state)
{
    struct task_record record = {.state = state, .iss = ISS, .task = TASK, .since = NOW, .note = "why\n100%"};
    int durable = 4711, r = task_set(&record, &durable);

    ck_assert(r == 0 ? durable == 0 || durable == 1 : durable == 0 || durable == 1 || durable == 4711);
    return r < 0 ? r : durable;
}

static enum task_state state_of(const char *iss, const char *task)
{
    struct task_record record;

    ck_assert_int_eq(task_get(iss, task, &record), 0);
    ck_assert_str_eq(record.iss, iss);
    ck_assert_str_eq(record.task, task);
    ck_assert_int_eq(record.since, record.state == TASK_ACTIVE ? 0 : NOW);
    ck_assert_str_eq(record.note, record.state == TASK_ACTIVE ? "" : "why\n100%");
    return record.state;
}

START_TEST(nothing_known_is_clean)
{
    assert_clean();
    shell("install -d -m 0711 " PATH_RUN " && install -d -m 0700 " PATH_STATE);
    assert_clean();
    ck_assert_int_eq(state_of(ISS, TASK), TASK_ACTIVE);
    ck_assert_int_eq(set(TASK_ACTIVE), 1);
    assert_clean();
}
END_TEST

/* From a state (rows) into another (columns): may it, and which one counts then? */
static const struct {
    int r;
    enum task_state state;
} moves[4][4] = {
    {{1, TASK_ACTIVE}, {1, TASK_SUSPENDED}, {1, TASK_COMPLETED}, {1, TASK_REVOKED}},
    {{1, TASK_ACTIVE}, {1, TASK_SUSPENDED}, {1, TASK_COMPLETED}, {1, TASK_REVOKED}},
    {{-EPERM, TASK_COMPLETED}, {-EPERM, TASK_COMPLETED}, {1, TASK_COMPLETED}, {1, TASK_REVOKED}},
    {{-EPERM, TASK_REVOKED}, {-EPERM, TASK_REVOKED}, {-EPERM, TASK_REVOKED}, {1, TASK_REVOKED}},
};

START_TEST(task_never_goes_back)
{
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++)
            for (size_t lost = 0; lost <= COUNT_OF(lost_places); lost++) {
                fresh_host();
                ck_assert_int_eq(set((enum task_state)from), 1);
                if (lost < COUNT_OF(lost_places))
                    shell(lost_places[lost]);
                ck_assert_int_eq(set((enum task_state)to), moves[from][to].r);
                ck_assert_int_eq(state_of(ISS, TASK), moves[from][to].state);
                ck_assert_int_eq(standing_now().task, moves[from][to].state);
                shell("rm -rf " PATH_RUN);
                if (lost != 1) /* else an old state was lost, and a refused one is not written */
                    ck_assert_int_eq(state_of(ISS, TASK), moves[from][to].state);
            }
}
END_TEST

START_TEST(task_is_of_one_issuer_and_name)
{
    ck_assert_int_eq(set(TASK_COMPLETED), 1);
    ck_assert_int_eq(state_of(ISS, TASK "x"), TASK_ACTIVE);
    ck_assert_int_eq(state_of(ISS "x", TASK), TASK_ACTIVE);
    ck_assert_int_eq(state_of(ISS "t", "ask 100%\n\x01"), TASK_ACTIVE); /* where one ends and the other begins counts */
    strcpy(grant.task, "another");
    assert_clean();
}
END_TEST

START_TEST(task_ends_where_the_disk_is_gone)
{
    shell("rm -rf " PATH_STATE_DIR);
    ck_assert_int_eq(set(TASK_COMPLETED), 0);
    ck_assert_int_eq(standing_now().task, TASK_COMPLETED);
}
END_TEST

START_TEST(task_ends_where_the_disk_is_full)
{
    shell("mount -t tmpfs -o size=32k,mode=0755 full " PATH_STATE_DIR " && install -d -m 0700 " PATH_STATE
          " && ! head -c 1M /dev/zero 2>/dev/null >" PATH_STATE_DIR "/fill");
    ck_assert_int_eq(set(TASK_COMPLETED), 0);
    ck_assert_int_eq(standing_now().task, TASK_COMPLETED);
    shell("rm " PATH_STATE_DIR "/fill");
    ck_assert_int_eq(set(TASK_COMPLETED), 1);
    shell("rm -rf " PATH_RUN);
    ck_assert_int_eq(standing_now().task, TASK_COMPLETED);
    shell("umount " PATH_STATE_DIR);
}
END_TEST

START_TEST(task_ends_where_run_is_full)
{
    shell("install -d -m 0711 " PATH_RUN " && mount -t tmpfs -o size=32k,mode=0711 full " PATH_RUN
          " && ! head -c 1M /dev/zero 2>/dev/null >" PATH_RUN "/fill");
    ck_assert_int_eq(set(TASK_REVOKED), 1);
    ck_assert_int_eq(standing_now().task, TASK_REVOKED);
    shell("rm -rf " PATH_STATE_DIR);
    ck_assert_int_eq(set(TASK_REVOKED), -ENOSPC);
    shell("umount " PATH_RUN);
}
END_TEST

/* A resume that would not outlive a boot is none. */
START_TEST(task_is_resumed_durably_or_not)
{
    ck_assert_int_eq(set(TASK_SUSPENDED), 1);
    shell("chmod 0770 " PATH_STATE "/task");
    ck_assert_int_lt(set(TASK_ACTIVE), 0);
    shell("chmod 0700 " PATH_STATE "/task");
    ck_assert_int_eq(standing_now().task, TASK_SUSPENDED);
    ck_assert_int_eq(set(TASK_ACTIVE), 1);
    assert_clean();
    shell("rm -rf " PATH_RUN);
    assert_clean();
}
END_TEST

START_TEST(task_ends_where_run_is_wrong)
{
    shell("install -d -m 0777 " PATH_RUN);
    ck_assert_int_lt(set(TASK_COMPLETED), 0);                     /* an end that is not seen in time is no end */
    ck_assert_int_eq(unreadable_standing().task, TASK_COMPLETED); /* but the disk took it */
    shell("chmod 0711 " PATH_RUN);
    ck_assert_int_eq(standing_now().task, TASK_COMPLETED);
}
END_TEST

/* --- what cannot be read is not taken for "nothing known" --- */

static const char *const spoils[] = {
    "truncate -s 0 $f",
    "truncate -s 30 $f",
    "truncate -s -1 $f",
    "sed -i '$d' $f; sed -i '/^task/d;/^level/d;/^value/d' $f",
    "echo garbage >$f",
    "sed -i 's/^pam_agent 1/pam_agent 2/' $f",
    "echo 'limit 5' >>$f",
    "printf 'since x\\n' >>$f",
    "printf 'note %0300d\\n' 1 >>$f",
    "printf 'a\\0b\\n' >>$f",
    "head -c 1000000 /dev/zero >>$f",
    "chown 1 $f",
    "chmod 0666 $f",
    "rm $f; mkdir $f",
    "rm $f; mkfifo $f",
    "rm $f; ln -s /nonexistent/x $f",
    "mv $f /tmp/real; ln -s /tmp/real $f",
    "chmod 0770 $(dirname $f)",
    "chown 1 $(dirname $f)",
    "d=$(dirname $f); mv $d /tmp/elsewhere; ln -s /tmp/elsewhere $d",
    "d=$(dirname $f); rm -r $d; touch $d",
    "chmod 0707 $(dirname $(dirname $f))",
};

static int put_revocation(enum link_kind kind, const char *value, int64_t before)
{
    struct revocation revocation = {.kind = kind, .before = before, .since = NOW, .note = "leaked"};
    int durable = 4711, r;

    strcpy(revocation.value, value);
    if (kind == LINK_JTI)
        strcpy(revocation.iss, ISS);
    r = revocation_put(&revocation, &durable);
    return r < 0 ? r : durable;
}

static int put_risk(enum risk_subject subject, const char *value, enum level level, int64_t until)
{
    struct risk risk = {.subject = subject, .level = level, .until = until, .since = NOW};
    int durable = 4711, r;

    strcpy(risk.value, value);
    if (subject == RISK_TASK)
        strcpy(risk.iss, ISS);
    r = risk_put(&risk, &durable);
    return r < 0 ? r : durable;
}

START_TEST(spoilt_record_is_an_error)
{
    static const char *const places[] = {PATH_RUN, PATH_STATE};
    char command[512];

    for (size_t place = 0; place < COUNT_OF(places); place++)
        for (int what = 0; what < 3; what++) {
            set_up();
            shell("rm -rf /tmp/real /tmp/elsewhere");
            ck_assert_int_eq(what == 0   ? set(TASK_SUSPENDED)
                             : what == 1 ? put_revocation(LINK_IDENTITY, "spiffe://example.org/agent/*", ISSUED - 1)
                                         : put_risk(RISK_HOST, "", LEVEL_LOW, 0),
                             1);
            standing_now();
            if (place == 1)
                shell("rm -rf " PATH_RUN);
            snprintf(command, sizeof command, "for f in $(find %s -type f); do %s; done", places[place], spoils[_i]);
            shell(command);
            (void)unreadable_standing();
        }
}
END_TEST

/* What nobody can read hides nothing of another kind. */
START_TEST(spoilt_record_hides_nothing)
{
    static const char *const others[] = {"task", "revoked", "risk"};
    char command[512];

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct standing standing;

        set_up();
        shell("rm -rf /tmp/real /tmp/elsewhere");
        ck_assert_int_eq(set(TASK_REVOKED), 1);
        ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, INT64_MAX), 1);
        ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_HIGH, 0), 1);
        ck_assert_int_eq(stop_set(NOW), 0);
        snprintf(command, sizeof command, "for f in $(find %s/%s -type f); do %s; done", PATH_RUN, others[i],
                 spoils[_i]);
        shell(command);
        standing = unreadable_standing();
        ck_assert_int_eq(standing.stopped, 1);
        if (i != 0)
            ck_assert_int_eq(standing.task, TASK_REVOKED);
        if (i != 1)
            ck_assert_int_eq(standing.revoked, 1);
        if (i != 2)
            ck_assert_int_eq(standing.risk, LEVEL_HIGH);
    }
}
END_TEST

START_TEST(spoilt_revocation_hides_no_other)
{
    ck_assert_int_eq(put_revocation(LINK_JTI, grant.jti, INT64_MAX), 1);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, INT64_MAX), 1);
    shell("echo garbage >$(find " PATH_RUN "/revoked/jti -type f)");
    ck_assert_int_eq(unreadable_standing().revoked_by, LINK_ISSUER);
}
END_TEST

/* --- races --- */

static struct task_record racing;
static enum task_state racers[2];

static int set_it(unsigned number)
{
    int durable;

    racing.state = racers[number % 2];
    return task_set(&racing, &durable) != 0;
}

START_TEST(strictest_of_a_race_counts)
{
    static const enum task_state pairs[][2] = {{TASK_COMPLETED, TASK_SUSPENDED},
                                               {TASK_COMPLETED, TASK_ACTIVE},
                                               {TASK_REVOKED, TASK_SUSPENDED},
                                               {TASK_REVOKED, TASK_COMPLETED}};

    strcpy(racing.iss, ISS);
    strcpy(racing.task, TASK);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        for (int round = 0; round < 30; round++) {
            fresh_host();
            if (round % 2)
                ck_assert_int_eq(set(TASK_SUSPENDED), 1);
            memcpy(racers, pairs[i], sizeof racers);
            ck_assert_uint_ge(race(6, set_it), 3); /* the stricter three, whatever became of the others */
            ck_assert_int_eq(standing_now().task, pairs[i][0]);
            shell("rm -rf " PATH_RUN);
            ck_assert_int_eq(standing_now().task, pairs[i][0]);
        }
}
END_TEST

/* --- revocations --- */

static const struct {
    enum link_kind kind;
    const char *value;
    int64_t before;
    int revoked;
} revocations[] = {
    {LINK_JTI, "jti-1", INT64_MAX, 1},
    {LINK_JTI, "jti-1", 1, 1}, /* of one credential all counts */
    {LINK_JTI, "jti-2", INT64_MAX, 0},
    {LINK_KEY, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", INT64_MAX, 1},
    {LINK_KEY, "cbaIWFDP7UMJlTcRCEQ0ZDsWm6YEqpVkQ2hn7WWoBqM", INT64_MAX, 0}, /* the issuer's is none of the holder's */
    {LINK_KEY, "jti-1", INT64_MAX, 0},
    {LINK_IDENTITY, IDENTITY, INT64_MAX, 1},
    {LINK_IDENTITY, "spiffe://example.org/agent/*", INT64_MAX, 1},
    {LINK_IDENTITY, "spiffe://example.org/*", INT64_MAX, 1},
    {LINK_IDENTITY, "spiffe://example.org/agent/deploy/*", INT64_MAX, 0},
    {LINK_IDENTITY, "spiffe://example.org/agent/dep*", INT64_MAX, 0},
    {LINK_IDENTITY, "spiffe://example.org/agent", INT64_MAX, 0},
    {LINK_IDENTITY, "spiffe://example.com/*", INT64_MAX, 0},
    {LINK_IDENTITY, "spiffe://*", INT64_MAX, 0},
    {LINK_IDENTITY, IDENTITY, ISSUED, 1},
    {LINK_IDENTITY, IDENTITY, ISSUED - 1, 0},
    {LINK_IDENTITY, "spiffe://example.org/*", ISSUED, 1},
    {LINK_IDENTITY, "spiffe://example.org/*", ISSUED - 1, 0},
    {LINK_ISSUER, ISS, INT64_MAX, 1},
    {LINK_ISSUER, ISS, ISSUED + 1, 1},
    {LINK_ISSUER, ISS, ISSUED, 1},
    {LINK_ISSUER, ISS, ISSUED - 1, 0},
    {LINK_ISSUER, ISS "/", INT64_MAX, 0},
};

START_TEST(revocation_counts)
{
    ck_assert_int_eq(put_revocation(revocations[_i].kind, revocations[_i].value, revocations[_i].before), 1);
    for (int boots = 0; boots < 2; boots++) {
        struct standing standing = standing_now();

        ck_assert_int_eq(standing.revoked, revocations[_i].revoked);
        if (standing.revoked)
            ck_assert_int_eq(standing.revoked_by, revocations[_i].kind);
        ck_assert_int_eq(standing.task, TASK_ACTIVE);
        shell("rm -rf " PATH_RUN);
    }
}
END_TEST

START_TEST(last_word_of_a_revocation_counts)
{
    struct revocation revocation = {.kind = LINK_ISSUER, .value = ISS};

    ck_assert_int_eq(revocation_lift(&revocation), -ENOENT);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, INT64_MAX), 1);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, ISSUED - 1), 1);
    ck_assert_int_eq(standing_now().revoked, 0);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, ISSUED), 1);
    ck_assert_int_eq(standing_now().revoked, 1);
    ck_assert_int_eq(revocation_lift(&revocation), 0);
    ck_assert_int_eq(standing_now().revoked, 0);
    shell("rm -rf " PATH_RUN);
    ck_assert_int_eq(standing_now().revoked, 0);
    ck_assert_int_eq(revocation_lift(&revocation), -ENOENT);
    ck_assert_int_eq(put_revocation(LINK_TASK, "task", INT64_MAX), -EINVAL);
    ck_assert_int_eq(put_revocation(LINK_KEY, "", INT64_MAX), -EINVAL);
}
END_TEST

/* One that cannot be taken back for good stays. */
START_TEST(revocation_is_lifted_durably_or_not)
{
    struct revocation revocation = {.kind = LINK_ISSUER, .value = ISS};

    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, INT64_MAX), 1);
    shell("chmod 0770 " PATH_STATE);
    ck_assert_int_lt(revocation_lift(&revocation), 0);
    shell("chmod 0700 " PATH_STATE);
    ck_assert_int_eq(standing_now().revoked, 1);
    shell("rm -rf " PATH_RUN);
    ck_assert_int_eq(standing_now().revoked, 1);
}
END_TEST

/* Where the new word did not fit, the old one in PATH_RUN does not hide it. */
START_TEST(old_word_does_not_hide_a_new_one)
{
    shell("install -d -m 0711 " PATH_RUN " && mount -t tmpfs -o size=32k,mode=0711 full " PATH_RUN);
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_LOW, 0), 1);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, 1), 1);
    shell("! head -c 1M /dev/zero 2>/dev/null >" PATH_RUN "/fill");
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_HIGH, 0), 1);
    ck_assert_int_eq(put_revocation(LINK_ISSUER, ISS, INT64_MAX), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_HIGH);
    ck_assert_int_eq(standing_now().revoked, 1);
    shell("umount " PATH_RUN);
}
END_TEST

START_TEST(ancestors_count)
{
    static const enum link_kind kinds[] = {LINK_JTI, LINK_KEY, LINK_IDENTITY, LINK_ISSUER};

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        for (int64_t before = 1; before > 0; before = before == 1 ? INT64_MAX : -1) {
            set_up();
            while (grant.ancestor_count < ANCESTORS_MAX - 1)
                add_ancestor(&grant, kinds[i], ISS, "spiffe://example.org/other");
            add_ancestor(&grant, kinds[i], ISS, "spiffe://example.org/root");
            ck_assert_int_eq(put_revocation(kinds[i], "spiffe://example.org/root", before), 1);
            /* the grant was issued at 5, its ancestors not before; a jti is revoked whenever it was issued */
            grant.issued = 5;
            ck_assert_int_eq(standing_now().revoked, before > 5 || kinds[i] == LINK_JTI);
            if (standing_now().revoked)
                ck_assert_int_eq(standing_now().revoked_by, kinds[i]);
            grant.ancestor_count--;
            ck_assert_int_eq(standing_now().revoked, 0);
        }
    for (int state = TASK_SUSPENDED; state <= TASK_REVOKED; state++) {
        struct task_record record = {.state = (enum task_state)state, .iss = ISS, .task = "root"};
        int durable;

        set_up();
        add_ancestor(&grant, LINK_TASK, ISS, "root");
        ck_assert_int_eq(task_set(&record, &durable), 0);
        ck_assert_int_eq(standing_now().task, state);
        ck_assert_int_eq(set(TASK_COMPLETED), 1); /* the strictest of both */
        ck_assert_int_eq(standing_now().task, state == TASK_REVOKED ? TASK_REVOKED : TASK_COMPLETED);
    }
    set_up();
    add_ancestor(&grant, LINK_TASK, ISS, "root");
    add_ancestor(&grant, LINK_IDENTITY, NULL, "spiffe://example.org/root");
    ck_assert_int_eq(put_risk(RISK_TASK, "root", LEVEL_MEDIUM, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_MEDIUM);
    ck_assert_int_eq(put_risk(RISK_IDENTITY, "spiffe://example.org/root", LEVEL_HIGH, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_HIGH);
}
END_TEST

START_TEST(patterns_reach_the_delegator)
{
    set_up();
    ck_assert_int_eq(put_revocation(LINK_IDENTITY, "spiffe://example.net/agent/*", INT64_MAX), 1);
    ck_assert_int_eq(standing_now().revoked, 0);
    strcpy(grant.delegator, "spiffe://example.net/agents/a");
    ck_assert_int_eq(standing_now().revoked, 0);
    strcpy(grant.delegator, "spiffe://example.net/agent/a");
    ck_assert_int_eq(standing_now().revoked, 1);
    ck_assert_int_eq(standing_now().revoked_by, LINK_IDENTITY);
}
END_TEST

/* An identity of a thousand segments, and a pattern for each. */
START_TEST(identity_may_be_deep)
{
    char *at = grant.identity + strlen(grant.identity);

    while (at + 2 < grant.identity + sizeof grant.identity) {
        strcpy(at, "/a");
        at += 2;
    }
    ck_assert_int_eq(put_revocation(LINK_IDENTITY, "spiffe://example.org/x/*", INT64_MAX), 1);
    ck_assert_int_eq(standing_now().revoked, 0);
    ck_assert_int_eq(put_revocation(LINK_IDENTITY, "spiffe://example.org/agent/deploy/a/a/*", INT64_MAX), 1);
    ck_assert_int_eq(standing_now().revoked, 1);
}
END_TEST

/* --- risk --- */

START_TEST(highest_risk_counts)
{
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_MEDIUM, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_MEDIUM);
    ck_assert_int_eq(put_risk(RISK_TASK, TASK, LEVEL_HIGH, NOW + 1), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_HIGH);
    ck_assert_int_eq(put_risk(RISK_TASK, TASK, LEVEL_HIGH, NOW), 1); /* it is over */
    ck_assert_int_eq(standing_now().risk, LEVEL_MEDIUM);
    ck_assert_int_eq(put_risk(RISK_IDENTITY, IDENTITY "x", LEVEL_HIGH, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_MEDIUM);
    ck_assert_int_eq(put_risk(RISK_IDENTITY, IDENTITY, LEVEL_HIGH, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_HIGH);
    ck_assert_int_eq(put_risk(RISK_IDENTITY, IDENTITY, LEVEL_LOW, 0), 1);
    ck_assert_int_eq(standing_now().risk, LEVEL_MEDIUM);
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_LOW, 0), 1);
    assert_clean();
    shell("rm -rf " PATH_RUN);
    assert_clean();
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_UNSET, 0), -EINVAL);
    ck_assert_int_eq(put_risk(RISK_TASK, "", LEVEL_HIGH, 0), -EINVAL);
}
END_TEST

/* --- the red button --- */

START_TEST(stop_needs_nothing)
{
    ck_assert_int_eq(stop_clear(), 0);
    shell("rm -rf " PATH_STATE_DIR);
    ck_assert_int_eq(stop_set(NOW), 0);
    ck_assert_int_eq(standing_now().stopped, 1);
    ck_assert_int_eq(stop_set(NOW), 0);
    ck_assert_int_eq(stop_clear(), 0);
    ck_assert_int_eq(stop_clear(), 0);
    assert_clean();
    shell("touch " PATH_RUN "/stop"); /* by hand */
    ck_assert_int_eq(standing_now().stopped, 1);
}
END_TEST

/* --- lists --- */

struct tally {
    unsigned total, of[4];
    int stop_at;
};

static int tally(struct tally *tally, int kind)
{
    tally->of[kind]++;
    return ++tally->total == (unsigned)tally->stop_at ? 4711 : 0;
}

static int tally_task(const struct task_record *record, void *arg)
{
    ck_assert_str_eq(record->iss, ISS);
    return tally(arg, record->state);
}

static int tally_revocation(const struct revocation *revocation, void *arg)
{
    return tally(arg, revocation->kind - 1);
}

static int tally_risk(const struct risk *risk, void *arg)
{
    return tally(arg, risk->subject);
}

static void make_tasks(void)
{
    struct task_record record = {.iss = ISS, .since = NOW};
    int durable;

    for (unsigned i = 0; i < 8; i++) {
        sprintf(record.task, "task-%u", i);
        for (int state = TASK_SUSPENDED; state <= (int)(i % 4); state++) { /* one after the other */
            record.state = (enum task_state)state;
            ck_assert_int_eq(task_set(&record, &durable), 0);
        }
    }
}

START_TEST(each_task_is_told_once)
{
    struct tally all = {0}, some = {.stop_at = 3}, rest = {0};

    ck_assert_int_eq(tasks_each(tally_task, &all), 0);
    ck_assert_uint_eq(all.total, 0);
    make_tasks();
    shell("rm -f " PATH_RUN "/task/completed/*; touch " PATH_RUN "/task/revoked/.new-1");
    ck_assert_int_eq(tasks_each(tally_task, &all), 0);
    ck_assert_uint_eq(all.total, 6);
    for (int state = TASK_SUSPENDED; state <= TASK_REVOKED; state++)
        ck_assert_uint_eq(all.of[state], 2);
    ck_assert_int_eq(tasks_each(tally_task, &some), 4711);
    ck_assert_uint_eq(some.total, 3);
    shell("f=$(ls " PATH_RUN "/task/revoked/* | head -n 1); echo garbage >$f"); /* hides no other */
    ck_assert_int_eq(tasks_each(tally_task, &rest), -EBADMSG);
    ck_assert_uint_eq(rest.total, 5);
}
END_TEST

START_TEST(each_revocation_and_risk_is_told_once)
{
    struct tally revoked = {0}, risks = {0};

    ck_assert_int_eq(put_revocation(LINK_JTI, "a", INT64_MAX), 1);
    ck_assert_int_eq(put_revocation(LINK_KEY, "a", INT64_MAX), 1);
    ck_assert_int_eq(put_revocation(LINK_IDENTITY, "spiffe://example.org/*", 5), 1);
    shell("rm -rf " PATH_RUN "/revoked/key");
    ck_assert_int_eq(put_revocation(LINK_ISSUER, "a", 5), 1);
    ck_assert_int_eq(revocations_each(tally_revocation, &revoked), 0);
    ck_assert_uint_eq(revoked.total, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(revoked.of[i], 1);
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_HIGH, 1), 1);
    ck_assert_int_eq(put_risk(RISK_IDENTITY, IDENTITY, LEVEL_LOW, 0), 1);
    ck_assert_int_eq(put_risk(RISK_TASK, TASK, LEVEL_MEDIUM, 0), 1);
    ck_assert_int_eq(risks_each(tally_risk, &risks), 0);
    ck_assert_uint_eq(risks.total, 2);
    ck_assert_uint_eq(risks.of[RISK_IDENTITY], 0);
}
END_TEST

/* --- expiry --- */

#define DAY 86400

START_TEST(what_nobody_needs_expires)
{
    struct revocation revocation = {.kind = LINK_JTI, .iss = ISS, .value = "old", .before = INT64_MAX};
    int64_t now = time(NULL);
    uint32_t count;
    int durable;

    revocation.since = now - DAY - 1;
    revocation.since_boot = clock_boot_ms();
    ck_assert_int_eq(revocation_put(&revocation, &durable), 0);
    revocation.since = now - DAY + 60;
    strcpy(revocation.value, "young");
    ck_assert_int_eq(revocation_put(&revocation, &durable), 0);
    revocation.since = 1;
    revocation.kind = LINK_KEY;
    ck_assert_int_eq(revocation_put(&revocation, &durable), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(replay_take(ISS, "old", 3), 0);
    shell("touch -d '-25 hours' " PATH_RUN "/replay/*");
    ck_assert_int_eq(replay_take(ISS, "young", 3), 0);

    state_expire(now, clock_boot_ms()); /* the wall clock alone says that it is time */
    shell("test $(find " PATH_RUN "/revoked " PATH_STATE "/revoked -type f | wc -l) = 6");
    ck_assert_int_eq(replay_count(ISS, "old", &count), 0);
    ck_assert_uint_eq(count, 3);
    state_expire(now, clock_boot_ms() + 1000 * (DAY + 1));
    shell("test $(find " PATH_RUN "/revoked " PATH_STATE "/revoked -type f | wc -l) = 4");
    ck_assert_int_eq(replay_count(ISS, "old", &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(replay_count(ISS, "young", &count), 0);
    ck_assert_uint_eq(count, 1);
    shell("test $(ls " PATH_RUN "/replay | wc -l) = 1");
}
END_TEST

START_TEST(names_of_dead_sessions_expire)
{
    static struct session live, dead;
    session_id ids[4];
    size_t count;

    state_expire(1, 1); /* on a host that knows nothing */
    live.leader = dead.leader = 4711;
    live.opened = live.opened_boot = live.longest = dead.opened = dead.opened_boot = dead.longest = 1;
    fill_grant(&live.grant);
    fill_grant(&dead.grant);
    strcpy(live.id, "0123456789abcdef");
    strcpy(dead.id, "0123456789abcde0");
    strcpy(dead.grant.jti, "jti-2");
    ck_assert_int_eq(session_publish(&live), 0);
    ck_assert_int_eq(session_publish(&dead), 0);
    ck_assert_int_eq(session_order_end(live.id), 0);
    ck_assert_int_eq(session_order_end(dead.id), 0);
    shell("rm " PATH_RUN "/session/0123456789abcde0; install -d -m 0700 " PATH_RUN "/by/jti/empty");
    state_expire(time(NULL), clock_boot_ms());
    ck_assert_int_eq(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(ids[0], live.id);
    shell("test $(ls " PATH_RUN "/by/jti | wc -l) = 1 && test $(ls " PATH_RUN "/ordered) = 0123456789abcdef");
    session_remove(&live);
    state_expire(time(NULL), clock_boot_ms());
    shell("test -z \"$(find " PATH_RUN "/by -mindepth 2)\"");
}
END_TEST

/* What could not be written durably, or whose writer died, is found by the next sweep; what was taken back is not. */
START_TEST(what_is_not_durable_is_made_so)
{
    struct revocation key = {.kind = LINK_KEY, .value = "stolen", .before = INT64_MAX, .since = NOW};
    struct risk risk = {.subject = RISK_HOST, .level = LEVEL_HIGH, .since = NOW};
    struct task_record suspended = {.state = TASK_SUSPENDED, .iss = ISS, .task = "late", .since = NOW};
    int durable;

    ck_assert_int_eq(revocation_put(&key, NULL), 0);
    ck_assert_int_eq(risk_put(&risk, &durable), 0);
    ck_assert_int_eq(task_set(&suspended, &durable), 0);
    shell("rm -r " PATH_STATE "/task; sed -i s/high/low/ " PATH_STATE "/risk/host/*"); /* an older, weaker word */
    state_expire(NOW, clock_boot_ms());
    shell("test $(find " PATH_STATE "/revoked " PATH_STATE "/risk " PATH_STATE "/task -type f | wc -l) = 3");
    shell("diff -r " PATH_RUN "/revoked " PATH_STATE "/revoked && diff -r " PATH_RUN "/risk " PATH_STATE "/risk");
    ck_assert_int_eq(revocation_lift(&key), 0);
    risk.level = LEVEL_MEDIUM;
    ck_assert_int_eq(risk_put(&risk, &durable), 0);
    state_expire(NOW, clock_boot_ms());
    shell("test -z \"$(find " PATH_RUN "/revoked " PATH_STATE "/revoked -type f)\"");
    shell("grep -q medium " PATH_STATE "/risk/host/*");
}
END_TEST

static int lift_or_settle(unsigned number)
{
    struct revocation key = {.kind = LINK_KEY, .value = "stolen", .before = INT64_MAX, .since = NOW};

    for (int i = 0; i < 2000; i++)
        if (number != 0)
            ledger_settle("revoked", "key");
        else if (revocation_put(&key, NULL) < 0 || revocation_lift(&key) < 0)
            return 1;
    return 0;
}

START_TEST(what_is_lifted_does_not_come_back)
{
    ck_assert_uint_eq(race(4, lift_or_settle), 4);
    shell("test -z \"$(find " PATH_RUN "/revoked " PATH_STATE "/revoked -type f)\"");
}
END_TEST

START_TEST(copies_of_ended_tasks_expire)
{
    struct tally before = {0}, after = {0};

    make_tasks();
    ck_assert_int_eq(tasks_each(tally_task, &before), 0);
    shell("f=$(ls " PATH_STATE "/task/completed/* | head -n 1); sed -i s/since.*/since\\ 5/ $f"); /* not the same */
    shell("f=$(ls " PATH_STATE "/task/revoked/* | head -n 1); rm $f");
    state_expire(NOW, clock_boot_ms());
    shell("test $(find " PATH_RUN "/task/completed " PATH_RUN "/task/revoked -type f | wc -l) = 0");
    shell("test $(find " PATH_RUN "/task/suspended -type f | wc -l) = 6");
    ck_assert_int_eq(tasks_each(tally_task, &after), 0);
    ck_assert_mem_eq(&before, &after, sizeof before);
}
END_TEST

/* Places of a replay are taken while their directories are removed; a session is published while others expire. */
static int take_a_place(unsigned number)
{
    static struct session session;
    int r = 0;

    if (number == 0) {
        for (int i = 0; i < 300; i++)
            state_expire((int64_t)time(NULL) + 2 * DAY, clock_boot_ms() + 2000 * DAY);
        return 0;
    }
    fill_grant(&session.grant);
    session.leader = 4711;
    session.opened = session.opened_boot = session.longest = 1;
    for (int i = 0; r == 0 && i < 100; i++) {
        r = replay_take(ISS, "jti-1", 1000);
        if (r == 0)
            r = session_new_id(session.id);
        if (r == 0)
            r = session_publish(&session);
        session_remove(&session);
    }
    return r;
}

START_TEST(nothing_fails_by_expiry)
{
    ck_assert_uint_eq(race(5, take_a_place), 5);
}
END_TEST

/* --- cost: it is read in each step of sudo --- */

START_TEST(standing_is_cheap)
{
    struct timespec before, after;
    long us;

    make_tasks();
    ck_assert_int_eq(put_revocation(LINK_IDENTITY, "spiffe://example.org/x/*", INT64_MAX), 1);
    ck_assert_int_eq(put_revocation(LINK_JTI, "x", INT64_MAX), 1);
    ck_assert_int_eq(put_risk(RISK_HOST, "", LEVEL_MEDIUM, 0), 1);
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 1000; i++)
        standing_now();
    clock_gettime(CLOCK_MONOTONIC, &after);
    us = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    ck_assert_msg(us < 2000, "%ld us", us);
}
END_TEST

static Suite *standing_suite(void)
{
    Suite *suite = suite_create("judge_standing");
    TCase *tcase = tcase_create("standing");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, nothing_known_is_clean);
    tcase_add_test(tcase, task_never_goes_back);
    tcase_add_test(tcase, task_is_of_one_issuer_and_name);
    tcase_add_test(tcase, task_ends_where_the_disk_is_gone);
    tcase_add_test(tcase, task_ends_where_the_disk_is_full);
    tcase_add_test(tcase, task_ends_where_run_is_full);
    tcase_add_test(tcase, task_is_resumed_durably_or_not);
    tcase_add_test(tcase, task_ends_where_run_is_wrong);
    tcase_add_loop_test(tcase, spoilt_record_is_an_error, 0, COUNT_OF(spoils));
    tcase_add_loop_test(tcase, spoilt_record_hides_nothing, 0, COUNT_OF(spoils));
    tcase_add_test(tcase, spoilt_revocation_hides_no_other);
    tcase_add_test(tcase, strictest_of_a_race_counts);
    tcase_add_loop_test(tcase, revocation_counts, 0, COUNT_OF(revocations));
    tcase_add_test(tcase, last_word_of_a_revocation_counts);
    tcase_add_test(tcase, revocation_is_lifted_durably_or_not);
    tcase_add_test(tcase, old_word_does_not_hide_a_new_one);
    tcase_add_test(tcase, ancestors_count);
    tcase_add_test(tcase, patterns_reach_the_delegator);
    tcase_add_test(tcase, identity_may_be_deep);
    tcase_add_test(tcase, highest_risk_counts);
    tcase_add_test(tcase, stop_needs_nothing);
    tcase_add_test(tcase, each_task_is_told_once);
    tcase_add_test(tcase, each_revocation_and_risk_is_told_once);
    tcase_add_test(tcase, what_nobody_needs_expires);
    tcase_add_test(tcase, names_of_dead_sessions_expire);
    tcase_add_test(tcase, what_is_not_durable_is_made_so);
    tcase_add_test(tcase, what_is_lifted_does_not_come_back);
    tcase_add_test(tcase, copies_of_ended_tasks_expire);
    tcase_add_test(tcase, nothing_fails_by_expiry);
    tcase_add_test(tcase, standing_is_cheap);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_on_host(standing_suite());
}
