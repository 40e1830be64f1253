#include "trust/crypto.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

static int digest(const EVP_MD *md, const void *bytes, size_t len, unsigned char *ret_digest)
{
    if (EVP_Digest(bytes, len, ret_digest, NULL, md, NULL) == 1)
        return 0;
    ERR_clear_error();
    return -EIO;
}

int crypto_sha256(const void *bytes, size_t len, unsigned char ret_digest[SHA256_SIZE])
{
    return digest(EVP_sha256(), bytes, len, ret_digest);
}

int crypto_sha512(const void *bytes, size_t len, unsigned char ret_digest[SHA512_SIZE])
{
    return digest(EVP_sha512(), bytes, len, ret_digest);
}

/* jansson's tables hash with a secret, lest a stranger makes all names collide: /dev/urandom, or else the time. */
int crypto_prepare(void)
{
    unsigned char digest[SHA256_SIZE];

    json_object_seed(0);
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 ? crypto_sha256("", 0, digest) : -EIO;
}

void crypto_wipe(void *buf, size_t len)
{
    OPENSSL_cleanse(buf, len);
}
