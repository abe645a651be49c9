/* Which request an idempotency key belongs to, whichever shard its items are in. */
#include <criterion/criterion.h>

#include "tests/lib/edge_rig.h"

enum { TTL_US = 1000 };

static kd_key_use use_of(uint8_t key, uint64_t request)
{
    return (kd_key_use){.key = {key, 1, 2, 3}, .request = request};
}

static int begin(kd_key_claims *c, uint8_t key, uint64_t request, uint64_t now_us)
{
    kd_key_use use = use_of(key, request);
    kd_claim_was was;
    return kd_key_claims_begin(c, &use, now_us, &was);
}

static void end(kd_key_claims *c, uint8_t key, uint64_t request, kd_claim_end how, uint64_t now_us)
{
    kd_key_use use = use_of(key, request);
    kd_key_claims_end(c, &use, how, now_us);
}

static void taken(kd_key_claims *c, uint8_t key, uint64_t request, uint64_t now_us)
{
    cr_assert_eq(begin(c, key, request, now_us), KD_OK);
    end(c, key, request, KD_CLAIM_TAKEN, now_us);
}

Test(key_claims, of_two_requests_at_one_moment_the_first_has_the_key)
{
    kd_key_claims *c = kd_key_claims_create(10, TTL_US, 7);
    cr_assert_eq(begin(c, 1, 100, 0), KD_OK);
    cr_assert_eq(begin(c, 1, 200, 0), KD_EREUSED);
    cr_assert_eq(begin(c, 2, 200, 0), KD_OK, "another key");
    end(c, 1, 100, KD_CLAIM_TAKEN, 0);
    end(c, 2, 200, KD_CLAIM_TAKEN, 0);
    cr_assert_eq(begin(c, 1, 200, 1), KD_EREUSED, "remembered");
    cr_assert_eq(begin(c, 1, 100, 1), KD_OK, "a retry");
    end(c, 1, 100, KD_CLAIM_AGAIN, 1);
    kd_key_claims_destroy(c);
}

Test(key_claims, a_request_of_which_nothing_was_taken_leaves_its_key_free)
{
    kd_key_claims *c = kd_key_claims_create(10, TTL_US, 7);
    cr_assert_eq(begin(c, 1, 100, 0), KD_OK);
    cr_assert_eq(begin(c, 1, 100, 0), KD_OK, "the same, twice in work");
    end(c, 1, 100, KD_CLAIM_VOID, 0);
    cr_assert_eq(begin(c, 1, 200, 0), KD_EREUSED, "one of the two is still in work");
    end(c, 1, 100, KD_CLAIM_VOID, 0);
    taken(c, 1, 200, 0);
    cr_assert_eq(begin(c, 1, 200, 0), KD_OK);
    end(c, 1, 200, KD_CLAIM_VOID, 0);
    cr_assert_eq(begin(c, 1, 100, 0), KD_EREUSED, "a retry that was refused does not free what was taken");
    kd_key_claims_destroy(c);
}

Test(key_claims, a_key_is_free_after_its_time_but_not_while_it_is_in_work)
{
    kd_key_claims *c = kd_key_claims_create(10, TTL_US, 7);
    taken(c, 1, 100, 0);
    cr_assert_eq(begin(c, 1, 200, TTL_US - 1), KD_EREUSED);
    cr_assert_eq(begin(c, 1, 100, TTL_US - 1), KD_OK);
    cr_assert_eq(begin(c, 1, 200, TTL_US), KD_EREUSED, "a retry is in work");
    end(c, 1, 100, KD_CLAIM_AGAIN, TTL_US);
    taken(c, 1, 200, TTL_US);
    cr_assert_eq(begin(c, 1, 100, TTL_US + 1), KD_EREUSED, "the later request has it now");
    kd_key_claims_destroy(c);
}

Test(key_claims, the_oldest_makes_room_and_one_that_is_in_work_does_not)
{
    kd_key_claims *c = kd_key_claims_create(3, TTL_US, 7);
    for (uint8_t k = 1; k <= 3; k++) taken(c, k, k, k);
    cr_assert_eq(begin(c, 1, 1, 4), KD_OK);
    taken(c, 4, 4, 4);
    cr_assert_eq(kd_key_claims_count(c), 3);
    cr_assert_eq(begin(c, 1, 9, 5), KD_EREUSED);
    cr_assert_eq(begin(c, 2, 9, 5), KD_OK, "it was the oldest that nobody held");
    end(c, 2, 9, KD_CLAIM_VOID, 5);
    cr_assert_eq(begin(c, 3, 9, 5), KD_EREUSED);
    for (uint8_t k = 10; k < 200; k++) taken(c, k, k, 6);
    cr_assert_eq(kd_key_claims_count(c), 3);
    cr_assert_eq(begin(c, 1, 9, 7), KD_EREUSED);
    kd_key_claims_destroy(c);
}

Test(key_claims, after_a_start_they_are_as_old_as_they_were)
{
    kd_key_claims *c = kd_key_claims_create(3, TTL_US, 7);
    const struct {
        uint8_t key;
        uint64_t request, at_us;
    } rows[] = {
        {1, 1, 10}, {2, 2, 30}, {1, 8, 5}, {3, 3, 20}}; /* of two shards; a key of which one is older */
    for (size_t i = 0; i < KD_COUNT(rows); i++) {
        kd_key_use use = use_of(rows[i].key, rows[i].request);
        kd_key_claims_load(c, &use, rows[i].at_us);
    }
    kd_key_claims_loaded(c);
    cr_assert_eq(begin(c, 1, 8, 31), KD_EREUSED, "the later row has the key");
    taken(c, 4, 4, 40);
    taken(c, 5, 5, 40);
    cr_assert_eq(begin(c, 2, 9, 40), KD_EREUSED, "the newest of those that were loaded");
    cr_assert_eq(begin(c, 3, 3, 40), KD_OK);
    cr_assert_eq(begin(c, 2, 9, 30 + TTL_US), KD_OK);
    kd_key_claims_destroy(c);
}

/* The stores are read one after the other, and may hold more than a bound that was lowered. */
Test(key_claims, a_start_forgets_the_oldest_of_all_shards)
{
    kd_key_claims *c = kd_key_claims_create(3, TTL_US, 7);
    for (uint8_t k = 1; k <= 6; k++) { /* the first shard has the newer ones */
        kd_key_use use = use_of(k, k);
        kd_key_claims_load(c, &use, k <= 3 ? 100 + k : k);
    }
    kd_key_claims_loaded(c);
    cr_assert_eq(kd_key_claims_count(c), 3);
    for (uint8_t k = 1; k <= 3; k++) cr_assert_eq(begin(c, k, 9, 110), KD_EREUSED);
    for (uint8_t k = 4; k <= 6; k++) cr_assert_eq(begin(c, k, 9, 110), KD_OK);
    kd_key_claims_destroy(c);
}

Test(key_claims, a_retry_is_told_what_fitted_the_first_time)
{
    kd_key_claims *c = kd_key_claims_create(3, TTL_US, 7);
    kd_key_use use = use_of(1, 5);
    kd_claim_was was, second;
    cr_assert_eq(kd_key_claims_begin(c, &use, 10, &was), KD_OK);
    cr_assert(!was.kept && !was.held);
    use.fits = 3;
    cr_assert_eq(kd_key_claims_begin(c, &use, 10, &second), KD_OK);
    cr_assert(!second.kept && second.held);
    kd_key_claims_end(c, &use, KD_CLAIM_TAKEN, 10);
    use.fits = 9;
    kd_key_claims_end(c, &use, KD_CLAIM_AGAIN, 10);
    cr_assert_eq(kd_key_claims_begin(c, &use, 11, &was), KD_OK);
    cr_assert(was.kept && !was.held);
    cr_assert_eq(was.fits, 3, "as when it was taken");
    use = use_of(2, 6);
    use.fits = 4;
    kd_key_claims_load(c, &use, 12);
    cr_assert_eq(kd_key_claims_begin(c, &use, 13, &was), KD_OK);
    cr_assert_eq(was.fits, 4);
    kd_key_claims_destroy(c);
}

/* ---- what the rows of a shard tell ---- */

typedef struct {
    kd_key_use use[8];
    uint32_t count;
} visited;

static void visit(void *arg, const kd_key_use *use, uint64_t at_us)
{
    visited *v = arg;
    cr_assert_neq(at_us, 0);
    cr_assert_lt(v->count, KD_COUNT(v->use));
    v->use[v->count++] = *use;
}

static bool same(const kd_key_use *a, const kd_key_use *b)
{
    return memcmp(a->key, b->key, sizeof a->key) == 0 && a->request == b->request;
}

Test(key_claims, rows_tell_the_key_of_a_single_request_and_of_a_bulk_request)
{
    edge_rig r;
    visited v = {.count = 0};
    er_init(&r);
    kd_request single = er_request(1, 1), bulk = er_request(2, 1);
    single.idempotency_key = kd_bytes_str("k");
    bulk.idempotency_key = kd_bytes_str("batch:0");
    bulk.batch = 77;
    bulk.batch_key = kd_bytes_str("k");
    bulk.batch_fits = 300;
    cr_assert_eq(er_take(&r, &single), KD_OK);
    cr_assert_eq(er_take(&r, &bulk), KD_OK);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    kd_key_use first = kd_edge_key_use(r.e, &single), second = kd_edge_key_use(r.e, &bulk);
    cr_assert_eq(kd_edge_keys(r.e, visit, &v), KD_OK);
    cr_assert_eq(v.count, 2);
    cr_assert(same(&v.use[0], &first));
    cr_assert(same(&v.use[1], &second));
    cr_assert_arr_eq(first.key, second.key, sizeof first.key, "one key of one user");
    cr_assert_eq(second.request, 77);
    cr_assert_eq(v.use[0].fits, 0);
    cr_assert_eq(v.use[1].fits, 300);
    single.user = rig_user(2);
    second = kd_edge_key_use(r.e, &single);
    cr_assert_neq(memcmp(first.key, second.key, sizeof first.key), 0, "another user");
    er_finish(&r);
}
