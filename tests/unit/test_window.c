/* common/judge/window, and the tables that agentctl/zone makes for it. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agentctl/zone.h"
#include "core/compat.h"
#include "judge/window.h"

/* --- texts --- */

static const struct {
    const char *text;
    unsigned days, begin, length;
    const char *zone;
} texts[] = {
    {"fri 16:00-mon 06:00 Europe/Berlin", 1 << 4, 960, 3720, "Europe/Berlin"},
    {"mon 00:00-sun 24:00 UTC", 1 << 0, 0, 10080, "UTC"},
    {"tue 00:00-mon 24:00 UTC", 1 << 1, 0, 10080, "UTC"},
    {"sun 23:59-mon 00:00 UTC", 1 << 6, 1439, 1, "UTC"},
    {"wed 12:00-wed 13:00 UTC", 1 << 2, 720, 60, "UTC"},
    {"wed 13:00-wed 12:00 UTC", 1 << 2, 780, 10020, "UTC"},
    {"wed 12:00-wed 12:00 UTC", 1 << 2, 720, 10080, "UTC"},
    {"mon-fri 08:00-17:30 Asia/Kathmandu", 31, 480, 570, "Asia/Kathmandu"},
    {"sat-sun 00:00-24:00 UTC", 96, 0, 1440, "UTC"},
    {"fri-mon 22:00-06:00 UTC", 113, 1320, 480, "UTC"}, /* over the week's end */
    {"thu 22:00-06:00 UTC", 8, 1320, 480, "UTC"},
    {"09:15-09:16 UTC", 127, 555, 1, "UTC"},
    {"09:15-09:15 UTC", 127, 555, 1440, "UTC"},
    {"23:00-00:00 UTC", 127, 1380, 60, "UTC"},
    {"00:00-24:00 America/Argentina/Buenos_Aires", 127, 0, 1440, "America/Argentina/Buenos_Aires"},
    {"00:00-24:00 ", 127, 0, 1440, ""}, /* the zone is looked at where it is looked for */
};

START_TEST(read)
{
    struct window window;
    const char *zone;

    ck_assert_int_eq(window_parse(texts[_i].text, &window, &zone), 0);
    ck_assert_ptr_eq(window.text, texts[_i].text);
    ck_assert_uint_eq(window.days, texts[_i].days);
    ck_assert_uint_eq(window.begin, texts[_i].begin);
    ck_assert_uint_eq(window.length, texts[_i].length);
    ck_assert_ptr_null(window.zone);
    ck_assert_str_eq(zone, texts[_i].zone);
}
END_TEST

static const char *const wrong[] = {
    "",
    " ",
    "UTC",
    "fri",
    "fri ",
    "fri UTC",
    "fri 16:00",
    "fri 16:00-",
    "fri 16:00-mon",
    "fri 16:00-mon ",
    "fri 16:00-mon 06:00",
    "fri 16:00-mon UTC",
    "fri 16:00-mon-tue 06:00 UTC",
    "fri-mon 16:00-mon 06:00 UTC",
    "mon-mon 16:00-18:00 UTC",
    "fri-16:00-18:00 UTC",
    "fri-xyz 16:00-18:00 UTC",
    "fri-mon",
    "fri-mon16:00-18:00 UTC",
    "Fri 16:00-18:00 UTC",
    "friday 16:00-18:00 UTC",
    " 16:00-18:00 UTC",
    "16:00-18:00",
    "16:00-18:00UTC",
    "16:00 -18:00 UTC",
    "16:00-18:00-19:00 UTC",
    "16-18 UTC",
    "1:00-2:00 UTC",
    "01:0-02:00 UTC",
    "01:60-02:00 UTC",
    "01:00-02:60 UTC",
    "01.00-02.00 UTC",
    "25:00-26:00 UTC",
    "24:00-02:00 UTC", /* a day ends so, and begins at 00:00 */
    "fri 24:00-sat 02:00 UTC",
    "00:00-24:01 UTC",
    "00:00-25:00 UTC",
    "00:00-99:00 UTC",
    "-1:00-02:00 UTC",
    "0",
    "00",
    "00:",
    "00:0",
    "00:00",
};

START_TEST(not_read)
{
    struct window window;
    const char *zone;

    ck_assert_msg(window_parse(wrong[_i], &window, &zone) == -EINVAL, "%s", wrong[_i]);
}
END_TEST

static const struct {
    const char *name;
    int valid;
} names[] = {
    {"UTC", 1},
    {"Europe/Berlin", 1},
    {"America/Argentina/ComodRivadavia", 1},
    {"Etc/GMT+12", 1},
    {"America/Port-au-Prince", 1},
    {"GB", 1},
    {"", 0},
    {"/etc/passwd", 0},
    {"../../etc/passwd", 0},
    {"Europe/../Berlin", 0},
    {"Europe/", 0},
    {"Europe//Berlin", 0},
    {"Europe Berlin", 0},
    {"Europe/Berlin\n", 0},
    {":Europe/Berlin", 0},
    {"CET-1CEST,M3.5.0,M10.5.0", 0},
    {"right/Europe/Berlin", 0},
    {"posixrules", 0},
    {"localtime", 0},
    {"A23456789012345678901234567890123456789012345678901234567890ABCD", 1},
    {"A23456789012345678901234567890123456789012345678901234567890ABCDE", 0},
    {"[", 0},
};

START_TEST(zone_names)
{
    ck_assert_msg(zone_name_valid(names[_i].name) == names[_i].valid, "%s", names[_i].name);
}
END_TEST

/* --- matching, against tables as libc has them in 2026 --- */

static struct zone_offset utc[] = {{0, 0}};
static struct zone_offset berlin[] = {{1761440400, 3600}, {1774746000, 7200}, {1792890000, 3600}, {1806195600, 7200}};
static struct zone_offset kathmandu[] = {{0, 20700}};
static struct zone_offset melbourne[] = {{1759593600, 39600}, {1775318400, 36000}, {1791043200, 39600}};
static struct zone_offset st_johns[] = {{0, -12600}, {1772947800, -9000}, {1793507400, -12600}};
static struct zone_offset kiritimati[] = {{0, 50400}};
static struct zone_offset lowest[] = {{0, -ZONE_EAST_MAX}};

static const struct zone zones[] = {
    {"UTC", utc, COUNT_OF(utc)},
    {"Europe/Berlin", berlin, COUNT_OF(berlin)},
    {"Asia/Kathmandu", kathmandu, COUNT_OF(kathmandu)},
    {"Australia/Melbourne", melbourne, COUNT_OF(melbourne)},
    {"America/St_Johns", st_johns, COUNT_OF(st_johns)},
    {"Pacific/Kiritimati", kiritimati, COUNT_OF(kiritimati)},
    {"Etc/Lowest", lowest, COUNT_OF(lowest)},
};

static void find_zone(const char *name, struct window *window)
{
    for (size_t i = 0; i < COUNT_OF(zones); i++)
        if (strcmp(zones[i].name, name) == 0)
            window->zone = &zones[i];
    ck_assert_msg(window->zone != NULL, "%s", name);
}

static int64_t utc_seconds(const char *text)
{
    struct tm tm = {0};

    ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    return timegm(&tm);
}

static const struct {
    const char *window, *utc;
    int within;
} moments[] = {
    /* first and last minute; 2026-11-23 is a Monday */
    {"mon-fri 08:00-17:00 UTC", "2026-11-23 07:59:59", 0},
    {"mon-fri 08:00-17:00 UTC", "2026-11-23 08:00:00", 1},
    {"mon-fri 08:00-17:00 UTC", "2026-11-27 16:59:59", 1},
    {"mon-fri 08:00-17:00 UTC", "2026-11-27 17:00:00", 0},
    {"mon-fri 08:00-17:00 UTC", "2026-11-28 12:00:00", 0},
    {"mon-fri 08:00-17:00 UTC", "2026-11-29 12:00:00", 0},
    /* into the next day: that of Friday ends on Saturday, that of Sunday is none */
    {"mon-fri 22:00-06:00 UTC", "2026-11-28 05:59:59", 1},
    {"mon-fri 22:00-06:00 UTC", "2026-11-28 06:00:00", 0},
    {"mon-fri 22:00-06:00 UTC", "2026-11-28 22:00:00", 0},
    {"mon-fri 22:00-06:00 UTC", "2026-11-23 05:00:00", 0},
    {"sun 22:00-06:00 UTC", "2026-11-23 05:00:00", 1},
    /* over the week's end, and the whole of it */
    {"fri 16:00-mon 06:00 UTC", "2026-11-27 15:59:59", 0},
    {"fri 16:00-mon 06:00 UTC", "2026-11-27 16:00:00", 1},
    {"fri 16:00-mon 06:00 UTC", "2026-11-29 23:59:59", 1},
    {"fri 16:00-mon 06:00 UTC", "2026-11-30 00:00:00", 1},
    {"fri 16:00-mon 06:00 UTC", "2026-11-30 05:59:59", 1},
    {"fri 16:00-mon 06:00 UTC", "2026-11-30 06:00:00", 0},
    {"wed 13:00-wed 12:00 UTC", "2026-11-25 12:30:00", 0},
    {"wed 13:00-wed 12:00 UTC", "2026-11-25 11:59:59", 1},
    {"mon 00:00-sun 24:00 UTC", "2026-11-29 23:59:59", 1},
    {"mon 00:00-sun 24:00 UTC", "2026-11-30 00:00:00", 1},
    {"sun 00:00-24:00 UTC", "2026-11-29 23:59:59", 1},
    {"sun 00:00-24:00 UTC", "2026-11-30 00:00:00", 0},
    /* before the epoch a week is one, too */
    {"wed 23:00-24:00 UTC", "1969-12-31 23:59:59", 1},
    {"thu 00:00-01:00 UTC", "1970-01-01 00:00:00", 1},
    {"mon 00:00-00:01 UTC", "1969-12-29 00:00:59", 1},
    {"sun 23:59-24:00 UTC", "1969-12-28 23:59:59", 1},
    /* clocks go forward: at 01:59:59 follows 03:00:00 */
    {"01:00-02:00 Europe/Berlin", "2026-03-29 00:59:59", 1},
    {"01:00-02:00 Europe/Berlin", "2026-03-29 01:00:00", 0},
    {"02:00-03:00 Europe/Berlin", "2026-03-29 00:59:59", 0}, /* does not come on this day */
    {"02:00-03:00 Europe/Berlin", "2026-03-29 01:00:00", 0},
    {"02:30-04:00 Europe/Berlin", "2026-03-29 01:00:00", 1},
    {"02:30-04:00 Europe/Berlin", "2026-03-29 02:00:00", 0},
    {"sun 00:00-24:00 Europe/Berlin", "2026-03-28 22:59:59", 0},
    {"sun 00:00-24:00 Europe/Berlin", "2026-03-28 23:00:00", 1},
    {"sun 00:00-24:00 Europe/Berlin", "2026-03-29 21:59:59", 1},
    {"sun 00:00-24:00 Europe/Berlin", "2026-03-29 22:00:00", 0},
    /* clocks go back: 02:00 to 03:00 comes twice */
    {"02:00-03:00 Europe/Berlin", "2026-10-24 23:59:59", 0},
    {"02:00-03:00 Europe/Berlin", "2026-10-25 00:00:00", 1},
    {"02:00-03:00 Europe/Berlin", "2026-10-25 00:59:59", 1},
    {"02:00-03:00 Europe/Berlin", "2026-10-25 01:00:00", 1},
    {"02:00-03:00 Europe/Berlin", "2026-10-25 01:59:59", 1},
    {"02:00-03:00 Europe/Berlin", "2026-10-25 02:00:00", 0},
    {"fri 16:00-mon 06:00 Europe/Berlin", "2026-10-23 13:59:59", 0},
    {"fri 16:00-mon 06:00 Europe/Berlin", "2026-10-23 14:00:00", 1},
    {"fri 16:00-mon 06:00 Europe/Berlin", "2026-10-26 04:59:59", 1},
    {"fri 16:00-mon 06:00 Europe/Berlin", "2026-10-26 05:00:00", 0},
    /* before the table and after it */
    {"08:00-09:00 Europe/Berlin", "2000-07-01 07:00:00", 1},
    {"08:00-09:00 Europe/Berlin", "2000-07-01 06:00:00", 0},
    {"08:00-09:00 Europe/Berlin", "2099-01-01 06:00:00", 1},
    {"08:00-09:00 Europe/Berlin", "2099-01-01 07:00:00", 0},
    /* odd, southern, western and far offsets */
    {"09:00-10:00 Asia/Kathmandu", "2026-11-23 03:14:59", 0},
    {"09:00-10:00 Asia/Kathmandu", "2026-11-23 03:15:00", 1},
    {"09:00-10:00 Asia/Kathmandu", "2026-11-23 04:14:59", 1},
    {"09:00-10:00 Asia/Kathmandu", "2026-11-23 04:15:00", 0},
    {"mon 00:00-01:00 Asia/Kathmandu", "2026-11-22 18:15:00", 1},
    {"09:00-10:00 Australia/Melbourne", "2026-01-15 22:00:00", 1},
    {"09:00-10:00 Australia/Melbourne", "2026-07-15 22:00:00", 0},
    {"09:00-10:00 Australia/Melbourne", "2026-07-15 23:00:00", 1},
    {"02:00-03:00 Australia/Melbourne", "2026-04-04 14:59:59", 0},
    {"02:00-03:00 Australia/Melbourne", "2026-04-04 15:00:00", 1}, /* comes twice */
    {"02:00-03:00 Australia/Melbourne", "2026-04-04 16:59:59", 1},
    {"02:00-03:00 Australia/Melbourne", "2026-04-04 17:00:00", 0},
    {"02:00-03:00 Australia/Melbourne", "2026-10-03 16:00:00", 0}, /* left out */
    {"sun 22:00-24:00 America/St_Johns", "2026-01-12 01:30:00", 1},
    {"sun 22:00-24:00 America/St_Johns", "2026-01-12 03:29:59", 1},
    {"sun 22:00-24:00 America/St_Johns", "2026-01-12 03:30:00", 0},
    {"sun 22:00-24:00 America/St_Johns", "2026-07-13 00:30:00", 1},
    {"mon 00:00-24:00 Pacific/Kiritimati", "2026-11-22 10:00:00", 1},
    {"mon 00:00-24:00 Pacific/Kiritimati", "2026-11-23 10:00:00", 0},
    {"sat 22:00-sun 02:00 Etc/Lowest", "2026-11-23 00:00:00", 1},
};

START_TEST(within)
{
    struct window window;
    const char *zone;

    ck_assert_int_eq(window_parse(moments[_i].window, &window, &zone), 0);
    find_zone(zone, &window);
    ck_assert_msg(window_holds(&window, utc_seconds(moments[_i].utc)) == moments[_i].within, "%s at %s",
                  moments[_i].window, moments[_i].utc);
}
END_TEST

/* --- compiled zones --- */

static int take(struct zones *ret, const char *lines)
{
    static char text[1024];
    const char *key, *value;
    struct fields fields;
    int r;

    strcpy(text, lines);
    r = fields_open_bare(&fields, text, strlen(text));
    while (r == 0 && (r = fields_next(&fields, &key, &value)) > 0)
        r = zones_line(ret, key, value);
    return r;
}

static const char *const bad_lines[] = {
    "offset 0 0\n",
    "zone europe\n",
    "zone \n",
    "zones UTC\n",
    "zone UTC\noffset\n",
    "zone UTC\noffset \n",
    "zone UTC\noffset 0\n",
    "zone UTC\noffset 0 \n",
    "zone UTC\noffset  0\n",
    "zone UTC\noffset 0 0 0\n",
    "zone UTC\noffset x 0\n",
    "zone UTC\noffset 0 x\n",
    "zone UTC\noffset 0 93600\n",
    "zone UTC\noffset 0 -93600\n",
    "zone UTC\noffset 9223372036854775808 0\n",
    "zone UTC\noffset 00000000000000000000000000000000 0\n",
    "zone UTC\noffset 5 0\noffset 5 1\n",
    "zone UTC\noffset 5 0\noffset 4 1\n",
};

START_TEST(bad_zone)
{
    struct zones taken = {0};

    ck_assert_msg(take(&taken, bad_lines[_i]) == -EBADMSG, "%s", bad_lines[_i]);
    zones_clear(&taken);
}
END_TEST

START_TEST(zones_come_back)
{
    static const char lines[] = "zone Europe/Berlin\noffset -9223372036854775807 -93599\noffset 0 3600\n"
                                "offset 9223372036854775807 93599\nzone Asia/Kathmandu\noffset 0 20700\nzone GB\n";
    struct zones taken = {0};
    char text[1024];
    struct fields_writer w = {.buf = text, .cap = sizeof text};
    size_t len;

    ck_assert_int_eq(take(&taken, lines), 0);
    for (size_t i = 0; i < taken.count; i++)
        zone_write(&w, &taken.items[i]);
    ck_assert_int_eq(fields_end(&w, &len), 0);
    ck_assert_str_eq(text, lines);
    ck_assert_ptr_eq(zones_find(&taken, "Asia/Kathmandu"), &taken.items[1]);
    ck_assert_ptr_null(zones_find(&taken, "GB")); /* it has no offset */
    ck_assert_ptr_null(zones_find(&taken, "UTC"));
    zones_clear(&taken);
    ck_assert_uint_eq(taken.count, 0);
}
END_TEST

/* --- tables of the host's database --- */

#define NOW 1795000000 /* November 2026 */

static const char *const sampled[] = {
    "Europe/Berlin",       "Asia/Kathmandu",    "Australia/Lord_Howe", "America/St_Johns",   "Pacific/Auckland",
    "Australia/Melbourne", "Africa/Casablanca", "America/Sao_Paulo",   "Pacific/Kiritimati", "UTC",
};

/* At any time of day for ten years, the table says what libc says. */
START_TEST(tables_are_libc_s)
{
    struct window window = {.days = 127, .begin = 0, .length = 720}; /* the mornings */
    struct arena arena = {0};
    struct zone zone;

    ck_assert_int_eq(zone_read(sampled[_i], NOW, &arena, &zone), 0);
    window.zone = &zone;
    ck_assert_int_eq(setenv("TZ", sampled[_i], 1), 0);
    tzset();
    for (time_t at = NOW - NOW % 900; at < NOW + ZONE_YEARS * 365 * 86400L; at += 7 * 900) {
        struct tm tm;

        ck_assert_ptr_nonnull(localtime_r(&at, &tm));
        ck_assert_msg(window_holds(&window, at) == (tm.tm_hour < 12), "%s at %lld", zone.name, (long long)at);
    }
    arena_clear(&arena);
}
END_TEST

START_TEST(tables_are_small_and_last_a_year)
{
    struct arena arena = {0};
    struct zone zone, later;

    ck_assert_int_eq(zone_read("Europe/Berlin", NOW, &arena, &zone), 0);
    ck_assert_int_eq(zone_read("Europe/Berlin", NOW + 30 * 86400, &arena, &later), 0);
    ck_assert_uint_eq(zone.offset_count, later.offset_count);
    ck_assert_mem_eq(zone.offsets, later.offsets, zone.offset_count * sizeof *zone.offsets);
    ck_assert_uint_le(zone.offset_count, 2 * (ZONE_YEARS + 1) + 1);
    ck_assert_int_le(zone.offsets[0].from, NOW);
    ck_assert_int_eq(zone_read("Asia/Kathmandu", NOW, &arena, &zone), 0);
    ck_assert_uint_eq(zone.offset_count, 1);
    ck_assert_int_eq(zone.offsets[0].east, 20700);
    ck_assert_int_eq(zone_read("UTC", NOW, &arena, &zone), 0);
    ck_assert_uint_eq(zone.offset_count, 1);
    ck_assert_int_eq(zone.offsets[0].east, 0);
    arena_clear(&arena);
}
END_TEST

START_TEST(changes_are_to_the_second)
{
    struct arena arena = {0};
    struct zone zone;

    ck_assert_int_eq(zone_read("Europe/Berlin", NOW, &arena, &zone), 0);
    for (size_t i = 0; i < COUNT_OF(berlin); i++) {
        size_t j = 0;

        while (j < zone.offset_count && zone.offsets[j].from != berlin[i].from)
            j++;
        if (berlin[i].from > zone.offsets[0].from) {
            ck_assert_uint_lt(j, zone.offset_count);
            ck_assert_int_eq(zone.offsets[j].east, berlin[i].east);
        }
    }
    arena_clear(&arena);
}
END_TEST

/* A typo is no UTC; and nothing but a zone is read. */
START_TEST(unknown_zones)
{
    static const char *const unknown[] = {"",           "Europe/Berln",        "Europe",  "Mars/Olympus", "utc",
                                          "zone.tab",   "/etc/localtime",      "CET-1",   "Europe/",      "tzdata.zi",
                                          "posixrules", "right/Europe/Berlin", "../Etc/", "localtime"};
    struct arena arena = {0};
    struct zone zone;

    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        ck_assert_msg(zone_read(unknown[i], NOW, &arena, &zone) == -ENOENT, "%s", unknown[i]);
    arena_clear(&arena);
}
END_TEST

static void assert_hour(int hour)
{
    time_t noon = 1795003200 - 1795003200 % 86400 + 12 * 3600;
    struct tm tm;

    tzset();
    ck_assert_ptr_nonnull(localtime_r(&noon, &tm));
    ck_assert_int_eq(tm.tm_hour, hour);
}

START_TEST(own_zone_stays)
{
    struct arena arena = {0};
    struct zone zone;

    ck_assert_int_eq(setenv("TZ", "Asia/Tokyo", 1), 0);
    ck_assert_int_eq(zone_read("Europe/Berlin", NOW, &arena, &zone), 0);
    ck_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
    assert_hour(21);
    ck_assert_int_eq(unsetenv("TZ"), 0);
    ck_assert_int_eq(setenv("TZDIR", "/nonexistent", 1), 0);
    ck_assert_int_eq(zone_read("Asia/Kathmandu", NOW, &arena, &zone), 0);
    ck_assert_int_eq(zone.offsets[0].east, 20700);
    ck_assert_ptr_null(getenv("TZ"));
    arena_clear(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, read, 0, (int)COUNT_OF(texts));
    tcase_add_loop_test(tests, not_read, 0, (int)COUNT_OF(wrong));
    tcase_add_loop_test(tests, zone_names, 0, (int)COUNT_OF(names));
    tcase_add_loop_test(tests, within, 0, (int)COUNT_OF(moments));
    tcase_add_loop_test(tests, bad_zone, 0, (int)COUNT_OF(bad_lines));
    tcase_add_test(tests, zones_come_back);
    tcase_add_loop_test(tests, tables_are_libc_s, 0, (int)COUNT_OF(sampled));
    tcase_add_test(tests, tables_are_small_and_last_a_year);
    tcase_add_test(tests, changes_are_to_the_second);
    tcase_add_test(tests, unknown_zones);
    tcase_add_test(tests, own_zone_stays);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
