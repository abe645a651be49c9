/*
 * table.c - extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979) over small open-addressing
 * segments that are searched eight control bytes at a time (the SwissTable idea, in plain 64-bit words).
 *
 *     directory, 2^depth places                segment
 *     indexed by the top bits of the hash      +--------+------------------+----------------------+
 *     +---+---+---+---+                        | header | control: 1 word  | slots: 8 pointers    |
 *     | A | A | B | C |                        |        | for each group   | for each group       |
 *     +---+---+---+---+                        +--------+------------------+----------------------+
 *
 * A control byte is 0x80 (empty), 0xfe (removed) or the low seven bits of the entry's hash. A search starts
 * at the group that a mix of the hash names and ends at a group that has an empty byte; so a removed
 * slot may become empty again if its group has another empty one.
 *
 * Invariants: an entry lies in the one segment that the directory names for its hash; the directory entries
 * of a segment of depth d are the 2^(depth - d) neighbours that share its top d bits; at most 7/8 of a
 * segment's slots are not empty (`room` counts what is left), so every search ends. Removing moves nothing,
 * so a walk stays valid.
 *
 * A full segment of SEGMENT_SLOTS splits in two; growing and splitting move that many pointers at most.
 * Should strangers find keys of equal hash in spite of the seed, splitting stops helping: such a segment
 * grows instead of the directory.
 */
#include "common/base/table.h"

#include <stdlib.h>
#include <xxhash.h>

enum { GROUP = 8, FIRST_SLOTS = 16, HALF_SLOTS = 672, SEGMENT_SLOTS = 1024 };

#define EVERY_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u
#define MIX 0x9e3779b1u /* 2^32 divided by the golden ratio: Knuth's multiplicative hashing */
#define EMPTY 0x80u
#define REMOVED 0xfeu

typedef struct kd_table_segment {
    uint32_t groups, live, room, depth;
    uint64_t words[]; /* control words, then slots */
} segment;

_Static_assert(sizeof(void *) == sizeof(uint64_t) && sizeof(size_t) == 8, "slots and cursors are 64 bits");

/* Where the slots of a segment begin that has so many groups: told, a look-up need not wait for the header. */
static void **slots_behind(const segment *s, uint32_t groups)
{
    return (void **)(uintptr_t)(s->words + groups);
}

static void **slots_of(const segment *s)
{
    return slots_behind(s, s->groups);
}

/* At most 7/8 of the slots are not empty: a search needs an empty byte to end at. */
static uint32_t usable(uint32_t slots)
{
    return slots - slots / GROUP;
}

static segment *make_segment(uint32_t slots, uint32_t depth)
{
    uint32_t groups = slots / GROUP;
    /* Not zeroed: a slot is read only where its control byte says that it is taken. */
    segment *s = kd_realloc(NULL, sizeof *s + (size_t)groups * (GROUP + 1) * sizeof(uint64_t));
    *s = (segment){.groups = groups, .room = usable(slots), .depth = depth};
    for (uint32_t g = 0; g < groups; g++) s->words[g] = EVERY_BYTE * EMPTY;
    return s;
}

/* High bit of each empty byte: 0x80 has bit 7 and not bit 1, 0xfe has both, a tag lacks bit 7. */
static uint64_t empty_bytes(uint64_t word)
{
    return word & (~word << 6) & HIGH_BITS;
}

/* High bit of each byte that equals `tag`; rarely also of one that does not, which the hash then tells. */
static uint64_t tag_bytes(uint64_t word, uint64_t tag)
{
    uint64_t x = word ^ EVERY_BYTE * tag;
    return (x - EVERY_BYTE) & ~x & HIGH_BITS;
}

static uint32_t first_byte(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits) / 8;
}

static void set_byte(segment *s, uint32_t slot, uint64_t value)
{
    uint32_t shift = slot % GROUP * 8;
    s->words[slot / GROUP] = (s->words[slot / GROUP] & ~(0xffull << shift)) | value << shift;
}

/* The top bits chose the segment, so all entries here share them: another mix of all bits, scaled to the number of groups. */
static uint32_t start_group(uint32_t groups, uint32_t hash)
{
    return (uint32_t)((uint64_t)(hash * MIX) * groups >> 32);
}

static uint32_t next_group(uint32_t groups, uint32_t g)
{
    return g + 1 == groups ? 0 : g + 1;
}

static size_t directory_index(const kd_table *t, uint32_t hash)
{
    return t->depth == 0 ? 0 : (size_t)(hash >> (32 - t->depth));
}

uint64_t kd_table_hash(const kd_table *t, kd_bytes key)
{
    return XXH3_64bits_withSeed(key.data, key.len, t->seed);
}

/* What the table works with, and an entry keeps: half of the hash. */
static uint32_t table_short(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static uint32_t entry_hash(const void *entry)
{
    return ((const kd_table_entry *)entry)->hash;
}

/* The directory's entry for the hash. */
static const kd_table_place *place_of(const kd_table *t, uint32_t hash)
{
    return &t->directory[directory_index(t, hash)];
}

/* Slot of the key, or -1. */
static int64_t find_slot(const kd_table *t, const kd_table_place *place, kd_bytes key, uint32_t hash)
{
    const segment *s = place->segment;
    void **slots = slots_behind(s, place->groups);
    uint32_t g = start_group(place->groups, hash);
    for (uint32_t n = 0; n < place->groups; n++, g = next_group(place->groups, g)) {
        for (uint64_t hits = tag_bytes(s->words[g], hash & 0x7f); hits; hits &= hits - 1) {
            uint32_t slot = g * GROUP + first_byte(hits);
            if (entry_hash(slots[slot]) == hash && kd_bytes_eq(t->key_of(slots[slot]), key)) return slot;
        }
        if (empty_bytes(s->words[g])) return -1;
    }
    return -1;
}

/* First slot on the way of the hash that is empty or removed; there is one, since room is kept. */
static uint32_t table_free_slot(const segment *s, uint32_t hash)
{
    uint32_t g = start_group(s->groups, hash);
    while (!(s->words[g] & HIGH_BITS)) g = next_group(s->groups, g);
    return g * GROUP + first_byte(s->words[g] & HIGH_BITS);
}

static void table_place(segment *s, void *entry)
{
    uint32_t slot = table_free_slot(s, entry_hash(entry));
    if ((s->words[slot / GROUP] >> (slot % GROUP * 8) & 0xff) == EMPTY) s->room--;
    set_byte(s, slot, entry_hash(entry) & 0x7f);
    slots_of(s)[slot] = entry;
    s->live++;
}

static void *slot_entry(const segment *s, uint32_t slot)
{
    bool taken = !(s->words[slot / GROUP] >> (slot % GROUP * 8) & 0x80);
    return taken ? slots_of(s)[slot] : NULL;
}

static kd_table_place table_place_at(segment *s)
{
    return (kd_table_place){.segment = s, .groups = s->groups};
}

/* Points every directory entry of the segment that covers `index` to its successor: left below, right above
 * the middle. */
static void table_install(kd_table *t, size_t index, segment *old, segment *left, segment *right)
{
    size_t span = (size_t)1 << (t->depth - old->depth);
    size_t first = index / span * span;
    for (size_t i = 0; i < span; i++)
        t->directory[first + i] = table_place_at(i < span / 2 || span == 1 ? left : right);
    free(old);
}

static void rebuild(kd_table *t, size_t index, uint32_t slots)
{
    segment *old = t->directory[index].segment, *s = make_segment(slots, old->depth);
    for (uint32_t i = 0; i < old->groups * GROUP; i++) {
        void *entry = slot_entry(old, i);
        if (entry) table_place(s, entry);
    }
    table_install(t, index, old, s, s);
}

static void double_directory(kd_table *t)
{
    size_t size = (size_t)1 << t->depth;
    kd_table_place *wider = kd_alloc(2 * size * sizeof *wider);
    for (size_t i = 0; i < 2 * size; i++) wider[i] = t->directory[i / 2];
    free(t->directory);
    t->directory = wider;
    t->depth++;
}

static bool goes_right(const segment *old, const void *entry)
{
    return entry_hash(entry) >> (31 - old->depth) & 1;
}

static void table_split(kd_table *t, uint32_t hash)
{
    segment *old = place_of(t, hash)->segment;
    if (old->depth == t->depth) double_directory(t);
    uint32_t right_count = 0, slots = old->groups * GROUP;
    for (uint32_t i = 0; i < slots; i++) {
        const void *entry = slot_entry(old, i);
        if (entry && goes_right(old, entry)) right_count++;
    }
    uint32_t most = KD_MAX(right_count, old->live - right_count);
    uint32_t half = most < usable(HALF_SLOTS) ? HALF_SLOTS : slots;
    segment *left = make_segment(half, old->depth + 1), *right = make_segment(half, old->depth + 1);
    for (uint32_t i = 0; i < slots; i++) {
        void *entry = slot_entry(old, i);
        if (entry) table_place(goes_right(old, entry) ? right : left, entry);
    }
    table_install(t, directory_index(t, hash), old, left, right);
}

/* A directory wider than this says that the hashes are not spread: do not let it grow. */
static bool may_split(const kd_table *t, const segment *s)
{
    return s->depth < t->depth || (t->depth < 31 && ((size_t)1 << t->depth) <= 64 + t->count / 64);
}

/* The segment for the hash, with at least one empty slot to spare. Each round rebuilds without removed slots, widens or splits, so it ends. */
static segment *make_room(kd_table *t, uint32_t hash)
{
    for (;;) {
        size_t index = directory_index(t, hash);
        segment *s = t->directory[index].segment;
        uint32_t slots = s->groups * GROUP;
        if (s->room > 0) return s;
        if (s->live < usable(slots) / 4 * 3)
            rebuild(t, index, slots);
        else if (slots < SEGMENT_SLOTS)
            rebuild(t, index, KD_MIN(slots * 2, (uint32_t)SEGMENT_SLOTS));
        else if (may_split(t, s))
            table_split(t, hash);
        else
            rebuild(t, index, slots * 2);
    }
}

void kd_table_init(kd_table *t, kd_bytes (*key_of)(const void *entry), uint64_t seed)
{
    *t = (kd_table){.key_of = key_of, .seed = seed};
}

static size_t directory_size(const kd_table *t)
{
    return t->directory ? (size_t)1 << t->depth : 0;
}

/* The directory's index just behind the segment at i. */
static size_t table_behind(const kd_table *t, size_t i)
{
    return i + ((size_t)1 << (t->depth - t->directory[i].segment->depth));
}

/* Neighbours of the directory may share a segment, which is freed once. */
static void drop_memory(kd_table *t)
{
    for (size_t i = 0, next; i < directory_size(t); i = next) {
        next = table_behind(t, i);
        free(t->directory[i].segment);
    }
    free(t->directory);
    t->directory = NULL;
    t->depth = 0;
}

void kd_table_finish(kd_table *t)
{
    drop_memory(t);
    *t = (kd_table){0};
}

void *kd_table_find_hashed(const kd_table *t, kd_bytes key, uint64_t hash)
{
    if (!t->directory) return NULL;
    const kd_table_place *place = place_of(t, table_short(hash));
    int64_t slot = find_slot(t, place, key, table_short(hash));
    return slot < 0 ? NULL : slots_behind(place->segment, place->groups)[slot];
}

void *kd_table_find(const kd_table *t, kd_bytes key)
{
    return t->directory ? kd_table_find_hashed(t, key, kd_table_hash(t, key)) : NULL;
}

void kd_table_prefetch_hashed(const kd_table *t, uint64_t hash)
{
    if (!t->directory) return;
    const kd_table_place *place = place_of(t, table_short(hash));
    uint32_t g = start_group(place->groups, table_short(hash));
    __builtin_prefetch(&place->segment->words[g]);
    __builtin_prefetch(slots_behind(place->segment, place->groups) + (size_t)g * GROUP);
}

const void *kd_table_guess_hashed(const kd_table *t, uint64_t hash)
{
    if (!t->directory) return NULL;
    const kd_table_place *place = place_of(t, table_short(hash));
    uint32_t g = start_group(place->groups, table_short(hash));
    uint64_t hits = tag_bytes(place->segment->words[g], table_short(hash) & 0x7f);
    return hits ? slots_behind(place->segment, place->groups)[g * GROUP + first_byte(hits)] : NULL;
}

void kd_table_add_hashed(kd_table *t, void *entry, uint64_t hash)
{
    ((kd_table_entry *)entry)->hash = table_short(hash);
    if (!t->directory) {
        t->directory = kd_alloc(sizeof *t->directory);
        t->directory[0] = table_place_at(make_segment(FIRST_SLOTS, 0));
    }
    table_place(make_room(t, table_short(hash)), entry);
    t->count++;
}

void *kd_table_put(kd_table *t, void *entry)
{
    kd_bytes key = t->key_of(entry);
    uint64_t hash = kd_table_hash(t, key);
    const kd_table_place *place = t->directory ? place_of(t, table_short(hash)) : NULL;
    int64_t slot = place ? find_slot(t, place, key, table_short(hash)) : -1;
    if (slot < 0) {
        kd_table_add_hashed(t, entry, hash);
        return NULL;
    }
    void **at = &slots_of(place->segment)[slot], *replaced = *at;
    ((kd_table_entry *)entry)->hash = table_short(hash);
    *at = entry;
    return replaced;
}

void *kd_table_remove(kd_table *t, kd_bytes key)
{
    if (!t->directory) return NULL;
    uint32_t hash = table_short(kd_table_hash(t, key));
    const kd_table_place *place = place_of(t, hash);
    int64_t slot = find_slot(t, place, key, hash);
    if (slot < 0) return NULL;
    segment *s = place->segment;
    void *entry = slots_of(s)[slot];
    bool ends_here = empty_bytes(s->words[slot / GROUP]) != 0;
    set_byte(s, (uint32_t)slot, ends_here ? EMPTY : REMOVED);
    if (ends_here) s->room++;
    s->live--;
    t->count--;
    bool small = t->depth == 0 && s->groups * GROUP == FIRST_SLOTS;
    if (t->count == 0 && !small) drop_memory(t);
    return entry;
}

void *kd_table_next(const kd_table *t, size_t *cursor)
{
    size_t i = *cursor >> 32;
    uint32_t slot = (uint32_t)*cursor;
    for (; i < directory_size(t); i = table_behind(t, i), slot = 0) {
        const segment *s = t->directory[i].segment;
        for (; slot < s->groups * GROUP; slot++) {
            void *entry = slot_entry(s, slot);
            if (!entry) continue;
            *cursor = i << 32 | (slot + 1);
            return entry;
        }
    }
    *cursor = i << 32;
    return NULL;
}

size_t kd_table_bytes(const kd_table *t)
{
    size_t bytes = directory_size(t) * sizeof *t->directory;
    for (size_t i = 0; i < directory_size(t); i = table_behind(t, i))
        bytes += sizeof(segment) + (size_t)t->directory[i].groups * (GROUP + 1) * sizeof(uint64_t);
    return bytes;
}
