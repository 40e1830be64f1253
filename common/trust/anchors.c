#include "trust/anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/database.h"
#include "core/fields.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "trust/claim.h"
#include "trust/credential.h"

/* The issuer and the key of it that are being read. */
struct draft {
    struct issuer *issuer;
    size_t domains, rules, algorithms;
    struct anchor *anchor;
};

static int put_once(const char **slot, const char *value)
{
    if (*slot || !value[0])
        return -EBADMSG;
    *slot = value;
    return 0;
}

static int put_in_list(const char *const *list, size_t *count, const char *value)
{
    const char **items = (const char **)(uintptr_t)list;

    if (*count == ISSUER_LIST_MAX || !value[0])
        return -EBADMSG;
    items[(*count)++] = value;
    return 0;
}

static int put_number(int64_t *slot, const char *value, int64_t unset)
{
    return *slot != unset || text_i64(value, slot) < 0 || *slot < 0 ? -EBADMSG : 0;
}

static int put_kind(struct issuer *issuer, const char *value)
{
    int kind = issuer_kind_parse(value);

    if (issuer->kind || kind < 0)
        return -EBADMSG;
    issuer->kind = (enum issuer_kind)kind;
    return 0;
}

static int put_lifetime(struct issuer *issuer, const char *value)
{
    uint64_t seconds;

    if (issuer->max_lifetime || text_u64(value, CREDENTIAL_LIFETIME_HARD, &seconds) < 0 || seconds == 0)
        return -EBADMSG;
    issuer->max_lifetime = (uint32_t)seconds;
    return 0;
}

static int put_status(struct issuer *issuer, const char *value)
{
    if (issuer->ignore_status || strcmp(value, "ignore") != 0)
        return -EBADMSG;
    issuer->ignore_status = 1;
    return 0;
}

static int put_spec(const char **slot, const char *value)
{
    return claim_spec_valid(value) ? put_once(slot, value) : -EBADMSG;
}

static int put_algorithm(struct draft *draft, const char *value)
{
    const char *const *known = issuer_algorithms(draft->issuer->kind);

    while (*known && strcmp(*known, value) != 0)
        known++;
    return *known ? put_in_list(draft->issuer->algorithms, &draft->algorithms, value) : -EBADMSG;
}

static int put_of_issuer(struct draft *draft, const char *key, const char *value)
{
    struct issuer *issuer = draft->issuer;

    if (!strcmp(key, "kind"))
        return put_kind(issuer, value);
    if (!strcmp(key, "iss"))
        return put_once(&issuer->iss, value);
    if (!strcmp(key, "trust-domain"))
        return put_in_list(issuer->trust_domains, &draft->domains, value);
    if (!strcmp(key, "require"))
        return claim_rule_valid(value) ? put_in_list(issuer->require, &draft->rules, value) : -EBADMSG;
    if (!strcmp(key, "algorithm"))
        return put_algorithm(draft, value);
    if (!strcmp(key, "max-lifetime"))
        return put_lifetime(issuer, value);
    if (!strcmp(key, "keys-until"))
        return put_number(&issuer->keys_until, value, 0);
    if (!strcmp(key, "sequence"))
        return put_number(&issuer->sequence, value, -1);
    if (!strcmp(key, "status"))
        return put_status(issuer, value);
    if (!strcmp(key, "token-type"))
        return put_once(&issuer->token_type, value);
    if (!strcmp(key, "extension"))
        return put_once(&issuer->extension, value);
    if (!strcmp(key, "identity"))
        return put_spec(&issuer->identity, value);
    if (!strcmp(key, "principal"))
        return put_spec(&issuer->principal, value);
    if (!strcmp(key, "task"))
        return put_spec(&issuer->task, value);
    if (!strcmp(key, "purpose"))
        return put_spec(&issuer->purpose, value);
    if (!strcmp(key, "sensitivity"))
        return put_spec(&issuer->sensitivity, value);
    if (!strcmp(key, "scope"))
        return put_spec(&issuer->scope, value);
    return -EBADMSG;
}

static int put(struct draft *draft, const char *key, const char *value)
{
    if (!draft->issuer)
        return -EBADMSG; /* a line before the first issuer */
    if (!draft->anchor)
        return put_of_issuer(draft, key, value);
    if (!strcmp(key, "kid"))
        return put_once(&draft->anchor->kid, value);
    if (!strcmp(key, "jwk"))
        return put_once(&draft->anchor->jwk, value);
    return -EBADMSG;
}

static int finish_key(struct draft *draft)
{
    return draft->anchor && !draft->anchor->jwk ? -EBADMSG : 0;
}

static int finish_issuer(struct draft *draft)
{
    const struct issuer *issuer = draft->issuer;

    if (issuer && (!issuer->kind || !issuer->iss || !issuer->max_lifetime))
        return -EBADMSG;
    return finish_key(draft);
}

static struct issuer *new_issuer(const char *name)
{
    struct issuer *issuer = calloc(1, sizeof *issuer);

    if (!issuer)
        return NULL;
    issuer->name = name;
    issuer->sequence = -1;
    issuer->trust_domains = calloc(ISSUER_LIST_MAX + 1, sizeof *issuer->trust_domains);
    issuer->require = calloc(ISSUER_LIST_MAX + 1, sizeof *issuer->require);
    issuer->algorithms = calloc(ISSUER_LIST_MAX + 1, sizeof *issuer->algorithms);
    return issuer;
}

static int begin_issuer(struct anchors *anchors, struct draft *draft, const char *name)
{
    int r = finish_issuer(draft);
    struct issuer *issuer;

    if (r < 0 || !name[0])
        return -EBADMSG;
    if (anchors->issuer_count == ISSUERS_CONFIGURED_MAX)
        return -E2BIG;
    issuer = anchors->issuers[anchors->issuer_count] = new_issuer(name);
    if (!issuer)
        return -ENOMEM;
    anchors->issuer_count++;
    *draft = (struct draft){.issuer = issuer};
    return issuer->trust_domains && issuer->require && issuer->algorithms ? 0 : -ENOMEM;
}

static int begin_key(struct anchors *anchors, struct draft *draft, const char *alg)
{
    int r = draft->issuer ? finish_key(draft) : -EBADMSG;

    if (r < 0 || !alg[0])
        return -EBADMSG;
    if (anchors->count == ANCHORS_MAX)
        return -E2BIG;
    draft->anchor = &anchors->items[anchors->count++];
    *draft->anchor = (struct anchor){.issuer = draft->issuer, .alg = alg};
    return 0;
}

static int read_line(struct anchors *anchors, struct draft *draft, const char *key, const char *value)
{
    if (strcmp(key, "issuer") == 0)
        return begin_issuer(anchors, draft, value);
    if (strcmp(key, "key") == 0)
        return begin_key(anchors, draft, value);
    return put(draft, key, value);
}

static int read_anchors(struct anchors *anchors, size_t len)
{
    struct draft draft = {.issuer = NULL};
    const char *key, *value;
    struct fields f;
    int r = fields_open(&f, anchors->text, len), more;

    while (r == 0 && (more = fields_next(&f, &key, &value)) != 0)
        r = more < 0 ? more : read_line(anchors, &draft, key, value);
    return r == 0 ? finish_issuer(&draft) : r;
}

int anchors_parse(const char *text, size_t len, struct anchors **ret_anchors)
{
    struct anchors *anchors;
    int r;

    if (len > ANCHORS_TEXT_MAX)
        return -E2BIG;
    anchors = calloc(1, sizeof *anchors);
    if (!anchors)
        return -ENOMEM;
    anchors->text = malloc(len + 1);
    anchors->items = calloc(ANCHORS_MAX, sizeof *anchors->items);
    anchors->issuers = calloc(ISSUERS_CONFIGURED_MAX, sizeof *anchors->issuers);
    r = anchors->text && anchors->items && anchors->issuers ? 0 : -ENOMEM;
    if (r == 0) {
        memcpy(anchors->text, text, len);
        anchors->text[len] = '\0';
        r = read_anchors(anchors, len);
    }
    if (r < 0) {
        anchors_free(anchors);
        return r;
    }
    *ret_anchors = anchors;
    return 0;
}

static int load(int fd, struct anchors **ret_anchors)
{
    char *text = malloc(ANCHORS_TEXT_MAX + 1);
    size_t len;
    int r;

    if (!text)
        return -ENOMEM;
    r = database_get(fd, 'a', "", text, ANCHORS_TEXT_MAX + 1, &len);
    if (r == 0)
        r = anchors_parse(text, len, ret_anchors);
    else if (r == -ENOENT)
        r = -EBADMSG; /* there, but not one of ours */
    free(text);
    return r;
}

int anchors_load(struct anchors **ret_anchors)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open(PATH_ANCHORS, &fd);

    return r < 0 ? r : load(fd, ret_anchors);
}

int anchors_load_at(int dir, const char *name, struct anchors **ret_anchors)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open_at(dir, name, &fd);

    return r < 0 ? r : load(fd, ret_anchors);
}

void anchors_free(struct anchors *anchors)
{
    if (!anchors)
        return;
    /* Const for their readers; these are ours. */
    for (size_t i = 0; anchors->items && i < anchors->count; i++)
        key_free((struct key *)(uintptr_t)anchors->items[i].key);
    for (size_t i = 0; anchors->issuers && i < anchors->issuer_count; i++) {
        free((void *)(uintptr_t)anchors->issuers[i]->trust_domains);
        free((void *)(uintptr_t)anchors->issuers[i]->require);
        free((void *)(uintptr_t)anchors->issuers[i]->algorithms);
        free(anchors->issuers[i]);
    }
    free(anchors->items);
    free(anchors->issuers);
    free(anchors->text);
    free(anchors);
}

void anchors_freep(struct anchors **anchors)
{
    anchors_free(*anchors);
}
