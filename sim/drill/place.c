/* place.c - see the header. */
#include "sim/drill/place.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/daemon/exit_code.h"
#include "sim/drill/files.h"

static int unavailable(const sim_place *p, const char *what)
{
    fprintf(stderr, "kudos-sim %s: %s\n", p->command, what);
    return KD_EXIT_UNAVAILABLE;
}

static int find_kafka_py(sim_place *p, bool needed)
{
    char path[2 * FLEET_PATH_MAX + 32];
    snprintf(p->kafka_dir, sizeof p->kafka_dir, "%s/../sim/kafka", p->programs);
    snprintf(path, sizeof path, "%s/kafka.py", p->kafka_dir);
    if (access(path, R_OK) == 0) return -1;
    snprintf(p->kafka_dir, sizeof p->kafka_dir, "sim/kafka");
    if (!needed || access("sim/kafka/kafka.py", R_OK) == 0) return -1;
    return unavailable(
        p, "sim/kafka/kafka.py, which runs a real Kafka, is not here: run this in the source tree");
}

/* The other programs are in the directory of kudos-sim. kafka.py is in ../sim/kafka of that directory, or in sim/kafka of the working directory. */
int sim_place_find(sim_place *p, const char *command, bool real_kafka)
{
    static const char *const needed[] = {"kudos-edge", "kudos-central", "libkudos_powercut.so",
                                         "libkudos_waits.so"};
    char path[2 * FLEET_PATH_MAX + 32];
    *p = (sim_place){.command = command};
    ssize_t n = readlink("/proc/self/exe", p->programs, sizeof p->programs - 1);
    if (n <= 0) return unavailable(p, "/proc/self/exe cannot be read");
    p->programs[n] = 0;
    *strrchr(p->programs, '/') = 0;
    for (size_t i = 0; i < KD_COUNT(needed); i++) {
        snprintf(path, sizeof path, "%s/%s", p->programs, needed[i]);
        if (access(path, R_OK) == 0) continue;
        fprintf(stderr, "kudos-sim %s: %s is missing: %s\n", command, path, strerror(errno));
        return KD_EXIT_UNAVAILABLE;
    }
    snprintf(p->powercut, sizeof p->powercut, "%s/libkudos_powercut.so", p->programs);
    return find_kafka_py(p, real_kafka);
}

int sim_place_find_faketime(sim_place *p)
{
    glob_t found;
    if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found) == 0)
        snprintf(p->faketime, sizeof p->faketime, "%s:%s/libkudos_waits.so", found.gl_pathv[0], p->programs);
    globfree(&found);
    if (*p->faketime) return -1;
    return unavailable(
        p, "this scenario moves clocks, for which libfaketime is needed: apt-get install libfaketime");
}

int sim_place_make_directory(sim_place *p, const char *keep)
{
    const char *tmp = getenv("TMPDIR");
    bool made;
    if (keep) {
        made = sim_files_make(keep) == KD_OK && realpath(keep, p->directory);
    } else {
        snprintf(p->directory, sizeof p->directory, "%s/kudos-%s-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp",
                 p->command);
        made = mkdtemp(p->directory) != NULL;
    }
    if (made) return -1;
    fprintf(stderr, "kudos-sim %s: %s: %s\n", p->command, keep ? keep : p->directory, strerror(errno));
    return KD_EXIT_UNAVAILABLE;
}
