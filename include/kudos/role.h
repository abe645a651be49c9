/* role.h - what a member of a group does next with a partition that it follows, so as to come to what is wished (kudos/members.h). Pure; worker_roles.c obeys. */
#ifndef KUDOS_ROLE_H
#define KUDOS_ROLE_H

#include "kudos/members.h"

typedef struct {
    kd_wish wish;
    bool looking;   /* the log position of its store is being checked */
    bool looked_at; /* it was checked, and the partition is being read */
    bool waits;     /* a record of a newer program was read */
    bool anew;      /* its store has lost its way, and can be made from the log */
    bool quiet;     /* no commit is under way, and Kafka has reported every record */
    bool read_here; /* somebody reads the store beside the worker */
    bool halted;    /* records that come are passed over */
} kd_role_view;

typedef enum {
    KD_ROLE_STAYS,   /* it follows on */
    KD_ROLE_RESUMES, /* it follows on, and reads again from behind the last record that was fed: those that came while it was halted are missing */
    KD_ROLE_HALTS, /* a change waits until the partition is quiet: until then records that come are passed over */
    KD_ROLE_LEADS, /* the store is opened to lead */
    KD_ROLE_GOES,  /* the partition is let go of */
    KD_ROLE_ANEW,  /* the store is set aside, and another one begins with nothing */
} kd_role_step;

/* Of a halted partition it is never KD_ROLE_STAYS. */
kd_role_step kd_role_of_follower(const kd_role_view *v);

#endif
