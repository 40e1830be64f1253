#include "trust/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/json.h"

#define DIGITS_MAX 17         /* no double needs more to be told from its neighbours */
#define EXPONENT_MAX 1000000L /* far beyond any double; keeps sums small */

/* A decimal number: 0.DIGITS * 10^point, no zero at either end of the digits; no digits: zero. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    size_t count;
    int overlong;
    long point;
};

struct literals {
    const char *at, *end;
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static long read_exponent(const char *at, const char *end)
{
    long value = 0;
    int negative = at < end && *at == '-';

    for (; at < end; at++)
        if (is_digit(*at) && value < EXPONENT_MAX)
            value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static void add_digit(struct decimal *d, char c)
{
    if (d->count < sizeof d->digits)
        d->digits[d->count++] = c;
    else if (c != '0')
        d->overlong = 1;
}

/* Any decimal point is taken, so that printf's own text can be read in every locale. */
static struct decimal decimal_of(const char *at, const char *end)
{
    struct decimal d = {.count = 0};
    int fraction = 0;

    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at != '-' && !is_digit(*at)) {
            fraction = 1;
        } else if (is_digit(*at)) {
            int leading_zero = d.count == 0 && *at == '0';

            if (!leading_zero)
                add_digit(&d, *at);
            d.point += fraction ? -leading_zero : !leading_zero;
        }
    }
    if (at < end)
        d.point += read_exponent(at + 1, end);
    while (d.count > 0 && d.digits[d.count - 1] == '0')
        d.count--;
    if (d.count == 0)
        d.point = 0;
    return d;
}

/* The fewest digits that read back as the same double: those that JCS writes. */
static struct decimal shortest(double value)
{
    char text[40];

    for (int digits = 1; digits <= DIGITS_MAX; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return decimal_of(text, text + strlen(text));
}

/* ECMAScript, Number::toString: digits and a point where that is short, else an exponent. */
void number_format(double value, char ret[NUMBER_TEXT_SIZE])
{
    struct decimal d = shortest(value);
    int count = (int)d.count, point = (int)d.point;
    const char *sign = value < 0 ? "-" : "", *digits = d.digits;

    if (count == 0)
        strcpy(ret, "0");
    else if (point > 21 || point < -5)
        sprintf(ret, "%s%.1s%s%.*se%+d", sign, digits, count > 1 ? "." : "", count - 1, digits + 1, point - 1);
    else if (point <= 0)
        sprintf(ret, "%s0.%.*s%.*s", sign, -point, "00000", count, digits);
    else if (count <= point)
        sprintf(ret, "%s%.*s%.*s", sign, count, digits, point - count, "000000000000000000000");
    else
        sprintf(ret, "%s%.*s.%.*s", sign, point, digits, count - point, digits + point);
}

static int admissible(const char *at, const char *end, double value)
{
    struct decimal written = decimal_of(at, end), kept = shortest(value);

    return !written.overlong && written.point == kept.point && written.count == kept.count &&
           memcmp(written.digits, kept.digits, kept.count) == 0;
}

/* The next number of the text, [*ret_at, in->at). The text is known to be JSON. */
static int next_literal(struct literals *in, const char **ret_at)
{
    while (in->at < in->end && *in->at != '-' && !is_digit(*in->at)) {
        if (*in->at == '"')
            in->at += json_skip_string(in->at, (size_t)(in->end - in->at), 0);
        else
            in->at++;
    }
    if (in->at >= in->end)
        return 0;
    for (*ret_at = in->at; in->at < in->end && *in->at && strchr("+-.eE0123456789", *in->at); in->at++)
        ;
    return 1;
}

static int walk(struct literals *in, json_t *value, const json_t *part, int inside);

static int walk_array(struct literals *in, json_t *array, const json_t *part, int inside)
{
    json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (!walk(in, item, part, inside))
            return 0;
    }
    return 1;
}

static int walk_object(struct literals *in, json_t *object, const json_t *part, int inside)
{
    const char *key;
    json_t *member;

    json_object_foreach(object, key, member)
    {
        if (!walk(in, member, part, inside))
            return 0;
    }
    return 1;
}

/* Walk in the order of writing, which jansson keeps; each number of the tree is the next literal of the text. */
static int walk(struct literals *in, json_t *value, const json_t *part, int inside)
{
    const char *at;

    inside |= value == part;
    if (json_is_array(value))
        return walk_array(in, value, part, inside);
    if (json_is_object(value))
        return walk_object(in, value, part, inside);
    if (!json_is_number(value))
        return 1;
    return next_literal(in, &at) && (!inside || admissible(at, in->at, json_number_value(value)));
}

int number_all_admissible(const char *text, size_t len, json_t *root, const json_t *part)
{
    struct literals in = {text, text + len};

    return walk(&in, root, part, 0);
}

/* --- what jansson has no room for --- */

/* A JSON number in text[len] from its first character on; its length, 0: none. */
static size_t literal_length(const char *at, size_t len, int *ret_real)
{
    size_t i = at[0] == '-', start;

    *ret_real = 0;
    for (start = i; i < len && is_digit(at[i]); i++)
        ;
    if (i == start || (at[start] == '0' && i - start > 1))
        return 0;
    if (i < len && at[i] == '.') {
        *ret_real = 1;
        for (start = ++i; i < len && is_digit(at[i]); i++)
            ;
        if (i == start)
            return 0;
    }
    if (i < len && (at[i] == 'e' || at[i] == 'E')) {
        *ret_real = 1;
        i++;
        i += i < len && (at[i] == '+' || at[i] == '-');
        for (start = i; i < len && is_digit(at[i]); i++)
            ;
        if (i == start)
            return 0;
    }
    return i;
}

static void tame_integer(char *at, size_t len)
{
    size_t sign = at[0] == '-', kept = sign + DIGITS_MAX;
    char exponent[24];

    errno = 0;
    (void)strtoll(at, NULL, 10);
    if (errno != ERANGE)
        return;
    /* At least 19 digits: 17 of them and an exponent are no longer. */
    sprintf(exponent, "e%zu", len - kept);
    memset(at + kept, ' ', len - kept);
    memcpy(at + kept, exponent, strlen(exponent));
}

static void tame_real(char *at, size_t len)
{
    double value = strtod(at, NULL);

    if (value != HUGE_VAL && value != -HUGE_VAL)
        return;
    memset(at, ' ', len);
    memcpy(at, value < 0 ? "-1e308" : "1e308", value < 0 ? 6 : 5);
}

void number_tame(char *text, size_t len)
{
    struct literals in = {text, text + len};
    const char *found;

    while (next_literal(&in, &found)) {
        char *at = text + (found - text);
        int is_real;
        size_t length = literal_length(at, (size_t)(in.at - at), &is_real);

        if (length != (size_t)(in.at - at))
            continue; /* no number: jansson says so */
        if (!is_real && length > DIGITS_MAX)
            tame_integer(at, length);
        if (length > 4)
            tame_real(at, length);
    }
}
