/*
 * fuzz_config.c - any bytes as the configuration file of an edge and of central. What is refused is refused with a reason;
 * what is accepted is finished cleanly and passes the checks between options without harm.
 */
#include <string.h>

#include "central/io/settings.h"
#include "edge/io/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool load(const kd_options *options, kd_bytes text, void *config)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_options_input in = {.file = "fuzz.conf", .text = text, .base_dir = "/"};
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_edge(kd_bytes_of(data, size));
    try_central(kd_bytes_of(data, size));
    return 0;
}
