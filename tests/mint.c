/*
 * mint: a token with any claims and any header, for hostile tests.
 *
 *     mint KEY.pem [HEADER-JSON] < claims.json
 *
 * Standard input is the payload, byte for byte; without HEADER-JSON the header is that of a good AAT. Neither is looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/jwk.h"
#include "trust/jws.h"
#include "trust/keyfile.h"

static char payload[JWS_MAX];

int main(int argc, char **argv)
{
    CLEANUP(key_freep) struct key *key = NULL;
    char kid[KEY_THUMBPRINT_SIZE], header[256], *token;
    size_t len;
    int error;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: mint KEY.pem [HEADER-JSON] < claims.json\n");
        return 2;
    }
    error = keyfile_load(argv[1], &key);
    if (error) {
        fprintf(stderr, "mint: %s: %s\n", argv[1], strerror(-error));
        return 1;
    }
    if (jwk_thumbprint(key, kid) < 0)
        return 1;
    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"aat+jwt\"}", key_alg(key), kid);
    len = fread(payload, 1, sizeof payload, stdin);
    error = jws_sign(argc == 3 ? argv[2] : header, payload, len, key, &token);
    if (error) {
        fprintf(stderr, "mint: %s\n", strerror(-error));
        return 1;
    }
    puts(token);
    free(token);
    return 0;
}
