/*
 * Fuzz target: all that reads what a stranger presents. The first byte names the reader, the rest is its input.
 *
 * With clang: -fsanitize=fuzzer -DFUZZING; without, the program replays the files it is given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "tests/presentation_forms.h"
#include "trust/credential.h"
#include "trust/jwk.h"
#include "trust/jws.h"
#include "trust/presentation.h"
#include "trust/sshkey.h"
#include "trust/sshsig.h"
#include "trust/toolspec.h"

#define HEADER "{\"alg\":\"Ed25519\",\"typ\":\"aat+jwt\"}"

static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" /* RFC 8037 A.1 */
                          "-----END PRIVATE KEY-----\n";
static const char *const domains[] = {"example.org", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key *issuer(void)
{
    static struct key *key;

    if (!key && key_parse_private(pem, strlen(pem), &key) < 0)
        abort();
    return key;
}

static const struct issuer fuzz = {.kind = ISSUER_AAT,
                                   .name = "fuzz",
                                   .iss = "https://sts.example.org",
                                   .trust_domains = domains,
                                   .max_lifetime = 900};

static void read_token(const char *token, size_t len)
{
    struct anchor anchor = {.issuer = &fuzz, .key = issuer()};
    const struct verify_context ctx = {&anchor, 1, "spiffe://example.org/host/web-07", 1754000000};
    struct credential *credential;
    const char *detail = NULL;
    enum reason reason = credential_verify(&ctx, token, len, &credential, &detail);

    must(detail != NULL);
    must((reason == REASON_PERMIT) == (credential != NULL));
    if (credential) {
        must(credential->exp > ctx.now && credential->task && credential->identity && credential->holder_thumbprint[0]);
        must(strlen(credential->scope) == credential->scope_len);
        must(possession_by_channel(credential, credential->scope) != REASON_PERMIT);
    }
    credential_free(credential);
}

static void read_signed(const char *header, const char *payload, size_t len)
{
    char *token;

    if (jws_sign(header, payload, len, issuer(), &token) < 0)
        return;
    read_token(token, strlen(token));
    free(token);
}

/* A root that allows much, bound to the issuer's own key, so that it can be delegated here. */
static const char *root(void)
{
    static const char claims[] =
        "{\"jti\":\"r\",\"iss\":\"https://sts.example.org\",\"sub\":\"spiffe://example.org/agent/"
        "deploy\",\"txn\":\"t\","
        "\"aud\":\"spiffe://example.org/host/"
        "web-07\",\"iat\":1753999900,\"exp\":1754000400,\"del_depth\":0,\"del_max_depth\":8,"
        "\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}},"
        "\"authorization_details\":[{\"type\":\"attenuating_agent_token\",\"tools\":{\"host:login\":{},\"host:sudo\":{"
        "\"args\":"
        "{\"constraint_type\":\"any\",\"constraints\":[{\"constraint_type\":\"subset\",\"allowed\":[\"a\",\"b\"]},"
        "{\"constraint_type\":\"range\",\"max\":5},{\"constraint_type\":\"all\",\"constraints\":[{\"constraint_type\":"
        "\"not_one_of\",\"excluded\":[1]}]}]},\"runas\":{\"constraint_type\":\"one_of\",\"values\":[\"root\",\"x\"],"
        "\"optional\":true},\"*\":{\"constraint_type\":\"wildcard\"}}}}]}";
    static char *token;

    if (!token && jws_sign(HEADER, claims, sizeof claims - 1, issuer(), &token) < 0)
        abort();
    return token;
}

static void read_derived(const char *payload, size_t len)
{
    char *child, *chain;

    if (jws_sign(HEADER, payload, len, issuer(), &child) < 0)
        return;
    chain = presentation_format((const char *const[]){root(), child}, 2, NULL);
    must(chain != NULL);
    read_token(chain, strlen(chain));
    free(chain);
    free(child);
}

static void read_pop(const char *payload, size_t len)
{
    struct anchor anchor = {.issuer = &fuzz, .key = issuer()};
    const struct verify_context ctx = {&anchor, 1, "spiffe://example.org/host/web-07", 1754000000};
    struct credential *credential;
    char *pop;

    must(credential_verify(&ctx, root(), strlen(root()), &credential, NULL) == REASON_PERMIT);
    if (jws_sign("{\"alg\":\"Ed25519\",\"typ\":\"aat-pop+jwt\"}", payload, len, issuer(), &pop) == 0) {
        (void)!possession_by_pop(credential, "nonce", ctx.audience, "agent-deploy", ctx.now, pop, strlen(pop));
        free(pop);
    }
    credential_free(credential);
}

static void read_private(const char *bytes, size_t len)
{
    struct key *key = NULL;

    if (sshkey_parse_private((const unsigned char *)bytes, len, &key) == 0)
        must(key_is_private(key));
    key_free(key);
}

static void read_key(const char *text, size_t len)
{
    char thumbprint[KEY_THUMBPRINT_SIZE];
    struct key *key = NULL, *again = NULL;
    json_t *jwk;

    if (jwk_parse_text(text, len, &key) < 0)
        return;
    jwk = jwk_format(key);
    must(jwk_parse(jwk, &again) == 0 && key_equal(key, again) && jwk_thumbprint(key, thumbprint) == 0);
    json_decref(jwk);
    key_free(key);
    key_free(again);
}

static void read_auth_info(const char *text)
{
    struct credential credential = {.kind = ISSUER_AAT};

    must(jwk_thumbprint(issuer(), credential.holder_thumbprint) == 0);
    (void)!possession_by_channel(&credential, text);
}

static void read_sshsig(const char *bytes, size_t len)
{
    must(sshsig_verify(issuer(), "pam-agent", "text", 4, (const unsigned char *)bytes, len) != 0);
}

static void read_toolspec(const char *text)
{
    json_t *tools = json_object();
    const char *error = NULL;

    must(toolspec_add(tools, text, &error) == 0 || error != NULL);
    json_decref(tools);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    size_t len = size - 1;

    if (size == 0 || size > INPUT_MAX)
        return 0;
    text = malloc(size); /* its own block: sanitizers see a byte too far */
    must(text != NULL);
    memcpy(text, data + 1, len);
    text[len] = '\0';
    switch (data[0]) {
    case 'j':
        must(len == 0 || reads_alike(text, len));
        break;
    case 't':
        read_token(text, len);
        break;
    case 'c':
        read_signed(HEADER, text, len);
        break;
    case 'h':
        read_signed(text, "{}", 2);
        break;
    case 'k':
        read_key(text, len);
        break;
    case 'a':
        read_auth_info(text);
        break;
    case 's':
        read_sshsig(text, len);
        break;
    case 'd':
        read_derived(text, len);
        break;
    case 'o':
        read_pop(text, len);
        break;
    case 'p':
        read_private(text, len);
        break;
    case 'w':
        read_toolspec(text);
        break;
    }
    free(text);
    return 0;
}
