#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask/packet.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/paths.h"
#include "core/text.h"
#include "session/gate.h"
#include "session/verifier_wire.h"

int verifier_start(const struct gate *gate, struct verifier_process *ret)
{
    CLEANUP(close_fd) int empty = -1;
    CLEANUP(close_fd) int run = -1;
    char uid[16];
    int pair[2], r;
    pid_t pid;

    /* The second uid of the range is nobody's but the verifier's. */
    if (gate->meta.uid_max - gate->meta.uid_min < 2 ||
        text_format(uid, sizeof uid, "%lu", (unsigned long)gate->meta.uid_min + 1) < 0)
        return -EINVAL;
    r = dir_make(PATH_RUN, 0711, &run);
    if (r == 0)
        r = dir_make_at(run, "empty", 0711, &empty);
    if (r < 0)
        return r;
    ret->buf = malloc(VERIFIER_MESSAGE_MAX);
    if (!ret->buf || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -ENOMEM;
    pid = fork();
    if (pid == 0) {
        char *const argv[] = {(char *)"verifier", uid, NULL};
        char *const envp[] = {NULL};

        if (dup2(pair[1], 0) == 0)
            execve(PATH_VERIFIER, argv, envp);
        _exit(127);
    }
    close(pair[1]);
    ret->fd = pair[0];
    return pid < 0 ? -EAGAIN : 0;
}

/* It ends when the socket closes; gate ends soon after, and init reaps. */
void verifier_stop(struct verifier_process *verifier)
{
    close_fd(&verifier->fd);
    free(verifier->buf);
    *verifier = (struct verifier_process){.fd = -1};
}

/* The claims that a verifier states; account, uid, possession and the rest are gate's own. */
static int is_claim(const char *key)
{
    static const char *const claims[] = {
        "issuer",         "iss",         "jti",    "key",     "signer", "identity",       "principal",   "task",
        "purpose",        "sensitivity", "issued", "expires", "scope",  "voucher-issuer", "voucher-iss", "voucher-jti",
        "voucher-signer", "voucher-once"};

    for (size_t i = 0; i < COUNT_OF(claims); i++)
        if (strcmp(claims[i], key) == 0)
            return 1;
    return 0;
}

/* RFC 7638 with SHA-256: 43 characters of base64url. */
static int is_thumbprint(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    return len == THUMBPRINT_MAX && text[len] == '\0';
}

static enum reason take_field(const char *key, const char *value, struct grant *grant, struct verifier_answer *answer)
{
    if (strcmp(key, "reason") == 0) {
        answer->reason = reason_parse(value);
        return REASON_PERMIT;
    }
    if (strcmp(key, "detail") == 0)
        return text_copy(answer->detail, sizeof answer->detail, value) < 0 ? REASON_INTERNAL : REASON_PERMIT;
    if (strcmp(key, "channel") == 0) {
        answer->channel = strcmp(value, "1") == 0;
        return REASON_PERMIT;
    }
    if (grant && strcmp(key, "ancestor-jti") == 0) {
        answer->delegated = 1;
        return grant->iss[0] && grant_add_ancestor(grant, LINK_JTI, grant->iss, value) == 0 ? REASON_PERMIT
                                                                                            : REASON_INTERNAL;
    }
    if (grant && strcmp(key, "ancestor-key") == 0)
        return is_thumbprint(value) && grant_add_ancestor(grant, LINK_KEY, NULL, value) == 0 ? REASON_PERMIT
                                                                                             : REASON_INTERNAL;
    if (strcmp(key, "delegatee") == 0)
        return spiffe_id_valid(value) && text_copy(answer->delegatee, sizeof answer->delegatee, value) == 0
                   ? REASON_PERMIT
                   : REASON_INTERNAL;
    if (strcmp(key, "sha256") == 0)
        return text_copy(answer->sha256, sizeof answer->sha256, value) < 0 ? REASON_INTERNAL : REASON_PERMIT;
    return grant && is_claim(key) && grant_field(grant, key, value) > 0 ? REASON_PERMIT : REASON_INTERNAL;
}

/* Send what w holds; take the reply in. The reply is judged as what it is: the word of a process that parsed hostile input. */
static enum reason exchange(struct verifier_process *verifier, struct fields_writer *w, struct grant *grant,
                            struct verifier_answer *ret)
{
    struct verifier_answer answer = {.reason = REASON_INTERNAL};
    int64_t deadline = deadline_in(VERIFIER_TIMEOUT_MS);
    const char *key, *value;
    struct fields fields;
    size_t len;
    int r = fields_end(w, &len);

    if (r == 0)
        r = packet_send(verifier->fd, verifier->buf, len, deadline);
    if (r == 0)
        r = packet_receive(verifier->fd, verifier->buf, VERIFIER_MESSAGE_MAX, deadline, &len);
    if (r == 0)
        r = fields_open(&fields, verifier->buf, len);
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0)
        r = take_field(key, value, grant, &answer) == REASON_PERMIT ? 0 : -EBADMSG;
    if (r < 0)
        return r == -ETIMEDOUT ? REASON_TIMEOUT : r == -ENOBUFS ? REASON_TOO_LARGE : REASON_INTERNAL;
    *ret = answer;
    return answer.reason;
}

/* What stands on another token falls with it. */
static enum reason check_grant(struct grant *grant)
{
    const struct voucher_grant *voucher = &grant->voucher;

    if (!is_thumbprint(grant->signer) || (grant->key[0] && !is_thumbprint(grant->key)))
        return REASON_INTERNAL;
    if (!voucher->issuer[0])
        return REASON_PERMIT;
    if (!is_thumbprint(voucher->signer) || !voucher->iss[0] || !voucher->jti[0])
        return REASON_INTERNAL;
    return grant_add_ancestor(grant, LINK_ISSUER, NULL, voucher->iss) < 0 ||
                   grant_add_ancestor(grant, LINK_JTI, voucher->iss, voucher->jti) < 0
               ? REASON_TOO_LARGE
               : REASON_PERMIT;
}

enum reason verifier_credential(struct verifier_process *verifier, const struct gate *gate, const char *token,
                                struct grant *grant, struct verifier_answer *ret)
{
    struct fields_writer w;
    enum reason reason;

    fields_begin(&w, verifier->buf, VERIFIER_MESSAGE_MAX);
    fields_put(&w, "op", token ? "credential" : "certificate");
    fields_put(&w, "audience", gate->host.id);
    fields_put_u64(&w, "now", (uint64_t)clock_wall_seconds());
    if (token)
        fields_put(&w, "token", token);
    else
        fields_put(&w, "account", gate->identity.account);
    fields_put(&w, "auth-info", gate->question.auth_info);
    grant_clear(grant);
    reason = exchange(verifier, &w, grant, ret);
    return reason == REASON_PERMIT ? check_grant(grant) : reason;
}

enum reason verifier_proof(struct verifier_process *verifier, const struct gate *gate, const char *nonce,
                           const char *proof)
{
    struct verifier_answer answer;
    struct fields_writer w;

    fields_begin(&w, verifier->buf, VERIFIER_MESSAGE_MAX);
    fields_put(&w, "op", "proof");
    fields_put_u64(&w, "now", (uint64_t)clock_wall_seconds());
    fields_put(&w, "nonce", nonce);
    fields_put(&w, "host-id", gate->host.id);
    fields_put(&w, "account", gate->identity.account);
    fields_put(&w, "proof", proof);
    return exchange(verifier, &w, NULL, &answer);
}
