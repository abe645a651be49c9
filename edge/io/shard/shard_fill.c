/* shard_fill.c - see the header. */
#include "edge/io/shard/shard_fill.h"

#include <stdio.h>

/* A piece takes the core some 0.1 ms. Its reading takes milliseconds, or far longer where the disk is slow, and nobody waits for that. */
enum { FILL_ROWS_A_PIECE = 4096 };

static void fill_on_read(kd_post *post);

/* On the fill's thread. */
static void fill_on_wanted(kd_post *post)
{
    kd_shard_fill *f = KD_CONTAINER(post, kd_shard_fill, post);
    if (f->ending) return;
    kd_fill_read(&f->store, &f->piece, FILL_ROWS_A_PIECE);
    f->post.fn = fill_on_read;
    kd_loop_post(f->base->loop, &f->post);
}

/* On the shard's thread. The row count, and an error, are for its turn. */
static void fill_on_read(kd_post *post)
{
    kd_shard_fill *f = KD_CONTAINER(post, kd_shard_fill, post);
    if (f->ending) return;
    if (kd_edge_fill_take(f->base->edge, &f->piece)) {
        f->post.fn = fill_on_wanted;
        kd_loop_post(f->loop, &f->post);
        return;
    }
    kd_fill_finish(&f->piece);
    kd_loop_stop(f->loop);
    kd_turn_wake(&f->base->turn);
}

int kd_shard_fill_begin(kd_shard_fill *f, kd_shard_base *base, kd_leveldb *db)
{
    char name[16];
    f->base = base;
    f->store = kd_leveldb_store(db);
    if (!kd_edge_fill_begin(base->edge, &f->piece)) return KD_OK;
    snprintf(name, sizeof name, "fill-%u", base->index);
    int err = kd_loop_create(&f->loop, name);
    if (err != KD_OK) return err;
    f->post.fn = fill_on_wanted;
    kd_loop_post(f->loop, &f->post);
    return kd_loop_start(f->loop);
}

void kd_shard_fill_finish(kd_shard_fill *f)
{
    if (f->loop) {
        kd_loop_stop(f->loop);
        kd_loop_join(f->loop);
    }
    f->ending = true;
}

void kd_shard_fill_release(kd_shard_fill *f)
{
    kd_loop_destroy(f->loop);
    f->loop = NULL;
    kd_fill_finish(&f->piece);
}
