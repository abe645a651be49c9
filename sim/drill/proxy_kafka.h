/*
 * proxy_kafka.h - makes a broker's answers name the proxy's ports instead of the brokers' own.
 *
 * Kafka tells clients where its brokers are (Metadata, FindCoordinator) as a length-prefixed host followed by the port as a big-endian
 * int32, in every version of these answers. All brokers of a drill are at 127.0.0.1, so exchanging the port behind these nine bytes keeps
 * every length, and nothing else of the protocol needs to be understood. A match may be cut in two by a read: its beginning is held
 * back, but never beyond the end of an answer (each is preceded by its size), since the next one may be long in coming.
 *
 * And, when asked to, makes the broker's answer to one Produce request an error after which librdkafka's idempotent producer is dead. Pure.
 */
#ifndef KUDOS_SIM_DRILL_PROXY_KAFKA_H
#define KUDOS_SIM_DRILL_PROXY_KAFKA_H

#include "kudos/base.h"

enum {
    PROXY_KAFKA_BROKERS_MAX = 9,
    PROXY_KAFKA_HOST_LEN = 9,
    PROXY_KAFKA_MATCH = PROXY_KAFKA_HOST_LEN + 4,
    PROXY_KAFKA_BEGIN = 10,
    PROXY_KAFKA_CALLS_MAX = 64
};

/* Port `from` (a broker's) is told as `to`. May change while streams run. */
typedef struct {
    uint32_t count;
    struct {
        uint16_t from, to;
    } at[PROXY_KAFKA_BROKERS_MAX];
} sim_proxy_kafka_table;

/* The Produce requests of one connection that wait for their answers; zero-initialise. While `fence` is true, the next answer is changed to say that
 * the first batch of its request was out of order. The producer is dead then, but the batch is in the log all the same. The stream clears `fence`
 * when it has changed the answer. */
typedef struct {
    uint32_t id[PROXY_KAFKA_CALLS_MAX]; /* correlation ids, oldest first */
    uint32_t count;
    bool fence;
} sim_proxy_kafka_calls;

/* One direction of one connection. Zero-initialise, then set `calls` and `table`. The table is used in the direction from the broker only. */
typedef struct {
    const sim_proxy_kafka_table *table;
    sim_proxy_kafka_calls *calls;     /* NULL: Produce requests are not followed */
    uint8_t begin[PROXY_KAFKA_BEGIN]; /* first bytes of the request or answer under way, without its size */
    bool fencing;                     /* the answer under way is the one that `fence` asked to change */
    uint32_t error_at;                /* offset of the first batch's error code in the answer under way */
    uint32_t head_len;                /* bytes of `size` that were seen, up to 4 */
    uint32_t head;                    /* value of these bytes so far */
    uint32_t size;                    /* of the request or answer under way */
    uint64_t left;                    /* bytes of the request or answer that are still to come */
    uint32_t held_len;                /* held back: what may be the beginning of a match */
    uint8_t held[PROXY_KAFKA_MATCH];
} sim_proxy_kafka_stream;

/* Bytes from a broker: appends them to *out, ports exchanged. Up to PROXY_KAFKA_MATCH - 1 bytes, which may begin a match, are held until the next
 * call. */
void sim_proxy_kafka_pass(sim_proxy_kafka_stream *s, kd_bytes in, kd_buf *out);
/* Bytes to a broker, which the caller passes on unchanged: notes the ids of Produce requests in s->calls. */
void sim_proxy_kafka_asked(sim_proxy_kafka_stream *s, kd_bytes in);

#endif
