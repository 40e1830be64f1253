/* A table for people: columns as wide as their cells. What others wrote is escaped (say.h). */
#ifndef AGENTCTL_TABLE_H
#define AGENTCTL_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/compat.h"

#define TABLE_WIDTH_MAX 44 /* a longer cell moves the rest of its row */

struct table {
    char **cells;
    size_t columns, count, cap;
    int failed; /* a cell could not be kept */
};

/* The heads are the first row, up to a NULL. A table is cleared by table_print, or table_clear. */
void table_start(struct table *table, const char *const *heads);
/* The next cell, row after row; "-" for NULL and "". */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);
/* As 2026-11-23T20:17:10Z; "-" for 0. */
void table_time(struct table *table, int64_t seconds);

/* Rows below the heads. */
size_t table_rows(const struct table *table);
/* 0; -ENOMEM: it is not whole, and nothing was printed. */
int table_print(struct table *table, FILE *to) MUST_CHECK;
void table_clear(struct table *table);

#endif
