#include "agentctl/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/text.h"

static const struct placeholder *placeholder_at(const char *text, const struct placeholder *placeholders)
{
    for (; placeholders->name; placeholders++) {
        if (text_starts_with(text, placeholders->name))
            return placeholders;
    }
    return NULL;
}

static int fill(FILE *to, const char *text, const struct placeholder *placeholders)
{
    while (*text) {
        const struct placeholder *found = placeholder_at(text, placeholders);

        fputs(found ? found->value : (char[]){*text, '\0'}, to);
        text += found ? strlen(found->name) : 1;
    }
    return ferror(to) ? -ENOMEM : 0;
}

int template_fill(const char *name, const struct placeholder *placeholders, char **ret_text)
{
    char path[256], text[TEMPLATE_MAX], *filled = NULL;
    size_t len;
    FILE *to;
    int r = text_format(path, sizeof path, "%s/%s", TEMPLATE_DIR, name);

    if (r == 0)
        r = file_read_at(AT_FDCWD, path, text, sizeof text, &len);
    if (r < 0)
        return r;
    if (strlen(text) != len)
        return -EBADMSG;
    to = open_memstream(&filled, &len);
    if (!to)
        return -ENOMEM;
    r = fill(to, text, placeholders);
    if (fclose(to) != 0)
        r = -ENOMEM;
    if (r < 0) {
        free(filled);
        return r;
    }
    *ret_text = filled;
    return 0;
}
