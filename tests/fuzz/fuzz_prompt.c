/* Answers to prompts, in parts: the input is what a client answers, a part each line. */
#include <string.h>

#include "replay.h"
#include "session/gate.h"

static const char *next;
static int prompts;

const char *gate_prompt(const char *prompt, char *buf, size_t cap)
{
    size_t len = next ? strcspn(next, "\n") : 0;

    must(strncmp(prompt, "Agent credential (part ", 23) == 0 && ++prompts <= PARTS_MAX);
    if (!next || len >= cap)
        return NULL;
    memcpy(buf, next, len);
    buf[len] = '\0';
    next = next[len] ? next + len + 1 : NULL;
    return buf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), answer[GATE_ANSWER_MAX / 4];
    enum reason reason;

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    next = text;
    prompts = 0;
    reason =
        gate_collect("Agent credential", answer, sizeof answer, REASON_CREDENTIAL_MISSING, REASON_CREDENTIAL_MALFORMED);
    if (reason == REASON_PERMIT) {
        must(answer[0] && strlen(answer) < sizeof answer);
        must(answer[strspn(answer, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0');
    } else {
        must(reason == REASON_CREDENTIAL_MISSING || reason == REASON_CREDENTIAL_MALFORMED ||
             reason == REASON_TOO_LARGE);
    }
    free(text);
    return 0;
}
