/* settings_member.c - see the header. */
#include "central/io/daemon/settings_member.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* Slower, the answer with one chunk would come behind its deadline. */
enum { SEED_RATE_MIN = 1024 * 1024 };

static char host[KD_NAME_MAX + 1];

/* The host's name, up to its first dot, in the characters that a name may have. */
static void settings_read_host(void)
{
    char own[256] = "";
    size_t n = 0;
    if (gethostname(own, sizeof(own) - 1) != 0) own[0] = '\0';
    for (const char *c = own; *c != '\0' && *c != '.' && n < KD_NAME_MAX; c++) {
        bool plain = isalnum((unsigned char)*c) || (n > 0 && (*c == '-' || *c == '_'));
        if (plain || n > 0) host[n++] = plain ? (char)tolower((unsigned char)*c) : '-';
    }
    host[n] = '\0';
    if (!kd_name_valid(kd_bytes_str(host))) snprintf(host, sizeof(host), "central-1");
}

const char *kd_central_name(const kd_central_settings *s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (s->name && s->name[0] != '\0') return s->name;
    pthread_once(&once, settings_read_host);
    return host;
}

int kd_settings_check_member(const kd_central_settings *s, char *error)
{
    const char *wrong = NULL;
    if (s->replicas > s->members) wrong = "central.replicas must not be above central.members";
    if (s->role == KD_ROLE_FOLLOWER && s->members > 1)
        wrong = "central.role = follower follows a single central: with central.members above 1 each member "
                "leads "
                "and follows";
    if (s->seed_rate > 0 && s->seed_rate < SEED_RATE_MIN)
        wrong = "central.seed_rate must be 0B, or at least 1MiB";
    if (!wrong) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", wrong);
    return KD_EINVAL;
}

const char *kd_settings_advise_member(const kd_central_settings *s)
{
    if (s->members == 1 || (s->advertise && s->advertise[0] != '\0')) return NULL;
    return "central.advertise is not set, though central.members is above 1: nobody is sent to this member; "
           "name "
           "the URLs of all members to edges (central.url) and to commands (--url)";
}
