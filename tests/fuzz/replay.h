/* Without the fuzzer: each file of the corpus once. */
#ifndef PAM_AGENT_FUZZ_REPLAY_H
#define PAM_AGENT_FUZZ_REPLAY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 131072 /* bytes */

static void must(int holds)
{
    if (!holds)
        abort();
}

#ifndef FUZZING
int main(int argc, char **argv)
{
    static uint8_t data[INPUT_MAX];

    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "r");
        size_t size;

        if (!f) {
            perror(argv[i]);
            return 1;
        }
        size = fread(data, 1, sizeof data, f);
        fclose(f);
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%d inputs replayed\n", argc - 1);
    return 0;
}
#endif

#endif
