/*
 * Fields: the one text format of records, messages and compiled values.
 *
 *     pam_agent 1
 *     task spiffe://example.org/...
 *     argv /usr/bin/id
 *
 * Lines "key value\n", the first is "pam_agent VERSION". A key is [a-z][a-z0-9-]*, at most 32 bytes, and may
 * occur more than once; order is kept. A value is any bytes but NUL; control bytes, 0x7f and '%' stand as
 * %XX (upper-case hex), so a line is a line and the text is safe to print.
 *
 * No allocation, no locale; writer and reader work in the caller's buffer.
 */
#ifndef PAM_AGENT_FIELDS_H
#define PAM_AGENT_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

#define FIELDS_VERSION 1
#define FIELDS_KEY_MAX 32

struct fields_writer {
    char *buf;
    size_t cap, len;
    int error; /* first error, sticky: later puts do nothing */
};

/* Start a text in buf[cap]. */
void fields_begin(struct fields_writer *w, char *buf, size_t cap);
/* Append a line. A NULL value appends nothing. */
void fields_put(struct fields_writer *w, const char *key, const char *value);
void fields_put_u64(struct fields_writer *w, const char *key, uint64_t value);
/* 0 and the length (a NUL follows the text, not counted); -ENOBUFS, -EINVAL (bad key). */
int fields_end(struct fields_writer *w, size_t *ret_len) MUST_CHECK;

struct fields {
    char *at, *end;
};

/*
 * Read text[len] in place (it is changed). 0, or -EBADMSG when the first line is not of this version, the
 * text does not end in a newline, or it holds a NUL.
 */
int fields_open(struct fields *f, char *text, size_t len) MUST_CHECK;
/* The same for lines that stand without the first one, in a file whose version another record tells. */
int fields_open_bare(struct fields *f, char *text, size_t len) MUST_CHECK;
/* The next line: 1 with NUL-terminated key and unescaped value inside text; 0 at the end; -EBADMSG. */
int fields_next(struct fields *f, const char **ret_key, const char **ret_value) MUST_CHECK;

#endif
