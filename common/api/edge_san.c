/* edge_san.c - see the header. */
#include "common/api/edge_san.h"

#include "kudos/id.h"

#define MARK "{edge}"
enum { MARK_LEN = sizeof(MARK) - 1, TEMPLATE_MAX = 200 };

static const uint8_t *san_mark(kd_bytes text)
{
    return memmem(text.data, text.len, MARK, MARK_LEN);
}

bool kd_edge_san_valid(kd_bytes text)
{
    if (text.len <= MARK_LEN || text.len > TEMPLATE_MAX) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f) return false;
    const uint8_t *mark = san_mark(text), *end = text.data + text.len;
    if (!mark) return false;
    return !san_mark(kd_bytes_of(mark + MARK_LEN, (size_t)(end - mark) - MARK_LEN));
}

kd_bytes kd_edge_san_edge(kd_bytes text, kd_bytes name)
{
    size_t before = (size_t)(san_mark(text) - text.data), behind = text.len - before - MARK_LEN;
    kd_bytes none = kd_bytes_of(NULL, 0);
    if (name.len <= before + behind) return none;
    if (memcmp(name.data, text.data, before) != 0) return none;
    if (memcmp(name.data + name.len - behind, text.data + text.len - behind, behind) != 0) return none;
    kd_bytes edge = kd_bytes_of(name.data + before, name.len - before - behind);
    return kd_name_valid(edge) ? edge : none;
}
