/* sshsig.h and the proofs of possession of credential.h, with signatures of the real ssh-keygen. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "test_trust_mint.h"
#include "trust/base64url.h"
#include "trust/sshkey.h"
#include "trust/sshsig.h"
#include "trust/sshwire.h"

#define NONCE "n0nce"
#define ACCOUNT "agent-deploy"
#define TOKEN_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define STATEMENT NONCE "\n" HOST "\n" ACCOUNT "\n" TOKEN_SHA256 "\n"

static char dir[64];
static const char *const types[] = {"ed25519", "ecdsa -b 256"};

struct blob {
    unsigned char bytes[SSHSIG_MAX];
    size_t len;
};

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void write_file(const char *name, const char *text, size_t len)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    fclose(f);
}

static size_t read_file(const char *name, char *buf, size_t cap)
{
    char path[128];
    size_t len;
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    len = fread(buf, 1, cap - 1, f);
    fclose(f);
    buf[len] = '\0';
    return len;
}

static void make_dir(void)
{
    char command[512];

    make_keys();
    strcpy(dir, "/tmp/test_trust_possession.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        snprintf(command, sizeof command,
                 "ssh-keygen -q -t %s -N '' -C '' -f %s/key%d && ssh-keygen -q -t %s -N '' -C '' -f %s/other%d",
                 types[i], dir, i, types[i], dir, i);
        run(command);
    }
}

static void remove_dir(void)
{
    char command[256];

    snprintf(command, sizeof command, "rm -r %s", dir);
    run(command);
    free_keys();
}

static struct key *holder(const char *name)
{
    char line[1024];
    struct key *key;
    size_t len = read_file(name, line, sizeof line);

    ck_assert_int_eq(sshkey_parse_line(line, len, &key), 0);
    return key;
}

/* Sign as an agent would, and take the armor off. */
static struct blob ssh_sign(const char *key, const char *name_space, const char *hash, const char *text, size_t len)
{
    char command[512], armored[8192], base64[8192] = "", *line, *rest = armored;
    struct blob blob = {.len = 0};

    write_file("text", text, len);
    snprintf(command, sizeof command,
             "cd %s && rm -f text.sig && ssh-keygen -q -Y sign -f %s -n %s -O hashalg=%s text 2>sign.log", dir, key,
             name_space, hash);
    run(command);
    read_file("text.sig", armored, sizeof armored);
    while ((line = strsep(&rest, "\n")))
        if (line[0] != '-')
            strcat(base64, line);
    ck_assert_int_eq(base64_decode(base64, strlen(base64), blob.bytes, sizeof blob.bytes, &blob.len), 0);
    return blob;
}

static struct credential *credential_of(const struct key *key)
{
    static struct credential credential;

    memset(&credential, 0, sizeof credential);
    if (key)
        ck_assert_int_eq(jwk_thumbprint(key, credential.holder_thumbprint), 0);
    strcpy(credential.sha256, TOKEN_SHA256);
    return &credential;
}

static enum reason prove(const struct key *key, const struct blob *blob)
{
    return possession_by_signature(credential_of(key), NONCE, HOST, ACCOUNT, blob->bytes, blob->len);
}

START_TEST(signatures_of_ssh_keygen)
{
    char name[16], pub[16], other_pub[16];
    struct key *key, *other;
    struct blob blob;

    snprintf(name, sizeof name, "key%d", _i);
    snprintf(pub, sizeof pub, "key%d.pub", _i);
    snprintf(other_pub, sizeof other_pub, "other%d.pub", _i);
    key = holder(pub);
    other = holder(other_pub);
    for (int i = 0; i < 12; i++) { /* r and s of every length */
        blob = ssh_sign(name, "pam-agent", i % 2 ? "sha256" : "sha512", STATEMENT, strlen(STATEMENT));
        ck_assert_int_eq(prove(key, &blob), REASON_PERMIT);
        ck_assert_int_eq(prove(other, &blob), REASON_POSSESSION_INVALID);
    }
    for (size_t i = 0; i < blob.len; i++) { /* every byte counts */
        blob.bytes[i] ^= 1;
        ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
        blob.bytes[i] ^= 1;
    }
    for (size_t len = 1; len < blob.len; len++) {
        struct blob cut = blob;

        cut.len = len;
        ck_assert_int_eq(prove(key, &cut), REASON_POSSESSION_INVALID);
    }
    blob.bytes[blob.len++] = 0; /* trailing byte */
    ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
    blob.len--;
    ck_assert_int_eq(prove(key, &blob), REASON_PERMIT);
    blob = ssh_sign(name, "file", "sha512", STATEMENT, strlen(STATEMENT));
    ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
    blob = ssh_sign(name, "pam-agent2", "sha512", STATEMENT, strlen(STATEMENT));
    ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
    key_free(key);
    key_free(other);
}
END_TEST

static const char *const other_statements[] = {
    "",
    NONCE "\n" HOST "\n" ACCOUNT "\n" TOKEN_SHA256,
    NONCE "\n" HOST "\n" ACCOUNT "\n" TOKEN_SHA256 "\n\n",
    "m0nce\n" HOST "\n" ACCOUNT "\n" TOKEN_SHA256 "\n",
    NONCE "\nspiffe://example.org/host/web-08\n" ACCOUNT "\n" TOKEN_SHA256 "\n",
    NONCE "\n" HOST "\nagent-other\n" TOKEN_SHA256 "\n",
    NONCE "\n" HOST "\n" ACCOUNT "\n0" TOKEN_SHA256 "\n",
    NONCE " " HOST " " ACCOUNT " " TOKEN_SHA256 "\n",
};

START_TEST(other_statements_prove_nothing)
{
    struct key *key = holder("key0.pub");
    struct blob blob = ssh_sign("key0", "pam-agent", "sha512", other_statements[_i], strlen(other_statements[_i]));

    ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
    key_free(key);
}
END_TEST

START_TEST(absent_proof_is_failed_proof)
{
    struct key *key = holder("key0.pub");
    struct blob blob = ssh_sign("key0", "pam-agent", "sha512", STATEMENT, strlen(STATEMENT));
    const struct credential *c = credential_of(key);

    ck_assert_int_eq(possession_by_signature(c, NONCE, HOST, ACCOUNT, NULL, blob.len), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_signature(c, NONCE, HOST, ACCOUNT, blob.bytes, 0), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_signature(NULL, NONCE, HOST, ACCOUNT, blob.bytes, blob.len),
                     REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_signature(c, NULL, HOST, ACCOUNT, blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(c, "", HOST, ACCOUNT, blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(c, NONCE, NULL, ACCOUNT, blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(c, NONCE, HOST, "", blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(credential_of(NULL), NONCE, HOST, ACCOUNT, blob.bytes, blob.len),
                     REASON_POSSESSION_MISSING);
    key_free(key);
}
END_TEST

/* A newline inside a value would let one text be cut in two ways: refused although it is just what was signed. */
START_TEST(values_are_single_lines)
{
    static const char text[] = "a\nb\nc\nd\n" TOKEN_SHA256 "\n";
    struct key *key = holder("key0.pub");
    struct blob blob = ssh_sign("key0", "pam-agent", "sha512", text, sizeof text - 1);
    const struct credential *c = credential_of(key);

    ck_assert_int_eq(possession_by_signature(c, "a\nb", "c", "d", blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(c, "a", "b\nc", "d", blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_signature(c, "a", "b", "c\nd", blob.bytes, blob.len), REASON_POSSESSION_INVALID);
    key_free(key);
}
END_TEST

static void put_mpint(struct sshwire_writer *w, const unsigned char *number, size_t len)
{
    unsigned char padded[KEY_SIGNATURE_MAX] = {0};

    while (len > 0 && *number == 0) {
        number++;
        len--;
    }
    memcpy(padded + 1, number, len);
    sshwire_put_string(w, padded + !(padded[1] & 0x80), len + (padded[1] & 0x80 ? 1 : 0));
}

/* One signature, one spelling: nothing may follow inside the blob of the key's kind. */
START_TEST(ssh_signatures_have_one_form)
{
    struct key *key = _i ? es_key : ed_key;
    const char *type = _i ? "ecdsa-sha2-nistp256" : "ssh-ed25519";
    unsigned char raw[KEY_SIGNATURE_MAX + 1], inner[128], outer[256];

    ck_assert_int_eq(key_sign(key, "text", 4, raw), 0);
    for (int extra = 0; extra < 3; extra++) {
        struct sshwire_writer in = {.buf = inner, .cap = sizeof inner}, out = {.buf = outer, .cap = sizeof outer};

        if (_i) {
            put_mpint(&in, raw, 32);
            put_mpint(&in, raw + 32, 32);
        } else {
            sshwire_put_bytes(&in, raw, key_signature_size(key));
        }
        sshwire_put_bytes(&in, "\0", extra == 1);
        sshwire_put_string(&out, type, strlen(type));
        sshwire_put_string(&out, inner, in.len);
        sshwire_put_bytes(&out, "\0", extra == 2);
        ck_assert_int_eq(sshkey_verify(key, "text", 4, outer, out.len), extra ? -EKEYREJECTED : 0);
        ck_assert_int_eq(sshkey_verify(_i ? ed_key : es_key, "text", 4, outer, out.len), -EKEYREJECTED);
    }
}
END_TEST

/* SSHSIG taken apart by hand: each field another. */
START_TEST(sshsig_fields)
{
    struct key *key = holder("key0.pub");
    struct blob good = ssh_sign("key0", "pam-agent", "sha512", "text", 4), bad;
    static const struct {
        size_t at;
        unsigned char byte;
        int error;
    } changes[] = {
        {0, 's', -EBADMSG},       /* magic */
        {9, 2, -EBADMSG},         /* version */
        {9, 0, -EBADMSG},         /* version */
        {10, 1, -EBADMSG},        /* length of the key */
        {65, 0xff, -EBADMSG},     /* length of the namespace */
        {69, 'q', -EKEYREJECTED}, /* namespace */
        {81, 1, -EBADMSG},        /* length of the reserved field */
    };

    ck_assert_int_eq(sshsig_verify(key, "pam-agent", "text", 4, good.bytes, good.len), 0);
    ck_assert_int_eq(sshsig_verify(key, "pam-agen", "text", 4, good.bytes, good.len), -EKEYREJECTED);
    ck_assert_int_eq(sshsig_verify(key, "pam-agent", "text", 3, good.bytes, good.len), -EKEYREJECTED);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        bad = good;
        bad.bytes[changes[i].at] = changes[i].byte;
        ck_assert_msg(sshsig_verify(key, "pam-agent", "text", 4, bad.bytes, bad.len) == changes[i].error, "change %zu",
                      i);
    }
    bad = good;
    memcpy(memmem(bad.bytes, bad.len, "sha512", 6), "sha384", 6);
    ck_assert_int_eq(sshsig_verify(key, "pam-agent", "text", 4, bad.bytes, bad.len), -EBADMSG);
    ck_assert_int_eq(sshsig_verify(key, "pam-agent", "text", 4, bad.bytes, SSHSIG_MAX + 1), -EBADMSG);
    key_free(key);
}
END_TEST

START_TEST(rsa_is_refused)
{
    struct key *key = holder("key0.pub");
    char command[256];
    struct blob blob;

    snprintf(command, sizeof command, "ssh-keygen -q -t rsa -b 2048 -N '' -f %s/rsa", dir);
    run(command);
    blob = ssh_sign("rsa", "pam-agent", "sha512", STATEMENT, strlen(STATEMENT));
    ck_assert_int_eq(prove(key, &blob), REASON_POSSESSION_INVALID);
    key_free(key);
}
END_TEST

/* SSH_AUTH_INFO_0 as sshd writes it: a line a method, without comment. */
START_TEST(channel)
{
    char key[512], other[512], name[16], info[4096];
    struct key *k;
    const struct credential *c;

    snprintf(name, sizeof name, "key%d.pub", _i);
    k = holder(name);
    ck_assert_int_eq(sshkey_format_line(k, key, sizeof key), 0);
    snprintf(name, sizeof name, "other%d.pub", _i);
    read_file(name, other, sizeof other);
    other[strcspn(other, "\n")] = '\0';
    c = credential_of(k);

    snprintf(info, sizeof info, "publickey %s\n", key);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    info[strlen(info) - 1] = '\0';
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    snprintf(info, sizeof info, "password\npublickey %s\npublickey %s\nkeyboard-interactive\n", other, key);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_PERMIT);
    snprintf(info, sizeof info, "publickey %s\n", other);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_INVALID);
    snprintf(info, sizeof info, "publickey %s\npublickey\npublickey \n", other);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_INVALID);
    snprintf(info, sizeof info, "hostbased %s\n %s\npublickey-x %s\nPublickey %s", key, key, key, key);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_MISSING);
    snprintf(info, sizeof info, "publickey  %s\n", key);
    ck_assert_int_eq(possession_by_channel(c, info), REASON_POSSESSION_INVALID);
    ck_assert_int_eq(possession_by_channel(c, ""), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_channel(c, "\n\n"), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_channel(c, NULL), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_channel(NULL, info), REASON_POSSESSION_MISSING);
    ck_assert_int_eq(possession_by_channel(credential_of(NULL), info), REASON_POSSESSION_MISSING);
    key_free(k);
}
END_TEST

START_TEST(channel_is_bounded)
{
    struct key *k = holder("key0.pub");
    char *info = malloc(262146);

    memset(info, 'x', 262145);
    info[262145] = '\0';
    ck_assert_int_eq(possession_by_channel(credential_of(k), info), REASON_TOO_LARGE);
    info[262144] = '\0';
    ck_assert_int_eq(possession_by_channel(credential_of(k), info), REASON_POSSESSION_MISSING);
    free(info);
    key_free(k);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trust_possession");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_dir, remove_dir);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, signatures_of_ssh_keygen, 0, COUNT_OF(types));
    tcase_add_loop_test(tests, other_statements_prove_nothing, 0, COUNT_OF(other_statements));
    tcase_add_test(tests, absent_proof_is_failed_proof);
    tcase_add_test(tests, values_are_single_lines);
    tcase_add_loop_test(tests, ssh_signatures_have_one_form, 0, 2);
    tcase_add_test(tests, sshsig_fields);
    tcase_add_test(tests, rsa_is_refused);
    tcase_add_loop_test(tests, channel, 0, COUNT_OF(types));
    tcase_add_test(tests, channel_is_bounded);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
