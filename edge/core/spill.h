/*
 * spill.h - membership rows reach the store later than their operations; the journal stays until they have (rule 4).
 *
 * Rows gather in a table in memory. A full table is frozen and written with the groups that follow, while a second one fills. The journal (fragments)
 * of an operation is kept until its row is in the store, also when central has applied its batch: such a batch is "done", and waits in the
 * partition's list of done batches.
 */
#ifndef KUDOS_EDGE_CORE_SPILL_H
#define KUDOS_EDGE_CORE_SPILL_H

#include "edge/core/forward.h"
#include "edge/core/fresh.h"
#include "edge/core/keys.h"

/* A place in a partition's journal: in front of fragment `fragment` of the batch at position `at`. */
typedef struct {
    kd_position at;
    uint32_t fragment;
} kd_journal_place;

/* Row r has one for each of the shard's partitions. */
static inline void kd_journal_place_put(kd_buf *row, const kd_journal_place *place)
{
    kd_buf_put_varint(row, place->at.incarnation);
    kd_buf_put_varint(row, place->at.seq);
    kd_buf_put_varint(row, place->fragment);
}
static inline kd_journal_place kd_journal_place_read(kd_reader *r)
{
    kd_journal_place place = {.at.incarnation = kd_read_varint(r)};
    place.at.seq = kd_read_varint(r);
    place.fragment = (uint32_t)kd_read_varint(r);
    return place;
}

/* The spill's part of a partition. */
typedef struct {
    /* rows of operations in front of this place are in the store, or in the group being written */
    kd_journal_place stored_to;
    kd_journal_place frozen_to; /* rows in front of this place are in the store or in the frozen table */
    /* applied batches whose fragments stay for their rows, oldest first; owned */
    kd_batches done;
} kd_spill_part;

/* The spill of a shard. */
typedef struct {
    kd_fresh tables[2];
    uint32_t filling; /* index into tables */
    /* of the filling table, from 1; all tables with smaller numbers are in the store, except the frozen one */
    uint64_t number;
    uint32_t ops;       /* operations recorded in the filling table; its rows are not more */
    uint32_t group_ops; /* operations recorded since the last group was closed */
    bool frozen;        /* the other table is frozen: until the group with its last row is durable */
    bool written;       /* the frozen table's last row is in a group */
    kd_fresh_walk walk; /* over the frozen table: rows that are in no group yet */
    uint64_t due;     /* rows of the frozen table that are to be written for operations since it was frozen */
    uint64_t awaited; /* largest table number that a caller of kd_spill_await waits for; 0: none */
    uint64_t done_bytes; /* of the done batches of all partitions */
} kd_spill;

/* Puts a row into the filling table, in place of an older one of the same key. */
void kd_spill_record(kd_edge *e, const kd_row_key *key, const kd_fresh_row *row);
/* False: the row is in neither table, so the store decides. */
bool kd_spill_find(const kd_edge *e, const kd_row_key *key, kd_fresh_row *row);
/* Reads the places up to which rows are stored. Call it before the journal is read. KD_EMALFORMED, KD_EIO. */
int kd_spill_load(kd_edge *e);
/* Whether the rows of this fragment are in the store. */
bool kd_spill_stored(const kd_part *p, kd_position at, uint32_t fragment);
/* Appends to the done batches one that a start found marked as done. Takes over `b`. */
void kd_spill_keep(kd_edge *e, kd_part *p, kd_outgoing *b);
/* Central has applied `b`: deletes its journal, or marks it as done and keeps it while rows of it are not stored. Takes over `b`. */
void kd_spill_retire(kd_edge *e, kd_part *p, kd_outgoing *b);
/* Adds rows of the frozen table, and deletions of journal that is not needed any more, to the group that is being closed. Call it when all fragments
 * of the group are in. */
void kd_spill_join_group(kd_edge *e);
/* The group being written is durable: frees the frozen table if that group held its last row. */
void kd_spill_durable(kd_edge *e);
/* Whether a group should be committed for the rows alone: a caller of kd_spill_await waits, or the frozen table is far too large. */
bool kd_spill_wanted(const kd_edge *e);
/* Asks that all rows recorded so far be stored soon. Returns the number of the last table with such a row, for kd_spill_arrived. */
uint64_t kd_spill_await(kd_edge *e);
/* Whether all rows of tables up to this number are in the store. */
bool kd_spill_arrived(const kd_edge *e, uint64_t number);
void kd_spill_finish(kd_edge *e); /* frees tables and done batches; changes nothing in the store */

#endif
