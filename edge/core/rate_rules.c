/* rate_rules.c - see the header. */
#include "kudos/rate_rules.h"

#include <stdlib.h>

#include "common/base/text.h"
#include "kudos/id.h"

#define SECOND_US ((uint64_t)1000000)
#define WINDOW_MAX_US (31 * 24 * 3600 * SECOND_US)
#define QUOTA_MAX ((uint64_t)1000000000)

static kd_bytes rules_trim(kd_bytes text)
{
    while (text.len > 0 && text.data[0] == ' ') text = kd_bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ') text.len--;
    return text;
}

static bool rules_read_window(kd_bytes text, kd_rate_window *w)
{
    text = rules_trim(text);
    if (!kd_text_take_number(&text, &w->quota) || text.len == 0 || text.data[0] != '/') return false;
    if (!kd_text_duration(kd_bytes_of(text.data + 1, text.len - 1), &w->window_us)) return false;
    return w->quota >= 1 && w->quota <= QUOTA_MAX && w->window_us >= SECOND_US &&
           w->window_us <= WINDOW_MAX_US && w->window_us % SECOND_US == 0;
}

static bool rules_read(kd_bytes text, kd_rate_rule *rule)
{
    const uint8_t *comma = text.len > 0 ? memchr(text.data, ',', text.len) : NULL;
    *rule = (kd_rate_rule){.count = comma ? 2 : 1};
    if (!comma) return rules_read_window(text, &rule->at[0]);
    kd_bytes first = kd_bytes_of(text.data, (size_t)(comma - text.data));
    kd_bytes second = kd_bytes_of(comma + 1, text.len - first.len - 1);
    return rules_read_window(first, &rule->at[0]) && rules_read_window(second, &rule->at[1]) &&
           rule->at[0].window_us < rule->at[1].window_us;
}

bool kd_rate_text_valid(kd_bytes text)
{
    kd_rate_rule rule;
    return rules_read(text, &rule);
}

bool kd_rate_text_one(kd_bytes text)
{
    kd_rate_rule rule;
    return rules_read(text, &rule) && rule.count == 1;
}

static uint64_t limit_id(const kd_limit *limit)
{
    kd_buf b = {0};
    kd_buf_put(&b, limit->name, strlen(limit->name) + 1);
    for (uint32_t i = 0; i < limit->rule.count; i++) {
        kd_buf_put_be64(&b, limit->rule.at[i].quota);
        kd_buf_put_be64(&b, limit->rule.at[i].window_us);
    }
    uint64_t id = kd_hash(kd_buf_view(&b));
    kd_buf_finish(&b);
    return id;
}

/* Moves a text to *out, which has room for `size` bytes and was zeroed. */
static void limit_keep(char *out, size_t size, kd_buf *text)
{
    KD_ASSERT(text->len < size);
    memcpy(out, text->data, text->len);
    kd_buf_finish(text);
}

static void limit_tell(kd_limit *limit)
{
    kd_buf policy = {0};
    for (uint32_t i = 0; i < limit->rule.count; i++) {
        const kd_rate_window *w = &limit->rule.at[i];
        kd_buf label = {0};
        kd_text_printf(&label, i ? "\"%s-" : "\"%s", limit->name);
        if (i > 0) kd_text_put_duration(&label, w->window_us);
        kd_buf_put_u8(&label, '"');
        kd_text_printf(&policy, "%s%.*s;q=%llu;w=%llu", i ? ", " : "", KD_PRINT(label),
                       (unsigned long long)w->quota, (unsigned long long)(w->window_us / SECOND_US));
        limit_keep(limit->label[i], sizeof limit->label[i], &label);
    }
    if (policy.len > 0) limit_keep(limit->policy, sizeof limit->policy, &policy);
}

void kd_limit_set(kd_limit *limit, kd_bytes name, const char *text)
{
    KD_ASSERT(name.len <= KD_COLLECTION_MAX);
    *limit = (kd_limit){.id = 0};
    memcpy(limit->name, name.data, name.len);
    if (text && *text) KD_ASSERT(rules_read(kd_bytes_str(text), &limit->rule));
    limit->id = limit_id(limit);
    limit_tell(limit);
}

void kd_rate_rules_add(kd_rate_rules *rules, kd_bytes collection, const char *text)
{
    rules->of_collection =
        kd_realloc(rules->of_collection, (rules->count + 1) * sizeof *rules->of_collection);
    kd_limit *limit = &rules->of_collection[rules->count++];
    kd_limit_set(limit, collection, text);
    limit->id = ~limit->id; /* a collection may be called `user` */
}

bool kd_rate_rules_any(const kd_rate_rules *rules)
{
    bool any = rules->user.rule.count + rules->address.rule.count + rules->fast_user.rule.count +
                   rules->fast_item.rule.count >
               0;
    for (uint32_t i = 0; i < rules->count; i++) any = any || rules->of_collection[i].rule.count > 0;
    return any;
}

const kd_limit *kd_rate_rules_of(const kd_rate_rules *rules, kd_bytes collection)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (kd_bytes_eq(collection, kd_bytes_str(rules->of_collection[i].name)))
            return &rules->of_collection[i];
    return &rules->user;
}

void kd_rate_rules_finish(kd_rate_rules *rules)
{
    free(rules->of_collection);
    *rules = (kd_rate_rules){.count = 0};
}
