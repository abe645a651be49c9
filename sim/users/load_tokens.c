/* load_tokens.c - see the header. */
#include "sim/users/load_tokens.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/users/signer.h"

enum { HOUR_S = 3600 };

size_t sim_load_user(uint64_t seed, uint64_t number, char out[KD_LOAD_USER_MAX])
{
    return (size_t)snprintf(out, KD_LOAD_USER_MAX, "u%llu.%010llu", (unsigned long long)seed,
                            (unsigned long long)number);
}

/* Every load of an hour makes the same tokens, if the key's signatures have no chance in them (all but ES256): a server may know them from the load before. */
static uint64_t tokens_made_s(void)
{
    return kd_clock_wall_us() / 1000000 / HOUR_S * HOUR_S;
}

/* As long as those of identity providers are: they name who made them, for whom, and what other programs may do by them. */
static int tokens_add(sim_load_tokens *t, const sim_signer *signer, uint64_t seed, uint64_t made_s)
{
    static const char bearer[] = "Bearer ";
    char user[KD_LOAD_USER_MAX];
    sim_load_user(seed, t->count, user);
    const sim_token token = {.kid = "load-1",
                             .iss = "https://accounts.example.com/",
                             .sub = user,
                             .aud = "kudos",
                             .scope = "openid profile kudos:write:*/like",
                             .made_s = made_s,
                             .good_s = 2 * HOUR_S};
    kd_buf_put(&t->text, bearer, sizeof bearer - 1);
    int err = sim_signer_token(signer, &token, &t->text);
    t->end[t->count++] = t->text.len;
    return err;
}

int sim_load_tokens_make(sim_load_tokens *t, const char *key_file, uint64_t seed, uint64_t count,
                         const char **fault)
{
    sim_signer signer = {.alg = KD_JWT_HS256};
    uint64_t now_s = tokens_made_s();
    KD_ASSERT(count <= KD_LOAD_TOKENS_MAX);
    *t = (sim_load_tokens){0};
    int err = sim_signer_load(&signer, key_file, fault);
    if (err != KD_OK) return KD_EINVAL;
    t->end = kd_alloc(count * sizeof *t->end);
    while (err == KD_OK && t->count < count) err = tokens_add(t, &signer, seed, now_s);
    sim_signer_finish(&signer);
    if (err == KD_OK) return KD_OK;
    sim_load_tokens_finish(t);
    *fault = "OpenSSL does not sign with this key";
    return KD_EINVAL;
}

kd_bytes sim_load_tokens_at(const sim_load_tokens *t, uint64_t number)
{
    if (t->count == 0) return kd_bytes_of(NULL, 0);
    KD_ASSERT(number < t->count);
    uint64_t from = number > 0 ? t->end[number - 1] : 0;
    return kd_bytes_of(t->text.data + from, t->end[number] - from);
}

void sim_load_tokens_finish(sim_load_tokens *t)
{
    kd_buf_finish(&t->text);
    free(t->end);
    *t = (sim_load_tokens){0};
}
