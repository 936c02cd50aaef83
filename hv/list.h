/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  doubly linked lists whose nodes are embedded in their objects.
 * Callers:  hv/. Context, locking: the list's owner. Lifetime: the object's.
 * Errors:   list_del() leaves the node pointing at itself, so that deleting twice is harmless.
 */
#ifndef MINIBUS_HV_LIST_H
#define MINIBUS_HV_LIST_H

#include "arch/x86/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void list_add_head(struct list *head, struct list *node)
{
	list_add_after(head, node);
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	list_add_after(head->prev, node);
}

static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head, member) \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); \
	     (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* pos may be deleted in the body. */
#define list_for_each_safe(pos, tmp, head, member) \
	for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member), \
	    (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); \
	     (pos) = (tmp), (tmp) = list_entry((tmp)->member.next, __typeof__(*(tmp)), member))

#endif
