PURE += hv/core/bus.c hv/core/gmem.c hv/core/timer.c
