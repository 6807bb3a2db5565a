/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CSGD_VERSION_H
#define CSGD_VERSION_H

/** @file
 * The version of libcsgd, at compile time and at run time, and the mark of an exported symbol.
 *
 * Until 1.0 a minor version may change the interface; the shared library's name (libcsgd.so.0)
 * then stays and the change is in the release notes.  Messages on the wire carry a version of
 * their own: ranks of one job must agree on it, and a reducer checks that at creation.
 */

#define CSGD_VERSION_MAJOR 0
#define CSGD_VERSION_MINOR 1
#define CSGD_VERSION_PATCH 0

#if defined(__GNUC__)
#    define CSGD_API __attribute__((visibility("default")))
#else
#    define CSGD_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Return the version of the library that is running, "MAJOR.MINOR.PATCH".  Local.
 *
 * The string is static.  It differs from the macros above when a program runs with another
 * library than the one it was compiled against.
 */
CSGD_API const char *csgd_version(void);

#ifdef __cplusplus
}
#endif
#endif
