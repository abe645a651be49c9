/* token_command.c - kudos-sim token: what an identity provider does, for who has none at hand. */
#include "sim/commands/token_command.h"

#include <stdio.h>

#include "common/io/daemon/args.h"
#include "common/io/daemon/file_read.h"
#include "common/io/loop/clock.h"
#include "common/json/json_writer.h"
#include "sim/users/signer.h"

typedef struct {
    const char *key, *alg, *sub, *scope, *iss, *aud, *kid;
    uint64_t exp_us;
} token_wanted;

static void token_put(kd_json *j, const char *name, const char *value)
{
    if (!value) return;
    kd_json_key_bytes(j, kd_bytes_str(name));
    kd_json_cstr(j, value);
}

static void token_write_header(const token_wanted *w, const sim_signer *signer, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    token_put(&j, "alg", w->alg ? w->alg : sim_signer_alg(signer));
    token_put(&j, "typ", "JWT");
    token_put(&j, "kid", w->kid);
    kd_json_end_object(&j);
}

static void token_write_claims(const token_wanted *w, kd_buf *out)
{
    uint64_t now_s = kd_clock_wall_us() / 1000000;
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    token_put(&j, "iss", w->iss);
    token_put(&j, "sub", w->sub);
    token_put(&j, "aud", w->aud);
    token_put(&j, "scope", w->scope);
    kd_json_key(&j, "iat"), kd_json_u64(&j, now_s);
    kd_json_key(&j, "exp"), kd_json_u64(&j, now_s + w->exp_us / 1000000);
    kd_json_end_object(&j);
}

static int token_print(const token_wanted *w, const sim_signer *signer)
{
    kd_buf header = {0}, claims = {0}, token = {0};
    token_write_header(w, signer, &header);
    token_write_claims(w, &claims);
    int err = sim_signer_sign(signer, kd_buf_view(&header), kd_buf_view(&claims), &token);
    kd_buf_put_u8(&token, '\n');
    if (err == KD_OK) fwrite(token.data, 1, token.len, stdout);
    kd_buf_finish(&header);
    kd_buf_finish(&claims);
    kd_buf_finish(&token);
    return err == KD_OK ? KD_EXIT_OK : KD_EXIT_FAILED;
}

/* Another algorithm than the key's is no token that anybody could take. */
static bool token_alg_fits(const token_wanted *w, const sim_signer *signer)
{
    kd_jwt_alg alg;
    return !w->alg || (kd_jwt_alg_named(kd_bytes_str(w->alg), &alg) && alg == signer->alg);
}

static int token_run(const kd_args *args, const token_wanted *w)
{
    sim_signer signer = {.alg = KD_JWT_HS256};
    const char *fault = "the file cannot be read";
    kd_buf text = {0};
    int err = kd_file_read(w->key, KD_JWT_KEYS_BYTES_MAX, &text);
    if (err == KD_OK) err = sim_signer_read(&signer, kd_buf_view(&text), &fault);
    kd_buf_finish(&text);
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
        KD_ARG_TEXT("sub", "USER", &w.sub, "the user", .required = true),
        KD_ARG_TEXT("alg", "NAME", &w.alg, "RS256, ES256, EdDSA, Ed25519 or HS256; it must be the key's"),
        KD_ARG_TEXT("scope", "SCOPES", &w.scope, "scopes, with blanks between"),
        KD_ARG_DURATION("exp", "TIME", &w.exp_us, "for how long it is good [1h]"),
        KD_ARG_TEXT("iss", "NAME", &w.iss, "issuer"),
        KD_ARG_TEXT("aud", "NAME", &w.aud, "audience"),
        KD_ARG_TEXT("kid", "NAME", &w.kid, "name of the key"),
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
