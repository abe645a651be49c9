/*
 * checks.h - what must hold while the simulation runs, one small checker a file, and the first that did not.
 *
 * The world tells what really happened, at the moment it happened, in true time; the checkers compare that with what the cores
 * say. They never change a core (a read of theirs is one that a user could have made). Every hook costs what the event itself costs:
 * the rows of a write, the operations of a batch, the items of a commit. What a fault excuses (design, "limits said openly") is decided here
 * as well, so the world excuses nothing by itself: it reports disks copied, put back and wiped, and the journal is told from here.
 *
 * Slots. An edge has its index; the process on a copy of its directory has CHECKS_TWIN + that index. Central is slot 0, a second one on
 * a copy slot 1; a member of central has its index. After the first failure every hook returns at once.
 */
#ifndef KUDOS_SIM_CHECK_CHECKS_H
#define KUDOS_SIM_CHECK_CHECKS_H

#include "kudos/central.h"
#include "kudos/edge.h"
#include "sim/check/final.h"
#include "sim/check/journal.h"
#include "sim/scenario/scenario.h"

typedef struct sim_checks sim_checks;

enum {
    CHECKS_TWIN = SCENARIO_EDGES_MAX,
    CHECKS_SLOTS = 2 * SCENARIO_EDGES_MAX,
    CHECKS_CENTRALS = SCENARIO_MEMBERS_MAX
};

/* The slots of central that a run may use: a central alone may get a second one on a copy. */
static inline uint32_t sim_checks_centrals(const sim_scenario *s)
{
    return s->member_count > 0 ? s->member_count : 2;
}

/* Borrowed for the life of the object. Items, users and edges are numbered as in the journal. */
typedef struct {
    const sim_scenario *scenario;
    sim_journal *journal;
    const kd_counters *counters; /* by SCENARIO_LIKE... */
    const kd_item *items;
    uint32_t item_count;
    const char *const *users;
    uint32_t user_count;
    const uint64_t *now_us; /* true time: the world's, which is in the journal as well */
    uint32_t items_max;     /* of the edges' configuration */
    void *world;
    /* NULL while it is down. */
    kd_edge *(*edge)(void *world, uint32_t slot, uint32_t shard);
    kd_central *(*central)(void *world, uint32_t slot, uint32_t partition);
    /* The slot of the central that leads the partition; CHECKS_CENTRALS: none of the members does. Of a central alone it is 0. */
    uint32_t (*leader)(void *world, uint32_t partition);
} sim_checks_view;

/* Copies *view; what it points to must outlive the object. Never NULL. */
sim_checks *sim_checks_create(const sim_checks_view *view);
/* NULL is fine. */
void sim_checks_destroy(sim_checks *c);

/* ---- processes and disks ------------------------------------------------------------------------------------- */

/* After kd_edge_open, once for each shard of the process. */
void sim_checks_edge_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* After kd_central_open and before the first feed, once for each partition. */
void sim_checks_central_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* Before the object is closed, however it ends: operations that it took and did not answer will not be answered, and writes that were not synced
 * are gone. */
void sim_checks_edge_closed(sim_checks *c, uint32_t slot, uint32_t shard);
/* As sim_checks_edge_closed, for a partition of a central. */
void sim_checks_central_closed(sim_checks *c, uint32_t slot, uint32_t partition);

typedef enum {
    CHECKS_BACKED_UP, /* the disk was copied as a crash would leave it */
    CHECKS_RESTORED,  /* put back to that copy; after the processes were closed, before they open */
    CHECKS_WIPED,     /* emptied; likewise */
    CHECKS_COPIED,    /* the twin or the second central begins on a copy; before it opens */
    CHECKS_COPY_GONE, /* and is gone with its disk; after it was closed */
} sim_checks_disk_event;
/* `who`: an edge, with all its shards, or SCENARIO_CENTRAL, or a member of central, with all partitions. */
void sim_checks_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* A member's store of the partition is empty now; before it opens. */
void sim_checks_member_emptied(sim_checks *c, uint32_t slot, uint32_t partition);
/* The likes log lost records (truncated, expired, recreated, a cut tail), or a consumer may have missed some. */
void sim_checks_log_lost(sim_checks *c, sim_scenario_topic topic);

/* The operator's decision was handed to a producer; its body is sound. */
void sim_checks_ordered(sim_checks *c, uint32_t partition, const kd_decision *d);
/* The operator was told that this user is erased up to the stamp in that partition. */
void sim_checks_erased(sim_checks *c, uint32_t partition, uint32_t user, uint64_t stamp_us);
/* The operator was told that this job, which imports views, is done. */
void sim_checks_imported(sim_checks *c, kd_bytes job);
/* A record has reached the milestones topic; with each copy once more. */
void sim_checks_milestones(sim_checks *c, uint32_t partition, kd_bytes record);

/* The operator told central that this edge is gone for good, or was not. */
void sim_checks_retired(sim_checks *c, uint32_t edge, bool retired);
/* The operator compares the edge's rows with central's. */
void sim_checks_compare(sim_checks *c, uint32_t edge);
/* Central answered whether the user likes the item. */
void sim_checks_member_asked(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                             bool liked);

/* ---- an edge ------------------------------------------------------------------------------------------------- */

/* An edge that has measured nothing since its start makes stamps, by a clock that is so far off true time: the one moment at which
 * protocol.md (rule 3) lets a wild clock through. */
void sim_checks_unmeasured(sim_checks *c, uint64_t off_us);
/* The shell measured its clock against central's: `off_us` is the true difference at that moment. */
void sim_checks_measured(sim_checks *c, uint32_t slot, int64_t off_us);
/* kd_edge_take gave KD_OK for this attempt of the journal. */
void sim_checks_taken(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t attempt,
                      const kd_outcome *outcome);
/* kd_edge_take refused an operation on the item with `err` (KD_EFULL...), or the shell did with KD_ECLOCK. */
void sim_checks_refused(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t item, int err);
/* The 2xx leaves the edge; it may still get lost on its way. Before sim_journal_acked. */
void sim_checks_answered(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t attempt,
                         const kd_outcome *outcome);
/* A group's write ended, before kd_edge_commit_end. `status`: what the disk said. `synced`: all of it is on stable storage, whatever was said. */
void sim_checks_edge_wrote(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t group,
                           const kd_writes *writes, int status, bool synced);
/* kd_edge_send_next gave this record. */
void sim_checks_sent(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t partition, kd_position at,
                     kd_bytes record);
/* After kd_edge_snapshot; `verdict` is its result. */
void sim_checks_installed(sim_checks *c, uint32_t slot, uint32_t shard, kd_bytes record, int verdict);
/* After kd_edge_answer; `verdict` is its result, and with KD_EIO nothing is judged. */
void sim_checks_asked_answered(sim_checks *c, uint32_t slot, uint32_t shard, uint32_t item, kd_bytes record,
                               int verdict);
/* A user read the counts of the item there; `err` is the result of kd_edge_view. */
void sim_checks_viewed(sim_checks *c, uint32_t slot, uint32_t item, int err, const kd_view *view);
/* The number in the answer to this attempt. */
void sim_checks_answer_viewed(sim_checks *c, uint32_t slot, uint32_t attempt, int err, const kd_view *view);
/* The user was told whether he likes the item: 1, 0, or KD_ENOTFOUND for unknown. His question began at `begun_us`, with his session token where
 * clients carry it. */
void sim_checks_liked_told(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                           int liked, uint64_t begun_us);
/* A user asked there whether he likes the item; `result` is that of kd_edge_member, before central is asked. */
void sim_checks_member_read(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                            int result);
/* After a tick at `edge_us`, by the edge's clock: tables and outbox within their bounds, batches with viral items sealed. */
void sim_checks_ticked(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t edge_us);

/* ---- central --------------------------------------------------------------------------------------------------- */

/* After kd_central_feed of the record at that offset of the likes log; `fed` is its result. */
void sim_checks_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                    kd_fed fed);
/* After kd_central_log_check: the record at the stored offset (-1: no offset is stored) is `found` now (NULL data: none), and central goes on at `next`
 * of a log that begins at `start`. */
void sim_checks_log_checked(sim_checks *c, uint32_t slot, uint32_t partition, int64_t stored, kd_bytes found,
                            int64_t next, int64_t start);
/* kd_central_commit_begin gave KD_OK: all records fed so far are part of this version at the latest. */
void sim_checks_commit_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* The disk has written the oldest commit under way: its rows can be read, and the core has not heard of it. */
void sim_checks_readable(sim_checks *c, uint32_t slot, uint32_t partition);
/* After kd_central_commit_end of that version. */
void sim_checks_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version, int status,
                          bool synced);
/* A part of a snapshot leaves central (in kd_central_emit), or an answer to a read. */
void sim_checks_published(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);

/* ---- the end --------------------------------------------------------------------------------------------------- */

/* Faults and users stopped. */
void sim_checks_healed(sim_checks *c);
/* True when all edges show what central has and nothing is pending anywhere; else false, with the reason in `why`. Cheap enough to be asked
 * every tenth of a second. */
bool sim_checks_converged(sim_checks *c, char *why, size_t size);
/* The verdict over members, counts, sums, expectations; fills *out whatever was found. Call once, at the end. */
void sim_checks_final(sim_checks *c, bool converged, sim_final_verdict *out);

/* The checker that was broken first, or NULL. Names: see checkers.h. */
const char *sim_checks_failed(const sim_checks *c, const char **text, uint64_t *at_us);
uint64_t sim_checks_made(const sim_checks *c); /* comparisons */
/* Minimum activity: NULL, or the name of the need that was not met, with the figures in `why`. */
const char *sim_checks_needs(const sim_scenario *s, const sim_scenario_needs *met, char *why, size_t size);

#endif
