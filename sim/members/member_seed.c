/* member_seed.c - a member's store is made from a copy of another one's, chunk by chunk, as central/io/seed does (rule 35). */
#include "sim/members/members.h"

#include "common/backup/seed_chunk.h"
#include "sim/world/run.h"

enum { SEED_CHUNKS = 6 /* about as many has a store here */, SEED_CLEARED = 8 };

/* One pass, from a source that stands still. */
typedef struct {
    const members *world;
    sim_disk *disk; /* of the copy */
    kd_store from, to;
    kd_buf after, rows, end, ours, our_end;
    kd_writes writes;
    bool last;
} seed_pass;

static uint32_t seed_below(members *w, uint32_t end)
{
    return (uint32_t)(kd_random_next(&w->seeds_random) % end);
}

static void seed_apply(seed_pass *p, kd_bytes after, kd_bytes rows)
{
    sim_disk *nothing = sim_disk_create();
    const bool keeps = p->world->options->world_plant & SIM_PLANT_SEED_KEEPS;
    const kd_store to = keeps ? sim_disk_view(nothing) : p->to;
    for (int err = KD_EAGAIN; err == KD_EAGAIN; kd_writes_clear(&p->writes)) {
        err = kd_seed_apply(&to, after, kd_buf_view(&p->end), p->last, rows, SEED_CLEARED, &p->writes);
        KD_ASSERT(err == KD_OK || err == KD_EAGAIN);
        sim_disk_apply(p->disk, &p->writes);
    }
    sim_disk_destroy(nothing);
}

/* Of a chunk that is the same nothing is fetched, and what stands behind the last one is deleted. */
static void seed_chunk(seed_pass *p)
{
    bool ignored;
    KD_ASSERT(kd_seed_cut(&p->from, kd_buf_view(&p->after), &p->rows, &p->end, &p->last) == KD_OK);
    KD_ASSERT(kd_seed_cut(&p->to, kd_buf_view(&p->after), &p->ours, &p->our_end, &ignored) == KD_OK);
    bool same = p->ours.len > 0 && kd_bytes_eq(kd_buf_view(&p->ours), kd_buf_view(&p->rows));
    if (!same)
        seed_apply(p, kd_buf_view(&p->after), kd_buf_view(&p->rows));
    else if (p->last)
        seed_apply(p, kd_buf_view(&p->end), (kd_bytes){0});
    kd_buf_clear(&p->after);
    kd_buf_put(&p->after, p->end.data, p->end.len);
}

/* Copies so many chunks of what `from` has on its disk, or all; from its front on, whatever is there. */
static void seed_copy(seed_pass *p, const member *from, uint32_t chunks)
{
    sim_disk *still = sim_disk_copy_crashed(from->disk, 0);
    p->from = sim_disk_view(still);
    p->to = sim_disk_view(p->disk);
    p->last = false;
    if (!(p->world->options->world_plant & SIM_PLANT_SEED_GOES_ON)) kd_buf_clear(&p->after);
    while (!p->last && chunks-- > 0) seed_chunk(p);
    sim_disk_destroy(still);
}

static void seed_make_another(seed_pass *p, uint64_t random)
{
    KD_ASSERT(kd_central_make_another(&p->to, random, &p->writes) == KD_OK);
    sim_disk_apply(p->disk, &p->writes);
}

static void seed_finish(seed_pass *p)
{
    kd_buf *const buffers[] = {&p->after, &p->rows, &p->end, &p->ours, &p->our_end};
    for (size_t i = 0; i < KD_COUNT(buffers); i++) kd_buf_finish(buffers[i]);
    kd_writes_finish(&p->writes);
}

void member_seed_from(member *m, const member *from, const member *const *others, uint32_t count)
{
    members *w = m->world;
    seed_pass p = {.world = w, .disk = sim_disk_copy_crashed(m->disk, 0)};
    const bool half = w->options->world_plant & SIM_PLANT_SEED_HALF;
    sim_disk_destroy(m->disk);
    for (uint32_t broken = seed_below(w, 3); broken > 0; broken--)
        seed_copy(&p, others[seed_below(w, count)], 1 + seed_below(w, SEED_CHUNKS));
    seed_copy(&p, from, half ? 1 + seed_below(w, SEED_CHUNKS) : UINT32_MAX);
    seed_make_another(&p, kd_random_next(&w->seeds_random));
    m->disk = p.disk;
    seed_finish(&p);
}
