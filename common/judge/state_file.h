/* A record of state: one object, as fields (core/fields.h), in a file that is root's. */
#ifndef PAM_AGENT_STATE_FILE_H
#define PAM_AGENT_STATE_FILE_H

#include <stdint.h>

#include "core/compat.h"
#include "core/fields.h"

struct state_format {
    void (*put)(struct fields_writer *w, const void *object);
    int (*take)(void *object, const char *key, const char *value); /* 1, 0 when it knows no such key, -errno */
    int (*complete)(const void *object);
};

/* Into an object that is clear. -ENOENT: there is none. -EBADMSG: not understood, all of it or a part. */
int state_read(int dir, const char *name, const struct state_format *format, void *object) MUST_CHECK;
/* -EEXIST when the name is taken. */
int state_create(int dir, const char *name, const struct state_format *format, const void *object) MUST_CHECK;
int state_replace(int dir, const char *name, const struct state_format *format, const void *object,
                  int durable) MUST_CHECK;

/* What a take() answers for a value: 1 or -EBADMSG. */
int state_take_text(char *dst, size_t cap, const char *value) MUST_CHECK;
int state_take_i64(int64_t *dst, const char *value) MUST_CHECK;
int state_take_u32(uint32_t *dst, const char *value) MUST_CHECK;
int state_take_u64(uint64_t *dst, const char *value) MUST_CHECK;

#endif
