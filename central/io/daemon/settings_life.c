/* settings_life.c - see the header. */
#include "central/io/daemon/settings_life.h"

#include <stdio.h>

#include "common/base/text.h"

#define LIFE_MIN_US 1000000u
#define LIFE_MAX_US (3650 * 86400000000ull)

static bool life_duration(kd_bytes text, uint64_t *us)
{
    return kd_text_duration(text, us) && *us >= LIFE_MIN_US && *us <= LIFE_MAX_US;
}

/* What stands in front of the mark; *text keeps what stands behind it. False: there is no mark. */
static bool life_split(kd_bytes *text, char mark, kd_bytes *front)
{
    const uint8_t *at = text->len > 0 ? memchr(text->data, mark, text->len) : NULL;
    if (!at) return false;
    *front = kd_bytes_of(text->data, (size_t)(at - text->data));
    *text = kd_bytes_of(at + 1, text->len - front->len - 1);
    return true;
}

static bool life_read(kd_bytes text, kd_bytes *collection, uint64_t *life_us, uint64_t *keep_us)
{
    kd_bytes life;
    *keep_us = 0;
    if (!life_split(&text, '=', collection) || !kd_collection_valid(*collection)) return false;
    if (!life_split(&text, '+', &life)) return life_duration(text, life_us);
    return life_duration(life, life_us) && life_duration(text, keep_us);
}

bool kd_settings_life_valid(kd_bytes text)
{
    kd_bytes collection;
    uint64_t life_us, keep_us;
    return life_read(text, &collection, &life_us, &keep_us);
}

int kd_settings_lives(const kd_central_settings *s, kd_lifespans *out, char *error)
{
    *out = (kd_lifespans){.count = 0};
    for (uint32_t i = 0; i < s->collection_life.count; i++) {
        const char *text = s->collection_life.at[i];
        kd_bytes collection;
        uint64_t life_us, keep_us;
        KD_ASSERT(life_read(kd_bytes_str(text), &collection, &life_us, &keep_us)); /* the table has seen it */
        bool known = kd_strings_hold(&s->collections, collection);
        if (known && kd_lifespans_add(out, collection, life_us, keep_us) == KD_OK) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "central.collection_life: %s %s", text,
                 !known                           ? "is of no collection of api.collections"
                 : out->count == KD_LIFESPANS_MAX ? "is one too many"
                                                  : "is of a collection that stands here twice");
        return KD_EINVAL;
    }
    return KD_OK;
}
