/* tenure_counters.c - see the header. */
#include "central/io/partition/tenure_counters.h"

#include <stdio.h>

#include "common/io/daemon/options_file.h"
#include "kudos/counter_names.h"

static const char *counters_kind(const kd_counter *c)
{
    return c->kind == KD_SET ? "set" : "sum";
}

int kd_tenure_counters_check(kd_leveldb *db, uint32_t partition, const kd_counters *counters, char *error)
{
    kd_counter_clash clash = {0};
    const kd_counter *is = &clash.stored, *wanted = &clash.wanted;
    kd_store store = kd_leveldb_store(db);
    int err = kd_counter_names_check(&store, counters, &clash);
    if (err == KD_EMISMATCH)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "counters: the store of partition %u has %s = %u %s, the configuration %s = %u %s: a "
                 "counter keeps "
                 "name, number and kind for good",
                 partition, is->name, is->id, counters_kind(is), wanted->name, wanted->id,
                 counters_kind(wanted));
    else if (err != KD_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "counters: what partition %u remembers of them cannot be read: %s", partition,
                 kd_strerror(err));
    return err;
}
