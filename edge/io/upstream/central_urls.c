/* central_urls.c - see the header. */
#include "edge/io/upstream/central_urls.h"

#include <stdlib.h>

#include "common/io/http/client/http_client.h"

static void central_urls_leave(kd_central_urls *u, uint32_t slot)
{
    free(u->at[slot]);
    u->at[slot] = NULL;
    u->count--;
}

static uint32_t central_urls_slot(const kd_central_urls *u, const char *url)
{
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (u->at[i] && strcmp(u->at[i], url) == 0) return i;
    return KD_CENTRALS_NONE;
}

static void central_urls_enter(kd_central_urls *u, const char *url)
{
    uint32_t slot = 0;
    while (u->at[slot]) slot++;
    KD_ASSERT(slot < KD_CENTRALS_MAX);
    u->at[slot] = kd_string_copy(kd_bytes_str(url));
    u->count++;
}

void kd_central_urls_take(kd_central_urls *u, const kd_strings *list)
{
    KD_ASSERT(list->count <= KD_CENTRALS_MAX);
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (u->at[i] && !kd_strings_hold(list, kd_bytes_str(u->at[i]))) central_urls_leave(u, i);
    for (uint32_t i = 0; i < list->count; i++)
        if (central_urls_slot(u, list->at[i]) == KD_CENTRALS_NONE) central_urls_enter(u, list->at[i]);
    u->first = list->count > 0 ? central_urls_slot(u, list->at[0]) : 0;
}

kd_central_urls kd_central_urls_copy(const kd_central_urls *u)
{
    kd_central_urls copy = *u;
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (u->at[i]) copy.at[i] = kd_string_copy(kd_bytes_str(u->at[i]));
    return copy;
}

void kd_central_urls_finish(kd_central_urls *u)
{
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) free(u->at[i]);
    *u = (kd_central_urls){.count = 0};
}

uint32_t kd_central_urls_find(const kd_central_urls *u, kd_bytes url)
{
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (u->at[i] && kd_http_client_same_url(u->at[i], url)) return i;
    return KD_CENTRALS_NONE;
}
