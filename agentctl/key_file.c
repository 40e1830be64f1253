#include "agentctl/key_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agentctl/config_memory.h"
#include "agentctl/config_problem.h"
#include "core/clock.h"
#include "core/files.h"
#include "trust/base64url.h"
#include "trust/json.h"
#include "trust/jwk.h"
#include "trust/sshkey.h"

const char *key_file_error(int r)
{
    switch (r) {
    case -EFBIG:
    case -E2BIG:
        return "larger than 4 MiB";
    case -EBADMSG:
        return "no JSON object with a list \"keys\" (RFC 7517)";
    default:
        return problem_with_file(r);
    }
}

static int read_time(int fd, int64_t *ret_written)
{
    int64_t now = clock_wall_seconds();
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_written = st.st_mtime < now ? st.st_mtime : now;
    return 0;
}

int key_file_read(const char *path, int as_json, struct key_file *ret)
{
    CLEANUP(close_fd) int fd = -1;
    struct key_file file = {.text = memory_must(malloc(KEY_FILE_MAX + 1))};
    size_t len;
    int r = file_open(path, &fd);

    if (r == 0)
        r = read_time(fd, &file.written);
    if (r == 0)
        r = file_read(fd, file.text, KEY_FILE_MAX + 1, &len);
    if (r == 0 && as_json)
        r = json_claims_parse(file.text, len, KEY_FILE_MAX, &file.json);
    if (r == 0 && as_json && !json_is_object(file.json))
        r = -EBADMSG;
    if (r < 0)
        key_file_clear(&file);
    else
        *ret = file;
    return r;
}

void key_file_clear(struct key_file *file)
{
    json_decref(file->json);
    free(file->text);
    *file = (struct key_file){.text = NULL};
}

/* --- bundles --- */

/* Its keys are all of JWT-SVIDs, and do not say so. */
static int mark(json_t *bundle)
{
    json_t *keys = json_object_get(bundle, "keys"), *jwk;
    size_t i;

    json_array_foreach(keys, i, jwk)
    {
        if (json_is_object(jwk) && !json_object_get(jwk, "use") &&
            json_object_set_new(jwk, "use", json_string("jwt-svid")) < 0)
            return -EBADMSG;
    }
    return 0;
}

static int decode(const json_t *encoded, json_t **ret_bundle)
{
    size_t len = json_string_length(encoded), cap = len / 4 * 3 + 3;
    char *text = memory_must(malloc(cap + 1));
    int r = base64_decode(json_string_value(encoded), len, text, cap, &len);

    if (r == 0)
        r = json_claims_parse(text, len, KEY_FILE_MAX, ret_bundle);
    free(text);
    return r < 0 || !json_is_object(*ret_bundle) || mark(*ret_bundle) < 0 ? -EBADMSG : 0;
}

int key_file_bundle(const struct key_file *file, const char *domain, int only, json_t **ret_bundle)
{
    json_t *domains = json_object_get(file->json, "trust_domains"), *bundle;

    if (json_object_get(file->json, "keys")) {
        *ret_bundle = json_incref(file->json);
        return only ? 0 : -EINVAL;
    }
    bundle = json_object_get(domains ? domains : file->json, domain);
    if (!bundle)
        return 0;
    if (json_is_string(bundle) && !domains)
        return decode(bundle, ret_bundle);
    if (!json_is_object(bundle) || !domains)
        return -EBADMSG;
    *ret_bundle = json_incref(bundle);
    return 0;
}

/* --- keys --- */

static int is_one_of(const json_t *value, const char *const *words)
{
    for (; *words; words++)
        if (json_is_text(value, *words))
            return 1;
    return 0;
}

const char *key_file_foreign(const json_t *jwk, enum issuer_kind kind)
{
    static const char *const types[] = {"OKP", "EC", "RSA", NULL};
    static const char *const algs[] = {"Ed25519", "EdDSA", "ES256", "ES384", "RS256", "PS256", NULL};
    const json_t *use = json_object_get(jwk, "use"), *alg = json_object_get(jwk, "alg");

    if (kind == ISSUER_SVID ? !use || !json_is_text(use, "jwt-svid") : use && !json_is_text(use, "sig"))
        return kind == ISSUER_SVID ? "its use is not jwt-svid" : KEY_FILE_KINDS;
    if ((alg && !is_one_of(alg, algs)) || !is_one_of(json_object_get(jwk, "kty"), types))
        return KEY_FILE_KINDS;
    return NULL;
}

int key_file_jwk(const json_t *jwk, struct key **ret_key)
{
    CLEANUP(json_freep) json_t *bare = json_copy((json_t *)(uintptr_t)jwk);

    json_object_del(bare, "use");
    return jwk_parse(bare, ret_key);
}

int key_file_ssh(const char *line, size_t len, struct key **ret_key)
{
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
        len--;
    return sshkey_parse_signer_line(line, len, ret_key);
}
