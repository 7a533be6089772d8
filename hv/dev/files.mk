# SPDX-License-Identifier: GPL-2.0
PURE += hv/dev/vpic.c
PURE += hv/dev/vpit.c hv/dev/vpit_counter.c
PURE += hv/dev/vuart.c
PURE += hv/dev/vps2.c
PURE += hv/dev/vrtc.c hv/dev/vrtc_date.c
PURE += hv/dev/vpci.c hv/dev/vpiix.c hv/dev/vacpi_pm.c hv/dev/vport92.c hv/dev/vdebug.c
PURE += hv/dev/machine.c
