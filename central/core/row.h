/*
 * row.h - keys and values of central's store, one LevelDB per partition.
 *
 *     M                      identity, epoch, version, log position, chain (meta.c)
 *     e | edge name          index, region be16 | incarnation, seq, digest, watermark, epoch, complete_to, joined be64 | retired
 *                            (0; 1, and batches of it may have been refused; 2, and none was), regions u8 | amount be64; in older stores the row ends behind the epoch, retired or regions
 *     g | region index be16  name
 *     m | counter | item key | user len | user
 *                            stamp: time << 1 | liked be64, then edge and region varint
 *     n | item key           counts (counts.h)
 *     r | version be64       redo (effect.h)
 *     q | identity be64      quarantined record: offset be64, kept at be64, length be32, bytes (at most a batch's)
 *     b | backup id          low watermark, version be64 | complete u8 (stable.c)
 *     k | 0, k | 1           milestones (milestones.h)
 *     F                      floor be64 | halted u8 (collect.c)
 *     x | item key           closings of an item (closed.h)
 *     o | item key           when the life of an item began (span.h)
 *     z, z …                 lives of collections, and of their items (span.h)
 *     y | edge name          struck u8 | region (expect.h)
 *     d                      claim in force, decisions merged, time of what was forgotten be64 (decide.c)
 *     d | job                seq, written at, number of its last merge be64 | finished u8 | of one that added sums: 1 u8 (decide.c)
 *     l | counter | item key | inverse time be64 | user len | user
 *                            region varint: an entry of the index `newest` (index.h), where it is switched on
 *     u | user len | user | counter | inverse time be64 | item key
 *                            nothing: an entry of the index `liked`
 *     l alone, u alone       state of that index: stage u8 | version, rows walked be64 | cursor (index.h); none: it has no entries
 *     t …                    velocities (trend.h)
 *     w                      key of the digests of users be64 (erased.c)
 *     w | digest of a user   stamp, finished, withdrawn be64, then the job: that user is erased (erased.c)
 *     h                      version, records read, digest be64 (history.h)
 *     i                      version be64: this store follows since then (follow.h)
 *     i | 1                  the newest snapshot of a leader that agreed (follow.h)
 *     i | 2 | read be64      digests behind the records of a commit, the first of which has this number (follow.h)
 *     c                      identity of the store; author and epoch of the claim in force be64 (claim.h)
 *     a | number u8          kind u8 | name: a counter that was ever configured (kudos/counter_names.h)
 *     v | job                stamp, order, withdrawn, skipped, put back be64 | closed u8 (void.c)
 *
 * A membership row is a last-writer-wins register: state, region and day (that of its time) are those of the largest stamp. So the row, and with it
 * every count, depends on the set of operations and not on their order. An entry of an index is a function of its membership row: there is one for each
 * row with a like. Its inverse time is the complement of the row's, so that the newest stands first.
 */
#ifndef KUDOS_CENTRAL_CORE_ROW_H
#define KUDOS_CENTRAL_CORE_ROW_H

#include "kudos/base.h"
#include "kudos/id.h"

enum {
    KD_ROW_META = 'M',
    KD_ROW_EDGE = 'e',
    KD_ROW_REGION = 'g',
    KD_ROW_MEMBER = 'm',
    KD_ROW_COUNTS = 'n',
    KD_ROW_REDO = 'r',
    KD_ROW_QUARANTINE = 'q',
    KD_ROW_BACKUP = 'b',
    KD_ROW_MILESTONE = 'k',
    KD_ROW_FLOOR = 'F',
    KD_ROW_DECIDED = 'd',
    KD_ROW_NEWEST = 'l',
    KD_ROW_LIKED = 'u',
    KD_ROW_TREND = 't',
    KD_ROW_VOIDED = 'v',
    KD_ROW_ERASED = 'w',
    KD_ROW_CLOSED = 'x',
    KD_ROW_START = 'o',
    KD_ROW_SPAN = 'z',
    KD_ROW_HISTORY = 'h',
    KD_ROW_FOLLOWS = 'i',
    KD_ROW_CLAIM = 'c',
    KD_ROW_EXPECTED = 'y',
    KD_ROW_COUNTER = 'a',
    KD_MEMBER_KEY_MAX = 2 + KD_ITEM_KEY_MAX + 1 + KD_ID_MAX,
};

typedef struct {
    uint64_t time_us;
    uint16_t edge, region; /* indices in the registry */
    bool liked;
} kd_stored_row;

/* Appends the key of a membership row, of at most KD_MEMBER_KEY_MAX bytes. An empty user makes the key under which a sum is gathered. */
void kd_member_key_put(kd_buf *out, uint8_t counter, kd_bytes item, kd_bytes user);
/* Takes such a key apart into views of it. Nothing is checked: kd_member_key_valid comes first for a key that was read. */
void kd_member_key_parse(kd_bytes key, uint8_t *counter, kd_bytes *item, kd_bytes *user);
/* Whether a key that was read can be taken apart. */
bool kd_member_key_valid(kd_bytes key);

/* Appends the value of a membership row. */
void kd_stored_row_encode(const kd_stored_row *row, kd_buf *out);
/* KD_OK or KD_EMALFORMED. Indices are below their limits, but may be unknown to the registry. */
int kd_stored_row_decode(kd_bytes value, kd_stored_row *row);

/* The key prefix | name in *out, which is cleared first; returns a view of it. */
kd_bytes kd_key_named(kd_buf *out, uint8_t prefix, kd_bytes name);
/* As kd_key_named, for the key prefix | number, be64. */
kd_bytes kd_key_numbered(kd_buf *out, uint8_t prefix, uint64_t number);

#endif
