/*
 * Fuzz target: the messages between plug-ins, gate and guard. What can be read must be written again as it was read.
 *
 * With clang: -fsanitize=fuzzer -DFUZZING; without, the program replays the files it is given.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "ask/message.h"
#include "ask/outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly that size; the reader changes it. */
static char *copy_of(const void *data, size_t size)
{
    char *copy = malloc(size ? size : 1);

    must(copy != NULL);
    memcpy(copy, data, size);
    return copy;
}

static void question(const uint8_t *data, size_t size)
{
    static struct question first, second;
    static char written[INPUT_MAX * 4], again[INPUT_MAX * 4];
    char *text = copy_of(data, size), *text_again;
    size_t len, len_again;

    if (question_read(text, size, &first) == 0) {
        must(first.step && first.argc <= MESSAGE_ARGS_MAX && !first.argv[first.argc]);
        must(question_write(&first, written, sizeof written, &len) == 0);
        text_again = copy_of(written, len);
        must(question_read(text_again, len, &second) == 0 && second.argc == first.argc);
        must(question_write(&second, again, sizeof again, &len_again) == 0);
        must(len == len_again && memcmp(written, again, len) == 0);
        free(text_again);
    }
    free(text);
}

static void answer(const uint8_t *data, size_t size)
{
    char *text = copy_of(data, size);
    struct outcome outcome;
    struct answer read;

    if (answer_read(text, size, &read) == 0) {
        outcome_of_answer(&read, &outcome);
        if (outcome.verdict == OUTCOME_PERMIT)
            must(strcmp(read.verdict, "permit") == 0 && outcome.reason == REASON_PERMIT);
        else
            must(outcome.verdict == OUTCOME_DENY && outcome.reason != REASON_PERMIT);
    }
    free(text);
}

static void reply(const uint8_t *data, size_t size)
{
    char *text = copy_of(data, size);
    const char *read;

    if (reply_read(text, size, &read) == 0)
        must(!read || strlen(read) <= REPLY_MAX);
    else
        must(!read);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return 0;
    question(data, size);
    answer(data, size);
    reply(data, size);
    return 0;
}
