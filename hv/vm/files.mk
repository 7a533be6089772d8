# SPDX-License-Identifier: GPL-2.0
PURE += hv/vm/config.c hv/vm/config_token.c hv/vm/config_knobs.c hv/vm/host_options.c
PURE += hv/vm/console.c hv/vm/line_edit.c hv/vm/monitor.c
PURE += hv/vm/vm.c hv/vm/host.c hv/vm/debug_port.c
