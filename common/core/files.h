/*
 * Files and directories that root trusts: opened first, then judged by descriptor, never by path again (but for
 * dir_open_below). A trusted object is owned by root and writable by nobody else. All return 0 or -errno; -EPERM means that owner or
 * mode is wrong, -ELOOP that a link stands where none may be.
 */
#ifndef PAM_AGENT_FILES_H
#define PAM_AGENT_FILES_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "core/compat.h"

/* For CLEANUP(): closes *fd when it is open. */
void close_fd(int *fd);

/* Open a directory that is trusted; the caller's fd. */
int dir_open(const char *path, int *ret_fd) MUST_CHECK;
int dir_open_at(int dir, const char *name, int *ret_fd) MUST_CHECK;
/*
 * The same of the last of these paths, each the directory of the next; NULL ends them. Below what is trusted nobody else changes
 * what a path leads to, so those on the way are looked at, from the top down, but not opened.
 */
int dir_open_below(const char *const *paths, int *ret_fd) MUST_CHECK;
/* The same of a directory that may be this owner's too: for who acts on nobody's behalf but its own. */
int dir_open_of(int dir, const char *name, uid_t owner, int *ret_fd) MUST_CHECK;
/* As dir_open, made with this mode when it is absent. */
int dir_make(const char *path, mode_t mode, int *ret_fd) MUST_CHECK;
int dir_make_at(int dir, const char *name, mode_t mode, int *ret_fd) MUST_CHECK;

/*
 * Which file this is, and as of which change of its bytes, owner or mode: of one that is replaced by rename(2) no two are alike. 0 or
 * -errno. {0} is no file's.
 */
struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};
int file_stamp_of(const char *path, struct file_stamp *ret) MUST_CHECK;
int file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

/* Open a trusted regular file for reading. */
int file_open(const char *path, int *ret_fd) MUST_CHECK;
int file_open_at(int dir, const char *name, int *ret_fd) MUST_CHECK;
int file_open_of(int dir, const char *name, uid_t owner, int *ret_fd) MUST_CHECK;
/* Read what is left of an open file, at most cap - 1 bytes; a NUL follows. -EFBIG when it is larger. */
int file_read(int fd, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;
/* The same of a trusted regular file. */
int file_read_at(int dir, const char *name, char *buf, size_t cap, size_t *ret_len) MUST_CHECK;

/* Publish a new file whole: -EEXIST when the name is taken. Readers see all of it or nothing. */
int file_create_at(int dir, const char *name, mode_t mode, const void *data, size_t len) MUST_CHECK;
/* Put a file in place of whatever had the name, by rename; durable also syncs file and directory. */
int file_replace_at(int dir, const char *name, mode_t mode, const void *data, size_t len, int durable) MUST_CHECK;

/* Write all of it, or -errno. */
int write_all(int fd, const void *data, size_t len) MUST_CHECK;
/* Fill buf from the kernel's random source. */
int random_bytes(void *buf, size_t len) MUST_CHECK;

#endif
