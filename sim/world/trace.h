/*
 * trace.h - the lines of a run, and their SHA-256, by which two runs are compared. Lines are made and hashed whether or not a file gets them.
 */
#ifndef KUDOS_SIM_WORLD_TRACE_H
#define KUDOS_SIM_WORLD_TRACE_H

#include <openssl/evp.h>
#include <stdio.h>

#include "kudos/base.h"

typedef struct {
    EVP_MD_CTX *sha;
    FILE *file; /* NULL: only the digest */
    uint32_t len;
    char buf[32768];
} sim_trace;

/* `file` gets the lines, NULL: nobody; it stays the caller's. */
void sim_trace_init(sim_trace *t, FILE *file);
/* Writes out what is buffered and gives the digest of all lines. */
void sim_trace_finish(sim_trace *t, uint8_t sha256[32]);
/*
 * One line: the time in microseconds, then the text with each % replaced by the next argument:
 *     %s text (const char *)   %u uint32_t   %l uint64_t   %d int64_t   %x uint64_t in hexadecimal   %b kd_bytes as text
 * Beyond 960 bytes a line is cut off.
 */
void sim_trace_line(sim_trace *t, uint64_t at_us, const char *format, ...);

#endif
