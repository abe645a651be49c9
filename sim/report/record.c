/*
 * record.c - keeps the samples, faults and notes of a drill within fixed bounds.
 *
 * Samples stand in one array, moment by moment, all regions of a moment side by side. When it is full, every second moment goes and the interval
 * doubles; so the moments kept are evenly spaced over the whole run; only a moment that the world adds out of turn (the last one) is not.
 */
#include "sim/report/record.h"

#include <stdio.h>
#include <stdlib.h>

struct sim_drill_record {
    uint32_t regions, moments, faults, notes, reigns, faults_cap, notes_cap, reigns_cap;
    uint64_t faults_dropped, notes_dropped, faults_end_us;
    uint64_t interval_us, next_us;
    char (*names)[RECORD_NAME_MAX];
    char item[RECORD_TEXT_MAX], counter[RECORD_NAME_MAX];
    sim_record_instant *instants;
    sim_record_sample *samples;
    sim_record_band *bands;
    sim_record_mark *marks;
    sim_record_reign *leaders;
};

static void copy_text(char *to, size_t cap, const char *from)
{
    snprintf(to, cap, "%s", from ? from : "");
}

sim_drill_record *sim_record_create(const char *const *names, uint32_t count)
{
    sim_drill_record *r = kd_alloc(sizeof *r);
    r->regions = count;
    r->interval_us = RECORD_INTERVAL_US;
    r->names = kd_alloc((count ? count : 1) * sizeof *r->names);
    for (uint32_t i = 0; i < count; i++) copy_text(r->names[i], sizeof r->names[i], names[i]);
    r->instants = kd_alloc(RECORD_MOMENTS_MAX * sizeof *r->instants);
    r->samples = kd_alloc((size_t)RECORD_MOMENTS_MAX * (count ? count : 1) * sizeof *r->samples);
    return r;
}

void sim_record_destroy(sim_drill_record *r)
{
    if (!r) return;
    free(r->names);
    free(r->instants);
    free(r->samples);
    free(r->bands);
    free(r->marks);
    free(r->leaders);
    free(r);
}

void sim_record_follow(sim_drill_record *r, const char *item, const char *counter)
{
    copy_text(r->item, sizeof r->item, item);
    copy_text(r->counter, sizeof r->counter, counter);
}

/* Every second moment goes; the first stays. */
static void thin(sim_drill_record *r)
{
    uint32_t kept = 0;
    for (uint32_t m = 0; m < r->moments; m += 2, kept++) {
        r->instants[kept] = r->instants[m];
        memmove(r->samples + (size_t)kept * r->regions, r->samples + (size_t)m * r->regions,
                r->regions * sizeof *r->samples);
    }
    r->moments = kept;
    r->interval_us *= 2;
}

void sim_record_moment(sim_drill_record *r, uint64_t now_us, uint64_t least, uint64_t most, uint64_t central,
                       const sim_record_sample *regions)
{
    KD_ASSERT(r->moments == 0 || now_us >= r->instants[r->moments - 1].at_us);
    if (r->moments == RECORD_MOMENTS_MAX) thin(r);
    r->instants[r->moments] = (sim_record_instant){now_us, least, most, central};
    if (r->regions)
        memcpy(r->samples + (size_t)r->moments * r->regions, regions, r->regions * sizeof *regions);
    r->moments++;
    r->next_us = now_us + r->interval_us;
}

uint64_t sim_record_next_us(const sim_drill_record *r)
{
    return r->next_us;
}

/* The line behind its "at 2m for 10m", since the band itself tells when. */
static const char *skip_timing(const char *what)
{
    static const char *const words[] = {"at ", "for "};
    for (size_t i = 0; i < KD_COUNT(words); i++) {
        if (strncmp(what, words[i], strlen(words[i])) != 0) continue;
        const char *value = what + strlen(words[i]);
        const char *end = strchr(value + strspn(value, " "), ' ');
        if (end) what = end + strspn(end, " ");
    }
    return what;
}

void sim_record_fault(sim_drill_record *r, uint64_t from_us, uint64_t to_us, const char *who,
                      const char *what)
{
    r->faults_end_us = KD_MAX(r->faults_end_us, KD_MAX(from_us, to_us));
    if (r->faults == RECORD_FAULTS_MAX) {
        r->faults_dropped++;
        return;
    }
    r->bands = kd_grow(r->bands, r->faults, &r->faults_cap, sizeof *r->bands);
    uint32_t at = r->faults++;
    for (; at > 0 && r->bands[at - 1].from_us > from_us; at--) r->bands[at] = r->bands[at - 1];
    r->bands[at] = (sim_record_band){.from_us = from_us, .to_us = KD_MAX(from_us, to_us)};
    copy_text(r->bands[at].who, sizeof r->bands[at].who, who);
    copy_text(r->bands[at].what, sizeof r->bands[at].what, skip_timing(what));
}

void sim_record_note(sim_drill_record *r, uint64_t now_us, const char *who, const char *text)
{
    if (r->notes == RECORD_NOTES_MAX) {
        r->notes_dropped++;
        return;
    }
    r->marks = kd_grow(r->marks, r->notes, &r->notes_cap, sizeof *r->marks);
    uint32_t at = r->notes++;
    for (; at > 0 && r->marks[at - 1].at_us > now_us; at--) r->marks[at] = r->marks[at - 1];
    r->marks[at] = (sim_record_mark){.at_us = now_us};
    copy_text(r->marks[at].who, sizeof r->marks[at].who, who);
    copy_text(r->marks[at].text, sizeof r->marks[at].text, text);
}

static const char *record_leader_now(const sim_drill_record *r, uint32_t partition)
{
    for (uint32_t i = r->reigns; i-- > 0;)
        if (r->leaders[i].partition == partition) return r->leaders[i].who;
    return NULL;
}

void sim_record_leader(sim_drill_record *r, uint64_t now_us, uint32_t partition, const char *who)
{
    const char *before = record_leader_now(r, partition);
    if (r->reigns == RECORD_REIGNS_MAX || (before && strcmp(before, who ? who : "") == 0)) return;
    r->leaders = kd_grow(r->leaders, r->reigns, &r->reigns_cap, sizeof *r->leaders);
    sim_record_reign *reign = &r->leaders[r->reigns++];
    *reign = (sim_record_reign){.from_us = now_us, .partition = partition};
    copy_text(reign->who, sizeof reign->who, who);
}

sim_record_view sim_record_look(const sim_drill_record *r)
{
    return (sim_record_view){.regions = r->regions,
                             .moments = r->moments,
                             .faults = r->faults,
                             .notes = r->notes,
                             .reigns = r->reigns,
                             .faults_dropped = r->faults_dropped,
                             .notes_dropped = r->notes_dropped,
                             .faults_end_us = r->faults_end_us,
                             .item = r->item,
                             .counter = r->counter,
                             .instants = r->instants,
                             .samples = r->samples,
                             .bands = r->bands,
                             .marks = r->marks,
                             .leaders = r->leaders};
}

const char *sim_record_region(const sim_drill_record *r, uint32_t region)
{
    KD_ASSERT(region < r->regions);
    return r->names[region];
}
