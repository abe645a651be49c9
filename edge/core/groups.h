/*
 * groups.h - group commit: writes gather in the open group while the shell writes the one before (kudos/edge.h).
 *
 * Groups are numbered from 1. At most one is being written; when it is durable, all groups up to it are.
 */
#ifndef KUDOS_EDGE_CORE_GROUPS_H
#define KUDOS_EDGE_CORE_GROUPS_H

#include "kudos/edge.h"

typedef struct {
    kd_writes writes[2];
    uint32_t gathering; /* index of the open group's writes */
    uint64_t open;      /* number of the open group */
    uint64_t writing;   /* number of the group that the shell writes; 0: none */
    uint64_t durable;   /* all groups up to this number are durable */
    bool wanted;        /* an operation or a seal waits for the open group */
} kd_groups;

#endif
