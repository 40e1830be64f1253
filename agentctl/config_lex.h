/* Words of a configuration file: what libconfuse's lexer takes, narrowed to what needs no knowledge of it to be read right. */
#ifndef PAM_AGENT_CONFIG_LEX_H
#define PAM_AGENT_CONFIG_LEX_H

#include <stddef.h>

#include "agentctl/config_problem.h"
#include "core/compat.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* [A-Za-z0-9_.-]+ */
    TOKEN_STRING, /* "...", start and len without the quotes, escapes as they stand */
    TOKEN_MARK,   /* one of { } = , */
    TOKEN_BAD,    /* reported; there is no way on from here */
};

struct token {
    enum token_kind kind;
    char mark;
    const char *start;
    size_t len;
    unsigned line;
};

struct lexer {
    char *at, *end;
    unsigned line;
    const char *file;
    struct problems *problems;
};

/*
 * Start on text[len]. 0; -EINVAL where its bytes are none of a configuration (NUL, control characters, CR, "${"): reported, each
 * kind once.
 */
int lexer_open(struct lexer *lexer, char *text, size_t len, const char *file, struct problems *problems) MUST_CHECK;
/* The next token; comments in front of it are overwritten with blanks. */
struct token lexer_next(struct lexer *lexer);
/* Is it this mark? 1 or 0. */
int token_is(const struct token *token, char mark);

#endif
