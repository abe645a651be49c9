/* served.c - see the header. */
#include "edge/io/shard/served.h"

kd_served kd_served_copy(const kd_served *s)
{
    return (kd_served){
        .collections = kd_strings_copy(&s->collections), .counters = s->counters, .known = s->known};
}

void kd_served_finish(kd_served *s)
{
    kd_strings_finish(&s->collections);
    kd_openapi_page_finish(&s->description);
}
