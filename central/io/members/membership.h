/*
 * membership.h - this central as a member of a group: a thread that writes heartbeats into the members topic, reads those of the others, and tells the
 * workers what to lead and what to follow. What is decided is in kudos/members.h.
 *
 * A central alone (central.members = 1) leads everything by itself. It writes heartbeats as well, so that another one that was started by mistake with an
 * empty directory learns of it.
 */
#ifndef KUDOS_CENTRAL_IO_MEMBERS_MEMBERSHIP_H
#define KUDOS_CENTRAL_IO_MEMBERS_MEMBERSHIP_H

#include "central/io/members/membership_lines.h"
#include "central/io/worker/worker.h"
#include "common/json/json_writer.h"

typedef struct kd_membership kd_membership;

/* Takes nothing up yet. Borrows both until destroy. KD_OK, or KD_EIO with `error` and *m NULL. */
int kd_membership_create(kd_membership **m, const kd_central_settings *settings, kd_worker *workers,
                         char *error);
/* Starts the thread: when the workers' threads run. KD_OK or KD_EIO. */
int kd_membership_start(kd_membership *m);
/* From any thread, once: the members topic is there. */
void kd_membership_begin(kd_membership *m);
/* From a worker's thread: what it has of a partition now. */
void kd_membership_hold(kd_membership *m, uint32_t partition, const kd_members_own *own);
/* From any thread: the next heartbeat is due at once, with those changes that come in the same moment. */
void kd_membership_tell_soon(kd_membership *m);
/* From any thread: this member stops, and takes nothing over any more. */
void kd_membership_leave(kd_membership *m);
/* From any thread, once: it has let go of its partitions, which the others may take. `parted` is called on the member's thread when they are told, or
 * a second later; at once where there is nobody to tell. */
void kd_membership_part(kd_membership *m, void (*parted)(void *arg), void *arg);
/* Ends the thread. NULL is fine; the second time it does nothing. */
void kd_membership_stop(kd_membership *m);
/* When no worker runs any more. Stops the thread first. NULL is fine. */
void kd_membership_destroy(kd_membership *m);

/* From any thread: for kd_keeper_events.alone. */
int kd_membership_alone(kd_membership *m, char *who, size_t size);
/* From any thread. The URL of the living member that leads a partition, in place of what *url holds; false: nobody is known to, or it told no URL. */
bool kd_membership_leader(kd_membership *m, uint32_t partition, kd_buf *url);
/* A living member that leads a partition, or agrees with its leader. */
typedef struct {
    char name[KD_NAME_MAX + 1], url[KD_MEMBER_URL_MAX + 1];
    bool leads;
} kd_member_source;
/* From any thread. Other members that have the state of the partition and told a URL, into `out` of KD_MEMBERS_MAX: how many. */
uint32_t kd_membership_sources(kd_membership *m, uint32_t partition, kd_member_source *out);
/* From any thread: whether heartbeats are believed by their MAC alone, so that the URLs in them are those of members. */
bool kd_membership_proven(const kd_membership *m);
/* From any thread: whether this member leads the partition, as far as it was told. */
bool kd_membership_leads(kd_membership *m, uint32_t partition);
/* From any thread: puts into an object "urls", those of the other members that live and told one, with blanks between, and "proven": 1 where heartbeats are
 * believed by their MAC alone, so that these URLs are those of members. NULL: of a central alone, no URL. */
void kd_membership_put_urls(kd_membership *m, kd_json *j);
/* From any thread: why this member is not ready, static; NULL: it is. */
const char *kd_membership_unready(kd_membership *m);
/* From any thread: appends a line for each partition, for `kudos-central members`. */
void kd_membership_lines(kd_membership *m, kd_buf *out);
/* Before the start: of whom this member copies partitions, for these lines. */
void kd_membership_set_seeding(kd_membership *m, const kd_members_seeding *seeding);

typedef struct {
    uint64_t living, leads, follows, leaderless;
    uint64_t takeovers[KD_WHY_COUNT]; /* attempts to lead, by reason */
    uint64_t handovers;
    bool hears_itself;
} kd_membership_counts;
/* From any thread. */
kd_membership_counts kd_membership_count(kd_membership *m);

#endif
