#include "ask/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/names.h"
#include "core/text.h"

void outcome_refuse(struct outcome *ret, enum reason reason)
{
    memset(ret, 0, sizeof *ret);
    ret->verdict = OUTCOME_DENY;
    ret->reason = reason;
}

void outcome_fail(struct outcome *ret, int error)
{
    enum reason reason = REASON_INTERNAL;

    if (error == -ETIMEDOUT)
        reason = REASON_TIMEOUT;
    else if (error == -EBADMSG || error == -EMSGSIZE)
        reason = REASON_BAD_QUESTION;
    else if (error == -ENOBUFS || error == -E2BIG)
        reason = REASON_TOO_LARGE;
    outcome_refuse(ret, reason);
}

/* It is shown to strangers, so nothing but digits and letters. */
static int reference_valid(const char *reference)
{
    size_t n = 0;

    while ((reference[n] >= '0' && reference[n] <= '9') || (reference[n] >= 'A' && reference[n] <= 'F') ||
           (reference[n] >= 'a' && reference[n] <= 'f'))
        n++;
    return reference[n] == '\0';
}

/* -EBADMSG: no verdict, or one that its reason contradicts. */
static int read_verdict(const struct answer *answer, struct outcome *outcome)
{
    if (text_equal(answer->verdict, "permit")) {
        outcome->verdict = OUTCOME_PERMIT;
        outcome->reason = REASON_PERMIT;
    } else {
        outcome->reason = answer->reason ? reason_parse(answer->reason) : REASON_INTERNAL;
        if (text_equal(answer->verdict, "observe"))
            outcome->verdict = OUTCOME_OBSERVE;
        else if (!text_equal(answer->verdict, "deny"))
            return -EBADMSG;
        if (outcome->reason == REASON_PERMIT)
            return -EBADMSG;
    }
    if (outcome->verdict == OUTCOME_DENY)
        return 0;
    outcome->leaves = text_equal(answer->leaves, "service");
    outcome->adopt = text_equal(answer->adopt, "1");
    outcome->apart = text_equal(answer->apart, "1");
    return 0;
}

void outcome_of_answer(const struct answer *answer, struct outcome *ret)
{
    struct outcome outcome;

    outcome_refuse(ret, REASON_BAD_QUESTION);
    outcome_refuse(&outcome, REASON_INTERNAL);
    if (answer->reference && (!reference_valid(answer->reference) ||
                              text_copy(outcome.reference, sizeof outcome.reference, answer->reference) < 0))
        return;
    if (answer->session &&
        (!session_id_valid(answer->session) || text_copy(outcome.session, sizeof outcome.session, answer->session) < 0))
        return;
    if (read_verdict(answer, &outcome) == 0)
        *ret = outcome;
}

static int number(const char *text, int64_t *ret)
{
    return text ? text_i64(text, ret) : 0;
}

int report_of_answer(const struct answer *answer, struct report *ret)
{
    static const char *const states[] = {"running", "lingering", "frozen", "ending"};
    int64_t steps = 0, refusals = 0;

    memset(ret, 0, sizeof *ret);
    ret->reason = answer->reason ? reason_parse(answer->reason) : REASON_PERMIT;
    if (number(answer->deadline, &ret->deadline) < 0 || number(answer->attest_by, &ret->attest_by) < 0 ||
        number(answer->attest_from, &ret->attest_from) < 0 || number(answer->frozen_until, &ret->frozen_until) < 0 ||
        number(answer->steps, &steps) < 0 || number(answer->refusals, &refusals) < 0)
        return -EBADMSG;
    ret->steps = (uint32_t)steps;
    ret->refusals = (uint32_t)refusals;
    for (unsigned i = 0; i < COUNT_OF(states); i++)
        if (text_equal(answer->state, states[i])) {
            ret->state = i;
            return 0;
        }
    return -EBADMSG;
}

void outcome_text(const struct outcome *outcome, char *buf, size_t cap)
{
    const char *reference = outcome->reference;

    if (reference[0])
        snprintf(buf, cap, "Access denied (ref %s)", reference);
    else
        snprintf(buf, cap, "Access denied");
}
