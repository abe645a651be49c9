/*
 * counter_names.h - what a store of central remembers of counters: the name and kind of each number that was ever configured for it.
 *
 * Rows know counters by number alone. A number that meant likes, and is called saves now, would answer likes as saves, and nothing in the counts would look wrong.
 * So a number keeps name and kind for good, also while it is not configured. This belongs to the configuration: it is no function of the log.
 */
#ifndef KUDOS_COUNTER_NAMES_H
#define KUDOS_COUNTER_NAMES_H

#include "kudos/central.h"

typedef struct {
    kd_counter stored, wanted; /* one number with two names or kinds, or one name with two numbers */
} kd_counter_clash;

/* Whether the store can be opened with these counters. KD_OK, also where it remembers nothing yet; KD_EMISMATCH: *clash says why not; KD_EIO, KD_EMALFORMED. */
int kd_counter_names_check(const kd_store *store, const kd_counters *counters, kd_counter_clash *clash);
/* Remembers the counters of the core's configuration with the open commit. Only after a check of the same counters. KD_OK, KD_EFENCED, KD_EIO. */
int kd_central_remember_counters(kd_central *c);

#endif
