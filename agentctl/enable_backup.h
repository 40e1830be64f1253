/*
 * What enable remembers of each file it changed, below /var/lib/pam_agent/enable: NAME.before (absent where there was no such
 * file) and NAME.after, the files themselves with owner and mode; NAME is the path with '%' for '/'. Memory of a file is
 * NAME.after; without it disable goes by its own marks alone.
 */
#ifndef AGENTCTL_ENABLE_BACKUP_H
#define AGENTCTL_ENABLE_BACKUP_H

#include "agentctl/enable_file.h"
#include "core/paths.h"

#define PATH_BACKUPS PATH_STATE_DIR "/enable"

int backup_prepare(void) MUST_CHECK;
/*
 * Remember that path, which is `now`, becomes `after`. Where `now` is what was remembered as `after`, the older `before` stays;
 * else `before` is base: the file without what is ours. 0 or -errno.
 */
int backup_put(const char *path, const struct host_file *now, const struct host_file *base,
               const struct host_file *after) MUST_CHECK;
/* 1 and both; 0: not remembered; -errno. */
int backup_get(const char *path, struct host_file *ret_before, struct host_file *ret_after) MUST_CHECK;
int backup_forget(const char *path) MUST_CHECK;

/* Whether the group was made by enable. */
int backup_note_group(void) MUST_CHECK;
int backup_group_is_ours(void);
/* Remove the directory, when nothing is remembered any more. */
void backup_finish(void);

#endif
