/* The command line of the verbs that list, show or change what lives on the host: one spelling for all of them. */
#ifndef AGENTCTL_ARGUMENTS_H
#define AGENTCTL_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/compat.h"

#define ARGUMENTS_WORDS_MAX 3

/* Which options a verb takes. */
enum {
    TAKES_JSON = 1,         /* --json */
    TAKES_YES = 2,          /* --yes */
    TAKES_QUIET = 4,        /* --quiet */
    TAKES_ISSUER = 8,       /* --issuer ISS */
    TAKES_NOTE = 16,        /* --note TEXT */
    TAKES_BEFORE = 32,      /* --before TIME */
    TAKES_FOR = 64,         /* --for DURATION */
    TAKES_CREDENTIAL = 128, /* --credential FILE, --key FILE */
};

struct arguments {
    int json, yes, quiet;
    const char *issuer, *credential, *key; /* NULL: not given */
    const char *note;                      /* "" */
    int64_t before;                        /* seconds since the epoch; -1: not given */
    uint32_t seconds;                      /* --for; 0: not given */
    const char *words[ARGUMENTS_WORDS_MAX];
    size_t count;
};

/* Take argv after argv[0]: options of `takes`, and from min to max words. 0; EXIT_USAGE, and it is said what is wrong. */
int arguments_take(int argc, char **argv, int takes, size_t min, size_t max, struct arguments *ret) MUST_CHECK;

/* Is this text of others fit for a record: 1 to max bytes of UTF-8 without control characters? 1; 0, and it is said. */
int argument_fits(const char *what, const char *text, size_t max) MUST_CHECK;

/* 1 for root; 0, and it is said. */
int is_root(const char *verb) MUST_CHECK;

#endif
