/* A constant database that is being written. The first error stays; database_end tells it. */
#ifndef PAM_AGENT_COMPILE_DATABASE_H
#define PAM_AGENT_COMPILE_DATABASE_H

#include <cdb.h>
#include <stddef.h>

#include "core/compat.h"

struct database_maker {
    struct cdb_make cdb;
    int error;
};

void database_begin(struct database_maker *maker, int fd);
/* Add kind + key. */
void database_put(struct database_maker *maker, char kind, const char *key, const char *value, size_t len);
/* 0 or -errno. */
int database_end(struct database_maker *maker) MUST_CHECK;

#endif
