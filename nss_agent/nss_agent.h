/*
 * libnss_agent.so.2: agent accounts for the C library, out of identities.cdb.
 *
 * The contract of each function is the one of the GNU C library manual, "NSS Modules Interface", in short:
 *   SUCCESS   *ret and buf are filled; everything *ret points to lies in buf[len].
 *   NOTFOUND  the database was read and has no such entry, or the name cannot be in it.
 *   TRYAGAIN  errno ERANGE: buf is too small; ENOMEM: the list of groups cannot grow.
 *   UNAVAIL   the database is missing (ENOENT), not root's alone (EPERM), not readable as one (EBADMSG), or errno says.
 * errno and *errnop, which is &errno in glibc, are set with TRYAGAIN and UNAVAIL and are left alone otherwise.
 *
 * Accounts marked local are in /etc/passwd, which answers for them; only by SPIFFE ID they are found here.
 *
 * Any thread may call any function at any time, and fork: but for the place of an enumeration nothing is kept.
 */
#ifndef PAM_AGENT_NSS_AGENT_H
#define PAM_AGENT_NSS_AGENT_H

#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>

#include "core/compat.h"

/* name is an account or a SPIFFE ID; a SPIFFE ID is answered with the account it maps to. */
EXPORT enum nss_status _nss_agent_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_setpwent(int stayopen);
EXPORT enum nss_status _nss_agent_getpwent_r(struct passwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_endpwent(void);

/* Each account's private group: the account's name, the uid as gid, no members. */
EXPORT enum nss_status _nss_agent_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_setgrent(int stayopen);
EXPORT enum nss_status _nss_agent_getgrent_r(struct group *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_endgrent(void);

/*
 * Appends the gid of the group `agents` and those that its identity has to (*groups)[*start], of *size places, for an account or a SPIFFE ID. The list
 * is the caller's, from malloc; it is grown with realloc, to limit places at most where limit is above 0.
 */
EXPORT enum nss_status _nss_agent_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups,
                                                 long limit, int *errnop);

/* A locked entry. */
EXPORT enum nss_status _nss_agent_getspnam_r(const char *name, struct spwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_setspent(int stayopen);
EXPORT enum nss_status _nss_agent_getspent_r(struct spwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_agent_endspent(void);

#endif
