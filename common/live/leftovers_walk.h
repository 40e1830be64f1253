/*
 * Removing trees that somebody hostile built: of any depth, size and names, with links, foreign files and mount points in them.
 *
 * A directory is closed to all others (0700) before anything in it is looked at, so that from then on what a name stands for does
 * not change; the processes of its owner are dead by then. Directories deeper than a few levels are moved up, so that neither
 * descriptors nor memory grow with the depth. All time is spent in steps that need not be taken again: a walk that was cut by its
 * bound, or killed, is simply begun anew.
 */
#ifndef PAM_AGENT_LEFTOVERS_WALK_H
#define PAM_AGENT_LEFTOVERS_WALK_H

#include <stdint.h>
#include <sys/types.h>

struct walk {
    uid_t owner;     /* whose files go */
    int roots;       /* root's, too */
    int64_t until;   /* clock_boot_ms() */
    int error;       /* the first -errno; -EAGAIN when time is up */
    unsigned sealed; /* directories that could not go since they hold files of others: now root's, 0700 */

    uint64_t changes; /* the walk's own: names removed or moved */
};

/*
 * Remove the owner's files in this directory, in the directories there that are the owner's, and in those that are sticky and
 * root's. Others must not be able to rename what is the owner's: this directory is sticky, or not theirs to write.
 */
void walk_directory(struct walk *walk, int dir);
/* The same for one name in it. */
void walk_name(struct walk *walk, int dir, const char *name);
/* Open a directory that must be the owner's, and close it to all others: the caller's fd, or -1 and the error noted. */
int walk_open(struct walk *walk, int dir, const char *name);
/* Keep the first error. */
void walk_note(struct walk *walk, int error);
/* Is its time up? 1, and the error says so, or 0. */
int walk_late(struct walk *walk);

#endif
