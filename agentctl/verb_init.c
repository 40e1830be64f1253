/* init: what has to be there before `apply` and `enable`. Makes what is absent, leaves what is there. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentctl/embedded.h"
#include "agentctl/program.h"
#include "agentctl/say.h"
#include "agentctl/template.h"
#include "agentctl/verbs.h"
#include "core/files.h"
#include "core/names.h"
#include "core/paths.h"
#include "core/text.h"
#include "trust/keyfile.h"

struct names {
    char host[256];
    char trust_domain[256];
    char host_id[SPIFFE_ID_MAX + 1];
    char iss[SPIFFE_ID_MAX + 1];
};

static int failed(const char *what, int r)
{
    complain("%s: %s", what, r == -EPERM ? "not owned by root, or others may write to it" : strerror(-r));
    return r;
}

/*
 * The trust domain, unless it is given: the domain part of the host's name, else HOSTNAME.invalid, a name that no other host's
 * embedded issuer speaks for and that no real domain ever has (RFC 2606). The network is not asked.
 */
static int default_names(struct names *names)
{
    char *dot;

    if (gethostname(names->host, sizeof names->host) < 0 || !memchr(names->host, '\0', sizeof names->host))
        return -EINVAL;
    for (char *c = names->host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    dot = strchr(names->host, '.');
    if (dot) {
        *dot = '\0';
        return text_copy(names->trust_domain, sizeof names->trust_domain, dot + 1);
    }
    return text_format(names->trust_domain, sizeof names->trust_domain, "%s.invalid", names->host);
}

static int choose_names(struct names *names, const char *trust_domain, const char *host_id)
{
    int r = default_names(names);

    if (trust_domain)
        r = text_copy(names->trust_domain, sizeof names->trust_domain, trust_domain);
    if (r < 0 || !trust_domain_valid(names->trust_domain)) {
        complain("no valid trust domain: give one with --trust-domain, e.g. example.org");
        return -EINVAL;
    }
    r = host_id ? text_copy(names->host_id, sizeof names->host_id, host_id)
                : text_format(names->host_id, sizeof names->host_id, "spiffe://%s/host/%s", names->trust_domain,
                              names->host);
    if (r < 0 || !spiffe_id_valid(names->host_id)) {
        complain("no valid host id: give a SPIFFE ID with --host-id, e.g. spiffe://example.org/host/web-07");
        return -EINVAL;
    }
    r = text_format(names->iss, sizeof names->iss, "spiffe://%s/issuer/%s", names->trust_domain, names->host);
    if (r < 0 || !spiffe_id_valid(names->iss)) {
        complain("this host's name makes no SPIFFE ID: rename the host");
        return -EINVAL;
    }
    return 0;
}

static void made(const char *path)
{
    say("made      %s", path);
}

static void was_there(const char *path)
{
    say("was there %s", path);
}

static int make_dir(const char *path, mode_t mode)
{
    struct stat st;
    int fd, r, there = lstat(path, &st) == 0;

    r = dir_make(path, mode, &fd);
    if (r < 0)
        return failed(path, r);
    close(fd);
    if (there && (mode & 077) == 0 && (st.st_mode & 077) != 0)
        return failed(path, -EPERM);
    (there ? was_there : made)(path);
    return 0;
}

/* Secrets stand in directories that root alone enters. */
static int make_dirs(void)
{
    static const struct {
        const char *path;
        mode_t mode;
    } dirs[] = {
        {PATH_CONFIG_DIR, 0755},   {PATH_CONFIG_FRAGMENTS, 0755}, {PATH_KEYS, 0755},
        {PATH_PRIVATE_KEYS, 0700}, {PATH_STATE_DIR, 0755},        {PATH_STATE, 0700},
        {PATH_LOG_DIR, 0700},
    };

    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        int r = make_dir(dirs[i].path, dirs[i].mode);

        if (r < 0)
            return r;
    }
    return 0;
}

/* A new file, or a word that it was there; what is there is never changed. */
static int make_file(const char *dir, const char *name, const char *text)
{
    CLEANUP(close_fd) int fd = -1;
    char path[256];
    int r = text_format(path, sizeof path, "%s/%s", dir, name);

    if (r == 0)
        r = dir_open(dir, &fd);
    if (r == 0)
        r = file_create_at(fd, name, 0644, text, strlen(text));
    if (r < 0 && r != -EEXIST)
        return failed(path, r);
    (r == 0 ? made : was_there)(path);
    return 0;
}

static int new_issuer_key(struct key **ret_key)
{
    int r = key_generate(KEY_ED25519, ret_key);

    if (r == 0)
        r = keyfile_save(PATH_ISSUER_KEY, *ret_key);
    if (r < 0)
        return failed(PATH_ISSUER_KEY, r);
    made(PATH_ISSUER_KEY);
    return 0;
}

static int make_issuer(const char *iss)
{
    CLEANUP(key_freep) struct key *key = NULL;
    char *jwks;
    int r = keyfile_load(PATH_ISSUER_KEY, &key);

    if (r == 0)
        was_there(PATH_ISSUER_KEY);
    else if (r == -ENOENT)
        r = new_issuer_key(&key);
    else
        return failed(PATH_ISSUER_KEY, r);
    if (r < 0)
        return r;
    jwks = embedded_jwks(key, iss);
    if (!jwks)
        return failed(PATH_ISSUER_JWKS, -ENOMEM);
    r = make_file(PATH_KEYS, "issuer.jwks", jwks);
    free(jwks);
    return r;
}

/* Runs ssh-keygen; what it says when it fails is shown. */
static int keygen(const struct program *program, char *output, size_t cap)
{
    int status, r = program_run(program, output, cap, &status);

    if (r == 0 && status == 0)
        return 0;
    complain("ssh-keygen: %s", r < 0 ? strerror(-r) : output);
    return r < 0 ? r : -EIO;
}

static int make_ssh_ca(const char *host)
{
    char output[4096], comment[300];
    int r = text_format(comment, sizeof comment, "pam_agent CA of %s", host);
    const struct program new_key = {
        .argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", PATH_SSH_CA}};
    const struct program public_half = {.argv = {"ssh-keygen", "-y", "-f", PATH_SSH_CA}};

    if (r == 0 && access(PATH_SSH_CA, F_OK) == 0) {
        was_there(PATH_SSH_CA);
    } else if (r == 0) {
        r = keygen(&new_key, output, sizeof output);
        if (r == 0)
            made(PATH_SSH_CA);
        unlink(PATH_SSH_CA ".pub");
    }
    if (r == 0)
        r = keygen(&public_half, output, sizeof output);
    return r < 0 ? r : make_file(PATH_KEYS, "ssh_ca.pub", output);
}

static int make_config(const struct names *names)
{
    const struct placeholder placeholders[] = {
        {"@TRUST_DOMAIN@", names->trust_domain},
        {"@HOST_ID@", names->host_id},
        {"@ISSUER@", names->iss},
        {NULL, NULL},
    };
    char *text;
    int r = template_fill("agent.conf", placeholders, &text);

    if (r < 0)
        return failed(TEMPLATE_DIR "/agent.conf", r);
    r = make_file(PATH_CONFIG_DIR, "agent.conf", text);
    free(text);
    return r;
}

int verb_init(int argc, char **argv)
{
    static const struct option options[] = {
        {"trust-domain", required_argument, NULL, 't'},
        {"host-id", required_argument, NULL, 'i'},
        {0},
    };
    const char *trust_domain = NULL, *host_id = NULL;
    struct names names = {.host = ""};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 't')
            trust_domain = optarg;
        else if (c == 'i')
            host_id = optarg;
        else
            return EXIT_USAGE;
    }
    if (optind < argc || choose_names(&names, trust_domain, host_id) < 0)
        return EXIT_USAGE;
    if (geteuid() != 0) {
        complain("init needs root");
        return EXIT_NO;
    }
    if (make_dirs() < 0 || make_issuer(names.iss) < 0 || make_ssh_ca(names.host) < 0 || make_config(&names) < 0)
        return EXIT_NO;
    say("\nhost id   %s\nissuer    %s", names.host_id, names.iss);
    say("Next: add identities and policies to " PATH_CONFIG ", then `agentctl apply` and `agentctl enable`.");
    return EXIT_YES;
}
