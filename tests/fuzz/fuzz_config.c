/*
 * Fuzz target: the reader of the configuration. The input is agent.conf, conf.d/10.conf and escapes.list, with a NUL between them. A mistake
 * is told with its file; what is taken compiles to policies that every step can read, and to rules of sudo.
 */
#include <errno.h>

#include "config_dir.h"
#include "agentctl/policy_choice.h"
#include "agentctl/sudoers.h"
#include "judge/policy.h"

static void compile(const struct config *config)
{
    const struct local nobody = {.account_count = 0};
    struct policy_choices choices;
    size_t len = 0;
    char *text;

    policy_choices_make(config, &choices);
    for (size_t i = 0; i < config->identity_count; i++) {
        struct policy_set set;
        int r = policy_choice_read(&choices, i, &set);

        must(r == 0 || r == -ENOBUFS); /* they are too large */
        if (r == 0)
            policy_set_clear(&set);
    }
    policy_choices_clear(&choices);
    text = sudoers_generate(config, &nobody, &len);
    must(text != NULL && strlen(text) == len);
    free(text);
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
