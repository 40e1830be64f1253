/* The places outside its home where an account can leave something. */
#ifndef PAM_AGENT_LEFTOVERS_PLACES_H
#define PAM_AGENT_LEFTOVERS_PLACES_H

#include "live/leftovers_walk.h"

/* Remove all that the walk's owner, whose account is named so, has there. */
void places_clear(struct walk *walk, const char *account);
/* A part of it: the owner's keyrings. */
void keyrings_clear(struct walk *walk);
/* Detach the FUSE mounts that are the owner's, wherever they are: before anything else, since nothing can be removed below one. */
void mounts_clear(struct walk *walk);

#endif
