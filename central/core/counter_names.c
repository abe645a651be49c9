/* counter_names.c - see the header. Row: a | number u8 -> kind u8 | name. */
#include "kudos/counter_names.h"

#include "central/core/commit.h"
#include "central/core/row.h"
#include "central/core/state.h"

typedef struct {
    const kd_counters *counters;
    kd_counter_clash *clash;
} names_walk;

static bool names_read(kd_bytes key, kd_bytes value, kd_counter *out)
{
    if (key.len != 2 || value.len < 2 || value.len > 1 + KD_NAME_MAX) return false;
    *out = (kd_counter){.id = key.data[1], .kind = (kd_counter_kind)value.data[0]};
    memcpy(out->name, value.data + 1, value.len - 1);
    return out->kind == KD_SET || out->kind == KD_SUM;
}

/* The counter of the configuration that says something else of a number or a name than what is stored; NULL: none. */
static const kd_counter *names_against(const kd_counters *counters, const kd_counter *stored)
{
    int same_id = kd_counters_by_id(counters, stored->id);
    int same_name = kd_counters_by_name(counters, kd_bytes_str(stored->name));
    if (same_id != same_name) return &counters->at[same_id >= 0 ? same_id : same_name];
    return same_id >= 0 && counters->at[same_id].kind != stored->kind ? &counters->at[same_id] : NULL;
}

static int names_visit(void *arg, kd_bytes key, kd_bytes value)
{
    const names_walk *w = arg;
    kd_counter stored;
    if (!names_read(key, value, &stored)) return KD_EMALFORMED;
    const kd_counter *wanted = names_against(w->counters, &stored);
    if (!wanted) return 0;
    *w->clash = (kd_counter_clash){stored, *wanted};
    return KD_EMISMATCH;
}

int kd_counter_names_check(const kd_store *store, const kd_counters *counters, kd_counter_clash *clash)
{
    const uint8_t from[] = {KD_ROW_COUNTER}, to[] = {KD_ROW_COUNTER + 1};
    names_walk w = {counters, clash};
    return store->scan(store->ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), names_visit, &w);
}

static void names_put(kd_central *c, const kd_counter *counter)
{
    const uint8_t key[] = {KD_ROW_COUNTER, counter->id};
    kd_buf_clear(&c->value);
    kd_buf_put_u8(&c->value, (uint8_t)counter->kind);
    kd_buf_put(&c->value, counter->name, strlen(counter->name));
    kd_writes_put(&kd_commit_open(c)->writes, kd_bytes_of(key, sizeof key), kd_buf_view(&c->value));
}

int kd_central_remember_counters(kd_central *c)
{
    uint64_t version;
    int err = kd_commit_order(c, &version);
    for (uint32_t i = 0; err == KD_OK && i < c->config.counters->count; i++)
        names_put(c, &c->config.counters->at[i]);
    return err;
}
