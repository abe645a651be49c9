/*
 * http_pool.c - see the header.
 *
 * nghttp2 asks for a handful of small blocks per request. They come from one free list per size class (powers of two), without a lock: the server
 * that owns them has one thread. A freed block stays on its list, up to HTTP_POOL_FREE_BYTES on all of them.
 *
 *   block:  | class (16 bytes, keeps alignment) | memory ... |
 *
 * A block larger than all classes has class HTTP_POOL_CLASSES: it comes from malloc, and goes back to free.
 */
#include "common/io/http/server/http_pool.h"

#include <stdlib.h>

#include "kudos/base.h"

enum { POOL_HEAD = 16, POOL_SMALLEST_LOG2 = 4 };

static unsigned pool_class(size_t size)
{
    if (size <= (1u << POOL_SMALLEST_LOG2)) return 0;
    unsigned bits = 64u - (unsigned)__builtin_clzll((unsigned long long)(size - 1));
    return KD_MIN(bits - POOL_SMALLEST_LOG2, (unsigned)HTTP_POOL_CLASSES);
}

static size_t pool_class_bytes(unsigned class)
{
    return (size_t)1 << (class + POOL_SMALLEST_LOG2);
}

static uint8_t *pool_fresh(unsigned class, size_t size)
{
    uint8_t *block = kd_realloc(NULL, POOL_HEAD + size);
    memcpy(block, &class, sizeof(class));
    return block + POOL_HEAD;
}

static void *pool_malloc(size_t size, void *arg)
{
    http_pool *pool = arg;
    unsigned class = pool_class(size);
    if (class == HTTP_POOL_CLASSES) return pool_fresh(class, size);
    void *p = pool->free[class];
    if (!p) return pool_fresh(class, pool_class_bytes(class));
    memcpy(&pool->free[class], p, sizeof(void *));
    pool->free_bytes -= pool_class_bytes(class);
    return p;
}

static unsigned pool_class_of(const void *p)
{
    unsigned class;
    memcpy(&class, (const uint8_t *)p - POOL_HEAD, sizeof(class));
    return class;
}

static void pool_free(void *p, void *arg)
{
    http_pool *pool = arg;
    if (!p) return;
    unsigned class = pool_class_of(p);
    if (class == HTTP_POOL_CLASSES || pool->free_bytes >= HTTP_POOL_FREE_BYTES) {
        free((uint8_t *)p - POOL_HEAD);
        return;
    }
    memcpy(p, &pool->free[class], sizeof(void *));
    pool->free[class] = p;
    pool->free_bytes += pool_class_bytes(class);
}

static void *pool_calloc(size_t n, size_t size, void *arg)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) return NULL;
    void *p = pool_malloc(total, arg);
    memset(p, 0, total);
    return p;
}

static void *pool_realloc(void *p, size_t size, void *arg)
{
    if (!p) return pool_malloc(size, arg);
    unsigned class = pool_class_of(p);
    if (class == HTTP_POOL_CLASSES && pool_class(size) == HTTP_POOL_CLASSES) {
        return (uint8_t *)kd_realloc((uint8_t *)p - POOL_HEAD, POOL_HEAD + size) + POOL_HEAD;
    }
    if (class != HTTP_POOL_CLASSES && size <= pool_class_bytes(class)) return p;
    /* The size of an old block without a class is not known. But then the new block has a class, so it is the smaller one, and its size is copied. */
    size_t old = class == HTTP_POOL_CLASSES ? size : pool_class_bytes(class);
    void *q = pool_malloc(size, arg);
    memcpy(q, p, KD_MIN(old, size));
    pool_free(p, arg);
    return q;
}

void http_pool_init(http_pool *pool)
{
    memset(pool, 0, sizeof(*pool));
    pool->mem = (nghttp2_mem){.mem_user_data = pool,
                              .malloc = pool_malloc,
                              .free = pool_free,
                              .calloc = pool_calloc,
                              .realloc = pool_realloc};
}

void http_pool_trim(http_pool *pool)
{
    for (size_t i = 0; i < HTTP_POOL_CLASSES; i++) {
        while (pool->free[i]) {
            uint8_t *p = pool->free[i];
            // cppcheck-suppress pointerSize ; the link is a pointer
            memcpy(&pool->free[i], p, sizeof(void *));
            free(p - POOL_HEAD);
        }
    }
    pool->free_bytes = 0;
}

void http_pool_finish(http_pool *pool)
{
    http_pool_trim(pool);
}
