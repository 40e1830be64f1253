/*
 * The index by/KIND/KEY/ID of live sessions. Whoever removes the last name of a directory takes the directory along, and whoever
 * puts one makes it again.
 */
#ifndef PAM_AGENT_STATE_INDEX_H
#define PAM_AGENT_STATE_INDEX_H

#include <sys/types.h>

#include "core/compat.h"
#include "judge/grant.h"

/* The session stands under the uid, or under every link of the grant and its ancestors. 0 or -errno. */
int index_put_uid(const char *id, uid_t uid) MUST_CHECK;
int index_put(const char *id, const struct grant *grant) MUST_CHECK;
/* And does no longer; not under what the grants kept stand on, which may be NULL. */
void index_remove_uid(const char *id, uid_t uid);
void index_remove(const char *id, const struct grant *grant, const struct grant *kept, const struct grant *kept_too);

#endif
