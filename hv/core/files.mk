PURE += hv/core/bus.c hv/core/gmem.c hv/core/timer.c
PURE += hv/core/kheap.c hv/core/log.c hv/core/panic.c hv/core/pmm.c hv/core/stats.c hv/core/trace.c
