/* explain: what would be decided of a step that nobody takes, and why. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/arguments.h"
#include "agentctl/explain.h"
#include "agentctl/inputs.h"
#include "agentctl/issuers.h"
#include "agentctl/say.h"
#include "agentctl/suppose.h"
#include "agentctl/verbs.h"
#include "agentctl/verification.h"
#include "ask/who.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/names.h"
#include "core/paths.h"
#include "core/text.h"
#include "judge/actor.h"
#include "judge/gather.h"
#include "judge/policy_store.h"
#include "judge/task.h"
#include "trust/anchors.h"

#define OPTIONS_MAX 32

struct asking {
    struct supposed said;
    const char *credential; /* file; NULL: none */
    int json;
    struct arena arena;
    struct identity account;
    struct grant grant;
    struct facts facts;
    struct policy_set policies;
};

static int usage(const char *text)
{
    complain("%s", text);
    return EXIT_USAGE;
}

/* --- what is asked --- */

static void list_options(struct option *options)
{
    size_t count = 0;

    for (; supposed_keys[count]; count++)
        options[count] = (struct option){supposed_keys[count], required_argument, NULL, 's'};
    options[count++] = (struct option){"credential", required_argument, NULL, 'c'};
    options[count] = (struct option){"json", no_argument, NULL, 'j'};
}

static int take_option(struct asking *asking, int c, const char *key)
{
    const char *mend;

    switch (c) {
    case 's':
        mend = supposed_take(&asking->said, key, optarg);
        if (mend)
            complain("--%s: write %s", key, mend);
        return mend ? EXIT_USAGE : 0;
    case 'c':
        asking->credential = optarg;
        return 0;
    case 'j':
        asking->json = 1;
        return 0;
    default:
        return EXIT_USAGE; /* getopt has said it */
    }
}

static int check(const struct asking *asking)
{
    const struct supposed *said = &asking->said;
    const char *problem = supposed_problem(said);

    if (problem)
        return usage(problem);
    if (asking->credential && (said->identity || said->purpose || said->task || said->issuer || said->principal ||
                               said->delegator || said->sensitivity != LEVEL_UNSET))
        return usage("the credential says itself whose it is, by whom, for whom and what for");
    return 0;
}

static int take_options(int argc, char **argv, struct asking *asking)
{
    struct option options[OPTIONS_MAX] = {{0}};
    int c, at, status = 0;

    list_options(options);
    supposed_begin(&asking->said);
    optind = 0;
    while (status == 0 && (c = getopt_long(argc, argv, "", options, &at)) != -1)
        status = take_option(asking, c, c == 's' ? options[at].name : "");
    if (status)
        return status;
    if (optind < argc)
        return usage("no argument is expected");
    if (asking->said.at < 0)
        asking->said.at = clock_wall_seconds();
    return check(asking);
}

/* --- whose grant --- */

static const struct issuer *find_issuer(const struct anchors *anchors, const char *wanted)
{
    for (size_t i = 0; i < anchors->issuer_count; i++)
        if (strcmp(anchors->issuers[i]->name, wanted) == 0 || strcmp(anchors->issuers[i]->iss, wanted) == 0)
            return anchors->issuers[i];
    return NULL;
}

/* The one that there is, by whatever names; NULL. */
static const char *only_iss(const struct anchors *anchors)
{
    for (size_t i = 1; i < anchors->issuer_count; i++)
        if (strcmp(anchors->issuers[i]->iss, anchors->issuers[0]->iss) != 0)
            return NULL;
    return anchors->issuer_count ? anchors->issuers[0]->iss : NULL;
}

/* A task is its issuer's. 0, or the exit status, and it is said. */
static int name_issuer(const struct supposed *said, struct grant *grant)
{
    CLEANUP(anchors_freep) struct anchors *anchors = NULL;
    const struct issuer *issuer;
    struct issuers known;
    const char *wanted;
    int r = anchors_load(&anchors);

    if (r < 0) {
        complain("the trust anchors of this host cannot be read (%s): run `agentctl apply`", strerror(-r));
        return EXIT_PART;
    }
    wanted = said->issuer ? said->issuer
             : said->task ? issuers_choose(&known, LINK_TASK, said->task)
                          : only_iss(anchors);
    if (!wanted)
        return said->task ? EXIT_USAGE : 0;
    issuer = find_issuer(anchors, wanted);
    if (!issuer)
        return usage("--issuer: no issuer of agent.conf has this name or iss");
    return text_copy(grant->issuer, sizeof grant->issuer, issuer->name) < 0 ||
                   text_copy(grant->iss, sizeof grant->iss, issuer->iss) < 0
               ? EXIT_PART
               : 0;
}

/* *ret_reason: of an identity that this account is not for. */
static int suppose_credential(struct asking *asking, enum reason *ret_reason)
{
    struct supposed *said = &asking->said;
    struct grant *grant = &asking->grant;
    int status;

    if (!said->identity && !spiffe_id_valid(asking->account.id))
        return usage(
            "--identity is needed: the account is for every agent below a SPIFFE ID, so say whose credential it is");
    if (!said->identity)
        said->identity = asking->account.id;
    if (suppose_grant(said, grant) < 0)
        return EXIT_PART;
    status = name_issuer(said, grant);
    if (status)
        return status;
    *ret_reason = actor_itself(&asking->account, said->identity);
    if (*ret_reason != REASON_PERMIT || !said->delegator)
        return 0;
    grant->ancestor_count = 0;
    strcpy(grant->identity, said->delegator);
    *ret_reason = actor_delegatee(&asking->account, "", grant);
    return 0;
}

static enum possession possession_of(const struct asking *asking)
{
    if (!asking->grant.key[0])
        return POSSESSION_BEARER;
    return asking->said.possession == POSSESSION_UNSET ? POSSESSION_CHANNEL : asking->said.possession;
}

static enum reason take_grant(struct asking *asking, const struct credential *credential)
{
    struct grant *grant = &asking->grant;
    enum reason reason = verification_grant(credential, grant);

    if (reason != REASON_PERMIT)
        return reason;
    reason = verification_is_delegated(credential)
                 ? actor_delegatee(&asking->account, verification_delegatee(credential), grant)
                 : actor_itself(&asking->account, grant->identity);
    strcpy(grant->account, asking->account.account);
    grant->possession = possession_of(asking);
    return reason;
}

static int read_credential(struct asking *asking, enum reason *ret_reason, const char **ret_detail)
{
    static char token[CREDENTIAL_MAX + 8];
    struct verification found;
    size_t len;

    if (input_credential(asking->credential, token, sizeof token, &len) < 0 ||
        verification_make(token, len, asking->said.account, asking->said.at, &found) < 0)
        return EXIT_PART;
    *ret_reason = found.reason;
    if (found.reason == REASON_PERMIT)
        *ret_reason = take_grant(asking, found.credential);
    else
        *ret_detail = found.detail;
    credential_free(found.credential);
    return 0;
}

/* --- what this host knows --- */

static int cannot(const char *what, int r)
{
    complain("%s cannot be read (%s): run `agentctl apply`", what, strerror(-r));
    return EXIT_PART;
}

static int add_state(struct asking *asking)
{
    struct facts *facts = &asking->facts;
    struct host_policy host;
    int r = standing_of(&asking->grant, facts->now, &facts->standing);

    if (r == 0 && asking->credential && facts->step == STEP_LOGIN)
        r = replay_logins(&asking->grant, &facts->logins);
    if (r < 0) {
        complain("the state of this host cannot be read: %s", strerror(-r));
        return EXIT_PART;
    }
    r = policy_host(&host);
    if (r < 0)
        return cannot("policy.cdb", r);
    facts->sensitivity = host.sensitivity;
    facts->observe = host.mode == MODE_OBSERVE;
    facts->identity_disabled = asking->account.disabled;
    if (asking->said.risk != LEVEL_UNSET)
        facts->standing.risk = asking->said.risk;
    return 0;
}

/* The user that a run-as names, until the arena is cleared. */
static const char *user_of(struct asking *asking, const char *run_as)
{
    return arena_copy(&asking->arena, run_as, run_as_user(run_as));
}

/* As sudo_agent will find it; of a user that is not there, none is known. */
static void add_own_group(struct asking *asking)
{
    const char *run_as = asking->said.run_as;
    const struct passwd *pw = getpwnam(run_as ? user_of(asking, run_as) : RULE_DEFAULT_RUN_AS);
    const struct group *gr = pw ? getgrgid(pw->pw_gid) : NULL;

    if (gr)
        asking->said.own_group = arena_copy(&asking->arena, gr->gr_name, strlen(gr->gr_name));
}

static int gather_facts(struct asking *asking)
{
    int status;

    add_own_group(asking);
    suppose_facts(&asking->said, &asking->grant, &asking->arena, &asking->facts);
    status = add_state(asking);
    if (status)
        return status;
    if (asking->credential)
        asking->facts.boot = gather_boot_time();
    else
        suppose_lifetime(&asking->policies, &asking->facts);
    return 0;
}

/* --- the answer --- */

static int tell(const struct explanation *explanation, int json)
{
    int r = json ? print_json_value(explain_json(explanation)) : explain_print(explanation);

    if (r < 0)
        return EXIT_PART;
    return explanation->decision.verdict == VERDICT_PERMIT ? EXIT_YES : EXIT_NO;
}

/* Refused before any policy was asked. */
static int tell_refused(const struct asking *asking, enum reason reason, const char *detail)
{
    static const struct policy_set none;
    const struct supposed *said = &asking->said;
    struct facts facts = {
        .step = (enum step)said->step,
        .now = said->at,
        .account = said->account,
        .identity = asking->grant.identity,
        .standing = {.risk = LEVEL_LOW},
    };

    return tell(&(struct explanation){.facts = &facts,
                                      .policies = &none,
                                      .decision = {.verdict = VERDICT_DENY, .reason = reason},
                                      .detail = detail},
                asking->json);
}

static int decide_and_tell(struct asking *asking)
{
    struct explanation explanation = {.facts = &asking->facts, .policies = &asking->policies};
    struct identity target;
    int status = gather_facts(asking), is_agent;

    if (status)
        return status;
    is_agent = asking->facts.run_as && identity_of_account(user_of(asking, asking->facts.run_as), &target) == 0;
    explanation.decision = suppose_decide(&asking->facts, &asking->policies, is_agent);
    return tell(&explanation, asking->json);
}

/* No identity has this account; by uid it may be an agent's all the same, which gate refuses. Nobody else's is decided. */
static int explain_unknown(const struct asking *asking)
{
    CLEANUP(close_fd) int fd = -1;
    const struct passwd *pw = getpwnam(asking->said.account);
    struct identity identity;
    int r;

    if (!pw || !uid_belongs_to_agent(pw->pw_uid)) {
        complain("\"%s\" is no agent's account, so nothing is decided of it: see `agentctl identity list`",
                 asking->said.account);
        return EXIT_USAGE;
    }
    r = identities_open(PATH_IDENTITIES, &fd);
    if (r == 0)
        r = identities_by_uid(fd, pw->pw_uid, &identity);
    if (r < 0 && r != -ENOENT)
        return cannot("identities.cdb", r);
    return tell_refused(asking, r == 0 ? REASON_ALIAS : REASON_IDENTITY_UNKNOWN, NULL);
}

static int explain(struct asking *asking)
{
    enum reason reason = REASON_INTERNAL;
    const char *detail = NULL;
    int status, r = identity_of_account(asking->said.account, &asking->account);

    if (r == -ENOENT)
        return explain_unknown(asking);
    if (r < 0)
        return cannot("identities.cdb", r);
    r = policy_of_account(asking->said.account, &asking->policies);
    if (r < 0)
        return cannot("policy.cdb", r);
    status = asking->credential ? read_credential(asking, &reason, &detail) : suppose_credential(asking, &reason);
    if (status)
        return status;
    return reason == REASON_PERMIT ? decide_and_tell(asking) : tell_refused(asking, reason, detail);
}

int verb_explain(int argc, char **argv)
{
    struct asking *asking = calloc(1, sizeof *asking);
    int status = asking ? take_options(argc, argv, asking) : EXIT_PART;

    if (status == 0)
        status = is_root("explain") ? explain(asking) : EXIT_PART;
    if (asking) {
        policy_set_clear(&asking->policies);
        arena_clear(&asking->arena);
    }
    free(asking);
    return status;
}
