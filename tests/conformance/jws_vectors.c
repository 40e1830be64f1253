/*
 * jws-vectors: JWS signatures against vectors in Wycheproof's layout (json_web_signature_test).
 *
 *     jws-vectors FILE
 *
 * Says each vector that disagrees, and "N passed, N failed". One that is valid under an algorithm that is not taken here must be
 * refused, and agrees then. Exit status 0: all agree, 1: not, 2: no such file.
 */
#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "trust/jwk.h"
#include "trust/jws.h"

static unsigned passed, failed;

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static int is_taken(const char *alg)
{
    static const char *const taken[] = {"Ed25519", "ES256", "ES384", "RS256", "PS256"};

    for (size_t i = 0; alg && i < COUNT_OF(taken); i++)
        if (strcmp(alg, taken[i]) == 0)
            return 1;
    return 0;
}

/* As wherever a token is verified: the one algorithm of the key, no extension. */
static int verifies(const struct jws *jws, const struct key *key)
{
    return key && jws->alg && !jws->has_crit && strcmp(jws->alg, key_alg(key)) == 0 && jws_verify(jws, key) == 0;
}

static void judge(const json_t *test, const struct key *key)
{
    CLEANUP(jws_clear) struct jws jws = {.token = NULL};
    const char *token = json_string_value(json_object_get(test, "jws"));
    int parsed = token && jws_parse(token, strlen(token), &jws) == 0;
    int valid = strcmp(text_of(test, "result"), "valid") == 0 && parsed && is_taken(jws.alg);
    int ours = parsed && verifies(&jws, key);

    if (ours == valid) {
        passed++;
        return;
    }
    printf("%lld %s: %s, wanted %s\n", json_integer_value(json_object_get(test, "tcId")), text_of(test, "comment"),
           ours ? "verified" : "refused", text_of(test, "result"));
    failed++;
}

/* A secret key has no public half: what it signed is of an algorithm that is not taken. */
static void judge_group(const json_t *group)
{
    CLEANUP(key_freep) struct key *key = NULL;
    const json_t *jwk = json_object_get(group, "public"), *test;
    size_t i;

    if (jwk && jwk_parse(jwk, &key) < 0)
        key = NULL;
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        judge(test, key);
    }
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *root;
    const json_t *group;
    size_t i;

    if (argc != 2)
        errx(2, "usage: jws-vectors FILE");
    root = json_load_file(argv[1], 0, &error);
    if (!root)
        errx(2, "%s:%d: %s", argv[1], error.line, error.text);
    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        judge_group(group);
    }
    json_decref(root);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
