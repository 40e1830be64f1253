/* Certificates of ssh with anything in them, for tests: what ssh-keygen would not make, too. */
#ifndef PAM_AGENT_TEST_CERTIFICATE_MAKER_H
#define PAM_AGENT_TEST_CERTIFICATE_MAKER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/compat.h"
#include "trust/base64url.h"
#include "trust/key.h"
#include "trust/sshwire.h"

#define MADE_MAX 300000 /* bytes of a blob */

struct made_list {
    unsigned char bytes[140000];
    size_t len;
};

/* Keys of Ed25519. */
struct made_certificate {
    const struct key *ca, *key;
    uint64_t serial, valid_after, valid_before;
    uint32_t type;      /* 1: a user's */
    const char *format; /* NULL: what certificates of Ed25519 are named */
    struct made_list principals, critical, extensions;
};

__attribute__((unused)) static void made_add(struct made_list *list, const void *bytes, size_t len)
{
    struct sshwire_writer w = {.buf = list->bytes, .cap = sizeof list->bytes, .len = list->len};

    sshwire_put_string(&w, bytes, len);
    if (w.error)
        abort();
    list->len = w.len;
}

/* An option: its name, and its value, NULL for none. */
__attribute__((unused)) static void made_option(struct made_list *list, const char *name, const void *value, size_t len)
{
    static struct made_list inner;

    inner.len = 0;
    if (value)
        made_add(&inner, value, len);
    made_add(list, name, strlen(name));
    made_add(list, inner.bytes, inner.len);
}

static void made_u64(struct sshwire_writer *w, uint64_t number)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (56 - 8 * i));
    sshwire_put_bytes(w, bytes, sizeof bytes);
}

static void made_text(struct sshwire_writer *w, const char *text)
{
    sshwire_put_string(w, text, strlen(text));
}

static void made_signed(struct sshwire_writer *w, const struct made_certificate *c)
{
    unsigned char signature[KEY_SIGNATURE_MAX], outer[256];
    struct sshwire_writer s = {.buf = outer, .cap = sizeof outer};

    if (w->error || key_sign(c->ca, w->buf, w->len, signature) < 0)
        abort();
    made_text(&s, "ssh-ed25519");
    sshwire_put_string(&s, signature, key_signature_size(c->ca));
    sshwire_put_string(w, outer, s.len);
}

/* Into blob[MADE_MAX]; its length. */
__attribute__((unused)) static size_t made_blob(const struct made_certificate *c, unsigned char *blob)
{
    struct sshwire_writer w = {.buf = blob, .cap = MADE_MAX};
    unsigned char signer[128], type[4] = {0, 0, 0, (unsigned char)c->type};
    struct sshwire_writer s = {.buf = signer, .cap = sizeof signer};
    size_t len;
    const unsigned char *point = key_point(c->key, &len);

    made_text(&w, c->format ? c->format : "ssh-ed25519-cert-v01@openssh.com");
    made_text(&w, "nonce");
    sshwire_put_string(&w, point, len);
    made_u64(&w, c->serial);
    sshwire_put_bytes(&w, type, sizeof type);
    made_text(&w, "id");
    sshwire_put_string(&w, c->principals.bytes, c->principals.len);
    made_u64(&w, c->valid_after);
    made_u64(&w, c->valid_before);
    sshwire_put_string(&w, c->critical.bytes, c->critical.len);
    sshwire_put_string(&w, c->extensions.bytes, c->extensions.len);
    made_text(&w, "");
    made_text(&s, "ssh-ed25519");
    point = key_point(c->ca, &len);
    sshwire_put_string(&s, point, len);
    sshwire_put_string(&w, signer, s.len);
    made_signed(&w, c);
    return w.len;
}

/* As sshd hands it on, for free(). */
__attribute__((unused)) static char *made_info(const struct made_certificate *c)
{
    static unsigned char blob[MADE_MAX];
    size_t len = made_blob(c, blob);
    char *line = malloc(len * 4 / 3 + 128);

    if (!line)
        abort();
    strcpy(line, "publickey ssh-ed25519-cert-v01@openssh.com ");
    base64_encode(blob, len, line + strlen(line));
    return line;
}

#endif
