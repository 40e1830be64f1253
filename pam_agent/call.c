#include "pam_agent/call.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <string.h>
#include <syslog.h>

#include "ask/who.h"
#include "core/text.h"

#define ITEM_MAX 1024
#define AUTH_INFO_MAX 147456 /* MESSAGE_MAX holds it; a key takes 1 KiB, a certificate with extensions may take more */

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_AUTH] = "auth", [PHASE_SETCRED] = "setcred", [PHASE_ACCOUNT] = "account",
    [PHASE_OPEN] = "open", [PHASE_CLOSE] = "close",     [PHASE_CHAUTHTOK] = "chauthtok",
};

static const char *text_item(pam_handle_t *pamh, int item)
{
    const void *value = NULL;

    return pam_get_item(pamh, item, &value) == PAM_SUCCESS ? value : NULL;
}

/* As pam_unix, which comes after us, auth asks for a name that is not known yet. */
static const char *find_user(pam_handle_t *pamh, enum phase phase)
{
    const char *user = NULL;

    if (phase == PHASE_AUTH)
        return pam_get_user(pamh, &user, NULL) == PAM_SUCCESS ? user : NULL;
    return text_item(pamh, PAM_USER);
}

/*
 * The uid of PAM_USER where it is an agent's, else -1. A name that resolves to nothing but is an agent's account (NSS is
 * broken, not the database) is one.
 */
static uid_t agent_uid_of(pam_handle_t *pamh, const char *user, int *ret_resolved)
{
    const struct passwd *pw;
    struct identity identity;

    *ret_resolved = 0;
    if (!*user)
        return (uid_t)-1;
    pw = pam_modutil_getpwnam(pamh, user);
    *ret_resolved = pw != NULL;
    if (pw)
        return uid_belongs_to_agent(pw->pw_uid) ? pw->pw_uid : (uid_t)-1;
    return identity_of_account(user, &identity) == 0 ? identity.uid : (uid_t)-1;
}

static int is_sudo(const char *service)
{
    return strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0;
}

/* PAM_USER stays who it was, but that sudo hands over from the caller to the target after account. */
static int user_changed(const struct call *call)
{
    const struct memory *memory = call->memory;
    int handed_over = call->phase == PHASE_SETCRED || call->phase == PHASE_OPEN || call->phase == PHASE_CLOSE;

    if (!text_equal(memory->service, call->service))
        return 1;
    if (text_equal(memory->user, call->user))
        return 0;
    return !(memory->inside && handed_over && is_sudo(call->service));
}

/* An agent's handle stays one: sudo may be root in every uid when it opens the session, and a database may vanish. */
static enum call_kind kind_as_before(struct call *call)
{
    call->uid = call->memory->uid;
    call->user_uid = call->memory->uid;
    return call->memory->inside ? CALL_INSIDE : CALL_LOGIN;
}

static enum call_kind kind_by_uid(struct call *call)
{
    struct caller caller;
    int resolved;

    if (memory_is_other(call->pamh, call->user))
        return CALL_OTHERS;
    caller_of_process(&caller);
    call->uid = caller.uid;
    if (caller.kind == CALLER_AGENT)
        return CALL_INSIDE;
    call->user_uid = agent_uid_of(call->pamh, call->user, &resolved);
    if (call->user_uid != (uid_t)-1)
        return CALL_LOGIN;
    if (caller.kind == CALLER_TRACE)
        return CALL_TRACE;
    if (resolved)
        memory_note_other(call->pamh, call->user);
    return CALL_OTHERS;
}

static enum call_kind find_kind(struct call *call)
{
    if (call->memory && user_changed(call)) {
        /* login(1) asks for another name after a refusal, in the same handle. */
        if (call->phase != PHASE_AUTH || memory_forget(call->pamh, call->memory) < 0)
            return CALL_CHANGED;
        call->memory = NULL;
    }
    return call->memory ? kind_as_before(call) : kind_by_uid(call);
}

void call_gather(pam_handle_t *pamh, enum phase phase, int flags, int argc, const char **argv, struct call *ret)
{
    const char *user = find_user(pamh, phase), *service = text_item(pamh, PAM_SERVICE);

    *ret = (struct call){
        .pamh = pamh,
        .phase = phase,
        .flags = flags,
        .user = user ? user : "",
        .service = service ? service : "",
        .user_uid = (uid_t)-1,
        .memory = memory_find(pamh),
    };
    args_parse(pamh, argc, argv, &ret->args);
    ret->kind = find_kind(ret);
}

/* What is longer than any real one is not passed on; gate judges without it. */
static const char *bounded(const char *text, size_t max)
{
    return text && strlen(text) <= max ? text : NULL;
}

void call_question(const struct call *call, const char *step, const char *step_phase, struct question *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->step = step;
    ret->phase = step_phase;
    ret->service = call->service;
    ret->user = call->user;
    ret->source = bounded(text_item(call->pamh, PAM_RHOST), ITEM_MAX);
    ret->tty = bounded(text_item(call->pamh, PAM_TTY), ITEM_MAX);
    /* The PAM environment, which sshd fills: our line stands before all that read the user's files into it. */
    ret->connection = bounded(pam_getenv(call->pamh, "SSH_CONNECTION"), ITEM_MAX);
    ret->auth_info = bounded(pam_getenv(call->pamh, "SSH_AUTH_INFO_0"), AUTH_INFO_MAX);
    ret->observe = call->args.observe;
}

void call_debug(const struct call *call, const char *what, const char *word)
{
    if (call->args.debug)
        pam_syslog(call->pamh, LOG_DEBUG, "%s: %s %s", phase_names[call->phase], what, word);
}
