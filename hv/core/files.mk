PURE += hv/core/bus.c hv/core/timer.c
