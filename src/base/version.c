/* SPDX-License-Identifier: BSD-3-Clause */

/* version.c: the version as it was when the library was compiled. */

#include <csgd/version.h>

/* Two steps, so that the macros are expanded before they become text. */
#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *csgd_version(void)
{
    return VERSION(CSGD_VERSION_MAJOR, CSGD_VERSION_MINOR, CSGD_VERSION_PATCH);
}
