/*
 * names_hang.c - a library to preload into a daemon: the look-up of names of slow.example takes 20 s, as where a name server does not answer.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*look_up)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&look_up = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strstr(name, "slow.example")) sleep(20);
    return look_up(name, service, hints, found);
}
