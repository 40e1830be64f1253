#include "session/guard_sudo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/text.h"

struct arguments {
    const char *at, *end;
};

/* NULL: there is none, or nothing ends it. */
static const char *next_argument(struct arguments *arguments)
{
    const char *argument = arguments->at;
    const char *end = argument < arguments->end ? memchr(argument, '\0', (size_t)(arguments->end - argument)) : NULL;

    if (end)
        arguments->at = end + 1;
    return end ? argument : NULL;
}

/* Under another name it is sudoedit, or who knows what. */
static int is_sudo_name(const char *name)
{
    const char *slash = name ? strrchr(name, '/') : NULL;

    return text_equal(slash ? slash + 1 : name, "sudo");
}

/* The path, with all that may stand before it passed. NULL: another form. */
static const char *find_path(struct arguments *arguments, const char *run_as)
{
    const char *word;

    if (!is_sudo_name(next_argument(arguments)) || !text_equal(next_argument(arguments), "-n"))
        return NULL;
    word = next_argument(arguments);
    if (text_equal(word, "-u")) {
        if (!text_equal(next_argument(arguments), run_as))
            return NULL;
        word = next_argument(arguments);
    }
    if (text_equal(word, "--"))
        word = next_argument(arguments);
    return word && word[0] == '/' ? word : NULL;
}

int sudo_parse(const char *text, size_t len, struct question *question)
{
    struct arguments arguments = {text, text + len};
    const char *word = find_path(&arguments, question->run_as);

    question->argc = 0;
    if (!word || text[len - 1] != '\0')
        return -EINVAL;
    for (; word; word = next_argument(&arguments)) {
        if (question->argc == MESSAGE_ARGS_MAX) {
            question->argc = 0;
            return -E2BIG;
        }
        question->argv[question->argc++] = word;
    }
    return 0;
}

int sudo_command(pid_t pid, struct question *question)
{
    static char text[SUDO_ARGUMENTS_MAX];
    CLEANUP(close_fd) int fd = -1;
    char path[32];
    size_t len;
    int r = text_format(path, sizeof path, "/proc/%ld/cmdline", (long)pid);

    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = file_read(fd, text, sizeof text, &len);
    return r < 0 ? r : sudo_parse(text, len, question);
}
