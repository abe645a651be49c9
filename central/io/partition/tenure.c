/* tenure.c - see the header: opening, feeding and committing. tenure_publish.c drives the publisher. */
#include "central/io/partition/tenure.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "central/io/daemon/fail.h"
#include "central/io/partition/tenure_counters.h"
#include "common/io/loop/clock.h"
#include "common/io/leveldb/leveldb_dir.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/point.h"
#include "kudos/counter_names.h"
#include "kudos/index.h"
#include "kudos/quarantine.h"

enum { GAPS_EVERY_US = 10000000 };

_Static_assert((int)KD_COMMITS_UNDER_WAY_MAX == (int)KD_COMMITTER_DEPTH,
               "a slot of the committer for each commit of the gate");

void kd_tenure_path(char *out, size_t size, const char *data_dir, uint32_t partition)
{
    snprintf(out, size, "%s/partition-%04u", data_dir, partition);
}

bool kd_tenure_is_stored(const char *data_dir, uint32_t partition)
{
    char path[4096];
    kd_tenure_path(path, sizeof(path), data_dir, partition);
    return access(path, F_OK) == 0;
}

bool kd_tenure_begins_anew(const char *data_dir)
{
    return !kd_leveldb_any_holds_rows(data_dir, "partition-");
}

uint64_t kd_tenure_epoch_hint(uint64_t now_us)
{
    return (now_us / 1000) << KD_EPOCH_CHANCE_BITS |
           (randombytes_random() & ((1u << KD_EPOCH_CHANCE_BITS) - 1));
}

void kd_tenure_put_mismatch(const kd_store *store, uint32_t partition, uint32_t partitions, const char *who,
                            char *text, size_t size)
{
    uint32_t made_as, made_with;
    int err = kd_central_stored(store, &made_as, &made_with);
    if (err != KD_OK)
        snprintf(text, size,
                 "the store has another storage version (--version tells that of this program): use the "
                 "program that made it, or restore a backup of this one");
    else if (made_with != partitions)
        snprintf(
            text, size,
            "made with kafka.partitions = %u, %s %u: set kafka.partitions = %u and keep all directories that "
            "were made with it, or begin with topics and a central.data_dir of their own (export, then "
            "import)",
            made_with, who, partitions, made_with);
    else
        snprintf(text, size, "made as partition %u, not %u: directories were renamed", made_as, partition);
}

/* A core on this store, in a place of this path. */
static int tenure_core_on(const kd_tenure *t, const char *path, const kd_store *store, uint64_t seed,
                          kd_central **core, char *error)
{
    uint64_t now = kd_clock_wall_us();
    kd_central_config config =
        kd_central_core_config(t->settings, &t->declared->counters, &t->declared->edges, t->partition, seed);
    config.follows = t->follows;
    int err = kd_central_open(&config, store, kd_tenure_epoch_hint(now), now, core);
    if (err == KD_OK) return err;
    char mismatch[KD_TENURE_MISMATCH_MAX];
    if (err == KD_EMISMATCH)
        kd_tenure_put_mismatch(store, t->partition, config.partitions, "the configuration says", mismatch,
                               sizeof(mismatch));
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.400s: %s", path,
             err == KD_EMISMATCH ? mismatch
             : err == KD_EIO     ? "the store cannot be read: read-failed in the log says why"
                                 : kd_strerror(err));
    return err;
}

static int tenure_open_core(kd_tenure *t, char *error)
{
    char path[4096];
    randombytes_buf(&t->random, sizeof(t->random));
    kd_tenure_path(path, sizeof(path), t->settings->data_dir, t->partition);
    return tenure_core_on(t, path, &t->store, kd_random_next(&t->random), &t->core, error);
}

int kd_tenure_try(const kd_tenure *t, const char *path, char *error)
{
    kd_leveldb *db;
    kd_central *core;
    int err = kd_leveldb_open_existing(&db, path, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    const kd_store store = kd_leveldb_store(db);
    err = kd_tenure_counters_check(db, t->partition, &t->declared->counters, error);
    if (err == KD_OK && (err = tenure_core_on(t, path, &store, t->random, &core, error)) == KD_OK)
        kd_central_close(core);
    kd_leveldb_close(db);
    return err;
}

static void tenure_commit_ended(kd_post *post);

/* On the committer's thread. `id` is the index of the commit's slot, which the worker does not touch while it is busy. */
static void tenure_commit_written(void *arg, uint64_t id, int err)
{
    kd_tenure *t = arg;
    kd_commit_slot *slot = &t->slots[id];
    slot->err = err;
    slot->post.fn = tenure_commit_ended;
    kd_loop_post(t->loop, &slot->post);
}

void kd_tenure_init(kd_tenure *t, const kd_central_settings *settings, const kd_declared *declared,
                    uint32_t partition, kd_loop *loop, kd_central_metrics *metrics)
{
    *t = (kd_tenure){.partition = partition,
                     .db_lock = PTHREAD_MUTEX_INITIALIZER,
                     .loop = loop,
                     .settings = settings,
                     .declared = declared,
                     .metrics = metrics,
                     .group_offset = -1,
                     .log_high = -1};
}

static kd_leveldb *tenure_set_db(kd_tenure *t, kd_leveldb *db)
{
    pthread_mutex_lock(&t->db_lock);
    kd_leveldb *before = t->db;
    t->db = db;
    pthread_mutex_unlock(&t->db_lock);
    return before;
}

int kd_tenure_counters_fit(kd_tenure *t, const kd_counters *counters, char *error)
{
    pthread_mutex_lock(&t->db_lock);
    int err = t->db ? kd_tenure_counters_check(t->db, t->partition, counters, error) : KD_OK;
    pthread_mutex_unlock(&t->db_lock);
    return err;
}

static int tenure_open_store(kd_tenure *t, bool anew, char *error)
{
    char path[4096];
    const kd_central_settings *s = t->settings;
    const kd_leveldb_options options = {
        .write_buffer_bytes = s->write_buffer,
        .cache_bytes = KD_MAX(256 * 1024, s->block_cache / s->partitions),
        .max_open_files = (int)s->open_files,
        .create = anew,
    };
    kd_tenure_path(path, sizeof(path), s->data_dir, t->partition);
    kd_leveldb *db;
    int err = kd_leveldb_open_beside(&db, path, &options, error, KD_OPTIONS_ERROR_MAX);
    if (err != KD_OK) return err;
    tenure_set_db(t, db);
    t->store = kd_leveldb_store(db);
    return KD_OK;
}

int kd_tenure_open(kd_tenure *t, bool anew, bool follows, char *error)
{
    t->gate = (kd_commit_gate){.ops_max = (uint32_t)t->settings->commit_ops};
    t->follows = follows;
    int err = tenure_open_store(t, anew, error);
    if (err == KD_OK) err = tenure_open_core(t, error);
    if (err == KD_OK) err = kd_tenure_counters_check(t->db, t->partition, &t->declared->counters, error);
    if (err == KD_OK && kd_committer_create(&t->committer, t->db, tenure_commit_written, t) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u: no thread for its commits", t->partition);
        err = KD_EIO;
    }
    if (err != KD_OK) {
        kd_tenure_close(t);
        return err;
    }
    kd_tenure_open_publisher(t);
    kd_tenure_follow_open(t);
    return KD_OK;
}

void kd_tenure_close(kd_tenure *t)
{
    kd_committer_destroy(t->committer);
    if (t->core) kd_publisher_finish(&t->publisher);
    if (t->core) kd_central_close(t->core);
    kd_leveldb_close(tenure_set_db(t, NULL));
    t->committer = NULL;
    t->core = NULL;
    t->halted = t->fenced = t->drains = t->standing = false;
    t->following = (kd_follower_state){.told = KD_FOLLOWS_UNPROVEN};
}

bool kd_tenure_quiet(const kd_tenure *t)
{
    return !t->core || (t->gate.under_way == 0 && kd_publisher_sent(&t->publisher) == 0);
}

void kd_tenure_switch(kd_tenure *t, bool follows)
{
    char error[KD_OPTIONS_ERROR_MAX];
    KD_ASSERT(t->core && kd_tenure_quiet(t));
    kd_publisher_finish(&t->publisher);
    kd_central_close(t->core);
    t->core = NULL;
    t->gate = (kd_commit_gate){.ops_max = (uint32_t)t->settings->commit_ops};
    t->halted = t->fenced = t->drains = t->standing = false;
    t->unpublished_told = t->waits_told = false;
    t->passed_over = 0;
    t->group_offset = -1;
    t->follows = follows;
    if (tenure_open_core(t, error) != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, error);
    kd_tenure_open_publisher(t);
    kd_tenure_follow_open(t);
    kd_tenure_begin(t);
}

/* With the next commit. A core that takes none any more, as it was fenced or its store failed, ends this process anyway. */
static void tenure_remember_counters(kd_tenure *t)
{
    t->gate.pending |= kd_central_remember_counters(t->core) == KD_OK;
}

void kd_tenure_begin(kd_tenure *t)
{
    if (!t->core) return;
    t->gate.pending = true;
    tenure_remember_counters(t);
    kd_tenure_commit(t);
    KD_ASSERT(t->gate.under_way > 0);
    KD_LOG(KD_INFO, "partition-opened", KD_U64("partition", t->partition),
           KD_STR("role", t->follows ? "follower" : "leader"), KD_U64("epoch", kd_central_epoch(t->core)),
           KD_U64("version", kd_central_version(t->core)));
}

int64_t kd_tenure_lag(const kd_tenure *t)
{
    int64_t last, high = __atomic_load_n(&t->log_high, __ATOMIC_RELAXED);
    int64_t next = kd_central_log_position(t->core, &last) ? last + 1 : 0;
    return high < 0 ? -1 : KD_MAX(high - next, (int64_t)0);
}

static kd_commit_slot *tenure_free_slot(kd_tenure *t)
{
    for (uint32_t i = 0; i < KD_COMMITTER_DEPTH; i++)
        if (!t->slots[i].busy) return &t->slots[i];
    KD_ASSERT(!"a slot is free while fewer commits than slots are outstanding");
    return NULL;
}

static void tenure_commit_begin(kd_tenure *t)
{
    const kd_writes *writes;
    uint64_t version;
    uint32_t operations = kd_central_gathered(t->core);
    if (operations > 0) KD_POINT(BEFORE_COMMIT);
    int err = kd_central_commit_begin(t->core, &writes, &version);
    t->gate.pending = kd_central_indexing(t->core) && !t->drains;
    if (err == KD_EAGAIN) return;
    if (err != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "storage-failed", t->partition, "a read of the store failed");
    kd_commit_slot *slot = tenure_free_slot(t);
    slot->tenure = t;
    slot->version = version;
    slot->begun_us = kd_clock_mono_us();
    slot->operations = operations;
    slot->busy = true;
    t->gate.under_way++;
    kd_committer_submit(t->committer, writes, (uint64_t)(slot - t->slots));
    t->settled(t->arg); /* the commit adds redo that the topics have not taken: its bound may be reached */
}

/* The rows of deleted items go on with each commit, as long as the topics take what they are told of it. */
static bool tenure_sweeps(const kd_tenure *t)
{
    return !t->drains && kd_central_sweeps(t->core) && !kd_publisher_blocks(&t->publisher);
}

/* Whether a commit could still be one of this core: the core of a fenced tenure makes none, and before a change of the role what is gathered is read
 * again by the next core. */
static bool tenure_commits(const kd_tenure *t)
{
    return t->core && !t->fenced && (!t->halted || t->drains);
}

void kd_tenure_commit(kd_tenure *t)
{
    if (!tenure_commits(t)) return;
    t->gate.pending |= tenure_sweeps(t);
    if (kd_commit_gate_opens(&t->gate, kd_central_gathered(t->core))) tenure_commit_begin(t);
}

/* Tells when an index begins to be built or removed, and when that is done. */
static void tenure_log_indices(kd_tenure *t)
{
    for (kd_index i = 0; i < KD_INDICES; i++) {
        kd_index_progress p = kd_central_index(t->core, i);
        if (p.stage == t->stages[i]) continue;
        t->stages[i] = p.stage;
        KD_LOG(KD_INFO, "index", KD_STR("index", kd_index_name(i)), KD_U64("partition", t->partition),
               KD_STR("stage", kd_index_stage_name(p.stage)), KD_U64("rows", p.walked));
    }
}

static void tenure_commit_ended(kd_post *post)
{
    kd_commit_slot *slot = KD_CONTAINER(post, kd_commit_slot, post);
    kd_tenure *t = slot->tenure;
    /* Closed before this post ran: the commit is on disk, and nothing was published of it. The next start publishes it. */
    if (!t->core) return;
    if (slot->err != KD_OK)
        kd_fail_stop(KD_EXIT_FAILED, "commit-failed", t->partition, kd_leveldb_error(t->db));
    KD_ASSERT(kd_central_commit_end(t->core, slot->version, KD_OK) == KD_OK);
    slot->busy = false;
    t->gate.under_way--;
    KD_POINT(AFTER_COMMIT);
    tenure_log_indices(t);
    kd_tenure_follow_committed(t);
    if (kd_publisher_committed(&t->publisher))
        KD_LOG(KD_WARN, "epoch-outbid", KD_U64("partition", t->partition),
               KD_U64("epoch", kd_central_epoch(t->core)));
    kd_metric_observe_seconds(&t->metrics->commit_time, kd_clock_mono_us() - slot->begun_us);
    kd_metric_observe_size(&t->metrics->commit_ops, slot->operations);
    kd_tenure_commit(t);
    kd_tenure_publish(t, kd_clock_mono_us());
    t->settled(t->arg);
}

/* What is read of it is passed over. */
static bool tenure_passes_over(const kd_tenure *t)
{
    return !t->core || t->halted || t->fenced;
}

bool kd_tenure_blocked(const kd_tenure *t)
{
    return !tenure_passes_over(t) && kd_commit_gate_blocks(&t->gate, kd_central_gathered(t->core));
}

bool kd_tenure_owes(const kd_tenure *t)
{
    return !tenure_passes_over(t) && kd_publisher_blocks(&t->publisher);
}

/* An edge whose batch got lost goes on sending until a snapshot tells it of the gap. Each of these batches is a gap; one line in ten seconds counts
 * them. */
static void tenure_log_gap(kd_tenure *t, kd_bytes edge, int64_t offset)
{
    uint64_t now_us = kd_clock_mono_us();
    t->gaps++;
    if (t->gaps_told_us > 0 && now_us < t->gaps_told_us + GAPS_EVERY_US) return;
    KD_LOG(KD_INFO, "gap", KD_U64("partition", t->partition), KD_I64("offset", offset),
           KD_BYTES("edge", edge), KD_U64("batches", t->gaps));
    t->gaps = 0;
    t->gaps_told_us = now_us;
}

static void tenure_log_fed(kd_tenure *t, kd_fed fed, kd_bytes record, int64_t offset)
{
    kd_batch batch;
    bool named = kd_batch_salvage(record, &batch);
    kd_bytes edge = named ? batch.edge : kd_bytes_str("");
    switch (fed) {
    case KD_FED_IDENTITY:
        kd_metric_add(&t->metrics->alarms_identity, 1);
        KD_LOG(KD_ERROR, "alarm-identity", KD_U64("partition", t->partition), KD_I64("offset", offset),
               KD_BYTES("edge", edge));
        break;
    case KD_FED_QUARANTINED:
        kd_metric_add(&t->metrics->alarms_quarantine, 1);
        KD_LOG(KD_ERROR, "alarm-quarantined", KD_U64("partition", t->partition), KD_I64("offset", offset),
               KD_BYTES("edge", edge), KD_U64("bytes", record.len));
        break;
    case KD_FED_UNKNOWN_COUNTER:
        kd_metric_add(&t->metrics->alarms_counter, 1);
        KD_LOG(KD_ERROR, "alarm-unknown-counter", KD_U64("partition", t->partition), KD_I64("offset", offset),
               KD_BYTES("edge", edge), KD_U64("counter", kd_central_unknown_counter(t->core)),
               KD_STR("cause", "no counter of this number and kind is configured: the edge waits; add it to "
                               "[counters] and send SIGHUP"));
        break;
    case KD_FED_UNKNOWN_SCHEMA:
        t->unknown_schema++;
        KD_LOG(KD_WARN, "unknown-schema", KD_U64("partition", t->partition), KD_I64("offset", offset));
        break;
    case KD_FED_RETIRED:
        kd_metric_add(&t->metrics->alarms_retired, 1);
        KD_LOG(KD_ERROR, "alarm-retired", KD_U64("partition", t->partition), KD_I64("offset", offset),
               KD_BYTES("edge", edge));
        break;
    case KD_FED_GAP:
        tenure_log_gap(t, edge, offset);
        break;
    case KD_FED_VOID:
        KD_LOG(KD_WARN, "decision-void", KD_U64("partition", t->partition), KD_I64("offset", offset));
        break;
    default:
        break;
    }
}

/* Batches that the core passed over are never sent again. Their sums are missing for good, which an operator has to know. */
static void tenure_log_passed_over(kd_tenure *t)
{
    kd_bytes edge;
    uint64_t n = kd_central_passed_over(t->core, &edge);
    if (n == t->passed_over) return;
    t->passed_over = n;
    kd_metric_add(&t->metrics->alarms_passed_over, 1);
    KD_LOG(KD_ERROR, "alarm-passed-over", KD_U64("partition", t->partition), KD_BYTES("edge", edge),
           KD_STR("cause", "batches that were left are sent no more: likes come again as far as the edge has "
                           "their rows, sums are not counted"));
}

/* Two centrals that are started again each time would take over from each other in turn. Exit with 2 the second time, so that the service manager
 * does not restart this one. A member of a group follows instead. */
static void tenure_fenced(kd_tenure *t, kd_bytes record)
{
    kd_claim claim;
    char cause[160];
    bool named = kd_claim_decode(record, &claim) == KD_OK;
    bool again = kd_central_took_over(t->core);
    snprintf(cause, sizeof(cause), "central %.*s claimed epoch %llu, above our own %llu%s",
             named ? (int)claim.central.len : 0, named ? (const char *)claim.central.data : "",
             named ? (unsigned long long)claim.epoch : 0, (unsigned long long)kd_central_epoch(t->core),
             again ? ", with which we had taken over: two are running" : "");
    if (!kd_central_in_group(t->settings))
        kd_fail_stop(again ? KD_EXIT_USAGE : KD_EXIT_FAILED, "fenced", t->partition, cause);
    t->fenced = true;
    kd_metric_add(&t->metrics->fenced, 1);
    KD_LOG(KD_WARN, "fenced", KD_U64("partition", t->partition), KD_STR("cause", cause));
}

static void tenure_tell_waits(const kd_tenure *t, int64_t offset)
{
    KD_LOG(KD_ERROR, "waits-for-newer", KD_U64("partition", t->partition), KD_I64("offset", offset),
           KD_U64("schema", kd_central_waits(t->core)), KD_U64("ours", KD_WIRE_SCHEMA),
           KD_STR("cause",
                  "a newer central wrote a record that this program does not know: the partition is read no "
                  "further until the program is upgraded"));
}

static void tenure_feed(kd_tenure *t, kd_bytes record, int64_t offset, uint64_t now_us)
{
    kd_fed fed = kd_central_feed(t->core, record, offset, now_us);
    t->gate.pending = true;
    if (fed == KD_FED_FENCED) {
        tenure_fenced(t, record);
        return;
    }
    if (fed == KD_FED_NEWER) {
        tenure_tell_waits(t, offset);
        return;
    }
    if (fed != KD_FED_MERGED && fed != KD_FED_DUPLICATE && fed != KD_FED_CLAIM && fed != KD_FED_DECIDED &&
        fed != KD_FED_IDLE)
        tenure_log_fed(t, fed, record, offset);
    tenure_log_passed_over(t);
    if (kd_commit_gate_full(&t->gate, kd_central_gathered(t->core))) kd_tenure_commit(t);
}

void kd_tenure_feed(kd_tenure *t, const kd_kafka_record *record, uint64_t now_us)
{
    int64_t last;
    if (!t->core || t->halted || t->fenced || kd_central_waits(t->core)) return;
    /* librdkafka 2.0.2 has given records once more after a change of its assignment. Twice would be twice in a follower's history. */
    if (t->follows && kd_central_log_fed(t->core, &last) && record->offset <= last) return;
    kd_central_trust(t->core, record->genuine);
    tenure_feed(t, record->value, record->offset, now_us);
}

void kd_tenure_redeclare(kd_tenure *t)
{
    if (!t->core) return;
    kd_central_expect(t->core, (const char *const *)t->declared->edges.at, t->declared->edges.count);
    kd_central_quarantine_look(t->core);
    tenure_remember_counters(t);
    kd_tenure_commit(t);
}

bool kd_tenure_drained(kd_tenure *t)
{
    if (!t->core) return true;
    t->drains = true;
    if (t->follows) t->halted = false; /* it stays what it is */
    if (t->fenced) return kd_tenure_quiet(t);
    if (t->follows) return kd_commit_gate_idle(&t->gate);
    if (!kd_commit_gate_idle(&t->gate)) return false;
    if (!t->producer || kd_central_promotion(t->core) != KD_PROMOTION_LEADS) return true;
    if (t->publisher.ending == KD_PUBLISHER_RUNS) {
        kd_publisher_end(&t->publisher);
        kd_tenure_publish(t, kd_clock_mono_us());
    }
    return kd_publisher_done(&t->publisher);
}
