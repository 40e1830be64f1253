#include "agentctl/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>

#include "core/files.h"
#include "core/text.h"
#include "trust/json.h"
#include "trust/jwk.h"

char *embedded_jwks(const struct key *key, const char *iss)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];
    json_t *jwk = jwk_format(key), *set;
    char *text;

    if (!jwk || jwk_thumbprint(key, thumbprint) < 0) {
        json_decref(jwk);
        return NULL;
    }
    json_object_set_new(jwk, "kid", json_string(thumbprint));
    json_object_set_new(jwk, "alg", json_string(key_alg(key)));
    json_object_set_new(jwk, "use", json_string("sig"));
    set = json_pack("{s:s, s:[o]}", "iss", iss, "keys", jwk);
    text = set ? json_dumps(set, JSON_INDENT(2)) : NULL;
    json_decref(set);
    return text;
}

int embedded_iss(char *buf, size_t cap)
{
    CLEANUP(json_freep) json_t *set = NULL;
    char text[8192];
    const char *iss;
    size_t len;
    int r = file_read_at(AT_FDCWD, PATH_ISSUER_JWKS, text, sizeof text, &len);

    if (r < 0)
        return r;
    if (json_strict_parse_object(text, len, &set) < 0 || json_member_string(set, "iss", cap - 1, &iss) != 1)
        return -EBADMSG;
    return text_copy(buf, cap, iss);
}
