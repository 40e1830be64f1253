#include "ask/ask.h"

#include <errno.h>
#include <stdlib.h>

#include "ask/helper.h"
#include "ask/outcome.h"
#include "ask/packet.h"
#include "ask/wipe.h"
#include "core/paths.h"
#include "core/text.h"

#define ROUNDS_MAX 64    /* 30 parts of a credential, 30 of a proof */
#define ANSWER_MAX 16384 /* a prompt with every byte escaped fits */
#define REPLY_PACKET_MAX (3 * REPLY_MAX + 64)

struct dialogue {
    int fd;
    converse_fn converse;
    void *arg;
    char text[ANSWER_MAX];
    struct answer answer; /* inside text */
};

static int receive_answer(struct dialogue *d)
{
    size_t len;
    /* cppcheck-suppress ctuuninitvar; the call is what fills it */
    int r = packet_receive(d->fd, d->text, sizeof d->text, deadline_in(ASK_TIMEOUT_MS), &len);

    return r < 0 ? r : answer_read(d->text, len, &d->answer);
}

/* Show the prompt and send what came back. A conversation that fails is told to gate, which refuses and records it. */
static int reply(struct dialogue *d)
{
    char typed[REPLY_MAX + 1] = "", packet[REPLY_PACKET_MAX];
    size_t len;
    int r;

    if (!d->answer.prompt)
        return -EBADMSG;
    r = d->converse ? d->converse(d->arg, d->answer.prompt, typed) : -ENOTSUP;
    typed[REPLY_MAX] = '\0';
    r = reply_write(r < 0 ? NULL : typed, packet, sizeof packet, &len);
    if (r == 0)
        r = packet_send(d->fd, packet, len, deadline_in(ASK_TIMEOUT_MS));
    wipe(typed, sizeof typed);
    wipe(packet, sizeof packet);
    return r;
}

/* Up to an answer that is not a prompt. */
static int answer_prompts(struct dialogue *d)
{
    for (int round = 0;; round++) {
        int r = receive_answer(d);

        if (r < 0 || !text_equal(d->answer.verdict, "prompt"))
            return r;
        r = round < ROUNDS_MAX ? reply(d) : -EBADMSG;
        if (r < 0)
            return r;
    }
}

static int put_question(int fd, const struct question *question)
{
    char *packet = malloc(MESSAGE_MAX);
    size_t len;
    int r;

    if (!packet)
        return -ENOMEM;
    r = question_write(question, packet, MESSAGE_MAX, &len);
    if (r == 0)
        r = packet_send(fd, packet, len, deadline_in(ASK_TIMEOUT_MS));
    free(packet);
    return r;
}

void ask_gate(const struct question *question, converse_fn converse, void *arg, struct outcome *ret)
{
    struct dialogue dialogue;
    struct helper helper;
    int r;

    outcome_refuse(ret, REASON_INTERNAL);
    r = helper_start(PATH_GATE, &helper);
    if (r < 0) {
        outcome_fail(ret, r);
        return;
    }
    dialogue.fd = helper.fd;
    dialogue.converse = converse;
    dialogue.arg = arg;
    r = put_question(helper.fd, question);
    if (r == 0)
        r = answer_prompts(&dialogue);
    if (r == 0)
        outcome_of_answer(&dialogue.answer, ret);
    else
        outcome_fail(ret, r);
    helper_end(&helper);
}
