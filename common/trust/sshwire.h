/*
 * SSH wire format (RFC 4251 Section 5), read and written inside given bounds. No allocation.
 */
#ifndef PAM_AGENT_SSHWIRE_H
#define PAM_AGENT_SSHWIRE_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

/* What is still to be read; the caller sets it to the whole. */
struct sshwire_reader {
    const unsigned char *at;
    size_t left;
};

/* Each takes what it read and answers 0, or -EBADMSG (too short, or not as demanded) and then reads no further. */

int sshwire_get_bytes(struct sshwire_reader *r, size_t len, const unsigned char **ret_bytes) MUST_CHECK;
int sshwire_get_u32(struct sshwire_reader *r, uint32_t *ret_number) MUST_CHECK;
/* A string of at most max bytes, borrowed. */
int sshwire_get_string(struct sshwire_reader *r, size_t max, const unsigned char **ret_bytes,
                       size_t *ret_len) MUST_CHECK;
/* A string that must be this text. */
int sshwire_get_text(struct sshwire_reader *r, const char *wanted) MUST_CHECK;
/* A non-negative mpint in its one form, as len big-endian bytes. */
int sshwire_get_mpint(struct sshwire_reader *r, unsigned char *ret_bytes, size_t len) MUST_CHECK;

struct sshwire_writer {
    unsigned char *buf;
    size_t cap, len;
    int error; /* -ENOBUFS, sticky */
};

void sshwire_put_bytes(struct sshwire_writer *w, const void *bytes, size_t len);
void sshwire_put_string(struct sshwire_writer *w, const void *bytes, size_t len);

#endif
