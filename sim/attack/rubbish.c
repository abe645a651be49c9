/* rubbish.c - see the header. */
#include "sim/attack/rubbish.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

enum { RECORDS_A_TICK = 20, NOISE_MAX = 2000, FLUSH_MS = 2000, CONNECT_MS = 5000 };

static const char *const topics[] = {"kudos.likes.v1", "kudos.counts.v1", "kudos.changes.v1",
                                     "kudos.milestones.v1"};

struct sim_rubbish {
    rd_kafka_t *producer; /* NULL: librdkafka refused the configuration */
    uint64_t random, taken;
    kd_buf record;
};

static void rubbish_on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
    sim_rubbish *r = arg;
    (void)rk;
    r->taken += m->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* A short attack would otherwise be over before its first record. A broker that does not answer is told by records that nobody takes. */
static void rubbish_connect(sim_rubbish *r)
{
    const struct rd_kafka_metadata *found;
    if (rd_kafka_metadata(r->producer, 1, NULL, &found, CONNECT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(found);
}

sim_rubbish *sim_rubbish_create(const char *brokers, uint64_t seed)
{
    char err[200];
    sim_rubbish *r = kd_alloc(sizeof *r);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    r->random = seed;
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_conf_set_dr_msg_cb(conf, rubbish_on_report);
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, err, sizeof err);
    rd_kafka_conf_set(conf, "allow.auto.create.topics", "false", err, sizeof err);
    r->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof err);
    if (!r->producer)
        rd_kafka_conf_destroy(conf);
    else
        rubbish_connect(r);
    return r;
}

void sim_rubbish_destroy(sim_rubbish *r)
{
    if (!r) return;
    if (r->producer) {
        rd_kafka_purge(r->producer, RD_KAFKA_PURGE_F_QUEUE);
        rd_kafka_flush(r->producer, FLUSH_MS);
        rd_kafka_destroy(r->producer);
    }
    kd_buf_finish(&r->record);
    free(r);
}

uint64_t sim_rubbish_taken(const sim_rubbish *r)
{
    return r->taken;
}

static void rubbish_noise(uint64_t *random, kd_buf *out)
{
    for (uint64_t left = kd_random_next(random) % NOISE_MAX; left > 0; left--)
        kd_buf_put_u8(out, (uint8_t)kd_random_next(random));
}

/* Beginnings that a decoder goes into: lengths that nothing follows, depth, versions of the future. */
void sim_rubbish_record(uint64_t *random, kd_buf *out)
{
    static const uint8_t deep[] = {0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91,
                                   0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91,
                                   0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91};
    static const struct {
        uint8_t bytes[8];
        uint8_t len;
    } heads[] = {{{0}, 0},
                 {{0xdd, 0xff, 0xff, 0xff, 0xff}, 5},
                 {{0xdf, 0x08, 0x00, 0x00, 0x00}, 5},
                 {{0xc6, 0xff, 0xff, 0xff, 0xff}, 5},
                 {{0x9a, 0xcd, 0xff, 0xff}, 4},
                 {{0x9a, 0x01, 0xcf}, 3},
                 {{0x9a, 0x01, 0xa1, 'x'}, 4},
                 {{0x81, 0xa1, 'v', 0x01}, 4}};
    uint64_t kind = kd_random_next(random) % (KD_COUNT(heads) + 1);
    if (kind == KD_COUNT(heads))
        kd_buf_put(out, deep, sizeof deep);
    else
        kd_buf_put(out, heads[kind].bytes, heads[kind].len);
    rubbish_noise(random, out);
}

void sim_rubbish_tick(sim_rubbish *r)
{
    if (!r->producer) return;
    for (uint32_t i = 0; i < RECORDS_A_TICK * KD_COUNT(topics); i++) {
        kd_buf_clear(&r->record);
        sim_rubbish_record(&r->random, &r->record);
        rd_kafka_producev(r->producer, RD_KAFKA_V_TOPIC(topics[i % KD_COUNT(topics)]),
                          RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
                          RD_KAFKA_V_VALUE(r->record.data, r->record.len),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    }
    rd_kafka_poll(r->producer, 0);
}
