#include "ask/message.h"

#include <errno.h>
#include <string.h>

#include "core/fields.h"
#include "core/text.h"

/* Where a key's value goes: a NULL-terminated member of the message, found by offset. */
struct member {
    const char *key;
    size_t offset;
};

static const struct member question_members[] = {
    {"step", offsetof(struct question, step)},           {"phase", offsetof(struct question, phase)},
    {"service", offsetof(struct question, service)},     {"user", offsetof(struct question, user)},
    {"source", offsetof(struct question, source)},       {"connection", offsetof(struct question, connection)},
    {"auth-info", offsetof(struct question, auth_info)}, {"tty", offsetof(struct question, tty)},
    {"run-as", offsetof(struct question, run_as)},       {"cwd", offsetof(struct question, cwd)},
    {"session", offsetof(struct question, session)},     {"own-group", offsetof(struct question, own_group)},
};

static const struct member answer_members[] = {
    {"verdict", offsetof(struct answer, verdict)},
    {"reason", offsetof(struct answer, reason)},
    {"reference", offsetof(struct answer, reference)},
    {"session", offsetof(struct answer, session)},
    {"prompt", offsetof(struct answer, prompt)},
    {"leaves", offsetof(struct answer, leaves)},
    {"adopt", offsetof(struct answer, adopt)},
    {"apart", offsetof(struct answer, apart)},
    {"state", offsetof(struct answer, state)},
    {"deadline", offsetof(struct answer, deadline)},
    {"attest-by", offsetof(struct answer, attest_by)},
    {"attest-from", offsetof(struct answer, attest_from)},
    {"frozen-until", offsetof(struct answer, frozen_until)},
    {"steps", offsetof(struct answer, steps)},
    {"refusals", offsetof(struct answer, refusals)},
    {"task", offsetof(struct answer, task)},
};

static const char **member_of(const void *message, const struct member *member)
{
    return (const char **)((char *)message + member->offset);
}

static void put_members(struct fields_writer *w, const struct member *members, size_t count, const void *message)
{
    for (size_t i = 0; i < count; i++)
        fields_put(w, members[i].key, *member_of(message, &members[i]));
}

/* 1: taken; 0: no such key; -EBADMSG: given twice. */
static int take_member(const struct member *members, size_t count, void *message, const char *key, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        const char **place = member_of(message, &members[i]);

        if (strcmp(members[i].key, key) != 0)
            continue;
        if (*place)
            return -EBADMSG;
        *place = value;
        return 1;
    }
    return 0;
}

int question_write(const struct question *question, char *buf, size_t cap, size_t *ret_len)
{
    struct fields_writer w;

    if (question->argc > MESSAGE_ARGS_MAX)
        return -ENOBUFS;
    fields_begin(&w, buf, cap);
    put_members(&w, question_members, COUNT_OF(question_members), question);
    if (question->observe)
        fields_put(&w, "observe", "1");
    for (size_t i = 0; i < question->argc; i++)
        fields_put(&w, "argv", question->argv[i]);
    return fields_end(&w, ret_len);
}

static int question_list_field(struct question *question, const char *key, const char *value)
{
    if (strcmp(key, "argv") == 0 && question->argc < MESSAGE_ARGS_MAX) {
        question->argv[question->argc++] = value;
        return 0;
    }
    if (strcmp(key, "observe") == 0 && !question->observe && strcmp(value, "1") == 0) {
        question->observe = 1;
        return 0;
    }
    return -EBADMSG;
}

int question_read(char *text, size_t len, struct question *ret)
{
    const char *key, *value;
    struct fields fields;
    int r;

    memset(ret, 0, sizeof *ret);
    if (fields_open(&fields, text, len) < 0)
        return -EBADMSG;
    while ((r = fields_next(&fields, &key, &value)) > 0) {
        r = take_member(question_members, COUNT_OF(question_members), ret, key, value);
        if (r < 0 || (r == 0 && question_list_field(ret, key, value) < 0))
            return -EBADMSG;
    }
    return r < 0 || !ret->step ? -EBADMSG : 0;
}

int answer_write(const struct answer *answer, char *buf, size_t cap, size_t *ret_len)
{
    struct fields_writer w;

    fields_begin(&w, buf, cap);
    put_members(&w, answer_members, COUNT_OF(answer_members), answer);
    return fields_end(&w, ret_len);
}

int answer_read(char *text, size_t len, struct answer *ret)
{
    const char *key, *value;
    struct fields fields;
    int r;

    memset(ret, 0, sizeof *ret);
    if (fields_open(&fields, text, len) < 0)
        return -EBADMSG;
    while ((r = fields_next(&fields, &key, &value)) > 0)
        if (take_member(answer_members, COUNT_OF(answer_members), ret, key, value) != 1)
            return -EBADMSG;
    return r < 0 || !ret->verdict ? -EBADMSG : 0;
}

int reply_write(const char *reply, char *buf, size_t cap, size_t *ret_len)
{
    struct fields_writer w;

    fields_begin(&w, buf, cap);
    fields_put(&w, "reply", reply);
    return fields_end(&w, ret_len);
}

int reply_read(char *text, size_t len, const char **ret_reply)
{
    const char *key, *value, *reply = NULL;
    struct fields fields;
    int r;

    *ret_reply = NULL;
    if (fields_open(&fields, text, len) < 0)
        return -EBADMSG;
    while ((r = fields_next(&fields, &key, &value)) > 0) {
        if (reply || strcmp(key, "reply") != 0 || strlen(value) > REPLY_MAX)
            return -EBADMSG;
        reply = value;
    }
    if (r < 0)
        return -EBADMSG;
    *ret_reply = reply;
    return 0;
}
