/* common/judge/state at its real paths: pending logins, sessions, attestations, places, replay. */
#include "judge_host.h"

#include "core/clock.h"
#include "judge_grant.h"
#include "judge/state.h"
#include "judge/task.h"

static struct pending pending, got;

static void make_pending(void)
{
    memset(&pending, 0, sizeof pending);
    fill_grant(&pending.grant);
    add_ancestor(&pending.grant, LINK_JTI, ISS, "jti-0");
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
    "sed -i /^key/d " RECORD,
    "sed -i /^signer/d " RECORD,
    "sed -i '/^ancestor/s/ jti / root /' " RECORD,
    "sed -i '/^ancestor/s/.$//' " RECORD,
    "sed -i '/^ancestor/s/.$/G/' " RECORD,
    "sed -i '/^ancestor/s/$/0/' " RECORD,
    "sed -i 's/^ancestor .*/ancestor jti/' " RECORD,
    "sed -i 's/^ancestor .*/ancestor/' " RECORD,
    "for i in $(seq 32); do grep ^ancestor " RECORD "; done >/tmp/more; cat /tmp/more >>" RECORD,
    "sed -i /^scope/d " RECORD,
    "sed -i /^possession/d " RECORD,
    "sed -i 's/^uid .*/uid 0/' " RECORD,
    "sed -i 's/^uid .*/uid 4294967295/' " RECORD,
    "sed -i 's/^uid .*/uid -1/' " RECORD,
    "sed -i 's/^possession .*/possession none/' " RECORD,
    "sed -i 's/^sensitivity .*/sensitivity secret/' " RECORD,
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
    strcpy(session.cgroup, "/sys/fs/cgroup/user.slice/session 4%.scope");
    session.opened = ISSUED + 1;
    session.opened_boot = 4711;
    session.longest = ISSUED + 301;
}

static size_t count_of(enum link_kind kind, const char *iss, const char *value)
{
    session_id ids[8];
    struct link link;
    size_t count;

    link_make(&link, kind, iss, value);
    ck_assert_int_eq(sessions_of_link(&link, ids, COUNT_OF(ids), &count), 0);
    return count;
}

static void assert_listed(size_t of_uid, size_t of_task, size_t all)
{
    session_id ids[8];
    size_t count;

    ck_assert_int_eq(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, of_uid);
    ck_assert_uint_eq(count_of(LINK_TASK, ISS, session.grant.task), of_task);
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
    session.longest += number;
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
    struct link link;
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
    ck_assert_uint_eq(count, COUNT_OF(few));
    ck_assert_int_eq(sessions_of_uid(UID, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_eq(sessions_of_uid(UID + 2, ids, COUNT_OF(ids), &count), 0);
    ck_assert_uint_eq(count, 0);
    link_make(&link, LINK_TASK, ISS, "task-3");
    ck_assert_int_eq(sessions_of_link(&link, few, COUNT_OF(few), &count), 0);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(session_read(few[i], &read_back), 0);
        ck_assert_str_eq(read_back.grant.task, "task-3");
    }
    ck_assert_uint_eq(count_of(LINK_TASK, ISS "/", "task-3"), 0);
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

/* --- the record of a session --- */

#define SESSION PATH_RUN "/session/0123456789abcdef"

static const char *const session_spoils[] = {
    "sed -i /^leader/d " SESSION,
    "sed -i /^opened/d " SESSION,
    "sed -i /^opened-boot/d " SESSION,
    "sed -i /^longest/d " SESSION,
    "sed -i '$d' " SESSION,
    "sed -i 's/^longest .*/longest 0/' " SESSION,
    "sed -i 's/^longest .*/longest -1/' " SESSION,
    "sed -i 's/^longest .*/longest 9223372036854775808/' " SESSION,
    "sed -i 's/^leader .*/leader 0/' " SESSION,
    "sed -i 's/^leader .*/leader 4294967297/' " SESSION,
    "sed -i 's/^audit .*/audit 4294967296/' " SESSION,
    "sed -i 's/^place .*/place 4294967297/' " SESSION,
    "sed -i s,^cgroup.*,\"cgroup /$(printf %0300d 1)\", " SESSION,
    "echo 'deadline 5' >>" SESSION,
    "truncate -s -1 " SESSION,
    "truncate -s 0 " SESSION,
    "chown 1 " SESSION,
    "chmod g+w " SESSION,
    "head -c 1000000 /dev/zero >>" SESSION,
};

START_TEST(spoilt_session_is_an_error)
{
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_read(session.id, &read_back), 0);
    shell(session_spoils[_i]);
    ck_assert_int_lt(session_read(session.id, &read_back), 0);
    ck_assert_int_ne(session_read(session.id, &read_back), -ENOENT);
}
END_TEST

/* --- links --- */

START_TEST(session_stands_under_every_link)
{
    make_session("0123456789abcdef");
    add_ancestor(&session.grant, LINK_JTI, ISS, "jti-0");
    add_ancestor(&session.grant, LINK_KEY, NULL, "key-0");
    add_ancestor(&session.grant, LINK_IDENTITY, NULL, "spiffe://example.org/agent/planner");
    add_ancestor(&session.grant, LINK_ISSUER, NULL, "https://other.example");
    add_ancestor(&session.grant, LINK_TASK, ISS, "task-0");
    add_ancestor(&session.grant, LINK_ISSUER, NULL, ISS); /* the same as its own */
    while (session.grant.ancestor_count < ANCESTORS_MAX)
        add_ancestor(&session.grant, LINK_JTI, ISS, "jti-x");
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(session_publish(&session), 0);
        ck_assert_int_eq(session_read(session.id, &read_back), 0);
        ck_assert_mem_eq(&read_back, &session, sizeof session);
        ck_assert_uint_eq(count_of(LINK_TASK, ISS, TASK), 1);
        ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-1"), 1);
        ck_assert_uint_eq(count_of(LINK_KEY, NULL, session.grant.key), 1);
        ck_assert_uint_eq(count_of(LINK_IDENTITY, NULL, IDENTITY), 1);
        ck_assert_uint_eq(count_of(LINK_ISSUER, NULL, ISS), 1);
        ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-0"), 1);
        ck_assert_uint_eq(count_of(LINK_KEY, NULL, "key-0"), 1);
        ck_assert_uint_eq(count_of(LINK_IDENTITY, NULL, "spiffe://example.org/agent/planner"), 1);
        ck_assert_uint_eq(count_of(LINK_ISSUER, NULL, "https://other.example"), 1);
        ck_assert_uint_eq(count_of(LINK_TASK, ISS, "task-0"), 1);
        ck_assert_uint_eq(count_of(LINK_JTI, ISS, "task-0"), 0); /* kinds do not mix */
        ck_assert_uint_eq(count_of(LINK_JTI, "https://other.example", "jti-0"), 0);
        session_remove(&session);
        shell("test -z \"$(find " PATH_RUN "/by -mindepth 2)\""); /* nothing is left, no directory either */
    }
}
END_TEST

/* A session is published into directories that others remove at the same time. */
static int publish_and_remove(unsigned number)
{
    char id[SESSION_ID_LENGTH + 1];
    int r = 0;

    (void)number;
    make_session("0123456789abcdef");
    for (int i = 0; r == 0 && i < 50; i++) {
        r = session_new_id(id);
        strcpy(session.id, id);
        if (r == 0)
            r = session_publish(&session);
        if (r == 0)
            r = count_of(LINK_KEY, NULL, session.grant.key) == 0;
        session_remove(&session);
    }
    return r;
}

START_TEST(index_survives_its_directories)
{
    ck_assert_uint_eq(race(6, publish_and_remove), 6);
    assert_listed(0, 0, 0);
    shell("test -z \"$(find " PATH_RUN "/by -mindepth 2)\"");
}
END_TEST

START_TEST(session_that_cannot_be_indexed_is_not_published)
{
    make_session("0123456789abcdef");
    session.grant.uid = UID + 1;
    ck_assert_int_eq(session_publish(&session), 0);
    session_remove(&session);
    shell("chmod 0777 " PATH_RUN "/by/issuer"); /* the last that is made */
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_take_place(&session, 1), 0);
    ck_assert_int_lt(session_publish(&session), 0);
    shell("chmod 0700 " PATH_RUN "/by/issuer");
    assert_listed(0, 0, 0);
    shell("test -z \"$(find " PATH_RUN " -type f)\"");
}
END_TEST

START_TEST(session_takes_everything_along)
{
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_take_place(&session, 3), 0);
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_order_end(session.id), 0);
    shell("install -d " PATH_RUN "/agent/70005 " PATH_RUN "/ctl; chmod 0711 " PATH_RUN "/agent; touch " PATH_RUN
          "/agent/70005/0123456789abcdef " PATH_RUN "/ctl/0123456789abcdef; chown 70005 " PATH_RUN
          "/agent/70005/0123456789abcdef");
    session_remove(&session);
    shell("test -z \"$(find " PATH_RUN " ! -type d)\"");
}
END_TEST

START_TEST(session_is_ordered_to_end)
{
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_order_end(session.id), -ENOENT);
    ck_assert_int_eq(session_order_end("../pending/x"), -ENOENT);
    ck_assert_int_eq(session_end_ordered(session.id), 0);
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_end_ordered(session.id), 0);
    ck_assert_int_eq(session_order_end(session.id), 0);
    ck_assert_int_eq(session_order_end(session.id), 0);
    ck_assert_int_eq(session_end_ordered(session.id), 1);
    shell("chmod 0777 " PATH_RUN "/ordered");
    ck_assert_int_lt(session_end_ordered(session.id), 0);
}
END_TEST

/* --- attestations --- */

static struct attestation attestation, attested;

static void make_attestation(const char *jti, const char *key)
{
    memset(&attestation, 0, sizeof attestation);
    fill_grant(&attestation.grant);
    memset(attestation.grant.jti, 0, sizeof attestation.grant.jti);
    strcpy(attestation.grant.jti, jti);
    memset(attestation.grant.key, 0, sizeof attestation.grant.key);
    strcpy(attestation.grant.key, key);
    attestation.made = ISSUED + 60;
    attestation.made_boot = 4711;
}

START_TEST(session_is_attested)
{
    make_session("0123456789abcdef");
    make_attestation("jti-2", "key-2");
    ck_assert_int_eq(session_attestation(session.id, &attested), -ENOENT);
    ck_assert_int_eq(session_attest(&session, &attestation), -ENOENT); /* it is no session yet, and leaves nothing */
    shell("test -z \"$(find " PATH_RUN " -type f)\"");
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_attestation(session.id, &attested), -ENOENT);
    ck_assert_int_eq(session_attest(&session, &attestation), 0);
    ck_assert_int_eq(session_attestation(session.id, &attested), 0);
    ck_assert_mem_eq(&attested, &attestation, sizeof attested);
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-2"), 1);
    ck_assert_uint_eq(count_of(LINK_KEY, NULL, "key-2"), 1);

    /* The one before counts no more; what the login stands on does. */
    make_attestation("jti-3", "key-2");
    ck_assert_int_eq(session_attest(&session, &attestation), 0);
    ck_assert_int_eq(session_attestation(session.id, &attested), 0);
    ck_assert_str_eq(attested.grant.jti, "jti-3");
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-3"), 1);
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-2"), 0);
    ck_assert_uint_eq(count_of(LINK_KEY, NULL, "key-2"), 1);
    make_attestation("jti-4", session.grant.key);
    ck_assert_int_eq(session_attest(&session, &attestation), 0);
    ck_assert_uint_eq(count_of(LINK_KEY, NULL, "key-2"), 0);
    ck_assert_uint_eq(count_of(LINK_KEY, NULL, session.grant.key), 1);
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-1"), 1);
    ck_assert_uint_eq(count_of(LINK_TASK, ISS, TASK), 1);

    session_remove(&session);
    shell("test -z \"$(find " PATH_RUN " -type f)\"");
}
END_TEST

static int attest_it(unsigned number)
{
    char name[16];

    sprintf(name, "jti-%u", 10 + number);
    make_attestation(name, name);
    return session_attest(&session, &attestation);
}

/* Whichever came last, the session stands under its links, and under none of the others. */
START_TEST(attestations_race)
{
    for (int round = 0; round < 20; round++) {
        make_session("0123456789abcdef");
        ck_assert_int_eq(session_publish(&session), 0);
        ck_assert_uint_eq(race(8, attest_it), 8);
        ck_assert_int_eq(session_attestation(session.id, &attested), 0);
        ck_assert_uint_eq(count_of(LINK_JTI, ISS, attested.grant.jti), 1);
        ck_assert_uint_eq(count_of(LINK_KEY, NULL, attested.grant.key), 1);
        shell("test $(ls " PATH_RUN "/by/jti | wc -l) = 2");
        session_remove(&session);
        shell("test -z \"$(find " PATH_RUN " -type f)\"");
    }
}
END_TEST

static const char *const attestation_spoils[] = {
    "sed -i /^made/d $f", "sed -i /^made-boot/d $f", "sed -i /^key/d $f", "echo 'opened 5' >>$f",
    "truncate -s 0 $f",   "truncate -s -1 $f",       "chown 1 $f",        "chmod 0666 $f",
};

START_TEST(spoilt_attestation_is_an_error)
{
    char command[256];
    int r;

    make_session("0123456789abcdef");
    make_attestation("jti-2", "key-2");
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_attest(&session, &attestation), 0);
    snprintf(command, sizeof command, "f=" PATH_RUN "/attested/%s; %s", session.id, attestation_spoils[_i]);
    shell(command);
    r = session_attestation(session.id, &attested);
    ck_assert(r < 0 && r != -ENOENT);
}
END_TEST

START_TEST(attestation_that_does_not_fit_changes_nothing)
{
    make_session("0123456789abcdef");
    make_attestation("jti-2", "key-2");
    shell("mkdir " PATH_RUN " && chmod 0711 " PATH_RUN " && mkdir " PATH_RUN "/attested && mount -t tmpfs -o "
          "size=300k,mode=0700 full " PATH_RUN "/attested");
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_attest(&session, &attestation), 0);
    shell("! head -c 1M /dev/zero 2>/dev/null >" PATH_RUN "/attested/fill");
    make_attestation("jti-3", "key-2");
    ck_assert_int_eq(session_attest(&session, &attestation), -ENOSPC);
    ck_assert_int_eq(session_attestation(session.id, &attested), 0);
    ck_assert_str_eq(attested.grant.jti, "jti-2");
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-2"), 1);
    ck_assert_uint_eq(count_of(LINK_KEY, NULL, "key-2"), 1);
    ck_assert_uint_eq(count_of(LINK_JTI, ISS, "jti-3"), 0);
    shell("umount " PATH_RUN "/attested");
}
END_TEST

/* --- places of an account --- */

static uint32_t most_sessions;

/* As gate does: an ID, a place, the record. */
static int open_one(unsigned number)
{
    int r;

    (void)number;
    make_session("0123456789abcdef");
    r = session_new_id(session.id);
    if (r == 0)
        r = session_take_place(&session, most_sessions);
    if (r == 0)
        r = session_publish(&session);
    return r == 0 ? 0 : r == -EUSERS ? 1 : 2;
}

START_TEST(places_let_max_in)
{
    static const uint32_t most[] = {0, 1, 10, 49, 50, 60};

    for (size_t i = 0; i < COUNT_OF(most); i++)
        for (int round = 0; round < 5; round++) {
            unsigned wanted = most[i] < 50 ? most[i] : 50;

            fresh_host();
            most_sessions = most[i];
            ck_assert_uint_eq(race(50, open_one), wanted);
            ck_assert_uint_eq(race(1, open_one), most[i] > 50 ? 1 : 0);
        }
}
END_TEST

START_TEST(place_is_given_back)
{
    struct session other;

    make_session("0123456789abcdef");
    ck_assert_int_eq(session_take_place(&session, 2), 0);
    ck_assert_uint_eq(session.place, 1);
    ck_assert_int_eq(session_publish(&session), 0);
    other = session;
    strcpy(other.id, "0123456789abcde0");
    ck_assert_int_eq(session_take_place(&other, 2), 0);
    ck_assert_uint_eq(other.place, 2);
    strcpy(other.id, "0123456789abcde1");
    ck_assert_int_eq(session_take_place(&other, 2), -EUSERS);
    other.grant.uid++;
    ck_assert_int_eq(session_take_place(&other, 2), 0); /* another account's */
    session_remove(&session);
    other.grant.uid--;
    ck_assert_int_eq(session_take_place(&other, 2), 0);
    ck_assert_uint_eq(other.place, 1);
    session_remove(&session); /* a second time: the place is another's now */
    strcpy(session.id, "0123456789abcde2");
    ck_assert_int_eq(session_take_place(&session, 2), -EUSERS);
}
END_TEST

/* max was higher when the others were opened. */
START_TEST(places_beyond_max_count)
{
    struct session others[4], other;

    for (int i = 0; i < 4; i++) {
        make_session("0123456789abcde0");
        session.id[15] = (char)('0' + i);
        ck_assert_int_eq(session_take_place(&session, 4), 0);
        ck_assert_int_eq(session_publish(&session), 0);
        others[i] = session;
    }
    session_remove(&others[0]);
    session_remove(&others[1]);
    make_session("0123456789abcdef");
    other = session;
    ck_assert_int_eq(session_take_place(&other, 2), -EUSERS); /* the places 3 and 4 are held */
    ck_assert_uint_eq(other.place, 0);
    session_remove(&others[3]);
    ck_assert_int_eq(session_take_place(&other, 2), 0);
    strcpy(other.id, "0123456789abcde9");
    ck_assert_int_eq(session_take_place(&other, 2), -EUSERS);
    shell("touch -d '-11 seconds' " PATH_RUN "/place/70005/*"); /* of the first a gate died: it holds nothing */
    ck_assert_int_eq(session_take_place(&other, 2), 0);
}
END_TEST

START_TEST(place_that_was_taken_over_is_not_published)
{
    struct session slow;

    make_session("0123456789abcdef");
    slow = session;
    ck_assert_int_eq(session_take_place(&slow, 1), 0);
    shell("touch -d '-11 seconds' " PATH_RUN "/place/70005/1");
    strcpy(session.id, "0123456789abcde0");
    ck_assert_int_eq(session_take_place(&session, 1), 0);
    ck_assert_int_eq(session_publish(&session), 0);
    ck_assert_int_eq(session_publish(&slow), -EUSERS);
    ck_assert_int_eq(session_read(slow.id, &slow), -ENOENT);
    ck_assert_int_eq(session_read(session.id, &session), 0);
}
END_TEST

#define PLACES PATH_RUN "/place/70005"

START_TEST(place_of_a_dead_gate_is_taken_over)
{
    make_session("0123456789abcdef");
    ck_assert_int_eq(session_take_place(&session, 1), 0); /* and died */
    strcpy(session.id, "0123456789abcde0");
    ck_assert_int_eq(session_take_place(&session, 1), -EUSERS); /* it may only be slow */
    shell("touch -d '-11 seconds' " PLACES "/1");
    ck_assert_int_eq(session_take_place(&session, 1), 0);
    ck_assert_int_eq(session_publish(&session), 0);
    shell("touch -d '-1 day' " PLACES "/1"); /* a session may be old */
    strcpy(session.id, "0123456789abcde1");
    ck_assert_int_eq(session_take_place(&session, 1), -EUSERS);
    shell("touch -d '+1 day' " PLACES "/1");
    ck_assert_int_eq(session_take_place(&session, 1), -EUSERS);
}
END_TEST

/* Fifty find the places of ten dead gates. */
START_TEST(dead_places_are_taken_over_once)
{
    most_sessions = 10;
    for (int round = 0; round < 20; round++) {
        fresh_host();
        shell("install -d -m 0711 " PATH_RUN " && install -d -m 0700 " PATH_RUN "/place " PLACES
              " && for i in $(seq 10); do printf %016d $i >" PLACES "/$i; done && touch -d '-1 hour' " PLACES "/*");
        ck_assert_uint_eq(race(50, open_one), 10);
        shell("test $(cat " PLACES "/* | fold -w 16 | sort -u | wc -l) = 10");
    }
}
END_TEST

START_TEST(spoilt_place_is_no_free_one)
{
    static const char *const how[] = {"chown 1 $f", "chmod 0666 $f", "rm $f; mkfifo $f", "rm $f; mkdir $f",
                                      "rm $f; ln -s /tmp/x $f"};
    char command[256];

    for (size_t i = 0; i < COUNT_OF(how); i++) {
        fresh_host();
        make_session("0123456789abcdef");
        ck_assert_int_eq(session_take_place(&session, 1), 0);
        snprintf(command, sizeof command, "f=" PLACES "/1; %s", how[i]);
        shell(command);
        ck_assert_int_lt(session_take_place(&session, 1), 0);
    }
    fresh_host();
    ck_assert_int_eq(session_take_place(&session, 1), 0);
    shell("printf garbage-longer-than-any-id >" PLACES "/1"); /* nobody's: taken over, but not at once */
    ck_assert_int_eq(session_take_place(&session, 1), -EUSERS);
    shell("touch -d '-11 seconds' " PLACES "/1");
    ck_assert_int_eq(session_take_place(&session, 1), 0);
}
END_TEST

/* Who holds the lock of a take-over, and hangs, holds up nobody for long. */
START_TEST(place_does_not_wait_for_ever)
{
    struct timespec before, after;

    make_session("0123456789abcdef");
    ck_assert_int_eq(session_take_place(&session, 1), 0);
    shell("touch -d '-11 seconds' " PLACES "/1; flock " PLACES " sleep 5 & sleep 0.3");
    clock_gettime(CLOCK_MONOTONIC, &before);
    ck_assert_int_eq(session_take_place(&session, 1), -ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_lt(after.tv_sec - before.tv_sec, 4);
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

START_TEST(replay_counts_what_was_taken)
{
    uint32_t count;

    for (uint32_t taken = 0; taken < 1000; taken++) {
        ck_assert_int_eq(replay_count(ISS, "jti-1", &count), 0);
        ck_assert_uint_eq(count, taken);
        ck_assert_int_eq(replay_take(ISS, "jti-1", taken), -EUSERS);
        ck_assert_int_eq(replay_take(ISS, "jti-1", taken + 1), 0);
    }
    ck_assert_int_eq(replay_take(ISS, "jti-1", UINT32_MAX), -EUSERS);
}
END_TEST

/* --- the directories --- */

START_TEST(directories_are_roots_whatever_the_umask)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    const struct task_record record = {.state = TASK_COMPLETED, .iss = ISS, .task = "task-1"};
    const struct revocation revocation = {.kind = LINK_JTI, .iss = ISS, .value = "jti-9"};
    const struct risk risk = {.subject = RISK_HOST, .level = LEVEL_HIGH};
    int durable;

    for (size_t i = 0; i < COUNT_OF(masks); i++) {
        fresh_host();
        umask(masks[i]);
        make_session("0123456789abcdef");
        make_pending();
        ck_assert_int_eq(session_publish(&session), 0);
        ck_assert_int_eq(pending_put(41, 4711, &pending), 0);
        ck_assert_int_eq(sessions_prepare(), 0);
        ck_assert_int_eq(session_take_place(&session, 1), 0);
        make_attestation("jti-2", "key-2");
        ck_assert_int_eq(session_attest(&session, &attestation), 0);
        ck_assert_int_eq(session_order_end(session.id), 0);
        ck_assert_int_eq(stop_set(1), 0);
        ck_assert_int_eq(task_set(&record, &durable), 0);
        ck_assert_int_eq(revocation_put(&revocation, &durable), 0);
        ck_assert_int_eq(risk_put(&risk, &durable), 0);
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
    tcase_add_loop_test(tcase, spoilt_session_is_an_error, 0, COUNT_OF(session_spoils));
    tcase_add_test(tcase, session_stands_under_every_link);
    tcase_add_test(tcase, index_survives_its_directories);
    tcase_add_test(tcase, session_that_cannot_be_indexed_is_not_published);
    tcase_add_test(tcase, session_takes_everything_along);
    tcase_add_test(tcase, session_is_ordered_to_end);
    tcase_add_test(tcase, session_is_attested);
    tcase_add_test(tcase, attestations_race);
    tcase_add_loop_test(tcase, spoilt_attestation_is_an_error, 0, COUNT_OF(attestation_spoils));
    tcase_add_test(tcase, attestation_that_does_not_fit_changes_nothing);
    tcase_add_test(tcase, places_let_max_in);
    tcase_add_test(tcase, place_is_given_back);
    tcase_add_test(tcase, places_beyond_max_count);
    tcase_add_test(tcase, place_that_was_taken_over_is_not_published);
    tcase_add_test(tcase, place_of_a_dead_gate_is_taken_over);
    tcase_add_test(tcase, dead_places_are_taken_over_once);
    tcase_add_test(tcase, spoilt_place_is_no_free_one);
    tcase_add_test(tcase, place_does_not_wait_for_ever);
    tcase_add_test(tcase, replay_lets_max_win);
    tcase_add_test(tcase, replay_is_of_one_credential);
    tcase_add_test(tcase, replay_counts_what_was_taken);
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
