/*
 * Fuzz target: the reader of the configuration. The input is agent.conf, conf.d/10.conf and escapes.list, with a NUL between them. A mistake
 * is told with its file; what is taken compiles to policies that every step can read, and to rules of sudo.
 */
#include "config_dir.h"
#include "agentctl/compile.h"
#include "agentctl/sudoers.h"
#include "judge/policy.h"

static int take_policies(const struct account *account, const char *text, size_t len, void *arg)
{
    struct policy_set set;

    (void)account;
    (void)arg;
    if (!text) /* they are too large */
        return 0;
    must(policy_set_parse(text, len, &set) == 0);
    policy_set_clear(&set);
    return 0;
}

static void compile(const struct config *config)
{
    struct accounts accounts = {.count = config->identity_count, .configured = config->identity_count};
    size_t len = 0;
    char *text;

    accounts.items = calloc(accounts.count + 1, sizeof *accounts.items);
    must(accounts.items != NULL);
    for (size_t i = 0; i < accounts.count; i++)
        accounts.items[i] = (struct account){.name = config->identities[i].account, .id = config->identities[i].id};
    must(policy_texts(config, &accounts, take_policies, NULL) == 0);
    text = sudoers_generate(config, &len);
    must(text != NULL && strlen(text) == len);
    free(text);
    free(accounts.items);
}

/* The part up to the next NUL, or the rest. */
static void put_part(const char *name, const uint8_t **data, size_t *left)
{
    const uint8_t *nul = *left ? memchr(*data, '\0', *left) : NULL;
    size_t len = nul ? (size_t)(nul - *data) : *left;

    put_file(name, *data, len);
    *data += nul ? len + 1 : len;
    *left -= nul ? len + 1 : len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = {0};
    struct config *config = NULL;
    int r;

    if (!config_dir[0])
        make_config_dir();
    put_part("agent.conf", &data, &size);
    put_part("conf.d/10.conf", &data, &size);
    put_file("escapes.list", data, size); /* NULs and all */
    r = config_read_of(config_dir, geteuid(), &config, &problems);
    must((r == 0) == (problems.count == 0));
    check_problems(&problems);
    if (r == 0) {
        compile(config);
        config_free(config);
    }
    problems_clear(&problems);
    return 0;
}
