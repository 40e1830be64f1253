#include "agentctl/sudo_version.h"

#include <errno.h>
#include <string.h>

#include "agentctl/program.h"
#include "core/text.h"

#define PARTS 3
#define PART_MAX 999

/* The digits at *at, which moves behind them. */
static int take_number(const char **at, unsigned *ret)
{
    size_t len = strspn(*at, "0123456789");
    char digits[8];
    uint64_t number;

    if (len == 0 || len >= sizeof digits)
        return -EBADMSG;
    memcpy(digits, *at, len);
    digits[len] = '\0';
    if (text_u64(digits, PART_MAX, &number) < 0)
        return -EBADMSG;
    *at += len;
    *ret = (unsigned)number;
    return 0;
}

int sudo_version_parse(const char *text, unsigned *ret)
{
    static const char before[] = "Sudo version ";
    const char *at = strstr(text, before);
    unsigned version = 0, part;

    if (!at || (at != text && at[-1] != '\n'))
        return -EBADMSG;
    at += sizeof before - 1;
    for (int i = 0; i < PARTS; i++) {
        if ((i > 0 && *at++ != '.') || take_number(&at, &part) < 0)
            return -EBADMSG;
        version = version * (PART_MAX + 1) + part;
    }
    *ret = version;
    return 0;
}

int sudo_version_of(const char *program, unsigned *ret)
{
    const struct program sudo = {.argv = {program, "-V"}};
    char output[4096];
    int status, r = program_run(&sudo, output, sizeof output, &status);

    if (r < 0)
        return r;
    return status == 0 ? sudo_version_parse(output, ret) : -EBADMSG;
}
