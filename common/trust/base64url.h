/*
 * Base64, strict: one text for each byte string and one byte string for each text. Whitespace, unknown characters and
 * spare bits that are not zero are refused, so that a token cannot be respelled (RFC 7515 Section 2, RFC 4648 Section 3.5).
 *
 * No allocation, no locale. Not constant in time: not for private keys.
 */
#ifndef PAM_AGENT_BASE64URL_H
#define PAM_AGENT_BASE64URL_H

#include <stddef.h>

#include "core/compat.h"

/* Characters that len bytes encode to, without a final NUL. */
#define BASE64URL_LENGTH(len) (((len)*4 + 2) / 3)
/* Room enough for what len characters decode to. */
#define BASE64URL_BYTES(len) ((len) / 4 * 3 + 3)

/* Encode bytes[len] without padding; ret_text has room for BASE64URL_LENGTH(len) + 1 and is NUL-terminated. */
void base64url_encode(const void *bytes, size_t len, char *ret_text);

/*
 * Decode text[len], base64url without padding, into buf[cap]. 0 and the number of bytes; -EBADMSG not such a text;
 * -ENOBUFS. The bytes of buf mean nothing after an error.
 */
int base64url_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len) MUST_CHECK;

/* The same for the standard alphabet with its padding, as ssh writes keys; the empty text is refused. */
int base64_decode(const char *text, size_t len, void *buf, size_t cap, size_t *ret_len) MUST_CHECK;
/* ret_text has room for (len + 2) / 3 * 4 + 1. */
void base64_encode(const void *bytes, size_t len, char *ret_text);

#endif
