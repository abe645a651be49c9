/*
 * LevelDB behind kd_store, in a directory of its own: order inside a group, bounds of scans, what open
 * refuses, and that a handle never acknowledges again once a write has failed.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/leveldb/committer.h"
#include "common/io/leveldb/leveldb_dir.h"
#include "common/io/leveldb/leveldb_store.h"
#include "sim/drill/files.h"

static char dir[64];
static const kd_leveldb_options create = {
    .create = true, .write_buffer_bytes = 1 << 20, .cache_bytes = 1 << 20};

static void make_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/kudos-test-leveldb-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    sim_files_remove(dir);
}

TestSuite(leveldb, .init = make_dir, .fini = remove_dir);

static kd_leveldb *must_open(const kd_leveldb_options *options)
{
    kd_leveldb *db;
    char err[256] = "";
    cr_assert_eq(kd_leveldb_open(&db, dir, options, err, sizeof(err)), KD_OK, "%s", err);
    return db;
}

static int put(kd_leveldb *db, const char *key, const char *value)
{
    kd_writes w = {0};
    kd_writes_put(&w, kd_bytes_str(key), kd_bytes_str(value));
    int rc = kd_leveldb_write(db, &w, true);
    kd_writes_finish(&w);
    return rc;
}

static void expect(kd_leveldb *db, const char *key, const char *value)
{
    kd_store s = kd_leveldb_store(db);
    kd_buf b = {0};
    kd_buf_put_u8(&b, 'x'); /* what was there before is cleared */
    int rc = s.get(s.ctx, kd_bytes_str(key), &b);
    cr_assert_eq(rc, value ? KD_OK : KD_ENOTFOUND, "%s: %s", key, kd_strerror(rc));
    if (value) cr_assert(kd_bytes_eq(kd_buf_view(&b), kd_bytes_str(value)), "%s", key);
    kd_buf_finish(&b);
}

Test(leveldb, keeps_a_group_in_its_order)
{
    kd_leveldb *db = must_open(&create);
    kd_writes w = {0};
    kd_writes_put(&w, kd_bytes_str("a"), kd_bytes_str("1"));
    kd_writes_delete(&w, kd_bytes_str("a"));
    kd_writes_put(&w, kd_bytes_str("b"), kd_bytes_str("1"));
    kd_writes_put(&w, kd_bytes_str("b"), kd_bytes_str("2"));
    kd_writes_delete(&w, kd_bytes_str("c"));
    kd_writes_put(&w, kd_bytes_str("c"), kd_bytes_str(""));
    cr_assert_eq(kd_leveldb_write(db, &w, true), KD_OK);
    kd_writes_finish(&w);
    kd_leveldb_close(db);

    db = must_open(NULL);
    expect(db, "a", NULL);
    expect(db, "b", "2");
    expect(db, "c", "");
    cr_assert_not(kd_leveldb_poisoned(db));
    cr_assert_str_eq(kd_leveldb_error(db), "");
    kd_leveldb_close(db);
}

typedef struct {
    char keys[64];
    int stop_after;
} seen;

static int collect(void *arg, kd_bytes key, kd_bytes value)
{
    seen *s = arg;
    cr_assert(kd_bytes_eq(key, value));
    strncat(s->keys, (const char *)key.data, key.len);
    return --s->stop_after == 0 ? 42 : 0;
}

static void expect_scan(kd_leveldb *db, const char *from, const char *to, int stop_after, const char *keys,
                        int rc)
{
    kd_store s = kd_leveldb_store(db);
    seen got = {.stop_after = stop_after};
    cr_assert_eq(s.scan(s.ctx, kd_bytes_str(from), kd_bytes_str(to), collect, &got), rc);
    cr_assert_str_eq(got.keys, keys);
}

Test(leveldb, scans_between_bounds)
{
    kd_leveldb *db = must_open(&create);
    static const char *const keys[] = {"d", "b", "a", "c", "bb"};
    for (size_t i = 0; i < KD_COUNT(keys); i++) cr_assert_eq(put(db, keys[i], keys[i]), KD_OK);
    expect_scan(db, "", "", 0, "abbbcd", KD_OK);
    expect_scan(db, "b", "c", 0, "bbb", KD_OK);
    expect_scan(db, "ba", "", 0, "bbcd", KD_OK);
    expect_scan(db, "", "b", 0, "a", KD_OK);
    expect_scan(db, "c", "b", 0, "", KD_OK);
    expect_scan(db, "x", "", 0, "", KD_OK);
    expect_scan(db, "", "", 2, "ab", 42);
    kd_leveldb_close(db);
}

static void expect_refused(const char *path, const kd_leveldb_options *options, int rc, const char *cause)
{
    kd_leveldb *db;
    char err[256] = "";
    cr_assert_eq(kd_leveldb_open(&db, path, options, err, sizeof(err)), rc, "%s", err);
    cr_assert_null(db);
    cr_assert_not_null(strstr(err, path), "%s", err);
    cr_assert_not_null(strstr(err, cause), "%s", err);
}

Test(leveldb, refuses_what_is_not_there_and_leaves_no_trace)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/none", dir);
    expect_refused(path, NULL, KD_ENOTFOUND, "missing");
    cr_assert_neq(access(path, F_OK), 0);
    expect_refused(dir, NULL, KD_ENOTFOUND, "no database");
    snprintf(path, sizeof(path), "%s/file/db", dir);
    char file[96];
    snprintf(file, sizeof(file), "%s/file", dir);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    expect_refused(path, &create, KD_EIO, "Not a directory");
}

Test(leveldb, makes_the_directories_above)
{
    char path[96], err[256] = "";
    snprintf(path, sizeof(path), "%s/one/two//three/", dir);
    kd_leveldb *db;
    cr_assert_eq(kd_leveldb_open(&db, path, &create, err, sizeof(err)), KD_OK, "%s", err);
    kd_leveldb_close(db);
}

Test(leveldb, refuses_a_second_handle)
{
    kd_leveldb *db = must_open(&create);
    expect_refused(dir, &create, KD_EUNAVAILABLE, "in use");
    kd_leveldb_close(db);
}

/* LevelDB would start an empty database there, and every row would be gone without a word. */
Test(leveldb, refuses_data_without_its_current_file)
{
    kd_leveldb *db = must_open(&create);
    put(db, "a", "1");
    kd_leveldb_close(db);
    char path[96];
    snprintf(path, sizeof(path), "%s/CURRENT", dir);
    cr_assert_eq(unlink(path), 0);
    expect_refused(dir, &create, KD_EMALFORMED, "CURRENT");
    expect_refused(dir, NULL, KD_EMALFORMED, "CURRENT");
}

/* Flips one byte in every file of the log. */
static int flip(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)flag;
    (void)ftw;
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".log") != 0 || st->st_size < 100) return 0;
    int fd = open(path, O_RDWR);
    char byte;
    cr_assert_eq(pread(fd, &byte, 1, 50), 1);
    byte = (char)~byte;
    cr_assert_eq(pwrite(fd, &byte, 1, 50), 1);
    return close(fd);
}

Test(leveldb, refuses_a_damaged_log)
{
    kd_leveldb *db = must_open(&create);
    for (int i = 0; i < 50; i++) cr_assert_eq(put(db, "key", "some value that is not too short"), KD_OK);
    kd_leveldb_close(db);
    nftw(dir, flip, 16, FTW_PHYS);
    expect_refused(dir, NULL, KD_EMALFORMED, "corrupted");
}

/*
 * A file that may not grow stands for a full disk. LevelDB alone says OK again as soon as there is room,
 * behind a torn record; the handle must not.
 */
Test(leveldb, acknowledges_nothing_after_a_failed_write)
{
    kd_leveldb *db = must_open(&create);
    char value[2048];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    struct rlimit old, small = {.rlim_cur = 64 * 1024};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int acked = 0;
    char key[16];
    for (; acked < 100; acked++) {
        snprintf(key, sizeof(key), "k%03d", acked);
        if (put(db, key, value) != KD_OK) break;
    }
    setrlimit(RLIMIT_FSIZE, &old);
    cr_assert(acked > 10 && acked < 100, "%d", acked);
    cr_assert(kd_leveldb_poisoned(db));
    cr_assert(kd_leveldb_error(db)[0]);
    for (int i = 0; i < 10; i++) cr_assert_eq(put(db, "later", "x"), KD_EIO);
    expect(db, "k000", value); /* reads go on */
    kd_leveldb_close(db);

    db = must_open(NULL);
    for (int i = 0; i < acked; i++) {
        snprintf(key, sizeof(key), "k%03d", i);
        expect(db, key, value);
    }
    expect(db, "later", NULL);
    kd_leveldb_close(db);
}

Test(leveldb, its_own_log_does_not_grow_for_ever)
{
    kd_leveldb *db = must_open(&create);
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/LOG", dir);
    cr_assert_eq(truncate(path, KD_LEVELDB_LOG_MAX + 1), 0);
    for (int i = 0; i < 1100; i++) cr_assert_eq(put(db, "k", "v"), KD_OK);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_lt(st.st_size, 4096);
    kd_leveldb_close(db);
}

/* --- the committer on top --- */

enum { GROUPS = 200 };

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t done;
    int err;
} fates;

static void on_done(void *arg, uint64_t id, int err)
{
    fates *f = arg;
    pthread_mutex_lock(&f->lock);
    cr_assert_eq(id, f->done);
    f->done++;
    if (err) f->err = err;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static void wait_for_room(kd_committer *c, fates *f, uint64_t submitted)
{
    pthread_mutex_lock(&f->lock);
    while (submitted - f->done >= KD_COMMITTER_DEPTH) pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    cr_assert_geq(kd_committer_free(c), 1);
}

Test(leveldb, commits_groups_in_order_off_the_thread, .timeout = 30)
{
    kd_leveldb *db = must_open(&create);
    fates f = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    kd_writes groups[GROUPS] = {{.count = 0}};
    kd_committer *c;
    cr_assert_eq(kd_committer_create(&c, db, on_done, &f), KD_OK);
    for (uint64_t i = 0; i < GROUPS; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%d", (int)i);
        kd_writes_put(&groups[i], kd_bytes_str("last"), kd_bytes_str(text));
        wait_for_room(c, &f, i);
        kd_committer_submit(c, &groups[i], i);
    }
    wait_for_room(c, &f, GROUPS);
    kd_committer_destroy(c); /* drains */
    cr_assert_eq(f.done, GROUPS);
    cr_assert_eq(f.err, KD_OK);
    expect(db, "last", "199");
    for (size_t i = 0; i < GROUPS; i++) kd_writes_finish(&groups[i]);
    kd_leveldb_close(db);
}

Test(leveldb, counts_what_was_committed, .timeout = 30)
{
    kd_leveldb *db = must_open(&create);
    fates f = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    kd_committer *c;
    kd_writes w = {0};
    cr_assert_eq(kd_committer_create(&c, db, on_done, &f), KD_OK);
    kd_writes_put(&w, kd_bytes_str("a"), kd_bytes_str("1"));
    kd_writes_delete(&w, kd_bytes_str("b"));
    kd_committer_submit(c, &w, 0);
    pthread_mutex_lock(&f.lock);
    while (f.done == 0) pthread_cond_wait(&f.changed, &f.lock);
    pthread_mutex_unlock(&f.lock);
    kd_committer_stats s = kd_committer_stats_get(c);
    cr_assert_eq(s.groups, 1);
    cr_assert_eq(s.writes, 2);
    cr_assert_eq(s.bytes, w.buf.len);
    cr_assert_eq(s.failures, 0);
    cr_assert(s.sync_us > 0 && s.sync_max_us == s.sync_us);
    kd_committer_destroy(c);
    kd_writes_finish(&w);
    kd_leveldb_close(db);
}

/* --- reads beside a writer --- */

typedef struct {
    kd_leveldb *db;
    atomic_bool stop;
} writer;

/* Both rows change in one group, so no scan may ever see them differ. */
static void *write_pairs(void *arg)
{
    writer *w = arg;
    for (int i = 0; i < 2000 && !atomic_load(&w->stop); i++) {
        kd_writes g = {0};
        kd_bytes value = kd_bytes_of(&i, sizeof(i));
        kd_writes_put(&g, kd_bytes_str("p1"), value);
        kd_writes_put(&g, kd_bytes_str("p2"), value);
        cr_assert_eq(kd_leveldb_write(w->db, &g, false), KD_OK);
        kd_writes_finish(&g);
    }
    return NULL;
}

static int compare_pair(void *arg, kd_bytes key, kd_bytes value)
{
    int *first = arg, now;
    memcpy(&now, value.data, sizeof(now));
    if (key.data[1] == '1')
        *first = now;
    else
        cr_assert_eq(now, *first);
    return 0;
}

Test(leveldb, scans_see_whole_groups, .timeout = 30)
{
    writer w = {.db = must_open(&create)};
    kd_store s = kd_leveldb_store(w.db);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, write_pairs, &w), 0);
    for (int i = 0; i < 500; i++) {
        int first = -1;
        cr_assert_eq(s.scan(s.ctx, kd_bytes_str("p"), kd_bytes_str("q"), compare_pair, &first), KD_OK);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    cr_assert_eq(kd_leveldb_read_errors(w.db), 0);
    kd_leveldb_close(w.db);
}
