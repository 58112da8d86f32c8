#ifndef CLIBPQ_SHIM_H
#define CLIBPQ_SHIM_H

#include <postgresql/libpq-fe.h>

// libpq names the fields of an error by character macros, which Swift does not import: here they have a type and a name.
enum {
  CPQ_DIAG_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
  CPQ_DIAG_SQLSTATE = PG_DIAG_SQLSTATE,
  CPQ_DIAG_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
  CPQ_DIAG_DETAIL = PG_DIAG_MESSAGE_DETAIL,
  CPQ_DIAG_HINT = PG_DIAG_MESSAGE_HINT,
  CPQ_DIAG_POSITION = PG_DIAG_STATEMENT_POSITION,
  CPQ_DIAG_CONTEXT = PG_DIAG_CONTEXT,
  CPQ_DIAG_SCHEMA = PG_DIAG_SCHEMA_NAME,
  CPQ_DIAG_TABLE = PG_DIAG_TABLE_NAME,
  CPQ_DIAG_COLUMN = PG_DIAG_COLUMN_NAME,
  CPQ_DIAG_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
  CPQ_DIAG_ROUTINE = PG_DIAG_SOURCE_FUNCTION
};

// By default libpq prints the server's notices to standard error. They may quote values, so they are dropped.
static void cpq_ignore_notice(void *context, const PGresult *result) {
  (void)context;
  (void)result;
}

static inline void cpq_silence_notices(PGconn *connection) {
  PQsetNoticeReceiver(connection, cpq_ignore_notice, NULL);
}

#endif
