/* codedb_maintenance.c -- what a host asks of a database as a whole: copies, checks, upkeep, figures.
 *
 * The public functions of section 15 of codedb.h, called from any host thread: each checks what it is given and sends one request. The
 * driver thread runs them; a copy goes on there between the requests of others. */
#include "codedb_driver.h"

#include <string.h>

#define MAINTENANCE_FINDINGS 100

/* Sends a request with `values`. */
static codedb_code maintenance_call(codedb *db, codedb_request_kind kind, const char *path, const codedb_value *values,
                                    size_t value_count, codedb_rows **rows, codedb_result *result)
{
    codedb_request request = {.kind = kind, .path = path, .values = values, .wants_rows = rows != NULL};
    codedb_code code;
    request.operation.struct_size = sizeof request.operation;
    request.operation.value_count = value_count;
    code = codedb_driver_call(db, &request, result);
    if (rows != NULL)
        *rows = request.rows;
    return code;
}

static codedb_code maintenance_check_path(const codedb *db, const char *path, const char *function, codedb_result *result)
{
    if (db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s: db is NULL", function);
    if (path == NULL || path[0] == '\0')
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s: there is no path", function);
    return CODEDB_SUCCESS;
}

CODEDB_API codedb_code codedb_backup(codedb *db, const char *path, codedb_result *result)
{
    codedb_code code = maintenance_check_path(db, path, "codedb_backup", result);
    return code == CODEDB_SUCCESS ? maintenance_call(db, CODEDB_REQUEST_BACKUP, path, NULL, 0, NULL, result) : code;
}

CODEDB_API codedb_code codedb_submit_backup(codedb *db, const char *path, const codedb_submit_options *options,
                                            codedb_pending **pending, codedb_result *result)
{
    codedb_request request = {.kind = CODEDB_REQUEST_BACKUP, .path = path};
    codedb_code code = maintenance_check_path(db, path, "codedb_submit_backup", result);
    if (pending != NULL)
        *pending = NULL;
    request.operation.struct_size = sizeof request.operation;
    return code == CODEDB_SUCCESS ? codedb_pending_start(db, &request, NULL, options, pending, result) : code;
}

CODEDB_API codedb_code codedb_restore(codedb *db, const char *path, codedb_result *result)
{
    size_t count;
    const codedb_value *core = codedb_schema_core(&count);
    codedb_code code = maintenance_check_path(db, path, "codedb_restore", result);
    if (code == CODEDB_SUCCESS)
        code = maintenance_call(db, CODEDB_REQUEST_RESTORE, path, core, count, NULL, result);
    if (code == CODEDB_SUCCESS)
        codedb_schema_refresh(db);
    return code;
}

CODEDB_API codedb_code codedb_check(codedb *db, int64_t limit, codedb_rows **rows, codedb_result *result)
{
    codedb_value most = codedb_value_integer(limit > 0 ? limit : MAINTENANCE_FINDINGS);
    if (rows != NULL)
        *rows = NULL;
    if (db == NULL || rows == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_check: db or rows is NULL");
    if (limit < 0)
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "codedb_check: limit is %lld, expected 0 or more", (long long)limit);
    return maintenance_call(db, CODEDB_REQUEST_CHECK, NULL, &most, 1, rows, result);
}

CODEDB_API codedb_code codedb_vacuum(codedb *db, codedb_result *result)
{
    if (db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_vacuum: db is NULL");
    return maintenance_call(db, CODEDB_REQUEST_VACUUM, NULL, NULL, 0, NULL, result);
}

CODEDB_API codedb_code codedb_checkpoint(codedb *db, codedb_checkpoint_mode mode, codedb_result *result)
{
    codedb_value number = codedb_value_integer((int64_t)mode);
    if (db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_checkpoint: db is NULL");
    if ((unsigned)mode > CODEDB_CHECKPOINT_TRUNCATE)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_checkpoint: mode is %d, expected a codedb_checkpoint_mode",
                           (int)mode);
    return maintenance_call(db, CODEDB_REQUEST_CHECKPOINT, NULL, &number, 1, NULL, result);
}

/* Puts the columns of the row into the fields of their names. */
static void maintenance_read_storage(const codedb_rows *rows, codedb_storage *storage)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        {"page_size", offsetof(codedb_storage, page_size)},   {"page_count", offsetof(codedb_storage, page_count)},
        {"free_pages", offsetof(codedb_storage, free_pages)}, {"log_bytes", offsetof(codedb_storage, log_bytes)},
        {"log_frames", offsetof(codedb_storage, log_frames)}, {"log_checkpointed", offsetof(codedb_storage, log_checkpointed)},
        {"copy_done", offsetof(codedb_storage, copy_done)},   {"copy_total", offsetof(codedb_storage, copy_total)},
    };
    for (size_t column = 0; rows->row_count > 0 && column < rows->column_count; column++) {
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (strcmp(rows->column_names[column], fields[i].name) == 0 && rows->values[column].type == CODEDB_VALUE_INTEGER)
                memcpy((char *)storage + fields[i].offset, &rows->values[column].as.integer, sizeof(int64_t));
    }
}

CODEDB_API codedb_code codedb_storage_get(codedb *db, codedb_storage *storage, codedb_result *result)
{
    codedb_storage now;
    codedb_rows *rows = NULL;
    codedb_code code;
    if (db == NULL || storage == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_storage_get: db or storage is NULL");
    code = codedb_struct_take(&now, sizeof now, storage, "codedb_storage", result);
    if (code != CODEDB_SUCCESS)
        return code;
    memset(&now, 0, sizeof now);
    code = maintenance_call(db, CODEDB_REQUEST_STORAGE, NULL, NULL, 0, &rows, result);
    if (code != CODEDB_SUCCESS)
        return code;
    maintenance_read_storage(rows, &now);
    codedb_free(rows);
    codedb_struct_give(storage, &now, sizeof now);
    return CODEDB_SUCCESS;
}

#undef MAINTENANCE_FINDINGS
