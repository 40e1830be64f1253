#include "agentctl/config_keys.h"

#include <string.h>

/* clang-format off */
#define ONE(text)              {.name = text, .shape = KEY_VALUE}
#define LIST(text)             {.name = text, .shape = KEY_LIST}
#define SECTION(text, inner)   {.name = text, .shape = KEY_SECTION, .keys = inner}
#define TITLED(text, inner)    {.name = text, .shape = KEY_SECTION, .titled = 1, .keys = inner}
#define REPEATED(text, inner)  {.name = text, .shape = KEY_SECTION, .repeatable = 1, .keys = inner}
#define END                    {.name = NULL}

#define LIMITS \
    ONE("max-lifetime"), ONE("max-session"), ONE("max-logins"), ONE("possession"), \
    ONE("max-sessions"), ONE("reattest-every"), ONE("reattest-grace"), ONE("max-denials"), \
    ONE("max-risk-low"), ONE("max-risk-medium"), ONE("max-risk-high"), ONE("linger"), \
    ONE("abstract-sockets"), \
    ONE("max-steps"), ONE("steps-per-minute"), ONE("max-delegation"), ONE("mode")

static const struct key host_keys[] = {
    ONE("id"), ONE("uid-range"), ONE("home-prefix"), ONE("sensitivity"), ONE("keep-home"),
    LIST("labels"), ONE("mode"), ONE("sudo-approval"), LIST("secret-arguments"), END,
};

static const struct key issuer_keys[] = {
    ONE("kind"), ONE("iss"), ONE("keys"), LIST("trust-domains"), ONE("max-lifetime"), ONE("max-key-age"),
    ONE("identity"), ONE("principal"), ONE("task"), ONE("purpose"), ONE("sensitivity"), ONE("scope"), LIST("require"),
    ONE("token-type"), ONE("status"), ONE("extension"), LIST("algorithms"), END,
};

static const struct key identity_keys[] = {
    ONE("id"), ONE("slots"), ONE("home"), ONE("keep-home"),
    LIST("delegates"), LIST("groups"), ONE("human-use"), LIST("unattended"), END,
};

static const struct key defaults_keys[] = {LIMITS, END};

static const struct key commands_keys[] = {LIST("list"), END};

static const struct key login_keys[] = {LIST("services"), LIST("from"), LIST("window"), ONE("sensitivity"), END};

static const struct key sudo_keys[] = {
    LIST("run-as"), LIST("run-as-group"), LIST("commands"), LIST("use"), ONE("any-arguments"), ONE("any-command"),
    LIST("from"), LIST("window"), ONE("sensitivity"), ONE("leaves"), ONE("may-exec"), ONE("intercept"),
    ONE("escapes"), END,
};

static const struct key policy_keys[] = {
    LIST("identities"), LIST("purposes"), LIST("issuers"), LIST("principals"), LIST("requires"), LIMITS,
    REPEATED("login", login_keys), REPEATED("sudo", sudo_keys),
    REPEATED("deny-login", login_keys), REPEATED("deny-sudo", sudo_keys), END,
};

const struct key config_keys[] = {
    SECTION("host", host_keys), TITLED("issuer", issuer_keys), TITLED("identity", identity_keys),
    SECTION("defaults", defaults_keys), TITLED("commands", commands_keys), TITLED("policy", policy_keys), END,
};
/* clang-format on */

const struct key *key_find(const struct key *keys, const char *name, size_t len)
{
    for (; keys->name; keys++)
        if (strlen(keys->name) == len && memcmp(keys->name, name, len) == 0)
            return keys;
    return NULL;
}
