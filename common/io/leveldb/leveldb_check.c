/* leveldb_check.c - see the header. */
#include "common/io/leveldb/leveldb_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/leveldb/leveldb_log.h"
#include "common/io/leveldb/leveldb_table.h"

/* Fields of a MANIFEST's records. */
enum {
    TAG_COMPARATOR = 1,
    TAG_LOG_NUMBER,
    TAG_NEXT_FILE,
    TAG_LAST_SEQUENCE,
    TAG_COMPACT_POINTER,
    TAG_DELETED_FILE,
    TAG_NEW_FILE,
    TAG_PREV_LOG = 9
};

typedef struct {
    const char *dir;
    uint64_t oldest; /* number of the oldest log not in tables yet; 0: the database was never opened */
    uint64_t last;   /* number of the last operation that the MANIFEST knows */
    /* All operations up to this one are in tables. LevelDB writes a new MANIFEST at each open, when it has put the earlier logs into tables: the
     * first last-operation in it. Or a later one, which prove_tables found. */
    uint64_t base;
    uint64_t base_log; /* number of the log that was begun at that open */
    bool based;        /* base is set */
    uint64_t gone;     /* as in kd_leveldb_state */
    uint64_t *logs;    /* numbers of the logs from `oldest` on, ascending */
    uint32_t count, cap;
    uint64_t *tables; /* numbers of the tables that hold the log before `oldest`, and of later ones */
    uint32_t table_count, table_cap;
    bool logged;   /* the logs hold operations */
    uint64_t next; /* the number behind the last of these */
    char *err;
    size_t size;
} checking;

static int leveldb_check_damaged(const checking *c, const char *file, const char *what)
{
    snprintf(c->err, c->size, "corrupted: %s: %s", file, what);
    return KD_EMALFORMED;
}

static int open_file(const checking *c, const char *name, int *fd)
{
    char path[PATH_MAX];
    errno = ENAMETOOLONG;
    bool fits = snprintf(path, sizeof path, "%s/%s", c->dir, name) < (int)sizeof path;
    *fd = fits ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (*fd >= 0) return KD_OK;
    if (errno == ENOENT) return leveldb_check_damaged(c, name, "it is missing");
    snprintf(c->err, c->size, "%s: %s", name, strerror(errno));
    return KD_EIO;
}

typedef int (*record_fn)(checking *c, const char *name, kd_bytes record);

static int leveldb_check_read_all(checking *c, kd_leveldb_log *log, const char *name, record_fn fn)
{
    char what[160];
    for (;;) {
        int rc = kd_leveldb_log_next(log, what, sizeof what);
        if (rc == KD_ENOTFOUND) return KD_OK;
        if (rc == KD_EMALFORMED) return leveldb_check_damaged(c, name, what);
        if (rc != KD_OK) {
            snprintf(c->err, c->size, "%s %s", name, what);
            return rc;
        }
        rc = fn(c, name, kd_buf_view(&log->record));
        if (rc != KD_OK) return rc;
    }
}

/* Calls fn with each record. *torn: the file ends inside a record. */
static int each_record(checking *c, const char *name, record_fn fn, bool *torn)
{
    kd_leveldb_log *log = kd_alloc(sizeof *log);
    int rc = open_file(c, name, &log->fd);
    if (rc == KD_OK) {
        rc = leveldb_check_read_all(c, log, name, fn);
        close(log->fd);
    }
    *torn = log->torn;
    kd_leveldb_log_finish(log);
    free(log);
    return rc;
}

/* ---- MANIFEST ---- */

static void skip_bytes(kd_reader *r)
{
    kd_read_bytes(r, (size_t)kd_read_varint(r));
}

static void read_deleted_table(checking *c, kd_reader *r)
{
    kd_read_varint(r); /* its level */
    uint64_t number = kd_read_varint(r);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->table_count; i++)
        if (c->tables[i] != number) c->tables[kept++] = c->tables[i];
    c->table_count = kept;
}

static void read_new_table(checking *c, kd_reader *r)
{
    kd_read_varint(r); /* its level */
    c->tables = kd_grow(c->tables, c->table_count, &c->table_cap, sizeof *c->tables);
    c->tables[c->table_count++] = kd_read_varint(r);
    kd_read_varint(r); /* its size, first and last key */
    skip_bytes(r);
    skip_bytes(r);
}

static void read_field(checking *c, kd_reader *r)
{
    switch (kd_read_varint(r)) {
    case TAG_LOG_NUMBER:
        c->oldest = kd_read_varint(r);
        c->table_count = 0; /* only tables of this edit and later ones hold the log before `oldest` */
        if (c->base_log == 0) c->base_log = c->oldest;
        break;
    case TAG_LAST_SEQUENCE:
        c->last = kd_read_varint(r);
        if (!c->based) c->base = c->last;
        c->based = true;
        break;
    case TAG_NEXT_FILE:
    case TAG_PREV_LOG:
        kd_read_varint(r);
        break;
    case TAG_COMPARATOR:
        skip_bytes(r);
        break;
    case TAG_COMPACT_POINTER:
        kd_read_varint(r);
        skip_bytes(r);
        break;
    case TAG_DELETED_FILE:
        read_deleted_table(c, r);
        break;
    case TAG_NEW_FILE:
        read_new_table(c, r);
        break;
    default:
        r->bad = true;
    }
}

static int read_edit(checking *c, const char *name, kd_bytes record)
{
    kd_reader r = kd_reader_of(record);
    while (!r.bad && kd_reader_left(&r) > 0) read_field(c, &r);
    return r.bad ? leveldb_check_damaged(c, name, "a record does not decode") : KD_OK;
}

/* CURRENT holds the name of the MANIFEST and a line's end. */
static int read_current(checking *c, char name[64])
{
    int fd, rc = open_file(c, "CURRENT", &fd);
    if (rc != KD_OK) return rc;
    ssize_t n = read(fd, name, 63);
    close(fd);
    if (n < 0) {
        snprintf(c->err, c->size, "CURRENT: %s", strerror(errno));
        return KD_EIO;
    }
    name[n] = 0;
    bool good = n > 10 && name[n - 1] == '\n' && strncmp(name, "MANIFEST-", 9) == 0 && !strchr(name, '/');
    if (!good) return leveldb_check_damaged(c, "CURRENT", "it does not name a MANIFEST");
    name[n - 1] = 0;
    return KD_OK;
}

/* ---- logs ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int list_logs(checking *c)
{
    DIR *d = opendir(c->dir);
    if (!d) {
        snprintf(c->err, c->size, "cannot be read: %s", strerror(errno));
        return KD_EIO;
    }
    for (const struct dirent *e; (errno = 0, e = readdir(d));) {
        unsigned long long number;
        int end = 0;
        if (sscanf(e->d_name, "%llu.log%n", &number, &end) != 1 || end == 0 || e->d_name[end]) continue;
        if (number < c->oldest) continue; /* its rows are in tables; LevelDB had not deleted it yet */
        c->logs = kd_grow(c->logs, c->count, &c->cap, sizeof *c->logs);
        c->logs[c->count++] = number;
    }
    int cause = errno;
    closedir(d);
    if (cause != 0) {
        snprintf(c->err, c->size, "cannot be read to its end: %s", strerror(cause));
        return KD_EIO;
    }
    if (c->count > 0) qsort(c->logs, c->count, sizeof *c->logs, by_number);
    return KD_OK;
}

static uint64_t leveldb_check_read_le(const uint8_t *p, size_t len)
{
    uint64_t v = 0;
    while (len > 0) v = v << 8 | p[--len];
    return v;
}

/* A record of a log is a group of operations: number of the first, le64; how many, le32; the operations. */
static int leveldb_check_read_group(checking *c, const char *name, kd_bytes record)
{
    char what[160];
    if (record.len < 12) return leveldb_check_damaged(c, name, "a record is too short");
    uint64_t first = leveldb_check_read_le(record.data, 8), n = leveldb_check_read_le(record.data + 8, 4);
    uint64_t expected = c->logged ? c->next : KD_MIN(first, c->last + 1);
    if (first != expected) {
        snprintf(what, sizeof what, "writes are missing: number %llu comes where %llu is due",
                 (unsigned long long)first, (unsigned long long)expected);
        return leveldb_check_damaged(c, name, what);
    }
    c->logged = true;
    c->next = first + n;
    return KD_OK;
}

/* Whether all logs from index `from` on are empty. An open that a full disk or a kill broke off leaves an empty log that no MANIFEST names, and
 * nobody has written to it. */
static bool none_holds_a_byte(const checking *c, size_t from)
{
    char path[PATH_MAX];
    struct stat st;
    for (size_t i = from; i < c->count; i++) {
        snprintf(path, sizeof path, "%s/%06llu.log", c->dir, (unsigned long long)c->logs[i]);
        if (stat(path, &st) != 0 || st.st_size > 0) return false;
    }
    return true;
}

static int check_logs(checking *c)
{
    char name[64];
    bool torn = false;
    bool lost = c->oldest > 0 && (c->count == 0 || c->logs[0] != c->oldest);
    if (lost && c->oldest == c->base_log && none_holds_a_byte(c, 0)) {
        c->gone = c->oldest; /* a power cut may take a log that nobody wrote to: check_acked decides */
        return KD_OK;
    }
    if (lost) {
        snprintf(name, sizeof name, "%06llu.log", (unsigned long long)c->oldest);
        return leveldb_check_damaged(c, name, "the log of writes is missing");
    }
    for (size_t i = 0; i < c->count; i++) {
        if (torn && none_holds_a_byte(c, i)) break;
        if (torn) return leveldb_check_damaged(c, name, "the log of writes was cut: another one follows");
        snprintf(name, sizeof name, "%06llu.log", (unsigned long long)c->logs[i]);
        int rc = each_record(c, name, leveldb_check_read_group, &torn);
        if (rc != KD_OK) return rc;
    }
    if (c->logged && c->next <= c->last)
        return leveldb_check_damaged(c, name, "the log of writes was cut: the MANIFEST knows of later ones");
    return KD_OK;
}

/*
 * An empty log is no loss in one case. LevelDB begins a new log, makes a table of the operations of the log before, and takes that log out of the
 * MANIFEST; all of this may be on the disk before the first write to the new log is. A power cut then leaves the new log empty, and nothing is
 * missing.
 *
 * This tells it from a log that lost its content: each operation up to the MANIFEST's last one is in a table or was in the log. If the newest tables
 * hold that last operation, all up to it are in tables. A merge of tables keeps the newest operation of a key, but drops deletions: if the last
 * operation was a deletion there is no proof, and the store stays refused.
 */
static void prove_tables(checking *c)
{
    char name[64], why[160];
    checking quiet = {.dir = c->dir, .err = why, .size = sizeof why};
    uint64_t found = 0, last = 0;
    int fd;
    if (c->logged || c->gone != 0 || c->last <= c->base) return;
    for (uint32_t i = 0; i < c->table_count; i++) {
        snprintf(name, sizeof name, "%06llu.ldb", (unsigned long long)c->tables[i]);
        if (open_file(&quiet, name, &fd) != KD_OK) return;
        int rc = kd_leveldb_table_last(fd, &last);
        close(fd);
        if (rc != KD_OK) return;
        found = KD_MAX(found, last);
    }
    if (found == c->last) c->base = found;
}

int kd_leveldb_check(const char *dir, kd_leveldb_state *state, char *err, size_t size)
{
    checking c = {.dir = dir, .err = err, .size = size};
    char manifest[64];
    bool torn;
    int rc = read_current(&c, manifest);
    if (rc == KD_OK) rc = each_record(&c, manifest, read_edit, &torn);
    if (rc == KD_OK) rc = list_logs(&c);
    if (rc == KD_OK) rc = check_logs(&c);
    if (rc == KD_OK) prove_tables(&c);
    free(c.logs);
    free(c.tables);
    *state = (kd_leveldb_state){
        .last = c.logged ? c.next - 1 : c.last, .logged = c.logged, .base = c.base, .gone = c.gone};
    return rc;
}
