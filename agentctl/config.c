#include "agentctl/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentctl/config_reader.h"
#include "agentctl/config_scan.h"
#include "agentctl/config_tree.h"
#include "core/files.h"

#define SUFFIX ".conf"
#define ESCAPES_NAME "escapes.list"

/* One reading: the files so far. */
struct reading {
    struct reader reader;
    struct titles titles;
    char *buf;   /* CONFIG_FILE_MAX + 1 bytes */
    uid_t owner; /* whose files are read, beside root's */
    int broken;  /* a file could not be parsed, so the whole says nothing about what is missing */
};

static const char *open_error(const struct reading *reading, int r)
{
    if (r == -EFBIG)
        return "larger than 1 MiB: split it into files of conf.d";
    if (r == -EPERM && reading->owner)
        return "not a regular file that you or root own and nobody else may write to: chown and chmod go-w";
    return problem_with_file(r);
}

static const char *dir_error(const struct reading *reading, int r)
{
    if (r != -EPERM)
        return strerror(-r);
    return reading->owner ? "not a directory that you or root own and nobody else may write to: chown and chmod go-w"
                          : "not a directory that root owns and nobody else may write to: chown root and chmod go-w";
}

static void read_section(struct reader *reader, const struct section *section)
{
    static const struct {
        const char *name;
        void (*read)(struct reader *, const struct section *);
    } readers[] = {
        {"host", read_host},         {"issuer", read_issuer},     {"identity", read_identity},
        {"defaults", read_defaults}, {"commands", read_commands}, {"policy", read_policy},
    };

    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if (section_is(section, readers[i].name))
            readers[i].read(reader, section);
}

static int read_whole(struct reading *reading, int dir, const char *name, size_t *ret_len)
{
    CLEANUP(close_fd) int fd = -1;
    int r = file_open_of(dir, name, reading->owner, &fd);

    return r < 0 ? r : file_read(fd, reading->buf, CONFIG_FILE_MAX + 1, ret_len);
}

static void read_file(struct reading *reading, int dir, const char *name, const char *path)
{
    CLEANUP(arena_clear) struct arena scratch = {0};
    struct reader *reader = &reading->reader;
    const struct config_text text = {.file = path,
                                     .keys = config_keys,
                                     .manual = "agent.conf(5)",
                                     .arena = &reader->config->arena,
                                     .scratch = &scratch,
                                     .problems = reader->problems};
    struct section tree;
    struct scan scan;
    size_t len;
    int r = read_whole(reading, dir, name, &len);

    if (r < 0) {
        problem_add(reader->problems, path, 0, "%s", open_error(reading, r));
        reading->broken = 1;
        return;
    }
    if (scan_text(reading->buf, len, &text, &reading->titles, &scan) < 0 ||
        tree_parse(reading->buf, &scan, &text, &tree) < 0) {
        reading->broken = 1;
        return;
    }
    for (size_t i = 0; i < tree.section_count; i++)
        read_section(reader, &tree.sections[i]);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int is_fragment(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > sizeof SUFFIX - 1 && strcmp(name + len - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

/* The fragments' names in the order of the C locale; -errno. Closes fd. */
static int list_fragments(int fd, struct arena *arena, const char ***ret_names, size_t *ret_count)
{
    DIR *dir = fdopendir(fd);
    const char **names = NULL;
    struct dirent *entry;
    size_t count = 0;
    int r = 0;

    if (!dir) {
        close_fd(&fd);
        return -errno;
    }
    while (r == 0 && (errno = 0, entry = readdir(dir))) {
        if (!is_fragment(entry->d_name))
            continue;
        names = arena_grow(arena, names, count, sizeof *names);
        names[count++] = arena_copy(arena, entry->d_name, strlen(entry->d_name));
        if (count > CONFIG_FILES_MAX)
            r = -E2BIG;
    }
    if (r == 0)
        r = -errno;
    closedir(dir);
    if (r < 0)
        return r;
    if (count)
        qsort(names, count, sizeof *names, compare_names);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static void read_fragments(struct reading *reading, int dir)
{
    struct arena *arena = &reading->reader.config->arena;
    const char *path = arena_format(arena, "%s/conf.d", reading->reader.dir);
    CLEANUP(close_fd) int fragments = -1;
    const char **names = NULL;
    size_t count = 0;
    int r = dir_open_of(dir, "conf.d", reading->owner, &fragments), listed;

    if (r == -ENOENT)
        return;
    if (r == 0)
        r = dir_open_of(fragments, ".", reading->owner, &listed);
    if (r == 0)
        r = list_fragments(listed, arena, &names, &count);
    if (r < 0) {
        problem_add(reading->reader.problems, path, 0, "%s",
                    r == -E2BIG ? "more than 4096 files: join some" : dir_error(reading, r));
        reading->broken = 1;
        return;
    }
    for (size_t i = 0; i < count; i++)
        read_file(reading, fragments, names[i], arena_format(arena, "%s/%s", path, names[i]));
}

/* The host's own list of escapes need not be there. */
static void read_escapes(struct reading *reading, int dir)
{
    struct reader *reader = &reading->reader;
    struct arena *arena = &reader->config->arena;
    const char *path = arena_format(arena, "%s/" ESCAPES_NAME, reader->dir);
    size_t len;
    int r = read_whole(reading, dir, ESCAPES_NAME, &len);

    escapes_add_known(&reader->config->escapes, arena, reader->problems);
    if (r == 0)
        escapes_add(&reader->config->escapes, reading->buf, len, path, arena, reader->problems);
    else if (r != -ENOENT)
        problem_add(reader->problems, path, 0, "%s", open_error(reading, r));
}

static void read_all(struct reading *reading)
{
    const char *path = arena_format(&reading->reader.config->arena, "%s/agent.conf", reading->reader.dir);
    CLEANUP(close_fd) int dir = -1;
    int r = dir_open_of(AT_FDCWD, reading->reader.dir, reading->owner, &dir);

    if (r < 0) {
        problem_add(reading->reader.problems, reading->reader.dir, 0, "%s",
                    r == -ENOENT ? "there is no such directory: run `agentctl init`" : dir_error(reading, r));
        return;
    }
    read_file(reading, dir, "agent.conf", path);
    read_fragments(reading, dir);
    read_escapes(reading, dir);
    if (!reading->broken)
        check_config(&reading->reader);
}

int config_read_of(const char *dir, uid_t owner, struct config **ret, struct problems *problems)
{
    struct config *config = memory_must(calloc(1, sizeof *config));
    struct reading reading = {.reader = {.config = config, .problems = problems}, .owner = owner};
    size_t before = problems->count;

    reading.reader.dir = arena_copy(&config->arena, dir, strlen(dir));
    config->defaults.name = "defaults";
    config->defaults.where = "built in";
    reading.buf = memory_must(malloc(CONFIG_FILE_MAX + 1));
    read_all(&reading);
    free(reading.buf);
    titles_clear(&reading.titles);
    if (problems->count > before || problems->dropped) {
        config_free(config);
        return -EINVAL;
    }
    *ret = config;
    return 0;
}

int config_read(const char *dir, struct config **ret, struct problems *problems)
{
    return config_read_of(dir, 0, ret, problems);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    arena_clear(&config->arena);
    free(config);
}
