/*
 * changes.h - what the changes topic has of a partition.
 *
 * A leader dies between a snapshot and the changes that it holds: edges show them, and nobody would tell them any more. So each snapshot says how many records,
 * the last ones of those that it holds, may not be told. Who follows keeps the redo of these, and tells it when it is promoted.
 */
#ifndef KUDOS_CENTRAL_CORE_CHANGES_H
#define KUDOS_CENTRAL_CORE_CHANGES_H

#include "kudos/central.h"

/* Of the records that the committed version holds: how many, the last ones, may have changes that are not delivered. For a snapshot that is being made. */
uint64_t kd_changes_untold(kd_central *c);

#endif
