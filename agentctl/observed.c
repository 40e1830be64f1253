#include "agentctl/observed.h"

#include <string.h>

#include "agentctl/decisions.h"
#include "core/text.h"
#include "judge/record.h"

/* --- how often --- */

static uint64_t more(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A login by key asks no step `login`; who is refused early does not come to `open`. */
uint64_t tally_logins(const struct tally *tally)
{
    return more(tally->steps[STEP_OPEN], more(tally->steps[STEP_ACCOUNT], tally->steps[STEP_LOGIN]));
}

/* `sudo` is asked before the command and after it. */
uint64_t tally_commands(const struct tally *tally)
{
    return more(tally->steps[STEP_COMMAND], (tally->steps[STEP_SUDO] + 1) / 2);
}

/* --- which are equal --- */

static int compare_texts(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_words(const struct words *a, const struct words *b)
{
    int order = 0;

    for (size_t i = 0; order == 0 && i < a->count && i < b->count; i++)
        order = strcmp(a->items[i], b->items[i]);
    return order ? order : (a->count > b->count) - (a->count < b->count);
}

int observed_compare_sessions(const struct observed *a, const struct observed *b)
{
    int order = compare_texts(a->identity, b->identity);

    if (order == 0)
        order = compare_texts(a->account, b->account);
    if (order == 0)
        order = compare_texts(a->issuer, b->issuer);
    if (order == 0)
        order = compare_texts(a->principal, b->principal);
    return order ? order : compare_texts(a->purpose, b->purpose);
}

int observed_compare_steps(const struct observed *a, const struct observed *b)
{
    int order = b->is_login - a->is_login;

    if (order == 0)
        order = compare_texts(a->service, b->service);
    if (order == 0 && a->is_login)
        order = compare_texts(a->source, b->source);
    if (order == 0)
        order = compare_texts(a->run_as, b->run_as);
    if (order == 0)
        order = compare_words(&a->command, &b->command);
    return order ? order : a->is_cut - b->is_cut;
}

static int compare(const struct observed *a, const struct observed *b)
{
    int order = observed_compare_sessions(a, b);

    return order ? order : observed_compare_steps(a, b);
}

/* --- which are kept --- */

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

static struct observed *keep(struct arena *arena, const struct observed *seen)
{
    struct observed *kept = arena_alloc(arena, 1, sizeof *kept);

    *kept = *seen;
    kept->identity = copy(arena, seen->identity);
    kept->account = copy(arena, seen->account);
    kept->issuer = copy(arena, seen->issuer);
    kept->principal = copy(arena, seen->principal);
    kept->purpose = copy(arena, seen->purpose);
    kept->service = copy(arena, seen->service);
    kept->source = copy(arena, seen->source);
    kept->run_as = copy(arena, seen->run_as);
    kept->command.items = arena_alloc(arena, seen->command.count, sizeof *kept->command.items);
    for (size_t i = 0; i < seen->command.count; i++)
        kept->command.items[i] = copy(arena, seen->command.items[i]);
    return kept;
}

/* Where the one that is equal stands, or would stand. */
static size_t place_of(const struct observations *all, const struct observed *seen)
{
    size_t low = 0, high = all->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(all->items[middle], seen) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The one of before that is equal, or else this one; NULL: there are too many. */
static struct observed *find(struct observations *all, const struct observed *seen)
{
    size_t at = place_of(all, seen);

    if (at < all->count && compare(all->items[at], seen) == 0)
        return all->items[at];
    if (all->count == OBSERVED_MAX)
        return NULL;
    all->items = arena_grow(&all->arena, all->items, all->count, sizeof *all->items);
    memmove(all->items + at + 1, all->items + at, (all->count - at) * sizeof *all->items);
    all->items[at] = keep(&all->arena, seen);
    all->count++;
    return all->items[at];
}

/* --- what a record says --- */

/* A record holds no more words (judge/record.h). */
struct argv {
    const char *words[RECORD_COMMAND_MAX / (sizeof ",\"\"" - 1) + 2];
};

/* 1; 0: it is no command. */
static int read_command(const json_t *unmapped, struct argv *argv, struct observed *seen)
{
    const json_t *words = json_object_get(unmapped, "command");

    seen->command = (struct words){argv->words, json_array_size(words)};
    seen->is_cut = json_object_get(unmapped, "command_left_out") || json_object_get(unmapped, "command_hidden");
    if (seen->command.count == 0 || seen->command.count > COUNT_OF(argv->words))
        return 0;
    for (size_t i = 0; i < seen->command.count; i++)
        if (!(argv->words[i] = json_string_value(json_array_get(words, i))))
            return 0;
    return 1;
}

static void read_session(const struct observations *all, const json_t *record, struct observed *seen)
{
    const char *account = decision_text(record, "user", "name");

    seen->identity = decision_text(record, "unmapped", "agent");
    seen->issuer = decision_text(record, "unmapped", "issuer");
    seen->principal = decision_text(record, "unmapped", "principal");
    seen->purpose = decision_text(record, "unmapped", "purpose");
    if (!seen->identity && account)
        seen->identity = all->identity_of(account, all->arg);
    if (!seen->identity)
        seen->account = account;
}

static void add(struct observations *all, json_t *record, enum step step)
{
    struct observed seen = {.is_login = step != STEP_COMMAND}, *kept;
    struct argv argv;

    read_session(all, record, &seen);
    seen.source = decision_text(record, "unmapped", "source");
    if (seen.is_login)
        seen.service = decision_text(record, "unmapped", "service");
    else
        seen.run_as = decision_text(record, "unmapped", "run_as");
    if (!seen.is_login && !read_command(json_object_get(record, "unmapped"), &argv, &seen)) {
        all->bad++;
        return;
    }
    kept = find(all, &seen);
    if (!kept) {
        all->dropped++;
        return;
    }
    kept->tally.steps[step]++;
    if (decision_time(record) > kept->last)
        kept->last = decision_time(record);
}

/* --- what becomes of it --- */

/* A credential was verified, and a rule is what it lacked. */
static int lacks_rule(enum reason reason)
{
    return reason == REASON_NO_RULE || reason == REASON_NO_POLICY;
}

/* Nothing is permitted without a credential; with one, the agent will do the same. */
static int lacks_credential(enum reason reason)
{
    return reason == REASON_SESSION_NOT_FOUND || reason == REASON_CREDENTIAL_MISSING ||
           reason == REASON_PENDING_MISSING || reason == REASON_NOT_AN_AGENT_LOGIN;
}

/* Anybody may knock with no credential: only the login that something else opened is the agent's. */
static int is_of_agent(enum step step, enum reason reason)
{
    switch (step) {
    case STEP_OPEN:
    case STEP_COMMAND:
        return lacks_rule(reason) || lacks_credential(reason);
    case STEP_LOGIN:
    case STEP_ACCOUNT:
        return lacks_rule(reason);
    default:
        return 0;
    }
}

static void take_step(struct observations *all, json_t *record, enum step step, enum reason reason)
{
    if (!lacks_rule(reason))
        all->mended_not[reason].steps[step]++;
    else if (step == STEP_SUDO)
        all->blind++;
    if (is_of_agent(step, reason))
        add(all, record, step);
}

/* Is it one of those that were asked for? */
static int is_wanted(const struct observations *all, const json_t *record)
{
    return json_is_true(json_object_get(json_object_get(record, "unmapped"), "observed")) &&
           decision_time(record) >= all->since &&
           (!all->account || text_equal(decision_text(record, "user", "name"), all->account));
}

static void note_time(struct observations *all, int64_t time)
{
    if (all->first == 0 || time < all->first)
        all->first = time;
    if (time > all->last)
        all->last = time;
}

/* A sudo that asks no approval is decided when it opens its session, with its command (sudo-approval = "argv"). */
static enum step step_of(const json_t *record, enum step step)
{
    const json_t *command = json_object_get(json_object_get(record, "unmapped"), "command");

    return step == STEP_SUDO && json_array_size(command) > 0 ? STEP_COMMAND : step;
}

void observed_take(json_t *record, void *arg)
{
    struct observations *all = arg;
    const char *code = decision_code(record), *word = decision_text(record, "unmapped", "step");
    enum reason reason = reason_parse(code ? code : "");
    int step = step_parse(word ? word : "");

    if (!is_wanted(all, record))
        return;
    if (!text_equal(reason_word(reason), code) || step < 0) {
        all->bad++;
        return;
    }
    if (reason == REASON_PERMIT)
        return;
    note_time(all, decision_time(record));
    take_step(all, record, step_of(record, (enum step)step), reason);
}

void observations_clear(struct observations *all)
{
    arena_clear(&all->arena);
    *all = (struct observations){.count = 0};
}
