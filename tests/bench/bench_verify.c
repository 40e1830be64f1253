/*
 * bench_verify: what the verification of a credential costs, against the bare checks of its signatures in the same run: one token, and a
 * chain of three, of Ed25519 and of P-256. Prints a JSON object a line; medians of rounds.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trust/credential.h"
#include "trust/derive.h"
#include "trust/issue.h"
#include "trust/jws.h"
#include "trust/presentation.h"

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

static void verify_bare(const struct jws *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jws_verify(&parts[i], keys[i]) < 0)
            errx(1, "a signature does not verify");
}

static void measure(const char *name, size_t count)
{
    struct presentation presentation;
    struct jws parts[TOKENS];
    double whole[ROUNDS], ratio[ROUNDS];
    char *made = make(count);

    if (presentation_read(made, strlen(made), &presentation).reason != REASON_PERMIT)
        errx(1, "no presentation");
    for (size_t i = 0; i < count; i++)
        if (jws_parse(presentation.tokens[i], presentation.lens[i], &parts[i]) < 0)
            errx(1, "no token");
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us(), bare;

        for (int i = 0; i < EACH; i++)
            verify_bare(parts, count);
        bare = now_us() - start;
        start = now_us();
        for (int i = 0; i < EACH; i++)
            verify_whole(made);
        whole[round] = now_us() - start;
        ratio[round] = whole[round] / bare;
        whole[round] /= EACH;
    }
    qsort(whole, ROUNDS, sizeof *whole, ascending);
    qsort(ratio, ROUNDS, sizeof *ratio, ascending);
    printf("{\"name\":\"verify-%s-us\",\"value\":%.1f,\"unit\":\"us\"}\n", name, whole[ROUNDS / 2]);
    printf("{\"name\":\"verify-%s-over-bare\",\"value\":%.2f,\"unit\":\"x\"}\n", name, ratio[ROUNDS / 2]);
    for (size_t i = 0; i < count; i++)
        jws_clear(&parts[i]);
    presentation_clear(&presentation);
    free(made);
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
        for (size_t j = 0; j <= TOKENS; j++)
            key_free(keys[j]);
    }
    return 0;
}
