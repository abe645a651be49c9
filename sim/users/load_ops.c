/*
 * load_ops.c - which user does what to which item.
 *
 * Likes: an item is drawn, and the next user of this worker that has not liked it yet likes it. The n-th user
 * of an item is (start(item) + n * step) mod users, with a step coprime to users. So each user comes once, and neither one user's
 * likes nor those of neighbouring users come in a row. Batches: in request q, user q mod users likes
 * block q / users of the items. Phones: the user stays for some likes, then the next one comes, and after the last the first again; the n-th item of a
 * user is (start(user) + n * step) mod items.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/users/generate.h"
#include "sim/users/load.h"

/* With --check each seed has items of its own: a like by another run would look like one counted twice. */
const char *sim_load_item(const sim_load_plan *plan, uint64_t item, char out[KD_ITEM_KEY_MAX + 1])
{
    unsigned long long number = item;
    if (plan->check)
        snprintf(out, KD_ITEM_KEY_MAX + 1, "%s/c%llu.%llu", plan->collection, (unsigned long long)plan->seed,
                 number);
    else
        snprintf(out, KD_ITEM_KEY_MAX + 1, "%s/%llu", plan->collection, number);
    return out;
}

void sim_load_ops_init(sim_load_ops *o, const sim_load_plan *plan, uint32_t index)
{
    uint64_t shares = plan->threads * (plan->phones ? plan->connections : 1);
    *o = (sim_load_ops){
        .plan = plan, .index = index, .shares = shares, .random = plan->seed * 1000003 + index};
    o->users = plan->users / shares + (index < plan->users % shares);
    o->step = sim_coprime_step(plan->phones ? plan->items : o->users);
    if (plan->mode == KD_LOAD_LIKE && !plan->phones) o->used = kd_alloc(plan->items * sizeof *o->used);
}

void sim_load_ops_finish(sim_load_ops *o)
{
    free(o->used);
}

static void name_user(const sim_load_ops *o, sim_load_request *r, uint64_t local)
{
    uint64_t user = local * o->shares + o->index;
    r->user_len = sim_load_user(o->plan->seed, user, r->user);
    r->token = sim_load_tokens_at(&o->plan->tokens, user);
}

static bool put_like(const sim_load_ops *o, sim_load_request *r, uint64_t item)
{
    char name[KD_ITEM_KEY_MAX + 1];
    r->method = "POST";
    r->item = (uint32_t)item;
    r->likes = 1;
    r->path_len =
        (size_t)snprintf(r->path, sizeof r->path, "/v1/%s/like", sim_load_item(o->plan, item, name));
    return true;
}

static bool next_like(sim_load_ops *o, sim_load_request *r)
{
    uint64_t items = o->plan->items;
    uint64_t item = sim_zipf_pick(&o->plan->zipf, &o->random), tried = 0;
    while (o->used[item] >= o->users) { /* everybody likes it: the next one */
        if (++tried > items) return false;
        item = (item + 1) % items;
    }
    uint64_t start = item * 2654435761u;
    name_user(o, r, (start + o->used[item]++ * o->step) % o->users);
    return put_like(o, r, item);
}

static bool next_of_phone(sim_load_ops *o, sim_load_request *r)
{
    uint64_t stay = o->plan->phones, items = o->plan->items;
    uint64_t visit = o->sequence / stay, user = visit % o->users;
    uint64_t n = visit / o->users * stay + o->sequence % stay; /* that this user has liked */
    if (n >= items) return false;
    name_user(o, r, user);
    r->stays = true;
    r->came = o->sequence % stay == 0;
    return put_like(o, r, ((user * o->shares + o->index) * 2654435761u + n * o->step) % items);
}

static bool next_batch(sim_load_ops *o, sim_load_request *r)
{
    uint64_t block = o->sequence / o->users, size = o->plan->batch_size;
    if ((block + 1) * size > o->plan->items) return false;
    name_user(o, r, o->sequence % o->users);
    r->method = "POST";
    r->item = (uint32_t)(block * size);
    r->likes = (uint32_t)size;
    r->path_len = (size_t)snprintf(r->path, sizeof r->path, "/v1/likes");
    kd_buf_put(&r->body, "{\"operations\":[", 15);
    for (uint64_t i = 0; i < size; i++) {
        char name[KD_ITEM_KEY_MAX + 1], op[KD_ITEM_KEY_MAX + 64];
        int n = snprintf(op, sizeof op, "%s{\"item\":\"%s\",\"op\":\"like\"}", i ? "," : "",
                         sim_load_item(o->plan, block * size + i, name));
        kd_buf_put(&r->body, op, (size_t)n);
    }
    kd_buf_put(&r->body, "]}", 2);
    return true;
}

static bool next_read(sim_load_ops *o, sim_load_request *r)
{
    char name[KD_ITEM_KEY_MAX + 1];
    sim_load_item(o->plan, sim_zipf_pick(&o->plan->zipf, &o->random), name);
    r->path_len = (size_t)snprintf(r->path, sizeof r->path, "/v1/%s/counts", name);
    return true;
}

static bool next_path(sim_load_ops *o, sim_load_request *r)
{
    static const char hole[] = "{item}";
    const char *path = o->plan->path, *at = strstr(path, hole);
    size_t before = at ? (size_t)(at - path) : strlen(path);
    memcpy(r->path, path, before);
    r->path_len = before;
    if (at)
        r->path_len += (size_t)snprintf(r->path + before, sizeof r->path - before, "%u%s",
                                        sim_zipf_pick(&o->plan->zipf, &o->random), at + sizeof hole - 1);
    return true;
}

bool sim_load_ops_next(sim_load_ops *o, sim_load_request *r)
{
    const sim_load_plan *plan = o->plan;
    kd_buf_clear(&r->body);
    r->method = "GET";
    r->likes = 0;
    r->user_len = r->key_len = 0;
    r->stays = r->came = false;
    r->token = kd_bytes_of(NULL, 0);
    bool more = true;
    if (plan->mode == KD_LOAD_LIKE)
        more = o->users > 0 && (plan->phones ? next_of_phone(o, r) : next_like(o, r));
    else if (plan->mode == KD_LOAD_BATCH)
        more = o->users > 0 && next_batch(o, r);
    else if (plan->mode == KD_LOAD_READ)
        more = next_read(o, r);
    else
        more = next_path(o, r);
    if (plan->named && r->user_len == 0) name_user(o, r, o->sequence % KD_MAX(o->users, (uint64_t)1));
    if (plan->keys && r->user_len > 0) {
        r->key_len = (size_t)snprintf(r->key, sizeof r->key, "%llx-%x-%llx", (unsigned long long)plan->seed,
                                      o->index, (unsigned long long)o->sequence);
    }
    o->sequence++;
    return more;
}
