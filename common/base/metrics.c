/*
 * metrics.c - histograms, and metrics as Prometheus text.
 *
 * A cell is read once per instance and rendering, so a histogram that is being written may be torn between
 * its buckets and its sum; its count is the sum of the buckets just read, so it always agrees with them.
 */
#include "common/base/metrics.h"

#include "common/json/json_writer.h"

/* Bounds in us, and in plain numbers; the last bucket has none. */
static const uint64_t seconds_bounds[KD_HISTOGRAM_BUCKETS - 1] = {
    50,    100,    250,    500,    1000,    2000,    3000,    5000,     10000,   20000,
    50000, 100000, 250000, 500000, 1000000, 2000000, 5000000, 10000000, 30000000};
static const uint64_t sizes_bounds[KD_HISTOGRAM_BUCKETS - 1] = {
    1,    2,    5,     10,    20,    50,     100,    200,    500,    1000,
    2000, 5000, 10000, 20000, 50000, 100000, 250000, 524288, 1048576};

static void histogram_observe(kd_histogram *h, const uint64_t *bounds, uint64_t value)
{
    size_t i = 0;
    while (i < KD_HISTOGRAM_BUCKETS - 1 && value > bounds[i]) i++;
    kd_metric_count(&h->bucket[i], 1);
    kd_metric_count(&h->sum, value);
}

void kd_metric_observe_seconds(kd_histogram *h, uint64_t us)
{
    histogram_observe(h, seconds_bounds, us);
}

void kd_metric_observe_size(kd_histogram *h, uint64_t value)
{
    histogram_observe(h, sizes_bounds, value);
}

static void metrics_put_text(kd_buf *out, const char *text)
{
    kd_buf_put(out, text, strlen(text));
}

static void put_u64(kd_buf *out, uint64_t v)
{
    char digits[20];
    kd_buf_put(out, digits, kd_decimal(v, digits));
}

static void put_i64(kd_buf *out, int64_t v)
{
    if (v < 0) kd_buf_put_u8(out, '-');
    put_u64(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Microseconds as seconds, without zeros behind: 1500000 is 1.5. */
static void put_seconds(kd_buf *out, int64_t us)
{
    uint64_t magnitude = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    if (us < 0) kd_buf_put_u8(out, '-');
    put_u64(out, magnitude / 1000000);
    char fraction[8] = ".";
    uint64_t rest = magnitude % 1000000;
    for (int i = 6; i > 0; i--, rest /= 10) fraction[i] = (char)('0' + rest % 10);
    size_t len = 7;
    while (fraction[len - 1] == '0') len--;
    if (len > 1) kd_buf_put(out, fraction, len);
}

static bool is_counter(kd_metric_kind kind)
{
    return kind == KD_METRIC_COUNTER || kind == KD_METRIC_CPU || kind == KD_METRIC_REASONS;
}

static void metrics_put_number(kd_buf *out, kd_metric_kind kind, int64_t value)
{
    bool in_seconds = kind == KD_METRIC_AGE || kind == KD_METRIC_AGE_OF_ALL || kind == KD_METRIC_CPU ||
                      kind == KD_METRIC_SECONDS;
    if (is_counter(kind) && !in_seconds)
        put_u64(out, (uint64_t)value);
    else if (value == KD_METRIC_NONE)
        metrics_put_text(out, "NaN");
    else if (in_seconds)
        put_seconds(out, value);
    else
        put_i64(out, value);
}

/* name_suffix{labels}, without braces when there are no labels. */
static void put_series(kd_buf *out, const kd_metric_info *m, const char *suffix)
{
    metrics_put_text(out, m->name);
    metrics_put_text(out, suffix);
    if (m->labels[0] == 0) return;
    kd_buf_put_u8(out, '{');
    metrics_put_text(out, m->labels);
    kd_buf_put_u8(out, '}');
}

static void put_bucket_head(kd_buf *out, const kd_metric_info *m)
{
    metrics_put_text(out, m->name);
    metrics_put_text(out, "_bucket{");
    metrics_put_text(out, m->labels);
    metrics_put_text(out, m->labels[0] ? ",le=\"" : "le=\"");
}

static uint64_t sum_cells(const void *const *instances, size_t count, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += (uint64_t)kd_metric_get((const kd_metric *)((const char *)instances[i] + offset));
    return total;
}

static int64_t metrics_cell_of(const void *instance, size_t offset)
{
    return kd_metric_get((const kd_metric *)((const char *)instance + offset));
}

/* KD_METRIC_NONE is below all others. */
static int64_t max_cells(const void *const *instances, size_t count, size_t offset)
{
    int64_t largest = KD_METRIC_NONE;
    for (size_t i = 0; i < count; i++) largest = KD_MAX(largest, metrics_cell_of(instances[i], offset));
    return count > 0 ? largest : 0;
}

/* Whether one of the shards has no value. */
static bool any_none(const void *const *instances, size_t count, size_t offset)
{
    bool none = false;
    for (size_t i = 0; i < count; i++) none |= metrics_cell_of(instances[i], offset) == KD_METRIC_NONE;
    return none;
}

static void render_histogram(const kd_metric_info *m, const void *const *instances, size_t count, kd_buf *out)
{
    const uint64_t *bounds = m->kind == KD_METRIC_SECONDS ? seconds_bounds : sizes_bounds;
    uint64_t cumulative = 0;
    for (size_t b = 0; b < KD_HISTOGRAM_BUCKETS; b++) {
        size_t cell = m->offset + offsetof(kd_histogram, bucket) + b * sizeof(kd_metric);
        cumulative += sum_cells(instances, count, cell);
        put_bucket_head(out, m);
        if (b + 1 < KD_HISTOGRAM_BUCKETS)
            metrics_put_number(out, m->kind, (int64_t)bounds[b]);
        else
            metrics_put_text(out, "+Inf");
        metrics_put_text(out, "\"} ");
        put_u64(out, cumulative);
        kd_buf_put_u8(out, '\n');
    }
    put_series(out, m, "_sum");
    kd_buf_put_u8(out, ' ');
    metrics_put_number(out, m->kind,
                       (int64_t)sum_cells(instances, count, m->offset + offsetof(kd_histogram, sum)));
    kd_buf_put_u8(out, '\n');
    put_series(out, m, "_count");
    kd_buf_put_u8(out, ' ');
    put_u64(out, cumulative);
    kd_buf_put_u8(out, '\n');
}

static bool is_histogram(kd_metric_kind kind)
{
    return kind == KD_METRIC_SECONDS || kind == KD_METRIC_SIZES;
}

static int64_t combine_cells(const kd_metric_info *m, const void *const *instances, size_t count)
{
    if (is_counter(m->kind)) return (int64_t)sum_cells(instances, count, m->offset);
    bool of_all = m->kind == KD_METRIC_GAUGE || m->kind == KD_METRIC_AGE_OF_ALL;
    if (of_all && any_none(instances, count, m->offset)) return KD_METRIC_NONE;
    if (m->kind == KD_METRIC_GAUGE) return (int64_t)sum_cells(instances, count, m->offset);
    return max_cells(instances, count, m->offset);
}

static void render_cell(const kd_metric_info *m, const void *const *instances, size_t count, kd_buf *out)
{
    put_series(out, m, "");
    kd_buf_put_u8(out, ' ');
    metrics_put_number(out, m->kind, combine_cells(m, instances, count));
    kd_buf_put_u8(out, '\n');
}

static void render_reasons(const kd_metric_info *m, const void *const *instances, size_t count, kd_buf *out)
{
    for (size_t i = 0; i < KD_REASONS; i++) {
        metrics_put_text(out, m->name);
        kd_buf_put_u8(out, '{');
        metrics_put_text(out, m->labels);
        metrics_put_text(out, m->labels[0] ? ",reason=\"" : "reason=\"");
        metrics_put_text(out, kd_reason_name((kd_reason)i));
        metrics_put_text(out, "\"} ");
        put_u64(out, sum_cells(instances, count,
                               m->offset + offsetof(kd_metric_reasons, of) + i * sizeof(kd_metric)));
        kd_buf_put_u8(out, '\n');
    }
}

static const char *type_name(kd_metric_kind kind)
{
    return is_histogram(kind) ? "histogram" : is_counter(kind) ? "counter" : "gauge";
}

static void render_head(const kd_metric_info *m, kd_buf *out)
{
    metrics_put_text(out, "# HELP ");
    metrics_put_text(out, m->name);
    kd_buf_put_u8(out, ' ');
    for (const char *c = m->help; *c != 0; c++) {
        if (*c == '\\')
            metrics_put_text(out, "\\\\");
        else if (*c == '\n')
            metrics_put_text(out, "\\n");
        else
            kd_buf_put_u8(out, (uint8_t)*c);
    }
    metrics_put_text(out, "\n# TYPE ");
    metrics_put_text(out, m->name);
    kd_buf_put_u8(out, ' ');
    metrics_put_text(out, type_name(m->kind));
    kd_buf_put_u8(out, '\n');
}

void kd_metrics_render(const kd_metric_table *table, const void *const *instances, size_t count, kd_buf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const kd_metric_info *m = &table->at[i];
        if (i == 0 || strcmp(m->name, m[-1].name) != 0) render_head(m, out);
        if (is_histogram(m->kind))
            render_histogram(m, instances, count, out);
        else if (m->kind == KD_METRIC_REASONS)
            render_reasons(m, instances, count, out);
        else
            render_cell(m, instances, count, out);
    }
}

void kd_metrics_reference(const kd_metric_table *table, kd_buf *out)
{
    metrics_put_text(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->count; i++) {
        const kd_metric_info *m = &table->at[i];
        metrics_put_text(out, "| `");
        metrics_put_text(out, m->name);
        metrics_put_text(out, "` | ");
        metrics_put_text(out, type_name(m->kind));
        metrics_put_text(out, m->labels[0] ? " | `" : " | ");
        metrics_put_text(out, m->labels);
        metrics_put_text(out, m->labels[0] ? "` | " : " | ");
        metrics_put_text(out, m->help);
        metrics_put_text(out, " |\n");
    }
}
