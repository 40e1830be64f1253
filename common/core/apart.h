/*
 * Abstract Unix sockets lie in the network namespace, where no file mode parts them. A Landlock domain with
 * LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (Linux 6.12, landlock(7)) does: whoever is inside reaches what was bound inside, and
 * nothing else. It cannot be left, not by sudo either: see abstract-sockets in agent.conf(5).
 */
#ifndef PAM_AGENT_APART_H
#define PAM_AGENT_APART_H

#include "core/compat.h"

/* Has this kernel such domains, and may root here make one? 1 or 0. */
int apart_possible(void);

/* Put this process, and all that it starts from now on, into a domain of its own: 0 or -errno. Needs CAP_SYS_ADMIN. */
int apart_enter(void) MUST_CHECK;

#endif
