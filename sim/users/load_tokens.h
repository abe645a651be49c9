/* load_tokens.h - a JWT for each user of a load, made before the load begins: signing takes longer than a like. */
#ifndef KUDOS_SIM_USERS_LOAD_TOKENS_H
#define KUDOS_SIM_USERS_LOAD_TOKENS_H

#include "kudos/base.h"

enum { KD_LOAD_TOKENS_MAX = 1000000 }; /* some 400 bytes each */

/* Zero: there are none. */
typedef struct {
    kd_buf text;   /* one behind the other, with "Bearer " in front */
    uint64_t *end; /* of each in text */
    uint64_t count;
} sim_load_tokens;

/* The name of a user of a load. Each seed has users of its own: else a second run against the same store would send nothing but repeated likes. */
enum { KD_LOAD_USER_MAX = 48 };
size_t sim_load_user(uint64_t seed, uint64_t number, char out[KD_LOAD_USER_MAX]);

/* Tokens of users 0 to count - 1, by the key of a file, good for an hour at least. KD_OK, and the caller finishes *t; or KD_EINVAL and *fault in static text. */
int sim_load_tokens_make(sim_load_tokens *t, const char *key_file, uint64_t seed, uint64_t count,
                         const char **fault);
/* The value of Authorization; empty where there are no tokens. A view into *t. */
kd_bytes sim_load_tokens_at(const sim_load_tokens *t, uint64_t number);
/* Frees what make allocated. */
void sim_load_tokens_finish(sim_load_tokens *t);

#endif
