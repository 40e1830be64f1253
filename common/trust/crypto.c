#include "trust/crypto.h"

#include <errno.h>
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

int crypto_begin(void)
{
    unsigned char none[SHA256_SIZE];

    /* A digest makes 3.x load its providers. */
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 ? crypto_sha256("", 0, none) : -EIO;
}

void crypto_wipe(void *buf, size_t len)
{
    OPENSSL_cleanse(buf, len);
}
