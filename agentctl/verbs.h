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
int verb_attest(int argc, char **argv);
int verb_delegate(int argc, char **argv);
int verb_disable(int argc, char **argv);
int verb_done(int argc, char **argv);
int verb_enable(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_go(int argc, char **argv);
int verb_identity_list(int argc, char **argv);
int verb_identity_show(int argc, char **argv);
int verb_init(int argc, char **argv);
int verb_issue(int argc, char **argv);
int verb_key_refresh(int argc, char **argv);
int verb_policy_suggest(int argc, char **argv);
int verb_policy_test(int argc, char **argv);
int verb_present(int argc, char **argv);
int verb_prove(int argc, char **argv);
int verb_revoke(int argc, char **argv); /* argv[0] is the kind */
int verb_revoke_lift(int argc, char **argv);
int verb_revoke_list(int argc, char **argv);
int verb_risk_clear(int argc, char **argv);
int verb_risk_set(int argc, char **argv);
int verb_risk_show(int argc, char **argv);
int verb_session_attest(int argc, char **argv);
int verb_session_end(int argc, char **argv);
int verb_session_list(int argc, char **argv);
int verb_session_show(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_stop(int argc, char **argv);
int verb_sweep(int argc, char **argv);
int verb_task_list(int argc, char **argv);
int verb_task_set(int argc, char **argv); /* argv[0] is what becomes of it */
int verb_task_show(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_why(int argc, char **argv);

#endif
