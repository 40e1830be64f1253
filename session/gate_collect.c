/* Answers in parts (gate.h). */
#include <string.h>

#include "ask/wipe.h"
#include "core/text.h"
#include "session/gate.h"

/* Letters, digits, '-', '_' and '.': all that a token or base64url needs. */
static int part_charset(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.'))
            return 0;
    }
    return 1;
}

enum reason gate_collect(const char *what, char *text, size_t cap, enum reason missing, enum reason malformed)
{
    char buf[2 * PROMPT_MAX], prompt[PROMPT_MAX];
    size_t total = 0;

    for (int part = 1; part <= PARTS_MAX; part++) {
        const char *reply;
        size_t len;
        int more;

        if (text_format(prompt, sizeof prompt, "%s (part %d): ", what, part) < 0)
            return REASON_INTERNAL;
        reply = gate_prompt(prompt, buf, sizeof buf);
        if (!reply || (part == 1 && !*reply))
            return missing;
        len = strlen(reply);
        if (len == 0 || len > PART_MAX)
            return malformed;
        more = reply[len - 1] == '~';
        len -= (size_t)more;
        if (!part_charset(reply, len))
            return malformed;
        if (len >= cap - total)
            return REASON_TOO_LARGE;
        memcpy(text + total, reply, len);
        total += len;
        text[total] = '\0';
        wipe(buf, sizeof buf);
        if (!more)
            return total ? REASON_PERMIT : missing;
    }
    return REASON_TOO_LARGE;
}
