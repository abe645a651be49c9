/*
 * Damage that LevelDB does not notice, or takes for a crash: logs of writes that are missing, emptied, cut, zeroed or
 * overwritten, a MANIFEST that was cut, files put back to an older state. A database opens with all that was acknowledged or not at all, and a
 * refusal changes nothing: the second open says the same.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/leveldb/leveldb_acked.h"
#include "common/io/leveldb/leveldb_store.h"
#include "sim/drill/files.h"

enum { ROWS = 300, PATH = 400 }; /* over several blocks of the log */

static char dir[64];
static char file[PATH];
static const kd_leveldb_options create = {
    .create = true, .write_buffer_bytes = 1 << 20, .cache_bytes = 1 << 20};

static void make_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/kudos-test-damage-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    sim_files_remove(dir);
}

TestSuite(leveldb_damage, .init = make_dir, .fini = remove_dir);

/* The newest file of a kind, as a path. */
static const char *find(const char *part)
{
    char best[256] = "";
    DIR *d = opendir(dir);
    for (const struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, part) && strcmp(e->d_name, best) > 0)
            snprintf(best, sizeof best, "%s", e->d_name);
    closedir(d);
    cr_assert_neq(best[0], 0, "no %s", part);
    snprintf(file, sizeof file, "%s/%s", dir, best);
    return file;
}

static off_t size_of(const char *path)
{
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    return st.st_size;
}

static void put_rows(kd_leveldb *db, int rows, size_t value_len)
{
    char key[16];
    kd_buf value = {0};
    for (size_t i = 0; i < value_len; i++) kd_buf_put_u8(&value, (uint8_t)(i * 7 + 1));
    for (int i = 0; i < rows; i++) {
        kd_writes w = {0};
        snprintf(key, sizeof key, "key%05d", i);
        kd_writes_put(&w, kd_bytes_str(key), kd_buf_view(&value));
        kd_writes_put(&w, kd_bytes_str("last"), kd_bytes_str(key));
        cr_assert_eq(kd_leveldb_write(db, &w, true), KD_OK);
        kd_writes_finish(&w);
    }
    kd_buf_finish(&value);
}

static kd_leveldb *must_open(void)
{
    kd_leveldb *db;
    char err[512] = "";
    cr_assert_eq(kd_leveldb_open(&db, dir, &create, err, sizeof err), KD_OK, "%s", err);
    return db;
}

/* The rows are in the log, not in tables. */
static void fill(void)
{
    kd_leveldb *db = must_open();
    put_rows(db, ROWS, 400);
    kd_leveldb_close(db);
    cr_assert_gt(size_of(find(".log")), 100000);
}

static void expect_all(void)
{
    kd_leveldb *db = must_open();
    kd_store s = kd_leveldb_store(db);
    kd_buf value = {0};
    char key[16];
    for (int i = 0; i < ROWS; i++) {
        snprintf(key, sizeof key, "key%05d", i);
        cr_assert_eq(s.get(s.ctx, kd_bytes_str(key), &value), KD_OK, "%s", key);
    }
    kd_buf_finish(&value);
    kd_leveldb_close(db);
}

static void expect_refused(const char *cause)
{
    for (int i = 0; i < 2; i++) {
        kd_leveldb *db;
        char err[512] = "";
        cr_assert_eq(kd_leveldb_open(&db, dir, &create, err, sizeof err), KD_EMALFORMED, "%s", err);
        cr_assert(strstr(err, dir) && strstr(err, cause), "%s", err);
    }
}

static void overwrite(const char *path, off_t at, size_t len, int fill_byte)
{
    int fd = open(path, O_RDWR);
    uint8_t *bytes = kd_alloc(len);
    cr_assert_eq(pread(fd, bytes, len, at), (ssize_t)len);
    for (size_t i = 0; i < len; i++) bytes[i] = fill_byte < 0 ? (uint8_t)~bytes[i] : (uint8_t)fill_byte;
    cr_assert_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
    free(bytes);
    close(fd);
}

Test(leveldb_damage, none)
{
    fill();
    expect_all();
    expect_all(); /* now in tables, with an empty log */
}

Test(leveldb_damage, log_missing)
{
    fill();
    unlink(find(".log"));
    expect_refused(".log: the log of writes is missing");
}

/* A file that was made and never synced is gone after a power cut. */
Test(leveldb_damage, log_missing_that_nobody_wrote_to)
{
    fill();
    expect_all();
    cr_assert_eq(size_of(find(".log")), 0);
    unlink(file);
    expect_all();
}

/* Then an open began a log of its own and could not write the MANIFEST that was to name it: the disk was full. */
static void begin_another_log(const char *text)
{
    char begun[PATH];
    find(".log");
    snprintf(begun, sizeof begun, "%s/%06lu.log", dir, strtoul(strrchr(file, '/') + 1, NULL, 10) + 2);
    int fd = open(begun, O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void leave_a_begun_log(void)
{
    begin_another_log("");
    unlink(file);
}

/* A power cut tears the end of the log, and the open after it is killed before it could write a MANIFEST. */
static void tear(void)
{
    static const uint8_t half[] = {1, 2, 3, 4, 200,
                                   0, 1, 9, 9}; /* a header that promises more than there is */
    fill();
    int fd = open(find(".log"), O_WRONLY | O_APPEND);
    cr_assert_eq(write(fd, half, sizeof half), (ssize_t)sizeof half);
    close(fd);
}

Test(leveldb_damage, log_torn_and_an_open_that_failed)
{
    tear();
    begin_another_log("");
    expect_all();
}

Test(leveldb_damage, log_torn_and_another_that_somebody_wrote_to)
{
    tear();
    begin_another_log("something");
    expect_refused("the log of writes was cut: another one follows");
}

Test(leveldb_damage, log_missing_that_nobody_wrote_to_and_an_open_that_failed)
{
    fill();
    expect_all();
    leave_a_begun_log();
    expect_all();
}

Test(leveldb_damage, log_missing_and_an_open_that_failed)
{
    fill();
    leave_a_begun_log();
    expect_refused(".log: the log of writes is missing");
}

Test(leveldb_damage, log_empty)
{
    fill();
    cr_assert_eq(truncate(find(".log"), 0), 0);
    expect_refused("acknowledged writes are missing");
}

Test(leveldb_damage, log_zeroed)
{
    fill();
    overwrite(find(".log"), 0, (size_t)size_of(file), 0);
    expect_refused("a hole (zeros instead of a record) at byte 0");
}

/* What the second block held begins and ends inside records; what is replaced here are whole blocks. */
Test(leveldb_damage, hole_of_a_block)
{
    fill();
    overwrite(find(".log"), 32768, 32768, 0);
    expect_refused("byte 32768");
}

Test(leveldb_damage, flipped_byte)
{
    fill();
    overwrite(find(".log"), 50000, 1, -1);
    expect_refused("corrupted");
}

/* A length that leads beyond the end looks like a record that a crash has torn. */
Test(leveldb_damage, flipped_length_at_the_end)
{
    kd_leveldb *db = must_open();
    put_rows(db, 3, 100);
    kd_leveldb_close(db);
    overwrite(find(".log"), 5, 1, 0x7f);
    expect_refused("corrupted");
}

Test(leveldb_damage, log_cut_below_what_was_acknowledged)
{
    fill();
    find(".log");
    cr_assert_eq(truncate(file, size_of(file) - 1), 0);
    expect_refused("it holds 598, 600 were acknowledged");
}

/* A table was made of the first log meanwhile, and with it the MANIFEST learned the number of the last write, which is in the
 * second log: what that holds is gone, and no number says so. */
Test(leveldb_damage, log_empty_behind_a_table, .timeout = 30)
{
    kd_leveldb *db = must_open();
    off_t manifest = size_of(find("MANIFEST-"));
    char first[PATH];
    snprintf(first, sizeof first, "%s", find(".log"));
    while (strcmp(find(".log"), first) == 0) put_rows(db, 1, 10000);
    while (size_of(find("MANIFEST-")) == manifest) usleep(1000);
    kd_leveldb_close(db);
    cr_assert_gt(size_of(find(".log")), 0);
    cr_assert_eq(truncate(file, 0), 0);
    expect_refused(
        "acknowledged writes are missing"); /* the first number or the second tells, as the table was made early or late */
}

/* ---- a new log, and a table of what the one before held: by LevelDB alone, so that nothing is written to the log ---- */

static leveldb_t *raw;
static leveldb_writeoptions_t *raw_sync;

static void raw_open(void)
{
    leveldb_options_t *o = leveldb_options_create();
    char *text = NULL;
    leveldb_options_set_create_if_missing(o, 1);
    leveldb_options_set_compression(o, leveldb_no_compression);
    raw = leveldb_open(o, dir, &text);
    cr_assert_null(text);
    leveldb_options_destroy(o);
    raw_sync = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(raw_sync, 1);
}

static void raw_put(const char *value)
{
    char key[16], *text = NULL;
    for (int i = 0; i < ROWS; i++) {
        snprintf(key, sizeof key, "key%05d", i);
        leveldb_put(raw, raw_sync, key, strlen(key), value, strlen(value), &text);
        cr_assert_null(text);
    }
}

/* With the mark as it was when so many operations were acknowledged. */
static void raw_close(int acked)
{
    leveldb_writeoptions_destroy(raw_sync);
    leveldb_close(raw);
    snprintf(file, sizeof file, "%s/ACKED", dir);
    FILE *f = fopen(file, "w");
    fprintf(f, "acked %020d\n", acked);
    fclose(f);
}

static void begin_a_log_behind_a_table(int acked)
{
    raw_open();
    raw_put("a value");
    leveldb_compact_range(raw, NULL, 0, NULL, 0);
    raw_close(acked);
    cr_assert_eq(size_of(find(".log")), 0);
}

/* Power fails before the first write to the new log is synced: all that was is in the table. */
Test(leveldb_damage, log_begun_behind_a_table)
{
    begin_a_log_behind_a_table(ROWS);
    expect_all();
}

/* The same, and the mark was not synced for a while. */
Test(leveldb_damage, log_begun_behind_a_table_with_an_older_mark)
{
    begin_a_log_behind_a_table(ROWS / 2);
    expect_all();
}

static void append(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_APPEND);
    cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

/* A first record of which a part is on the disk. */
Test(leveldb_damage, log_begun_behind_a_table_and_torn)
{
    begin_a_log_behind_a_table(ROWS);
    append(find(".log"), "torn", 4);
    expect_all();
}

/* Meanwhile the tables were merged: the newest word on each key is still there. */
Test(leveldb_damage, log_begun_behind_merged_tables)
{
    raw_open();
    raw_put("a value");
    leveldb_compact_range(raw, NULL, 0, NULL, 0);
    raw_put("another");
    leveldb_compact_range(raw, NULL, 0, NULL, 0);
    raw_close(2 * ROWS);
    expect_all();
}

Test(leveldb_damage, log_begun_behind_a_table_with_less_than_the_mark)
{
    begin_a_log_behind_a_table(ROWS + 1);
    expect_refused("it holds 300, 301 were acknowledged");
}

/* The MANIFEST knows of a write that the tables do not have: it was in the log, whatever the mark says. */
Test(leveldb_damage, log_emptied_that_the_manifest_knows_of)
{
    static const uint8_t edit[] = {0, 0, 0, 0, 3, 0, 1, 4, 0xad, 2}; /* the last operation is number 301 */
    begin_a_log_behind_a_table(ROWS / 2);
    append(find("MANIFEST-"), edit, sizeof edit);
    expect_refused("the log of writes is empty");
}

/* A table that cannot be read proves nothing. */
Test(leveldb_damage, log_empty_behind_a_damaged_table)
{
    begin_a_log_behind_a_table(ROWS);
    off_t len = size_of(find(".ldb"));
    overwrite(file, len - 1, 1, -1); /* its magic number */
    expect_refused("the log of writes is empty");
    overwrite(file, len - 1, 1, -1);
    overwrite(file, 0, (size_t)len - 48, 0);
    expect_refused("the log of writes is empty");
    cr_assert_eq(truncate(file, 20), 0);
    expect_refused("the log of writes is empty");
}

/* LevelDB has opened it, and nobody wrote ACKED anew: killed in between, or a tool of LevelDB. */
Test(leveldb_damage, opened_without_a_word)
{
    fill();
    leveldb_options_t *o = leveldb_options_create();
    char *text = NULL;
    leveldb_t *db = leveldb_open(o, dir, &text);
    cr_assert_null(text);
    leveldb_close(db);
    leveldb_options_destroy(o);
    expect_all();
}

/* A record that was never synced: nobody was told. */
Test(leveldb_damage, torn_tail_costs_nothing_acknowledged)
{
    fill();
    uint8_t part[64], begin[64];
    int fd = open(find(".log"), O_RDWR | O_APPEND);
    cr_assert_eq(pread(fd, begin, sizeof begin, 0), (ssize_t)sizeof begin);
    memcpy(part, begin, sizeof part);
    cr_assert_eq(write(fd, part, sizeof part), (ssize_t)sizeof part);
    close(fd);
    expect_all();
}

Test(leveldb_damage, without_the_mark_what_is_there_is_taken)
{
    fill();
    cr_assert_eq(truncate(find(".log"), 0), 0);
    expect_refused("acknowledged");
    cr_assert_eq(unlink(find("ACKED")), 0);
    kd_leveldb_close(must_open());
    cr_assert(kd_leveldb_acked_any(dir) == false);
    kd_leveldb *db = must_open();
    put_rows(db, 1, 1);
    kd_leveldb_close(db);
    cr_assert_eq(unlink(find(".log")), 0);
    expect_refused("the log of writes is missing");
    cr_assert_eq(unlink(find("ACKED")), 0);
    kd_leveldb_close(must_open());
}

Test(leveldb_damage, mark_that_does_not_decode)
{
    fill();
    overwrite(find("ACKED"), 10, 1, 'x');
    expect_refused("ACKED does not decode");
}

Test(leveldb_damage, mark_emptied)
{
    fill();
    cr_assert_eq(truncate(find("ACKED"), 0), 0);
    expect_refused("ACKED is empty");
    cr_assert_eq(size_of(file), 0);
    cr_assert_eq(unlink(file), 0); /* the operator's word */
    expect_all();
}

/* Killed while it was made: there is no database yet. */
Test(leveldb_damage, mark_begun)
{
    snprintf(file, sizeof file, "%s/ACKED", dir);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    fill();
    expect_all();
}

/* An older mark is what a power cut leaves. */
Test(leveldb_damage, older_mark)
{
    fill();
    int fd = open(find("ACKED"), O_RDWR | O_TRUNC);
    const char old[] = "acked 00000000000000000007\n";
    cr_assert_eq(write(fd, old, sizeof old - 1), (ssize_t)sizeof old - 1);
    close(fd);
    expect_all();
}

/* The MANIFEST forgets that the first log went into a table: that table would be deleted, the rows be gone. */
Test(leveldb_damage, manifest_cut)
{
    kd_leveldb *db = must_open();
    off_t before = size_of(find("MANIFEST-"));
    put_rows(db, 1500, 1000);
    kd_leveldb_close(db);
    cr_assert_gt(size_of(find("MANIFEST-")), before);
    find(".ldb");
    cr_assert_eq(truncate(find("MANIFEST-"), before), 0);
    expect_refused(".log: the log of writes is missing");
}

Test(leveldb_damage, table_missing)
{
    fill();
    expect_all();
    unlink(find(".ldb"));
    expect_refused("missing files");
}

Test(leveldb_damage, manifest_missing_or_damaged)
{
    fill();
    char kept[PATH];
    snprintf(kept, sizeof kept, "%s/kept", dir);
    cr_assert_eq(rename(find("MANIFEST-"), kept), 0);
    expect_refused("it is missing");
    cr_assert_eq(rename(kept, file), 0);
    overwrite(file, 9, 1, -1);
    expect_refused("corrupted");
    cr_assert_eq(truncate(file, 0), 0);
    expect_refused("orrupt");
}

Test(leveldb_damage, current_damaged)
{
    fill();
    overwrite(find("CURRENT"), 3, 1, 'x');
    expect_refused("CURRENT: it does not name a MANIFEST");
    cr_assert_eq(truncate(find("CURRENT"), 0), 0);
    expect_refused("CURRENT: it does not name a MANIFEST");
}

Test(leveldb_damage, all_but_the_mark_gone)
{
    fill();
    char mark[256];
    int fd = open(find("ACKED"), O_RDONLY);
    ssize_t n = read(fd, mark, sizeof mark);
    close(fd);
    remove_dir();
    mkdir(dir, 0700);
    snprintf(file, sizeof file, "%s/ACKED", dir);
    fd = open(file, O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(write(fd, mark, (size_t)n), n);
    close(fd);
    expect_refused("ACKED says that it held rows");
}
