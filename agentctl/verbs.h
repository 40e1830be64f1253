/*
 * The verbs of agentctl, each in verb_NAME.c. argv[0] is the verb, so that getopt_long(3) can read argv; main has
 * answered --help already. A verb that returns EXIT_USAGE has said what is wrong; main adds how it is used.
 */
#ifndef AGENTCTL_VERBS_H
#define AGENTCTL_VERBS_H

enum {
    EXIT_YES = 0,   /* done, or yes */
    EXIT_NO = 1,    /* refused, failed, or no */
    EXIT_USAGE = 2, /* the command line is wrong */
    EXIT_PART = 3,  /* cannot tell, or done in part */
};

int verb_apply(int argc, char **argv);
int verb_disable(int argc, char **argv);
int verb_enable(int argc, char **argv);
int verb_init(int argc, char **argv);
int verb_issue(int argc, char **argv);
int verb_session_list(int argc, char **argv);
int verb_task_complete(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_why(int argc, char **argv);

#endif
