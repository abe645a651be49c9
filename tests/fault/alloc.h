/*
 * alloc.h - fails each allocation of a subject in turn, and checks that nothing that it had made lasting is wrong.
 *
 * The linker wraps malloc, calloc and realloc of our own code. A subject is run once without failure, which gives its story: every group of writes,
 * every released answer, every published record, in order. Then it is run again in a child for each allocation, and that allocation fails. The child
 * completes, or ends by the abort of kd_alloc. Its story, in memory shared with the parent, must be a prefix of the whole story, byte by byte, and a
 * run that goes on from there must come to the same end.
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

/* For subjects: appends to the story something that lasts from now on. Its own allocations neither fail nor count. */
void story_tell(story *s, sim_told what, kd_bytes bytes);
void story_write(story *s, sim_disk *disk, const kd_writes *group);
/* The next part of the story from *at on; false at the end. */
bool story_next(const story *s, size_t *at, sim_told *what, kd_bytes *bytes);
/* Applies the groups of writes of the story to an empty store. */
sim_disk *story_disk(const story *s);

typedef struct {
    const char *name;
    void (*run)(story *s);
    /* Opens the store that the story left, does the rest of the work, and asserts the same end as that of the whole run. May be NULL. */
    void (*go_on)(const story *s);
} subject;

extern const subject edge_subject, central_subject, codec_subject;

#endif
