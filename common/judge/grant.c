#include "judge/grant.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"

static const struct {
    const char *key;
    size_t offset, size;
} strings[] = {
/* clang-format off */
#define STRING(key, member) {key, offsetof(struct grant, member), sizeof((struct grant *)0)->member}
    /* clang-format on */
    STRING("account", account),
    STRING("identity", identity),
    STRING("principal", principal),
    STRING("issuer", issuer),
    STRING("iss", iss),
    STRING("jti", jti),
    STRING("key", key),
    STRING("signer", signer),
    STRING("task", task),
    STRING("purpose", purpose),
    STRING("source", source),
    STRING("service", service),
    STRING("delegator", delegator),
    STRING("voucher-issuer", voucher.issuer),
    STRING("voucher-iss", voucher.iss),
    STRING("voucher-jti", voucher.jti),
    STRING("voucher-signer", voucher.signer),
    STRING("scope", scope),
#undef STRING
};

static const struct {
    const char *key;
    size_t offset;
} flags[] = {
    {"voucher-once", offsetof(struct grant, voucher.once)},
    {"delegatee-proven", offsetof(struct grant, delegatee_proven)},
};

static int *flag_of(struct grant *grant, size_t i)
{
    return (int *)(void *)((char *)grant + flags[i].offset);
}

void grant_clear(struct grant *grant)
{
    memset(grant, 0, offsetof(struct grant, scope) + 1);
}

void grant_link(const struct grant *grant, enum link_kind kind, struct link *ret)
{
    const char *const values[LINK_KINDS] = {
        [LINK_TASK] = grant->task,         [LINK_JTI] = grant->jti,   [LINK_KEY] = grant->key,
        [LINK_IDENTITY] = grant->identity, [LINK_ISSUER] = grant->iss,
    };

    link_make(ret, kind, grant->iss, values[kind]);
}

int grant_add_ancestor(struct grant *grant, enum link_kind kind, const char *iss, const char *value)
{
    if (grant->ancestor_count == ANCESTORS_MAX)
        return -E2BIG;
    link_make(&grant->ancestors[grant->ancestor_count++], kind, iss, value);
    return 0;
}

/* Each of them was bound to one key. */
uint32_t grant_depth(const struct grant *grant)
{
    uint32_t depth = 0;

    for (size_t i = 0; i < grant->ancestor_count; i++)
        depth += grant->ancestors[i].kind == LINK_KEY;
    return depth;
}

/* "KIND KEY" */
static void write_ancestor(struct fields_writer *w, const struct link *link)
{
    char text[16 + STATE_KEY_SIZE];

    if (text_format(text, sizeof text, "%s %s", link_kind_word(link->kind), link->key) < 0)
        w->error = -EINVAL;
    else
        fields_put(w, "ancestor", text);
}

static int take_ancestor(struct grant *grant, const char *value)
{
    const char *key = strchr(value, ' ');
    char word[16];
    int kind;

    if (grant->ancestor_count == ANCESTORS_MAX || !key || !state_key_valid(key + 1) ||
        text_format(word, sizeof word, "%.*s", (int)(key - value), value) < 0)
        return -EBADMSG;
    kind = link_kind_parse(word);
    if (kind < 0)
        return -EBADMSG;
    grant->ancestors[grant->ancestor_count].kind = (enum link_kind)kind;
    strcpy(grant->ancestors[grant->ancestor_count].key, key + 1);
    grant->ancestor_count++;
    return 1;
}

void grant_write(struct fields_writer *w, const struct grant *grant)
{
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        fields_put(w, strings[i].key, (const char *)grant + strings[i].offset);
    fields_put_u64(w, "uid", grant->uid);
    fields_put_u64(w, "issued", (uint64_t)grant->issued);
    fields_put_u64(w, "expires", (uint64_t)grant->expires);
    if (grant->sensitivity != LEVEL_UNSET)
        fields_put(w, "sensitivity", level_word(grant->sensitivity));
    fields_put(w, "possession", possession_word(grant->possession));
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (*flag_of((struct grant *)(uintptr_t)grant, i))
            fields_put(w, flags[i].key, "1");
    for (size_t i = 0; i < grant->ancestor_count; i++)
        write_ancestor(w, &grant->ancestors[i]);
}

int grant_field(struct grant *grant, const char *key, const char *value)
{
    uint64_t number;

    for (size_t i = 0; i < COUNT_OF(strings); i++)
        if (strcmp(strings[i].key, key) == 0)
            return text_copy((char *)grant + strings[i].offset, strings[i].size, value) < 0 ? -EBADMSG : 1;
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (strcmp(flags[i].key, key) == 0) {
            *flag_of(grant, i) = 1;
            return strcmp(value, "1") == 0 ? 1 : -EBADMSG;
        }
    if (strcmp(key, "ancestor") == 0)
        return take_ancestor(grant, value);
    if (strcmp(key, "possession") == 0)
        return (grant->possession = possession_parse(value)) == POSSESSION_UNSET ? -EBADMSG : 1;
    if (strcmp(key, "sensitivity") == 0)
        return (grant->sensitivity = level_parse(value)) == LEVEL_UNSET ? -EBADMSG : 1;
    if (strcmp(key, "issued") == 0)
        return text_i64(value, &grant->issued) < 0 ? -EBADMSG : 1;
    if (strcmp(key, "expires") == 0)
        return text_i64(value, &grant->expires) < 0 ? -EBADMSG : 1;
    if (strcmp(key, "uid") == 0) {
        if (text_u64(value, UINT32_MAX - 1, &number) < 0)
            return -EBADMSG;
        grant->uid = (uid_t)number;
        return 1;
    }
    return 0;
}

/* None, or a whole one. */
static int voucher_complete(const struct voucher_grant *voucher)
{
    int whole = voucher->issuer[0] && voucher->iss[0] && voucher->jti[0] && voucher->signer[0];

    return whole || (!voucher->issuer[0] && !voucher->iss[0] && !voucher->jti[0] && !voucher->signer[0]);
}

int grant_complete(const struct grant *grant)
{
    return grant->uid != 0 && grant->account[0] && grant->identity[0] && grant->issuer[0] && grant->iss[0] &&
           grant->jti[0] && grant->signer[0] && grant->task[0] && grant->scope[0] &&
           grant->possession != POSSESSION_UNSET && (grant->key[0] || grant->possession == POSSESSION_BEARER) &&
           voucher_complete(&grant->voucher);
}
