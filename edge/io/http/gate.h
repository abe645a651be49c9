/*
 * gate.h - what a user may still do: the limits that the operations of one request meet before a shard works on them, and what the answer says of them.
 *
 *     kd_gate_open -> kd_gate_ask, or kd_gate_again for a retry -> the operations that fit are worked on -> kd_gate_settle -> kd_gate_fields, answer
 *
 * Operations fit in their order: behind the first that does not fit none is let through, so that a number tells what was. An operation that fits counts at
 * once. When the request ends, what turned out to be a retry or was not taken is given back. Operations of a visitor meet the limit of its address, too.
 *
 * Embedded in a request's memory; on the shard where the request came.
 */
#ifndef KUDOS_EDGE_IO_HTTP_GATE_H
#define KUDOS_EDGE_IO_HTTP_GATE_H

#include "common/io/jwt/jwt_bearer.h"
#include "edge/io/shard/shard.h"

/* Limits that one answer tells of. A batch over collections with more limits of their own meets them all, but its answer tells the first ones. */
enum { KD_GATE_TOLD = 4, KD_GATE_FIELDS = 2, KD_GATE_TEXT = KD_GATE_TOLD * KD_LIMIT_POLICY };

/* Values of the fields of one answer. */
typedef struct {
    char policy[KD_GATE_TEXT], state[KD_GATE_TEXT];
} kd_gate_text;

/* A limit that the answer tells of, and who is counted under it. */
typedef struct {
    const kd_limit *limit;
    uint64_t key;
} kd_gate_told;

typedef struct kd_gate kd_gate;
struct kd_gate {
    /* The caller sets these three. */
    kd_bytes (*item)(const kd_gate *g, uint32_t index); /* key of the operation's item */
    /* At the end: the operation was taken by this request, and counts. */
    bool (*counts)(const kd_gate *g, uint32_t index);
    uint32_t count; /* of operations, at least 1 */
    /* The gate's own. */
    kd_shard_limits *limits; /* held; NULL: nothing is limited */
    kd_bytes user;
    kd_bytes address; /* a visitor's, as limits count it; empty: a user */
    uint64_t at_us;   /* when they were counted; 0: they were not */
    uint32_t fits;
    uint32_t told_count;
    kd_gate_told told[KD_GATE_TOLD];
    uint64_t wait_us;   /* until one more fits, if fits < count */
    const char *detail; /* why not all fit */
};

/* Operations of `who` by this request, with which the views end. Of an account without limits nothing is asked or counted. */
void kd_gate_open(kd_gate *g, kd_shard *s, const kd_bearer *who, const kd_http_request *req);
/* In place of kd_gate_open and kd_gate_ask, for a request that wants a visitor's token instead of operations. False: its address was given as many as
 * the limit allows. */
bool kd_gate_visitor(kd_gate *g, kd_shard *s, const kd_http_request *req);
/* How many operations, from the first on, may be worked on. They are counted. now_us is monotonic, or a moment behind. */
uint32_t kd_gate_ask(kd_gate *g, kd_shard *s, uint64_t now_us);
/* A retry, of which `fits` operations were let through the first time (0: all): returns their number, and counts nothing. */
uint32_t kd_gate_again(kd_gate *g, kd_shard *s, uint32_t fits);
/* The operations are done, or will not be: `counts` tells which. */
void kd_gate_settle(kd_gate *g, kd_shard *s);
/* RateLimit-Policy and RateLimit, as things stand at now_us, with their values in *text. Returns how many fields that are: none without a limit. */
size_t kd_gate_fields(const kd_gate *g, kd_shard *s, uint64_t now_us, kd_gate_text *text,
                      kd_http_field out[KD_GATE_FIELDS]);
/* Whole seconds until one more fits, at least 1. */
uint32_t kd_gate_retry_after(const kd_gate *g);
/* Writes the error of an operation that did not fit, as the value of a key. */
void kd_gate_write_error(const kd_gate *g, kd_json *j);
/* Nothing fitted: closes the gate and answers 429. */
void kd_gate_refuse(kd_gate *g, kd_shard *s, kd_http_request *req);
/* Lets go of the limits, when the gate is not used any more and before its request is answered. Again does nothing. */
void kd_gate_close(kd_gate *g);

#endif
