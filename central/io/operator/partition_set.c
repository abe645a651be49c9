/* partition_set.c - see the header. */
#include "central/io/operator/partition_set.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void kd_partition_set_fill(kd_partition_set *s, uint32_t count)
{
    *s = (kd_partition_set){{0}};
    for (uint32_t p = 0; p < count; p++) kd_partition_set_add(s, p);
}

uint32_t kd_partition_set_count(const kd_partition_set *s)
{
    uint32_t n = 0;
    for (uint32_t p = 0; p < KD_PARTITIONS_MAX; p++) n += kd_partition_set_has(s, p);
    return n;
}

static unsigned partition_set_digit(const kd_partition_set *s, size_t at)
{
    return s->bits[at / 2] >> 4 * (at % 2) & 15;
}

void kd_partition_set_put(const kd_partition_set *s, char out[KD_PARTITION_SET_TEXT_MAX])
{
    size_t len = KD_PARTITION_SET_TEXT_MAX - 1;
    while (len > 0 && partition_set_digit(s, len - 1) == 0) len--;
    for (size_t i = 0; i < len; i++) out[i] = digits[partition_set_digit(s, i)];
    out[len] = '\0';
}

int kd_partition_set_read(kd_partition_set *s, const char *text)
{
    size_t len = strlen(text);
    *s = (kd_partition_set){{0}};
    if (len >= KD_PARTITION_SET_TEXT_MAX) return KD_EINVAL;
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit) return KD_EINVAL;
        s->bits[i / 2] |= (uint8_t)((unsigned)(digit - digits) << 4 * (i % 2));
    }
    return KD_OK;
}
