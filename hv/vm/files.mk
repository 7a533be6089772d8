# SPDX-License-Identifier: GPL-2.0
PURE += hv/vm/config.c hv/vm/config_token.c hv/vm/host_options.c
