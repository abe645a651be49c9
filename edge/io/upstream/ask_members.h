/*
 * ask_members.h - what the two halves of the asker share.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_MEMBERS_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_MEMBERS_H

#include "edge/io/upstream/ask.h"

/* prefix, then collection/id, into a->path. Ids need no escaping in a path. */
void kd_asker_item_path(kd_asker *a, const char *prefix, kd_bytes item);

#endif
