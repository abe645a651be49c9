/*
 * trace.h - the lines that tell a run, and their digest. A line costs as much whether it is kept or not, so a
 * run does not change when somebody looks.
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

void sim_trace_init(sim_trace *t, FILE *file);
void sim_trace_finish(sim_trace *t, uint8_t sha256[32]);
/*
 * One line: the time in microseconds, then the text with each % replaced by the next argument:
 *     %s text (const char *)   %u uint32_t   %l uint64_t   %d int64_t   %x uint64_t in hexadecimal   %b kd_bytes as text
 */
void sim_trace_line(sim_trace *t, uint64_t at_us, const char *format, ...);

#endif
