/* replay.c - runs a fuzz target over files without libFuzzer: the corpus and what fuzzing once found, on any
 * compiler. */
#include "kudos/base.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    kd_buf content = {0};
    uint8_t chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) kd_buf_put(&content, chunk, n);
    bool whole = !ferror(f);
    fclose(f);
    uint8_t *exact =
        kd_dup(kd_buf_view(&content)); /* no room behind it, so that a sanitizer sees a read past the end */
    if (whole) LLVMFuzzerTestOneInput(exact, content.len);
    free(exact);
    kd_buf_finish(&content);
    return whole;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (run_file(argv[i])) continue;
        perror(argv[i]);
        return 4;
    }
    printf("replayed files=%d\n", argc - 1);
    return argc > 1 ? 0 : 2;
}
