/* answer.c - see the header. */
#include "common/api/answer.h"

#include "common/base/display.h"

void kd_answer_write_item(kd_json *j, kd_bytes item)
{
    char text[KD_ITEM_KEY_MAX];
    size_t len = kd_key_text(item, text);
    kd_json_key(j, "item");
    kd_json_str(j, kd_bytes_of(text, len));
}

void kd_answer_write_age(kd_json *j, uint64_t now_us, uint64_t made_us, uint64_t as_of_us)
{
    kd_json_key(j, "age_ms");
    if (made_us == 0)
        kd_json_null(j);
    else
        kd_json_u64(j, now_us > made_us ? (now_us - made_us) / 1000 : 0);
    kd_json_key(j, "as_of");
    if (as_of_us == 0) {
        kd_json_null(j);
        return;
    }
    char time[KD_TIME_MS_MAX];
    kd_json_str(j, kd_bytes_of(time, kd_display_time_ms(as_of_us, time)));
}

static void answer_write_liked(kd_json *j, kd_liked liked)
{
    kd_json_key(j, "liked");
    if (liked == KD_LIKED_UNKNOWN)
        kd_json_null(j);
    else
        kd_json_bool(j, liked == KD_LIKED_YES);
}

void kd_answer_write_display(kd_json *j, const uint64_t *count)
{
    char display[KD_DISPLAY_MAX];
    if (count == NULL)
        kd_json_null(j);
    else
        kd_json_str(j, kd_bytes_of(display, kd_display_count(*count, display)));
}

void kd_answer_write_number(kd_json *j, const uint64_t *count, uint32_t pending)
{
    kd_json_key(j, "count");
    if (count == NULL)
        kd_json_null(j);
    else
        kd_json_u64(j, *count);
    kd_json_key(j, "display");
    kd_answer_write_display(j, count);
    kd_json_key(j, "pending");
    kd_json_u64(j, pending);
}

void kd_answer_write_counts(kd_json *j, const kd_answer_counts *a)
{
    kd_json_object(j);
    kd_answer_write_item(j, a->item);
    kd_json_key(j, "counts");
    kd_json_object(j);
    for (uint32_t i = 0; i < a->counters->count; i++) {
        if (a->counters->at[i].name[0] == 0) continue; /* not offered */
        kd_json_key_bytes(j, kd_bytes_str(a->counters->at[i].name));
        kd_json_object(j);
        kd_answer_write_number(j, i < a->told ? &a->count[i] : NULL, a->pending != NULL ? a->pending[i] : 0);
        kd_json_end_object(j);
    }
    kd_json_end_object(j);
    if (a->liked != KD_LIKED_UNASKED) answer_write_liked(j, a->liked);
    kd_answer_write_age(j, a->now_us, a->made_us, a->as_of_us);
    kd_json_key(j, "source");
    kd_json_cstr(j, a->source);
    kd_json_end_object(j);
}

void kd_answer_write_liked(kd_json *j, const kd_answer_liked *a)
{
    kd_json_object(j);
    kd_answer_write_item(j, a->item);
    answer_write_liked(j, a->liked);
    if (a->at_us) kd_json_put_u64(j, "at_us", a->at_us);
    if (a->complete) kd_json_key(j, "complete"), kd_json_bool(j, *a->complete);
    kd_json_key(j, "source");
    kd_json_cstr(j, a->source);
    kd_json_end_object(j);
}
