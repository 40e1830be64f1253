/*
 * Fuzz target: compiled policies and scopes, and the decision on whatever they say. The input is a scope, a NUL, and the text of
 * the policies. What was read must be written again as it was read; order means nothing; a deny more permits nothing more.
 *
 * With clang: -fsanitize=fuzzer -DFUZZING; without, the program replays the files it is given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "core/compat.h"
#include "core/fields.h"
#include "judge/decide.h"
#include "judge/scope.h"

#define NOW 1764000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A block of its own, without a NUL: sanitizers see a byte too far. */
static char *copy_of(const void *data, size_t size)
{
    char *copy = malloc(size ? size : 1);

    must(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* The text of the set, in the caller's buffer; turned has its policies in the opposite order. */
static size_t write_set(const struct policy_set *set, int turned, char *buf, size_t cap)
{
    struct fields_writer w;
    size_t len = 0;

    fields_begin(&w, buf, cap);
    for (size_t i = 0; i < set->zones.count; i++)
        zone_write(&w, &set->zones.items[i]);
    for (size_t i = 0; i < set->count; i++)
        policy_write(&w, &set->policies[turned ? set->count - 1 - i : i]);
    must(fields_end(&w, &len) == 0);
    return len;
}

static const char *const words[] = {"/usr/bin/systemctl", "restart", "nginx", NULL};
static const char *const odd_words[] = {"/bin/sh", "-c", "\n/../*", "", NULL};

static const struct facts steps[] = {
    {.step = STEP_LOGIN, .service = "sshd", .source = "10.0.0.5"},
    {.step = STEP_OPEN, .service = "su", .possession = POSSESSION_SIGNED},
    {.step = STEP_ACCOUNT, .service = "sshd", .source = "2001:db8::1", .possession = POSSESSION_BEARER, .logins = 2},
    {.step = STEP_SUDO, .service = "sudo"},
    {.step = STEP_SUDO, .service = "sudo", .run_as = "root", .argv = words, .argc = 3, .approval_required = 1},
    {.step = STEP_COMMAND, .service = "sudo", .run_as = "root", .argv = words, .argc = 3},
    {.step = STEP_COMMAND, .service = "sudo", .run_as = "www-data", .argv = odd_words, .argc = 4},
    {.step = STEP_COMMAND, .service = "sudo", .run_as = "root", .argv = words, .argc = 1},
};

static struct facts step_facts(size_t step, const char *scope, size_t scope_len)
{
    struct facts facts = steps[step];

    facts.now = NOW;
    facts.boot = NOW - 86400;
    facts.account = "agent-deploy";
    facts.identity = "spiffe://example.org/agent/deploy";
    facts.issuer = "corp-sts";
    facts.principal = step % 2 ? "alice@example.org" : NULL;
    facts.ancestors = step % 3;
    facts.steps_permitted = 2 * step;
    facts.steps_last_minute = (uint32_t)step;
    facts.task = "task-1";
    facts.purpose = step % 3 == 2 ? NULL : "restart-web";
    facts.issued = NOW - 10;
    facts.expires = NOW + 290;
    facts.session_deadline = NOW + 60;
    facts.scopes[0].text = scope;
    facts.scopes[0].len = scope_len;
    facts.scope_count = 1;
    if (facts.possession == POSSESSION_UNSET)
        facts.possession = POSSESSION_CHANNEL;
    return facts;
}

static void judge(const struct policy_set *set, const struct policy_set *turned, const struct policy_set *denying,
                  const char *scope, size_t scope_len)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct facts facts = step_facts(i, scope, scope_len);
        struct decision decision = decide(&facts, set), other = decide(&facts, turned);

        must((decision.verdict == VERDICT_PERMIT) == (decision.reason == REASON_PERMIT));
        must(decision.verdict == VERDICT_PERMIT || decision.verdict == VERDICT_DENY);
        must(decision.reason == other.reason && decision.session_deadline == other.session_deadline &&
             decision.limits.max_logins == other.limits.max_logins);
        if (decision.verdict == VERDICT_PERMIT)
            must(decision.rule != NULL && set->count > 0);
        must(decide(&facts, denying).verdict == VERDICT_DENY);
    }
}

static void read_again(const char *text, size_t len, struct policy_set *ret)
{
    char *copy = copy_of(text, len);

    must(policy_set_parse(copy, len, ret) == 0);
    free(copy);
}

static void take_policies(const char *text, size_t len, const char *scope, size_t scope_len)
{
    static char written[4 * INPUT_MAX + 256], again[4 * INPUT_MAX + 256];
    static const char deny[] = "policy deny\nidentity spiffe://example.org/*\nrule deny-login\nrule deny-sudo\n";
    struct policy_set set, same, turned, denying;
    size_t n;

    if (policy_set_parse(text, len, &set) < 0)
        return;
    n = write_set(&set, 0, written, sizeof written);
    read_again(written, n, &same);
    must(write_set(&same, 0, again, sizeof again) == n && memcmp(written, again, n) == 0);
    n = write_set(&set, 1, written, sizeof written);
    read_again(written, n, &turned);
    memcpy(written + n, deny, sizeof deny);
    read_again(written, n + sizeof deny - 1, &denying);
    judge(&set, &turned, &denying, scope, scope_len);
    (void)service_opens_agents(&set, "sshd");
    policy_set_clear(&set);
    policy_set_clear(&same);
    policy_set_clear(&turned);
    policy_set_clear(&denying);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 && size <= INPUT_MAX ? memchr(data, '\0', size) : NULL;
    char *scope, *text;
    size_t scope_len, len;

    if (!nul)
        return 0;
    scope_len = (size_t)(nul - data);
    len = size - scope_len - 1;
    scope = copy_of(data, scope_len);
    text = copy_of(nul + 1, len);
    take_policies(text, len, scope, scope_len);
    (void)!scope_allows(scope, scope_len, "host:none", NULL, 0);
    free(scope);
    free(text);
    return 0;
}
