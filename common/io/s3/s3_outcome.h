/* s3_outcome.h - what the end of an attempt means: done, worth another attempt, or refused. */
#ifndef KUDOS_COMMON_IO_S3_S3_OUTCOME_H
#define KUDOS_COMMON_IO_S3_S3_OUTCOME_H

#include "kudos/base.h"

typedef struct {
    int curl;          /* a CURLcode */
    const char *fault; /* libcurl's own words, or empty */
    long status;       /* of HTTP; 0: there was no answer */
    kd_bytes text;     /* of the answer */
} kd_s3_outcome;

/* KD_OK; or an error as kd_s3_ask, with `why`. *passing: another attempt may succeed. */
int kd_s3_judge(const kd_s3_outcome *outcome, bool *passing, char *why, size_t size);

#endif
