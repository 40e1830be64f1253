/* apply: what it compiles, that it is whole or not at all, and that a uid has one owner for ever. Runs as root. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentctl/apply.h"
#include "agentctl/compile_database.h"
#include "agentctl/sudoers.h"
#include "core/database.h"
#include "core/files.h"
#include "core/identities.h"
#include "judge/anchor_store.h"
#include "judge/policy_store.h"
#include "trust/anchors.h"

static char dir[64], out[65536], err[65536];
static struct apply_paths paths;

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *to = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    ck_assert_int_eq(fclose(to), 0);
}

static void put_config(const char *text)
{
    char whole[8192];

    snprintf(whole, sizeof whole, "host { id = \"spiffe://e.org/host/a\" uid-range = \"70000-70010\" }\n%s", text);
    put("etc/agent.conf", whole);
}

static void put_wide_config(const char *text)
{
    static char whole[32768];

    snprintf(whole, sizeof whole, "host { id = \"spiffe://e.org/host/a\" uid-range = \"70000-71000\" }\n%s", text);
    put("etc/agent.conf", whole);
}

static const char *get(const char *name)
{
    static char text[65536];
    FILE *from = fopen(path_of(name), "r");
    size_t len;

    if (!from)
        return NULL;
    len = fread(text, 1, sizeof text - 1, from);
    text[len] = '\0';
    fclose(from);
    return text;
}

static void shell(const char *command)
{
    char whole[512];

    snprintf(whole, sizeof whole, "cd '%s' && { %s; }", dir, command);
    ck_assert_int_eq(system(whole), 0);
}

static int apply(enum apply_mode mode)
{
    FILE *to = fmemopen(out, sizeof out, "w"), *complaints = fmemopen(err, sizeof err, "w");
    int r;

    out[0] = err[0] = '\0';
    r = apply_run_at(&paths, mode, to, complaints);
    fclose(to);
    fclose(complaints);
    return r;
}

#define JWKS \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"one\",\"x\":\"11qYAYKxCrfVS_" \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
#define ISSUER "issuer i { kind = aat iss = \"https://e.org\" keys = \"keys/i.jwks\" trust-domains = { \"e.org\" } }\n"
#define IDENTITY(name) "identity " name " { id = \"spiffe://e.org/agent/" name "\" }\n"

static void setup(void)
{
    static char config_dir[80], state_dir[80], passwd[80], group[80], subuid[80], subgid[80], sudoers_dir[80];

    umask(022);
    strcpy(dir, "/tmp/test_apply.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    shell("mkdir -p etc/conf.d etc/keys sudoers.d");
    snprintf(config_dir, sizeof config_dir, "%s/etc", dir);
    snprintf(state_dir, sizeof state_dir, "%s/state", dir);
    snprintf(passwd, sizeof passwd, "%s/passwd", dir);
    snprintf(subuid, sizeof subuid, "%s/subuid", dir);
    snprintf(subgid, sizeof subgid, "%s/subgid", dir);
    snprintf(group, sizeof group, "%s/group", dir);
    snprintf(sudoers_dir, sizeof sudoers_dir, "%s/sudoers.d", dir);
    paths =
        (struct apply_paths){config_dir, state_dir, sudoers_dir, {passwd, group, subuid, subgid}, "sudo", 100, NULL};
    put("passwd", "root:x:0:0:root:/root:/bin/bash\n+nis::::::\nbroken\nbob:x:1000:1000:Bob,,,:/home/bob:/bin/dash\n"
                  "taken:x:70003:100::/:/bin/false\n");
    put("group", "root:x:0:\nagents:x:900:bob,eve\nusers:x:100:\ntaken:x:70004:\n");
    put("etc/keys/i.jwks", JWKS);
}

static void teardown(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static int lookup(const char *account, struct identity *ret)
{
    int fd, r = identities_open(path_of("state/identities.cdb"), &fd);

    if (r < 0)
        return r;
    r = identities_by_account(fd, account, ret);
    close(fd);
    return r;
}

static uint32_t uid_of(const char *account)
{
    struct identity identity;

    ck_assert_int_eq(lookup(account, &identity), 0);
    return identity.uid;
}

static char *value_of(const char *name, char kind, const char *key)
{
    static char value[65536];
    size_t len;
    int fd = open(path_of(name), O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(database_get(fd, kind, key, value, sizeof value, &len), 0);
    close(fd);
    return value;
}

/* The compiled policies of an account. */
static char *policies_of(const char *account)
{
    char name[POLICY_NAME_LENGTH + 1];

    ck_assert_uint_eq(strlen(value_of("state/policy.cdb", 'p', account)), POLICY_NAME_LENGTH);
    strcpy(name, value_of("state/policy.cdb", 'p', account));
    return value_of("state/policy.cdb", 't', name);
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(stat(path_of(name), &st), 0);
    return st.st_mode & 07777;
}

#define EXAMPLE \
    ISSUER IDENTITY( \
        "deploy") "identity crew { id = \"spiffe://e.org/crew/*\" }\n" \
                  "defaults { max-lifetime = 10m possession = signed }\n" \
                  "policy care {\n identities = { \"spiffe://e.org/agent/*\" }\n purposes = { \"restart\" }\n " \
                  "max-session = 1h\n" \
                  " login { services = { sshd } from = { \"10.0.0.0/8\" } }\n" \
                  " sudo { run-as = { root, www-data } commands = { \"/bin/id\", \"/bin/ls -l *\", \"/bin/echo a=b " \
                  "...\" } any-arguments = true }\n" \
                  " sudo { run-as = web any-command = true }\n deny-sudo { commands = { \"/bin/sh\" } }\n}\n" \
                  "policy one { identities = { \"spiffe://e.org/crew/x/y\" } }\n"

START_TEST(test_golden)
{
    struct policy_set policies;
    struct identities_meta meta;
    struct anchors *anchors;
    struct identity identity;
    char wanted[2048], key[ANCHOR_KEY_SIZE];
    int fd;

    put_config(EXAMPLE);
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(err, "");
    ck_assert_ptr_nonnull(strstr(out, "identity deploy: new, uid 70002, spiffe://e.org/agent/deploy\n"));
    ck_assert_ptr_nonnull(strstr(out, "2 identities, 2 policies, 1 issuers with 1 keys: in force\n"));
    ck_assert_str_eq(get("state/uids"), "deploy 70002\ncrew 70005\n"); /* 70003 and 70004 are taken */
    ck_assert_str_eq(get("state/uid-range"), "70000-70010\n");
    ck_assert_int_eq(identities_open(path_of("state/identities.cdb"), &fd), 0);
    ck_assert_int_eq(identities_meta(fd, &meta), 0);
    ck_assert_uint_eq(meta.uid_min, 70000);
    ck_assert_uint_eq(meta.uid_max, 70010);
    ck_assert_uint_eq(meta.agents_gid, 900);
    ck_assert_uint_eq(meta.count, 2);
    ck_assert_int_eq(identities_by_spiffe(fd, "spiffe://e.org/crew/any", &identity), 0);
    ck_assert_str_eq(identity.account, "crew");
    ck_assert_int_eq(identities_by_uid(fd, 70002, &identity), 0);
    ck_assert_str_eq(identity.account, "deploy");
    ck_assert_str_eq(identity.home, "/var/lib/agents/deploy");
    ck_assert_uint_eq(identity.gid, 70002);
    ck_assert_int_eq(identity.disabled | identity.local, 0);
    close(fd);
    snprintf(
        wanted, sizeof wanted,
        "pam_agent 1\npolicy defaults\nwhere %s/etc/agent.conf:5\nmax-lifetime 600\npossession signed\n"
        "policy care\nwhere %s/etc/agent.conf:6\nidentity spiffe://e.org/agent/*\npurpose restart\nmax-session 3600\n"
        "rule allow-login\nrule-where %s/etc/agent.conf:10\nservice sshd\nfrom 10.0.0.0/8\n"
        "rule allow-sudo\nrule-where %s/etc/agent.conf:11\nrun-as root\nrun-as www-data\ncommand /bin/id\n"
        "command /bin/ls\nword -l\nword *\ncommand /bin/echo\nword a=b\nany-arguments 1\n"
        "rule allow-sudo\nrule-where %s/etc/agent.conf:12\nrun-as web\nany-command 1\n"
        "rule deny-sudo\nrule-where %s/etc/agent.conf:13\ncommand /bin/sh\n",
        dir, dir, dir, dir, dir, dir);
    ck_assert_str_eq(policies_of("deploy"), wanted);
    ck_assert_ptr_nonnull(strstr(policies_of("crew"), "policy one\n"));
    ck_assert_ptr_null(strstr(policies_of("crew"), "policy care\n"));
    ck_assert_ptr_nonnull(strstr(value_of("state/policy.cdb", 'h', ""),
                                 "host-id spiffe://e.org/host/a\nsensitivity low\nkeep-home "
                                 "604800\nmode enforce\nsudo-approval required\nbuild "));
    ck_assert_str_eq(value_of("state/anchors.cdb", 'a', ""),
                     "pam_agent 1\nissuer i\nkind aat\niss https://e.org\ntrust-domain e.org\nmax-lifetime 900\n"
                     "key Ed25519\nkid one\njwk "
                     "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}\n");
    ck_assert_int_eq(anchor_key("i", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "e.org/x", strlen("e.org"), key),
                     0); /* RFC 8037 Appendix A.3 */
    ck_assert_str_eq(value_of("state/anchors.cdb", 'k', key), "https://e.org");
    ck_assert_int_eq(
        anchors_parse(value_of("state/anchors.cdb", 'a', ""), strlen(value_of("state/anchors.cdb", 'a', "")), &anchors),
        0);
    ck_assert_uint_eq(anchors->count, 1);
    anchors_free(anchors);
    ck_assert_int_eq(policy_set_parse(policies_of("deploy"), strlen(wanted), &policies), 0);
    ck_assert_uint_eq(policies.count, 2);
    policy_set_clear(&policies);
    ck_assert_uint_eq(mode_of("state/identities.cdb"), 0644);
    ck_assert_uint_eq(mode_of("state/uid-range"), 0644);
    ck_assert_uint_eq(mode_of("state/policy.cdb"), 0600);
    ck_assert_uint_eq(mode_of("state/anchors.cdb"), 0600);
    ck_assert_uint_eq(mode_of("state/uids"), 0600);
}
END_TEST

START_TEST(test_twice_is_no_change)
{
    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    shell("ls -i state/* > before");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_str_eq(out, "2 identities, 2 policies, 1 issuers with 1 keys: no change\n");
    shell("ls -i state/* | cmp - before");
    shell("chmod 640 state/policy.cdb"); /* mode is part of it */
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_uint_eq(mode_of("state/policy.cdb"), 0600);
}
END_TEST

START_TEST(test_check_writes_nothing)
{
    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "good, nothing written"));
    ck_assert_int_ne(access(path_of("state"), F_OK), 0);
    put_config("x = 1\n");
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "agent.conf:2: unknown key \"x\""));
}
END_TEST

/* What apply prints of what it changes: the lines with " NAME " that do not tell of accounts. */
#define CARE(rest) \
    IDENTITY("deploy") \
    "policy care { identities = { \"spiffe://e.org/agent/*\" } purposes = { \"restart\" }\n" rest "}\n"

static void prints(const char *config, const char *wanted)
{
    static char checked[sizeof out];
    char found[4096] = "";

    put_config(config);
    ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
    snprintf(checked, sizeof checked, "%s", out);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, "identity deploy ")) {
            strcat(found, line);
            strcat(found, "\n");
        }
    ck_assert_str_eq(found, wanted);
    for (char *line = strtok(found, "\n"); line; line = strtok(NULL, "\n"))
        ck_assert_ptr_nonnull(strstr(checked, line));
}

START_TEST(test_prints_what_is_gained_and_lost)
{
    prints(CARE("login { }"), "identity deploy gains: login by sshd (for restart)\n");
    prints("\n\n" CARE("login { }"), "");
    prints(CARE("login { from = { \"10.0.0.0/8\" } }\nsudo { commands = { \"/bin/id\", \"/bin/ls *\" } }\n"),
           "identity deploy loses: login by sshd (for restart)\n"
           "identity deploy gains: login by sshd (from 10.0.0.0/8; for restart)\n"
           "identity deploy gains: sudo as root: /bin/id (for restart)\n"
           "identity deploy gains: sudo as root: /bin/ls * (for restart)\n");
    prints(
        CARE(
            "login { from = { \"10.0.0.0/8\" } }\nsudo { commands = { \"/bin/ls *\" } }\nmax-session = 10m\n"
            "deny-sudo { run-as = web }\nsudo { run-as = web any-command = true sensitivity = high leaves = service }"),
        "identity deploy loses: sudo as root: /bin/id (for restart)\n"
        "identity deploy gains: sudo as web: any command (for restart; sensitivity high; leaves a service)\n"
        "identity deploy is denied: sudo as web: any command (for restart)\n"
        "identity deploy is limited by: max-session 600 (for restart)\n");
    prints(CARE("deny-login { services = { su, login } }\nmax-session = 5m"),
           "identity deploy loses: login by sshd (from 10.0.0.0/8; for restart)\n"
           "identity deploy loses: sudo as root: /bin/ls * (for restart)\n"
           "identity deploy loses: sudo as web: any command (for restart; sensitivity high; leaves a service)\n"
           "identity deploy is denied: login by su, login (for restart)\n"
           "identity deploy is no longer denied: sudo as web: any command (for restart)\n"
           "identity deploy is limited by: max-session 300 (for restart)\n"
           "identity deploy is no longer limited by: max-session 600 (for restart)\n");
    prints(CARE("login { window = \"08:00-17:00 UTC\" }\n"
                "deny-sudo { window = { \"fri 16:00-mon 06:00 Europe/Berlin\", \"sat 08:00-09:00 UTC\" } }"),
           "identity deploy gains: login by sshd (for restart; within 08:00-17:00 UTC)\n"
           "identity deploy is no longer denied: login by su, login (for restart)\n"
           "identity deploy is denied: sudo as anybody: any command (for restart; within fri 16:00-mon 06:00 "
           "Europe/Berlin, "
           "sat 08:00-09:00 UTC)\n"
           "identity deploy is no longer limited by: max-session 300 (for restart)\n");
}
END_TEST

START_TEST(test_prints_of_which_sessions_it_is)
{
    prints(CARE("max-delegation = 0 issuers = i principals = { \"a@e.org\", \"b*\" } login { }") ISSUER,
           "identity deploy gains: login by sshd (for restart; by issuer i; on behalf of a@e.org, b*)\n"
           "identity deploy is limited by: max-delegation 0 (for restart; by issuer i; on behalf of a@e.org, b*)\n");
    prints(CARE("requires = \"env=prod\" login { }"),
           "identity deploy loses: login by sshd (for restart; by issuer i; on behalf of a@e.org, b*)\n"
           "identity deploy is no longer limited by: max-delegation 0 (for restart; by issuer i; on behalf of a@e.org, "
           "b*)\n");
}
END_TEST

/* A policy.cdb that is changed at one of its bytes, or cut, is refused, or what is read of it can be used. */
START_TEST(test_damaged_policies)
{
    struct policy_set policies;
    struct stat st;
    int fd;

    put_config(IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" } sudo { any-command = true } }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    fd = open(path_of("state/policy.cdb"), O_RDWR);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(policy_of_account_in(fd, "a", &policies), 0);
    ck_assert_uint_eq(policies.count, 2);
    policy_set_clear(&policies);
    ck_assert_int_eq(policy_of_account_in(fd, "b", &policies), 0);
    ck_assert_uint_eq(policies.count, 0);
    for (off_t at = 2048; at < st.st_size; at++) { /* behind the table of tables */
        unsigned char byte, odd;
        int r;

        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        odd = byte ^ 0x15;
        ck_assert_int_eq(pwrite(fd, &odd, 1, at), 1);
        r = policy_of_account_in(fd, "a", &policies);
        ck_assert_msg(r == 0 || r == -EBADMSG || r == -ENOBUFS, "at %ld: %d", (long)at, r);
        if (r == 0)
            policy_set_clear(&policies);
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    }
    for (off_t len = st.st_size - 1; len >= 0; len--) {
        ck_assert_int_eq(ftruncate(fd, len), 0);
        if (policy_of_account_in(fd, "a", &policies) == 0) {
            ck_assert_uint_eq(policies.count, 2); /* what was cut is of others */
            policy_set_clear(&policies);
        }
    }
    ck_assert_int_eq(policy_of_account_in(fd, "a", &policies), -EBADMSG);
    close(fd);
}
END_TEST

/* A name that leads to nothing, or is none. */
START_TEST(test_policies_without_text)
{
    static const char *const names[] = {"0123456789abcdef0123456789abcdef", "", "0",
                                        "0123456789abcdef0123456789abcdef0"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct policy_set policies;
        struct database_maker maker;
        int fd = open(path_of("policies"), O_RDWR | O_CREAT | O_TRUNC, 0600);

        database_begin(&maker, fd);
        database_put(&maker, 'p', "a", names[i], strlen(names[i]));
        database_put(&maker, 't', "0", "pam_agent 1\n", 12);
        ck_assert_int_eq(database_end(&maker), 0);
        ck_assert_int_eq(policy_of_account_in(fd, "a", &policies), -EBADMSG);
        close(fd);
    }
}
END_TEST

/* Larger than what a step has at hand. */
START_TEST(test_large_policies)
{
    struct policy_set policies;
    FILE *to = fopen(path_of("etc/agent.conf"), "w");
    int fd;

    fputs("host { id = \"spiffe://e.org/host/a\" }\n" IDENTITY("a"), to);
    fputs("policy p { identities = { \"spiffe://e.org/agent/a\" } login { } purposes = { \"first\"", to);
    for (int i = 0; i < 3000; i++)
        fprintf(to, ", \"purpose-%d\"", i);
    fputs(" } }\n", to);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    fd = open(path_of("state/policy.cdb"), O_RDONLY);
    ck_assert_int_eq(policy_of_account_in(fd, "a", &policies), 0);
    ck_assert_uint_eq(policies.policies[1].purposes.count, 3001);
    policy_set_clear(&policies);
    close(fd);
}
END_TEST

START_TEST(test_accounts_share_a_text)
{
    char name[POLICY_NAME_LENGTH + 1];

    put_config(IDENTITY("a") IDENTITY("b") IDENTITY("c") IDENTITY(
        "d") "identity e { id = \"spiffe://e.org/agent/e\" delegates = { \"spiffe://e.org/agent/a\" } }\n"
             "policy all { identities = { \"spiffe://e.org/agent/*\" } login { } }\n"
             "policy c { identities = { \"spiffe://e.org/agent/c\" } sudo { any-command = true } }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    strcpy(name, value_of("state/policy.cdb", 'p', "a"));
    ck_assert_str_eq(value_of("state/policy.cdb", 'p', "b"), name);
    ck_assert_str_eq(value_of("state/policy.cdb", 'p', "d"), name);
    ck_assert_str_ne(value_of("state/policy.cdb", 'p', "c"), name);
    ck_assert_str_ne(value_of("state/policy.cdb", 'p', "e"), name);
    ck_assert_ptr_null(strstr(policies_of("d"), "any-command"));
    ck_assert_ptr_nonnull(strstr(policies_of("c"), "any-command 1\n"));
    ck_assert_ptr_nonnull(strstr(policies_of("e"), "delegator spiffe://e.org/agent/a\n"));
}
END_TEST

/* How often the compiled policies of an account have this line. */
static unsigned lines_of(const char *account, const char *line)
{
    unsigned count = 0;

    for (const char *at = policies_of(account); (at = strstr(at, line)); at++)
        count++;
    return count;
}

START_TEST(test_zones_stand_once_where_they_are_used)
{
    put_config(IDENTITY("a") IDENTITY("b") IDENTITY("c") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                                                         " login { window = \"08:00-17:00 Asia/Kathmandu\" }\n"
                                                         " sudo { any-command = true window = { \"00:00-01:00 UTC\",\n"
                                                         "  \"mon 08:00-17:00 Asia/Kathmandu\" } } }\n"
                                                         "policy q { identities = { \"spiffe://e.org/agent/b\" }\n"
                                                         " deny-login { window = \"00:00-01:00 UTC\" } }\n"
                                                         "policy r { identities = { \"spiffe://e.org/agent/c\" }\n"
                                                         " login { } }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_uint_eq(lines_of("a", "\nzone "), 2);
    ck_assert_uint_eq(lines_of("a", "\nzone Asia/Kathmandu\noffset "), 1);
    ck_assert_uint_eq(lines_of("a", "\nzone UTC\noffset 0 0\n"), 1);
    ck_assert_uint_eq(lines_of("a", "\nwindow mon 08:00-17:00 Asia/Kathmandu\n"), 1);
    ck_assert_uint_eq(lines_of("b", "\nzone "), 1);
    ck_assert_uint_eq(lines_of("b", "\nzone UTC\n"), 1);
    ck_assert_uint_eq(lines_of("c", "zone"), 0);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "no change"));
}
END_TEST

START_TEST(test_prints_of_many_identities_but_some)
{
    static char config[16384];
    size_t len = (size_t)sprintf(config, "policy p { identities = { \"spiffe://e.org/agent/*\" } login { } }\n"),
           lines = 0;

    for (int i = 0; i < 103; i++)
        len += (size_t)sprintf(config + len, "identity a%d { id = \"spiffe://e.org/agent/a%d\" }\n", i, i);
    put_wide_config(config);
    ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
    ck_assert_ptr_nonnull(strstr(out, "and the policies of 3 more identities\n"));
    for (const char *at = out; (at = strstr(at, " gains: ")); at++)
        lines++;
    ck_assert_uint_eq(lines, 100);
}
END_TEST

START_TEST(test_bad_configuration_changes_nothing)
{
    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    shell("ls -i state/* > before");
    put_config("policy p { }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    shell("ls -i state/* | cmp - before");
}
END_TEST

START_TEST(test_dropped_identity_is_disabled)
{
    struct identity identity;
    int fd;

    put_config(IDENTITY("a") IDENTITY("b"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    put_config(IDENTITY("b") IDENTITY("c"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "identity a: no longer configured, disabled"));
    ck_assert_int_eq(lookup("a", &identity), 0);
    ck_assert_int_eq(identity.disabled, 1);
    ck_assert_str_eq(identity.id, "spiffe://e.org/agent/a");
    ck_assert_uint_eq(uid_of("c"), 70006); /* not 70002 */
    ck_assert_int_eq(identities_open(path_of("state/identities.cdb"), &fd), 0);
    ck_assert_int_eq(identities_by_uid(fd, 70002, &identity), 0);
    ck_assert_int_eq(identities_by_spiffe(fd, "spiffe://e.org/agent/a", &identity), 0);
    ck_assert_int_eq(identity.disabled, 1);
    close(fd);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "no change"));
    put_config(IDENTITY("b") IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "identity a: configured again, uid 70002"));
    ck_assert_int_eq(lookup("a", &identity), 0);
    ck_assert_int_eq(identity.disabled, 0);
}
END_TEST

/* The ID of a dropped identity may be another's now, by itself or by a pattern. */
START_TEST(test_id_moves)
{
    struct identity identity;
    int fd;

    put_config(IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    put_config("identity all { id = \"spiffe://e.org/agent/*\" }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_eq(identities_open(path_of("state/identities.cdb"), &fd), 0);
    ck_assert_int_eq(identities_by_spiffe(fd, "spiffe://e.org/agent/a", &identity), 0);
    ck_assert_str_eq(identity.account, "all");
    close(fd);
}
END_TEST

#define CREW(slots) "identity crew { id = \"spiffe://e.org/crew\" slots = " slots " }\n"

static const char *account_of(const char *id)
{
    static struct identity identity;
    int fd;

    ck_assert_int_eq(identities_open(path_of("state/identities.cdb"), &fd), 0);
    ck_assert_int_eq(identities_by_spiffe(fd, id, &identity), 0);
    close(fd);
    return identity.account;
}

/* Each slot is an account of its own with the identity's ID and policies; the ID alone leads to the first. */
START_TEST(test_slots)
{
    static const char *const accounts[] = {"crew", "crew-2", "crew-3"};
    struct identity identity;

    put("sudoers.d/pam_agent", "");
    put_config(CREW("3") "policy p { identities = { \"spiffe://e.org/crew\" } sudo { commands = { \"/bin/id\" } } }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_ptr_nonnull(strstr(out, "1 identities, 1 policies"));
    ck_assert_str_eq(get("state/uids"), "crew 70002\ncrew-2 70005\ncrew-3 70006\n");
    for (size_t i = 0; i < COUNT_OF(accounts); i++) {
        char line[64];

        ck_assert_int_eq(lookup(accounts[i], &identity), 0);
        ck_assert_str_eq(identity.id, "spiffe://e.org/crew");
        ck_assert_ptr_nonnull(strstr(policies_of(accounts[i]), "policy p\n"));
        snprintf(line, sizeof line, "\n%s ALL=(root) NOPASSWD: /bin/id", accounts[i]);
        ck_assert_ptr_nonnull(strstr(get("sudoers.d/pam_agent"), line));
    }
    ck_assert_str_eq(account_of("spiffe://e.org/crew"), "crew");
    put_config(CREW("2"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "identity crew-3: no longer configured, disabled"));
    ck_assert_int_eq(lookup("crew-3", &identity), 0);
    ck_assert_int_eq(identity.disabled, 1);
    ck_assert_str_eq(account_of("spiffe://e.org/crew"), "crew");
    put_config("");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_str_eq(account_of("spiffe://e.org/crew"), "crew"); /* to be told that it is disabled */
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "no change"));
    put_config(CREW("3"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_uint_eq(uid_of("crew-3"), 70006);
}
END_TEST

START_TEST(test_slot_collides)
{
    put_config(IDENTITY("a") CREW("3"));
    put("passwd", "root:x:0:0::/root:/bin/sh\ncrew-3:x:1003:1003::/:/bin/sh\n");
    put("group", "agents:x:900:crew-3\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(
        err, "agent.conf:3: identity \"crew-3\": a slot's account is made here, but this one is in /etc/passwd"));
    put("passwd", "root:x:0:0::/root:/bin/sh\n");
    put("group", "agents:x:900:\ncrew-2:x:1002:\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "agent.conf:3: identity \"crew-2\": a group of this name is in /etc/group"));
    put("group", "agents:x:900:\n");
    put_config(CREW("8")); /* 70002 to 70010 are nine */
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    put_config(CREW("10"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "agent.conf:2: identity \"crew-10\": no uid of uid-range 70000-70010 is left"));
}
END_TEST

START_TEST(test_homes)
{
    static const struct {
        const char *account;
        int keep;
    } homes[] = {{"a", 0}, {"b", 1}, {"b-2", 1}, {"c", 0}, {"bob", 1}};
    struct identity identity;

    put_config(IDENTITY("a") IDENTITY("bob") "identity b { id = \"spiffe://e.org/b\" home = keep slots = 2 }\n"
                                             "identity c { id = \"spiffe://e.org/c\" home = task keep-home = 2h }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(homes); i++) {
            ck_assert_int_eq(lookup(homes[i].account, &identity), 0);
            ck_assert_int_eq(identity.disabled, round);
            ck_assert_int_eq(identity.keep_home, homes[i].keep);
            ck_assert_uint_eq(identity.keep_seconds, strcmp(homes[i].account, "c") == 0 ? 7200 : 0);
        }
        put_config(""); /* once disabled they are as they were */
        ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    }
}
END_TEST

#define MEMBER(groups) "identity a { id = \"spiffe://e.org/a\" slots = 2\n groups = { " groups " } }\n"
#define GROUPS "root:x:0:\nagents:x:900:bob\nwww-data:x:33:\nlogs:x:44:alice\nsudo:x:27:\n"

static void assert_groups(const char *account, size_t count, uint32_t first, uint32_t second)
{
    struct identity identity;

    ck_assert_int_eq(lookup(account, &identity), 0);
    ck_assert_uint_eq(identity.group_count, count);
    ck_assert_uint_eq(identity.groups[0], first);
    ck_assert_uint_eq(identity.groups[1], second);
}

START_TEST(test_groups)
{
    put("group", GROUPS);
    put_config(MEMBER("\"www-data\", logs, \"www-data\""));
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_ptr_nonnull(strstr(out, "identity a gains: group logs\nidentity a gains: group www-data\n"));
    ck_assert_ptr_null(strstr(out, "identity a-2 gains"));
    assert_groups("a", 2, 33, 44);
    assert_groups("a-2", 2, 33, 44);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_null(strstr(out, "group"));
    put("group", "agents:x:900:bob\nwww-data:x:34:\nlogs:x:44:alice\n"); /* another gid */
    put_config(MEMBER("\"www-data\""));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(
        strstr(out, "identity a loses: group 33\nidentity a loses: group logs\nidentity a gains: group www-data\n"));
    assert_groups("a", 1, 34, 0);
    put_config(""); /* a disabled one has none */
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    assert_groups("a", 0, 0, 0);
    put_config(MEMBER("\"www-data\""));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "identity a gains: group www-data\n"));
}
END_TEST

START_TEST(test_visits)
{
    struct identity identity;

    put_config("identity a { id = \"spiffe://e.org/a\" slots = 2 human-use = true unattended = { atd, cron } }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_ptr_nonnull(strstr(out, "identity a gains: unattended use by atd\n"
                                      "identity a gains: unattended use by cron\n"
                                      "identity a gains: use by humans (root's su, sudo -u)\n"));
    ck_assert_int_eq(lookup("a-2", &identity), 0);
    ck_assert_int_eq(identity.human_use, 1);
    ck_assert_uint_eq(identity.unattended, unattended_bit("atd") | unattended_bit("cron"));
    put_config("identity a { id = \"spiffe://e.org/a\" slots = 2 human-use = false unattended = cron }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "identity a loses: unattended use by atd\n"
                                      "identity a loses: use by humans (root's su, sudo -u)\n"));
    ck_assert_int_eq(lookup("a", &identity), 0);
    ck_assert_int_eq(identity.human_use, 0);
    put_config(""); /* a disabled one lets nobody in */
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_eq(lookup("a", &identity), 0);
    ck_assert_uint_eq(identity.unattended, 0);
    put_config("identity bob { id = \"spiffe://e.org/b\" human-use = true }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    put_config("identity bob { id = \"spiffe://e.org/b\" unattended = cron }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "agent.conf:2: identity \"bob\": unattended would run what agents leave"));
}
END_TEST

static const struct {
    const char *group, *config, *says;
} no_groups[] = {
    {GROUPS, MEMBER("\"www-data\",\n video"),
     "agent.conf:4: groups: there is no group \"video\" in /etc/group: groupadd it, or correct the name"},
    {GROUPS "boss:x:27:\n", MEMBER("boss"),
     "agent.conf:3: groups: \"boss\" has the gid 27 of \"sudo\", whose members administer the host by sudo, su and "
     "polkit"},
    {"agents:x:900:\nboss:x:0:\n", MEMBER("boss"), "groups: \"boss\" has the gid 0 of \"root\", whose members write"},
    {GROUPS "others:x:0900:\n", MEMBER("others"), "groups: \"others\" has the gid of agents: remove it"},
    {GROUPS, "identity bob { id = \"spiffe://e.org/b\"\n groups = logs }\n",
     "agent.conf:3: groups: the account \"bob\" is in /etc/passwd, and its groups are in /etc/group: remove the key, "
     "and "
     "usermod -aG GROUP bob"},
};

START_TEST(test_groups_that_are_none)
{
    put("group", no_groups[_i].group);
    put_config(no_groups[_i].config);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_msg(strstr(err, no_groups[_i].says) != NULL, "%s", err);
}
END_TEST

START_TEST(test_homes_that_are_never_put_away)
{
    put_config("identity bob { id = \"spiffe://e.org/b\" keep-home = 1h }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(
        strstr(err, "agent.conf:2: identity \"bob\": keep-home has no meaning for an account of /etc/passwd"));
}
END_TEST

START_TEST(test_host_policy)
{
    struct host_policy host;
    char *text, first[BUILD_LENGTH + 1];

    put("etc/agent.conf", "host { id = \"spiffe://e.org/host/a\" sensitivity = medium keep-home = 1h }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    text = value_of("state/policy.cdb", 'h', "");
    ck_assert_int_eq(host_policy_parse(text, strlen(text), &host), 0);
    ck_assert_str_eq(host.id, "spiffe://e.org/host/a");
    ck_assert_int_eq(host.sensitivity, LEVEL_MEDIUM);
    ck_assert_uint_eq(host.keep_home, 3600);
    strcpy(first, host.build);
    put("etc/agent.conf", "host { id = \"spiffe://e.org/host/a\" sensitivity = high keep-home = 1h }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    text = value_of("state/policy.cdb", 'h', "");
    ck_assert_int_eq(host_policy_parse(text, strlen(text), &host), 0);
    ck_assert_str_ne(host.build, first); /* it names all that was put in force */
}
END_TEST

static int told, telling;

static int tell(FILE *to, FILE *complaints)
{
    (void)complaints;
    told++;
    fprintf(to, "told\n");
    ck_assert_ptr_nonnull(get("state/policy.cdb")); /* it is in force by then */
    return telling;
}

START_TEST(test_sessions_are_told)
{
    paths.tell = tell;
    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_DONE);
    ck_assert_int_eq(told, 0);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_eq(told, 1);
    ck_assert_ptr_nonnull(strstr(out, "told\n"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE); /* the run before may have been cut short */
    ck_assert_int_eq(told, 2);
    put_config("policy p { }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_int_eq(told, 2);
    put_config(IDENTITY("a"));
    telling = APPLY_CANNOT;
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    ck_assert_int_eq(told, 3);
    telling = APPLY_DONE;
    put_config(IDENTITY("b"));
    shell("mkdir sudoers.d/pam_agent"); /* the databases are in force, the rules of sudo are not */
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    ck_assert_int_eq(told, 4);
}
END_TEST

START_TEST(test_uids_run_out)
{
    put_config(IDENTITY("a") IDENTITY("b") IDENTITY("c") IDENTITY("d") IDENTITY("e") IDENTITY("f") IDENTITY("g")
                   IDENTITY("h"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS); /* 70002 and 70005 to 70010 are seven */
    ck_assert_ptr_nonnull(
        strstr(err, "agent.conf:9: identity \"h\": no uid of uid-range 70000-70010 is left: widen it"));
    ck_assert_ptr_null(get("state/uids"));
}
END_TEST

START_TEST(test_lost_files)
{
    struct identity identity;

    put_config(IDENTITY("a") IDENTITY("b"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    shell("rm state/uids");
    put_config(IDENTITY("c") IDENTITY("b"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_uint_eq(uid_of("b"), 70005);
    ck_assert_uint_eq(uid_of("c"), 70006);
    shell("echo garbage > state/identities.cdb");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(err, "identities.cdb: damaged, made anew"));
    ck_assert_int_eq(lookup("a", &identity), 0);
    ck_assert_int_eq(identity.disabled, 1);
    ck_assert_uint_eq(identity.uid, 70002);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "no change"));
    shell("echo 'a 70002 x' > state/uids");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    shell("printf 'a 70002\\nb 70002\\n' > state/uids");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    shell("rm state/uids; ln -s /dev/zero state/uids");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
}
END_TEST

START_TEST(test_local_account)
{
    struct identity identity;

    put_config(IDENTITY("bob"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_eq(lookup("bob", &identity), 0);
    ck_assert_int_eq(identity.local, 1);
    ck_assert_uint_eq(identity.uid, 1000);
    ck_assert_uint_eq(identity.gid, 1000);
    ck_assert_str_eq(identity.home, "/home/bob");
    ck_assert_str_eq(identity.shell, "/bin/dash");
    ck_assert_str_eq(get("state/uids"), "");
    put_config(IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_eq(lookup("bob", &identity), 0);
    ck_assert_int_eq(identity.local & identity.disabled, 1);
    put_config(IDENTITY("taken"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(
        strstr(err, "agent.conf:2: identity \"taken\": this account of /etc/passwd is no member of group agents"));
    put("passwd", "root:x:0:0::/root:/bin/sh\ntoor:x:0:900::/root:/bin/sh\n");
    put_config(IDENTITY("toor"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "uid 0"));
    put_config(IDENTITY("users"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "a group of this name is in /etc/group"));
}
END_TEST

START_TEST(test_subordinates)
{
    static const char *const files[] = {"subuid", "subgid"}, *const names[] = {"a", "70002"};

    put_config(IDENTITY("a"));
    for (size_t i = 0; i < 4; i++) {
        char line[64];

        snprintf(line, sizeof line, "bob:100000:65536\nnone\n%s:200000:65536\n", names[i / 2]);
        put(files[i % 2], line);
        ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
        ck_assert_ptr_nonnull(strstr(err, "identity \"a\": the account has subordinate ids"));
        put(files[i % 2], "bob:100000:65536\naa:200000:65536\n# a:1:1\n");
        ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    }
}
END_TEST

START_TEST(test_uid_of_another)
{
    put_config(IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    put("passwd", "root:x:0:0::/root:/bin/sh\nalias:x:70002:100::/:/bin/sh\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "a: its uid 70002 is also that of \"alias\" in /etc/passwd"));
    put("passwd", "root:x:0:0::/root:/bin/sh\nalias:x:070001:100::/:/bin/sh\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "agent.conf:1: uid-range: its uid 70001 is also that of \"alias\""));
    put("passwd", "root:x:0:0::/root:/bin/sh\n");
    put("etc/agent.conf", "host { id = \"spiffe://e.org/host/a\" uid-range = \"70001-70010\" }\n" IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "but 70002 is that of \"a\": begin lower"));
}
END_TEST

START_TEST(test_lock_is_waited_for_and_no_longer)
{
    int fd;

    put_config("");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    fd = open(path_of("state/.lock"), O_RDWR);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    ck_assert_ptr_nonnull(strstr(err, "another `agentctl apply` is at work"));
    close(fd);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
}
END_TEST

/* A file that cannot be written whole: as a full disk. */
START_TEST(test_no_room)
{
    struct rlimit before, small;

    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    shell("ls -iA state > before");
    put_config(EXAMPLE IDENTITY("more"));
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){2048, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_CANNOT);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_ptr_nonnull(strstr(err, "identities.cdb: File too large"));
    shell("ls -iA state | cmp - before");
}
END_TEST

/* Whenever it is killed, the databases are whole, and the next one cleans up. */
START_TEST(test_killed)
{
    struct identity identity;

    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    for (int i = 0; i < 60; i++) {
        int status;
        pid_t pid;

        put_config(i % 2 ? EXAMPLE : EXAMPLE IDENTITY("more"));
        pid = fork();
        if (pid == 0)
            _exit(apply(APPLY_ALL));
        usleep((useconds_t)(i * 150));
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(lookup("deploy", &identity), 0);
        ck_assert_ptr_nonnull(strstr(policies_of("deploy"), "rule deny-sudo\n"));
        ck_assert_ptr_nonnull(value_of("state/anchors.cdb", 'a', ""));
    }
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    shell("test \"$(ls -A state | grep -c apply)\" = 0");
}
END_TEST

static const struct {
    const char *jwks, *says; /* NULL: good */
} key_files[] = {
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"d\":\"\"}"
     "]}",
     "key 1 is private or symmetric"},
    {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "key 1 is private or symmetric"},
    {"{\"keys\":[1]}", "key 1 is no JSON object"},
    {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}", "key 1 is not a valid public key"}, /* weak */
    {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AQ\",\"y\":\"AQ\"}]}", "key 1 is not a valid public key"},
    {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AQ\",\"y\":\"AQ\"}]}", "no key in it can be used"},
    {"{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS512\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}", "no key in it can be used"},
    {"{\"keys\":[{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AQ\"}]}", "no key in it can be used"},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}", "key 1 is not a valid public key"},
    {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":1,\"x\":\"AAAA\"}]}", "its kid is no string"},
    {"{\"keys\":{}}", "no JSON object with a list \"keys\""},
    {"[]", "no JSON object with a list \"keys\""},
    {"", "no JSON object with a list \"keys\""},
    {"{\"keys\":[{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"AQ\",\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"alg\":\"PS256\","
     "\"e\":\"AQAB\","
     "\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
     "BJECPebWKRXjBZCiFV4n3oknj"
     "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
     "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
     "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\"}"
     ","
     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
     "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
     NULL},
};

START_TEST(test_keys)
{
    put_config(ISSUER);
    put("etc/keys/i.jwks", key_files[_i].jwks);
    ck_assert_int_eq(apply(APPLY_ALL), key_files[_i].says ? APPLY_PROBLEMS : APPLY_DONE);
    if (key_files[_i].says) {
        ck_assert_msg(strstr(err, "etc/agent.conf:2: ") && strstr(err, key_files[_i].says), "%s", err);
        return;
    }
    ck_assert_ptr_nonnull(strstr(out, "key 1 passed over"));
    ck_assert_ptr_nonnull(strstr(value_of("state/anchors.cdb", 'a', ""), "key PS256\n"));
}
END_TEST

#define JWKS_NEXT \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"two\",\"x\":\"11qYAYKxCrfVS_" \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"

START_TEST(test_refresh_takes_in_keys_alone)
{
    paths.tell = tell;
    put_config(ISSUER IDENTITY("a"));
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    put_config(ISSUER IDENTITY("b")); /* good, and not applied */
    put("etc/keys/i.jwks", JWKS_NEXT);
    ck_assert_int_eq(apply(APPLY_KEYS), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "1 issuers with 1 keys: in force"));
    ck_assert_ptr_nonnull(strstr(value_of("state/anchors.cdb", 'a', ""), "kid two\n"));
    ck_assert_uint_eq(uid_of("a"), 70002);
    ck_assert_ptr_null(strstr(get("state/uids"), "b"));
    ck_assert_int_eq(told, 2);
    put("etc/keys/i.jwks", "{\"keys\":1}");
    ck_assert_int_eq(apply(APPLY_KEYS), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(value_of("state/anchors.cdb", 'a', ""), "kid two\n"));
    put("etc/keys/i.jwks", "{\"keys\":[]}"); /* the issuer took them all back */
    ck_assert_int_eq(apply(APPLY_KEYS), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "nothing of issuer \"i\" is trusted"));
    ck_assert_ptr_null(strstr(value_of("state/anchors.cdb", 'a', ""), "kid two\n"));
}
END_TEST

/* What the verifier would not take must not be put in place. */
START_TEST(test_too_many_trust_domains)
{
    char text[4096] =
        "issuer i { kind = aat iss = \"https://e.org\" keys = \"keys/i.jwks\" trust-domains = { \"e.org\"";

    for (int i = 1; i < 65; i++)
        strcat(text, ", \"e.org\"");
    strcat(text, " } }\n");
    put_config(text);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "trust-domains: more than 64"));
}
END_TEST

START_TEST(test_key_file_is_not_trusted)
{
    put_config(ISSUER);
    shell("chmod 666 etc/keys/i.jwks");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "keys/i.jwks: not a regular file that root owns"));
    shell("rm etc/keys/i.jwks");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "keys/i.jwks: No such file"));
}
END_TEST

START_TEST(test_sudoers)
{
    const char *text;

    put_config(EXAMPLE);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_int_ne(access(path_of("sudoers.d/pam_agent"), F_OK), 0); /* `enable` makes it */
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    text = strstr(get("sudoers.d/pam_agent"), "deploy ");
    ck_assert_str_eq(text, "deploy ALL=(root) NOPASSWD: /bin/id \"\"\n"
                           "deploy ALL=(root) NOPASSWD: /bin/ls -l *\n"
                           "deploy ALL=(root) NOPASSWD: /bin/echo a\\=b\n"
                           "deploy ALL=(root) NOPASSWD: /bin/echo a\\=b *\n"
                           "deploy ALL=(www-data) NOPASSWD: /bin/id \"\"\n"
                           "deploy ALL=(www-data) NOPASSWD: /bin/ls -l *\n"
                           "deploy ALL=(www-data) NOPASSWD: /bin/echo a\\=b\n"
                           "deploy ALL=(www-data) NOPASSWD: /bin/echo a\\=b *\n"
                           "deploy ALL=(web) NOPASSWD: NOSETENV: ALL\n");
    ck_assert_uint_eq(mode_of("sudoers.d/pam_agent"), 0440);
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_ptr_nonnull(strstr(out, "no change"));
}
END_TEST

START_TEST(test_sudoers_of_services)
{
    put_config(IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                             "sudo { commands = { \"/bin/id\" } }\n"
                             "sudo { commands = { \"/etc/init.d/web restart\" } leaves = service } }\n");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a ALL="),
                     "a ALL=(root) NOPASSWD:EXEC: /etc/init.d/web restart\n"
                     "a ALL=(root) NOPASSWD: /bin/id \"\"\n");
}
END_TEST

START_TEST(test_sudoers_of_what_may_exec)
{
    put_config(IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                             "sudo { commands = { \"/usr/bin/vim /x\" } escapes = accepted may-exec = true }\n"
                             "sudo { commands = { \"/bin/id\" } may-exec = false }\n"
                             "deny-sudo { commands = { \"/usr/bin/vim\" } } }\n");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a ALL="), "a ALL=(root) NOPASSWD:EXEC: /usr/bin/vim /x\n"
                                                                   "a ALL=(root) NOPASSWD: /bin/id \"\"\n");
}
END_TEST

static void name_sudo(void)
{
    static char path[512];

    snprintf(path, sizeof path, "%s", path_of("sudo"));
    paths.sudo = path;
}

/* A sudo that runs this when it is asked for its version. */
static void put_sudo(const char *says)
{
    char text[256];

    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", says);
    put("sudo", text);
    shell("chmod 755 sudo");
    name_sudo();
}

#define INTERCEPT \
    IDENTITY("a") \
    "policy p { identities = { \"spiffe://e.org/agent/a\" }\n" \
    "sudo { commands = { \"/bin/a\" } may-exec = true }\n" \
    "sudo { commands = { \"/bin/id\" } }\n" \
    "sudo { run-as-group = adm commands = { \"/usr/local/bin/rotate\" }\n intercept = true } }\n"

START_TEST(test_sudoers_of_what_is_asked)
{
    put_config(INTERCEPT);
    put_sudo("echo Sudo version 1.9.8");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a ALL="),
                     "a ALL=(root) NOPASSWD:EXEC: /bin/a \"\"\n"
                     "a ALL=(root : adm) NOPASSWD:EXEC:INTERCEPT: /usr/local/bin/rotate \"\"\n"
                     "a ALL=(root) NOPASSWD: /bin/id \"\"\n");
}
END_TEST

static const struct {
    const char *sudo, *says; /* NULL: it is taken */
} sudos[] = {
    {"echo Sudo version 1.9.13p3; echo Sudoers policy plugin version 1.9.13p3", NULL},
    {"echo Sudo version 1.10.0", NULL},
    {"echo Sudo version 2.0.0b1", NULL},
    {"echo a word; echo Sudo version 1.9.8p2", NULL},
    {"echo Sudo version 1.9.7p2", "this host's sudo is older than 1.9.8"},
    {"echo Sudo version 1.8.32", "this host's sudo is older than 1.9.8"},
    {"echo Sudo version 0.99.99", "this host's sudo is older than 1.9.8"},
    {"echo Sudo version 1.9", "does not tell its version"},
    {"echo Sudo version 1.9.", "does not tell its version"},
    {"echo Sudo version 1.9.x", "does not tell its version"},
    {"echo Sudo version 1.9.1000", "does not tell its version"},
    {"echo Sudo version 99999999999999999999.9.9", "does not tell its version"},
    {"echo no Sudo version 1.9.13", "does not tell its version"},
    {"echo doas", "does not tell its version"},
    {"echo Sudo version 1.9.13; exit 1", "does not tell its version"},
};

START_TEST(test_sudo_that_cannot_ask)
{
    put_config(INTERCEPT);
    put_sudo(sudos[_i].sudo);
    put("sudoers.d/pam_agent", "");
    if (!sudos[_i].says) {
        ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
        return;
    }
    for (enum apply_mode mode = APPLY_ALL; mode <= APPLY_CHECK; mode++) {
        ck_assert_int_eq(apply(mode), APPLY_PROBLEMS);
        ck_assert_ptr_nonnull(strstr(err, "agent.conf:"));
        ck_assert_ptr_nonnull(strstr(err, ": intercept: "));
        ck_assert_ptr_nonnull(strstr(err, sudos[_i].says));
        ck_assert_ptr_nonnull(strstr(err, ": update sudo, or remove intercept"));
        ck_assert_str_eq(get("sudoers.d/pam_agent"), "");
    }
    /* Whoever asks for nothing is not asked. */
    put_config(IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                             "sudo { commands = { \"/bin/id\" } intercept = false } }\n"
                             "policy q { identities = { \"spiffe://e.org/agent/a\" } requires = { \"a=b\" }\n"
                             "sudo { commands = { \"/bin/id\" } intercept = true } }\n");
    ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
}
END_TEST

START_TEST(test_no_sudo_at_all)
{
    put_config(INTERCEPT);
    name_sudo();
    ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
}
END_TEST

START_TEST(test_run_as_group)
{
    put_config(
        IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                      "sudo { run-as-group = adm commands = { \"/bin/id\" } }\n"
                      "sudo { run-as = { root, web } run-as-group = { adm, web } commands = { \"/bin/ls x\" } }\n"
                      "sudo { run-as-group = web any-command = true }\n"
                      "deny-sudo { run-as-group = { disk } } }\n");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a ALL="), "a ALL=(root : adm) NOPASSWD: /bin/id \"\"\n"
                                                                   "a ALL=(root : adm, web) NOPASSWD: /bin/ls x\n"
                                                                   "a ALL=(web : adm, web) NOPASSWD: /bin/ls x\n"
                                                                   "a ALL=(root : web) NOPASSWD: NOSETENV: ALL\n");
    ck_assert_ptr_nonnull(strstr(out, "identity a gains: sudo as root with group adm: /bin/id\n"));
    ck_assert_ptr_nonnull(strstr(out, "identity a gains: sudo as root, web with group adm, web: /bin/ls x\n"));
    ck_assert_ptr_nonnull(strstr(out, "identity a is denied: sudo as anybody with group disk: any command\n"));
    ck_assert_ptr_nonnull(strstr(policies_of("a"), "run-as web\nrun-as-group adm\n"));
}
END_TEST

START_TEST(test_escapes_of_the_hosts_own)
{
    put_config(IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                             "sudo { commands = { \"/bin/id\", \"/opt/tool go\" } } }\n");
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_DONE);
    put("etc/escapes.list", "# ours\ntool go\n");
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "commands: \"/opt/tool go\" can run or write what its caller likes ("));
    ck_assert_ptr_nonnull(strstr(err, "/etc/escapes.list:2): narrow it, or write escapes = \"accepted\""));
    shell("chmod 666 etc/escapes.list");
    ck_assert_int_eq(apply(APPLY_CHECK), APPLY_PROBLEMS);
    ck_assert_ptr_nonnull(strstr(err, "/etc/escapes.list: not a regular file that root owns"));
    shell("rm etc/escapes.list");
}
END_TEST

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

/* Below `bin`, of the tests' directory, which root owns. */
static const struct {
    const char *prepare, *command, *writable; /* NULL: nothing is */
} programs[] = {
    {"touch bin/tool", "bin/tool", NULL},
    {"touch bin/tool; chown 70005 bin/tool", "bin/tool", "bin/tool"},
    {"touch bin/tool; chmod 666 bin/tool", "bin/tool", "bin/tool"},
    {"touch bin/tool; chgrp 70005 bin/tool; chmod 664 bin/tool", "bin/tool", "bin/tool"},
    {"touch bin/tool; chgrp 900 bin/tool; chmod 664 bin/tool", "bin/tool", "bin/tool"}, /* agents */
    {"touch bin/tool; chgrp 900 bin/tool; chmod 644 bin/tool", "bin/tool", NULL},
    {"touch bin/tool; chown 60000 bin/tool", "bin/tool", NULL},
    {"touch bin/tool; chmod 777 bin", "bin/tool", "bin"},
    {"touch bin/tool; chmod 1777 bin", "bin/tool", NULL},
    {"chmod 1777 bin", "bin/tool", "bin/tool"}, /* it can be made */
    {"chmod 1777 bin", "bin/no/tool", "bin/no"},
    {"true", "bin/no/tool", NULL},
    {"touch bin/tool; chown 70005 bin; chmod 1755 bin", "bin/tool", "bin"},
    {"mkdir bin/of; chown 70005 bin/of; touch bin/of/x; ln -s of/x bin/tool", "bin/tool", "bin/of"},
    {"touch bin/tool; ln -s tool bin/link", "bin/link", NULL},
    {"touch bin/tool; mkdir bin/of; chown 70005 bin/of", "bin/tool $/bin/of/x", "bin/of"},
    {"touch bin/tool; mkdir bin/of; chown 70005 bin/of", "bin/tool $/bin/of/x*", "bin/of"},
    {"touch bin/tool; mkdir bin/of; chown 70005 bin/of", "bin/tool $/bin/o* x*", "bin/of"},
    {"touch bin/tool; mkdir bin/of; touch bin/of/a bin/of/b.sh; chown 70005 bin/of/b.sh", "bin/tool $/bin/of/*.sh",
     "bin/of/b.sh"},
    {"touch bin/tool; mkdir bin/of; touch bin/of/a bin/of/b.sh; chown 70005 bin/of/a", "bin/tool $/bin/of/*.sh", NULL},
    {"touch bin/tool; mkdir -p bin/of/x bin/of/y; chown 70005 bin/of/y", "bin/tool $/bin/of/*/x.sh", "bin/of/y"},
    {"touch bin/tool; mkdir bin/of; touch bin/of/.b; chown 70005 bin/of/.b", "bin/tool $/bin/of/*", "bin/of/.b"},
    {"touch bin/tool", "bin/tool $/bin/of[x]*", NULL},
    {"touch bin/tool", "bin/tool /var/*/agents/*/x", "/var/lib/agents"},
    {"touch bin/tool", "bin/tool /usr/*/none", NULL},
    {"touch bin/tool; mkdir -p bin/of/x; mkdir -m 1777 bin/of/y", "bin/tool $/bin/of/*/none", "bin/of/y/none"},
    {"touch bin/tool; mkdir -m 1777 bin/of", "bin/tool $/bin/of/*.sh", "bin/of/*"},
    {"touch bin/tool; mkdir -m 1777 bin/of; ln -s of bin/link", "bin/tool $/bin/link/missing", "bin/of/missing"},
    {"mkdir bin/real bin/sys; touch bin/sys/x; ln -s ../sys/x bin/real/hop; ln -s real/hop bin/tool; chown 70005 "
     "bin/real",
     "bin/tool", "bin/real"},
    {"mkdir bin/real; ln -s loop bin/loop", "bin/loop", NULL},
    /* longer than a path once it is followed: not looked at, and so not taken for good */
    {"mkdir -p bin/x bin/y/" LONG_NAME "; touch bin/y/" LONG_NAME "/tool; "
     "ln -s $(i=0; while [ $i -lt 800 ]; do printf x/../; i=$((i+1)); done)y bin/long",
     "bin/long/" LONG_NAME "/tool", "bin/long"},
    {"touch bin/tool bin/of; chown 70005 bin/of", "bin/tool --config=$/bin/of", "bin/of"},
    {"touch bin/tool; mkfifo -m 666 bin/of", "bin/tool $/bin/of /dev/null", NULL},
};

START_TEST(test_programs_that_agents_may_write)
{
    char config[1024], command[256] = "", wanted[256];

    for (const char *at = programs[_i].command; *at; at++) {
        char *end = command + strlen(command);

        if (*at == '$')
            strcpy(end, dir);
        else
            *end = *at; /* zeros follow */
    }
    shell("rm -rf bin; mkdir bin");
    shell(programs[_i].prepare);
    snprintf(
        config, sizeof config,
        IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\nsudo { commands = { \"%s/%s\" } } }\n",
        dir, command);
    put_config(config);
    ck_assert_msg(apply(APPLY_CHECK) == (programs[_i].writable ? APPLY_PROBLEMS : APPLY_DONE), "%s%s", command, err);
    if (programs[_i].writable) {
        snprintf(wanted, sizeof wanted, "agents may write to %s%s%s: take that",
                 programs[_i].writable[0] == '/' ? "" : dir, programs[_i].writable[0] == '/' ? "" : "/",
                 programs[_i].writable);
        ck_assert_msg(strstr(err, wanted) != NULL, "%s", err);
        snprintf(config, sizeof config,
                 IDENTITY("a") "policy p { identities = { \"spiffe://e.org/agent/a\" }\nsudo { escapes = accepted "
                               "commands = { \"%s/%s\" } } }\n",
                 dir, command);
        put_config(config);
        ck_assert_int_eq(apply(APPLY_CHECK), APPLY_DONE);
    }
}
END_TEST

START_TEST(test_sudoers_of_groups)
{
    put_config(IDENTITY("a") "commands look { list = { \"/bin/ls -l *\" } }\n"
                             "policy p { identities = { \"spiffe://e.org/agent/a\" }\n"
                             "sudo { commands = { \"/bin/id\" } use = { look, see } }\n"
                             "deny-sudo { use = { look } } }\n"
                             "commands see { list = { \"/bin/cat x\" } }\n");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a ALL="), "a ALL=(root) NOPASSWD: /bin/id \"\"\n"
                                                                   "a ALL=(root) NOPASSWD: /bin/ls -l *\n"
                                                                   "a ALL=(root) NOPASSWD: /bin/cat x\n");
}
END_TEST

/* What this host does not meet is in neither the databases nor the rules of sudo, and told by no check. */
START_TEST(test_policies_of_other_hosts)
{
    static const char *const policies =
        "identity a { id = \"spiffe://e.org/agent/a\" }\n"
        "policy prod { requires = { \"env=prod\" } identities = { \"spiffe://e.org/agent/a\" } max-session = 1h\n"
        " sudo { commands = { \"/bin/id\" } } }\n"
        "policy test { requires = { \"env=test\" } identities = { \"spiffe://e.org/agent/*\" }\n"
        " deny-sudo { } sudo { any-command = true } }\n";
    static const struct {
        const char *labels, *counts;
        int prod, test;
    } hosts[] = {
        {"labels = { \"team=web\", \"env=prod\" }", "2 policies, 1 of them for other hosts, ", 1, 0},
        {"labels = \"env=test\"", "2 policies, 1 of them for other hosts, ", 0, 1},
        {"", "2 policies, 2 of them for other hosts, ", 0, 0},
    };

    put("sudoers.d/pam_agent", "");
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        char text[2048];

        snprintf(text, sizeof text, "host { id = \"spiffe://e.org/host/a\" %s }\n%s", hosts[i].labels, policies);
        put("etc/agent.conf", text);
        ck_assert_msg(apply(APPLY_CHECK) == APPLY_DONE, "%s", err);
        ck_assert_ptr_nonnull(strstr(out, "2 policies, 0 issuers"));
        ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
        ck_assert_ptr_nonnull(strstr(out, hosts[i].counts));
        strcpy(text, policies_of("a"));
        ck_assert_int_eq(strstr(text, "policy prod\n") != NULL, hosts[i].prod);
        ck_assert_int_eq(strstr(text, "policy test\n") != NULL, hosts[i].test);
        ck_assert_int_eq(strstr(get("sudoers.d/pam_agent"), "NOPASSWD: /bin/id") != NULL, hosts[i].prod);
        ck_assert_int_eq(strstr(get("sudoers.d/pam_agent"), "ALL\n") != NULL, hosts[i].test);
    }
}
END_TEST

/* Whatever a word is made of, visudo takes the line. */
static void put_crowd(const char *rules)
{
    FILE *to = fopen(path_of("etc/agent.conf"), "w");

    fputs("host { id = \"spiffe://e.org/host/a\" uid-range = \"100000-120000\" }\n", to);
    for (int i = 0; i < 9000; i++)
        fprintf(to, "identity a%d { id = \"spiffe://e.org/agent/a%d\" }\n", i, i);
    fprintf(to, "policy all { identities = { \"spiffe://e.org/agent/*\" }\n%s }\n%s", rules, IDENTITY("bob"));
    ck_assert_int_eq(fclose(to), 0);
}

/* Every sudo of the host reads the file. */
START_TEST(test_sudoers_of_a_crowd)
{
    put("sudoers.d/pam_agent", "");
    put("passwd", "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/:/bin/sh\neve:x:1001:1001::/:/bin/sh\n"
                  "joe:x:1002:900::/:/bin/sh\nmax:x:1003:1003::/:/bin/sh\n");
    put("group", "root:x:0:\nagents:x:900:bob,eve,of-ldap\n");
    put_crowd("sudo { run-as = root commands = { \"/bin/id\", \"/bin/x\" } }\n"
              " sudo { run-as = web commands = { \"/bin/x\", \"/bin/x\" } may-exec = true }\n deny-sudo { }\n");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "User_Alias"),
                     "User_Alias PAM_AGENT = %agents, !#1001, !#1002, !\"of-ldap\"\n"
                     "PAM_AGENT ALL=(web) NOPASSWD:EXEC: /bin/x \"\"\n"
                     "PAM_AGENT ALL=(root) NOPASSWD: /bin/id \"\"\n"
                     "PAM_AGENT ALL=(root) NOPASSWD: /bin/x \"\"\n");
    /* Of what is new, some is told. */
    ck_assert_ptr_nonnull(strstr(out, "identity a99: new, uid 100101"));
    ck_assert_ptr_null(strstr(out, "identity a100: new"));
    ck_assert_ptr_nonnull(strstr(out, "and 8901 more identities: new\n"));
    ck_assert_ptr_nonnull(strstr(out, "and the policies of 8901 more identities\n"));
    put_config(
        IDENTITY("a0") "policy all { identities = { \"spiffe://e.org/agent/*\" } sudo { commands = \"/bin/id\" } }\n");
    ck_assert_int_eq(apply(APPLY_ALL), APPLY_DONE);
    ck_assert_str_eq(strstr(get("sudoers.d/pam_agent"), "a0 ALL="), "a0 ALL=(root) NOPASSWD: /bin/id \"\"\n");
    ck_assert_ptr_nonnull(strstr(out, "and 8900 more identities: no longer configured, disabled\n"));
}
END_TEST

START_TEST(test_sudoers_odd_words)
{
    put_config(IDENTITY(
        "a") "policy p { identities = { \"spiffe://e.org/agent/a\" } sudo { any-arguments = true commands = {\n"
             "\"/bin/a ^x$ ! !x [a-z] # #1 , : = a=b,c:d %x @x ~ ( ) ' ` $ & | ; < > { } ? * **\",\n"
             "\"/bin/b \xc3\xa9 + ^ ...\", \"/bin/@c+~_.-d ...\" } } }\n");
    put("sudoers.d/pam_agent", "");
    ck_assert_msg(apply(APPLY_ALL) == APPLY_DONE, "%s", err);
    ck_assert_ptr_nonnull(strstr(get("sudoers.d/pam_agent"), "a ALL=(root) NOPASSWD: /bin/@c+~_.-d\n"));
}
END_TEST

START_TEST(test_sudoers_refused_changes_nothing)
{
    char output[1024];
    int changed;

    put("sudoers.d/pam_agent", "# old\n");
    ck_assert_int_eq(sudoers_install(paths.sudoers_dir, "nonsense\n", 9, output, sizeof output, &changed), -EINVAL);
    ck_assert_ptr_nonnull(strstr(output, "syntax error"));
    ck_assert_str_eq(get("sudoers.d/pam_agent"), "# old\n");
    shell("test \"$(ls -A sudoers.d)\" = pam_agent");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apply");
    TCase *tests = tcase_create("apply");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_golden);
    tcase_add_test(tests, test_twice_is_no_change);
    tcase_add_test(tests, test_check_writes_nothing);
    tcase_add_test(tests, test_prints_what_is_gained_and_lost);
    tcase_add_test(tests, test_prints_of_which_sessions_it_is);
    tcase_add_test(tests, test_damaged_policies);
    tcase_add_test(tests, test_policies_without_text);
    tcase_add_test(tests, test_large_policies);
    tcase_add_test(tests, test_accounts_share_a_text);
    tcase_add_test(tests, test_zones_stand_once_where_they_are_used);
    tcase_add_test(tests, test_prints_of_many_identities_but_some);
    tcase_add_test(tests, test_bad_configuration_changes_nothing);
    tcase_add_test(tests, test_dropped_identity_is_disabled);
    tcase_add_test(tests, test_id_moves);
    tcase_add_test(tests, test_slots);
    tcase_add_test(tests, test_slot_collides);
    tcase_add_test(tests, test_homes);
    tcase_add_test(tests, test_homes_that_are_never_put_away);
    tcase_add_test(tests, test_groups);
    tcase_add_test(tests, test_visits);
    tcase_add_loop_test(tests, test_groups_that_are_none, 0, COUNT_OF(no_groups));
    tcase_add_test(tests, test_host_policy);
    tcase_add_test(tests, test_sessions_are_told);
    tcase_add_test(tests, test_uids_run_out);
    tcase_add_test(tests, test_lost_files);
    tcase_add_test(tests, test_local_account);
    tcase_add_test(tests, test_subordinates);
    tcase_add_test(tests, test_uid_of_another);
    tcase_add_test(tests, test_lock_is_waited_for_and_no_longer);
    tcase_add_test(tests, test_no_room);
    tcase_add_test(tests, test_killed);
    tcase_add_loop_test(tests, test_keys, 0, (int)COUNT_OF(key_files));
    tcase_add_test(tests, test_refresh_takes_in_keys_alone);
    tcase_add_test(tests, test_too_many_trust_domains);
    tcase_add_test(tests, test_key_file_is_not_trusted);
    tcase_add_test(tests, test_sudoers);
    tcase_add_test(tests, test_sudoers_of_services);
    tcase_add_test(tests, test_sudoers_of_what_may_exec);
    tcase_add_test(tests, test_sudoers_of_what_is_asked);
    tcase_add_loop_test(tests, test_sudo_that_cannot_ask, 0, COUNT_OF(sudos));
    tcase_add_test(tests, test_no_sudo_at_all);
    tcase_add_test(tests, test_run_as_group);
    tcase_add_test(tests, test_escapes_of_the_hosts_own);
    tcase_add_loop_test(tests, test_programs_that_agents_may_write, 0, COUNT_OF(programs));
    tcase_add_test(tests, test_sudoers_of_groups);
    tcase_add_test(tests, test_policies_of_other_hosts);
    tcase_add_test(tests, test_sudoers_of_a_crowd);
    tcase_add_test(tests, test_sudoers_odd_words);
    tcase_add_test(tests, test_sudoers_refused_changes_nothing);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
