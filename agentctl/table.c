#include "agentctl/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentctl/say.h"

static char *escaped(const char *text)
{
    char *cell = NULL;
    size_t len;
    FILE *stream = open_memstream(&cell, &len);

    if (!stream)
        return NULL;
    print_escaped(stream, text && text[0] ? text : NULL);
    if (fclose(stream) != 0) {
        free(cell);
        return NULL;
    }
    return cell;
}

static int grow(struct table *table)
{
    size_t cap = table->cap ? 2 * table->cap : 64;
    char **cells;

    if (table->count < table->cap)
        return 0;
    cells = realloc(table->cells, cap * sizeof *cells);
    if (!cells)
        return -ENOMEM;
    table->cells = cells;
    table->cap = cap;
    return 0;
}

void table_start(struct table *table, const char *const *heads)
{
    memset(table, 0, sizeof *table);
    for (; heads[table->columns]; table->columns++)
        table_cell(table, heads[table->columns]);
}

void table_cell(struct table *table, const char *text)
{
    if (table->failed || grow(table) < 0 || !(table->cells[table->count] = escaped(text)))
        table->failed = 1;
    else
        table->count++;
}

void table_number(struct table *table, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)number);
    table_cell(table, digits);
}

void table_time(struct table *table, int64_t seconds)
{
    char when[32];

    table_cell(table, seconds ? format_time(seconds, when) : NULL);
}

size_t table_rows(const struct table *table)
{
    return table->columns && table->count ? table->count / table->columns - 1 : 0;
}

static int width_of(const struct table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = column; i < table->count; i += table->columns) {
        size_t len = strlen(table->cells[i]);

        if (len > width && len <= TABLE_WIDTH_MAX)
            width = len;
    }
    return (int)width;
}

int table_print(struct table *table, FILE *to)
{
    int *widths = calloc(table->columns, sizeof *widths), r = table->failed || !widths ? -ENOMEM : 0;

    for (size_t column = 0; r == 0 && column < table->columns; column++)
        widths[column] = width_of(table, column);
    for (size_t i = 0; r == 0 && i < table->count; i++) {
        size_t column = i % table->columns;

        if (column + 1 < table->columns)
            fprintf(to, "%-*s  ", widths[column], table->cells[i]);
        else
            fprintf(to, "%s\n", table->cells[i]);
    }
    free(widths);
    table_clear(table);
    return r;
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    memset(table, 0, sizeof *table);
}
