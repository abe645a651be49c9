/* membership_lines.h - what is known of the members, as lines for people. */
#ifndef KUDOS_CENTRAL_IO_MEMBERS_MEMBERSHIP_LINES_H
#define KUDOS_CENTRAL_IO_MEMBERS_MEMBERSHIP_LINES_H

#include "kudos/members.h"
#include "kudos/seeding.h"

/* Who knows which partitions this member copies from others; zero-initialised: none. */
typedef struct {
    void *arg;
    bool (*progress)(void *arg, uint32_t partition, kd_seed_progress *out);
} kd_members_seeding;

/*
 * Appends a line for each member, and one for each partition:
 *
 *     member name=central-1 url=http://central-1:8440 zone=a state=lives silent_ms=412
 *
 *     member partition=3 leader=central-1 epoch=17 read=812 wanted=2 followers=central-2:agreed:0,central-3:warms-up:40 here=follows
 *
 * `wanted`: copies that there should be besides the leader's, as the caller says. A follower's last number: the records by which it is behind the leader, each as of its last heartbeat. `here`: what the member that was asked does, and
 * why; behind it perhaps the member of which that speaks.
 * While the member that was asked copies the partition from another one ` seeding=43 from=central-2 rate=12582912` follows: percent, and bytes a second.
 */
void kd_membership_lines_write(const kd_members *m, uint32_t partitions, uint32_t wanted,
                               const kd_members_seeding *seeding, kd_buf *out);

#endif
