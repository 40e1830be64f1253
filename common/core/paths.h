/* Where everything lies (doc/design.md, Files). LIBEXECDIR comes from the Makefile. */
#ifndef PAM_AGENT_PATHS_H
#define PAM_AGENT_PATHS_H

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/pam_agent"
#endif

#define PATH_CONFIG_DIR "/etc/pam_agent"
#define PATH_CONFIG PATH_CONFIG_DIR "/agent.conf"
#define PATH_CONFIG_FRAGMENTS PATH_CONFIG_DIR "/conf.d"
#define PATH_KEYS PATH_CONFIG_DIR "/keys"
#define PATH_PRIVATE_KEYS PATH_KEYS "/private"

#define PATH_STATE_DIR "/var/lib/pam_agent"
#define PATH_IDENTITIES PATH_STATE_DIR "/identities.cdb"
#define PATH_POLICY PATH_STATE_DIR "/policy.cdb"
#define PATH_ANCHORS PATH_STATE_DIR "/anchors.cdb"
#define PATH_UIDS PATH_STATE_DIR "/uids"
#define PATH_UID_RANGE PATH_STATE_DIR "/uid-range"
#define PATH_STATE PATH_STATE_DIR "/state"

#define PATH_RUN "/run/pam_agent"
#define PATH_LOG_DIR "/var/log/pam_agent"
#define PATH_DECISIONS PATH_LOG_DIR "/decisions.jsonl"

#define PATH_GATE LIBEXECDIR "/gate"
#define PATH_GUARD LIBEXECDIR "/guard"
#define PATH_SWEEPER LIBEXECDIR "/sweeper"
#define PATH_END_HOOKS PATH_CONFIG_DIR "/end.d"
#define PATH_VERIFIER LIBEXECDIR "/verifier"

#define AGENTS_GROUP "agents"

#endif
