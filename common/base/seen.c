/* seen.c - see kudos/seen.h. */
#include "kudos/seen.h"

#include <stdio.h>

#include "kudos/id.h"

uint32_t kd_seen_edge(kd_bytes name)
{
    return (uint32_t)kd_hash(name);
}

static bool is_own(const kd_seen_at *at, const kd_lives *own)
{
    if (at->time_us == 0 || at->edge != own->edge) return false;
    for (uint32_t i = 0; i < own->count; i++)
        if (own->at[i].life == at->life) return at->time_us <= own->at[i].until_us;
    return false;
}

uint64_t kd_seen_newest_us(const kd_seen *seen)
{
    uint64_t newest_us = seen->rest_us;
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++) newest_us = KD_MAX(newest_us, seen->at[i].time_us);
    return newest_us;
}

void kd_seen_drop_own(kd_seen *seen, const kd_lives *own)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        if (seen->at[i].time_us && !is_own(&seen->at[i], own)) seen->at[kept++] = seen->at[i];
    while (kept < KD_SEEN_EDGES) seen->at[kept++] = (kd_seen_at){.time_us = 0};
}

uint64_t kd_seen_elsewhere_us(const kd_seen *seen, const kd_lives *own)
{
    kd_seen others = *seen;
    kd_seen_drop_own(&others, own);
    return kd_seen_newest_us(&others);
}

void kd_seen_add(kd_seen *seen, const kd_lives *own, uint64_t time_us)
{
    uint64_t said_us = time_us;
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        if (is_own(&seen->at[i], own)) said_us = KD_MAX(said_us, seen->at[i].time_us);
    kd_seen_drop_own(seen, own);
    /* A stamp of the previous life is told again by a retry. It stays with that life: if the present life ends before its first commit, the disk
     * does not remember it, and this edge would take the stamp for one that was spoken elsewhere. */
    uint32_t life = own->count > 1 && said_us <= own->at[1].until_us ? own->at[1].life : own->at[0].life;
    kd_seen_at put = {.time_us = said_us, .edge = own->edge, .life = life};
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++) {
        if (put.time_us < seen->at[i].time_us) continue;
        kd_seen_at moved = seen->at[i];
        seen->at[i] = put;
        put = moved;
    }
    seen->rest_us = KD_MAX(seen->rest_us, put.time_us);
}

size_t kd_seen_text(const kd_seen *seen, char *out)
{
    size_t len = 0;
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        len += (size_t)snprintf(out + len, KD_SEEN_TEXT_MAX - len, "%x:%llx,", seen->at[i].edge,
                                (unsigned long long)seen->at[i].time_us);
    len += (size_t)snprintf(out + len, KD_SEEN_TEXT_MAX - len, "%llx", (unsigned long long)seen->rest_us);
    return len;
}

/* Reads a number of 1 to `digits` lower-case hexadecimal digits and the byte `end` behind it; `end` 0: the text ends there. */
static bool read_hex(kd_reader *r, uint32_t digits, uint8_t end, uint64_t *value)
{
    uint32_t n = 0;
    for (*value = 0; kd_reader_left(r) > 0; n++) {
        uint8_t c = kd_read_u8(r);
        if (end && c == end) return n > 0;
        bool decimal = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
        if (n == digits || (!decimal && !letter)) return false;
        *value = *value << 4 | (uint64_t)(decimal ? c - '0' : c - 'a' + 10);
    }
    return end == 0 && n > 0;
}

bool kd_seen_parse(kd_bytes text, kd_seen *seen)
{
    kd_reader r = kd_reader_of(text);
    *seen = (kd_seen){.rest_us = 0};
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++) {
        uint64_t edge;
        if (!read_hex(&r, 8, ':', &edge) || !read_hex(&r, 16, ',', &seen->at[i].time_us)) return false;
        seen->at[i].edge = (uint32_t)edge;
    }
    return read_hex(&r, 16, 0, &seen->rest_us);
}
