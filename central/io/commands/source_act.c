/*
 * source_act.c - orders on the stores of a central that is stopped. Each partition is opened, as a tenure of its own with an epoch of its own,
 * carries the order out, commits, and is closed again.
 */
#include "central/io/commands/source_act.h"

#include <stdio.h>

#include "central/io/operator/core_act.h"
#include "central/io/partition/tenure.h"
#include "common/io/loop/clock.h"

/* The stores of a source, and what the orders on them had to say. */
typedef struct {
    const kd_source *source;
    uint32_t partitions;
    kd_buf *text;
} source_act_stores;

/* Commits until the version is in the store. */
static int commit_until(kd_leveldb *db, kd_central *core, uint64_t version)
{
    while (kd_central_version(core) < version) {
        const kd_writes *writes;
        uint64_t begun;
        int err = kd_central_commit_begin(core, &writes, &begun);
        if (err == KD_OK) err = kd_leveldb_write(db, writes, true);
        if (err == KD_OK) err = kd_central_commit_end(core, begun, KD_OK);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

/* What is a decision has no log to stand in: it is carried out in the store. */
static int source_act_decide(kd_core_act *act, kd_leveldb *db)
{
    kd_fed fed;
    int err = kd_central_decide_here(act->core, &act->decision, act->now_us, &fed, &act->version);
    if (err == KD_OK) err = commit_until(db, act->core, act->version);
    return err == KD_OK ? kd_core_act_settle(act) : err;
}

static int source_act_run(kd_core_act *act, kd_leveldb *db, char *error)
{
    int err = kd_core_act_run(act);
    if (err == KD_OK && act->decides)
        err = source_act_decide(act, db);
    else if (err == KD_OK && act->version > 0)
        err = commit_until(db, act->core, act->version);
    if (err != KD_OK && err != KD_ENOTFOUND)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", act->error[0] ? act->error : kd_strerror(err));
    return err;
}

static int source_act_carry_out(void *arg, uint32_t partition, const kd_order *order, char *error)
{
    const source_act_stores *stores = arg;
    const kd_source *s = stores->source;
    kd_leveldb *db = NULL;
    kd_core_act act = {.counters = &s->settings.counters,
                       .partition = partition,
                       .order = *order,
                       .now_us = kd_clock_wall_us()};
    int err = kd_source_open(s, partition, stores->partitions, kd_tenure_epoch_hint(act.now_us), &db,
                             &act.core, error);
    if (err == KD_ENOTFOUND) err = KD_EMISMATCH; /* a store that is missing is no answer about the order */
    if (err == KD_OK) err = source_act_run(&act, db, error);
    kd_buf_put(stores->text, act.text.data, act.text.len);
    kd_central_close(act.core);
    kd_leveldb_close(db);
    kd_core_act_finish(&act);
    return err;
}

int kd_source_act(const kd_source *s, const kd_order *order, kd_buf *text, uint32_t *found, char *error)
{
    source_act_stores stores = {.source = s, .text = text};
    *found = 0;
    int err = kd_source_count(s, &stores.partitions, error);
    if (err != KD_OK) return kd_source_exit_code(err);
    const kd_order_target target = {&stores, stores.partitions, source_act_carry_out};
    err = kd_order_all(&target, order, found, error);
    return err == KD_ENOTFOUND ? KD_EXIT_FAILED : kd_source_exit_code(err);
}

int kd_source_backup_step(const kd_source *s, const kd_order *order, char *error)
{
    kd_buf text = {0};
    source_act_stores stores = {.source = s, .text = &text};
    int err = kd_source_count(s, &stores.partitions, error);
    const kd_order_target target = {&stores, stores.partitions, source_act_carry_out};
    if (err == KD_OK) err = kd_order_backup_step(&target, order, error);
    kd_buf_finish(&text);
    return err;
}
