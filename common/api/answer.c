/* answer.c - see the header. */
#include "common/api/answer.h"

#include "common/base/display.h"

void kd_answer_write_item(kd_json *j, kd_bytes item)
{
    char text[KD_ITEM_KEY_MAX];
    size_t len = kd_key_text(item, text);
    kd_json_put_plain(j, "item", kd_bytes_of(text, len));
}

enum { ANSWER_TEXT_MAX = KD_MAX(KD_TIME_MS_MAX, KD_DISPLAY_MAX) };

/* A member whose text `write` makes of the value, where it belongs: it needs no escape, and half of a read's answer is made of such. */
static inline void answer_put_text(kd_json *j, const char *key, uint64_t value,
                                   size_t (*write)(uint64_t value, char *out))
{
    char text[ANSWER_TEXT_MAX];
    if (j->packed) {
        kd_json_put_str(j, key, kd_bytes_of(text, write(value, text)));
        return;
    }
    uint8_t *at = kd_json_member(j, key, strlen(key), ANSWER_TEXT_MAX + 2);
    *at++ = '"';
    at += write(value, (char *)at);
    *at++ = '"';
    kd_json_member_end(j, at);
}

void kd_answer_write_age(kd_json *j, uint64_t now_us, uint64_t made_us, uint64_t as_of_us)
{
    if (made_us == 0)
        kd_json_put_null(j, "age_ms");
    else
        kd_json_put_u64(j, "age_ms", now_us > made_us ? (now_us - made_us) / 1000 : 0);
    if (as_of_us == 0)
        kd_json_put_null(j, "as_of");
    else
        answer_put_text(j, "as_of", as_of_us, kd_display_time_ms);
}

static void answer_write_liked(kd_json *j, kd_liked liked)
{
    if (liked == KD_LIKED_UNKNOWN)
        kd_json_put_null(j, "liked");
    else
        kd_json_put_bool(j, "liked", liked == KD_LIKED_YES);
}

static void answer_write_me(kd_json *j, const kd_counters *counters, const uint8_t *liked)
{
    kd_json_key(j, "me");
    kd_json_object(j);
    for (uint32_t i = 0; i < counters->count; i++) {
        if (liked[i] == KD_LIKED_UNASKED || counters->at[i].name[0] == 0) continue;
        kd_json_key_bytes(j, kd_bytes_str(counters->at[i].name));
        if (liked[i] == KD_LIKED_UNKNOWN)
            kd_json_null(j);
        else
            kd_json_bool(j, liked[i] == KD_LIKED_YES);
    }
    kd_json_end_object(j);
}

void kd_answer_write_display(kd_json *j, const uint64_t *count)
{
    char display[KD_DISPLAY_MAX];
    if (count == NULL)
        kd_json_null(j);
    else
        kd_json_str(j, kd_bytes_of(display, kd_display_count(*count, display)));
}

void kd_answer_write_count_alone(kd_json *j, const uint64_t *count)
{
    kd_json_object(j);
    if (count)
        kd_json_put_u64(j, "count", *count);
    else
        kd_json_put_null(j, "count");
    kd_json_end_object(j);
}

void kd_answer_write_number(kd_json *j, const uint64_t *count, uint32_t pending)
{
    if (count == NULL) {
        kd_json_put_null(j, "count");
        kd_json_put_null(j, "display");
    } else {
        kd_json_put_u64(j, "count", *count);
        answer_put_text(j, "display", *count, kd_display_count);
    }
    kd_json_put_u64(j, "pending", pending);
}

static void answer_write_velocity(kd_json *j, const kd_velocity *v)
{
    if (v->known)
        kd_json_put_u64(j, "velocity", v->least);
    else
        kd_json_put_null(j, "velocity");
    if (v->known && v->most != KD_VELOCITY_UNBOUNDED)
        kd_json_put_u64(j, "velocity_at_most", v->most);
    else
        kd_json_put_null(j, "velocity_at_most");
}

static void answer_write_velocity_age(kd_json *j, uint64_t now_us, uint64_t made_us)
{
    if (made_us == 0)
        kd_json_put_null(j, "velocity_age_ms");
    else
        kd_json_put_u64(j, "velocity_age_ms", now_us > made_us ? (now_us - made_us) / 1000 : 0);
}

/* ---- the numbers of an item ---- */

/* Without escapes. Inline, so that the compiler knows the length of a literal and moves it as words. */
static inline uint8_t *answer_put_plain(uint8_t *at, const char *plain)
{
    kd_bytes text = kd_bytes_str(plain);
    memcpy(at, text.data, text.len);
    return at + text.len;
}

static inline uint8_t *answer_put_number(uint8_t *at, uint64_t value)
{
    if (value >= 10) return at + kd_decimal(value, (char *)at);
    *at = (uint8_t)('0' + value);
    return at + 1;
}

/* A number below 1000 is shown as it is. */
static inline uint8_t *answer_put_shown(uint8_t *at, uint64_t count)
{
    uint8_t digits[4];
    at = answer_put_plain(at, "\":{\"count\":");
    size_t len = kd_decimal(count, (char *)at);
    memcpy(digits, at, sizeof digits);
    at = answer_put_plain(at + len, ",\"display\":\"");
    if (count < 1000)
        memcpy(at, digits, sizeof digits);
    else
        len = kd_display_count(count, (char *)at);
    return answer_put_plain(at + len, "\",\"pending\":");
}

/* As kd_answer_write_number below the counter's name, in one piece: half of a read's answer is made of it. */
static inline uint8_t *answer_put_counter(uint8_t *at, const char *name, const uint64_t *count,
                                          uint32_t pending)
{
    *at++ = '"';
    at = answer_put_plain(at, name);
    if (count && *count == 0 && pending == 0) /* most counters of most items: a single piece */
        return answer_put_plain(at, "\":{\"count\":0,\"display\":\"0\",\"pending\":0},");
    at = count ? answer_put_shown(at, *count)
               : answer_put_plain(at, "\":{\"count\":null,\"display\":null,\"pending\":");
    at = answer_put_number(at, pending);
    *at++ = '}';
    *at++ = ',';
    return at;
}

enum { ANSWER_COUNTER_MAX = KD_NAME_MAX + 2 * KD_DECIMAL_MAX + KD_DISPLAY_MAX + 48 /* of literals */ };

static void answer_write_plain_numbers(kd_json *j, const kd_answer_counts *a)
{
    static const char key[] = "counts";
    uint8_t *at = kd_json_member(j, key, sizeof key - 1, 2 + a->counters->count * ANSWER_COUNTER_MAX);
    *at++ = '{';
    const uint8_t *first = at;
    for (uint32_t i = 0; i < a->counters->count; i++) {
        const char *name = a->counters->at[i].name;
        if (name[0] == 0) continue; /* not offered */
        at = answer_put_counter(at, name, i < a->told ? &a->count[i] : NULL,
                                a->pending != NULL ? a->pending[i] : 0);
    }
    at -= at > first; /* the last comma */
    *at++ = '}';
    kd_json_member_end(j, at);
}

static void answer_write_numbers(kd_json *j, const kd_answer_counts *a)
{
    kd_json_key(j, "counts");
    kd_json_object(j);
    for (uint32_t i = 0; i < a->counters->count; i++) {
        if (a->counters->at[i].name[0] == 0) continue; /* not offered */
        kd_json_key_bytes(j, kd_bytes_str(a->counters->at[i].name));
        kd_json_object(j);
        kd_answer_write_number(j, i < a->told ? &a->count[i] : NULL, a->pending != NULL ? a->pending[i] : 0);
        if (a->velocity) answer_write_velocity(j, &a->velocity[i]);
        kd_json_end_object(j);
    }
    kd_json_end_object(j);
}

void kd_answer_write_counts(kd_json *j, const kd_answer_counts *a)
{
    kd_json_object(j);
    kd_answer_write_item(j, a->item);
    if (j->packed || a->velocity)
        answer_write_numbers(j, a);
    else
        answer_write_plain_numbers(j, a);
    if (a->velocity) answer_write_velocity_age(j, a->now_us, a->velocity_made_us);
    if (a->closed) kd_json_put_bool(j, "closed", true);
    if (a->liked_at) *a->liked_at = j->out->len;
    if (a->liked != KD_LIKED_UNASKED) answer_write_liked(j, a->liked);
    if (a->me) answer_write_me(j, a->counters, a->me);
    kd_answer_write_age(j, a->now_us, a->made_us, a->as_of_us);
    kd_json_put_plain(j, "source", kd_bytes_str(a->source));
    kd_json_end_object(j);
}

void kd_answer_write_liked(kd_json *j, const kd_answer_liked *a)
{
    kd_json_object(j);
    kd_answer_write_item(j, a->item);
    answer_write_liked(j, a->liked);
    if (a->at_us) kd_json_put_u64(j, "at_us", a->at_us);
    if (a->complete) kd_json_put_bool(j, "complete", *a->complete);
    kd_json_put_plain(j, "source", kd_bytes_str(a->source));
    kd_json_end_object(j);
}
