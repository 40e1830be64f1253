/* Suggestions as a file of policies, with comments. */
#include <string.h>

#include "agentctl/suggest_parts.h"

/* --- what is left out --- */

static void put_step(FILE *to, const struct observed *seen)
{
    if (seen->is_login) {
        fputs("login by ", to);
        put_told(to, seen->service);
        fputs(seen->source ? " from " : "", to);
        put_told(to, seen->source);
        return;
    }
    fputs("sudo as ", to);
    put_told(to, seen->run_as);
    putc(':', to);
    for (size_t i = 0; i < seen->command.count; i++) {
        putc(' ', to);
        put_told(to, seen->command.items[i]);
    }
    fputs(seen->is_cut ? " ..." : "", to);
}

static void put_left_out(FILE *to, const struct suggested_policy *policy, const char *indent)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (!policy->items[i].left_out)
            continue;
        fprintf(to, "%s# left out: ", indent);
        put_step(to, policy->items[i].seen);
        fprintf(to, "\n%s#   ", indent);
        put_use(to, &policy->items[i]);
        fputs("; ", to);
        put_told(to, policy->items[i].left_out);
        putc('\n', to);
    }
}

static void put_whose(FILE *to, const struct suggested_policy *policy)
{
    fputs("\n# Of ", to);
    put_told(to, policy->identity ? policy->identity : policy->account ? policy->account : "an account without a name");
    if (policy->issuer) {
        fputs(", by ", to);
        put_told(to, policy->issuer);
    }
    if (policy->principal) {
        fputs(", on behalf of ", to);
        put_told(to, policy->principal);
    }
    for (size_t i = 0; i < policy->purposes.count; i++) {
        fputs(i ? ", " : ", for ", to);
        put_told(to, policy->purposes.items[i]);
    }
}

static void put_no_policy(FILE *to, const struct suggested_policy *policy)
{
    uint64_t logins = 0, commands = 0;

    put_whose(to, policy);
    if (!policy->left_out) {
        fputs(" there is no policy to write:\n", to);
        put_left_out(to, policy, "");
        return;
    }
    for (size_t i = 0; i < policy->count; i++)
        *(policy->items[i].seen->is_login ? &logins : &commands) += policy->items[i].times;
    fputs(" there is nothing to write: ", to);
    put_count(to, logins, "login", "logins");
    fputs(" and ", to);
    put_count(to, commands, "command", "commands");
    fputs("; ", to);
    put_told(to, policy->left_out);
    putc('\n', to);
}

/* --- policies --- */

static void put_identity(FILE *to, const char *identity)
{
    fputs("    identities = { ", to);
    put_string(to, identity);
    fputs(" }\n", to);
    if (strchr(identity, '*'))
        fputs("    # Which of them it was, nobody told. Better: identities = { \"spiffe://...\" }\n", to);
}

/* A list of one; text NULL: none. */
static void put_one(FILE *to, const char *key, const char *text)
{
    if (!text)
        return;
    fprintf(to, "    %s = { ", key);
    put_string(to, text);
    fputs(" }\n", to);
}

static void put_purposes(FILE *to, const struct words *purposes)
{
    if (purposes->count == 0) {
        fputs("    # No purpose was told, so this is for all of them. Better: purposes = { \"...\" }\n", to);
        return;
    }
    fputs("    purposes   = { ", to);
    for (size_t i = 0; i < purposes->count; i++) {
        fputs(i ? ", " : "", to);
        put_string(to, purposes->items[i]);
    }
    fputs(" }\n", to);
}

static void put_policy(FILE *to, const struct suggested_policy *policy, struct suggestion **written,
                       const struct escapes *escapes)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->count; i++)
        if (!policy->items[i].left_out)
            written[count++] = &policy->items[i];
    fputs("\npolicy ", to);
    put_string(to, policy->name);
    fputs(" {\n", to);
    put_identity(to, policy->identity);
    put_one(to, "issuers   ", policy->issuer);
    put_one(to, "principals", policy->principal);
    put_purposes(to, &policy->purposes);
    put_rules(to, written, count, escapes);
    put_left_out(to, policy, "    ");
    fputs("}\n", to);
}

static void put_policies(FILE *to, const struct suggested *suggested, const struct escapes *escapes)
{
    struct arena arena = {0};

    for (size_t i = 0; i < suggested->count; i++) {
        const struct suggested_policy *policy = &suggested->policies[i];

        if (policy->written)
            put_policy(to, policy, arena_alloc(&arena, policy->count, sizeof(struct suggestion *)), escapes);
        else
            put_no_policy(to, policy);
    }
    arena_clear(&arena);
}

/* --- the whole --- */

static void put_head(FILE *to, const struct suggested *suggested, const struct observations *seen)
{
    fputs("# From `agentctl policy suggest`: ", to);
    if (seen->first == 0) {
        fputs("nothing to add. No refusal was observed; see `mode` in agent.conf(5).\n", to);
        return;
    }
    if (suggested->count == 0)
        fputs("nothing to add. Of what was refused and observed from ", to);
    else
        fputs("what was refused and observed from\n# ", to);
    put_time(to, seen->first);
    fputs(" to ", to);
    put_time(to, seen->last);
    if (suggested->count == 0) {
        fputs(",\n# the policies in force permit what a policy can.\n", to);
        return;
    }
    fputs(". Read every rule before it is in force, and keep what is meant.\n"
          "# Commands that start others need may-exec = true, those that start a daemon leaves = \"service\".\n",
          to);
}

static void put_reasons(FILE *to, const struct observations *seen)
{
    int is_first = 1;

    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        uint64_t logins = tally_logins(&seen->mended_not[reason]), commands = tally_commands(&seen->mended_not[reason]);

        if (logins + commands == 0)
            continue;
        fputs(is_first ? "\n# No rule would have permitted these as they were:\n#   " : "#   ", to);
        is_first = 0;
        if (logins)
            put_count(to, logins, "login", "logins");
        fputs(logins && commands ? " and " : "", to);
        if (commands)
            put_count(to, commands, "command", "commands");
        fprintf(to, ": %s, %s\n", reason_word((enum reason)reason), reason_meaning((enum reason)reason));
    }
}

static int has_commands(const struct observations *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        if (!seen->items[i]->is_login)
            return 1;
    return 0;
}

/* What is not in here though it was observed. */
static void put_unknown(FILE *to, const struct observations *seen)
{
    if (seen->blind && !has_commands(seen))
        fputs("\n# sudo was refused before its command was known: sudo.conf needs the line for sudo_agent.so; see "
              "`agentctl enable`.\n",
              to);
    if (seen->dropped)
        fprintf(to,
                "\n# There are more than %d different ones: %llu records are not in here. See --since and --account.\n",
                OBSERVED_MAX, (unsigned long long)seen->dropped);
    if (seen->bad) {
        fputs("\n# Passed over: ", to);
        put_count(to, seen->bad, "line of the log that is no record.\n", "lines of the log that are no records.\n");
    }
}

void suggested_print(const struct suggested *suggested, const struct observations *seen, const struct escapes *escapes,
                     FILE *to)
{
    put_head(to, suggested, seen);
    put_policies(to, suggested, escapes);
    put_reasons(to, seen);
    put_unknown(to, seen);
}
