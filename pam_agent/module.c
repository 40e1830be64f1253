/*
 * pam_agent.so: the six entry points. Who a call is for and what it needs is found in call.c and steps.c; here a verdict
 * becomes a return value, in one place.
 */
#include <security/pam_modules.h>

#include "core/compat.h"
#include "pam_agent/call.h"
#include "pam_agent/steps.h"

/*
 * Refusals: sshd's clients try three times unless authenticate says MAXTRIES; elsewhere only PAM_PERM_DENIED is one for
 * every application (sudo goes on after PAM_SESSION_ERR from open and after PAM_AUTHTOK_EXPIRED from account).
 */
static int result(enum phase phase, enum verdict verdict)
{
    int ret = PAM_SYSTEM_ERR;

    if (verdict == VERDICT_GRANT)
        ret = PAM_SUCCESS;
    else if (verdict == VERDICT_PASS)
        ret = PAM_IGNORE;
    else if (verdict == VERDICT_REFUSE)
        ret = phase == PHASE_AUTH ? PAM_MAXTRIES : PAM_PERM_DENIED;
    return ret;
}

static int enter(pam_handle_t *pamh, enum phase phase, int flags, int argc, const char **argv)
{
    struct call call;

    call_gather(pamh, phase, flags, argc, argv, &call);
    return result(phase, steps_take(&call));
}

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_AUTH, flags, argc, argv);
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_SETCRED, flags, argc, argv);
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_ACCOUNT, flags, argc, argv);
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_OPEN, flags, argc, argv);
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_CLOSE, flags, argc, argv);
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, PHASE_CHAUTHTOK, flags, argc, argv);
}
