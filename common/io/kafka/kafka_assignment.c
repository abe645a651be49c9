/*
 * kafka_assignment.c - see the header.
 *
 * Partitions are assigned by hand, from offsets that the owner stores: no group membership, no rebalance.
 */
#include "common/io/kafka/kafka_assignment.h"

#include <stdlib.h>

#include "kudos/limits.h"

/* --- the table --- */

kd_kafka_partition *kd_kafka_partition_of(const kd_kafka_consumer *c, uint32_t topic, uint32_t partition)
{
    if (topic >= c->topic_count || partition >= c->topics[topic].count) return NULL;
    kd_kafka_partition *s = &c->topics[topic].parts[partition];
    return s->assigned ? s : NULL;
}

uint32_t kd_kafka_topic_by_name(const kd_kafka_consumer *c, const char *name)
{
    uint32_t i = 0;
    while (i < c->topic_count && strcmp(c->topics[i].name, name) != 0) i++;
    return i;
}

void kd_kafka_assignment_init(kd_kafka_consumer *c, const char *const *topics, size_t n)
{
    c->topics = kd_alloc(n * sizeof(*c->topics));
    c->topic_count = n;
    for (size_t i = 0; i < n; i++) c->topics[i].name = kd_dup(kd_bytes_of(topics[i], strlen(topics[i]) + 1));
}

void kd_kafka_assignment_open(kd_kafka_consumer *c)
{
    for (size_t i = 0; i < c->topic_count; i++) {
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(c->rk);
        /* The index rides along as the topic's opaque, one higher so that it is not NULL. */
        rd_kafka_topic_conf_set_opaque(conf, (void *)(uintptr_t)(i + 1));
        c->topics[i].handle = rd_kafka_topic_new(c->rk, c->topics[i].name, conf);
    }
}

uint32_t kd_kafka_topic_of(const rd_kafka_message_t *m)
{
    return (uint32_t)(uintptr_t)rd_kafka_topic_opaque(m->rkt) - 1;
}

/* The state of a partition that start_valid has seen, whether it is assigned or not. May move the others. */
static kd_kafka_partition *state_make(kd_kafka_consumer *c, const kd_kafka_start *start)
{
    kd_kafka_assigned *t = &c->topics[start->topic];
    if (start->partition >= t->count) {
        uint32_t count = start->partition + 1;
        t->parts = kd_realloc(t->parts, count * sizeof(*t->parts));
        memset(t->parts + t->count, 0, (count - t->count) * sizeof(*t->parts));
        t->count = count;
    }
    return &t->parts[start->partition];
}

static void unassign_all(kd_kafka_consumer *c)
{
    for (size_t t = 0; t < c->topic_count; t++) {
        free(c->topics[t].parts);
        c->topics[t].parts = NULL;
        c->topics[t].count = 0;
    }
}

void kd_kafka_assignment_finish(kd_kafka_consumer *c)
{
    unassign_all(c);
    for (size_t i = 0; i < c->topic_count; i++) {
        if (c->topics[i].handle) rd_kafka_topic_destroy(c->topics[i].handle);
        free(c->topics[i].name);
    }
    free(c->topics);
}

/* --- from where to go on --- */

static bool start_valid(const kd_kafka_consumer *c, const kd_kafka_start *s)
{
    return s->topic < c->topic_count && s->partition < KD_PARTITIONS_MAX && s->offset >= KD_KAFKA_BEGINNING;
}

static int64_t native_offset(int64_t offset)
{
    if (offset == KD_KAFKA_BEGINNING) return RD_KAFKA_OFFSET_BEGINNING;
    return offset == KD_KAFKA_END ? RD_KAFKA_OFFSET_END : offset;
}

static void list_add(const kd_kafka_consumer *c, rd_kafka_topic_partition_list_t *list,
                     const kd_kafka_start *s)
{
    const char *name = c->topics[s->topic].name;
    rd_kafka_topic_partition_list_add(list, name, (int32_t)s->partition)->offset = native_offset(s->offset);
}

int kd_kafka_consumer_assign(kd_kafka_consumer *c, const kd_kafka_start *starts, size_t n)
{
    int err = KD_OK;
    unassign_all(c);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n && err == KD_OK; i++) {
        kd_kafka_partition *s = start_valid(c, &starts[i]) ? state_make(c, &starts[i]) : NULL;
        if (!s || s->assigned) {
            err = KD_EINVAL;
            break;
        }
        *s = (kd_kafka_partition){.assigned = true};
        list_add(c, list, &starts[i]);
    }
    if (err == KD_OK && rd_kafka_assign(c->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR) err = KD_EIO;
    if (err != KD_OK) {
        unassign_all(c);
        rd_kafka_assign(c->rk, NULL);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

/* The incremental calls leave the other partitions alone: their fetched records are not fetched again. */
static int reassign_one(kd_kafka_consumer *c, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_error_t *e = rd_kafka_incremental_unassign(c->rk, list);
    if (!e) e = rd_kafka_incremental_assign(c->rk, list);
    if (!e) return KD_OK;
    if (c->log) c->log(c->log_arg, 3, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return KD_EIO;
}

int kd_kafka_consumer_add(kd_kafka_consumer *c, const kd_kafka_start *start)
{
    kd_kafka_partition *s = start_valid(c, start) ? state_make(c, start) : NULL;
    if (!s || s->assigned) return KD_EINVAL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    list_add(c, list, start);
    rd_kafka_error_t *e = rd_kafka_incremental_assign(c->rk, list);
    *s = (kd_kafka_partition){.assigned = !e};
    rd_kafka_topic_partition_list_destroy(list);
    if (!e) return KD_OK;
    rd_kafka_error_destroy(e);
    return KD_EIO;
}

void kd_kafka_consumer_remove(kd_kafka_consumer *c, uint32_t topic, uint32_t partition)
{
    const kd_kafka_start start = {topic, partition, 0};
    kd_kafka_partition *s = kd_kafka_partition_of(c, topic, partition);
    if (!s) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    list_add(c, list, &start);
    rd_kafka_error_t *e = rd_kafka_incremental_unassign(c->rk, list);
    if (e) rd_kafka_error_destroy(e); /* it was not assigned there */
    *s = (kd_kafka_partition){.assigned = false};
    rd_kafka_topic_partition_list_destroy(list);
}

/* By taking the partition away and giving it back: rd_kafka_seek refuses a partition whose fetcher an error has stopped. librdkafka drops what it
 * fetched for the old assignment, so nothing from before is delivered. */
static int go_on_at(kd_kafka_consumer *c, kd_kafka_partition *s, const kd_kafka_start *start)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    list_add(c, list, start);
    int err = reassign_one(c, list);
    s->stopped = err != KD_OK;
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

int kd_kafka_consumer_seek(kd_kafka_consumer *c, const kd_kafka_start *start)
{
    kd_kafka_partition *s = kd_kafka_partition_of(c, start->topic, start->partition);
    if (!s || !start_valid(c, start)) return KD_EINVAL;
    s->damaged_tries = 0;
    return go_on_at(c, s, start);
}

/* Where to go on behind a damaged record. A broker answers with whole batches, and of a damaged one only the first offset is known, not its length: a
 * step into it would fetch it again. So the steps double with each try. The log's end, as the last fetch told it, bounds them: beyond it nothing
 * would come. */
static int64_t offset_behind(const kd_kafka_consumer *c, const kd_kafka_start *at, uint32_t tries)
{
    int64_t low, high, next = at->offset + (1ll << KD_MIN(tries - 1, 40u));
    const char *name = c->topics[at->topic].name;
    bool known = rd_kafka_get_watermark_offsets(c->rk, name, (int32_t)at->partition, &low, &high) == 0;
    if (!known || high <= at->offset) return KD_KAFKA_END;
    return KD_MIN(next, high);
}

int kd_kafka_consumer_step_over(kd_kafka_consumer *c, const kd_kafka_start *damaged)
{
    kd_kafka_partition *s = kd_kafka_partition_of(c, damaged->topic, damaged->partition);
    if (!s || damaged->offset < 0) return KD_EINVAL;
    if (s->damaged_at != damaged->offset) s->damaged_tries = 0;
    s->damaged_at = damaged->offset;
    kd_kafka_start next = *damaged;
    /* The first try reads the record itself again: it may have been damaged on its way here only. */
    if (s->damaged_tries > 0) next.offset = offset_behind(c, damaged, s->damaged_tries);
    s->damaged_tries++;
    return go_on_at(c, s, &next);
}
