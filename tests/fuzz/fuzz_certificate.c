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
#include "tests/certificate_maker.h"
#include "trust/certificate.h"
#include "trust/sshcert.h"

#define NOW 1754000000

static const char *const domains[] = {"example.org", NULL};
static const struct issuer issuer = {
    .kind = ISSUER_SSH_CA, .name = "ca", .iss = "ssh-ca:ca", .trust_domains = domains, .max_lifetime = 900};
static struct key *ca;

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

/* One list of the certificate, or one option, is what the input says. */
static void read_made(char what, const char *bytes, size_t len)
{
    static struct made_certificate c;
    char *line;

    c = (struct made_certificate){
        .ca = ca, .key = ca, .serial = 7, .type = 1, .valid_after = NOW - 10, .valid_before = NOW + 300};
    made_add(&c.principals, "agent-deploy", strlen("agent-deploy"));
    if (what == 'c' || what == 't')
        made_option(&c.extensions, what == 'c' ? CERTIFICATE_CLAIMS_EXTENSION : CERTIFICATE_TOKEN_EXTENSION, bytes,
                    len);
    else {
        struct made_list *list = what == 'x' ? &c.extensions : what == 'o' ? &c.critical : &c.principals;

        memcpy(list->bytes, bytes, len);
        list->len = len;
    }
    line = made_info(&c);
    read_line(line);
    free(line);
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
