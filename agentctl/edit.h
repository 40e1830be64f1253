/*
 * How agentctl changes text files of the host: pure functions from text to text, so that each can be tested alone.
 *
 * Texts are NUL-terminated; results are for free(). A function that finds nothing to do returns an equal text. Line ends
 * (LF or CRLF, a last line without one) stay as they are. 0, -ENOMEM, or as said.
 */
#ifndef AGENTCTL_EDIT_H
#define AGENTCTL_EDIT_H

#include <stdio.h>

#include "core/compat.h"

#define EDIT_BEGIN "# pam_agent: begin (`agentctl disable` takes this block out)"
#define EDIT_END "# pam_agent: end"

/*
 * nsswitch.conf: the service `agent` on the lines of passwd, group and shadow, and of initgroups where there is one. It comes
 * last, or before the first service whose action ends the search where the name was not found. A line that is missing is added.
 */
int edit_nsswitch_add(const char *text, char **ret_text) MUST_CHECK;
/* Take every `agent` out of these lines, and whole lines that add made. */
int edit_nsswitch_remove(const char *text, char **ret_text) MUST_CHECK;

/*
 * A marked block before the first line that is neither blank nor a comment, or at the very top. body is whole lines. A
 * block that is there is replaced. -EBADMSG: a begin without its end, or the reverse.
 */
int edit_block_add(const char *text, const char *body, char **ret_text) MUST_CHECK;
int edit_block_remove(const char *text, char **ret_text) MUST_CHECK;

/* Does an sshd_config take in this absolute path by an Include before its first Match? 1 or 0. */
int edit_sshd_includes(const char *text, const char *path);

/* The line of a sudo.conf that loads the plug-in of this symbol (sudo.conf(5)), outside a marked block; 0: none does. */
unsigned edit_plugin_line(const char *text, const char *symbol);

/* What changes, as diff -u would print it; nothing when the texts are equal. NULL: there is no such file. */
void edit_print_diff(FILE *to, const char *path, const char *before, const char *after);

#endif
