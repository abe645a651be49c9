/* alloc.c - fails one allocation after the other; see the header. `alloc-failure [EVERY]` tries every EVERY-th allocation; default: all. */
#include "tests/fault/alloc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- allocations ---- */

static uint64_t seen, failing;
static bool all_fail, paused;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool fails(void)
{
    if (paused) return false;
    seen++;
    return failing != 0 && (all_fail ? seen >= failing : seen == failing);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

void alloc_fail(uint64_t n, bool all)
{
    seen = 0;
    failing = n;
    all_fail = all;
}

uint64_t alloc_seen(void)
{
    return seen;
}

/* ---- stories ---- */

void story_tell(story *s, sim_told what, kd_bytes bytes)
{
    uint32_t len = __builtin_bswap32((uint32_t)bytes.len);
    KD_ASSERT(s->len + 5 + bytes.len <= sizeof s->data);
    uint8_t *to = s->data + s->len;
    *to = (uint8_t)what;
    memcpy(to + 1, &len, sizeof len);
    if (bytes.len) memcpy(to + 5, bytes.data, bytes.len);
    s->len += 5 + bytes.len;
}

void story_write(story *s, sim_disk *disk, const kd_writes *group)
{
    uint32_t count = group->count;
    paused = true;
    kd_buf both = {0};
    kd_buf_put(&both, &count, sizeof count);
    kd_buf_put(&both, group->buf.data, group->buf.len);
    story_tell(s, TOLD_GROUP, kd_buf_view(&both));
    kd_buf_finish(&both);
    sim_disk_apply(disk, group);
    paused = false;
}

bool story_next(const story *s, size_t *at, sim_told *what, kd_bytes *bytes)
{
    uint32_t len;
    if (*at == s->len) return false;
    *what = s->data[*at];
    memcpy(&len, s->data + *at + 1, sizeof len);
    *bytes = kd_bytes_of(s->data + *at + 5, __builtin_bswap32(len));
    *at += 5 + bytes->len;
    return true;
}

sim_disk *story_disk(const story *s)
{
    sim_disk *disk = sim_disk_create();
    size_t at = 0;
    sim_told what;
    for (kd_bytes bytes; story_next(s, &at, &what, &bytes);) {
        if (what != TOLD_GROUP) continue;
        kd_writes group = {0};
        memcpy(&group.count, bytes.data, sizeof group.count);
        kd_buf_put(&group.buf, bytes.data + sizeof group.count, bytes.len - sizeof group.count);
        sim_disk_apply(disk, &group);
        kd_writes_finish(&group);
    }
    return disk;
}

/* ---- runs ---- */

typedef struct {
    uint64_t tried, aborted, completed;
} tally;

static _Noreturn void wrong(const subject *u, uint64_t n, const char *what, const char *said)
{
    fprintf(stderr, "%s, allocation %llu: %s: %s\n", u->name, (unsigned long long)n, what, said);
    printf("allocations verdict=broken\n");
    exit(1);
}

static void be_child(const subject *u, story *s, uint64_t n, bool all, int err)
{
    prctl(PR_SET_DUMPABLE, 0); /* no core files */
    dup2(err, STDERR_FILENO);
    alloc_fail(n, all);
    u->run(s);
    _exit(0);
}

/* The last words of a child on standard error, and how it ended. */
static int run_child(const subject *u, story *s, uint64_t n, bool all, char said[512])
{
    int ends[2], status;
    size_t len = 0;
    KD_ASSERT(pipe(ends) == 0);
    pid_t pid = fork();
    KD_ASSERT(pid >= 0);
    if (pid == 0) be_child(u, s, n, all, ends[1]);
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], said + len, 511 - len)) > 0;) len += (size_t)got;
    said[len] = '\0';
    close(ends[0]);
    KD_ASSERT(waitpid(pid, &status, 0) == pid);
    return status;
}

static void try_one(const subject *u, const story *whole, story *shared, uint64_t n, bool all, tally *t)
{
    char said[512];
    shared->len = 0;
    int status = run_child(u, shared, n, all, said);
    bool aborted =
        WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "out of memory") != NULL;
    bool completed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    t->tried++;
    t->aborted += aborted;
    t->completed += completed;
    if (!aborted && !completed) wrong(u, n, "neither completed nor aborted by name", said);
    if (completed && shared->len != whole->len) wrong(u, n, "ended well, and left something out", said);
    if (shared->len > whole->len || memcmp(shared->data, whole->data, shared->len) != 0)
        wrong(u, n, "what it made lasting is not what a whole run does", said);
    if (u->go_on) u->go_on(shared);
}

static story *new_story(void)
{
    story *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    KD_ASSERT(s != MAP_FAILED);
    return s;
}

static void try_all(const subject *u, uint64_t every)
{
    story *whole = new_story(), *shared = new_story();
    tally t = {0};
    u->run(whole); /* a first time without counting: later runs do not make what a process makes only once */
    whole->len = 0;
    alloc_fail(0, false);
    u->run(whole);
    uint64_t count = alloc_seen();
    if (u->go_on) u->go_on(whole);
    /* The last number is one above those of the run: no allocation fails, and the run completes. */
    for (uint64_t n = 1; n <= count + every; n += every) try_one(u, whole, shared, n, n % 2 == 0, &t);
    printf("%s allocations=%llu tried=%llu aborted=%llu completed=%llu\n", u->name, (unsigned long long)count,
           (unsigned long long)t.tried, (unsigned long long)t.aborted, (unsigned long long)t.completed);
    fflush(stdout);
    if (t.completed == 0) wrong(u, count, "no run completed", "");
    munmap(whole, sizeof *whole);
    munmap(shared, sizeof *shared);
}

int main(int argc, char **argv)
{
    static const subject *const subjects[] = {&edge_subject, &central_subject, &codec_subject};
    uint64_t every = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    if (every == 0) return 2;
    for (size_t i = 0; i < KD_COUNT(subjects); i++) try_all(subjects[i], every);
    printf("allocations verdict=held\n");
    return 0;
}
