/* common/judge/state and task at their real paths: pending logins, sessions, tasks, replay. */
#include "judge_host.h"

#include "core/clock.h"
#include "judge/state.h"
#include "judge/task.h"

#define ISS "https://sts.example.org"
#define UID 70005

static void fill_grant(struct grant *grant)
{
    memset(grant, 0, sizeof *grant);
    strcpy(grant->account, "agent-deploy");
    grant->uid = UID;
    strcpy(grant->identity, "spiffe://example.org/agent/deploy");
    strcpy(grant->issuer, "corp-sts");
    strcpy(grant->iss, ISS);
    strcpy(grant->jti, "jti-1");
    strcpy(grant->task, "task 100%\n\x01");
    strcpy(grant->purpose, "restart-web");
    grant->issued = 1764000000;
    grant->expires = 1764000300;
    grant->possession = POSSESSION_SIGNED;
    strcpy(grant->source, "192.0.2.1");
    strcpy(grant->service, "sshd");
    memset(grant->scope, '%', SCOPE_MAX); /* the longest there is, and longest when it is escaped */
}

static struct pending pending, got;

static void make_pending(void)
{
    memset(&pending, 0, sizeof pending);
    fill_grant(&pending.grant);
    pending.made = clock_boot_ms();
}

/* --- pending logins --- */

START_TEST(pending_is_got_often_and_taken_once)
{
    ck_assert_int_eq(pending_get(41, 4711, &got), -ENOENT);
    ck_assert_int_eq(pending_take(41, 4711, &got), -ENOENT);
    make_pending();
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    for (int i = 0; i < 3; i++) {
        memset(&got, 0xff, sizeof got);
        ck_assert_int_eq(pending_get(41, 4711, &got), 0);
        ck_assert_mem_eq(&got, &pending, sizeof got);
    }
    memset(&got, 0xff, sizeof got);
    ck_assert_int_eq(pending_take(41, 4711, &got), 0);
    ck_assert_mem_eq(&got, &pending, sizeof got);
    ck_assert_int_eq(pending_take(41, 4711, &got), -ENOENT);
    ck_assert_int_eq(pending_get(41, 4711, &got), -ENOENT);
    shell("test -z \"$(ls -A " PATH_RUN "/pending)\"");
}
END_TEST

START_TEST(pending_is_of_one_process)
{
    make_pending();
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    ck_assert_int_eq(pending_get(41, 4712, &got), -ENOENT); /* the pid was used again */
    ck_assert_int_eq(pending_take(42, 4711, &got), -ENOENT);
    ck_assert_int_eq(pending_take(4, 14711, &got), -ENOENT);
    ck_assert_int_eq(pending_take(41, 4711, &got), 0);
}
END_TEST

START_TEST(pending_is_replaced)
{
    make_pending();
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    strcpy(pending.grant.task, "another");
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    ck_assert_int_eq(pending_take(41, 4711, &got), 0);
    ck_assert_str_eq(got.grant.task, "another");
    ck_assert_int_eq(pending_take(41, 4711, &got), -ENOENT);
}
END_TEST

static const struct {
    int64_t age_ms;
    int r;
} ages[] = {{0, 0}, {50000, 0}, {PENDING_SECONDS * 1000 + 1, -ENOENT}, {86400000, -ENOENT}, {-600000, -ENOENT}};

START_TEST(pending_grows_old)
{
    make_pending();
    pending.made -= ages[_i].age_ms;
    if (pending.made < 0)
        return; /* the machine has not been up for that long */
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    ck_assert_int_eq(pending_get(41, 4711, &got), ages[_i].r);
    ck_assert_int_eq(pending_take(41, 4711, &got), ages[_i].r);
    ck_assert_int_eq(pending_take(41, 4711, &got), -ENOENT);
}
END_TEST

static int take_it(unsigned number)
{
    (void)number;
    return pending_take(41, 4711, &got) || memcmp(&got, &pending, sizeof got) != 0;
}

START_TEST(pending_is_taken_by_one_of_many)
{
    make_pending();
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
        ck_assert_uint_eq(race(2 + (unsigned)i % 7, take_it), 1);
    }
}
END_TEST

#define RECORD PATH_RUN "/pending/41-4711"

static const char *const spoils[] = {
    "sed -i /^uid/d " RECORD,
    "sed -i /^task/d " RECORD,
    "sed -i /^jti/d " RECORD,
    "sed -i /^scope/d " RECORD,
    "sed -i /^possession/d " RECORD,
    "sed -i 's/^uid .*/uid 0/' " RECORD,
    "sed -i 's/^uid .*/uid 4294967295/' " RECORD,
    "sed -i 's/^uid .*/uid -1/' " RECORD,
    "sed -i 's/^possession .*/possession none/' " RECORD,
    "sed -i 's/^made .*/made soon/' " RECORD,
    "sed -i 's/^pam_agent .*/pam_agent 2/' " RECORD,
    "echo 'limit 5' >>" RECORD,
    "printf 'x' >>" RECORD,
    "truncate -s -1 " RECORD,
    "truncate -s 40 " RECORD,
    "truncate -s 0 " RECORD,
    "printf 'a\\0b\\n' >>" RECORD,
    "head -c 1000000 /dev/zero >>" RECORD,
    "chown 1 " RECORD,
    "chmod g+w " RECORD,
    "chmod o+w " RECORD,
    "mv " RECORD " /tmp/real && ln -s /tmp/real " RECORD,
    "rm " RECORD " && mkfifo " RECORD,
    "rm " RECORD " && mkdir " RECORD,
    "printf 'account %033d\\n' 1 >>" RECORD,
};

START_TEST(spoilt_record_is_no_record)
{
    make_pending();
    ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
    shell(spoils[_i]);
    ck_assert_int_lt(pending_get(41, 4711, &got), 0);
    ck_assert_int_lt(pending_take(41, 4711, &got), 0);
    ck_assert_int_eq(pending_take(41, 4711, &got), -ENOENT);
}
END_TEST

/* --- sessions --- */

static struct session session, read_back;

static void make_session(const char *id)
{
    memset(&session, 0, sizeof session);
    strcpy(session.id, id);
    fill_grant(&session.grant);
    session.leader = 4194303;
    session.leader_start = 1ULL << 40;
    session.audit = 17;
    session.opened = 1764000001;
    session.deadline = 1764000301;
}

static void assert_listed(size_t of_uid, size_t of_task, size_t all)
{
    session_id ids[8];
    size_t count;

    ck_assert_int_eq(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, of_uid);
    ck_assert_int_eq(sessions_of_task(ISS, session.grant.task, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, of_task);
    ck_assert_int_eq(sessions_all(ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, all);
}

START_TEST(session_is_published_read_and_removed)
{
    make_session("0123456789abcdef");
    assert_listed(0, 0, 0);
    ck_assert_int_eq(session_read(session.id, &read_back), -ENOENT);
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_read(session.id, &read_back), 0);
    ck_assert_mem_eq(&read_back, &session, sizeof session);
    assert_listed(1, 1, 1);
    session_remove(&session);
    ck_assert_int_eq(session_read(session.id, &read_back), -ENOENT);
    assert_listed(0, 0, 0);
    session_remove(&session);
    session.audit = UINT32_MAX;
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_read(session.id, &read_back), 0);
    ck_assert_uint_eq(read_back.audit, UINT32_MAX);
}
END_TEST

START_TEST(session_id_is_taken_once)
{
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_publish(&session), 0);
    session.grant.uid = UID + 1;
    strcpy(session.grant.task, "another");
    ck_assert_int_eq(session_publish(&session), -EEXIST);
    ck_assert_int_eq(session_read(session.id, &read_back), 0);
    ck_assert_uint_eq(read_back.grant.uid, UID);
    make_session("0123456789abcdef");
    assert_listed(1, 1, 1);
}
END_TEST

static int publish_it(unsigned number)
{
    session.deadline += number;
    return session_publish(&session);
}

START_TEST(session_id_is_taken_by_one_of_many)
{
    for (int i = 0; i < 50; i++) {
        make_session("0123456789abcdef");
        ck_assert_uint_eq(race(8, publish_it), 1);
        ck_assert_int_eq(session_read(session.id, &read_back), 0);
        session_remove(&session);
    }
}
END_TEST

START_TEST(sessions_are_listed_by_uid_and_task)
{
    session_id ids[8], few[2];
    size_t count = 4711;

    for (unsigned i = 0; i < 8; i++) {
        char id[SESSION_ID_LENGTH + 1];

        ck_assert_int_eq(session_new_id(id), 0);
        ck_assert(session_id_valid(id));
        make_session(id);
        session.grant.uid = UID + i % 2;
        sprintf(session.grant.task, "task-%u", i % 4);
        ck_assert_int_eq(session_publish(&session), 0);
    }
    ck_assert_int_eq(sessions_of_uid(UID, few, COUNT_OF(few), &count), -E2BIG);
    ck_assert_uint_eq(count, 4711);
    ck_assert_int_eq(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_eq(sessions_of_uid(UID + 2, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(sessions_of_task(ISS, "task-3", few, COUNT_OF(few), &count), 0);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(session_read(few[i], &read_back), 0);
        ck_assert_str_eq(read_back.grant.task, "task-3");
    }
    ck_assert_int_eq(sessions_of_task(ISS "/", "task-3", ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(sessions_all(ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 8);
    ck_assert_int_eq(sessions_all(ids, 7, &count), -E2BIG);
    shell("touch " PATH_RUN "/session/.new-0123456789abcdef " PATH_RUN "/session/0123456789ABCDEF " PATH_RUN
          "/session/x");
    ck_assert_int_eq(sessions_all(ids, COUNT_OF(ids), &count), 0); /* what is no ID is no session */
}
END_TEST

static const char *const bad_ids[] = {"",
                                      ".",
                                      "..",
                                      "../pending/41-4711",
                                      "0123456789abcde",
                                      "0123456789abcdef0",
                                      "0123456789abcdeF",
                                      "0123456789abcde/",
                                      "/run/pam_agent/x",
                                      "0123456789abcde\n"};

START_TEST(session_ids_are_no_paths)
{
    char path[128] = "";

    make_session("0123456789abcdef");
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_read(bad_ids[_i], &read_back), -ENOENT);
    ck_assert_int_eq(session_socket(bad_ids[_i], path, sizeof path), -EINVAL);
    ck_assert_int_eq(session_socket(session.id, path, sizeof path), 0);
    ck_assert_str_eq(path, PATH_RUN "/ctl/0123456789abcdef");
    ck_assert_int_eq(session_socket(session.id, path, 20), -ENOBUFS);
}
END_TEST

/* --- tasks --- */

static int is_completed(const char *iss, const char *task)
{
    int completed = 4711, r = task_is_completed(iss, task, &completed);

    ck_assert(r == 0 ? completed == 0 || completed == 1 : completed == 4711);
    return r < 0 ? r : completed;
}

static void complete(int wanted_durable)
{
    int durable = -1;

    ck_assert_int_eq(task_complete(ISS, "task-1", 1764000000, &durable), 0);
    ck_assert_int_eq(durable, wanted_durable);
}

START_TEST(task_stays_completed)
{
    ck_assert_int_eq(is_completed(ISS, "task-1"), 0);
    complete(1);
    ck_assert_int_eq(is_completed(ISS, "task-1"), 1);
    complete(1);
    ck_assert_int_eq(is_completed(ISS, "task-1"), 1);
    ck_assert_int_eq(is_completed(ISS, "task-2"), 0);
    ck_assert_int_eq(is_completed(ISS "x", "task-1"), 0);
    ck_assert_int_eq(is_completed(ISS "t", "ask-1"), 0); /* where one ends and the other begins counts */
    shell("rm -rf " PATH_RUN);                           /* the host boots */
    ck_assert_int_eq(is_completed(ISS, "task-1"), 1);
    shell("rm -rf " PATH_STATE);
    ck_assert_int_eq(is_completed(ISS, "task-1"), 0);
}
END_TEST

START_TEST(task_is_completed_where_the_disk_is_gone)
{
    shell("rm -rf " PATH_STATE_DIR);
    complete(0);
    ck_assert_int_eq(is_completed(ISS, "task-1"), 1);
}
END_TEST

START_TEST(task_is_completed_where_the_disk_is_full)
{
    shell("mount -t tmpfs -o size=16k,mode=0755 full " PATH_STATE_DIR " && install -d -m 0700 " PATH_STATE
          " && ! head -c 1M /dev/zero 2>/dev/null >" PATH_STATE_DIR "/fill");
    complete(0);
    ck_assert_int_eq(is_completed(ISS, "task-1"), 1);
    shell("rm " PATH_STATE_DIR "/fill");
    complete(1);
    shell("umount " PATH_STATE_DIR);
}
END_TEST

START_TEST(task_is_completed_where_run_is_wrong)
{
    shell("install -d -m 0777 " PATH_RUN);
    complete(1);
    ck_assert_int_lt(is_completed(ISS, "task-1"), 0); /* and nothing is believed before it is right */
    shell("rm -rf " PATH_STATE_DIR);
    ck_assert_int_lt(task_complete(ISS, "task-2", 1, &(int){0}), 0);
}
END_TEST

/* What cannot be read is not taken for "not completed". */
static const char *const task_spoils[] = {
    "truncate -s 0 $f",    "truncate -s 30 $f",
    "echo garbage >$f",    "sed -i s/completed/active/ $f",
    "sed -i /^state/d $f", "chown 1 $f",
    "chmod 0666 $f",       "rm $f; mkdir $f",
    "rm $f; mkfifo $f",    "mv $f /tmp/real; ln -s /tmp/real $f",
};

START_TEST(spoilt_task_is_an_error)
{
    static const char *const places[] = {PATH_RUN "/task", PATH_STATE "/task"};
    char command[256];

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        fresh_host();
        complete(1);
        if (i == 1)
            shell("rm -rf " PATH_RUN);
        snprintf(command, sizeof command, "for f in %s/*; do %s; done", places[i], task_spoils[_i]);
        shell(command);
        ck_assert_int_lt(is_completed(ISS, "task-1"), 0);
    }
}
END_TEST

/* --- replay --- */

static uint32_t replay_max;

static int take_place(unsigned number)
{
    int r = replay_take(ISS, "jti-1", replay_max);

    (void)number;
    return r == 0 ? 0 : r == -EUSERS ? 1 : 2;
}

START_TEST(replay_lets_max_win)
{
    static const uint32_t most[] = {0, 1, 2, 3, 7, 16, 20};
    uint32_t count;

    for (size_t i = 0; i < COUNT_OF(most); i++)
        for (int round = 0; round < 20; round++) {
            fresh_host();
            replay_max = most[i];
            ck_assert_uint_eq(race(16, take_place), replay_max < 16 ? replay_max : 16);
            ck_assert_int_eq(replay_count(ISS, "jti-1", &count), 0);
            ck_assert_uint_eq(count, replay_max < 16 ? replay_max : 16);
        }
}
END_TEST

START_TEST(replay_is_of_one_credential)
{
    uint32_t count = 4711;

    ck_assert_int_eq(replay_count(ISS, "jti-1", &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(replay_take(ISS, "jti-1", 1), 0);
    ck_assert_int_eq(replay_take(ISS, "jti-1", 1), -EUSERS);
    ck_assert_int_eq(replay_take(ISS, "jti-2", 1), 0);
    ck_assert_int_eq(replay_take(ISS "j", "ti-1", 1), 0);
    ck_assert_int_eq(replay_take("https://other.example", "jti-1", 1), 0);
    ck_assert_int_eq(replay_take(ISS, "../../x/\n", 1), 0);
    ck_assert_int_eq(replay_take(ISS, "jti-1", 2), 0);
    ck_assert_int_eq(replay_count(ISS, "jti-1", &count), 0);
    ck_assert_uint_eq(count, 2);
    shell("test -z \"$(find " PATH_RUN "/replay -name '.new*')\"");
}
END_TEST

/* --- the directories --- */

START_TEST(directories_are_roots_whatever_the_umask)
{
    static const mode_t masks[] = {0, 022, 077, 0777};

    for (size_t i = 0; i < COUNT_OF(masks); i++) {
        fresh_host();
        umask(masks[i]);
        make_session("0123456789abcdef");
        make_pending();
        ck_assert_int_eq(session_publish(&session), 0);
        ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
        ck_assert_int_eq(sessions_prepare(), 0);
        complete(1);
        umask(022);
        shell("test \"$(stat -c %a:%u " PATH_RUN ")\" = 711:0");
        shell("test -z \"$(find " PATH_RUN "/* " PATH_STATE " -type d ! -perm 0700)\"");
        shell("test -z \"$(find " PATH_RUN " " PATH_STATE " -type f ! -perm 0600)\"");
        shell("test -z \"$(find " PATH_RUN " " PATH_STATE " ! -user 0)\"");
    }
}
END_TEST

/* What makes $d a place that nothing is read from or written to. */
static const char *const wrongs[] = {
    "chown 1 $d",
    "chmod 0770 $d",
    "chmod 0707 $d",
    "chmod 1777 $d",
    "mv $d /tmp/elsewhere && ln -s /tmp/elsewhere $d",
    "rm -r $d && ln -s /nonexistent $d",
    "rm -r $d && touch $d",
    "rm -r $d && mkfifo $d",
};

static void spoil(const char *dir, const char *how)
{
    char command[512];

    snprintf(command, sizeof command, "d=%s; %s", dir, how);
    shell(command);
}

START_TEST(wrong_directory_is_refused)
{
    static const char *const dirs[] = {PATH_RUN,           PATH_RUN "/pending", PATH_RUN "/session", PATH_RUN "/by",
                                       PATH_RUN "/by/uid", PATH_RUN "/by/task", PATH_RUN "/replay",  PATH_RUN "/ctl"};

    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        int all = i == 0;
        uint32_t count;

        shell("rm -rf /tmp/elsewhere");
        fresh_host();
        make_pending();
        make_session("0123456789abcdef");
        ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
        ck_assert_int_eq(session_publish(&session), 0);
        ck_assert_int_eq(replay_take(ISS, "jti-1", 1), 0);
        ck_assert_int_eq(sessions_prepare(), 0);
        spoil(dirs[i], wrongs[_i]);
        shell("cp -a /tmp/elsewhere /tmp/before 2>/dev/null || true");

        strcpy(session.id, "0123456789abcde0");
        ck_assert_int_eq(pending_put(41, 4712, &pending) < 0, all || i == 1);
        ck_assert_int_eq(pending_get(41, 4711, &got) < 0, all || i == 1);
        ck_assert_int_eq(pending_take(41, 4711, &got) < 0, all || i == 1);
        ck_assert_int_eq(session_publish(&session) < 0, all || (i >= 2 && i <= 5));
        ck_assert_int_eq(session_read("0123456789abcdef", &read_back) < 0, all || i == 2);
        ck_assert_int_eq(replay_take(ISS, "jti-1", 2) < 0, all || i == 6);
        ck_assert_int_eq(replay_count(ISS, "jti-1", &count) < 0, all || i == 6);
        ck_assert_int_eq(sessions_prepare() < 0, all || i == 7);
        shell("test ! -e /tmp/elsewhere || diff -r /tmp/elsewhere /tmp/before");
        shell("rm -rf /tmp/before");
    }
}
END_TEST

/* A list that cannot be read is not an empty one: the account would look free. */
START_TEST(wrong_index_is_no_empty_one)
{
    static const char *const dirs[] = {PATH_RUN, PATH_RUN "/by", PATH_RUN "/by/uid", PATH_RUN "/by/uid/70005"};
    session_id ids[8];
    size_t count = 4711;

    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        shell("rm -rf /tmp/elsewhere");
        fresh_host();
        make_session("0123456789abcdef");
        ck_assert_int_eq(session_publish(&session), 0);
        spoil(dirs[i], wrongs[_i]);
        ck_assert_int_lt(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
        ck_assert_uint_eq(count, 4711);
    }
}
END_TEST

static Suite *state_suite(void)
{
    Suite *suite = suite_create("judge_state");
    TCase *tcase = tcase_create("state");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, fresh_host, NULL);
    tcase_add_test(tcase, pending_is_got_often_and_taken_once);
    tcase_add_test(tcase, pending_is_of_one_process);
    tcase_add_test(tcase, pending_is_replaced);
    tcase_add_loop_test(tcase, pending_grows_old, 0, COUNT_OF(ages));
    tcase_add_test(tcase, pending_is_taken_by_one_of_many);
    tcase_add_loop_test(tcase, spoilt_record_is_no_record, 0, COUNT_OF(spoils));
    tcase_add_test(tcase, session_is_published_read_and_removed);
    tcase_add_test(tcase, session_id_is_taken_once);
    tcase_add_test(tcase, session_id_is_taken_by_one_of_many);
    tcase_add_test(tcase, sessions_are_listed_by_uid_and_task);
    tcase_add_loop_test(tcase, session_ids_are_no_paths, 0, COUNT_OF(bad_ids));
    tcase_add_test(tcase, task_stays_completed);
    tcase_add_test(tcase, task_is_completed_where_the_disk_is_gone);
    tcase_add_test(tcase, task_is_completed_where_the_disk_is_full);
    tcase_add_test(tcase, task_is_completed_where_run_is_wrong);
    tcase_add_loop_test(tcase, spoilt_task_is_an_error, 0, COUNT_OF(task_spoils));
    tcase_add_test(tcase, replay_lets_max_win);
    tcase_add_test(tcase, replay_is_of_one_credential);
    tcase_add_test(tcase, directories_are_roots_whatever_the_umask);
    tcase_add_loop_test(tcase, wrong_directory_is_refused, 0, COUNT_OF(wrongs));
    tcase_add_loop_test(tcase, wrong_index_is_no_empty_one, 0, COUNT_OF(wrongs));
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_on_host(state_suite());
}
