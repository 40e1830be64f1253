/*
 * verifier: parses and verifies what strangers wrote, for gate. Started as root to open the trust anchors; then it confines itself
 * (verifier_confine.h).
 *
 *   verifier UID    messages on descriptor 0 (verifier_wire.h)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask/packet.h"
#include "core/fields.h"
#include "core/text.h"
#include "session/verifier_confine.h"
#include "session/verifier_wire.h"
#include "trust/anchors.h"
#include "trust/base64url.h"
#include "trust/certificate.h"
#include "trust/credential.h"
#include "trust/crypto.h"
#include "trust/json.h"

#define IDLE_MS 150000 /* gate asks the person between two messages */
#define PROOF_MAX 4096 /* bytes of an SSHSIG */

struct request {
    const char *op, *audience, *now, *token, *auth_info, *nonce, *host_id, *account, *proof;
};

struct verifier {
    struct anchors *anchors;
    struct credential *credential; /* once verified */
};

static int request_read(char *text, size_t len, struct request *request)
{
    const struct {
        const char *key;
        const char **value;
    } known[] = {
        {"op", &request->op},           {"audience", &request->audience},   {"now", &request->now},
        {"token", &request->token},     {"auth-info", &request->auth_info}, {"nonce", &request->nonce},
        {"host-id", &request->host_id}, {"account", &request->account},     {"proof", &request->proof},
    };
    const char *key, *value;
    struct fields fields;
    int r = fields_open(&fields, text, len);

    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0) {
        r = -EBADMSG;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (strcmp(known[i].key, key) == 0) {
                *known[i].value = value;
                r = 0;
            }
    }
    return r;
}

static void write_voucher(struct fields_writer *w, const struct voucher *voucher)
{
    fields_put(w, "voucher-issuer", voucher->issuer);
    fields_put(w, "voucher-iss", voucher->iss);
    fields_put(w, "voucher-signer", voucher->signer_thumbprint);
    fields_put(w, "voucher-jti", voucher->jti);
    if (voucher->unbound)
        fields_put(w, "voucher-once", "1");
    fields_put(w, "delegatee", voucher->identity);
}

static void write_credential(struct fields_writer *w, const struct credential *credential)
{
    fields_put(w, "issuer", credential->issuer);
    fields_put(w, "iss", credential->iss);
    fields_put(w, "jti", credential->jti);
    fields_put(w, "key", credential->holder_thumbprint[0] ? credential->holder_thumbprint : NULL);
    fields_put(w, "signer", credential->signer_thumbprint);
    fields_put(w, "identity", credential->identity);
    fields_put(w, "principal", credential->principal);
    fields_put(w, "task", credential->task);
    fields_put(w, "purpose", credential->purpose);
    fields_put(w, "sensitivity", credential->sensitivity);
    fields_put_u64(w, "issued", (uint64_t)credential->iat);
    fields_put_u64(w, "expires", (uint64_t)credential->exp);
    fields_put(w, "sha256", credential->sha256);
    for (size_t i = 0; i < credential->ancestor_count; i++) {
        fields_put(w, "ancestor-jti", credential->ancestors[i].jti);
        fields_put(w, "ancestor-key", credential->ancestors[i].holder_thumbprint);
    }
    fields_put(w, "scope", credential->scope);
    if (credential->voucher)
        write_voucher(w, credential->voucher);
}

/* What stands in the token, or in the certificate that opened the connection. */
static enum reason verify(struct verifier *v, const struct request *request, const char **ret_detail)
{
    struct verify_context ctx = {.audience = request->audience};

    if (!v->anchors) {
        *ret_detail = "anchors.cdb cannot be read";
        return REASON_STATE_UNAVAILABLE;
    }
    if (v->credential || !request->audience || !request->now || text_i64(request->now, &ctx.now) < 0)
        return REASON_BAD_QUESTION;
    ctx.anchors = v->anchors->items;
    ctx.anchor_count = v->anchors->count;
    if (text_equal(request->op, "certificate"))
        return request->auth_info && request->account
                   ? certificate_verify(&ctx, request->auth_info, request->account, &v->credential, ret_detail)
                   : REASON_BAD_QUESTION;
    return request->token ? credential_verify(&ctx, request->token, strlen(request->token), &v->credential, ret_detail)
                          : REASON_BAD_QUESTION;
}

static void answer_credential(struct verifier *v, const struct request *request, struct fields_writer *w)
{
    const char *detail = NULL;
    enum reason reason = verify(v, request, &detail);

    fields_put(w, "reason", reason_word(reason));
    fields_put(w, "detail", detail);
    if (reason != REASON_PERMIT)
        return;
    write_credential(w, v->credential);
    if (request->auth_info && possession_by_channel(v->credential, request->auth_info) == REASON_PERMIT)
        fields_put(w, "channel", "1");
}

/* A compact JWT has dots, which base64url has not. */
static enum reason check_proof(const struct verifier *v, const struct request *request)
{
    unsigned char sshsig[PROOF_MAX];
    int64_t now;
    size_t len;

    if (!v->credential || !request->nonce || !request->host_id || !request->account || !request->proof ||
        !request->now || text_i64(request->now, &now) < 0)
        return REASON_BAD_QUESTION;
    if (strchr(request->proof, '.'))
        return possession_by_pop(v->credential, request->nonce, request->host_id, request->account, now, request->proof,
                                 strlen(request->proof));
    if (base64url_decode(request->proof, strlen(request->proof), sshsig, sizeof sshsig, &len) < 0)
        return REASON_POSSESSION_INVALID;
    return possession_by_signature(v->credential, request->nonce, request->host_id, request->account, sshsig, len);
}

static void answer(struct verifier *v, const struct request *request, struct fields_writer *w)
{
    if (text_equal(request->op, "credential") || text_equal(request->op, "certificate"))
        answer_credential(v, request, w);
    else if (text_equal(request->op, "proof"))
        fields_put(w, "reason", reason_word(check_proof(v, request)));
    else
        fields_put(w, "reason", reason_word(REASON_BAD_QUESTION));
}

/* One question and its answer; 0 when gate is done or the talk broke off. */
static int serve(struct verifier *v, char *buf)
{
    struct request request = {NULL};
    struct fields_writer w;
    char *reply;
    size_t len;
    int r;

    if (packet_receive(0, buf, VERIFIER_MESSAGE_MAX, deadline_in(IDLE_MS), &len) < 0 ||
        request_read(buf, len, &request) < 0)
        return 0;
    reply = malloc(VERIFIER_MESSAGE_MAX);
    if (!reply)
        return 0;
    fields_begin(&w, reply, VERIFIER_MESSAGE_MAX);
    answer(v, &request, &w);
    r = fields_end(&w, &len);
    if (r == 0)
        r = packet_send(0, reply, len, deadline_in(VERIFIER_TIMEOUT_MS));
    free(reply);
    return r == 0;
}

int main(int argc, char **argv)
{
    struct verifier v = {NULL, NULL};
    char *buf = malloc(VERIFIER_MESSAGE_MAX);
    uint64_t uid;

    if (argc != 2 || !buf || text_u64(argv[1], UINT32_MAX - 1, &uid) < 0 || uid == 0)
        return 2;
    if (anchors_load(&v.anchors) < 0)
        v.anchors = NULL; /* each credential is then refused, with this reason */
    json_strict_begin();
    if (crypto_begin() < 0) {
        free(buf);
        return 1;
    }
    verifier_confine((uid_t)uid);
    while (serve(&v, buf))
        ;
    return 0;
}
