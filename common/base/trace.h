/*
 * trace.h - the trace that a request belongs to: the field `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/). Pure.
 *
 *     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *        trace id (32 hex digits)         parent id (16)   flags
 */
#ifndef KUDOS_COMMON_BASE_TRACE_H
#define KUDOS_COMMON_BASE_TRACE_H

#include "kudos/base.h"

enum { KD_TRACE_TEXT = 55, KD_TRACE_ID_TEXT = 32, KD_TRACE_PARENT_TEXT = 16 };

/* Zero-initialised: no trace. */
typedef struct {
    uint8_t id[16], parent[8]; /* not all 0 while `known` */
    uint8_t flags;             /* bit 0: sampled; bit 1: the id is random; others are 0 */
    bool known;
} kd_trace;

/* Reads the value of a field. False, and *t is no trace, when the value is not valid: then the request counts as one without a trace. A version above
 * 00 is read by the rules of 00, as the specification asks; of the flags those are kept that are defined. */
bool kd_trace_parse(kd_bytes value, kd_trace *t);
/* The same trace for the next hop: with a parent id made of `random`. No trace stays none. */
kd_trace kd_trace_child(const kd_trace *t, uint64_t random);
/* Writes the field's value, without a NUL. *t must be known. */
void kd_trace_text(const kd_trace *t, char out[KD_TRACE_TEXT]);

#endif
