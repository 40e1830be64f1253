/* mkidentities FILE N [AGENTS-GID]: an identities.cdb of the N accounts agent-0 ... */
#include "identities_maker.h"

static unsigned long numeral(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (!*text || *end || value > 4000000)
        errx(2, "%s: not a number up to 4000000", text);
    return value;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        errx(2, "usage: mkidentities FILE N [AGENTS-GID]");
    maker_make(argv[1], numeral(argv[2]), argc == 4 ? (uint32_t)numeral(argv[3]) : 0);
    return 0;
}
