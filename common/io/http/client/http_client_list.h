/*
 * http_client_list.h - doubly linked circular lists, whose links are members of what is listed. The head is a link of the owner.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_LIST_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct kd_link {
    struct kd_link *prev, *next;
} kd_link;

/* The object of which `link` is the member of that name. */
#define KD_LINKED(type, member, link) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* An empty list, or an object that is in none. */
static inline void kd_link_init(kd_link *l)
{
    l->prev = l->next = l;
}

/* Of a head: the list is empty. */
static inline bool kd_link_alone(const kd_link *l)
{
    return l->next == l;
}

/* Does nothing to an object that is in no list. */
static inline void kd_link_remove(kd_link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    kd_link_init(l);
}

/* At the end of a list; with head->next in place of the head, at its front. */
static inline void kd_link_append(kd_link *head, kd_link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Moves all of `from` to `to`, which must be empty, in the same order. */
static inline void kd_link_move_all(kd_link *from, kd_link *to)
{
    kd_link_init(to);
    while (!kd_link_alone(from)) {
        kd_link *l = from->next;
        kd_link_remove(l);
        kd_link_append(to, l);
    }
}

#endif
