/* test_jwt_gate.c - tokens that are remembered: by a digest that is taken once, until they expire, and under the keys of now alone. */
#include "common/io/jwt/jwt_gate.h"

#include <criterion/criterion.h>

#include "common/io/loop/clock.h"
#include "sim/users/signer.h"

enum { ROOM = 64 };

static const char secret[] = "a secret of the tests, 32 bytes or more";
static const char newer[] = "a newer secret, which is also 32 bytes or more";
static kd_jwt_settings settings = {.user_claim = "sub", .scope_claim = "scope"};
static kd_jwt_ring *ring;
static kd_jwt_budget *budget;
static kd_jwt_gate *gate;

static void use(const char *text)
{
    const char *fault;
    kd_jwt_keys keys = {.count = 0};
    cr_assert_eq(kd_jwt_keys_add_secret(&keys, kd_bytes_str(text), &fault), KD_OK);
    kd_jwt_ring_publish(ring, &keys);
}

static void setup(void)
{
    ring = kd_jwt_ring_create();
    use(secret);
    budget = kd_jwt_budget_create(1);
    gate = kd_jwt_gate_create(ring, budget, &settings, ROOM);
}

static void teardown(void)
{
    kd_jwt_gate_destroy(gate);
    kd_jwt_budget_destroy(budget);
    kd_jwt_ring_destroy(ring);
}

TestSuite(jwt_gate, .init = setup, .fini = teardown);

/* The caller finishes the token. */
static kd_buf token_of(const char *user)
{
    const char *fault;
    sim_signer signer;
    kd_buf token = {0};
    const sim_token t = {.sub = user, .made_s = kd_clock_wall_us() / 1000000, .good_s = 3600};
    cr_assert_eq(sim_signer_read(&signer, kd_bytes_str(secret), &fault), KD_OK);
    cr_assert_eq(sim_signer_token(&signer, &t, &token), KD_OK);
    sim_signer_finish(&signer);
    return token;
}

/* The user; NULL: the token was refused. Until the next call. */
static const char *ask(const kd_buf *token, kd_jwt_digest *digest)
{
    static char user[KD_ID_MAX + 1];
    const kd_jwt_claims *claims;
    uint32_t cost_us;
    if (kd_jwt_gate_ask(gate, 1, kd_buf_view(token), digest, &claims, &cost_us) != KD_JWT_GOOD) return NULL;
    memcpy(user, claims->user, claims->user_len);
    user[claims->user_len] = '\0';
    return user;
}

static void counted(int64_t verified, int64_t remembered)
{
    const kd_jwt_gate_metrics *m = kd_jwt_gate_counted(gate);
    cr_expect_eq(kd_metric_get(&m->verified), verified);
    cr_expect_eq(kd_metric_get(&m->remembered), remembered);
}

Test(jwt_gate, a_token_is_remembered_by_its_digest)
{
    kd_buf ada = token_of("ada"), bob = token_of("bob");
    kd_jwt_digest of_ada = {{0}}, of_bob = {{0}}, again = {{0}};
    for (int i = 0; i < 3; i++) {
        cr_expect_str_eq(ask(&ada, &of_ada), "ada");
        cr_expect_str_eq(ask(&bob, &of_bob), "bob");
    }
    counted(2, 4);
    cr_expect_str_eq(ask(&ada, &again), "ada", "who brings no digest gets one");
    cr_expect_arr_eq(&again, &of_ada, sizeof again);
    cr_expect_neq(of_ada.word[0], of_bob.word[0]);
    counted(2, 5);
    kd_buf_finish(&ada);
    kd_buf_finish(&bob);
}

Test(jwt_gate, a_digest_does_not_outlive_the_keys)
{
    kd_buf ada = token_of("ada");
    kd_jwt_digest digest = {{0}};
    cr_expect_str_eq(ask(&ada, &digest), "ada");
    cr_expect_str_eq(ask(&ada, &digest), "ada");
    use(newer);
    cr_expect_null(ask(&ada, &digest));
    cr_expect_null(ask(&ada, &digest));
    use(secret);
    cr_expect_str_eq(ask(&ada, &digest), "ada");
    counted(2, 1);
    kd_buf_finish(&ada);
}

Test(jwt_gate, what_is_remembered_expires)
{
    kd_jwt_cache *cache = kd_jwt_cache_create(ROOM);
    const kd_jwt_claims claims = {.good_until_s = 1000, .user_len = 1, .user = "a"};
    kd_jwt_digest digest = kd_jwt_cache_digest(cache, kd_bytes_str("token"));
    cr_expect_null(kd_jwt_cache_find(cache, digest, 999));
    kd_jwt_cache_put(cache, digest, &claims);
    cr_expect_not_null(kd_jwt_cache_find(cache, digest, 999));
    cr_expect_null(kd_jwt_cache_find(cache, digest, 1000));
    kd_jwt_cache_destroy(cache);
}

Test(jwt_gate, nothing_is_remembered_without_room)
{
    kd_jwt_gate_destroy(gate);
    gate = kd_jwt_gate_create(ring, budget, &settings, 0);
    kd_buf ada = token_of("ada");
    kd_jwt_digest digest = {{0}};
    for (int i = 0; i < 3; i++) cr_expect_str_eq(ask(&ada, &digest), "ada");
    counted(3, 0);
    kd_buf_finish(&ada);
}
