/* The words behind pam_agent.so in a line of pam.d. */
#ifndef PAM_AGENT_ARGS_H
#define PAM_AGENT_ARGS_H

#include <security/pam_modules.h>

struct args {
    int debug;   /* say each step to syslog, never a value */
    int observe; /* a refusal lets the other modules decide */
    int broken;  /* holds a word that we do not know: agents are refused */
};

/* An unknown word is logged. */
void args_parse(pam_handle_t *pamh, int argc, const char **argv, struct args *ret);

#endif
