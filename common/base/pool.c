/* pool.c - a list of given pieces over chunks; see the header. */
#include "common/base/pool.h"

#include <stdlib.h>

enum { CHUNK_PIECES = 512 };

void kd_pool_init(kd_pool *p, size_t size)
{
    size_t whole = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
    *p = (kd_pool){.size = KD_MAX(whole, sizeof(void *))};
}

static void pool_add_chunk(kd_pool *p)
{
    size_t bytes = p->size * CHUNK_PIECES;
    void **chunk = kd_realloc(NULL, sizeof(void *) + bytes);
    *chunk = p->chunks;
    p->chunks = chunk;
    p->at = (uint8_t *)(chunk + 1);
    p->end = p->at + bytes;
}

void *kd_pool_take(kd_pool *p)
{
    void *piece = p->given;
    if (piece) {
        memcpy(&p->given, piece, sizeof(void *));
    } else {
        if (p->at == p->end) pool_add_chunk(p);
        piece = p->at;
        p->at += p->size;
    }
    return memset(piece, 0, p->size);
}

void kd_pool_give(kd_pool *p, void *piece)
{
    memcpy(piece, &p->given, sizeof(void *));
    p->given = piece;
}

void kd_pool_finish(kd_pool *p)
{
    for (void **chunk = p->chunks, **next; chunk; chunk = next) {
        next = *chunk;
        free(chunk);
    }
    *p = (kd_pool){0};
}
