/*
 * feed - records for central from a tiny text form, for test_central.py. One command a line on standard input, one line of
 * answer each on standard output ("ok ..." or "error ..."), so that a test can run it as a companion.
 *
 *   feed BROKERS PARTITIONS LIKES COUNTS CHANGES [PROPERTIES-FILE]
 *
 *   where ITEM                                   its partition
 *   batch PARTITION EDGE REGION INC SEQ AINC ASEQ COMPLETE_TO   begins a batch; no answer
 *     like|unlike ITEM USER COUNTER TIME_US                     no answer
 *     sum ITEM COUNTER AMOUNT DAY                               no answer
 *   end [hold]                                   produces it, waits: digest of the body. hold: only makes it known
 *   again                                        produces the last batch once more
 *   raw PARTITION HEX                            produces these bytes as they are
 *   claim PARTITION EPOCH NAME                   produces a claim
 *   snapshot PARTITION EPOCH VERSION ITEM COUNTER COUNT   produces a snapshot that follows the version before
 *   keys FILE EDGE|central                       from here on records are signed by the keys of that file; keys none: not
 *   read likes|counts|changes PARTITION FROM     what is there from that offset: N lines of records, then "ok N"
 *
 * The digest of `after` is that of the batch of this edge and position that was made here before, else 0.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka.h"
#include "kudos/wire.h"

enum { WAIT_S = 20, READ_MS = 5000, MADE_MAX = 4096, LINE_MAX_ = 4096 };

typedef struct {
    char edge[KD_NAME_MAX + 1];
    uint32_t partition;
    kd_position at;
    uint64_t digest;
} made;

static kd_kafka_producer *producer;
static kd_record_keys *keys;
static const char *brokers, *properties;
static kd_kafka_reader *reader;
static struct event_base *base;
static struct event *deadline;
static const char *topics[3];
static uint32_t partitions;
static made batches[MADE_MAX];
static size_t made_count;
static kd_body body;
static uint32_t op_cap, sum_cap;
static kd_batch batch;
static char names[2][KD_NAME_MAX + 1];
static uint32_t batch_partition;
static kd_buf encoded, record, found;
static int fate;

static void complain(const char *text)
{
    printf("error %s\n", text);
}

static void delivered(void *arg, void *opaque, bool ok)
{
    (void)arg;
    (void)opaque;
    fate = ok ? 1 : -1;
    event_base_loopbreak(base);
}

static void too_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    event_base_loopbreak(base);
}

static bool produce_to(size_t topic, uint32_t partition, kd_bytes value)
{
    const struct timeval limit = {.tv_sec = WAIT_S};
    fate = 0;
    if (kd_kafka_produce(producer, topic, partition, value, NULL) != KD_OK) return false;
    event_add(deadline, &limit);
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
    event_del(deadline);
    return fate == 1;
}

static bool produce(uint32_t partition, kd_bytes value)
{
    return produce_to(0, partition, value);
}

/* Of the present batch: items and users, which its operations point to. */
static void **kept;
static uint32_t kept_count, kept_cap;

static void *keep(void *it)
{
    kept = kd_grow(kept, kept_count, &kept_cap, sizeof(*kept));
    return kept[kept_count++] = it;
}

static void let_go(void)
{
    while (kept_count > 0) free(kept[--kept_count]);
}

static kd_item *item_of(const char *text)
{
    kd_item *item = keep(kd_alloc(sizeof(*item)));
    if (kd_item_parse(item, kd_bytes_str(text)) != KD_OK) return NULL;
    return item;
}

static kd_bytes user_of(const char *text)
{
    return kd_bytes_of(keep(kd_dup(kd_bytes_str(text))), strlen(text));
}

static uint64_t digest_of(const char *edge, uint32_t partition, kd_position at)
{
    for (size_t i = made_count; i-- > 0;)
        if (strcmp(batches[i].edge, edge) == 0 && batches[i].partition == partition &&
            kd_position_cmp(batches[i].at, at) == 0)
            return batches[i].digest;
    return 0;
}

static void begin_batch(const char *line)
{
    body.op_count = body.sum_count = 0;
    let_go();
    batch = (kd_batch){.sent_us = 1};
    int n = sscanf(line, "batch %u %32s %32s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &batch_partition, names[0], names[1], &batch.at.incarnation, &batch.at.seq,
                   &batch.after.incarnation, &batch.after.seq, &batch.complete_to_us);
    if (n != 8) complain("batch");
    batch.edge = kd_bytes_str(names[0]);
    batch.region = kd_bytes_str(names[1]);
    batch.after_digest = digest_of(names[0], batch_partition, batch.after);
}

static void add_op(const char *line, bool liked)
{
    char item[256], user[160];
    unsigned counter;
    uint64_t time_us;
    kd_item *key;
    if (sscanf(line, "%*s %255s %159s %u %" SCNu64, item, user, &counter, &time_us) != 4 ||
        !(key = item_of(item))) {
        complain("operation");
        return;
    }
    body.ops = kd_grow(body.ops, body.op_count, &op_cap, sizeof(kd_op));
    body.ops[body.op_count++] = (kd_op){kd_item_key(key), user_of(user), time_us, (uint8_t)counter, liked};
}

static void add_sum(const char *line)
{
    char item[256];
    unsigned counter, day;
    uint64_t amount;
    kd_item *key;
    if (sscanf(line, "%*s %255s %u %" SCNu64 " %u", item, &counter, &amount, &day) != 4 ||
        !(key = item_of(item))) {
        complain("sum");
        return;
    }
    body.sums = kd_grow(body.sums, body.sum_count, &sum_cap, sizeof(kd_sum));
    body.sums[body.sum_count++] = (kd_sum){kd_item_key(key), amount, day, (uint8_t)counter};
}

static void end_batch(bool hold)
{
    kd_buf_clear(&encoded);
    kd_buf_clear(&record);
    kd_body_encode(&body, &encoded);
    batch.body = kd_buf_view(&encoded);
    batch.digest = kd_body_digest(batch.body);
    kd_batch_encode(&batch, &record);
    KD_ASSERT(made_count < MADE_MAX);
    made *m = &batches[made_count++];
    *m = (made){.partition = batch_partition, .at = batch.at, .digest = batch.digest};
    memcpy(m->edge, names[0], sizeof(m->edge));
    if (hold || produce(batch_partition, kd_buf_view(&record)))
        printf("ok %" PRIu64 "\n", batch.digest);
    else
        complain("not delivered");
}

static void answer_produced(uint32_t partition, kd_bytes value)
{
    if (produce(partition, value))
        printf("ok\n");
    else
        complain("not delivered");
}

static void raw(const char *line)
{
    unsigned partition, byte;
    int at = 0;
    kd_buf bytes = {.data = NULL};
    if (sscanf(line, "raw %u %n", &partition, &at) != 1) complain("raw");
    for (const char *p = line + at; sscanf(p, "%2x", &byte) == 1; p += 2)
        kd_buf_put_u8(&bytes, (uint8_t)byte);
    answer_produced(partition, kd_buf_view(&bytes));
    kd_buf_finish(&bytes);
}

static void claim(const char *line)
{
    unsigned partition;
    char name[KD_NAME_MAX + 1];
    kd_claim c = {.at_us = 1};
    if (sscanf(line, "claim %u %" SCNu64 " %32s", &partition, &c.epoch, name) != 3) complain("claim");
    c.central = kd_bytes_str(name);
    kd_buf_clear(&record);
    kd_claim_encode(&c, &record);
    answer_produced(partition, kd_buf_view(&record));
}

static void snapshot(const char *line)
{
    kd_snapshot s = {.kind = KD_SNAPSHOT_DELTA, .made_us = 1, .parts = 1, .item_count = 1};
    kd_item_counts counts = {.count = 1};
    char text[256];
    unsigned counter;
    kd_item *item;
    if (sscanf(line, "snapshot %u %" SCNu64 " %" SCNu64 " %255s %u %" SCNu64, &s.partition, &s.epoch,
               &s.version, text, &counter, &counts.at[0].value) != 6 ||
        !(item = item_of(text)))
        return complain("snapshot");
    counts.item = kd_item_key(item);
    counts.at[0].counter = (uint8_t)counter;
    s.previous = s.version - 1;
    s.items = &counts;
    kd_buf_clear(&record);
    kd_snapshot_encode(&s, &record);
    if (produce_to(1, s.partition, kd_buf_view(&record)))
        printf("ok\n");
    else
        complain("not delivered");
}

static int make_producer(char *error, size_t size)
{
    const kd_kafka_producer_events events = {.delivered = delivered};
    const kd_kafka_config config = {
        .brokers = brokers, .client_id = "feed", .linger_ms = 1, .properties_file = properties, .keys = keys};
    return kd_kafka_producer_create(&producer, base, &config, topics, 3, &events, error, size);
}

static void use_keys(const char *line)
{
    char path[1024], edge[KD_NAME_MAX + 1] = "", error[512] = "";
    int n = sscanf(line, "keys %1023s %32s", path, edge), err = n >= 1 ? KD_OK : KD_EINVAL;
    kd_kafka_producer_destroy(producer, 1000);
    producer = NULL;
    kd_record_keys_destroy(keys);
    keys = NULL;
    if (n == 2)
        err = kd_record_keys_create(&keys, path, strcmp(edge, "central") == 0 ? NULL : edge, error,
                                    sizeof(error));
    if (make_producer(error, sizeof(error)) != KD_OK || err != KD_OK) return complain(error);
    printf("ok\n");
}

static void print_snapshot(kd_bytes value)
{
    kd_snapshot s;
    char item[KD_ITEM_KEY_MAX];
    if (kd_snapshot_decode(value, &s) != KD_OK) return (void)printf("undecodable\n");
    printf("{\"kind\":\"snapshot\",\"partition\":%u,\"epoch\":%" PRIu64 ",\"version\":%" PRIu64
           ",\"previous\":%" PRIu64 ",\"low_watermark_us\":%" PRIu64 ",\"part\":%u,\"parts\":%u,\"edges\":{",
           s.partition, s.epoch, s.version, s.previous, s.low_watermark_us, s.part, s.parts);
    for (uint32_t i = 0; i < s.edge_count; i++)
        printf("%s\"%.*s\":[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", (int)s.edges[i].edge.len,
               (const char *)s.edges[i].edge.data, s.edges[i].applied.incarnation, s.edges[i].applied.seq);
    printf("},\"items\":{");
    for (uint32_t i = 0; i < s.item_count; i++) {
        printf("%s\"%.*s\":{", i ? "," : "", (int)kd_key_text(s.items[i].item, item), item);
        for (uint8_t k = 0; k < s.items[i].count; k++)
            printf("%s\"%u\":%" PRIu64, k ? "," : "", s.items[i].at[k].counter, s.items[i].at[k].value);
        printf("}");
    }
    printf("}}\n");
    kd_snapshot_finish(&s);
}

static void print_changes(kd_bytes value)
{
    kd_changes c;
    char item[KD_ITEM_KEY_MAX];
    if (kd_changes_decode(value, &c) != KD_OK) return (void)printf("undecodable\n");
    printf("{\"kind\":\"changes\",\"version\":%" PRIu64 ",\"changes\":[", c.version);
    for (uint32_t i = 0; i < c.change_count; i++)
        printf("%s[\"%.*s\",\"%.*s\",%s]", i ? "," : "", (int)kd_key_text(c.changes[i].item, item), item,
               (int)c.changes[i].user.len, (const char *)c.changes[i].user.data,
               c.changes[i].liked ? "true" : "false");
    printf("],\"stamps\":[");
    for (uint32_t i = 0; i < c.change_count; i++)
        printf("%s[%u,%" PRIu64 ",\"%.*s\",%" PRIu64 "]", i ? "," : "", c.changes[i].counter,
               c.changes[i].time_us, (int)c.changes[i].edge.len, (const char *)c.changes[i].edge.data,
               c.changes[i].amount);
    printf("]}\n");
    kd_changes_finish(&c);
}

static void print_like(kd_bytes value)
{
    kd_claim c;
    if (kd_claim_decode(value, &c) == KD_OK)
        printf("{\"kind\":\"claim\",\"epoch\":%" PRIu64 ",\"central\":\"%.*s\"}\n", c.epoch,
               (int)c.central.len, (const char *)c.central.data);
    else
        printf("{\"kind\":\"batch\",\"bytes\":%zu}\n", value.len);
}

static void read_topic(const char *line)
{
    char name[16];
    unsigned partition;
    int64_t from, low, high;
    void (*print)(kd_bytes value) = print_like;
    size_t topic = 0;
    if (sscanf(line, "read %15s %u %" SCNd64, name, &partition, &from) != 3) return complain("read");
    if (strcmp(name, "counts") == 0) topic = 1, print = print_snapshot;
    if (strcmp(name, "changes") == 0) topic = 2, print = print_changes;
    if (kd_kafka_reader_watermarks(reader, topics[topic], partition, READ_MS, &low, &high) != KD_OK)
        return complain(kd_kafka_reader_error(reader));
    for (int64_t at = KD_MAX(from, low); at < high; at++)
        if (kd_kafka_reader_get(reader, topics[topic], partition, at, READ_MS, &found) == KD_OK)
            print(kd_buf_view(&found));
    printf("ok %" PRId64 "\n", high);
}

static void where(const char *line)
{
    char text[256];
    kd_item item;
    if (sscanf(line, "where %255s", text) != 1 || kd_item_parse(&item, kd_bytes_str(text)) != KD_OK)
        return complain("item");
    printf("ok %u\n", kd_partition(kd_item_key(&item), partitions));
}

static void obey(const char *line)
{
    if (strncmp(line, "where ", 6) == 0)
        where(line);
    else if (strncmp(line, "batch ", 6) == 0)
        begin_batch(line);
    else if (strncmp(line, "like ", 5) == 0)
        add_op(line, true);
    else if (strncmp(line, "unlike ", 7) == 0)
        add_op(line, false);
    else if (strncmp(line, "sum ", 4) == 0)
        add_sum(line);
    else if (strncmp(line, "end", 3) == 0)
        end_batch(strstr(line, "hold") != NULL);
    else if (strncmp(line, "again", 5) == 0)
        answer_produced(batch_partition, kd_buf_view(&record));
    else if (strncmp(line, "raw ", 4) == 0)
        raw(line);
    else if (strncmp(line, "claim ", 6) == 0)
        claim(line);
    else if (strncmp(line, "snapshot ", 9) == 0)
        snapshot(line);
    else if (strncmp(line, "keys ", 5) == 0)
        use_keys(line);
    else if (strncmp(line, "read ", 5) == 0)
        read_topic(line);
    else
        complain("unknown command");
}

int main(int argc, char **argv)
{
    char line[LINE_MAX_], error[512];
    if (argc != 6 && argc != 7) return 2;
    brokers = argv[1];
    properties = argc == 7 ? argv[6] : NULL;
    const kd_kafka_config config = {
        .brokers = argv[1], .client_id = "feed", .linger_ms = 1, .properties_file = properties};
    partitions = (uint32_t)atoi(argv[2]);
    for (int i = 0; i < 3; i++) topics[i] = argv[3 + i];
    base = event_base_new();
    deadline = event_new(base, -1, 0, too_late, NULL);
    if (make_producer(error, sizeof(error)) != KD_OK ||
        kd_kafka_reader_create(&reader, &config, error, sizeof(error)) != KD_OK) {
        fprintf(stderr, "feed: %s\n", error);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) obey(line);
    let_go();
    free(kept);
    kd_kafka_reader_destroy(reader);
    kd_kafka_producer_destroy(producer, 1000);
    kd_record_keys_destroy(keys);
    event_free(deadline);
    event_base_free(base);
    return 0;
}
