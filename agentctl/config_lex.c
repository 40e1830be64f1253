#include "agentctl/config_lex.h"

#include <errno.h>
#include <string.h>

enum odd_byte { ODD_NUL, ODD_CR, ODD_CONTROL, ODD_EXPANSION, ODD_COUNT, ODD_NONE };

static const char *const odd_texts[ODD_COUNT] = {
    [ODD_NUL] = "a NUL byte: this is no text file; write it again",
    [ODD_CR] = "the line ends in CR LF: save the file with LF line ends (sed -i 's/\\r$//' FILE)",
    [ODD_CONTROL] = "a control character: remove it",
    [ODD_EXPANSION] = "\"${\": nothing is expanded here, not even in comments; write the value itself",
};

static enum odd_byte odd_byte(const char *at)
{
    if (*at == '\0')
        return ODD_NUL;
    if (*at == '\r')
        return ODD_CR;
    if (((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f)
        return ODD_CONTROL;
    return *at == '$' && at[1] == '{' ? ODD_EXPANSION : ODD_NONE;
}

int lexer_open(struct lexer *lexer, char *text, size_t len, const char *file, struct problems *problems)
{
    int seen[ODD_COUNT] = {0}, r = 0;
    unsigned line = 1;

    for (const char *at = text; at < text + len; at++) {
        enum odd_byte odd = odd_byte(at);

        if (odd != ODD_NONE && !seen[odd]++) {
            problem_add(problems, file, line, "%s", odd_texts[odd]);
            r = -EINVAL;
        }
        line += *at == '\n';
    }
    *lexer = (struct lexer){.at = text, .end = text + len, .line = 1, .file = file, .problems = problems};
    return r;
}

static int word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
}

static void blank_line(struct lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n')
        *lexer->at++ = ' ';
}

/* 1, or 0 where the comment does not end. */
static int blank_block(struct lexer *lexer)
{
    char *close = memmem(lexer->at + 2, (size_t)(lexer->end - lexer->at - 2), "*/", 2);

    if (!close)
        return 0;
    for (; lexer->at < close + 2; lexer->at++) {
        if (*lexer->at == '\n')
            lexer->line++;
        else
            *lexer->at = ' ';
    }
    return 1;
}

/* Past blanks and comments: 1, or 0 where a comment does not end. */
static int skip_blanks(struct lexer *lexer)
{
    for (; lexer->at < lexer->end; lexer->at++) {
        if (*lexer->at == '\n') {
            lexer->line++;
        } else if (*lexer->at == '#' || (*lexer->at == '/' && lexer->at[1] == '/')) {
            blank_line(lexer);
            lexer->at--;
        } else if (*lexer->at == '/' && lexer->at[1] == '*') {
            if (!blank_block(lexer))
                return 0;
            lexer->at--;
        } else if (*lexer->at != ' ' && *lexer->at != '\t') {
            break;
        }
    }
    return 1;
}

static struct token bad(struct lexer *lexer, const char *text)
{
    problem_add(lexer->problems, lexer->file, lexer->line, "%s", text);
    return (struct token){.kind = TOKEN_BAD, .line = lexer->line};
}

static struct token string_token(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_STRING, .start = lexer->at + 1, .line = lexer->line};

    for (lexer->at++; lexer->at < lexer->end && *lexer->at != '"'; lexer->at++) {
        if (*lexer->at == '\n')
            break;
        /* libconfuse's other escapes make control characters, NUL among them. */
        if (*lexer->at == '\\' && *++lexer->at != '"' && *lexer->at != '\\')
            return bad(lexer, "a backslash stands before '\"' and '\\' only: write \\\\ for one backslash");
    }
    if (lexer->at >= lexer->end || *lexer->at != '"')
        return bad(lexer, "the string does not end on its line: write the closing '\"'");
    token.len = (size_t)(lexer->at++ - token.start);
    return token;
}

static struct token word_token(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_WORD, .start = lexer->at, .line = lexer->line};

    while (word_char(*lexer->at)) /* a NUL follows the text */
        lexer->at++;
    token.len = (size_t)(lexer->at - token.start);
    return token;
}

struct token lexer_next(struct lexer *lexer)
{
    if (!skip_blanks(lexer))
        return bad(lexer, "the comment does not end: write */");
    if (lexer->at == lexer->end)
        return (struct token){.kind = TOKEN_END, .line = lexer->line};
    if (*lexer->at == '"')
        return string_token(lexer);
    if (word_char(*lexer->at))
        return word_token(lexer);
    if (strchr("{}=,", *lexer->at))
        return (struct token){
            .kind = TOKEN_MARK, .mark = *lexer->at, .start = lexer->at++, .len = 1, .line = lexer->line};
    if (*lexer->at == '\'')
        return bad(lexer, "write \"...\" around text, not '...'");
    if (*lexer->at == '+' && lexer->at[1] == '=')
        return bad(lexer, "nothing is appended here: write one list with '='");
    return bad(lexer, "a character that stands in strings only: write \"...\" around the value");
}

int token_is(const struct token *token, char mark)
{
    return token->kind == TOKEN_MARK && token->mark == mark;
}
