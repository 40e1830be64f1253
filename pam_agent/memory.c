#include "pam_agent/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

#define DATA_NAME "pam_agent"
#define OTHER_NAME "pam_agent_other"

struct other {
    pid_t pid;
    uid_t real;
    char user[MEMORY_USER_MAX + 1];
};

/* pam_end, also of an application that never came to pam_close_session (sshd after a refusal further down the stack). */
static void cleanup(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    /* SILENT: the child of a fork gives its copy back (pam_end(3)). */
    if (!(status & PAM_DATA_SILENT))
        memory_close_session(data);
    free(data);
}

struct memory *memory_find(pam_handle_t *pamh)
{
    const void *data = NULL;

    if (pam_get_data(pamh, DATA_NAME, &data) != PAM_SUCCESS)
        return NULL;
    return (struct memory *)(uintptr_t)data;
}

static int name_it(struct memory *memory, const char *user, const char *service)
{
    return text_copy(memory->user, sizeof memory->user, user) < 0 ||
                   text_copy(memory->service, sizeof memory->service, service) < 0
               ? -1
               : 0;
}

struct memory *memory_begin(pam_handle_t *pamh, const char *user, const char *service)
{
    struct memory *memory = calloc(1, sizeof *memory);

    if (!memory)
        return NULL;
    if (name_it(memory, user, service) < 0 || pam_set_data(pamh, DATA_NAME, memory, cleanup) != PAM_SUCCESS) {
        free(memory);
        return NULL;
    }
    return memory;
}

const struct outcome *memory_outcome(const struct memory *memory, enum phase phase)
{
    return memory && memory->known[phase] ? &memory->outcomes[phase] : NULL;
}

int memory_permits(const struct memory *memory, enum phase phase)
{
    const struct outcome *outcome = memory_outcome(memory, phase);

    return outcome && outcome->verdict == OUTCOME_PERMIT;
}

int memory_denies(const struct memory *memory, enum phase phase)
{
    const struct outcome *outcome = memory_outcome(memory, phase);

    return outcome && outcome->verdict == OUTCOME_DENY;
}

void memory_put(struct memory *memory, enum phase phase, const struct outcome *outcome)
{
    memory->outcomes[phase] = *outcome;
    memory->known[phase] = 1;
    if (phase != PHASE_OPEN || outcome->verdict == OUTCOME_DENY)
        return;
    if (text_copy(memory->session, sizeof memory->session, outcome->session) == 0)
        memory->opener = getpid();
}

int memory_forget(pam_handle_t *pamh, const struct memory *memory)
{
    for (int phase = 0; phase < PHASE_COUNT; phase++)
        if (memory_permits(memory, (enum phase)phase))
            return -1;
    return pam_set_data(pamh, DATA_NAME, NULL, NULL) == PAM_SUCCESS ? 0 : -1;
}

static void cleanup_other(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

int memory_is_other(pam_handle_t *pamh, const char *user)
{
    const void *data = NULL;
    const struct other *other;

    if (pam_get_data(pamh, OTHER_NAME, &data) != PAM_SUCCESS || !data)
        return 0;
    other = data;
    return other->pid == getpid() && other->real == getuid() && strcmp(other->user, user) == 0;
}

void memory_note_other(pam_handle_t *pamh, const char *user)
{
    struct other *other = calloc(1, sizeof *other);

    if (!other)
        return;
    other->pid = getpid();
    other->real = getuid();
    if (text_copy(other->user, sizeof other->user, user) < 0 ||
        pam_set_data(pamh, OTHER_NAME, other, cleanup_other) != PAM_SUCCESS)
        free(other);
}

void memory_close_session(struct memory *memory)
{
    const struct question question = {
        .step = "close",
        .service = memory->service,
        .user = memory->user,
        .session = memory->session,
    };
    struct outcome outcome;

    if (!memory->session[0] || memory->opener != getpid())
        return;
    ask_session(memory->session, &question, &outcome);
    memory->session[0] = '\0';
    memory->known[PHASE_OPEN] = 0; /* what is opened next is a new session */
}
