#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask/wipe.h"
#include "core/clock.h"
#include "core/files.h"
#include "core/text.h"
#include "judge/actor.h"
#include "judge/anchor_store.h"
#include "session/gate.h"
#include "session/verifier_wire.h"

/* A signature over a nonce of this moment, this host and this account: an SSHSIG (P3) or a PoP JWT (P2). */
static enum reason prove_by_signature(struct gate *gate, struct verifier_process *verifier)
{
    unsigned char random[NONCE_BYTES];
    char nonce[2 * NONCE_BYTES + 1], what[PROMPT_MAX], proof[GATE_ANSWER_MAX];
    enum reason reason;

    if (random_bytes(random, sizeof random) < 0)
        return REASON_INTERNAL;
    text_hex(nonce, random, sizeof random);
    if (text_format(what, sizeof what, "Agent proof %s %s %s", nonce, gate->host.id, gate->identity.account) < 0)
        return REASON_INTERNAL;
    reason = gate_collect(what, proof, sizeof proof, REASON_POSSESSION_MISSING, REASON_POSSESSION_INVALID);
    return reason == REASON_PERMIT ? verifier_proof(verifier, gate, nonce, proof) : reason;
}

/* What is bound to a key is never taken without it; what is bound to none, where every policy says so. */
static enum reason prove(struct gate *gate, struct verifier_process *verifier, const struct verifier_answer *answer)
{
    enum reason reason;

    if (answer->channel) {
        gate->grant.possession = POSSESSION_CHANNEL;
        return REASON_PERMIT;
    }
    if (!gate->grant.key[0]) {
        gate->grant.possession = POSSESSION_BEARER;
        return REASON_PERMIT;
    }
    reason = prove_by_signature(gate, verifier);
    if (reason == REASON_PERMIT)
        gate->grant.possession = POSSESSION_SIGNED;
    return reason;
}

static enum reason verify(struct gate *gate, struct verifier_process *verifier, const char *token)
{
    static struct verifier_answer answer; /* gate->detail points into it */
    static struct grant grant;
    enum reason reason = verifier_credential(verifier, gate, token, &grant, &answer);

    if (reason != REASON_PERMIT) {
        gate->detail = answer.detail;
        return reason;
    }
    if (answer.delegated)
        reason = actor_delegatee(&gate->identity, answer.delegatee, &grant);
    if (reason == REASON_PERMIT && gate->attested && !gate_same_intent(&grant, &gate->attested->grant))
        reason = REASON_ATTESTATION_MISMATCH;
    if (reason == REASON_PERMIT && !answer.delegated)
        reason = actor_itself(&gate->identity, grant.identity);
    if (reason != REASON_PERMIT)
        return reason;
    grant.uid = gate->identity.uid;
    if (text_copy(grant.account, sizeof grant.account, gate->identity.account) < 0 ||
        text_copy(grant.service, sizeof grant.service, gate->question.service) < 0 ||
        text_copy(grant.source, sizeof grant.source, gate->source ? gate->source : "") < 0)
        return REASON_TOO_LARGE;
    gate->grant = grant;
    reason = prove(gate, verifier, &answer);
    return reason == REASON_PERMIT && !grant_complete(&gate->grant) ? REASON_INTERNAL : reason;
}

static enum reason start_and_verify(struct gate *gate, const char *token)
{
    struct verifier_process verifier = {.fd = -1};
    int r = verifier_start(gate, &verifier);
    enum reason reason;

    if (r < 0)
        reason = r == -ENOMEM || r == -EAGAIN ? REASON_INTERNAL : REASON_STATE_UNAVAILABLE;
    else
        reason = verify(gate, &verifier, token);
    verifier_stop(&verifier);
    return reason;
}

int gate_has_certificate(const struct gate *gate)
{
    static const char suffix[] = "-cert-v01@openssh.com "; /* OpenSSH PROTOCOL.certkeys */

    return gate->question.auth_info && strstr(gate->question.auth_info, suffix) && anchors_take_certificates() == 1;
}

enum reason gate_certificate(struct gate *gate)
{
    return start_and_verify(gate, NULL);
}

enum reason gate_credential(struct gate *gate)
{
    char token[GATE_ANSWER_MAX + 1];
    enum reason reason = gate_has_certificate(gate) ? gate_certificate(gate) : REASON_CREDENTIAL_MISSING;

    /* A certificate that is no credential of ours is a key like any other. */
    if (reason != REASON_CREDENTIAL_MISSING && reason != REASON_KEY_UNKNOWN)
        return reason;
    reason =
        gate_collect("Agent credential", token, sizeof token, REASON_CREDENTIAL_MISSING, REASON_CREDENTIAL_MALFORMED);
    if (reason == REASON_PERMIT)
        reason = start_and_verify(gate, token);
    wipe(token, sizeof token);
    return reason;
}
