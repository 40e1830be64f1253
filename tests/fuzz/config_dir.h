/* A configuration directory for targets that read one, made once; each input overwrites its files. */
#ifndef PAM_AGENT_FUZZ_CONFIG_DIR_H
#define PAM_AGENT_FUZZ_CONFIG_DIR_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay.h"
#include "agentctl/config.h"
#include "core/files.h"

static char config_dir[64];

static void put_file(const char *name, const void *data, size_t len)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s/%s", config_dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    must(fd >= 0);
    must(write_all(fd, data, len) == 0);
    must(close(fd) == 0);
}

static void remove_config_dir(void)
{
    static const char *const names[] = {"agent.conf", "cases", "escapes.list", "conf.d/10.conf", "conf.d", ""};
    char path[128];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", config_dir, names[i]);
        (void)remove(path);
    }
}

static void make_config_dir(void)
{
    char path[128];

    umask(022);
    strcpy(config_dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz.XXXXXX" : "/tmp/fuzz.XXXXXX");
    must(mkdtemp(config_dir) != NULL);
    snprintf(path, sizeof path, "%s/conf.d", config_dir);
    must(mkdir(path, 0755) == 0);
    must(atexit(remove_config_dir) == 0);
}

/* Each problem is a line of its own that begins with the name of a file of the directory. */
static void check_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        must(strncmp(problems->texts[i], config_dir, strlen(config_dir)) == 0);
        must(strpbrk(problems->texts[i], "\n\r\x1b") == NULL);
    }
}

#endif
