/* SPDX-License-Identifier: BSD-3-Clause */

/* mpi_error.c: our error class and codes, added to MPI when the first error occurs. */

#include "comm/mpi_error.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <csgd/mpi.h>
#include "base/error.h"

/* Every status that is an error, and the MPI code that stands for it once `added`. */
static const csgd_status statuses[] = {
    CSGD_E_INVAL,  CSGD_E_SPEC,      CSGD_E_UNSUPPORTED, CSGD_E_SPACE,
    CSGD_E_BUSY,   CSGD_E_STATE,     CSGD_E_NOMEM,       CSGD_E_NONFINITE,
    CSGD_E_PLUGIN, CSGD_E_CORRUPT,   CSGD_E_VERSION,     CSGD_E_MISMATCH,
    CSGD_E_PEER,   CSGD_E_TRANSPORT, CSGD_E_TIMEOUT,     CSGD_E_BROKEN,
};

/* For CSGD_E_STATE, when MPI cannot be asked for a code; MPI's own are small. */
enum { STATE_CODE = INT_MAX };

enum { STATUSES = sizeof statuses / sizeof *statuses };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool added;
static int codes[STATUSES];

/* MPI keeps the class and codes until it is finalised; there is no way to take them back. */
static bool add_codes(void)
{
    int class;

    if (added) return true;
    if (MPI_Add_error_class(&class) != MPI_SUCCESS) return false;
    MPI_Add_error_string(class, "libcsgd");
    for (size_t i = 0; i < STATUSES; i++) {
        char text[MPI_MAX_ERROR_STRING];
        if (MPI_Add_error_code(class, &codes[i]) != MPI_SUCCESS) return false;
        snprintf(text, sizeof text, "%s: %s", csgd_status_name(statuses[i]),
                 csgd_status_message(statuses[i]));
        MPI_Add_error_string(codes[i], text);
    }
    return added = true;
}

static int code_of(csgd_status status)
{
    int code = MPI_ERR_OTHER;

    pthread_mutex_lock(&lock);
    if (add_codes())
        for (size_t i = 0; i < STATUSES; i++)
            if (statuses[i] == status) code = codes[i];
    pthread_mutex_unlock(&lock);
    return code;
}

csgd_status csgd_status_of(int code)
{
    csgd_status status = code == MPI_SUCCESS ? CSGD_OK : CSGD_E_TRANSPORT;

    if (code == STATE_CODE) return CSGD_E_STATE;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; added && i < STATUSES; i++)
        if (codes[i] == code) status = statuses[i];
    pthread_mutex_unlock(&lock);
    return status;
}

csgd_status csgdi_mpi_usable(void)
{
    int initialized = 0, finalized = 0;

    MPI_Initialized(&initialized);
    if (!initialized)
        return csgdi_fail(CSGD_E_STATE, "MPI is not initialised: call MPI_Init first");
    MPI_Finalized(&finalized);
    if (finalized) return csgdi_fail(CSGD_E_STATE, "MPI is already finalised");
    return CSGD_OK;
}

int csgdi_mpi_report(csgd_status status, const MPI_Comm *comm)
{
    MPI_Errhandler handler;
    int code;

    if (status == CSGD_OK) return MPI_SUCCESS;
    if (status == CSGD_E_STATE) return STATE_CODE;
    code = code_of(status);
    if (comm == NULL) return code;

    if (MPI_Comm_get_errhandler(*comm, &handler) == MPI_SUCCESS) {
        const bool fatal = handler == MPI_ERRORS_ARE_FATAL;
        MPI_Errhandler_free(&handler);
        if (fatal) {
            int rank = -1;
            MPI_Comm_rank(*comm, &rank);
            fprintf(stderr, "libcsgd: rank %d: %s: %s\n", rank, csgd_status_message(status),
                    csgd_error_detail());
        }
    }
    MPI_Comm_call_errhandler(*comm, code);
    return code;
}
