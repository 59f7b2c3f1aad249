// SPDX-License-Identifier: Apache-2.0
// Intrusive doubly linked list with a sentinel. No thread safety: the owner's thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct base_list {
    struct base_list *prev, *next;
};

// The object that contains list node `node` as its member `member`.
#define BASE_CONTAINER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void base_list_init(struct base_list *l)
{
    l->prev = l->next = l;
}

// True for an empty list, and for a node that is on no list (after init or remove).
static inline bool base_list_empty(const struct base_list *l)
{
    return l->next == l;
}

static inline void base_list_append(struct base_list *list, struct base_list *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

static inline void base_list_prepend(struct base_list *list, struct base_list *node)
{
    base_list_append(list->next, node);
}

// Leaves `node` empty, so that removing it twice is harmless.
static inline void base_list_remove(struct base_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    base_list_init(node);
}

// First node taken off the list, or NULL.
static inline struct base_list *base_list_pop(struct base_list *list)
{
    struct base_list *first = list->next;
    if (first == list)
        return NULL;
    base_list_remove(first);
    return first;
}

// The object that `node` is in, or NULL at the end of the list.
#define BASE_LIST_AT(node, list, type, member)                                                     \
    ((node) == (list) ? NULL : BASE_CONTAINER(node, type, member))

// `pos` goes through the objects of `type` that are on `list` with their member `member`. The
// current one may be removed (and freed) by the body; its successor may not.
#define BASE_LIST_FOR_EACH(type, pos, list, member)                                                \
    for (type *pos = BASE_LIST_AT((list)->next, list, type, member), *pos##_next = NULL;           \
         pos && (pos##_next = BASE_LIST_AT(pos->member.next, list, type, member), true);           \
         pos = pos##_next)
