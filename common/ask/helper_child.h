/* The helper's first instructions, between fork and exec: async-signal-safe calls alone. */
#ifndef PAM_AGENT_HELPER_CHILD_H
#define PAM_AGENT_HELPER_CHILD_H

/* Become the program at path with the socket as descriptor 0; on failure exit, which the asker reads as a refusal. */
_Noreturn void helper_child(const char *path, int socket);

#endif
