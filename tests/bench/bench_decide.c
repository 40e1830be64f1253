/*
 * bench_decide: what the pure decision costs, on a host as one would have it: a few policies of the account, twenty rules each.
 * Prints a JSON object a line; the median of rounds.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/compat.h"
#include "core/fields.h"
#include "judge/decide.h"

#define POLICIES 4
#define RULES 20
#define ROUNDS 51
#define DECISIONS 2000
#define NOW 1764000000

static const char scope[] = "pam_agent 1\ntool host:login\narg service\nvalue sshd\narg account\nvalue agent-deploy\n"
                            "tool host:sudo\narg runas\nvalue root\narg command\nvalue /usr/bin/systemctl\n"
                            "arg args\nlist restart\nitem nginx\nlist reload\nitem nginx\n";

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void write_policy(struct fields_writer *w, int last)
{
    fields_put(w, "policy", "care");
    fields_put(w, "where", "/etc/pam_agent/agent.conf:10");
    fields_put(w, "identity", "spiffe://example.org/agent/*");
    fields_put(w, "purpose", "restart-*");
    fields_put(w, "max-session", "1800");
    fields_put(w, "rule", "allow-login");
    fields_put(w, "from", "10.0.0.0/8");
    for (int i = 0; i < RULES; i++) {
        char word[32];

        snprintf(word, sizeof word, "service-%d*", i);
        fields_put(w, "rule", i % 5 ? "allow-sudo" : "deny-sudo");
        fields_put(w, "command", "/usr/bin/systemctl");
        fields_put(w, "word", "restart");
        fields_put(w, "word", word);
    }
    if (!last)
        return;
    fields_put(w, "rule", "allow-sudo"); /* the one that allows stands behind all of them */
    fields_put(w, "command", "/usr/bin/systemctl");
    fields_put(w, "word", "re*");
    fields_put(w, "word", "nginx");
}

static void read_policies(struct policy_set *ret)
{
    static char text[1 << 16];
    struct fields_writer w;
    size_t len;

    fields_begin(&w, text, sizeof text);
    for (int i = 0; i < POLICIES; i++)
        write_policy(&w, i == POLICIES - 1);
    if (fields_end(&w, &len) < 0 || policy_set_parse(text, len, ret) < 0)
        errx(1, "the policies are malformed");
}

/* The median of what one decision of this step costs. */
static double decide_us(enum step step, const struct policy_set *policies)
{
    static const char *const argv[] = {"/usr/bin/systemctl", "restart", "nginx", NULL};
    static double rounds[ROUNDS];
    const struct facts facts = {
        .step = step,
        .now = NOW,
        .boot = NOW - 86400,
        .account = "agent-deploy",
        .identity = "spiffe://example.org/agent/deploy",
        .issuer = "corp-sts",
        .task = "task-1",
        .purpose = "restart-web",
        .issued = NOW - 10,
        .expires = NOW + 290,
        .possession = POSSESSION_CHANNEL,
        .scopes = {{scope, sizeof scope - 1}},
        .scope_count = 1,
        .session_deadline = NOW + 290,
        .service = "sshd",
        .source = "10.0.0.5",
        .run_as = "root",
        .argv = argv,
        .argc = 3,
    };

    for (int i = 0; i < ROUNDS; i++) {
        double start = now_us();

        for (int j = 0; j < DECISIONS; j++)
            if (decide(&facts, policies).verdict != VERDICT_PERMIT)
                errx(1, "%s was refused", step_word(step));
        rounds[i] = (now_us() - start) / DECISIONS;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, ascending);
    return rounds[ROUNDS / 2];
}

static void print(const char *name, double value)
{
    printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"us\"}\n", name, value);
}

int main(void)
{
    struct policy_set policies;

    read_policies(&policies);
    print("decide-us", decide_us(STEP_COMMAND, &policies));
    print("decide-login-us", decide_us(STEP_OPEN, &policies));
    policy_set_clear(&policies);
    return 0;
}
