#include "agentctl/attest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/host.h"
#include "agentctl/program.h"
#include "agentctl/say.h"
#include "agentctl/verbs.h"
#include "ask/outcome.h"
#include "ask/packet.h"
#include "core/text.h"
#include "trust/base64url.h"
#include "trust/credential.h"
#include "trust/crypto.h"
#include "trust/presentation.h"

#define PART_MAX 1000 /* bytes of an answer; one of them is the "~" when more follows */
#define PARTS_MAX 30
#define ROUNDS_MAX 64 /* parts of a credential, and of a proof */
#define ANSWER_MAX 16384
#define ANSWER_MS 10000 /* gate verifies and decides in between */
#define SIGNATURE_MAX 4096

static const char armor_begin[] = "-----BEGIN SSH SIGNATURE-----", armor_end[] = "-----END SSH SIGNATURE-----";

/* --- the credential --- */

static int is_token(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    return len > 0 && !text[len];
}

int attester_load(struct attester *attester, const char *credential, const char *key)
{
    size_t len;
    int r;

    memset(attester, 0, sizeof *attester);
    r = read_input(credential, attester->credential, sizeof attester->credential, &len);
    while (r == 0 && len > 0 && strchr("\r\n", attester->credential[len - 1]))
        attester->credential[--len] = '\0';
    if (r == 0 && !is_token(attester->credential))
        r = -EINVAL;
    if (r == -EINVAL || r == -EFBIG)
        complain("%s: no credential is in it", credential);
    else if (r < 0)
        complain("%s: %s", credential, strerror(-r));
    attester->key = key;
    return r;
}

int attest_is_for(const char *credential, const char *host_id)
{
    struct presentation presentation;
    struct verdict verdict = presentation_read(credential, strlen(credential), &presentation);
    int is_for = verdict.reason == REASON_PERMIT && presentation_is_for(&presentation, host_id);

    presentation_clear(&presentation);
    return is_for;
}

/* --- the proof --- */

/* The base64 between the marks, as base64url. */
static int take_signature(const char *output, char *buf, size_t cap)
{
    const char *at = strstr(output, armor_begin), *end = at ? strstr(at, armor_end) : NULL;
    size_t len = 0;

    if (!end)
        return -EBADMSG;
    for (at += sizeof armor_begin - 1; at < end; at++) {
        if (strchr("\r\n=", *at))
            continue;
        if (len + 1 >= cap)
            return -ENOBUFS;
        buf[len++] = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    }
    buf[len] = '\0';
    return len ? 0 : -EBADMSG;
}

/* Sign NONCE HOST-ID ACCOUNT and the credential's digest, a line each. */
static int sign(struct attester *attester, const char *nonce, const char *host_id, const char *account)
{
    unsigned char digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1], text[PROMPT_MAX + sizeof hex], agent[512] = "", output[SIGNATURE_MAX];
    char *key = realpath(attester->key, NULL); /* ssh-keygen runs in another directory */
    const char *socket = getenv("SSH_AUTH_SOCK");
    struct program program = {
        .argv = {"ssh-keygen", "-q", "-Y", "sign", "-n", "pam-agent", "-f", key},
        .input = text,
    };
    int status = 0, r = key ? crypto_sha256(attester->credential, strlen(attester->credential), digest) : -errno;

    if (r == 0) {
        text_hex(hex, digest, sizeof digest);
        r = text_format(text, sizeof text, "%s\n%s\n%s\n%s\n", nonce, host_id, account, hex);
    }
    if (r == 0 && socket && text_format(agent, sizeof agent, "SSH_AUTH_SOCK=%s", socket) == 0)
        program.env[0] = agent;
    if (r == 0)
        r = program_run(&program, output, sizeof output, &status);
    if (r == 0)
        r = take_signature(status == 0 ? output : "", attester->proof, sizeof attester->proof);
    free(key);
    if (r < 0)
        complain("ssh-keygen cannot sign with %s", attester->key);
    return r;
}

/* "NONCE HOST-ID ACCOUNT": what is signed is for this credential's host alone. */
static int prove(struct attester *attester, const char *asked)
{
    char words[PROMPT_MAX], *rest = words;
    const char *nonce, *host_id, *account;

    if (attester->proof[0] && !strcmp(attester->question, asked))
        return 0;
    attester->proof[0] = '\0';
    if (text_copy(words, sizeof words, asked) < 0)
        return -EINVAL;
    nonce = strsep(&rest, " ");
    host_id = strsep(&rest, " ");
    account = strsep(&rest, " ");
    if (!account || rest)
        return -EINVAL;
    if (!attester->key) {
        complain("a proof is asked for, but no key is given: set AGENT_KEY, or give --key");
        return -ENOENT;
    }
    if (!attest_is_for(attester->credential, host_id)) {
        complain("the credential is not for this host");
        return -EPERM;
    }
    return sign(attester, nonce, host_id, account) < 0
               ? -EIO
               : text_copy(attester->question, sizeof attester->question, asked);
}

/* --- the talk --- */

/* One part, from 1, of the text; all but the last end in "~". */
static int give_part(const char *text, uint64_t part, char *reply)
{
    size_t len = strlen(text), start = (size_t)(part - 1) * (PART_MAX - 1);

    if (start >= len)
        return -EINVAL;
    if (len - start <= PART_MAX)
        return text_copy(reply, REPLY_MAX + 1, text + start);
    return text_format(reply, REPLY_MAX + 1, "%.*s~", PART_MAX - 1, text + start);
}

/* "WHAT (part N): ": WHAT in what[PROMPT_MAX], and N. */
static int read_prompt(const char *prompt, char *what, uint64_t *ret_part)
{
    const char *part = strstr(prompt, " (part "), *end = part ? strstr(part, "): ") : NULL;
    char digits[8];

    if (!end || end[3] || text_format(digits, sizeof digits, "%.*s", (int)(end - part - 7), part + 7) < 0 ||
        text_u64(digits, PARTS_MAX, ret_part) < 0 || *ret_part == 0)
        return -EINVAL;
    return text_format(what, PROMPT_MAX, "%.*s", (int)(part - prompt), prompt);
}

int attest_reply(struct attester *attester, const char *prompt, char *reply)
{
    static const char proof[] = "Agent proof ";
    char what[PROMPT_MAX];
    uint64_t part;
    int r = read_prompt(prompt, what, &part);

    if (r < 0)
        return r;
    if (!strcmp(what, "Agent credential"))
        return give_part(attester->credential, part, reply);
    if (!text_starts_with(what, proof))
        return -EINVAL;
    r = prove(attester, what + sizeof proof - 1);
    return r < 0 ? r : give_part(attester->proof, part, reply);
}

static int send_reply(int fd, struct attester *attester, const char *prompt)
{
    char reply[REPLY_MAX + 1], packet[3 * REPLY_MAX + 64];
    size_t len;
    int failed = attest_reply(attester, prompt, reply) < 0;
    int r = reply_write(failed ? NULL : reply, packet, sizeof packet, &len); /* a failure is told: gate records it */

    return r < 0 ? r : packet_send(fd, packet, len, deadline_in(ANSWER_MS));
}

static int talk(int fd, struct attester *attester, char *text, struct answer *answer)
{
    const struct question question = {.step = "attest"};
    size_t len;
    int r = question_write(&question, text, ANSWER_MAX, &len);

    if (r == 0)
        r = packet_send(fd, text, len, deadline_in(ANSWER_MS));
    for (int round = 0; r == 0; round++) {
        r = packet_receive(fd, text, ANSWER_MAX, deadline_in(ANSWER_MS), &len);
        if (r == 0)
            r = answer_read(text, len, answer);
        if (r < 0 || !text_equal(answer->verdict, "prompt"))
            break;
        r = round < ROUNDS_MAX && answer->prompt ? send_reply(fd, attester, answer->prompt) : -EBADMSG;
    }
    return r;
}

void attest(int fd, struct attester *attester, struct outcome *ret)
{
    char text[ANSWER_MAX];
    struct answer answer;
    int r = talk(fd, attester, text, &answer);

    outcome_refuse(ret, REASON_INTERNAL);
    if (r < 0)
        outcome_fail(ret, r);
    else if (text_equal(answer.verdict, "elsewhere"))
        outcome_refuse(ret, REASON_SESSION_NOT_FOUND);
    else
        outcome_of_answer(&answer, ret);
}

int print_attested(const struct outcome *outcome, const struct report *report)
{
    char when[32];

    if (outcome->verdict == OUTCOME_DENY) {
        say("REFUSED: %s", reason_word(outcome->reason));
        print_field("reference", outcome->reference);
        print_field("why", reason_meaning(outcome->reason));
        print_field("mend", reason_mend(outcome->reason));
        return outcome->reason == REASON_TIMEOUT || outcome->reason == REASON_INTERNAL ? EXIT_PART : EXIT_NO;
    }
    say("attested");
    if (report && report->deadline)
        print_field("ends", format_time(report->deadline, when));
    if (report && report->attest_by)
        print_field("attest by", format_time(report->attest_by, when));
    return EXIT_YES;
}
