/* centrals.c - the shell of central in the model, one partition at a time. */
#include "tests/model/world.h"

#include <stdio.h>

void central_start(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    kd_central_config config = {.name = kd_bytes_str("central-1"),
                                .partition = p,
                                .partitions = PARTS,
                                .counters = &model_counters,
                                .drift_us = MODEL_DRIFT_US,
                                .expected_edges = edge_names,
                                .expected_edge_count = EDGES,
                                .redo_bytes_max = 600,
                                .counts_cached_max = 3,
                                .publish_changes = true,
                                .no_backups = !w->options.central_restores,
                                .tombstone_ttl_us = w->options.tombstone_ttl_us,
                                .seed = kd_random_next(&w->random),
                                .plant = w->central_plant};
    kd_store store = sim_disk_view(m->disk);
    int err = kd_central_open(&config, &store, w->now_us, w->now_us, &m->core);
    if (err != KD_OK) {
        world_fail(w, "central %u does not open: %s", p, kd_strerror(err));
        return;
    }
    int64_t offset = 0;
    kd_bytes record = {0};
    if (kd_central_log_position(m->core, &offset)) record = log_read(&w->likes[p], offset);
    m->next = kd_central_log_check(m->core, record);
    if (m->next < 0) m->next = 0;
    m->outstanding = 0;
    m->claimed = false;
    central_tell_retired(w, p); /* the operator's word may not have been durable */
    world_trace(w, "central %u starts: epoch %llx from version %llu, log at %lld", p,
                (unsigned long long)kd_central_epoch(m->core),
                (unsigned long long)kd_central_version(m->core), (long long)m->next);
}

void central_stop(model_world *w, uint32_t p)
{
    world_trace(w, "central %u dies", p);
    central_count(w, p);
    kd_central_close(w->centrals[p].core);
    w->centrals[p].core = NULL;
    w->centrals[p].outstanding = 0;
}

void central_count(model_world *w, uint32_t p)
{
    kd_central_forgetting f;
    kd_central_get_forgetting(w->centrals[p].core, &f);
    w->collected += f.collected;
    w->ignored += f.ignored;
    w->refused += f.refused;
}

/* ---- what an operator does ---- */

void central_tell_retired(model_world *w, uint32_t p)
{
    uint64_t version;
    for (uint32_t i = 0; w->centrals[p].core && i < EDGES; i++) {
        kd_bytes name = kd_bytes_str(edge_names[i]);
        if (w->edges[i].retired)
            kd_central_retire(w->centrals[p].core, name, &version);
        else
            kd_central_readmit(w->centrals[p].core, name, &version);
    }
}

void central_settle(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    while (m->outstanding > 0) central_commit_end(w, p);
    central_commit_begin(w, p);
    while (m->outstanding > 0) central_commit_end(w, p);
}

static kd_bytes backup_name(uint32_t number, char name[16])
{
    snprintf(name, 16, "b%u", number);
    return kd_bytes_str(name);
}

/* Noted and durable, then the copy, then complete; the copy before is no more. */
void central_back_up(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    char name[16];
    uint64_t version;
    uint32_t old = m->backup;
    m->backup = ++w->backups;
    if (kd_central_backup_begin(m->core, backup_name(m->backup, name), &version) != KD_OK) {
        world_fail(w, "central %u takes no backup", p);
        return;
    }
    central_settle(w, p);
    sim_disk_destroy(m->copy);
    m->copy = sim_disk_clone(m->disk);
    kd_central_backup_complete(m->core, backup_name(m->backup, name), &version);
    if (old) kd_central_backup_remove(m->core, backup_name(old, name), &version);
}

/* The list is that of the copy: what it does not say, and says no more, is put right. */
void central_restored(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    char name[16];
    uint64_t version;
    kd_central_backup list[KD_BACKUPS_MAX];
    uint32_t count = kd_central_backups(m->core, list, KD_BACKUPS_MAX);
    for (uint32_t i = count; i-- > 0;)
        if (!kd_bytes_eq(list[i].id, backup_name(m->backup, name)))
            kd_central_backup_remove(m->core, list[i].id, &version);
    if (kd_central_backup_complete(m->core, backup_name(m->backup, name), &version) != KD_OK)
        world_fail(w, "central %u does not know the backup that it was made from", p);
}

static void trace_batch(const model_world *w, uint32_t p, kd_bytes record, kd_fed fed)
{
    kd_batch b;
    if (!w->trace || kd_batch_decode(record, &b) != KD_OK) return;
    world_trace(w, "central %u at %lld: %.*s %llx/%llu after %llx/%llu complete_to %lld: %d", p,
                (long long)w->centrals[p].next, (int)b.edge.len, b.edge.data,
                (unsigned long long)b.at.incarnation, (unsigned long long)b.at.seq,
                (unsigned long long)b.after.incarnation, (unsigned long long)b.after.seq,
                (long long)(b.complete_to_us - w->now_us), (int)fed);
}

static void feed_one(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    if (m->next > w->likes[p].count) m->next = 0; /* out of range: from the earliest */
    kd_bytes record = log_read(&w->likes[p], m->next);
    if (!record.data) return;
    kd_fed fed = kd_central_feed(m->core, record, m->next, w->now_us);
    trace_batch(w, p, record, fed);
    m->next++;
    w->merges += fed == KD_FED_MERGED;
    w->duplicates += fed == KD_FED_DUPLICATE;
    if (fed == KD_FED_QUARANTINED || fed == KD_FED_UNKNOWN_SCHEMA || fed == KD_FED_FENCED)
        world_fail(w, "central %u: fed %d", p, (int)fed);
    if (fed == KD_FED_IDENTITY && !w->was_doubled) world_fail(w, "central %u: identity alarm", p);
}

void central_poll(model_world *w, uint32_t p)
{
    for (uint32_t n = w->healing ? 50 : 1 + world_pick(w, 4); n > 0; n--) feed_one(w, p);
}

void central_commit_begin(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    if (m->outstanding == 2) return;
    int err =
        kd_central_commit_begin(m->core, w->now_us, &m->writes[m->outstanding], &m->versions[m->outstanding]);
    if (err == KD_OK)
        m->outstanding++;
    else if (err != KD_EAGAIN)
        world_fail(w, "central %u: commit: %s", p, kd_strerror(err));
}

static void take_changes(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    kd_buf record = {0};
    uint64_t version;
    while (kd_central_changes_next(m->core, &record, &version) == KD_OK)
        if (w->healing || world_chance(w, 70)) kd_central_changes_delivered(m->core, version);
    kd_buf_finish(&record);
}

void central_commit_end(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    if (m->outstanding == 0) return;
    sim_disk_apply(m->disk, m->writes[0]);
    uint64_t version = m->versions[0];
    m->writes[0] = m->writes[1];
    m->versions[0] = m->versions[1];
    m->outstanding--;
    if (kd_central_commit_end(m->core, version, KD_OK) != KD_OK)
        world_fail(w, "central %u refuses a commit", p);
    take_changes(w, p);
    if (!m->claimed) {
        kd_buf claim = {0};
        kd_central_claim(m->core, w->now_us, &claim);
        log_append(&w->likes[p], kd_buf_view(&claim));
        kd_buf_finish(&claim);
        m->claimed = true;
    }
    oracle_committed(w, p);
}

typedef struct {
    model_world *w;
    uint32_t p;
} emission;

static void emit(void *arg, kd_bytes record)
{
    emission *m = arg;
    model_world *w = m->w;
    bool faulty = w->options.log_faults && !w->healing;
    if (faulty && world_chance(w, 8)) return;
    log_append(&w->counts[m->p], record);
    if (faulty && world_chance(w, 8)) log_append(&w->counts[m->p], record);
}

void central_snapshot(model_world *w, uint32_t p)
{
    model_central *m = &w->centrals[p];
    if (!m->claimed) return;
    emission arg = {w, p};
    kd_central_snapshot(m->core, w->now_us, emit, &arg);
}
