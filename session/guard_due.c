#include "session/guard_due.h"

static const struct moment never = {NEVER, NEVER};

static struct moment after(const struct moment *start, int64_t seconds)
{
    return (struct moment){start->wall + seconds, start->boot + seconds * 1000};
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The earlier one, on each clock. */
static struct moment earlier(const struct moment *a, const struct moment *b)
{
    return (struct moment){lesser(a->wall, b->wall), lesser(a->boot, b->boot)};
}

static int64_t four_fifths(int64_t from, int64_t to)
{
    return from + (to - from) / 5 * 4;
}

/* What no attestation puts off. */
static struct moment latest_end(const struct terms *terms)
{
    struct moment end = after(&terms->opened, terms->longest - terms->opened.wall);
    struct moment other = after(&terms->opened, terms->max_session);

    return terms->max_session ? earlier(&end, &other) : end;
}

void due_compute(const struct terms *terms, struct due *ret)
{
    const struct moment expiry = after(&terms->attested, terms->expires - terms->attested.wall);
    const struct moment end = latest_end(terms);
    struct moment first;

    ret->deadline = end;
    ret->attest_by = ret->overdue = never;
    if (terms->reattest_every) {
        ret->attest_by = after(&terms->attested, terms->reattest_every);
        ret->overdue = after(&ret->attest_by, terms->reattest_grace);
    } else {
        ret->deadline = earlier(&end, &expiry);
    }
    first = earlier(&ret->deadline, &ret->attest_by);
    ret->attest_helps = first.wall < end.wall;
    ret->notice.wall = four_fifths(terms->attested.wall, first.wall);
    ret->notice.boot = four_fifths(terms->attested.boot, first.boot);
}

int moment_reached(const struct moment *moment, const struct moment *now)
{
    return now->wall >= moment->wall || now->boot >= moment->boot;
}

struct moment due_next(const struct due *due, const struct moment *now)
{
    const struct moment *const moments[] = {&due->deadline, &due->attest_by, &due->overdue, &due->notice};
    struct moment next = never;

    for (unsigned i = 0; i < sizeof moments / sizeof *moments; i++)
        if (!moment_reached(moments[i], now))
            next = earlier(&next, moments[i]);
    return next;
}
