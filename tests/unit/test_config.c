/* agent.conf: every kind of mistake is told with its file and line; what is right is read as it is written. Runs as root. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/config_here.h"
#include "core/compat.h"
#include "core/identities.h"

static char dir[64];

static void put(const char *name, const void *text, size_t len)
{
    char path[256];
    FILE *to;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(text, 1, len, to), len);
    ck_assert_int_eq(fclose(to), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static void setup(void)
{
    char fragments[96];

    umask(022);
    strcpy(dir, "/tmp/test_config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(fragments, sizeof fragments, "%s/conf.d", dir);
    ck_assert_int_eq(mkdir(fragments, 0755), 0);
}

static void teardown(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* The problems as one text, "$" for the directory. */
static char *problems_of(const char *text, size_t len)
{
    struct problems problems = {0};
    struct config *config = NULL;
    char *told = NULL, *all, *at, *found;
    size_t told_len;
    FILE *to = open_memstream(&told, &told_len);

    put("agent.conf", text, len);
    ck_assert_int_eq(config_read(dir, &config, &problems) == 0, problems.count == 0);
    problems_print(&problems, to);
    fclose(to);
    problems_clear(&problems);
    config_free(config);
    all = calloc(1, told_len + 1);
    for (at = told; (found = strstr(at, dir)); at = found + strlen(dir)) {
        strncat(all, at, (size_t)(found - at));
        strcat(all, "$");
    }
    strcat(all, at);
    free(told);
    return all;
}

#define HOST "host { id = \"spiffe://e.org/host/a\" }\n"
#define IDENTITY HOST "identity agent-a { id = \"spiffe://e.org/agent/a\" }\n"
#define OTHER(kind, more) \
    HOST "issuer i { kind = " kind "\n iss = \"https://e.org\" keys = k\n trust-domains = { \"e.org\" }\n" more "}\n"
#define SVIDS(one, other) \
    HOST "issuer a {\n kind = jwt-svid keys = k trust-domains = " one " }\n\n" \
         "issuer b { kind = jwt-svid keys = k trust-domains = " other " }\n"
#define LABELS(list) "host {\n id = \"spiffe://e.org/host/a\"\n labels = " list "\n}\n"
#define LABELS_4 "\"a=b\", \"a=b\", \"a=b\", \"a=b\", "
#define LABELS_16 LABELS_4 LABELS_4 LABELS_4 LABELS_4
#define BYTES_43 "AZaz09._-AZaz09._-AZaz09._-AZaz09._-AZaz09."
#define BYTES_129 BYTES_43 BYTES_43 BYTES_43
#define ISSUER(body) HOST "issuer i {\n kind = aat\n iss = \"https://e.org\"\n keys = \"keys/i.jwks\"\n" body "}\n"
#define POLICY(body) IDENTITY "policy p {\n identities = { \"spiffe://e.org/agent/a\" }\n" body "}\n"
#define SUDO(body) POLICY(" sudo { " body " }\n")

#define MEMBER(name) HOST "identity a {\n id = \"spiffe://e.org/a\"\n groups = { \"www-data\",\n " name " } }"
#define NAMES_8 "a, b, c, d, e, f, g, h, "
#define GROUP(list) "commands look {\n list = { " list " } }\n"

static const struct {
    const char *text, *line, *says; /* one problem is exactly at this line, and says this */
} mistakes[] = {
    /* shape */
    {HOST "host { id = \"spiffe://e.org/host/b\" }", "agent.conf:2: ", "host is there already, at $/agent.conf:1"},
    {"# comment\n# comment\n" HOST "\n# comment\nhostt { }\n", "agent.conf:6: ", "unknown key \"hostt\""},
    {"host {\n id = \"spiffe://e.org/host/a\"\n idx = \"1\"\n}", "agent.conf:3: ", "unknown key \"idx\" in host"},
    {"/* a\nb\nc */ host {\n id = \"spiffe://e.org/host/a\" id = \"x\" }",
     "agent.conf:4: ", "id is given twice, first at line 4"},
    {HOST "identity a { id = \"spiffe://e.org/a\" }\nidentity a { id = \"spiffe://e.org/b\" }",
     "agent.conf:3: ", "identity \"a\" is there already, at $/agent.conf:2"},
    {HOST "identity { }", "agent.conf:2: ", "identity has no name"},
    {HOST "identity \"\" { }", "agent.conf:2: ", "identity has no name"},
    {"host x { id = \"spiffe://e.org/host/a\" }", "agent.conf:1: ", "host takes no name"},
    {"host {\n id = { \"a\", \"b\" }\n}", "agent.conf:2: ", "id takes one value, not a list"},
    {POLICY(" purposes = { # none\n }\n"), "agent.conf:5: ", "purposes: the list is empty"},
    {POLICY(" purposes = { \"a\", }\n"), "agent.conf:5: ", "unexpected \"}\": expected a value of the list"},
    {POLICY(" purposes = { \"a\" \"b\" }\n"), "agent.conf:5: ", "unexpected \"b\": expected ',' or '}'"},
    {POLICY(" purposes += { \"a\" }\n"), "agent.conf:5: ", "nothing is appended here"},
    {POLICY(" purposes { }\n"), "agent.conf:5: ", "unexpected \"{\": expected '='"},
    {HOST "include(\"/etc/passwd\")\n", "agent.conf:2: ", "unknown key \"include\""},
    {"host {\n id = \"spiffe://e.org/host/a\"\n", "agent.conf:1: ", "host is not closed"},
    {HOST "}\n", "agent.conf:2: ", "unexpected \"}\": expected a section"},
    {HOST "# ${HOME}\n", "agent.conf:2: ", "nothing is expanded here"},
    {HOST "\r\n", "agent.conf:2: ", "the line ends in CR LF"},
    {HOST "\001", "agent.conf:2: ", "a control character"},
    {HOST "identity 'a' { }\n", "agent.conf:2: ", "write \"...\" around text"},
    {"host { id = \"a\\0b\" }", "agent.conf:1: ", "a backslash stands before"},
    {"host { id = \"a\n\" }", "agent.conf:1: ", "the string does not end on its line"},
    {"host { id = \"a", "agent.conf:1: ", "the string does not end on its line"},
    {HOST "/* no end", "agent.conf:2: ", "the comment does not end"},
    {HOST "identity a { id = spiffe://e.org/a }", "agent.conf:2: ", "a character that stands in strings only"},
    {HOST "=", "agent.conf:2: ", "unexpected \"=\""},
    {"", "agent.conf: ", "host is missing"},
    /* not built yet */
    {POLICY(" mode = watch\n"), "agent.conf:5: ", "mode: \"watch\" is neither: write \"enforce\" or \"observe\""},
    {"host {\n id = \"spiffe://e.org/h\"\n mode = off\n}\n", "agent.conf:3: ", "mode: \"off\" is neither"},
    {"host {\n id = \"spiffe://e.org/h\"\n sudo-approval = none\n}\n",
     "agent.conf:3: ", "sudo-approval: \"none\" is neither: write \"required\" or \"argv\""},
    /* issuers of other kinds */
    {HOST "issuer i {\n kind = \"jwt-svid\"\n iss = \"https://e.org\"\n keys = \"k\"\n trust-domains = { \"e.org\" } }",
     "agent.conf:4: ", "iss: has no meaning for kind \"jwt-svid\""},
    {ISSUER(" trust-domains = { \"e.org\" }\n identity = \"sub\"\n"),
     "agent.conf:7: ", "identity: has no meaning for kind \"aat\""},
    {ISSUER(" trust-domains = { \"e.org\" }\n algorithms = { }\n"), "agent.conf:7: ", "algorithms: the list is empty"},
    {ISSUER(" trust-domains = { \"e.org\" }\n algorithms = { \"ES256\",\n \"EdDSA\" }\n"), "agent.conf:8: ",
     "algorithms: \"EdDSA\" is none of kind \"aat\": write some of \"Ed25519\", \"ES256\", \"ES384\","},
    {ISSUER(" trust-domains = { \"e.org\" }\n algorithms = { \"ES256\", \"ES256\" }\n"),
     "agent.conf:7: ", "algorithms: \"ES256\" is there twice"},
    {OTHER("jwt-svid", " algorithms = Ed25519"), "agent.conf:5: ", "is none of kind \"jwt-svid\""},
    {OTHER("ssh-ca", " algorithms = ES256"), "agent.conf:5: ", "write some of \"ssh-ed25519\","},
    {OTHER("jwt", " algorithms = HS256"), "agent.conf:5: ", "\"HS256\" is none of kind \"jwt\""},
    {OTHER("jwt", ""), "agent.conf:2: ", "issuer has no identity"},
    {OTHER("jwt", " identity = \"spiffe://x.org/{a}\"\n"),
     "agent.conf:5: ", "makes no SPIFFE ID of a trust domain of this issuer"},
    {OTHER("jwt", " identity = \"spiffe://{a}/x\"\n"), "agent.conf:5: ", "makes no SPIFFE ID"},
    {OTHER("jwt", " identity = \"spiffe://e.org\"\n"), "agent.conf:5: ", "makes no SPIFFE ID"},
    {OTHER("jwt", " identity = \"x-{a}\"\n"), "agent.conf:5: ", "makes no SPIFFE ID"},
    {OTHER("jwt", " identity = sub\n task = \"{a\"\n"), "agent.conf:6: ", "task: \"{a\" is not valid"},
    {OTHER("jwt", " identity = sub\n task = \"a}\"\n"), "agent.conf:6: ", "task: \"a}\" is not valid"},
    {OTHER("jwt", " identity = sub\n task = \"a..b\"\n"), "agent.conf:6: ", "task: \"a..b\" is not valid"},
    {OTHER("jwt", " identity = sub\n scope = \"{a}\"\n"), "agent.conf:6: ", "scope: \"{a}\" is not valid"},
    {OTHER("jwt", " identity = sub\n require = { \"x\" }\n"), "agent.conf:6: ", "require: \"x\" is not valid"},
    {OTHER("jwt", " identity = sub\n require = { \"x=\" }\n"), "agent.conf:6: ", "require: \"x=\" is not valid"},
    {OTHER("jwt", " identity = sub\n status = wait\n"), "agent.conf:6: ", "status: \"wait\" is unknown"},
    {OTHER("jwt", " identity = sub\n max-key-age = 366d\n"), "agent.conf:6: ", "too long: write at most \"365d\""},
    {OTHER("ssh-ca", " task = x\n"), "agent.conf:5: ", "task: has no meaning for kind \"ssh-ca\""},
    {SVIDS("e.org", "e.org"), "agent.conf:5: ", "trust domain \"e.org\" is that of \"a\" at $/agent.conf:2"},
    /* lines of values, which libconfuse miscounts after comments */
    {"# c\n/* c\n c */\nhost { # c\n // c\n id = \"x\" # c\n}\n", "agent.conf:6: ", "id: \"x\" is no SPIFFE ID"},
    {POLICY(" purposes = { \"a\", # c\n # c\n \"\" }\n"), "agent.conf:7: ", "purposes: \"\" is not valid"},
    /* host */
    {"host { }", "agent.conf:1: ", "host has no id"},
    {"host { id = \"spiffe://e.org\" }", "agent.conf:1: ", "is no SPIFFE ID"},
    {"host { id = \"spiffe://e.org/host/*\" }", "agent.conf:1: ", "is no SPIFFE ID"},
    {"host { id = \"spiffe://e.org/a\" uid-range = \"0-10\" }", "agent.conf:1: ", "uid-range: \"0-10\" is not valid"},
    {"host { id = \"spiffe://e.org/a\" uid-range = \"60000-70000\" }", "agent.conf:1: ", "outside 61184-65535"},
    {"host { id = \"spiffe://e.org/a\" uid-range = \"70000-70001\" }", "agent.conf:1: ", "three uids or more"},
    {"host { id = \"spiffe://e.org/a\" uid-range = \"70000-4294967296\" }", "agent.conf:1: ", "is not valid"},
    {"host { id = \"spiffe://e.org/a\" home-prefix = \"../x\" }",
     "agent.conf:1: ", "home-prefix: \"../x\" is not valid"},
    {"host {\n id = \"spiffe://e.org/a\"\n sensitivity = secret }",
     "agent.conf:3: ", "sensitivity: \"secret\" is unknown: write \"low\", \"medium\" or \"high\""},
    {"host {\n id = \"spiffe://e.org/a\"\n keep-home = 7 }", "agent.conf:3: ", "keep-home: \"7\" has no unit"},
    {"host {\n id = \"spiffe://e.org/a\"\n keep-home = 0d }", "agent.conf:3: ", "keep-home: \"0d\" is no duration"},
    {"host {\n id = \"spiffe://e.org/a\"\n keep-home = 366d }", "agent.conf:3: ", "too long: write at most \"365d\""},
    {LABELS("{ \"env=prod\",\n \"env=test\" }"),
     "agent.conf:4: ", "labels: \"env=test\" has the key of \"env=prod\": a host has one value of it"},
    {LABELS("\"env\""), "agent.conf:3: ", "labels: \"env\" is not valid: write KEY=VALUE"},
    {LABELS("\"env=\""), "agent.conf:3: ", "labels: \"env=\" is not valid"},
    {LABELS("\"=prod\""), "agent.conf:3: ", "labels: \"=prod\" is not valid"},
    {LABELS("\"env=*\""), "agent.conf:3: ", "labels: \"env=*\" is not valid"},
    {LABELS("\"env=a b\""), "agent.conf:3: ", "labels: \"env=a b\" is not valid"},
    {LABELS("\"a=b=c\""), "agent.conf:3: ", "labels: \"a=b=c\" is not valid"},
    {LABELS("\"" BYTES_129 "=a\""), "agent.conf:3: ", "is not valid"},
    {LABELS("\"a=" BYTES_129 "\""), "agent.conf:3: ", "is not valid"},
    {LABELS("{ " LABELS_16 LABELS_16 LABELS_16 LABELS_16 "\n \"a=b\" }"), "agent.conf:4: ", "labels: more than 64"},
    {LABELS("{ }"), "agent.conf:3: ", "labels: the list is empty"},
    {"host {\n id = \"spiffe://e.org/h\"\n secret-arguments = \"*\"\n}\n",
     "agent.conf:3: ", "secret-arguments: \"*\" is not valid: write an option without blanks"},
    {"host {\n id = \"spiffe://e.org/h\"\n secret-arguments = \"--password *\"\n}\n",
     "agent.conf:3: ", "secret-arguments: \"--password *\" is not valid"},
    /* issuer */
    {HOST
     "issuer \"12345678901234567890123456789012345678901234567890123456789012345\" { kind = aat iss = \"a:b\" keys "
     "= k trust-domains = \"e.org\" }",
     "agent.conf:2: ", "the name has more than 64 bytes"},
    {ISSUER(""), "agent.conf:2: ", "issuer has no trust-domains"},
    {ISSUER(" trust-domains = { \"E.org\" }\n"), "agent.conf:6: ", "trust-domains: \"E.org\" is not valid"},
    {ISSUER(" trust-domains = { \"e.org\" }\n max-lifetime = \"2h\"\n"),
     "agent.conf:7: ", "too long: write at most \"1h\""},
    {HOST "issuer i { kind = x iss = \"https://e.org\" keys = k trust-domains = \"e.org\" }",
     "agent.conf:2: ", "kind: \"x\" is unknown"},
    {HOST "issuer i { iss = \"https://e.org\" keys = k trust-domains = \"e.org\" }",
     "agent.conf:2: ", "issuer has no kind"},
    {HOST "issuer i { kind = aat keys = k trust-domains = \"e.org\" }", "agent.conf:2: ", "issuer has no iss"},
    {HOST "issuer i { kind = aat iss = \"https://e.org\" trust-domains = \"e.org\" }",
     "agent.conf:2: ", "issuer has no keys"},
    {HOST "issuer i { kind = aat iss = \"e.org\" keys = k trust-domains = \"e.org\" }", "agent.conf:2: ", "is no URI"},
    {HOST "issuer i { kind = aat iss = \"a:b\" keys = \"../k\" trust-domains = \"e.org\" }",
     "agent.conf:2: ", "no plain path"},
    {HOST "issuer i { kind = aat iss = \"a:b\" keys = k trust-domains = \"e.org\" }\n"
          "issuer j { kind = aat iss = \"a:b\" keys = k trust-domains = \"e.org\" }",
     "agent.conf:3: ", "has the iss of \"i\""},
    /* identity */
    {HOST "identity a { }", "agent.conf:2: ", "identity has no id"},
    {HOST "identity a { id = \"x\" }", "agent.conf:2: ", "id: \"x\" is no SPIFFE ID"},
    {HOST "identity \"a b\" { id = \"spiffe://e.org/a\" }", "agent.conf:2: ", "is no account name"},
    {HOST "identity \"root\" { id = \"spiffe://e.org/a\" }", "agent.conf:2: ", "root is no agent"},
    {IDENTITY "identity b { id = \"spiffe://e.org/agent/a\" }",
     "agent.conf:3: ", "has the id of \"agent-a\" at $/agent.conf:2"},
    {HOST "identity a {\n id = \"spiffe://e.org/a/*\"\n delegates = { \"spiffe://e.org/b\" } }",
     "agent.conf:2: ", "delegates needs an id that is no pattern"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n delegates = { \"b\" } }",
     "agent.conf:4: ", "delegates: \"b\" is not valid"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n slots = 0 }", "agent.conf:4: ", "slots: \"0\" is not allowed"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n slots = 65 }", "agent.conf:4: ", "write a number from 1 to 64"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n slots = two }",
     "agent.conf:4: ", "slots: \"two\" is not allowed"},
    {HOST "identity a { id = \"spiffe://e.org/a\" slots = 2 }\nidentity a-2 { id = \"spiffe://e.org/b\" }",
     "agent.conf:3: ", "account \"a-2\" is there already, at $/agent.conf:2"},
    {HOST "identity a-2 { id = \"spiffe://e.org/b\" }\nidentity a { id = \"spiffe://e.org/a\" slots = 2 }",
     "agent.conf:3: ", "account \"a-2\" is there already, at $/agent.conf:2"},
    {HOST "identity a { id = \"spiffe://e.org/a\" slots = 12 }\nidentity a-1 { id = \"spiffe://e.org/b\" slots = 2 }\n"
          "identity a-1-2 { id = \"spiffe://e.org/c\" }",
     "agent.conf:4: ", "account \"a-1-2\" is there already, at $/agent.conf:3"},
    {HOST "identity a1234567890123456789012345678901 {\n id = \"spiffe://e.org/a\" slots = 2 }",
     "agent.conf:2: ", "the names of its slots have more than 32 characters"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n home = fresh }",
     "agent.conf:4: ", "home: \"fresh\" is unknown: write \"task\" or \"keep\""},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n keep-home = 7 }",
     "agent.conf:4: ", "keep-home: \"7\" has no unit"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\" home = keep\n keep-home = 7d }",
     "agent.conf:4: ", "keep-home: with home = \"keep\" no home is ever put away: remove one of them"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n human-use = yes }",
     "agent.conf:4: ", "human-use: \"yes\" is neither"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n unattended = { cron,\n sshd } }",
     "agent.conf:5: ", "unattended: \"sshd\" is not valid: write \"cron\", \"crond\", \"atd\" or \"systemd-user\""},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n unattended = { } }",
     "agent.conf:4: ", "unattended: the list is empty"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\" home = keep\n unattended = cron }",
     "agent.conf:4: ", "unattended: with home = \"keep\" it would run what agents leave"},
    {HOST "identity a {\n id = \"spiffe://e.org/a\"\n linger = true }",
     "agent.conf:4: ", "unknown key \"linger\" in identity"},
    {MEMBER("sudo"), "agent.conf:5: ", "groups: the members of \"sudo\" administer the host by sudo, su and polkit"},
    {MEMBER("shadow"), "agent.conf:5: ", "groups: the members of \"shadow\" read the hashes of passwords: remove it"},
    {MEMBER("docker"), "agent.conf:5: ", "groups: the members of \"docker\" start containers and machines as root"},
    {MEMBER("agents"), "agent.conf:5: ", "groups: every agent's account is a member of agents: remove it"},
    {HOST "identity a { id = \"spiffe://e.org/a\"\n groups = { }\n}", "agent.conf:3: ", "groups: the list is empty"},
    {HOST "identity a { id = \"spiffe://e.org/a\"\n groups = { " NAMES_8 NAMES_8 "\n q } }",
     "agent.conf:4: ", "groups: more than 16: write fewer"},
    /* limits */
    {POLICY(" max-sessions = 65\n"),
     "agent.conf:5: ", "max-sessions: \"65\" is not allowed: write a number from 1 to 64"},
    {POLICY(" max-sessions = 0\n"), "agent.conf:5: ", "max-sessions: \"0\" is not allowed"},
    {POLICY(" reattest-every = 5\n"), "agent.conf:5: ", "reattest-every: \"5\" has no unit"},
    {POLICY(" reattest-every = 8d\n"), "agent.conf:5: ", "too long: write at most \"7d\""},
    {POLICY(" reattest-grace = 0s\n"), "agent.conf:5: ", "reattest-grace: \"0s\" is no duration"},
    {POLICY(" reattest-grace = 61m\n"), "agent.conf:5: ", "too long: write at most \"1h\""},
    {POLICY(" max-denials = none\n"), "agent.conf:5: ", "max-denials: \"none\" is not allowed"},
    {POLICY(" max-denials = 1001\n"), "agent.conf:5: ", "write a number from 1 to 1000"},
    {POLICY(" max-steps = 0\n"), "agent.conf:5: ", "max-steps: \"0\" is not allowed: write a number from 1 to 1000000"},
    {POLICY(" max-steps = 1000001\n"), "agent.conf:5: ", "max-steps: \"1000001\" is not allowed"},
    {POLICY(" max-steps = 1\n max-steps = 2\n"), "agent.conf:6: ", "max-steps is given twice"},
    {POLICY(" steps-per-minute = 0\n"), "agent.conf:5: ", "write a number from 1 to 600"},
    {POLICY(" steps-per-minute = 601\n"), "agent.conf:5: ", "steps-per-minute: \"601\" is not allowed"},
    {POLICY(" steps-per-minute = 1s\n"), "agent.conf:5: ", "steps-per-minute: \"1s\" is not allowed"},
    {POLICY(" max-delegation = none\n"), "agent.conf:5: ", "write a number from 0 to 8"},
    {POLICY(" max-delegation = 9\n"), "agent.conf:5: ", "max-delegation: \"9\" is not allowed"},
    {POLICY(" max-delegation = \"-1\"\n"), "agent.conf:5: ", "max-delegation: \"-1\" is not allowed"},
    {POLICY(" max-delegation = 1 max-delegation = 1\n"), "agent.conf:5: ", "max-delegation is given twice"},
    {POLICY(" max-risk-low = none\n"), "agent.conf:5: ", "max-risk-low: \"none\" is unknown"},
    {POLICY(" max-risk-medium = 2\n"), "agent.conf:5: ", "max-risk-medium: \"2\" is unknown"},
    {HOST "defaults {\n max-risk-high = High }", "agent.conf:3: ", "max-risk-high: \"High\" is unknown"},
    {POLICY(" abstract-sockets = true\n"), "agent.conf:5: ", "\"true\" is neither: write \"apart\" or \"shared\""},
    {POLICY(" linger = yes\n"), "agent.conf:5: ", "linger: \"yes\" is neither: write true or false"},
    {HOST "defaults { max-session = 30 }", "agent.conf:2: ", "max-session: \"30\" has no unit"},
    {HOST "defaults { max-session = \"30 m\" }", "agent.conf:2: ", "is no duration"},
    {HOST "defaults { max-session = \"0m\" }", "agent.conf:2: ", "is no duration"},
    {HOST "defaults { max-session = \"99999999999d\" }", "agent.conf:2: ", "is no duration"},
    {HOST "defaults { max-lifetime = \"61m\" }", "agent.conf:2: ", "too long: write at most \"1h\""},
    {HOST "defaults { max-logins = 0 }", "agent.conf:2: ", "write a number from 1 to 1000"},
    {HOST "defaults { possession = \"p1\" }", "agent.conf:2: ", "possession: \"p1\" is unknown"},
    /* policy */
    {IDENTITY "policy p { }", "agent.conf:3: ", "policy has no identities"},
    {IDENTITY "policy p { identities = { \"spiffe://e.org/other\" } }",
     "agent.conf:3: ", "policy \"p\" matches no identity"},
    {IDENTITY "policy p { identities = { \"*\" } }", "agent.conf:3: ", "identities: \"*\" is not valid"},
    {POLICY(" issuers = {\n \"i\",\n \"j\" }\n") "issuer j { kind = ssh-ca keys = k trust-domains = \"e.org\" }\n",
     "agent.conf:6: ", "issuers: there is no issuer \"i\": write the name of an issuer section"},
    {POLICY(" issuers = \"\"\n"), "agent.conf:5: ", "issuers: there is no issuer \"\""},
    {POLICY(" issuers = \"*\"\n"), "agent.conf:5: ", "issuers: there is no issuer \"*\""},
    {POLICY(" issuers = { }\n"), "agent.conf:5: ", "issuers: the list is empty"},
    {POLICY(" issuers = i\n issuers = i\n"), "agent.conf:6: ", "issuers is given twice, first at line 5"},
    {POLICY(" principals = { \"a\",\n \"\" }\n"), "agent.conf:6: ", "principals: \"\" is not valid"},
    {POLICY(" principals = { }\n"), "agent.conf:5: ", "principals: the list is empty"},
    {POLICY(" principals = a principals = b\n"), "agent.conf:5: ", "principals is given twice"},
    {POLICY(" requires = \"env=p*\"\n"), "agent.conf:5: ", "requires: \"env=p*\" is not valid: write KEY=VALUE"},
    {POLICY(" requires = \"env=**\"\n"), "agent.conf:5: ", "requires: \"env=**\" is not valid"},
    {POLICY(" requires = \"*=*\"\n"), "agent.conf:5: ", "requires: \"*=*\" is not valid"},
    {POLICY(" requires = \"*\"\n"), "agent.conf:5: ", "requires: \"*\" is not valid"},
    {POLICY(" requires = { \"env=*\", \"a=b\",\n \"env=prod\" }\n"),
     "agent.conf:6: ", "requires: \"env=prod\" has the key of \"env=*\""},
    {POLICY(" requires = \"env=prod\" requires = \"a=b\"\n"), "agent.conf:5: ", "requires is given twice"},
    {HOST "policy p { requires = \"env=prod\" identities = { \"spiffe://e.org/other\" } }",
     "agent.conf:2: ", "matches no identity"}, /* checked also where this host does not meet it */
    {HOST "defaults {\n issuers = i }", "agent.conf:3: ", "unknown key \"issuers\" in defaults"},
    {HOST "defaults {\n principals = a }", "agent.conf:3: ", "unknown key \"principals\" in defaults"},
    {HOST "defaults {\n requires = a }", "agent.conf:3: ", "unknown key \"requires\" in defaults"},
    {POLICY(" login { from = { \"10.0.0.1/8\" } }\n"), "agent.conf:5: ", "from: \"10.0.0.1/8\" is not valid"},
    {POLICY(" login { from = { \"host.example\" } }\n"), "agent.conf:5: ", "from: \"host.example\" is not valid"},
    {SUDO("any-command = true\n from = { \"host.example\" }"), "agent.conf:6: ", "from: \"host.example\" is not valid"},
    {POLICY(" deny-sudo {\n from = { \"10.0.0.0/33\" } }\n"), "agent.conf:6: ", "from: \"10.0.0.0/33\" is not valid"},
    {POLICY(" login { services = { \"../sshd\" } }\n"), "agent.conf:5: ", "services: \"../sshd\" is not valid"},
    {SUDO(""), "agent.conf:5: ", "sudo has no commands"},
    {SUDO("commands = { \"/bin/ls\" }\n any-command = true"), "agent.conf:5: ", "commands and any-command = true"},
    {SUDO("any-command = yes"), "agent.conf:5: ", "write true or false"},
    {SUDO("commands = { \"ls\" }"), "agent.conf:5: ", "not an absolute path"},
    {SUDO("commands = { \"/bin/../bin/ls\" }"), "agent.conf:5: ", "not an absolute path in its plainest form"},
    {SUDO("commands = { \"/bin//ls\" }"), "agent.conf:5: ", "not an absolute path in its plainest form"},
    {SUDO("commands = { \"/bin/*\" }"), "agent.conf:5: ", "not an absolute path in its plainest form"},
    {SUDO("commands = { \"/bin/\" }"), "agent.conf:5: ", "not an absolute path in its plainest form"},
    {SUDO("commands = { \" \" }"), "agent.conf:5: ", "no command"},
    {SUDO("commands = { \"/bin/ls ...\" }"), "agent.conf:5: ", "needs any-arguments = true"},
    {SUDO("commands = { \"/bin/ls ... -l\" } any-arguments = true"), "agent.conf:5: ", "stands as the last word only"},
    {SUDO("commands = { \"/bin/ls\" } any-arguments = true"), "agent.conf:5: ", "no command ends in \"...\""},
    {SUDO("commands = { \"/bin/ls \\\"a\" }"), "agent.conf:5: ", "cannot be written"},
    {SUDO("commands = { \"/bin/ls\" }\n sensitivity = top"), "agent.conf:6: ", "sensitivity: \"top\" is unknown"},
    {SUDO("commands = { \"/bin/ls\" }\n leaves = session"), "agent.conf:6: ", "leaves: \"session\" is unknown"},
    {POLICY(" login {\n sensitivity = 1 }\n"), "agent.conf:6: ", "sensitivity: \"1\" is unknown"},
    {POLICY(" login {\n leaves = service }\n"), "agent.conf:6: ", "unknown key \"leaves\" in login"},
    {POLICY(" deny-login {\n sensitivity = low }\n"), "agent.conf:6: ", "sensitivity: a rule denies at any risk"},
    {POLICY(" deny-sudo {\n sensitivity = low }\n"), "agent.conf:6: ", "sensitivity: a rule denies at any risk"},
    {POLICY(" deny-sudo {\n leaves = service }\n"), "agent.conf:6: ", "leaves: a rule that denies leaves nothing"},
    /* what runs or writes what its caller likes */
    {SUDO("commands = { \"/usr/bin/vim\" }"),
     "agent.conf:5: ", "commands: \"/usr/bin/vim\" can run or write what its caller likes (escapes.list:"},
    {SUDO("commands = { \"/bin/ls\", \"/usr/bin/tar -tf /x\" }"),
     "agent.conf:5: ", "commands: \"/usr/bin/tar -tf ...\" can run"},
    {SUDO("use = { look }") GROUP("\"/usr/bin/tee /x\""), "agent.conf:5: ", "commands: \"/usr/bin/tee /x\" can run"},
    {SUDO("commands = { \"/usr/bin/vim\" }\n escapes = yes"), "agent.conf:6: ", "escapes: \"yes\" is unknown"},
    {SUDO("commands = { \"/bin/ls\" }\n may-exec = yes"), "agent.conf:6: ", "may-exec: \"yes\" is neither"},
    {POLICY(" deny-sudo {\n escapes = accepted }\n"), "agent.conf:6: ", "escapes: a rule that denies accepts nothing"},
    {POLICY(" deny-sudo {\n may-exec = true }\n"), "agent.conf:6: ", "may-exec: a rule that denies starts nothing"},
    {SUDO("commands = { \"/bin/ls\" }\n intercept = yes"), "agent.conf:6: ", "intercept: \"yes\" is neither"},
    {POLICY(" deny-sudo {\n intercept = true }\n"), "agent.conf:6: ", "intercept: a rule that denies starts nothing"},
    {POLICY(" login {\n intercept = true }\n"), "agent.conf:6: ", "unknown key \"intercept\" in login"},
    {SUDO("commands = { \"/bin/ls\" }\n intercept = true\n intercept = true"), "agent.conf:7: ", "intercept"},
    {SUDO("commands = { \"/bin/ls\" } may-exec = true\n intercept = true"),
     "agent.conf:6: ", "intercept: may-exec = true asks nobody: write one of them"},
    {SUDO("commands = { \"/bin/ls\" } leaves = service\n intercept = true"),
     "agent.conf:6: ", "intercept: sudo answers as long as the command runs"},
    {"host {\n id = \"spiffe://e.org/host/h\"\n sudo-approval = argv }\n"
     "identity a { id = \"spiffe://e.org/agent/a\" }\npolicy p { identities = \"spiffe://e.org/agent/a\"\n"
     "sudo { commands = { \"/bin/ls\" } intercept = true } }\n",
     "agent.conf:6: ", "intercept: with sudo-approval = \"argv\" in host, sudo asks no plug-in"},
    /* windows */
    {SUDO("any-command = true\n window = \"fri\""), "agent.conf:6: ", "window: \"fri\" is none: write \"DAY HH:MM-DAY"},
    {SUDO("any-command = true\n window = \"08:00-17:00\""), "agent.conf:6: ", "window: \"08:00-17:00\" is none"},
    {SUDO("any-command = true\n window = { \"08:00-17:00 UTC\",\n \"8-17 UTC\" }"),
     "agent.conf:7: ", "window: \"8-17 UTC\" is none"},
    {SUDO("any-command = true\n window = { }"), "agent.conf:6: ", "window: the list is empty"},
    {POLICY(" login {\n window = \"08:00-17:00 Europe/Berln\" }\n"),
     "agent.conf:6: ", "window: there is no time zone \"Europe/Berln\" in /usr/share/zoneinfo"},
    {POLICY(" deny-login {\n window = \"08:00-17:00 ../../../etc/localtime\" }\n"),
     "agent.conf:6: ", "there is no time zone \"../../../etc/localtime\""},
    {POLICY(" deny-sudo {\n window = \"08:00-17:00 Europe\" }\n"),
     "agent.conf:6: ", "there is no time zone \"Europe\""},
    {POLICY(" window = \"08:00-17:00 UTC\"\n"), "agent.conf:5: ", "unknown key \"window\" in policy"},
    /* groups of commands */
    {HOST "commands {\n list = { \"/bin/ls\" } }", "agent.conf:2: ", "commands has no name: write commands \"NAME\""},
    {HOST "commands look {\n list = { } }", "agent.conf:3: ", "list: the list is empty"},
    {HOST "commands look { }", "agent.conf:2: ", "commands has no list: write list = { \"/path word ...\" }"},
    {HOST "commands look {\n commands = { \"/bin/ls\" } }", "agent.conf:3: ", "unknown key \"commands\" in commands"},
    {HOST GROUP("\"/bin/ls\"") GROUP("\"/bin/ls\""),
     "agent.conf:4: ", "commands \"look\" is there already, at $/agent.conf:2"},
    {HOST GROUP("\"/bin/ls\",\n \"ls\""), "agent.conf:4: ", "list: \"ls\": not an absolute path"},
    {HOST GROUP("\"/bin/ls ... -l\""), "agent.conf:3: ", "stands as the last word only"},
    {HOST GROUP("\"/bin/ls\""), "agent.conf:2: ", "commands \"look\": no rule uses it"},
    {SUDO("\n use = { look }"), "agent.conf:6: ", "use: there is no commands \"look\""},
    {SUDO("\n use = { }"), "agent.conf:6: ", "use: the list is empty"},
    {SUDO("use = { look,\n see }") GROUP("\"/bin/ls\""), "agent.conf:6: ", "use: there is no commands \"see\""},
    {SUDO("use = { look } any-command = true") GROUP("\"/bin/ls\""),
     "agent.conf:5: ", "sudo has use and any-command = true"},
    {SUDO("\n use = { look }") GROUP("\"/bin/ls ...\""),
     "agent.conf:6: ", "use: a command of \"look\" ends in \"...\", which needs any-arguments = true"},
    {SUDO("use = { look } any-arguments = true") GROUP("\"/bin/ls\""), "agent.conf:5: ", "no command ends in \"...\""},
    {POLICY(" login {\n use = { look } }\n"), "agent.conf:6: ", "unknown key \"use\" in login"},
    {SUDO("commands = { \"/bin/ls\" } run-as = \"ALL\""), "agent.conf:5: ", "run-as: \"ALL\" is not valid"},
    {SUDO("commands = { \"/bin/ls\" } run-as = \"#0\""), "agent.conf:5: ", "run-as: \"#0\" is not valid"},
    {SUDO("commands = { \"/bin/ls\" } run-as = { \"root\", \"agent-a\" }"), "agent.conf:5: ", "is an agent's account"},
    {HOST
     "identity a { id = \"spiffe://e.org/a\" slots = 3 }\npolicy p { identities = { \"spiffe://e.org/a\" }\n sudo { "
     "any-command = true run-as = \"a-3\" } }",
     "agent.conf:4: ", "run-as: \"a-3\" is an agent's account"},
    {SUDO("commands = { \"/bin/ls\" }\n run-as-group = \"#4\""), "agent.conf:6: ", "run-as-group: \"#4\" is not valid"},
    {SUDO("commands = { \"/bin/ls\" }\n run-as-group = { }"), "agent.conf:6: ", "run-as-group: the list is empty"},
    {SUDO("commands = { \"/bin/ls\" } run-as-group = { \"adm\", \"agent-a\" }"),
     "agent.conf:5: ", "run-as-group: \"agent-a\" is an agent's own group"},
    {POLICY(" login {\n run-as-group = adm }\n"), "agent.conf:6: ", "unknown key \"run-as-group\" in login"},
};

START_TEST(test_mistake)
{
    char *told = problems_of(mistakes[_i].text, strlen(mistakes[_i].text)), wanted[64], *line;

    snprintf(wanted, sizeof wanted, "$/%s", mistakes[_i].line);
    line = strstr(told, wanted);
    ck_assert_msg(line && strcspn(line, "\n") > 0, "not told at %s of\n%s\nbut: %s", wanted, mistakes[_i].text, told);
    for (; line; line = strstr(line + 1, wanted)) {
        char *end = strchr(line, '\n'), *says = strstr(line, mistakes[_i].says);

        if (says && says < end)
            break;
    }
    ck_assert_msg(line, "\"%s\" is not told at %s of\n%s\nbut: %s", mistakes[_i].says, wanted, mistakes[_i].text, told);
    free(told);
}
END_TEST

START_TEST(test_every_problem_is_told)
{
    static const char text[] = "host { id = \"x\" colour = \"red\" }\n"
                               "identity Bad { id = \"y\" }\n"
                               "defaults {\n max-session = 5\n max-session = 6\n mode = on\n}\n"
                               "policy p { sudo { } login { from = \"z\" } }\n";
    char *told = problems_of(text, strlen(text));
    size_t lines = 0;

    for (const char *at = told; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_msg(lines == 10, "%s", told);
    free(told);
}
END_TEST

static struct config *read_good(const char *text)
{
    struct problems problems = {0};
    struct config *config = NULL;

    put_text("agent.conf", text);
    if (config_read(dir, &config, &problems) < 0)
        problems_print(&problems, stderr);
    ck_assert_uint_eq(problems.count, 0);
    return config;
}

START_TEST(test_good)
{
    struct config *config;
    const struct rule *rule;

    put_text("conf.d/10-b.conf", "policy b {\n identities = \"spiffe://e.org/agent/*\"\n max-session = 2h }");
    put_text("conf.d/02-a.conf", "# first\n\ndefaults { possession = signed max-logins = 3 }");
    put_text("conf.d/note.txt", "hello");
    config = read_good(ISSUER(
        " trust-domains = { \"e.org\", \"f.org\" } // two\n") "identity agent-a /* here */ {\n"
                                                              "  id = \"spiffe://e.org/agent/a\"\n}\n"
                                                              "policy \"a policy\" {\n identities = { "
                                                              "\"spiffe://e.org/agent/a\" } purposes = { \"x y\", # "
                                                              "one\n \"z-*\" }\n"
                                                              " deny-sudo { }\n login { from = \"10.0.0.0/8\" }\n"
                                                              " sudo {\n  run-as = { \"root\", \"www-data\" } "
                                                              "run-as-group = adm\n  "
                                                              "commands = { \"/bin/ls  -l   *\", \"/bin/cat ...\" } \n"
                                                              "  any-arguments = true\n }\n sudo { any-command = "
                                                              "\"true\" } }\n");
    ck_assert_str_eq(config->host.id, "spiffe://e.org/host/a");
    ck_assert_uint_eq(config->host.uid_min, 70000);
    ck_assert_uint_eq(config->host.uid_max, 99999);
    ck_assert_str_eq(config->host.home_prefix, "/var/lib/agents");
    ck_assert_uint_eq(config->issuer_count, 1);
    ck_assert_uint_eq(config->issuers[0].max_lifetime, 900);
    ck_assert_uint_eq(config->issuers[0].trust_domains.count, 2);
    ck_assert_uint_eq(config->identity_count, 1);
    ck_assert_str_eq(config->identities[0].account, "agent-a");
    ck_assert_uint_eq(config->identities[0].place.line, 8);
    ck_assert_int_eq(config->defaults.limits.possession, POSSESSION_SIGNED);
    ck_assert_uint_eq(config->defaults.limits.max_logins, 3);
    ck_assert_uint_eq(config->policy_count, 2);
    ck_assert_str_eq(config->policies[0].name, "a policy");
    ck_assert_uint_eq(config->policies[0].purposes.count, 2);
    ck_assert_uint_eq(config->policies[0].rule_count, 4);
    ck_assert_uint_eq(config->policies[1].limits.max_session, 7200);
    ck_assert_ptr_nonnull(strstr(config->policies[1].where, "/conf.d/10-b.conf:1"));
    rule = &config->policies[0].rules[1];
    ck_assert_int_eq(rule->kind, RULE_ALLOW_SUDO);
    ck_assert_ptr_nonnull(strstr(rule->where, "/agent.conf:16"));
    ck_assert_uint_eq(rule->run_as.count, 2);
    ck_assert_uint_eq(rule->run_as_groups.count, 1);
    ck_assert_str_eq(rule->run_as_groups.items[0], "adm");
    ck_assert_uint_eq(rule->command_count, 2);
    ck_assert_uint_eq(rule->commands[0].words.count, 3);
    ck_assert_str_eq(rule->commands[0].words.items[2], "*");
    ck_assert_int_eq(rule->commands[0].any_arguments, 0);
    ck_assert_uint_eq(rule->commands[1].words.count, 1);
    ck_assert_int_eq(rule->commands[1].any_arguments, 1);
    config_free(config);
}
END_TEST

START_TEST(test_good_live)
{
    struct config *config = read_good(
        "host { id = \"spiffe://e.org/host/a\" sensitivity = high keep-home = 12h }\n"
        "identity a { id = \"spiffe://e.org/a\" slots = 3 home = keep groups = { adm, \"www-data\" } }\n"
        "identity b { id = \"spiffe://e.org/b\" home = task keep-home = 36h human-use = true unattended = { atd, cron, "
        "atd } delegates = { \"spiffe://e.org/a\", "
        "\"spiffe://e.org/x/*\" "
        "} }\n"
        "defaults { max-delegation = 0 linger = false mode = observe abstract-sockets = shared max-risk-low = low }\n"
        "policy p { identities = { \"spiffe://e.org/*\" } max-sessions = 64 reattest-every = 5m reattest-grace = 30s\n"
        " max-denials = 3 max-risk-low = high max-risk-medium = medium max-risk-high = low linger = true "
        "abstract-sockets = apart mode = enforce max-delegation = 8 max-steps = 1000000 steps-per-minute = 600\n"
        " login { sensitivity = low } sudo { any-command = true sensitivity = high leaves = service } }\n"
        "policy q { identities = { \"spiffe://e.org/*\" } }\n");
    static const char *const accounts[] = {"a", "a-2", "a-3", "b"};
    const struct limits *limits = &config->policies[0].limits;

    ck_assert_int_eq(config->host.sensitivity, LEVEL_HIGH);
    ck_assert_uint_eq(config->host.keep_home, 12 * 3600);
    ck_assert_uint_eq(config->identity_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_str_eq(config->identities[i].account, accounts[i]);
        ck_assert_uint_eq(config->identities[i].slot, i < 3 ? i + 1 : 1);
        ck_assert_int_eq(config->identities[i].keep_home, i < 3);
        ck_assert_str_eq(config->identities[i].id, i < 3 ? "spiffe://e.org/a" : "spiffe://e.org/b");
        ck_assert_uint_eq(config->identities[i].place.line, i < 3 ? 2 : 3);
        ck_assert_uint_eq(config->identities[i].keep_seconds, i < 3 ? 0 : 36 * 3600);
        ck_assert_int_eq(config->identities[i].human_use, i == 3);
        ck_assert_uint_eq(config->identities[i].unattended, i < 3 ? 0 : unattended_bit("cron") | unattended_bit("atd"));
        ck_assert_uint_eq(config->identities[i].group_count, i < 3 ? 2 : 0);
    }
    ck_assert_str_eq(config->identities[2].groups[1].title, "www-data");
    ck_assert_uint_eq(config->identities[2].groups[1].place.line, 2);
    ck_assert_uint_eq(limits->max_sessions, 64);
    ck_assert_uint_eq(limits->reattest_every, 300);
    ck_assert_uint_eq(limits->reattest_grace, 30);
    ck_assert_uint_eq(limits->max_denials, 3);
    ck_assert_uint_eq(limits->max_chain, 9);
    ck_assert_uint_eq(limits->max_steps, 1000000);
    ck_assert_uint_eq(limits->steps_per_minute, 600);
    ck_assert_uint_eq(config->policies[1].limits.max_steps, 0);
    ck_assert_uint_eq(config->policies[1].limits.steps_per_minute, 0);
    ck_assert_uint_eq(config->defaults.limits.max_chain, 1);
    ck_assert_uint_eq(config->policies[1].limits.max_chain, 0);
    ck_assert_int_eq(limits->max_risk[LEVEL_LOW], LEVEL_HIGH);
    ck_assert_int_eq(limits->max_risk[LEVEL_MEDIUM], LEVEL_MEDIUM);
    ck_assert_int_eq(limits->max_risk[LEVEL_HIGH], LEVEL_LOW);
    ck_assert_int_eq(limits->linger, LINGER_YES);
    ck_assert_int_eq(config->defaults.limits.linger, LINGER_NO);
    ck_assert_int_eq(limits->sockets, SOCKETS_APART);
    ck_assert_int_eq(limits->mode, MODE_ENFORCE);
    ck_assert_uint_eq(config->identities[0].delegates.count, 0);
    ck_assert_uint_eq(config->identities[3].delegates.count, 2);
    ck_assert_str_eq(config->identities[3].delegates.items[1], "spiffe://e.org/x/*");
    ck_assert_int_eq(config->defaults.limits.sockets, SOCKETS_SHARED);
    ck_assert_int_eq(config->defaults.limits.mode, MODE_OBSERVE);
    ck_assert_int_eq(config->host.mode, MODE_ENFORCE);
    ck_assert_int_eq(config->defaults.limits.max_risk[LEVEL_LOW], LEVEL_LOW);
    ck_assert_int_eq(config->policies[1].limits.linger, LINGER_UNSET);
    ck_assert_int_eq(config->policies[1].limits.max_risk[LEVEL_HIGH], LEVEL_UNSET);
    ck_assert_int_eq(config->policies[0].rules[0].sensitivity, LEVEL_LOW);
    ck_assert_int_eq(config->policies[0].rules[0].leaves_service, 0);
    ck_assert_int_eq(config->policies[0].rules[1].sensitivity, LEVEL_HIGH);
    ck_assert_int_eq(config->policies[0].rules[1].leaves_service, 1);
    config_free(config);
    config = read_good(HOST);
    ck_assert_int_eq(config->host.sensitivity, LEVEL_LOW);
    ck_assert_uint_eq(config->host.keep_home, 7 * 86400);
    config_free(config);
}
END_TEST

/* The commands of a rule as one text. */
static const char *commands_of(const struct rule *rule)
{
    static char text[256];

    text[0] = '\0';
    for (size_t i = 0; i < rule->command_count; i++) {
        for (size_t j = 0; j < rule->commands[i].words.count; j++)
            strcat(strcat(text, j ? " " : i ? "|" : ""), rule->commands[i].words.items[j]);
        strcat(text, rule->commands[i].any_arguments ? " ..." : "");
    }
    return text;
}

/* They may stand in any file, before their use or after it. */
START_TEST(test_good_groups)
{
    struct config *config;
    const struct rule *rules;

    put_text("conf.d/10-b.conf", "commands see { list = { \"/bin/cat a\", \"/bin/ls ...\" } }\n"
                                 "policy q { identities = \"spiffe://e.org/agent/a\"\n"
                                 " deny-sudo { use = look from = { \"192.0.2.1\", \"2001:db8::/32\" } } }");
    config =
        read_good(GROUP("\"/bin/id\"") POLICY(" sudo { use = { look } }\n"
                                              " sudo { commands = { \"/bin/true\" } use = { see, look } any-arguments "
                                              "= true }\n sudo { commands = { \"/bin/ls ...\" } use = { look } "
                                              "any-arguments = true }\n"));
    rules = config->policies[0].rules;
    ck_assert_str_eq(commands_of(&rules[0]), "/bin/id");
    ck_assert_str_eq(commands_of(&rules[1]), "/bin/true|/bin/cat a|/bin/ls ...|/bin/id");
    ck_assert_str_eq(commands_of(&rules[2]), "/bin/ls ...|/bin/id");
    ck_assert_int_eq(config->policies[1].rules[0].kind, RULE_DENY_SUDO);
    ck_assert_str_eq(commands_of(&config->policies[1].rules[0]), "/bin/id");
    ck_assert_uint_eq(config->policies[1].rules[0].from.count, 2);
    ck_assert_str_eq(config->policies[1].rules[0].from.items[1], "2001:db8::/32");
    config_free(config);
}
END_TEST

START_TEST(test_good_windows)
{
    struct config *config = read_good(POLICY(" login { window = \"fri 16:00-mon 06:00 Europe/Berlin\" }\n"
                                             " deny-login { window = \"mon-fri 08:00-17:00 UTC\" }\n"
                                             " sudo { any-command = true window = { \"sat 08:00-24:00 Europe/Berlin\", "
                                             "\"08:00-17:00 Asia/Kathmandu\" } }\n deny-sudo { }\n"));
    const struct rule *rules = config->policies[0].rules;

    ck_assert_uint_eq(config->zone_count, 3); /* each is read once */
    ck_assert_int_eq(rules[0].kind, RULE_ALLOW_LOGIN);
    ck_assert_uint_eq(rules[0].window_count, 1);
    ck_assert_uint_eq(rules[0].windows[0].length, 62 * 60);
    ck_assert_str_eq(rules[0].windows[0].zone->name, "Europe/Berlin");
    ck_assert_uint_gt(rules[0].windows[0].zone->offset_count, 20);
    ck_assert_int_eq(rules[1].kind, RULE_ALLOW_SUDO);
    ck_assert_uint_eq(rules[1].window_count, 2);
    ck_assert_ptr_eq(rules[1].windows[0].zone, rules[0].windows[0].zone);
    ck_assert_str_eq(rules[1].windows[1].zone->name, "Asia/Kathmandu");
    ck_assert_int_eq(rules[2].kind, RULE_DENY_LOGIN);
    ck_assert_str_eq(rules[2].windows[0].text, "mon-fri 08:00-17:00 UTC");
    ck_assert_int_eq(rules[3].kind, RULE_DENY_SUDO);
    ck_assert_uint_eq(rules[3].window_count, 0);
    config_free(config);
}
END_TEST

#define MANY_LABELS \
    LABELS("{ \"env=prod\", \"en=x\", \"envi=x\", \"a.b_c-d=E.f_g-9\", \"" BYTES_43 BYTES_43 "=" BYTES_43 BYTES_43 \
           "\" }")

static const struct {
    const char *requires;
    int here;
} requirements[] = {
    {"", 1},
    {"requires = \"env=prod\"", 1},
    {"requires = \"env=*\"", 1},
    {"requires = { \"env=prod\", \"en=*\", \"envi=x\" }", 1},
    {"requires = { \"a.b_c-d=E.f_g-9\" }", 1},
    {"requires = { \"" BYTES_43 BYTES_43 "=*\" }", 1},
    {"requires = { \"env=prod\", \"team=web\" }", 0}, /* each must hold */
    {"requires = \"env=pro\"", 0},
    {"requires = \"env=prods\"", 0},
    {"requires = \"Env=prod\"", 0},
    {"requires = \"e=*\"", 0},
    {"requires = \"environ=*\"", 0},
};

START_TEST(test_requirements)
{
    struct config *config;
    char text[2048];

    snprintf(text, sizeof text,
             MANY_LABELS "identity a { id = \"spiffe://e.org/a\" }\n"
                         "policy p { identities = { \"spiffe://e.org/a\" } %s }\n",
             requirements[_i].requires);
    config = read_good(text);
    ck_assert_uint_eq(config->host.labels.count, 5);
    ck_assert_int_eq(policy_is_here(config, 0), requirements[_i].here);
    config_free(config);
    snprintf(text, sizeof text, IDENTITY "policy p { identities = { \"spiffe://e.org/agent/a\" } %s }\n",
             requirements[_i].requires);
    config = read_good(text);
    ck_assert_int_eq(policy_is_here(config, 0), requirements[_i].requires[0] == '\0'); /* no labels meet nothing else */
    config_free(config);
}
END_TEST

START_TEST(test_good_conditions)
{
    struct config *config;

    put_text("conf.d/a.conf", "issuer late { kind = ssh-ca keys = k trust-domains = \"e.org\" }\n");
    config = read_good(
        POLICY(" issuers = { late, \"i\" }\n principals = { \"*@e.org\", bob }\n") "issuer i { kind = aat iss = "
                                                                                   "\"https://e.org\" keys = k "
                                                                                   "trust-domains = \"e.org\" }\n");
    ck_assert_uint_eq(config->policies[0].issuers.count, 2);
    ck_assert_str_eq(config->policies[0].issuers.items[0], "late");
    ck_assert_str_eq(config->policies[0].issuers.items[1], "i");
    ck_assert_uint_eq(config->policies[0].principals.count, 2);
    ck_assert_str_eq(config->policies[0].principals.items[0], "*@e.org");
    config_free(config);
}
END_TEST

/* A title given in one file and again in another. */
START_TEST(test_duplicate_across_files)
{
    char *told;

    put_text("conf.d/a.conf", "\nidentity agent-a { id = \"spiffe://e.org/x\" }\n");
    told = problems_of(IDENTITY, strlen(IDENTITY));
    ck_assert_str_eq(
        told, "$/conf.d/a.conf:2: identity \"agent-a\" is there already, at $/agent.conf:2: give it another name or "
              "remove one\n");
    free(told);
}
END_TEST

static const struct {
    const char *what, *says;
} bad_files[] = {
    {"chmod 664 agent.conf", "$/agent.conf: not a regular file that root owns"},
    {"chown 1 agent.conf", "$/agent.conf: not a regular file that root owns"},
    {"rm agent.conf; ln -s /dev/null agent.conf", "$/agent.conf: a symbolic link"},
    {"rm agent.conf; mkfifo agent.conf", "$/agent.conf: not a regular file"},
    {"rm agent.conf; mkdir agent.conf", "$/agent.conf: not a regular file"},
    {"rm agent.conf", "$/agent.conf: No such file"},
    {"touch conf.d/x.conf; chown 1 conf.d/x.conf", "$/conf.d/x.conf: not a regular file that root owns"},
    {"chmod 777 conf.d", "$/conf.d: not a directory that root owns"},
    {"chmod 777 .", "$: not a directory that root owns"},
    {"truncate -s 1048577 agent.conf", "$/agent.conf: larger than 1 MiB"},
    {"head -c 1048576 /dev/zero > agent.conf", "$/agent.conf:1: a NUL byte"},
};

START_TEST(test_bad_file)
{
    char command[256], *told, path[96];
    struct problems problems = {0};
    struct config *config;

    put_text("agent.conf", HOST);
    snprintf(command, sizeof command, "cd '%s' && (%s)", dir, bad_files[_i].what);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_lt(config_read(dir, &config, &problems), 0);
    ck_assert_uint_ge(problems.count, 1);
    snprintf(path, sizeof path, "%s%s", dir, bad_files[_i].says + 1);
    told = problems.texts[0];
    ck_assert_msg(strncmp(told, path, strlen(path)) == 0, "%s", told);
    problems_clear(&problems);
}
END_TEST

/* Whatever is in the file: an answer, and soon. */
START_TEST(test_hostile)
{
    size_t len = (1 << 20) - 1;
    char *text = malloc(len + 1);

    static const char *const units[] = {
        "{",  "}",  "host {",     "policy p {", "a {", "\"", "a = {", "#",    "/*", "identity a { }", "\\", "a = ", "a",
        "\n", "${", "\xff\xfe\n", "a=b ",       "(",   "=",  "+=",    "\\\"", ",",  "policy \"",      "//", "é = ",
    };

    for (size_t at = 0, unit = strlen(units[_i]); at < len; at++)
        text[at] = units[_i][at % unit];
    text[len] = '\0';
    if (strcmp(units[_i], "identity a { }") == 0)
        len = 14 * 20000; /* each is a problem of its own */
    text[len] = '\0';
    free(problems_of(text, len));
    free(text);
}
END_TEST

START_TEST(test_nested_braces)
{
    char text[20000 + 200] = HOST "x ";
    char *told;

    memset(text + strlen(text), '{', 10000);
    memset(text + strlen(text), '}', 10000);
    told = problems_of(text, strlen(text));
    ck_assert_msg(strncmp(told, "$/agent.conf:2: unknown key \"x\"", 30) == 0, "%s", told);
    free(told);
}
END_TEST

START_TEST(test_random_bytes)
{
    static const char good[] = SUDO("commands = { \"/bin/ls -l\" } run-as = \"root\"");
    char text[sizeof good];

    srand(1);
    for (int round = 0; round < 3000; round++) {
        memcpy(text, good, sizeof good);
        for (int i = 0; i < 1 + round % 4; i++)
            text[(size_t)rand() % (sizeof good - 1)] =
                (char)(round % 3 ? "{}\"=,#/\\\n a0$"[rand() % 13] : rand() % 256);
        free(problems_of(text, sizeof good - 1));
    }
}
END_TEST

/* A lie about what stands where: an escape in what we make of a file must not reach the terminal. */
/* libconfuse is given a long file piece by piece: nothing of it is lost, and each thing stands at its line. */
START_TEST(test_long_file)
{
    static char text[1 << 16];
    struct problems problems = {0};
    struct config *config = NULL;
    char *told, *at = text + sprintf(text, "# a\n" HOST GROUP("\"/bin/id\""));

    for (int i = 0; i < 200; i++) /* from line 6, three each; every tenth after a comment of two */
        at += sprintf(at,
                      "%sidentity a%d { id = \"spiffe://e.org/agent/a%d\"\n }\npolicy p%d { identities = { "
                      "\"spiffe://e.org/agent/*\" } sudo { use = look } }\n",
                      i % 10 == 9 ? "/* a {\n */" : "", i, i, i);
    put("agent.conf", text, strlen(text));
    ck_assert_int_eq(config_read(dir, &config, &problems), 0);
    ck_assert_uint_eq(config->identity_count, 200);
    ck_assert_uint_eq(config->policy_count, 200);
    for (unsigned i = 0; i < 200; i++) {
        unsigned line = 5 + 3 * i + (i + 1) / 10;
        char account[16], where[128];

        snprintf(account, sizeof account, "a%u", i);
        ck_assert_str_eq(config->identities[i].account, account);
        ck_assert_uint_eq(config->identities[i].place.line, line);
        snprintf(where, sizeof where, "%s/agent.conf:%u", dir, line + 2);
        ck_assert_str_eq(config->policies[i].rules[0].where, where);
        ck_assert_uint_eq(config->policies[i].rules[0].command_count, 1);
    }
    config_free(config);
    strcpy(at, "identity b {\n id = x\n }\n");
    told = problems_of(text, strlen(text));
    ck_assert_str_eq(told, "$/agent.conf:626: id: \"x\" is no SPIFFE ID: write one, as in "
                           "\"spiffe://example.org/agent/deploy\", or \"/*\" at its end for all below\n");
    free(told);
}
END_TEST

START_TEST(test_problems_are_printable)
{
    static const char text[] = HOST "identity \"a\x1b[31m\" { id = \"spiffe://e.org/a\" }";
    char *told = problems_of(text, strlen(text));

    ck_assert_ptr_null(strchr(told, '\x1b'));
    free(told);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, test_mistake, 0, (int)COUNT_OF(mistakes));
    tcase_add_test(tests, test_every_problem_is_told);
    tcase_add_test(tests, test_good);
    tcase_add_test(tests, test_good_live);
    tcase_add_test(tests, test_good_groups);
    tcase_add_test(tests, test_good_windows);
    tcase_add_test(tests, test_good_conditions);
    tcase_add_loop_test(tests, test_requirements, 0, (int)COUNT_OF(requirements));
    tcase_add_test(tests, test_duplicate_across_files);
    tcase_add_loop_test(tests, test_bad_file, 0, (int)COUNT_OF(bad_files));
    tcase_add_loop_test(tests, test_hostile, 0, 25);
    tcase_add_test(tests, test_nested_braces);
    tcase_add_test(tests, test_random_bytes);
    tcase_add_test(tests, test_long_file);
    tcase_add_test(tests, test_problems_are_printable);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
