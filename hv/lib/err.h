/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Errors that are the host's or the user's doing (docs/style.md): functions return 0 or one of
 * these, negated.  The values are Linux's, so that host tests may mix with <errno.h>.
 * ERR(e) stands where an error is born; it reports file and line once and yields the error.
 * What a guest does wrong is not an error of ours: see isa/excp.h and vm_kill().
 */
#ifndef HV_LIB_ERR_H
#define HV_LIB_ERR_H

#ifndef ENOMEM
#define EPERM 1
#define ENOENT 2
#define EIO 5
#define E2BIG 7
#define ENOEXEC 8
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define ENOSYS 38
#endif

/* Provided by hv/core/log.c (tests: tests/fake).  Logs "file:line: error N" and returns @error. */
int err_report(int error, const char *file, int line);
#define ERR(error) err_report((error), __FILE__, __LINE__)

#endif
