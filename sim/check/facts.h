/*
 * facts.h - the state that all checkers share, the names by which they speak, and how one of them reports a violation.
 *
 * Lowest of the checkers' files: it knows no checker. Each member of struct sim_checks is written by the file that its type names.
 */
#ifndef KUDOS_SIM_CHECK_FACTS_H
#define KUDOS_SIM_CHECK_FACTS_H

#include "sim/check/checks.h"
#include "sim/check/check_map.h"

enum { CHECK_NOTHING = UINT32_MAX };

/* check_durable.c: rows and journal entries that are on stable storage at each edge, and what was taken since. */
typedef struct {
    sim_check_map rows;    /* hash of slot and row: stamp of the durable row, its state in b */
    sim_check_map journal; /* stamp up to which operations on it were journaled */
    sim_check_map taken;   /* stamp of the last one taken and its state, by the life in which it was */
    sim_check_map
        maybe; /* stamp of the last word of an earlier life that was followed by another; which words those were, in b */
    uint64_t groups[CHECKS_SLOTS][SCENARIO_SHARDS_MAX]; /* synced */
    bool failed[CHECKS_SLOTS][SCENARIO_SHARDS_MAX];     /* a write of this life failed */
    uint64_t disk[CHECKS_SLOTS]; /* counts the disks that the slot had; in the hashes */
    bool incomplete[CHECKS_SLOTS]
                   [SCENARIO_SHARDS_MAX]; /* it was put back or copied, and its rows were not read yet */
} sim_check_durable;

/* check_position.c: bodies sent and merged. */
typedef struct {
    uint32_t edge;
    uint64_t version; /* of the commit it rides in; 0: open */
    kd_position at;
} sim_check_merged;

typedef struct {
    kd_position durable[SCENARIO_EDGES_MAX], tentative[SCENARIO_EDGES_MAX];
    uint64_t watermark_us[SCENARIO_EDGES_MAX];
    uint64_t epoch, version; /* of the last durable commit */
    uint64_t at_us;          /* of a backup: when it was taken */
} sim_check_history;

typedef struct {
    sim_check_history now;
    sim_check_merged *open; /* merged and not yet known to be durable */
    uint32_t open_count, open_cap;
    uint32_t outstanding;
} sim_check_tenure;

typedef struct {
    sim_check_map bodies; /* hash of edge, partition, position: digest; b: bit 0 durably merged */
    uint64_t exempt
        [SCENARIO_EDGES_MAX]; /* incarnations up to here may have two bodies: they were copied while open */
    sim_check_tenure tenures[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    sim_check_history backup[SCENARIO_PARTITIONS_MAX], copied[SCENARIO_PARTITIONS_MAX];
    kd_position on_disk[SCENARIO_PARTITIONS_MAX]
                       [SCENARIO_EDGES_MAX]; /* the furthest that any central ever opened with */
    uint64_t best_us[SCENARIO_PARTITIONS_MAX]
                    [SCENARIO_EDGES_MAX]; /* the largest watermark that was ever durable */
    sim_check_map parents; /* hash of partition, epoch: the epoch and version from which it went on */
} sim_check_positions;

/* check_count.c: members per item of one partition, followed operation by operation. */
typedef struct {
    uint32_t item, user, counter;
    uint64_t version; /* of the commit it rides in; 0: open */
} sim_check_touch;

typedef struct {
    sim_check_map members; /* hash of counter, item, user: 1 when liked */
    sim_check_touch *fed;  /* operations merged and not yet looked at */
    uint32_t fed_count, fed_cap;
} sim_check_members;

/* check_number.c: what central's numbers were lately, to tell which an edge may show. */
enum { CHECK_NUMBERS = 48 };
/* That a number of an item came to an edge; that one came which said that nobody had counted anything. */
typedef enum { CHECK_HEARD = 1, CHECK_HEARD_NONE = 2 } sim_check_heard;
typedef struct {
    uint64_t epoch, version;
    uint64_t as_of_before_us; /* the number before this one was true until here */
    uint64_t count[SCENARIO_COUNTERS];
} sim_check_number;

typedef struct {
    sim_check_number *at; /* a ring */
    uint32_t first, count;
    bool overflowed;
    uint64_t least[SCENARIO_COUNTERS], most[SCENARIO_COUNTERS]; /* of those that overflowed */
} sim_check_numbers;

/* check_as_of.c */
typedef struct {
    uint32_t attempt;
    uint64_t answered_us;
    bool counted; /* in `passed` */
} sim_check_answer;

typedef struct {
    sim_check_answer *at; /* by answered_us */
    uint32_t count, cap, cursor;
    uint64_t as_of_us, best_us; /* now; ever */
} sim_check_answers;

typedef struct {
    uint64_t epoch, version;
} sim_check_known;

/* check_answer.c: what an attempt was told first. */
enum { CHECK_TOLD = 1024, CHECK_EARLIER = 3 };
typedef struct {
    uint64_t stamp_us;
    kd_changed changed;
    bool liked;
} sim_check_reply;

typedef struct {
    uint32_t attempt, slot;
    uint64_t disk, life;
    sim_check_reply reply,
        earlier[CHECK_EARLIER]; /* where its key had made room: before it was taken once more; newest first */
    bool used;
} sim_check_told;

/* Where a user was answered last: slot and disk; whether that was ever another place than before. */
typedef struct {
    uint64_t where;
    bool known, yes;
} sim_check_roamed;

/* What an edge must know of a pair. */
typedef enum { CHECK_WORD_UNSURE, CHECK_WORD_NONE, CHECK_WORD_LIKED, CHECK_WORD_UNLIKED } sim_check_word;

/* check_forget.c: how far one partition of one central is complete. */
typedef struct {
    uint64_t now_us, best_us;                  /* as committed last; the largest so far */
    uint64_t watermark_us[SCENARIO_EDGES_MAX]; /* of each edge, retired or not */
} sim_check_lows;

/* check_aside.c: sums that are set aside. */
typedef struct {
    uint64_t to_tell[CHECKS_SLOTS]
                    [SCENARIO_SHARDS_MAX]; /* amounts that a process set aside, or found so at its start */
    uint64_t sent_as[SCENARIO_EDGES_MAX];  /* the largest incarnation that was sent */
    uint64_t rival[SCENARIO_EDGES_MAX];    /* the same when its disk went back: of lives that are undone */
    sim_check_map seen;                    /* hash of edge and row: batches that were set aside */
} sim_check_asides;

/* An edge's slot. */
typedef struct {
    uint64_t life[SCENARIO_SHARDS_MAX];
    uint64_t items[SCENARIO_SHARDS_MAX]; /* that a start found waiting in the outbox, or stored */
    int64_t off_us;                      /* its clock, when last measured */
    bool measured;
    uint64_t alarms[SCENARIO_SHARDS_MAX], alarm_us; /* of this life; when the last of all lives came */
    uint64_t moved_to; /* by an alarm: positions below this incarnation are given up */
    uint64_t undone_us
        [SCENARIO_PARTITIONS_MAX]; /* when it heard last that a history that it followed was undone; 0: never */
    sim_check_known known[SCENARIO_PARTITIONS_MAX];
    bool retired[SCENARIO_PARTITIONS_MAX]; /* central's last word of it that came */
} sim_check_slot;

struct sim_checks {
    sim_checks_view view;
    uint32_t *partition; /* of each item */
    sim_check_map item_index, user_index;
    sim_check_slot slots[CHECKS_SLOTS];
    sim_check_durable durable;
    sim_check_told told[CHECK_TOLD];
    sim_check_roamed *roamed; /* by user */
    sim_check_positions positions;
    sim_check_members members[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    uint64_t *member_count[CHECKS_CENTRALS]; /* by counter, item */
    sim_check_numbers *numbers;
    uint8_t *heard[SCENARIO_EDGES_MAX]; /* by item: bits of check_heard */
    sim_check_answers answers[SCENARIO_PARTITIONS_MAX];
    uint64_t *passed; /* sums answered before as_of, by item */
    uint64_t
        wrong_clock_us; /* of central, or of an edge that nobody could measure: by so much what rests on clocks is judged milder */
    uint32_t *
        writer; /* by item: the only edge that was asked to change it; CHECK_NOTHING: none yet; SCENARIO_EDGES_MAX: several */
    uint64_t *last_taken[CHECKS_SLOTS]; /* by counter, item: stamp of the last operation on a set */
    uint64_t highest_claim[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX];
    uint64_t made_us[SCENARIO_PARTITIONS_MAX]; /* of the newest snapshot published */
    uint64_t
        stable_us[SCENARIO_PARTITIONS_MAX]; /* the largest published: rows at or below it may be forgotten */
    /* check_excuse.c */
    bool doubled[SCENARIO_EDGES_MAX],
        disk_changed[SCENARIO_EDGES_MAX]; /* ever copied; ever put back or wiped */
    sim_check_map log; /* hash of partition, offset: digest of the record that was fed last from there */
    sim_check_lows lows[CHECKS_CENTRALS][SCENARIO_PARTITIONS_MAX], backup_lows[SCENARIO_PARTITIONS_MAX];
    bool retired[SCENARIO_EDGES_MAX],
        readmitted[SCENARIO_EDGES_MAX];           /* by the operator's word; ever taken back */
    uint64_t retired_from_us[SCENARIO_EDGES_MAX]; /* what it acknowledged since may not be merged */
    uint64_t readmitted_us[SCENARIO_EDGES_MAX];   /* when it was taken back last */
    uint64_t retired_answer_us; /* when a central that calls an edge retired last told of a user's like */
    uint64_t healed_us;         /* when the faults stopped */
    bool any_doubled, central_copied, central_undone, likes_lost;
    sim_check_asides asides;
    uint64_t incarnation[SCENARIO_EDGES_MAX];  /* the newest that opened */
    uint64_t copy_gone_us[SCENARIO_EDGES_MAX]; /* when the copy was gone with its disk; 0: it runs */
    uint64_t disk_lost_us[SCENARIO_EDGES_MAX]; /* the last time its disk went back */
    uint64_t backed_up_us[SCENARIO_EDGES_MAX]; /* when the copy was made to which its disk goes back */
    uint64_t copied_us[SCENARIO_EDGES_MAX];    /* since when two may have used its name; 0: never */
    uint32_t converge_at;                      /* where it did not hold the last time */
    uint64_t lives;
    char names[4][SCENARIO_NAME_MAX + KD_ITEM_KEY_MAX];
    uint32_t names_next;
    uint64_t made;
    const char *failed;
    char text[320];
    uint64_t failed_us;
};

void sim_check_fail(sim_checks *c, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline uint64_t sim_check_now(const sim_checks *c)
{
    return *c->view.now_us;
}
static inline uint32_t sim_check_edge(uint32_t slot)
{
    return slot % CHECKS_TWIN;
}
static inline uint32_t sim_check_cell_of(const sim_checks *c, uint32_t counter, uint32_t item)
{
    return counter * c->view.item_count + item;
}
const char *sim_check_slot_name(sim_checks *c, uint32_t slot); /* "mumbai", "the copy of mumbai" */
const char *sim_check_item_name(sim_checks *c, uint32_t item); /* both: one of four buffers in turn */
uint32_t sim_check_item(const sim_checks *c, kd_bytes key);    /* CHECK_NOTHING: not in this drill */
uint32_t sim_check_user(const sim_checks *c, kd_bytes name);
uint32_t sim_check_edge_named(const sim_checks *c, kd_bytes name);

#endif
