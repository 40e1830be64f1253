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
    STRING("account", account), STRING("identity", identity), STRING("principal", principal),
    STRING("issuer", issuer),   STRING("iss", iss),           STRING("jti", jti),
    STRING("task", task),       STRING("purpose", purpose),   STRING("source", source),
    STRING("service", service), STRING("scope", scope),
#undef STRING
};

void grant_clear(struct grant *grant)
{
    memset(grant, 0, offsetof(struct grant, scope) + 1);
}

void grant_write(struct fields_writer *w, const struct grant *grant)
{
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        fields_put(w, strings[i].key, (const char *)grant + strings[i].offset);
    fields_put_u64(w, "uid", grant->uid);
    fields_put_u64(w, "issued", (uint64_t)grant->issued);
    fields_put_u64(w, "expires", (uint64_t)grant->expires);
    fields_put(w, "possession", possession_word(grant->possession));
}

int grant_field(struct grant *grant, const char *key, const char *value)
{
    uint64_t number;

    for (size_t i = 0; i < COUNT_OF(strings); i++)
        if (strcmp(strings[i].key, key) == 0)
            return text_copy((char *)grant + strings[i].offset, strings[i].size, value) < 0 ? -EBADMSG : 1;
    if (strcmp(key, "possession") == 0)
        return (grant->possession = possession_parse(value)) == POSSESSION_UNSET ? -EBADMSG : 1;
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

int grant_complete(const struct grant *grant)
{
    return grant->uid != 0 && grant->account[0] && grant->identity[0] && grant->issuer[0] && grant->iss[0] &&
           grant->jti[0] && grant->task[0] && grant->scope[0] && grant->possession != POSSESSION_UNSET;
}
