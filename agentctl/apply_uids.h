/*
 * Which uid an account has, for ever: a text of lines "ACCOUNT UID". A uid that was given once is given to nobody else, whatever
 * becomes of the account: files of it may lie anywhere.
 */
#ifndef PAM_AGENT_APPLY_UIDS_H
#define PAM_AGENT_APPLY_UIDS_H

#include <stddef.h>
#include <stdint.h>

#include "agentctl/apply_local.h"
#include "agentctl/config_memory.h"
#include "core/compat.h"

struct uid_entry {
    const char *account;
    uint32_t uid;
};

struct uids {
    struct arena *arena;
    struct uid_entry *entries; /* as they were given */
    size_t count;
    struct uid_entry *by_account, *by_uid; /* as of the last uids_sort */
    size_t sorted_count;
    uint32_t next; /* nothing below it is free */
};

/* Parse text, which is changed and must outlive the result. 0; -EBADMSG: the line *ret_line is none, or (0) something is there twice. */
int uids_parse(char *text, struct arena *arena, struct uids *ret, unsigned *ret_line) MUST_CHECK;
/* Note that an account has this uid. It is found after the next uids_sort. */
void uids_add(struct uids *uids, const char *account, uint32_t uid);
/* 0; -EBADMSG: an account or a uid is there twice. */
int uids_sort(struct uids *uids) MUST_CHECK;
/* The uid of an account; 0: it has none. */
uint32_t uids_find(const struct uids *uids, const char *account);
/*
 * Give an account, which has none, the next uid of [min, max] that nobody had and that no account and no group of the host has.
 * 0 or -ERANGE: there is none.
 */
int uids_give(struct uids *uids, const struct local *local, uint32_t min, uint32_t max, const char *account,
              uint32_t *ret) MUST_CHECK;
/* The account that has this uid, or NULL. */
const char *uids_owner(const struct uids *uids, uint32_t uid);
/* The text, in the arena. */
char *uids_format(const struct uids *uids, size_t *ret_len);

#endif
