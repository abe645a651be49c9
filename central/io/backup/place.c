/* place.c - see the header. */
#include "central/io/backup/place.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "central/io/backup/backup_dir.h"
#include "central/io/partition/tenure.h"

/* ---- above it ---- */

static bool place_is_database(const char *dir)
{
    char current[KD_PATH_MAX + 64];
    snprintf(current, sizeof(current), "%s/CURRENT", dir);
    return kd_path_exists(current);
}

static bool place_has_partitions(const char *dir)
{
    char first[KD_PATH_MAX + 32];
    kd_tenure_path(first, sizeof(first), dir, 0);
    if (place_is_database(first)) return true;
    snprintf(first, sizeof(first), "%s/" KD_BACKUP_MANIFEST,
             dir); /* of several members: the partitions lie deeper */
    struct stat st;
    return stat(first, &st) == 0 && S_ISREG(st.st_mode);
}

/* As the system names it, without links and dots. False: not even its parent is there, so nothing can be put there. */
static bool place_resolve(const char *path, char *out)
{
    char parent[KD_PATH_MAX];
    if (realpath(path, out)) return true;
    if ((size_t)snprintf(parent, sizeof(parent), "%s", path) >= sizeof(parent)) return false;
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/') parent[--len] = '\0';
    const char *slash = strrchr(parent, '/');
    size_t name = slash ? (size_t)(slash - parent) + 1 : 0;
    char last[KD_PATH_MAX];
    snprintf(last, sizeof(last), "%s", parent + name);
    snprintf(parent + name, sizeof(parent) - name, ".");
    if (!realpath(parent, out)) return false;
    len = strlen(out);
    return (size_t)snprintf(out + len, KD_PATH_MAX - len, "/%s", last) < KD_PATH_MAX - len;
}

bool kd_place_lies_in(const char *path, char *found)
{
    char *slash;
    if (!place_resolve(path, found)) return false;
    if (place_is_database(found)) return true;
    while ((slash = strrchr(found, '/')) != NULL && slash != found) {
        *slash = '\0';
        if (place_has_partitions(found) || place_is_database(found)) return true;
    }
    return false;
}

/* ---- below it ---- */

static kd_place_content place_judge(const FTSENT *e)
{
    static const char *const ours[] = {"partition-", "aside-", "seeding-"};
    if (e->fts_info == FTS_DNR) return e->fts_errno == ENOENT ? KD_PLACE_OWN : KD_PLACE_CONCEALS;
    if (e->fts_info != FTS_D) return KD_PLACE_OWN;
    if (kd_database_is_held(e->fts_path)) return KD_PLACE_HELD;
    bool own = false;
    for (size_t i = 0; i < KD_COUNT(ours); i++)
        own |= e->fts_level == 1 && strncmp(e->fts_name, ours[i], strlen(ours[i])) == 0;
    return !own && place_is_database(e->fts_path) ? KD_PLACE_HOLDS : KD_PLACE_OWN;
}

kd_place_content kd_place_look_through(const char *path, char *found)
{
    char root[KD_PATH_MAX];
    char *const roots[] = {root, NULL};
    kd_place_content content = KD_PLACE_OWN;
    const FTSENT *e;
    if (!realpath(path, root)) return KD_PLACE_OWN; /* nothing is there, but a dangling link at most */
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    KD_ASSERT(tree);
    while (content == KD_PLACE_OWN && (e = fts_read(tree)) != NULL) {
        content = place_judge(e);
        bool own = e->fts_level == 1 && content == KD_PLACE_HELD;
        if (content != KD_PLACE_OWN) snprintf(found, KD_PATH_MAX, "%s", own ? path : e->fts_path);
    }
    fts_close(tree);
    return content;
}
