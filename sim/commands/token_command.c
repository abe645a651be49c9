/* token_command.c - kudos-sim token: what an identity provider does, for who has none at hand. */
#include "sim/commands/token_command.h"

#include <stdio.h>

#include "common/io/daemon/args.h"
#include "common/io/loop/clock.h"
#include "sim/users/signer.h"

typedef struct {
    const char *key;
    uint64_t exp_us;
    sim_token token;
} token_wanted;

static int token_print(const token_wanted *w, const sim_signer *signer)
{
    kd_buf token = {0};
    sim_token t = w->token;
    t.made_s = kd_clock_wall_us() / 1000000;
    t.good_s = w->exp_us / 1000000;
    int err = sim_signer_token(signer, &t, &token);
    kd_buf_put_u8(&token, '\n');
    if (err == KD_OK) fwrite(token.data, 1, token.len, stdout);
    kd_buf_finish(&token);
    return err == KD_OK ? KD_EXIT_OK : KD_EXIT_FAILED;
}

/* Another algorithm than the key's is no token that anybody could take. */
static bool token_alg_fits(const token_wanted *w, const sim_signer *signer)
{
    kd_jwt_alg alg;
    return !w->token.alg || (kd_jwt_alg_named(kd_bytes_str(w->token.alg), &alg) && alg == signer->alg);
}

static int token_run(const kd_args *args, const token_wanted *w)
{
    sim_signer signer = {.alg = KD_JWT_HS256};
    const char *fault;
    int err = sim_signer_load(&signer, w->key, &fault);
    if (err != KD_OK) return kd_args_refuse(args, "--key: %s", fault);
    int code = token_alg_fits(w, &signer)
                   ? token_print(w, &signer)
                   : kd_args_refuse(args, "--alg: this key signs by %s", sim_signer_alg(&signer));
    sim_signer_finish(&signer);
    return code;
}

int sim_sim_token(int argc, char **argv)
{
    token_wanted w = {.exp_us = 3600 * (uint64_t)1000000};
    const kd_arg table[] = {
        KD_ARG_TEXT("key", "FILE", &w.key, "private key in PEM, or the secret of HS256", .required = true),
        KD_ARG_TEXT("sub", "USER", &w.token.sub, "the user", .required = true),
        KD_ARG_TEXT("alg", "NAME", &w.token.alg,
                    "RS256, ES256, EdDSA, Ed25519 or HS256; it must be the key's"),
        KD_ARG_TEXT("scope", "SCOPES", &w.token.scope, "scopes, with blanks between"),
        KD_ARG_DURATION("exp", "TIME", &w.exp_us, "for how long it is good [1h]"),
        KD_ARG_TEXT("iss", "NAME", &w.token.iss, "issuer"),
        KD_ARG_TEXT("aud", "NAME", &w.token.aud, "audience"),
        KD_ARG_TEXT("kid", "NAME", &w.token.kid, "name of the key"),
    };
    const kd_args args = {.program = "kudos-sim",
                          .command = "token",
                          .usage = "--key FILE --sub USER [options]",
                          .about = "Prints a JWT that the key signs, as an identity provider would make it.",
                          .at = table,
                          .count = KD_COUNT(table)};
    int code = kd_args_read(&args, argc, argv);
    return code >= 0 ? code : token_run(&args, &w);
}
