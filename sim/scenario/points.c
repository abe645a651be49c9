/* points.c - see the header. */
#include "sim/scenario/points.h"

static const char *const names[KD_POINT_COUNT] = {
#define NAME(id, name, text) [KD_POINT_##id] = (name),
    KD_POINTS(NAME)
#undef NAME
};
static const char *const texts[KD_POINT_COUNT] = {
#define TEXT(id, name, text) [KD_POINT_##id] = (text),
    KD_POINTS(TEXT)
#undef TEXT
};

const char *sim_point_name(uint32_t point)
{
    return names[point];
}

const char *sim_point_text(uint32_t point)
{
    return texts[point];
}

int sim_point_find(kd_bytes name, uint32_t *point)
{
    for (*point = 0; *point < KD_POINT_COUNT; ++*point)
        if (kd_bytes_eq(name, kd_bytes_str(names[*point]))) return KD_OK;
    return KD_ENOTFOUND;
}

bool sim_point_passed_by(uint32_t point, bool edge)
{
    const char *found = strstr(texts[point], edge ? "edge" : "central");
    return found && found < strchr(texts[point], ':');
}

bool sim_point_known(uint32_t point)
{
#ifdef KUDOS_POINTS
    (void)point;
    return true; /* the programs beside this one are of the same build */
#else
    return sim_point_in_leveldb(point);
#endif
}

bool sim_point_in_leveldb(uint32_t point)
{
    return point >= KD_POINT_TABLE_WRITTEN;
}
