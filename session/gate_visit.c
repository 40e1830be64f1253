/* Visits (gate.h): humans and services in the account of an identity that lets them. No credential, no session. */
#include <errno.h>
#include <string.h>

#include "ask/who.h"
#include "core/text.h"
#include "judge/session_process.h"
#include "live/visits.h"
#include "session/gate.h"

#define CLEAR_MS 1000

static int is_one_of(const char *service, const char *const *services)
{
    for (; *services; services++)
        if (text_equal(service, *services))
            return 1;
    return 0;
}

/* Root's su, and whoever's sudo. A human's su asks for a password, which no agent has. */
static int is_for_humans(const struct gate *gate)
{
    static const char *const by_root[] = {"su", "su-l", "runuser", "runuser-l", NULL};
    static const char *const by_anybody[] = {"sudo", "sudo-i", NULL};
    const char *service = gate->question.service;

    return is_one_of(service, by_anybody) || (gate->asker_uid == 0 && is_one_of(service, by_root));
}

/* The bit of a service, or 0. */
static unsigned unattended_service(const struct gate *gate)
{
    return gate->question.service && gate->asker_uid == 0 && gate->step != STEP_COMMAND
               ? unattended_bit(gate->question.service)
               : 0;
}

static int is_unattended(const struct gate *gate)
{
    return (gate->identity.unattended & unattended_service(gate)) != 0;
}

/*
 * The plug-in gives the process that opens a session the login uid of the account before it asks (pam_agent/login_uid.h), where it had
 * that of its parent; or none, and then it is nobody's session.
 */
static int login_is_agent(const struct gate *gate)
{
    uint32_t login = process_loginuid(gate->asker.pid);

    if (gate->step == STEP_OPEN && login == gate->identity.uid)
        login = process_loginuid(gate->asker.parent);
    return login != AUDIT_UNSET && uid_is_agent(login) != 0;
}

/* By every trace that a session leaves, and where one cannot be read: what an agent started, be it as root or as a human, visits nobody. */
static int is_agents(const struct gate *gate)
{
    return uid_is_agent(gate->asker_uid) != 0 || login_is_agent(gate) || sessions_own(gate->asker.pid) != 0;
}

/* The account that is to be visited; sudo_agent.so says the caller as the user. */
static const char *visited(const struct gate *gate)
{
    switch (gate->step) {
    case STEP_COMMAND:
        return gate->question.run_as;
    case STEP_ACCOUNT:
    case STEP_SETCRED:
    case STEP_OPEN:
        return gate->question.user;
    default:
        return NULL;
    }
}

int gate_is_visit(struct gate *gate)
{
    const char *account = visited(gate);
    int human = is_for_humans(gate);

    if (!account || (!human && !unattended_service(gate)))
        return 0;
    if (gate_identify(gate, account) == REASON_PERMIT && !gate->identity.disabled &&
        ((human && gate->identity.human_use) || is_unattended(gate)) && !is_agents(gate))
        return 1;
    gate->identity.account[0] = gate->identity.id[0] = '\0';
    return 0;
}

static enum reason reason_of(struct gate *gate, int r)
{
    if (r == 0)
        return REASON_PERMIT;
    if (r == -ETIME)
        gate->detail = "its last task was cleared only just before this was started";
    return r == -EBUSY || r == -EAGAIN || r == -ETIME ? REASON_ACCOUNT_BUSY : REASON_STATE_UNAVAILABLE;
}

enum reason gate_visit(struct gate *gate)
{
    static char detail[64];
    int unattended = is_unattended(gate), left = gate_time_left();

    gate->decision.rule = unattended ? "unattended" : "human-use";
    if (text_format(detail, sizeof detail, "no agent's: asked by uid %lu", (unsigned long)gate->asker_uid) == 0)
        gate->detail = detail;
    if (gate->step != STEP_OPEN ||
        gate->host.mode == MODE_OBSERVE) /* a host that observes neither clears nor ends anything */
        return reason_of(gate, visit_check(&gate->identity, &gate->asker, unattended));
    return reason_of(gate, visit_begin(&gate->identity, &gate->asker, unattended, left < CLEAR_MS ? left : CLEAR_MS));
}
