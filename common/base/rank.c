/* rank.c - see the header. A byte in which all ranks agree costs no pass. A pass costs 256 steps besides those for its elements, so a few elements are
 * inserted one by one instead. */
#include "common/base/rank.h"

enum { PLACES_LOOKED_AT = 128, WORD = sizeof(uint64_t), INSERTED_MAX = 32 };

/* Marks the bytes in which the keys differ, as far as both go. */
static void rank_note_differing(uint8_t *differs, kd_bytes a, kd_bytes b)
{
    size_t at = 0, most = KD_MIN(KD_MIN(a.len, b.len), (size_t)PLACES_LOOKED_AT);
    for (; at + WORD <= most; at += WORD) {
        uint64_t x, y, seen;
        memcpy(&x, a.data + at, WORD);
        memcpy(&y, b.data + at, WORD);
        memcpy(&seen, differs + at, WORD);
        seen |= x ^ y;
        memcpy(differs + at, &seen, WORD);
    }
    for (; at < most; at++) differs[at] |= a.data[at] ^ b.data[at];
}

kd_rank_places kd_rank_places_of(kd_rank_key key_of, const void *arg, uint32_t count)
{
    kd_rank_places places = {.count = 0};
    uint8_t differs[PLACES_LOOKED_AT] = {0};
    kd_bytes first = key_of(arg, 0);
    size_t shortest = first.len;
    size_t longest = shortest;
    for (uint32_t i = 1; i < count; i++) {
        kd_bytes key = key_of(arg, i);
        rank_note_differing(differs, first, key);
        shortest = KD_MIN(shortest, key.len);
        longest = KD_MAX(longest, key.len);
    }
    longest = KD_MIN(longest, (size_t)PLACES_LOOKED_AT);
    for (uint16_t at = 0; at < longest && places.count < KD_RANK_PLACES; at++)
        if (differs[at] || at >= shortest) places.at[places.count++] = at;
    return places;
}

static uint64_t differing_bits(const kd_ranked *at, uint32_t count)
{
    uint64_t bits = 0;
    for (uint32_t i = 1; i < count; i++) bits |= at[i].rank ^ at[0].rank;
    return bits;
}

/* One stable pass: elements are placed from the back, so that those with equal bytes keep their order. */
static void sort_by_byte(const kd_ranked *from, kd_ranked *to, uint32_t count, uint32_t shift)
{
    uint32_t ends[256] = {0};
    for (uint32_t i = 0; i < count; i++) ends[from[i].rank >> shift & 255]++;
    for (uint32_t i = 1; i < 256; i++) ends[i] += ends[i - 1];
    for (uint32_t i = count; i-- > 0;) to[--ends[from[i].rank >> shift & 255]] = from[i];
}

/* Stable as well: an element stays behind those of its own rank. */
static void sort_by_insertion(kd_ranked *at, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        kd_ranked one = at[i];
        uint32_t to = i;
        for (; to > 0 && at[to - 1].rank > one.rank; to--) at[to] = at[to - 1];
        at[to] = one;
    }
}

void kd_rank_sort(kd_ranked *at, kd_ranked *scratch, uint32_t count)
{
    if (count <= INSERTED_MAX) {
        sort_by_insertion(at, count);
        return;
    }
    uint64_t bits = differing_bits(at, count);
    kd_ranked *from = at, *to = scratch;
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        if ((bits >> shift & 255) == 0) continue;
        sort_by_byte(from, to, count, shift);
        kd_ranked *swap = from;
        from = to;
        to = swap;
    }
    if (from != at) memcpy(at, from, count * sizeof *at);
}
