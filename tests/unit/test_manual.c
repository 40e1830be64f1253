/* agent.conf(5) describes every key of the grammar, and none that there is not. Runs in the top directory. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/config_keys.h"
#include "core/compat.h"
#include "core/text.h"

#define PAGE "doc/agent.conf.5"
#define HEADS_MAX 200

/* A heading of the page, and the sections of agent.conf whose keys stand below it. */
static const struct {
    const char *heading, *sections[2];
} parts[] = {
    {"host", {"host"}},
    {"issuer NAME", {"issuer"}},
    {"identity ACCOUNT", {"identity"}},
    {"commands NAME", {"commands"}},
    {"policy NAME", {"policy"}},
    {"Limits, in defaults and policy", {"defaults", "policy"}},
    {"login, deny\\-login", {"login", "deny-login"}},
    {"sudo, deny\\-sudo", {"sudo", "deny-sudo"}},
};

static struct {
    size_t part;
    char key[64];
} heads[HEADS_MAX];
static size_t head_count;

static const struct key *section_keys(const char *name)
{
    const struct key *policy = key_find(config_keys, "policy", 6), *key = key_find(config_keys, name, strlen(name));

    return key ? key->keys : key_find(policy->keys, name, strlen(name))->keys;
}

/* As `max\-risk\-low ", " max\-risk\-medium`: what is bold, up to " (of ". */
static void take_head(size_t part, char *text)
{
    char *rest = NULL;

    text[strcspn(text, "(")] = '\0';
    for (char *word = strtok_r(text, "\", ", &rest); word; word = strtok_r(NULL, "\", ", &rest)) {
        size_t len = 0;

        ck_assert_uint_lt(head_count, HEADS_MAX);
        heads[head_count].part = part;
        for (; *word && len + 1 < sizeof heads[0].key; word++)
            if (*word != '\\')
                heads[head_count].key[len++] = *word;
        heads[head_count++].key[len] = '\0';
    }
}

static void read_page(void)
{
    char line[4096];
    FILE *page = fopen(PAGE, "r");
    size_t part = COUNT_OF(parts);
    int is_head = 0;

    ck_assert_ptr_nonnull(page);
    while (fgets(line, sizeof line, page)) {
        line[strcspn(line, "\n")] = '\0';
        if (text_starts_with(line, ".S"))
            for (part = 0; part < COUNT_OF(parts) && strcmp(line + 4, parts[part].heading) != 0; part++)
                ;
        if (is_head && part < COUNT_OF(parts) && text_starts_with(line, ".B"))
            take_head(part, line + 2 + strcspn(line + 2, " "));
        is_head = strcmp(line, ".TP") == 0;
    }
    fclose(page);
}

/* Kinds of issuers stand below `keys` as its keys would. */
static int is_kind(const char *word)
{
    return !strcmp(word, "aat") || !strcmp(word, "jwt") || !strcmp(word, "jwt-svid") || !strcmp(word, "ssh-ca");
}

START_TEST(what_is_described_is_a_key)
{
    read_page();
    ck_assert_uint_gt(head_count, 60);
    for (size_t i = 0; i < head_count; i++)
        for (size_t j = 0; j < 2 && parts[heads[i].part].sections[j]; j++) {
            const char *section = parts[heads[i].part].sections[j];
            const struct key *key = key_find(section_keys(section), heads[i].key, strlen(heads[i].key));

            ck_assert_msg(key || is_kind(heads[i].key), "%s of %s", heads[i].key, section);
        }
}
END_TEST

static int is_described(const char *section, const char *key)
{
    for (size_t i = 0; i < head_count; i++)
        for (size_t j = 0; j < 2 && parts[heads[i].part].sections[j]; j++)
            if (strcmp(parts[heads[i].part].sections[j], section) == 0 && strcmp(heads[i].key, key) == 0)
                return 1;
    return 0;
}

static void check_section(const char *section)
{
    for (const struct key *key = section_keys(section); key->name; key++) {
        ck_assert_msg(is_described(section, key->name), "%s of %s", key->name, section);
        if (key->keys)
            check_section(key->name);
    }
}

START_TEST(what_is_a_key_is_described)
{
    read_page();
    for (const struct key *section = config_keys; section->name; section++)
        check_section(section->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manual");
    TCase *tests = tcase_create("tests");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, what_is_described_is_a_key);
    tcase_add_test(tests, what_is_a_key_is_described);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
