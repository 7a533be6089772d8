/* SPDX-License-Identifier: GPL-2.0 */
/* Implementation of debug_port.h. */
#include "hv/vm/debug_port.h"

#include "hv/core/log.h"
#include "hv/lib/string.h"
#include "hv/vm/vm.h"

#define COUNTERS "counters"

static void log_counter(void *opaque, const char *text)
{
	log_notice("vm %s: %s", ((struct vm *)opaque)->config->name, text);
}

static void line_done(struct debug_port *port)
{
	port->line[port->length] = 0;
	port->length = 0;
	log_notice("vm %s: says: %s", port->vm->config->name, port->line);
	if (strcmp(port->line, COUNTERS) == 0)
		vm_counters(port->vm, log_counter, port->vm);
}

void debug_port_init(struct debug_port *port, struct vm *vm)
{
	*port = (struct debug_port){ .vm = vm };
}

void debug_port_write(void *opaque, const void *bytes, size_t size)
{
	struct debug_port *port = opaque;

	for (const u8 *byte = bytes; size; byte++, size--) {
		if (*byte != '\n')
			port->line[port->length++] = *byte >= ' ' && *byte <= '~' ? (char)*byte : '?';
		if (*byte == '\n' || port->length == DEBUG_PORT_LINE)
			line_done(port);
	}
}
