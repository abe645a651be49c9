/*
 * fuzz_config.c - any bytes as the configuration file of an edge and of central; bytes behind a NUL are overrides of the command
 * line (--set). A refusal has a reason; an accepted configuration goes through the checks between options and is freed cleanly.
 */
#include <stdlib.h>

#include "central/io/daemon/settings.h"
#include "edge/io/daemon/settings.h"
#include "tests/fuzz/input.h"

enum { SETS_MAX = 8 };
static const char *sets[SETS_MAX];
static size_t set_count;

static bool load(const kd_options *options, kd_bytes text, void *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_options_input in = {
        .file = "fuzz.conf", .text = text, .base_dir = "/", .sets = sets, .set_count = set_count};
    bool loaded = kd_options_load(options, &in, config, error) == KD_OK;
    KD_ASSERT(loaded || error[0] != 0);
    return loaded;
}

static void try_edge(kd_bytes text)
{
    kd_settings s;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (!load(&kd_edge_options, text, &s)) return;
    int err = kd_settings_check(&s, error);
    KD_ASSERT(err == KD_OK || error[0] != 0);
    kd_options_finish(&kd_edge_options, &s);
}

static void try_central(kd_bytes text)
{
    kd_central_settings s;
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (!load(&kd_central_options, text, &s)) return;
    int err = kd_central_settings_check(&s, error);
    KD_ASSERT(err == KD_OK || error[0] != 0);
    kd_options_finish(&kd_central_options, &s);
}

/* Text ends with a NUL of its own. */
static kd_bytes cut(char *text, size_t size)
{
    kd_bytes file = kd_bytes_of(text, strlen(text));
    for (char *at = text + file.len; at < text + size && set_count < SETS_MAX; at += strlen(at)) {
        at++;
        sets[set_count++] = at;
    }
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = kd_alloc(size + 1);
    if (size > 0) memcpy(text, data, size);
    set_count = 0;
    kd_bytes file = cut(text, size);
    try_edge(file);
    try_central(file);
    try_edge(kd_bytes_of(data, size)); /* NUL and all */
    free(text);
    return 0;
}
