/*
 * replay.c - runs the fuzz targets over the corpora in tests/fuzz/corpus, without libFuzzer; and packs and unpacks these.
 *
 *     fuzz-replay [FILE.pack...]          tests/fuzz/corpus/NAME.pack is for fuzz_NAME; by default all of them
 *     fuzz-replay --unpack FILE.pack DIR
 *     fuzz-replay --pack FILE.pack DIR    the files of DIR in the order of their names
 *
 * A pack is one file, since a corpus is read and renewed as a whole: length be32, bytes, one input after the other.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kudos/base.h"

/* clang-format off */
#define TARGETS(X) \
    X(batch) \
    X(client) \
    X(config) \
    X(forwarded) \
    X(h1) \
    X(http2) \
    X(install) \
    X(json) \
    X(jwt) \
    X(mac) \
    X(merge) \
    X(proxy) \
    X(request) \
    X(rows) \
    X(scenario) \
    X(snapshot) \
    X(token) \
    X(words)
/* clang-format on */
#define X(name) int fuzz_##name(const uint8_t *data, size_t size);
TARGETS(X)
#undef X

typedef struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} target;

static const target targets[] = {
#define X(name) {#name, fuzz_##name},
    TARGETS(X)
#undef X
};

static bool read_file(const char *path, kd_buf *content)
{
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    uint8_t chunk[4096];
    kd_buf_clear(content);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) kd_buf_put(content, chunk, n);
    bool whole = !ferror(f);
    fclose(f);
    return whole;
}

static _Noreturn void fail(const char *path, const char *why)
{
    fprintf(stderr, "fuzz-replay: %s: %s\n", path, why);
    exit(1);
}

/* The next input of a pack; false at its end. */
static bool next_input(const char *path, kd_reader *r, kd_bytes *input)
{
    if (kd_reader_left(r) == 0) return false;
    size_t len = kd_read_be32(r);
    *input = kd_read_bytes(r, len);
    if (r->bad) fail(path, "no pack");
    return true;
}

/* ---- replaying ---- */

static const target *target_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < KD_COUNT(targets); i++) {
        size_t len = strlen(targets[i].name);
        if (strncmp(name, targets[i].name, len) == 0 && strcmp(name + len, ".pack") == 0) return &targets[i];
    }
    fail(path, "no target is called so");
}

/* Each input without room behind it, so that a sanitizer sees a read past the end. */
static void run_inputs(const char *path, const target *t)
{
    kd_buf pack = {0};
    kd_bytes input;
    if (!read_file(path, &pack)) fail(path, "cannot be read");
    kd_reader r = kd_reader_of(kd_buf_view(&pack));
    int count = 0;
    for (; next_input(path, &r, &input); count++) {
        uint8_t *exact = input.len ? kd_dup(input) : NULL;
        t->run(exact, input.len);
        free(exact);
    }
    printf("%s inputs=%d\n", t->name, count);
    kd_buf_finish(&pack);
    if (count == 0) fail(path, "nothing in it");
}

/* Runs a target in a child: its state would stay for the next target. */
static bool replay(const char *path)
{
    const target *t = target_of(path);
    int status;
    fflush(stdout);
    pid_t pid = fork();
    KD_ASSERT(pid >= 0);
    if (pid == 0) {
        run_inputs(path, t);
        fflush(stdout);
        _exit(0);
    }
    KD_ASSERT(waitpid(pid, &status, 0) == pid);
    return status == 0;
}

static int replay_all(char **paths, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++) failed += !replay(paths[i]);
    for (size_t i = 0; count == 0 && i < KD_COUNT(targets); i++) {
        char path[128];
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s.pack", targets[i].name);
        failed += !replay(path);
    }
    printf("replay failed=%d verdict=%s\n", failed, failed ? "broken" : "held");
    return failed > 0;
}

/* ---- packs ---- */

static int unpack(const char *path, const char *dir)
{
    kd_buf pack = {0};
    kd_bytes input;
    if (!read_file(path, &pack)) fail(path, "cannot be read");
    kd_reader r = kd_reader_of(kd_buf_view(&pack));
    for (int i = 0; next_input(path, &r, &input); i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/kept-%04d", dir, i);
        FILE *f = fopen(name, "wb");
        if (!f || fwrite(input.data, 1, input.len, f) != input.len || fclose(f) != 0)
            fail(name, "cannot be written");
    }
    kd_buf_finish(&pack);
    return 0;
}

static int pack(const char *path, const char *dir)
{
    struct dirent **names;
    kd_buf content = {0}, all = {0};
    int count = scandir(dir, &names, NULL, alphasort);
    if (count < 0) fail(dir, "cannot be read");
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", dir, names[i]->d_name);
        if (names[i]->d_type == DT_REG && read_file(name, &content)) {
            kd_buf_put_be32(&all, (uint32_t)content.len);
            kd_buf_put(&all, content.data, content.len);
        }
        free(names[i]);
    }
    free(names);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(all.data, 1, all.len, f) != all.len || fclose(f) != 0) fail(path, "cannot be written");
    kd_buf_finish(&content);
    kd_buf_finish(&all);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--unpack") == 0) return unpack(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "--pack") == 0) return pack(argv[2], argv[3]);
    return replay_all(argv + 1, argc - 1);
}
