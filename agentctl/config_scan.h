/*
 * The look at a configuration file before libconfuse parses it. libconfuse 3.3 (each seen; tests/unit/test_config_scan.c)
 *
 * - replaces a value or a section that is given twice, merges sections of one title, takes `KEY = {}` and `{ "a", }`;
 * - expands ${NAME} from the environment, in strings and outside, and "\0" cuts a string;
 * - counts a line with a comment three times, so every line number after it is wrong, and knows no comment in a list;
 * - looks through all sections of a kind for the title of each, which takes its time where there are thousands;
 * - stops at the first mistake.
 *
 * So the shape of the file is checked here, every mistake of it reported; comments, and keys and sections that were reported, are
 * overwritten with blanks. What is left, piece by piece, means the same to libconfuse of any version; config_tree.c checks that it saw
 * the same number of values and sections.
 */
#ifndef PAM_AGENT_CONFIG_SCAN_H
#define PAM_AGENT_CONFIG_SCAN_H

#include <stddef.h>

#include "agentctl/config_keys.h"
#include "agentctl/config_memory.h"
#include "agentctl/config_problem.h"
#include "core/compat.h"

/* Titles of the whole configuration, so that one given twice is found across files; start zeroed. */
struct titles {
    void *root; /* of tsearch(3) */
    struct arena arena;
};

struct opening {
    const struct key *key;
    unsigned line;
};

/* Some of the items that stand in no section. */
struct piece {
    size_t start; /* in the text; it ends where the next begins */
    unsigned line;
};

/* What the file holds, in the order of the text. */
struct scan {
    struct piece *pieces;
    size_t piece_count;
    struct opening *openings; /* of sections */
    size_t opening_count;
    size_t value_count;
};

/* What a text is, and where what is found in it goes. */
struct config_text {
    const char *file;       /* for people; outlives titles */
    const struct key *keys; /* its grammar */
    const char *manual;     /* that describes it */
    struct arena *arena;    /* of the texts of the tree */
    struct arena *scratch;  /* of scan and tree */
    struct problems *problems;
};

/*
 * Check text[len] (a NUL follows) and blank in place. 0: libconfuse may parse what is left, though things may have been reported;
 * -EINVAL: it must not.
 */
int scan_text(char *text, size_t len, const struct config_text *of, struct titles *titles, struct scan *ret) MUST_CHECK;
void titles_clear(struct titles *titles);

#endif
