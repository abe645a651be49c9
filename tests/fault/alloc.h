/*
 * alloc.h - allocations that fail, and what a run had made lasting by then.
 *
 * malloc, calloc and realloc of our own code are wrapped by the linker. A subject is run once whole, which gives its story: every group
 * that was written, every answer that was released, every record that was published, in order. Then it is run again in a child for each
 * allocation, which fails. A child ends whole, or by the named abort; its story, kept in memory that it shares, is then a beginning of
 * the whole one, byte by byte, and what goes on from there must come to the same end.
 */
#ifndef KUDOS_TESTS_FAULT_ALLOC_H
#define KUDOS_TESTS_FAULT_ALLOC_H

#include "kudos/store.h"
#include "sim/world/disk.h"

typedef enum { TOLD_GROUP = 'G', TOLD_ACK = 'A', TOLD_RECORD = 'R' } sim_told;

typedef struct {
    size_t len;
    uint8_t data[8 * 1024 * 1024]; /* told:1 length:be32 bytes, one after the other */
} story;

/* Allocation number n from now on fails, and all after it when `all`; 0: none does. */
void alloc_fail(uint64_t n, bool all);
uint64_t alloc_seen(void); /* since alloc_fail */

/* For subjects: what lasts from now on. No allocation of these fails or counts. */
void story_tell(story *s, sim_told what, kd_bytes bytes);
void story_write(story *s, sim_disk *disk, const kd_writes *group);
/* The next one from *at on; false at the end. */
bool story_next(const story *s, size_t *at, sim_told *what, kd_bytes *bytes);
/* The disk as its groups leave it. */
sim_disk *story_disk(const story *s);

typedef struct {
    const char *name;
    void (*run)(story *s);
    /* Opens what is there, does the rest of the work, and asserts the end that the whole run has. May be NULL. */
    void (*go_on)(const story *s);
} subject;

extern const subject edge_subject, central_subject, codec_subject;

#endif
