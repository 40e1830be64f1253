/*
 * ssh certificates: the first byte says what the rest is.
 *
 *   b   a blob                      l   a line, as sshd hands it on
 *   c   task claims, t   a token    in a certificate that the CA did sign
 *   x   the list of extensions, o   of critical options, p   of principals, of such a one
 */
#include <errno.h>
#include <string.h>

#include "core/compat.h"
#include "replay.h"
#include "trust/base64url.h"
#include "trust/certificate.h"
#include "trust/jwk.h"
#include "trust/sshcert.h"
#include "trust/sshkey.h"
#include "trust/sshwire.h"

#define NOW 1754000000

static const char *const domains[] = {"example.org", NULL};
static const struct issuer issuer = {
    .kind = ISSUER_SSH_CA, .name = "ca", .iss = "ssh-ca:ca", .trust_domains = domains, .max_lifetime = 900};
static struct key *ca;

static void put_u64(struct sshwire_writer *w, uint64_t number)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (56 - 8 * i));
    sshwire_put_bytes(w, bytes, sizeof bytes);
}

static void put_text(struct sshwire_writer *w, const char *text)
{
    sshwire_put_string(w, text, strlen(text));
}

static void read_blob(const unsigned char *blob, size_t len)
{
    struct sshcert *cert = malloc(sizeof *cert);

    must(cert != NULL);
    if (sshcert_parse(blob, len, cert) == 0) {
        must(cert->key && cert->ca && cert->principal_count <= SSHCERT_PRINCIPALS_MAX);
        (void)!sshcert_verify(cert);
        (void)!sshcert_find(&cert->extensions, "x");
    }
    sshcert_clear(cert);
    free(cert);
}

static void read_line(const char *line)
{
    struct anchor anchor = {.issuer = &issuer, .key = ca};
    const struct verify_context ctx = {&anchor, 1, "spiffe://example.org/host/web-07", NOW};
    struct credential *credential;
    const char *detail = NULL;
    enum reason reason = certificate_verify(&ctx, line, "agent-deploy", &credential, &detail);

    must(detail != NULL && (reason == REASON_PERMIT) == (credential != NULL));
    if (credential)
        must(credential->exp > NOW && credential->exp <= NOW + 900 && credential->task && credential->identity &&
             credential->holder_thumbprint[0] && strlen(credential->scope) == credential->scope_len);
    credential_free(credential);
}

/* One list of the certificate is what the input says. */
static void read_made(char what, const char *bytes, size_t len)
{
    static unsigned char blob[2 * INPUT_MAX], list[INPUT_MAX + 256];
    static char line[4 * INPUT_MAX];
    struct sshwire_writer w = {.buf = blob, .cap = sizeof blob}, l = {.buf = list, .cap = sizeof list};
    unsigned char signature[KEY_SIGNATURE_MAX], ca_blob[128], signed_blob[256];
    struct sshwire_writer k = {.buf = ca_blob, .cap = sizeof ca_blob},
                          s = {.buf = signed_blob, .cap = sizeof signed_blob};
    size_t point_len;
    const unsigned char *point = key_point(ca, &point_len);

    put_text(&w, "ssh-ed25519-cert-v01@openssh.com");
    put_text(&w, "nonce");
    sshwire_put_string(&w, point, point_len);
    put_u64(&w, 7);
    sshwire_put_bytes(&w, "\0\0\0\1", 4);
    put_text(&w, "id");
    put_text(&l, "agent-deploy");
    sshwire_put_string(&w, what == 'p' ? (const void *)bytes : list, what == 'p' ? len : l.len);
    put_u64(&w, NOW - 10);
    put_u64(&w, NOW + 300);
    sshwire_put_string(&w, bytes, what == 'o' ? len : 0);
    l.len = 0;
    if (what == 'c' || what == 't') {
        static unsigned char value[INPUT_MAX + 8];
        struct sshwire_writer v = {.buf = value, .cap = sizeof value};

        sshwire_put_string(&v, bytes, len);
        put_text(&l, what == 'c' ? CERTIFICATE_CLAIMS_EXTENSION : CERTIFICATE_TOKEN_EXTENSION);
        sshwire_put_string(&l, value, v.len);
    }
    sshwire_put_string(&w, what == 'x' ? (const void *)bytes : list, what == 'x' ? len : l.len);
    sshwire_put_string(&w, "", 0);
    put_text(&k, "ssh-ed25519");
    sshwire_put_string(&k, point, point_len);
    sshwire_put_string(&w, ca_blob, k.len);
    must(!w.error && key_sign(ca, blob, w.len, signature) == 0);
    put_text(&s, "ssh-ed25519");
    sshwire_put_string(&s, signature, key_signature_size(ca));
    sshwire_put_string(&w, signed_blob, s.len);
    strcpy(line, "publickey ssh-ed25519-cert-v01@openssh.com ");
    base64_encode(blob, w.len, line + strlen(line));
    read_line(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0 || size > INPUT_MAX)
        return 0;
    if (!ca)
        must(key_generate(KEY_ED25519, &ca) == 0);
    text = malloc(size); /* its own block: sanitizers see a byte too far */
    must(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'b')
        read_blob((const unsigned char *)text, size - 1);
    else if (data[0] == 'l')
        read_line(text);
    else if (strchr("ctxop", data[0]))
        read_made((char)data[0], text, size - 1);
    free(text);
    return 0;
}
