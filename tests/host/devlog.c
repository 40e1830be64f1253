/*
 * devlog SOCKET FILE: the syslog of a throw-away host.
 *
 * Appends each datagram to FILE as a line, without its priority. Control
 * characters are written as #ooo, so a forged line in a message stays visible
 * as one. Runs until it is killed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void write_line(FILE *out, const char *text, size_t len)
{
    const char *close = len > 0 && text[0] == '<' ? memchr(text, '>', len) : NULL;
    size_t i = close != NULL ? (size_t)(close - text) + 1 : 0;

    while (len > i && (text[len - 1] == '\n' || text[len - 1] == '\0'))
        len--;
    for (; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f)
            fprintf(out, "#%03o", c);
        else
            putc(c, out);
    }
    putc('\n', out);
    fflush(out);
}

int main(int argc, char **argv)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char text[65536];
    ssize_t len;
    FILE *out;
    int fd;

    if (argc != 3 || strlen(argv[1]) >= sizeof(at.sun_path)) {
        fprintf(stderr, "usage: devlog SOCKET FILE\n");
        return 2;
    }
    strcpy(at.sun_path, argv[1]);
    if ((out = fopen(argv[2], "a")) == NULL) {
        perror(argv[2]);
        return 1;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 || chmod(argv[1], 0666) == -1) {
        perror(argv[1]);
        return 1;
    }
    while ((len = recv(fd, text, sizeof(text), 0)) >= 0)
        write_line(out, text, (size_t)len);
    perror("recv");
    return 1;
}
