/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doubly linked circular lists whose links live inside the objects (container_of finds the object
 * back).  The head is a link that belongs to no object; an empty list is a head that points to
 * itself.  No locking, no ownership: the links do not keep objects alive.
 */
#ifndef HV_LIB_LIST_H
#define HV_LIB_LIST_H

#include "hv/lib/types.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Insert @link behind @where: at the front, if @where is the head. */
static inline void list_add(struct list *where, struct list *link)
{
	link->next = where->next;
	link->prev = where;
	where->next->prev = link;
	where->next = link;
}

/* Insert @link before @where: at the end, if @where is the head. */
static inline void list_add_tail(struct list *where, struct list *link)
{
	list_add(where->prev, link);
}

/* Take @link out; it then is an empty list of its own, so a second removal is harmless. */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

#define list_entry(link, type, member) container_of(link, type, member)
#define list_for_each(link, head)                                                                  \
	for (struct list *link = (head)->next; link != (head); link = link->next)
/* As above, when the body may remove @link. */
#define list_for_each_safe(link, head)                                                             \
	for (struct list *link = (head)->next, *link##_next = link->next; link != (head);          \
	     link = link##_next, link##_next = link->next)

#endif
