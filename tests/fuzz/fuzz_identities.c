/*
 * Fuzzes the reader of identities.cdb: the input is the file. Built with clang -fsanitize=fuzzer -DFUZZING it searches;
 * else it replays the files it is given.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/identities.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int input_file(void)
{
    static FILE *file;

    if (!file)
        file = tmpfile();
    if (!file)
        err(1, "tmpfile");
    return fileno(file);
}

/* What was found is what was asked for, and can stand in a line of passwd(5). */
static void judge(int r, const struct identity *found, const char *account, uint32_t uid)
{
    if (r < 0)
        return;
    if (!account_name_valid(found->account) || !spiffe_pattern_valid(found->id) || found->uid == 0 || found->gid == 0 ||
        found->home[0] != '/' || found->shell[0] != '/' || strpbrk(found->home, ":\n") || strpbrk(found->shell, ":\n"))
        abort();
    if ((account && strcmp(found->account, account) != 0) || (uid && found->uid != uid))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identities_meta meta;
    struct identity found;
    int fd = input_file();

    if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 || write_all(fd, data, size) < 0)
        err(1, "input");
    if (identities_meta(fd, &meta) == 0 && (meta.home_prefix[0] != '/' || meta.uid_min == 0))
        abort();
    judge(identities_by_account(fd, "agent-0", &found), &found, "agent-0", 0);
    judge(identities_by_account(fd, "agent-none", &found), &found, "agent-none", 0);
    judge(identities_by_uid(fd, 70002, &found), &found, NULL, 70002);
    judge(identities_by_spiffe(fd, "spiffe://example.org/agent/0", &found), &found, NULL, 0);
    judge(identities_by_spiffe(fd, "spiffe://example.org/agent/none/at/all", &found), &found, NULL, 0);
    judge(identities_at(fd, 0, &found), &found, NULL, 0);
    judge(identities_at(fd, 99, &found), &found, NULL, 0);
    return 0;
}

#ifndef FUZZING
int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");

        if (!file)
            err(1, "%s", argv[i]);
        (void)LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, file));
        fclose(file);
    }
    return 0;
}
#endif
