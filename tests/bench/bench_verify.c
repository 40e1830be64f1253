/*
 * bench_verify: what the verification of a credential costs, against the bare checks of its signatures in the same run: one token, and a
 * chain of three, of Ed25519 and of P-256, and ssh certificates of Ed25519 with task claims and with a token; and what a stranger's costs.
 * Prints a JSON object a line; medians of rounds.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/certificate_maker.h"
#include "trust/certificate.h"
#include "trust/credential.h"
#include "trust/derive.h"
#include "trust/issue.h"
#include "trust/jws.h"
#include "trust/presentation.h"
#include "trust/sshcert.h"

#define ROUNDS 31
#define EACH 40
#define NOW 1764000000
#define HOST "spiffe://example.org/host/web-07"
#define ISS "https://sts.example.org"
#define TOKENS 3

static struct key *keys[TOKENS + 1]; /* the issuer's, and the holders' */

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void make_keys(enum key_type type)
{
    for (size_t i = 0; i <= TOKENS; i++)
        if (key_generate(type, &keys[i]) < 0)
            errx(1, "no key");
}

/* A credential that was given on until it has so many tokens. */
static char *make(size_t count)
{
    static const char *const tools[] = {"host:login",
                                        "host:sudo runas=root command=/usr/bin/systemctl args=[\"restart\",\"nginx\"]"};
    const struct issue_request issue = {.iss = ISS,
                                        .identity = "spiffe://example.org/agent/deploy",
                                        .task = "task-1",
                                        .purpose = "restart-web",
                                        .audience = HOST,
                                        .holder = keys[1],
                                        .tools = tools,
                                        .tool_count = 2,
                                        .now = NOW,
                                        .lifetime = 300,
                                        .max_depth = 8};
    char error[ISSUE_ERROR_SIZE] = "", *made;

    if (credential_issue(&issue, keys[0], &made, error) < 0)
        errx(1, "%s", error);
    for (size_t i = 1; i < count; i++) {
        const struct derive_request derive = {.parent = made,
                                              .parent_len = strlen(made),
                                              .holder = keys[i],
                                              .to = keys[i + 1],
                                              .now = NOW,
                                              .lifetime = 300,
                                              .max_depth = 8};
        char *longer;

        if (credential_derive(&derive, &longer, error) < 0)
            errx(1, "%s", error);
        free(made);
        made = longer;
    }
    return made;
}

static void verify_whole(const char *made)
{
    static const char *const domains[] = {"example.org", NULL};
    const struct issuer issuer = {
        .kind = ISSUER_AAT, .name = "bench", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
    struct anchor anchor = {.issuer = &issuer, .key = keys[0]};
    const struct verify_context ctx = {&anchor, 1, HOST, NOW};
    struct credential *credential;

    if (credential_verify(&ctx, made, strlen(made), &credential, NULL) != REASON_PERMIT)
        errx(1, "it does not verify");
    credential_free(credential);
}

static void verify_certificate(const char *info)
{
    static const char *const domains[] = {"example.org", NULL};
    const struct issuer ca = {
        .kind = ISSUER_SSH_CA, .name = "ca", .iss = "ssh-ca:ca", .trust_domains = domains, .max_lifetime = 900};
    const struct issuer issuer = {
        .kind = ISSUER_AAT, .name = "bench", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
    struct anchor anchors[] = {{.issuer = &ca, .key = keys[0]}, {.issuer = &issuer, .key = keys[0]}};
    const struct verify_context ctx = {anchors, 2, HOST, NOW};
    struct credential *credential;
    const char *detail;

    if (certificate_verify(&ctx, info, "agent-deploy", &credential, &detail) != REASON_PERMIT)
        errx(1, "it does not verify: %s", detail);
    credential_free(credential);
}

static void verify_bare(const struct jws *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jws_verify(&parts[i], keys[i]) < 0)
            errx(1, "a signature does not verify");
}

static void verify_jwt(const char *token);

/* What is measured: the whole, and its signatures alone. */
struct subject {
    const char *made;
    struct jws parts[TOKENS];
    size_t count;
    const struct sshcert *certificate; /* NULL: none */
    int is_jwt;
};

static void whole(const struct subject *subject)
{
    if (subject->certificate)
        verify_certificate(subject->made);
    else if (subject->is_jwt)
        verify_jwt(subject->made);
    else
        verify_whole(subject->made);
}

static void bare(const struct subject *subject)
{
    if (subject->certificate && sshcert_verify(subject->certificate) < 0)
        errx(1, "the certificate does not verify");
    verify_bare(subject->parts, subject->count);
}

static double time_of(void (*act)(const struct subject *), const struct subject *subject)
{
    double start = now_us();

    for (int i = 0; i < EACH; i++)
        act(subject);
    return (now_us() - start) / EACH;
}

static void measure_subject(const char *name, const struct subject *subject)
{
    double took[ROUNDS], ratio[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        double signatures = time_of(bare, subject);

        took[round] = time_of(whole, subject);
        ratio[round] = took[round] / signatures;
    }
    qsort(took, ROUNDS, sizeof *took, ascending);
    qsort(ratio, ROUNDS, sizeof *ratio, ascending);
    printf("{\"name\":\"verify-%s-us\",\"value\":%.1f,\"unit\":\"us\"}\n", name, took[ROUNDS / 2]);
    printf("{\"name\":\"verify-%s-over-bare\",\"value\":%.2f,\"unit\":\"x\"}\n", name, ratio[ROUNDS / 2]);
}

static void measure(const char *name, size_t count)
{
    struct presentation presentation;
    struct subject subject = {.count = count};
    char *made = make(count);

    subject.made = made;
    if (presentation_read(made, strlen(made), &presentation).reason != REASON_PERMIT)
        errx(1, "no presentation");
    for (size_t i = 0; i < count; i++)
        if (jws_parse(presentation.tokens[i], presentation.lens[i], &subject.parts[i]) < 0)
            errx(1, "no token");
    measure_subject(name, &subject);
    for (size_t i = 0; i < count; i++)
        jws_clear(&subject.parts[i]);
    presentation_clear(&presentation);
    free(made);
}

static void measure_certificate(const char *name, const char *extension, const char *value, int holds_token)
{
    static struct made_certificate c;
    static struct sshcert cert;
    static unsigned char blob[MADE_MAX];
    struct subject subject = {.certificate = &cert, .count = (size_t)holds_token};
    char *info;

    c = (struct made_certificate){
        .ca = keys[0], .key = keys[1], .serial = 7, .type = 1, .valid_after = NOW - 10, .valid_before = NOW + 290};
    made_add(&c.principals, "agent-deploy", 12);
    made_option(&c.extensions, extension, value, strlen(value));
    info = made_info(&c);
    subject.made = info;
    if (sshcert_parse(blob, made_blob(&c, blob), &cert) < 0 ||
        (holds_token && jws_parse(value, strlen(value), &subject.parts[0]) < 0))
        errx(1, "no certificate");
    measure_subject(name, &subject);
    if (holds_token)
        jws_clear(&subject.parts[0]);
    sshcert_clear(&cert);
    free(info);
}

/* A JWT-SVID, and a token whose claims are mapped. */
static void verify_jwt(const char *token)
{
    static const char *const domains[] = {"example.org", NULL};
    const struct issuer svid = {.kind = ISSUER_SVID,
                                .name = "svid",
                                .iss = "spiffe://example.org",
                                .trust_domains = domains,
                                .max_lifetime = 900,
                                .task = "task"};
    const struct issuer mapped = {.kind = ISSUER_JWT,
                                  .name = "jwt",
                                  .iss = ISS,
                                  .trust_domains = domains,
                                  .max_lifetime = 900,
                                  .identity = "spiffe://example.org/ci/{repository}",
                                  .task = "run-{run_id}"};
    struct anchor anchors[] = {{.issuer = &svid, .kid = "s", .key = keys[0]},
                               {.issuer = &mapped, .kid = "c", .key = keys[0]}};
    const struct verify_context ctx = {anchors, 2, HOST, NOW};
    struct credential *credential;
    const char *detail;

    if (credential_verify(&ctx, token, strlen(token), &credential, &detail) != REASON_PERMIT)
        errx(1, "it does not verify: %s", detail);
    credential_free(credential);
}

static void measure_jwt(const char *name, const char *header, const char *claims)
{
    struct subject subject = {.count = 1, .is_jwt = 1};
    char *token;

    if (jws_sign(header, claims, strlen(claims), keys[0], &token) < 0 ||
        jws_parse(token, strlen(token), &subject.parts[0]) < 0)
        errx(1, "no token");
    subject.made = token;
    measure_subject(name, &subject);
    jws_clear(&subject.parts[0]);
    free(token);
}

/* The largest chain that prompts take, thirty parts of a thousand bytes, with a signature that is not the issuer's: one check, and nothing is parsed. */
static void measure_garbage(void)
{
    static const char *const domains[] = {"example.org", NULL};
    const struct issuer issuer = {
        .kind = ISSUER_AAT, .name = "bench", .iss = ISS, .trust_domains = domains, .max_lifetime = 900};
    struct anchor anchor = {.issuer = &issuer, .kid = "k", .key = keys[1]};
    const struct verify_context ctx = {&anchor, 1, HOST, NOW};
    static char payload[4100];
    const char *tokens[4];
    char *token, *made;
    double took[ROUNDS];

    memset(payload, 'x', sizeof payload);
    if (jws_sign("{\"alg\":\"Ed25519\",\"kid\":\"k\",\"typ\":\"aat+jwt\"}", payload, sizeof payload, keys[0], &token) <
        0)
        errx(1, "no token");
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        tokens[i] = token;
    made = presentation_format(tokens, 4, NULL);
    if (!made || strlen(made) > 30000 || strlen(made) < 29000)
        errx(1, "%zu bytes are not what prompts take", made ? strlen(made) : 0);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        struct credential *credential;

        if (credential_verify(&ctx, made, strlen(made), &credential, NULL) != REASON_SIGNATURE_INVALID)
            errx(1, "it is not refused as it should be");
        took[round] = now_us() - start;
    }
    qsort(took, ROUNDS, sizeof *took, ascending);
    printf("{\"name\":\"verify-garbage-chain-us\",\"value\":%.1f,\"unit\":\"us\"}\n", took[ROUNDS / 2]);
    free(token);
    free(made);
}

static void measure_certificates(void)
{
    static const char claims[] =
        "{\"aud\":\"" HOST "\",\"authorization_details\":[{\"tools\":{\"host:login\":{},\"host:sudo\":{"
        "\"runas\":{\"constraint_type\":\"exact\",\"value\":\"root\"}}},\"type\":"
        "\"attenuating_agent_token\"}],\"iat\":1763999995,\"sub\":\"spiffe://example.org/agent/deploy\","
        "\"tctx\":{\"purpose\":\"restart-web\"},\"txn\":\"task-1\"}";
    char *token = make(1);

    measure_certificate("certificate", CERTIFICATE_CLAIMS_EXTENSION, claims, 0);
    measure_certificate("certificate-token", CERTIFICATE_TOKEN_EXTENSION, token, 1);
    measure_garbage();
    free(token);
}

static void measure_jwts(void)
{
    measure_jwt("svid", "{\"alg\":\"ES256\",\"kid\":\"s\",\"typ\":\"JWT\"}",
                "{\"aud\":[\"" HOST
                "\"],\"exp\":1764000290,\"iat\":1763999990,\"sub\":\"spiffe://example.org/agent/deploy\","
                "\"task\":\"t\"}");
    measure_jwt("jwt", "{\"alg\":\"ES256\",\"kid\":\"c\",\"typ\":\"JWT\"}",
                "{\"aud\":\"" HOST "\",\"exp\":1764000290,\"iat\":1763999990,\"iss\":\"" ISS "\",\"jti\":\"j\","
                "\"repository\":\"org/app\",\"run_id\":\"7\",\"actor\":\"alice\",\"ref\":\"refs/heads/main\"}");
}

int main(void)
{
    static const struct {
        enum key_type type;
        const char *one, *three;
    } kinds[] = {{KEY_ED25519, "ed25519", "ed25519-chain"}, {KEY_P256, "es256", "es256-chain"}};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        make_keys(kinds[i].type);
        measure(kinds[i].one, 1);
        measure(kinds[i].three, TOKENS);
        if (kinds[i].type == KEY_ED25519)
            measure_certificates();
        else
            measure_jwts();
        for (size_t j = 0; j <= TOKENS; j++)
            key_free(keys[j]);
    }
    return 0;
}
