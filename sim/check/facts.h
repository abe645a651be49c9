/*
 * facts.h - the state that all checkers share, and how one of them reports a violation. Lowest of the checkers' files: it knows no checker.
 *
 * Each type names the file that owns it. Members of struct sim_checks stand under the name of the file that writes them; the others read them.
 *
 * Two processes of one name have two slots but one edge: arrays of SCENARIO_EDGES_MAX are by edge, arrays of CHECKS_SLOTS by process.
 */
#ifndef KUDOS_SIM_CHECK_FACTS_H
#define KUDOS_SIM_CHECK_FACTS_H

#include "kudos/erase.h"
#include "kudos/void.h"
#include "sim/check/checks.h"
#include "sim/check/check_map.h"

enum { CHECK_NOTHING = UINT32_MAX }; /* no such item, user or edge */

/* ---- check_durable.c: rows and journal entries on the disk of each edge, and operations taken since ---- */

typedef struct {
    sim_check_map rows; /* hash of slot and row: stamp of the durable row in a, whether it is a like in b */
    sim_check_map journal; /* hash of slot and row: stamp up to which operations on the row were journaled */
    /* hash of slot and row: in a the stamp of the last operation taken; in b the life that took it, shifted by one, and whether it is a like */
    sim_check_map taken;
    /* hash of slot and row: operations of earlier lives that may be on the disk; in a the last one's stamp, in b which verbs there may be */
    sim_check_map maybe;
    /* writes up to this group were synced, in this life */
    uint64_t groups[CHECKS_SLOTS][SCENARIO_SHARDS_MAX];
    bool failed[CHECKS_SLOTS][SCENARIO_SHARDS_MAX]; /* a write of this life failed */
    /* counts the disks that the slot had; part of the hashes, so rows of a disk that is gone are never found */
    uint64_t disk[CHECKS_SLOTS];
    /* the disk was put back or copied, and its rows were not read yet */
    bool incomplete[CHECKS_SLOTS][SCENARIO_SHARDS_MAX];
} sim_check_durable;

/* ---- check_position.c: bodies sent and merged ---- */

typedef struct {
    uint32_t edge;
    uint64_t version; /* of the commit that holds the batch; 0: no commit of it has begun */
    kd_position at;
} sim_check_merged;

/* Where one partition of one central stands with the operator's command to take an edge back. */
typedef struct {
    uint64_t version; /* of the commit that makes the command durable; 0: not told yet, or nothing to tell */
    bool durable;
} sim_check_readmission;

/* What one partition of one central has merged of each edge. */
typedef struct {
    /* last batch on the disk; last batch merged in memory */
    kd_position durable[SCENARIO_EDGES_MAX], tentative[SCENARIO_EDGES_MAX];
    uint64_t watermark_us[SCENARIO_EDGES_MAX];
    uint64_t epoch, version; /* of the last durable commit */
    uint64_t at_us;          /* of a backup: when it was taken */
} sim_check_history;

typedef struct {
    sim_check_history now;
    sim_check_merged *open; /* batches merged that are not known to be durable */
    uint32_t open_count, open_cap;
    uint32_t outstanding; /* commits under way */
} sim_check_tenure;

typedef struct {
    /* hash of edge, partition, position: digest of the body in a; flags and the packed content (words.h) in b */
    sim_check_map bodies;
    /* positions of incarnations up to this one may have two bodies: the disk was copied while a batch was open */
    uint64_t exempt[SCENARIO_EDGES_MAX];
    sim_check_tenure tenures[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    /* of the last backup; of the second central's copy */
    sim_check_history backup[SCENARIO_PARTITIONS_MAX], copied[SCENARIO_PARTITIONS_MAX];
    /* the furthest position that any central ever opened with */
    kd_position on_disk[SCENARIO_PARTITIONS_MAX][SCENARIO_EDGES_MAX];
    /* the largest watermark that was ever durable */
    uint64_t best_us[SCENARIO_PARTITIONS_MAX][SCENARIO_EDGES_MAX];
    /* hash of partition, epoch: in a the epoch before this one, in b the last version of the epoch before */
    sim_check_map parents;
    sim_check_map
        reads; /* of members of central: hash of partition, epoch, version: records read at that version */
} sim_check_positions;

/* ---- check_count.c: members per item of one partition, followed operation by operation ---- */

typedef struct {
    uint32_t item, user, counter; /* user CHECK_NOTHING: a sum */
    uint64_t version;             /* of the commit that holds the operation; 0: no commit of it has begun */
} sim_check_touch;

typedef struct {
    sim_check_map members; /* hash of counter, item, user: 1 in a when central holds the like */
    sim_check_touch *fed;  /* operations merged, whose pairs were not looked up yet */
    uint32_t fed_count, fed_cap;
} sim_check_members;

/* ---- check_number.c: central's last numbers of each item, to tell which of them an edge may show ---- */

enum { CHECK_NUMBERS = 48 };
/* Bits: counts of the item came to the edge; central told the edge that it has no counts of the item. */
typedef enum { CHECK_HEARD = 1, CHECK_HEARD_NONE = 2 } sim_check_heard;
typedef struct {
    uint64_t epoch, version;
    uint64_t as_of_before_us; /* central's largest as_of when this number replaced the one before */
    uint64_t count[SCENARIO_COUNTERS];
} sim_check_number;

typedef struct {
    sim_check_number *at; /* a ring of CHECK_NUMBERS, oldest at `first` */
    uint32_t first, count;
    bool overflowed;
    uint64_t least[SCENARIO_COUNTERS], most[SCENARIO_COUNTERS]; /* of the numbers that the ring dropped */
} sim_check_numbers;

/* ---- check_among.c: who liked an item when central was asked last ---- */

typedef struct {
    uint64_t digest;  /* of those who do; 0: it was not asked in this life */
    uint64_t version; /* the commit that had ended last */
} sim_check_named;

/* ---- check_as_of.c: answers that wait until central's as_of passes them ---- */

typedef struct {
    uint32_t attempt;
    uint64_t answered_us;
    bool counted; /* a sum that is in `passed` */
} sim_check_answer;

typedef struct {
    sim_check_answer *at;        /* by answered_us */
    uint32_t count, cap, cursor; /* answers before `cursor` were passed */
    uint64_t as_of_us, best_us;  /* as_of now; the largest ever */
} sim_check_answers;

/* The claim in force at a place of the log (rules 24, 32). */
typedef struct {
    uint64_t epoch, author;
} sim_check_force;

/* The epoch and version that an edge has of a partition, and the epoch of the highest marker that it has read. */
typedef struct {
    uint64_t epoch, version, marked;
} sim_check_known;

/* ---- check_answer.c: what the first answer to an attempt said ---- */

enum { CHECK_TOLD = 1024, CHECK_EARLIER = 3 };
typedef struct {
    uint64_t stamp_us;
    kd_changed changed;
    bool liked;
} sim_check_reply;

typedef struct {
    uint32_t attempt, slot;
    uint64_t disk, life;
    /* `earlier`: of the times before its idempotency key made room and it was taken once more; newest first */
    sim_check_reply reply, earlier[CHECK_EARLIER];
    bool used;
} sim_check_told;

/* Where a user was answered last (hash of slot and disk), and whether that place ever changed between two answers. */
typedef struct {
    uint64_t where;
    bool known, yes;
} sim_check_roamed;

/* What an edge must know of a pair: it cannot be told from outside, nothing, a like, an unlike. */
typedef enum { CHECK_WORD_UNSURE, CHECK_WORD_NONE, CHECK_WORD_LIKED, CHECK_WORD_UNLIKED } sim_check_word;

/* ---- check_forget.c: how far one partition of one central is complete ---- */

typedef struct {
    /* the lowest watermark of all edges that are not retired: as committed last; the largest so far */
    uint64_t now_us, best_us;
    uint64_t watermark_us[SCENARIO_EDGES_MAX]; /* of each edge, retired or not */
} sim_check_lows;

/* ---- check_aside.c: sums that are set aside ---- */

typedef struct {
    /* amounts that a process set aside, or found so at its start */
    uint64_t to_tell[CHECKS_SLOTS][SCENARIO_SHARDS_MAX];
    uint64_t sent_as[SCENARIO_EDGES_MAX]; /* the largest incarnation under which the edge sent a batch */
    /* `sent_as` when the edge's disk was last put back: batches of incarnations up to this one may be in the stores of other lives */
    uint64_t rival[SCENARIO_EDGES_MAX];
    sim_check_map seen; /* hash of edge and row: how often that batch was set aside */
} sim_check_asides;

/* ---- check_milestone.c: a model of what central merges, and the thresholds that it passes ---- */

typedef struct {
    uint32_t cell, threshold; /* by counter, item; index into sim_scenario_thresholds */
    uint64_t version;         /* of the commit that holds the batch; 0: no commit of it has begun */
} sim_check_pass;

typedef struct {
    sim_check_map
        rows; /* hash of counter, item, user: stamp in a; its edge, shifted by one, and whether it is a like in b */
    sim_check_pass *at;
    uint32_t count, cap;
} sim_check_passing;

/* ---- check_shadow.c ---- */

typedef struct {
    kd_central *core; /* NULL: there is none */
    struct sim_disk *disk;
    bool one_by_one;          /* each record is a commit of its own */
    uint64_t commits, walked; /* of the central; rows and items that were compared */
} sim_check_shadow;

/* ---- check_decided.c: a model of rows and of operators' jobs, for one partition of one central ---- */

typedef struct {
    uint64_t job; /* hash of its name */
    uint64_t seq;
    uint64_t version; /* of the commit that holds the decision; 0: no commit of it has begun */
} sim_check_decision;

typedef struct {
    sim_check_decision *at;
    uint32_t count, cap;
} sim_check_merges;

typedef struct {
    uint64_t job;
    kd_voided told;
    bool unsure; /* rows that it named are unsure */
} sim_check_void;

enum { CHECK_ERASED_MAX = 64 }; /* users whom one partition remembers; the simulated operator erases fewer */
_Static_assert((int)CHECK_ERASED_MAX > (int)SCENARIO_ORDERS_MAX, "each erasure may be of another user");

typedef struct {
    uint32_t user;
    kd_erased told;
    bool unsure; /* rows that it named are unsure */
    bool here;   /* its rows were named by the present history: none may be left */
} sim_check_erased;

typedef struct {
    /* hash of counter, item, user: stamp in a; author and bits in b */
    sim_check_map rows;
    sim_check_touch *named; /* pairs that decisions named since the start */
    uint32_t named_count, named_cap;
    sim_check_merges merged;
    sim_check_void voids[KD_VOID_JOBS_MAX];
    uint32_t void_count;
    sim_check_erased erased[CHECK_ERASED_MAX];
    uint32_t erased_count;
    sim_check_force force; /* the claim in force where it has read */
    int64_t next;          /* offset behind the last record */
    uint32_t open;         /* records merged since the last commit began */
} sim_check_deciding;

/* ---- check_erased.c ---- */

/* The operator was told that the user is erased in that partition. */
typedef struct {
    uint32_t partition, user;
    uint64_t stamp_us;
} sim_check_erasure;

/* Views that an operator imports: a job, and its attempt in the journal. */
typedef struct {
    uint64_t job;
    uint32_t attempt;
} sim_check_imported;

/* ---- check_closed.c: what was decided about items, for one partition of one central; what an edge was told ---- */

typedef struct {
    uint32_t item;
    uint32_t what; /* kd_decided, or what was merged (check_closed.c) */
    bool empty;    /* a deletion: central has deleted all rows, and that was seen since the start */
    uint64_t stamp_us;
    uint64_t keep_us; /* of lives */
    uint64_t version; /* of the commit that holds the decision; 0: no commit of it has begun */
} sim_check_closing;

typedef struct {
    sim_check_closing *at;
    uint32_t count, cap;
    uint64_t complete_us[SCENARIO_EDGES_MAX]; /* of the last batch of each edge that was merged */
} sim_check_closings;

typedef struct {
    int closed;    /* nothing, open, closed */
    uint64_t read; /* version of the last answer about the item */
} sim_check_closed_knowledge;

/* ---- one process ---- */

typedef struct {
    uint64_t life[SCENARIO_SHARDS_MAX]; /* a number of its own for every start of a shard */
    /* items that a start found waiting in the outbox or stored: these may exceed the bound */
    uint64_t items[SCENARIO_SHARDS_MAX];
    int64_t off_us; /* the process's clock against central's, when last measured */
    bool measured;  /* `off_us` was measured since the start */
    /* identity alarms of this life; when the last alarm of all lives came */
    uint64_t alarms[SCENARIO_SHARDS_MAX], alarm_us;
    /* after an alarm: batches of incarnations below this one are moved, so the process deletes them at their old positions */
    uint64_t moved_to;
    /* when the edge last heard that a restore of central undid the history that it followed; 0: never */
    uint64_t undone_us[SCENARIO_PARTITIONS_MAX];
    bool installed[SCENARIO_PARTITIONS_MAX]; /* a snapshot, since it was first started; check_members.c */
    sim_check_known known[SCENARIO_PARTITIONS_MAX];
    bool retired[SCENARIO_PARTITIONS_MAX]; /* the last snapshot that came says that the edge is retired */
} sim_check_slot;

/* ---- all of it ---- */

enum { CHECK_WORDS = 8, CHECK_WORDS_BYTES = 512 };

struct sim_checks {
    sim_checks_view view;
    uint32_t *partition; /* by item */
    sim_check_map item_index, user_index;
    sim_check_slot slots[CHECKS_SLOTS];
    uint64_t lives;

    sim_check_durable durable;
    sim_check_told told[CHECK_TOLD]; /* check_answer.c; by attempt, modulo */
    sim_check_roamed *roamed;        /* by user */
    sim_check_positions positions;
    sim_check_members members[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX]; /* check_count.c */
    uint64_t *member_count[CHECKS_CENTRALS];                             /* by counter, item */
    sim_check_numbers *numbers;                                          /* check_number.c; by item */
    uint8_t *heard[SCENARIO_EDGES_MAX];                 /* by item: bits of sim_check_heard */
    sim_check_answers answers[SCENARIO_PARTITIONS_MAX]; /* check_as_of.c */
    uint64_t *passed;                                   /* amounts answered before as_of, by item */
    bool *attempted;        /* check_stored.c; by item: somebody asked for an operation on it */
    uint32_t attempts_read; /* attempts of the journal that are in `attempted` */

    /* check_shown.c; by item: the only edge that was asked to change it; CHECK_NOTHING: none yet; CHECKS_SLOTS: several */
    uint32_t *writer;
    uint64_t *last_taken[CHECKS_SLOTS]; /* by counter, item: stamp of the last operation taken there */
    /* check_publish.c: the highest epoch that this central has read a claim of */
    sim_check_force force[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    uint64_t made_us[SCENARIO_PARTITIONS_MAX]; /* of the newest snapshot published */
    /* the largest published: rows at or below it may be forgotten */
    uint64_t stable_us[SCENARIO_PARTITIONS_MAX];
    /* check_log.c; hash of partition, offset: digest of the record that was read there last */
    sim_check_map log;
    sim_check_lows lows[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX], backup_lows[SCENARIO_PARTITIONS_MAX];
    sim_check_asides asides;
    /* check_milestone.c */
    sim_check_passing passing[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    uint64_t *passing_count[CHECKS_CENTRALS]; /* by counter, item */
    bool *
        passing_moved[CHECKS_CENTRALS]; /* by item: some count of it may have changed since it was compared */
    uint32_t *passed_ever;              /* by counter, item: bits of thresholds */
    sim_check_map milestones_told; /* number of cell and threshold: hash of the id in a, of the label in b */
    sim_check_map milestone_ids;   /* hash of an id: number of its cell and threshold in a */
    /* edges that are retired by the log (sim_journal_edge_bit); the floor behind the last record read */
    uint64_t gone[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX],
        floor_us[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    sim_check_shadow shadows[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    uint64_t shadow_lives;
    sim_check_deciding deciding[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX]; /* check_decided.c */
    sim_check_named *named[CHECKS_CENTRALS]; /* check_among.c; by counter, item */
    uint64_t among_turn;
    sim_check_imported *imported; /* check_decided.c */
    uint32_t imported_count, imported_cap;
    sim_check_erasure *erasures; /* check_erased.c */
    uint32_t erasure_count, erasure_cap;
    bool backup_known; /* there is a backup of central, and its store lists it */
    sim_check_closings closings[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX]; /* check_closed.c */
    sim_check_closings closings_backup[SCENARIO_PARTITIONS_MAX];
    sim_check_merges merged_backup[SCENARIO_PARTITIONS_MAX]; /* check_decided.c */
    uint64_t *summed[CHECKS_CENTRALS];                       /* by item: views, by the log */
    sim_check_closed_knowledge *knows[CHECKS_SLOTS];         /* by item */
    uint64_t closed_turn;
    /* central's disk was put back or copied, or it has members, of which another one may take over: milestones may be told under other labels */
    bool relabelled;
    uint32_t converge_at; /* check_end.c: the item that did not agree the last time */
    /* check_liked.c: when a central answered a user that calls a readmitted edge retired */
    uint64_t retired_answer_us;

    /* check_retire.c */
    bool retired[SCENARIO_EDGES_MAX], readmitted[SCENARIO_EDGES_MAX]; /* declared gone now; ever taken back */
    /* operations that the edge acknowledged since this moment may never be merged */
    uint64_t retired_from_us[SCENARIO_EDGES_MAX];
    /* when the edge was last taken back: the command, then the last commit that made it durable */
    uint64_t readmitted_us[SCENARIO_EDGES_MAX];
    sim_check_readmission readmissions[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX][SCENARIO_EDGES_MAX];

    /* check_fault.c */
    /* ever copied while it ran; disk ever put back or wiped */
    bool doubled[SCENARIO_EDGES_MAX], disk_changed[SCENARIO_EDGES_MAX];
    /* central_copied: a second central runs now; any_doubled, central_undone, likes_lost: it has ever happened */
    bool any_doubled, central_copied, central_undone, likes_lost, counts_lost;
    uint32_t starts[CHECKS_SLOTS];            /* of the process, once for each shard; check_members.c */
    uint64_t incarnation[SCENARIO_EDGES_MAX]; /* the newest that a start minted; written by checks.c */
    /* when the second process and its disk were gone; 0: it runs or never did */
    uint64_t copy_gone_us[SCENARIO_EDGES_MAX];
    uint64_t disk_lost_us[SCENARIO_EDGES_MAX]; /* when the edge's disk was last put back or wiped */
    uint64_t backed_up_us[SCENARIO_EDGES_MAX]; /* when the backup to which the disk is put back was made */
    /* since when two processes may have used the name; 0: never */
    uint64_t copied_us[SCENARIO_EDGES_MAX];
    /* how far the clock of central, or of an edge that could not be measured, may be wrong: judgments by time tolerate this error */
    uint64_t wrong_clock_us;
    uint64_t healed_us; /* when the faults stopped */

    uint64_t index_turn; /* whose turn it is in "index" */
    /* "trending": commits so far, and the members that were walked over for them */
    uint64_t trending_commits, trending_walked;
    bool orders;        /* an operator decides: "decided" has something to judge */
    uint64_t made;      /* comparisons */
    const char *failed; /* name of the first checker that failed; NULL: all hold */
    char text[320];
    uint64_t failed_us;
    char words[CHECK_WORDS][CHECK_WORDS_BYTES]; /* words.c */
    uint32_t words_next;
};

/* Reports a violation: a sentence as words.h asks for. Only the first one is kept; after it every hook of checks.h returns at once. */
void sim_check_fail(sim_checks *c, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* True time: the world's, in microseconds. */
static inline uint64_t sim_check_now(const sim_checks *c)
{
    return *c->view.now_us;
}
/* The central that leads the partition: NULL where none does, or where it is down. */
static inline kd_central *sim_check_leading(const sim_checks *c, uint32_t partition)
{
    uint32_t slot = c->view.leader(c->view.world, partition);
    return slot < CHECKS_CENTRALS ? c->view.central(c->view.world, slot, partition) : NULL;
}
/* Its slot; of nobody that of the first central. */
static inline uint32_t sim_check_lead_slot(const sim_checks *c, uint32_t partition)
{
    uint32_t slot = c->view.leader(c->view.world, partition);
    return slot < CHECKS_CENTRALS ? slot : 0;
}
/* Whether that core is of a member that follows: what edges are told comes from others. */
bool sim_check_core_follows(const kd_central *core);
/* The edge whose name this slot's process uses. */
static inline uint32_t sim_check_edge(uint32_t slot)
{
    return slot % CHECKS_TWIN;
}
/* Index into the arrays "by counter, item". */
static inline uint32_t sim_check_cell_of(const sim_checks *c, uint32_t counter, uint32_t item)
{
    return counter * c->view.item_count + item;
}
/* The number of an item by its key; CHECK_NOTHING when it is not part of this drill. */
uint32_t sim_check_item(const sim_checks *c, kd_bytes key);
/* The number of a user by name; CHECK_NOTHING when no such user takes part. */
uint32_t sim_check_user(const sim_checks *c, kd_bytes name);
/* The number of an edge by name; CHECK_NOTHING when the scenario has no such edge. */
uint32_t sim_check_edge_named(const sim_checks *c, kd_bytes name);

#endif
