/* codedb_sync.c -- changes of the schema: what a definition has and the database lacks is planned here and done in one step.
 *
 * The public functions of section 14 of codedb.h, in the host's thread. They read the structure (codedb_structure.c) and what is wanted
 * (codedb_definition.c), compare, write SQL (codedb_ddl.c), and send all of it as one request (codedb_schema_change_run).
 *
 * 1. Plans   2. What is missing   3. Synchronization   4. One table
 *
 * Invariants:
 * 1. Nothing that exists is dropped or changed by a synchronization; what differs is a warning.
 * 2. A plan is run on the structure it was made for, or not at all (the stamp): then it is made anew. */
#include "codedb_driver.h"
#include "codedb_structure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYNC_ATTEMPTS 5

/* ---- 1. Plans ------------------------------------------------------------------------------------------------------ */

/* Statements that are being collected, and what is to be said about them. All text is in the arena of `actual`. */
typedef struct sync_plan {
    codedb *db;
    codedb_sql_dialect dialect;
    codedb_structure actual;
    codedb_buffer sql;
    codedb_schema_statement *statements;
    size_t statement_count;
    codedb_structure_names created;
    codedb_structure_names modified;
    codedb_structure_names columns;
    codedb_structure_names indexes;
    codedb_structure_names warnings;
    codedb_result *result;
} sync_plan;

static const codedb_allocator *sync_allocator(const codedb *db)
{
    return codedb_driver_allocator(db->thread);
}

static codedb_code sync_start(sync_plan *plan, codedb *db, codedb_result *result)
{
    memset(plan, 0, sizeof *plan);
    plan->db = db;
    plan->dialect = codedb_driver_of(db->thread)->dialect;
    plan->result = result;
    codedb_buffer_init(&plan->sql, sync_allocator(db));
    return codedb_structure_read(db, &plan->actual, result);
}

static void sync_end(sync_plan *plan)
{
    codedb_buffer_free(&plan->sql);
    codedb_arena_destroy(plan->actual.arena);
    plan->actual.arena = NULL;
}

/* Adds a name or sentence to a list. */
CODEDB_PRINTF(3, 4)
static codedb_code sync_note(sync_plan *plan, codedb_structure_names *list, const char *format, ...)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    va_list arguments;
    const char *copy;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    copy = codedb_arena_copy(plan->actual.arena, message, strlen(message));
    if (copy == NULL || !codedb_structure_add_name(plan->actual.arena, list, copy))
        return codedb_fail_no_memory(plan->result);
    return CODEDB_SUCCESS;
}

/* Makes the SQL in the buffer the next statement. */
CODEDB_PRINTF(2, 3)
static codedb_code sync_add(sync_plan *plan, const char *format, ...)
{
    codedb_arena *arena = plan->actual.arena;
    codedb_schema_statement *statements =
        codedb_structure_grow(arena, plan->statements, plan->statement_count, sizeof *statements);
    const char *sql = plan->sql.failed ? NULL : codedb_arena_copy(arena, plan->sql.data, plan->sql.length);
    const char *what;
    char message[CODEDB_DESCRIPTION_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    what = codedb_arena_copy(arena, message, strlen(message));
    plan->sql.length = 0;
    if (statements == NULL || sql == NULL || what == NULL)
        return codedb_fail_no_memory(plan->result);
    plan->statements = statements;
    statements[plan->statement_count].sql = sql;
    statements[plan->statement_count++].what = what;
    return CODEDB_SUCCESS;
}

static void sync_name(sync_plan *plan, const char *before, const char *name)
{
    codedb_buffer_append_text(&plan->sql, before);
    codedb_sql_write_name(&plan->sql, plan->dialect, name);
}

/* Runs the plan, behind a copy to `backup` unless that is NULL. The engine learns what there is now. */
static codedb_code sync_run(const sync_plan *plan, const char *backup)
{
    codedb_schema_change change = {plan->statements, plan->statement_count, plan->actual.stamp};
    codedb_code code = codedb_schema_change_run(plan->db, &change, backup, plan->result);
    if (code == CODEDB_SUCCESS)
        codedb_schema_refresh(plan->db);
    return code;
}

/* ---- 2. What is missing -------------------------------------------------------------------------------------------- */

/* The table that has an index of that name; names of indexes count for the whole database. */
static const codedb_structure_table *sync_find_index(const codedb_structure *structure, const char *name,
                                                     const codedb_structure_index **index)
{
    for (size_t i = 0; i < structure->table_count; i++) {
        const codedb_structure_table *table = &structure->tables[i];
        for (size_t k = 0; k < table->index_count; k++) {
            *index = &table->indexes[k];
            if (codedb_text_equal_case((*index)->name, name))
                return table;
        }
    }
    *index = NULL;
    return NULL;
}

/* Whether an index that was found has a condition with these words. */
static bool sync_has_condition(const codedb_structure_index *found, const char *where)
{
    size_t length = where != NULL ? strlen(where) : 0;
    size_t whole = found->sql != NULL ? strlen(found->sql) : 0;
    if (where == NULL || !found->partial)
        return where == NULL && !found->partial;
    return whole > length && codedb_text_equal_case(found->sql + whole - length, where);
}

static bool sync_same_index(const codedb_structure_index *found, const codedb_structure_index *wanted)
{
    return found->unique == wanted->unique && codedb_structure_same_names(&found->columns, &wanted->columns, true) &&
           sync_has_condition(found, wanted->where);
}

/* Whether the table has such an index under whatever name. */
static bool sync_has_index(const codedb_structure_table *table, const codedb_structure_index *wanted)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].sql != NULL && sync_same_index(&table->indexes[i], wanted))
            return true;
    return false;
}

static codedb_code sync_create_index(sync_plan *plan, const char *table, const codedb_structure_index *index)
{
    codedb_code code;
    codedb_ddl_create_index(&plan->sql, plan->dialect, table, index);
    code = sync_add(plan, "%.100s: making index %.100s", table, index->name);
    return code == CODEDB_SUCCESS ? sync_note(plan, &plan->indexes, "%s", index->name) : code;
}

static codedb_code sync_index(sync_plan *plan, const codedb_structure_table *actual, const char *table,
                              const codedb_structure_index *wanted)
{
    const codedb_structure_index *found;
    const codedb_structure_table *owner = sync_find_index(&plan->actual, wanted->name, &found);
    if (owner != NULL && owner != actual)
        return sync_note(plan, &plan->warnings, "index %s of table %s cannot be made: table %s has one of that name",
                         wanted->name, table, owner->name);
    if (owner != NULL && !sync_same_index(found, wanted))
        return sync_note(plan, &plan->warnings, "index %s of table %s differs from the definition", wanted->name, table);
    if (owner != NULL || (actual != NULL && sync_has_index(actual, wanted)))
        return CODEDB_SUCCESS;
    return sync_create_index(plan, table, wanted);
}

/* A full-text table over content that is there already. */
static codedb_code sync_fill_virtual(sync_plan *plan, const codedb_structure_table *table)
{
    bool has_content = false;
    for (size_t i = 0; i < table->option_count; i++)
        has_content =
            has_content || (codedb_text_equal_case(table->options[i].name, "content") && table->options[i].value[0] != '\0');
    if (!has_content || !codedb_text_equal_case(table->module, "fts5"))
        return CODEDB_SUCCESS;
    sync_name(plan, "INSERT INTO ", table->name);
    sync_name(plan, "(", table->name);
    codedb_buffer_append_text(&plan->sql, ") VALUES ('rebuild')");
    return sync_add(plan, "%.100s: filling it", table->name);
}

static codedb_code sync_create(sync_plan *plan, const codedb_structure_table *wanted)
{
    codedb_code code;
    codedb_ddl_create_table(&plan->sql, plan->dialect, wanted);
    code = sync_add(plan, "%.100s: making the table", wanted->name);
    if (code == CODEDB_SUCCESS)
        code = sync_note(plan, &plan->created, "%s", wanted->name);
    if (code == CODEDB_SUCCESS && wanted->kind == CODEDB_STRUCTURE_VIRTUAL)
        code = sync_fill_virtual(plan, wanted);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->index_count; i++)
        code = sync_index(plan, NULL, wanted->name, &wanted->indexes[i]);
    return code;
}

static codedb_code sync_has_rows(sync_plan *plan, const codedb_structure_table *table, bool *has_rows)
{
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    codedb_code code;
    *has_rows = false;
    if (table->column_count == 0)
        return CODEDB_SUCCESS;
    select.columns = &table->columns[0].name;
    select.column_count = 1;
    select.limit = 1;
    code = codedb_table_select(plan->db, table->name, &select, &rows, plan->result);
    *has_rows = code == CODEDB_SUCCESS && rows->row_count > 0;
    codedb_free(rows);
    return code;
}

static bool sync_has_key(const codedb_structure_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].primary_key != 0)
            return true;
    return false;
}

/* What ALTER TABLE ADD COLUMN can do, rows or not. */
static bool sync_is_plain(const codedb_structure_column *column)
{
    return column->primary_key == 0 && (column->default_value == NULL || codedb_definition_is_literal(column->default_value));
}

/* Takes up a column that is missing. It is left out when the table has another key, and may be NULL when old rows have no value for it. */
static codedb_code sync_missing_column(sync_plan *plan, const codedb_structure_table *actual,
                                       const codedb_structure_column *wanted, codedb_ddl_rebuild *changes)
{
    codedb_structure_column *columns;
    codedb_structure_column column = *wanted;
    bool has_rows = false;
    codedb_code code;
    if (column.primary_key != 0 && (sync_has_key(actual) || !codedb_text_equal_case(column.type, "INTEGER")))
        return sync_note(plan, &plan->warnings, "primary key %s.%s is not added: the table's key is another", actual->name,
                         column.name);
    if (column.primary_key == 0 && !column.nullable &&
        (column.default_value == NULL || codedb_text_equal_case(column.default_value, "null"))) {
        code = sync_has_rows(plan, actual, &has_rows);
        if (code == CODEDB_SUCCESS && has_rows)
            code = sync_note(plan, &plan->warnings, "column %s.%s may be NULL: the table has rows, and the column has no default",
                             actual->name, column.name);
        if (code != CODEDB_SUCCESS)
            return code;
        column.nullable = has_rows;
    }
    columns = codedb_structure_grow(plan->actual.arena, changes->columns, changes->column_count, sizeof *columns);
    if (columns == NULL)
        return codedb_fail_no_memory(plan->result);
    changes->columns = columns;
    columns[changes->column_count++] = column;
    return sync_note(plan, &plan->columns, "%s.%s", actual->name, column.name);
}

static codedb_code sync_columns(sync_plan *plan, const codedb_structure_table *actual, const codedb_structure_table *wanted,
                                codedb_ddl_rebuild *changes)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->column_count; i++) {
        const codedb_structure_column *column = &wanted->columns[i];
        const codedb_structure_column *found = codedb_structure_find_column(actual, column->name);
        if (found == NULL)
            code = sync_missing_column(plan, actual, column, changes);
        else if (!codedb_text_equal_case(found->type, column->type))
            code = sync_note(plan, &plan->warnings, "column %s.%s has type %s, in the definition %s; it is not changed",
                             actual->name, found->name, found->type[0] != '\0' ? found->type : "none", column->type);
        else if (found->nullable != column->nullable && found->primary_key == 0 && column->primary_key == 0)
            code =
                sync_note(plan, &plan->warnings, "column %s.%s %s be NULL, in the definition it %s; it is not changed",
                          actual->name, found->name, found->nullable ? "may" : "may not", column->nullable ? "may" : "may not");
    }
    return code;
}

static bool sync_will_have(const codedb_structure_table *actual, const codedb_ddl_rebuild *changes,
                           const codedb_structure_names *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        size_t added = 0;
        while (added < changes->column_count && !codedb_text_equal_case(changes->columns[added].name, columns->items[i]))
            added++;
        if (added == changes->column_count && codedb_structure_find_column(actual, columns->items[i]) == NULL)
            return false;
    }
    return true;
}

static codedb_code sync_add_constraint(sync_plan *plan, codedb_ddl_rebuild *changes,
                                       const codedb_structure_constraint *constraint)
{
    codedb_structure_constraint *constraints =
        codedb_structure_grow(plan->actual.arena, changes->constraints, changes->constraint_count, sizeof *constraints);
    if (constraints == NULL)
        return codedb_fail_no_memory(plan->result);
    changes->constraints = constraints;
    constraints[changes->constraint_count++] = *constraint;
    return CODEDB_SUCCESS;
}

static codedb_code sync_constraints(sync_plan *plan, const codedb_structure_table *actual, const codedb_structure_table *wanted,
                                    codedb_ddl_rebuild *changes)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->constraint_count; i++) {
        const codedb_structure_constraint *constraint = &wanted->constraints[i];
        if (codedb_structure_has_constraint(actual, constraint))
            continue;
        if (sync_will_have(actual, changes, &constraint->columns))
            code = sync_add_constraint(plan, changes, constraint);
        else
            code = sync_note(plan, &plan->warnings, "a constraint of table %s is left out with its column", actual->name);
    }
    return code;
}

/* ALTER TABLE where that is enough, else the table is built anew. */
static codedb_code sync_change_table(sync_plan *plan, const codedb_ddl_rebuild *changes)
{
    const char *name = changes->table->name;
    bool plain = changes->constraint_count == 0 && changes->drop == NULL;
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; i < changes->column_count; i++)
        plain = plain && sync_is_plain(&changes->columns[i]);
    if (!plain && !codedb_ddl_rebuild_table(&plan->sql, changes))
        return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "%s: the SQL that made the table is not understood", name);
    if (!plain)
        return sync_add(plan, "%.100s: building the table anew", name);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < changes->column_count; i++) {
        sync_name(plan, "ALTER TABLE ", name);
        codedb_buffer_append_text(&plan->sql, " ADD COLUMN ");
        codedb_ddl_column(&plan->sql, plan->dialect, &changes->columns[i]);
        code = sync_add(plan, "%.100s: adding column %.100s", name, changes->columns[i].name);
    }
    return code;
}

/* ---- 3. Synchronization -------------------------------------------------------------------------------------------- */

static bool sync_wants_index(const codedb_structure_table *wanted, const codedb_structure_index *found)
{
    for (size_t i = 0; i < wanted->index_count; i++)
        if (codedb_text_equal_case(wanted->indexes[i].name, found->name) || sync_same_index(found, &wanted->indexes[i]))
            return true;
    return false;
}

/* Warns of what a table has beyond the definition. Indexes without SQL belong to constraints. */
static codedb_code sync_beyond(sync_plan *plan, const codedb_structure_table *actual, const codedb_structure_table *wanted)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < actual->column_count; i++) {
        if (codedb_structure_find_column(wanted, actual->columns[i].name) == NULL)
            code =
                sync_note(plan, &plan->warnings, "column %s.%s is not in the definition", actual->name, actual->columns[i].name);
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < actual->index_count; i++) {
        if (actual->indexes[i].sql != NULL && !sync_wants_index(wanted, &actual->indexes[i]))
            code = sync_note(plan, &plan->warnings, "index %s of table %s is not in the definition", actual->indexes[i].name,
                             actual->name);
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < actual->trigger_count; i++)
        code = sync_note(plan, &plan->warnings, "trigger %s of table %s is not in the definition", actual->triggers[i].name,
                         actual->name);
    return code;
}

static codedb_code sync_virtual(sync_plan *plan, const codedb_structure_table *actual, const codedb_structure_table *wanted)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->column_count; i++) {
        if (codedb_structure_find_column(actual, wanted->columns[i].name) == NULL)
            code = sync_note(plan, &plan->warnings, "virtual table %s has no column %s, and cannot get one", actual->name,
                             wanted->columns[i].name);
    }
    return code == CODEDB_SUCCESS ? sync_beyond(plan, actual, wanted) : code;
}

static codedb_code sync_table(sync_plan *plan, const codedb_structure_table *wanted)
{
    static const char *const kinds[] = {"a table", "a virtual table", "a view"};
    const codedb_structure_table *actual = codedb_structure_find_table(&plan->actual, wanted->name);
    codedb_ddl_rebuild changes = {.table = actual};
    codedb_code code;
    if (actual == NULL)
        return sync_create(plan, wanted);
    if (actual->kind != wanted->kind)
        return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "%s is %s, in the definition %s", wanted->name, kinds[actual->kind],
                           kinds[wanted->kind]);
    if (wanted->kind == CODEDB_STRUCTURE_VIRTUAL)
        return sync_virtual(plan, actual, wanted);
    code = sync_columns(plan, actual, wanted, &changes);
    if (code == CODEDB_SUCCESS)
        code = sync_constraints(plan, actual, wanted, &changes);
    if (code == CODEDB_SUCCESS && changes.column_count + changes.constraint_count > 0) {
        code = sync_change_table(plan, &changes);
        if (code == CODEDB_SUCCESS)
            code = sync_note(plan, &plan->modified, "%s", actual->name);
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->index_count; i++)
        if (sync_will_have(actual, &changes, &wanted->indexes[i].columns))
            code = sync_index(plan, actual, actual->name, &wanted->indexes[i]);
    return code == CODEDB_SUCCESS ? sync_beyond(plan, actual, wanted) : code;
}

/* Warns of tables and views that the definition does not have; codedb's own have names that begin so. */
static codedb_code sync_beyond_tables(sync_plan *plan, const codedb_structure *wanted)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < plan->actual.table_count; i++) {
        const codedb_structure_table *actual = &plan->actual.tables[i];
        if (codedb_structure_find_table(wanted, actual->name) == NULL && strncmp(actual->name, "codedb_", 7) != 0)
            code = sync_note(plan, &plan->warnings, "%s %s is not in the definition",
                             actual->kind == CODEDB_STRUCTURE_VIEW ? "view" : "table", actual->name);
    }
    return code;
}

static codedb_code sync_plan_all(sync_plan *plan, const codedb_structure *wanted)
{
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->table_count; i++)
        code = sync_table(plan, &wanted->tables[i]);
    return code == CODEDB_SUCCESS ? sync_beyond_tables(plan, wanted) : code;
}

/* The folder must be there, or its parent. */
static codedb_code sync_make_folder(const char *folder, codedb_result *result)
{
    char reason[100];
    int error;
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return CODEDB_SUCCESS;
    error = errno;
    codedb_text_system_error(error, reason, sizeof reason);
    return codedb_fail(result,
                       error == ENOENT || error == ENOTDIR                   ? CODEDB_NOT_FOUND
                       : error == EACCES || error == EPERM || error == EROFS ? CODEDB_PERMISSION_DENIED
                                                                             : CODEDB_DATABASE_ERROR,
                       "the folder %s for backups cannot be made: %s", folder, reason);
}

/* The name of a copy that does not exist yet, with the time in UTC. */
static codedb_code sync_name_backup(sync_plan *plan, const char *folder, const char **path)
{
    double now = codedb_unix_time_now();
    time_t seconds = (time_t)now;
    struct tm parts;
    char text[32];
    codedb_code code = sync_make_folder(folder, plan->result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts) == 0)
        return codedb_fail(plan->result, CODEDB_INTERNAL_ERROR, "the time of the backup cannot be told");
    for (int number = 0; number < 1000; number++) {
        *path = codedb_arena_printf(plan->actual.arena, "%s/codedb-%s.%03dZ.db", folder, text,
                                    ((int)((now - (double)seconds) * 1000) + number) % 1000);
        if (*path == NULL)
            return codedb_fail_no_memory(plan->result);
        if (access(*path, F_OK) != 0)
            return CODEDB_SUCCESS;
    }
    return codedb_fail(plan->result, CODEDB_DATABASE_ERROR, "%s: a thousand backups of this second are there", folder);
}

static bool sync_copy_texts(codedb_arena *arena, const codedb_structure_names *names, codedb_texts *texts)
{
    const char **items = codedb_arena_allocate(arena, names->count, sizeof *items);
    if (items == NULL)
        return false;
    texts->items = items;
    for (; texts->count < names->count; texts->count++) {
        items[texts->count] = codedb_arena_copy(arena, names->items[texts->count], strlen(names->items[texts->count]));
        if (items[texts->count] == NULL)
            return false;
    }
    return true;
}

/* The report of a plan that was run (error NULL) or that failed; NULL without memory. */
static codedb_schema_report *sync_report(const sync_plan *plan, const char *backup, const char *error)
{
    static const codedb_structure_names none = {NULL, 0};
    const codedb_structure_names errors = {&error, error != NULL ? 1 : 0};
    codedb_arena *arena = codedb_arena_create(sync_allocator(plan->db));
    codedb_schema_report *report = arena != NULL ? codedb_arena_allocate_root(arena, 1, sizeof *report) : NULL;
    bool made = report != NULL && sync_copy_texts(arena, error == NULL ? &plan->created : &none, &report->created_tables) &&
                sync_copy_texts(arena, error == NULL ? &plan->modified : &none, &report->modified_tables) &&
                sync_copy_texts(arena, error == NULL ? &plan->columns : &none, &report->columns_added) &&
                sync_copy_texts(arena, error == NULL ? &plan->indexes : &none, &report->indexes_created) &&
                sync_copy_texts(arena, &plan->warnings, &report->warnings) && sync_copy_texts(arena, &errors, &report->errors);
    if (made && backup != NULL) {
        report->backup_path = codedb_arena_copy(arena, backup, strlen(backup));
        made = report->backup_path != NULL;
    }
    if (made)
        return report;
    codedb_arena_destroy(arena);
    return NULL;
}

/* Plans and runs once. The report is made before the change where it can fail, so that a change that was made is told. */
static codedb_code sync_once(codedb *db, const codedb_structure *wanted, const char *backup_dir, codedb_schema_report **report,
                             codedb_result *result)
{
    const char *backup = NULL;
    codedb_schema_report *made = NULL;
    sync_plan plan;
    codedb_code code = sync_start(&plan, db, result);
    if (code == CODEDB_SUCCESS)
        code = sync_plan_all(&plan, wanted);
    if (code == CODEDB_SUCCESS && plan.statement_count > 0 && backup_dir != NULL)
        code = sync_name_backup(&plan, backup_dir, &backup);
    if (code == CODEDB_SUCCESS) {
        made = sync_report(&plan, backup, NULL);
        if (made == NULL)
            code = codedb_fail_no_memory(result);
    }
    if (code == CODEDB_SUCCESS && plan.statement_count > 0)
        code = sync_run(&plan, backup);
    if (code != CODEDB_SUCCESS && plan.actual.arena != NULL) {
        codedb_free(made);
        if (backup != NULL && access(backup, F_OK) != 0)
            backup = NULL;
        made = sync_report(&plan, backup, result->description);
    }
    *report = made;
    sync_end(&plan);
    return code;
}

static codedb_code sync_read_wanted(codedb_structure *wanted, const char *json, codedb_result *result)
{
    if (wanted->arena == NULL)
        return codedb_fail_no_memory(result);
    if (json != NULL)
        return codedb_definition_read(wanted, json, result);
    return codedb_schema_define(wanted) ? CODEDB_SUCCESS : codedb_fail_no_memory(result);
}

CODEDB_API codedb_code codedb_schema_sync(codedb *db, const char *definition_json, const char *backup_dir,
                                          codedb_schema_report **report, codedb_result *result)
{
    codedb_result own = CODEDB_INIT(codedb_result);
    codedb_result *say = result != NULL ? result : &own; /* the report repeats what it says */
    codedb_structure wanted = {.arena = NULL};
    codedb_schema_report *made = NULL;
    codedb_code code;
    if (report != NULL)
        *report = NULL;
    if (db == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_schema_sync: db is NULL");
    if (backup_dir == NULL)
        backup_dir = codedb_schema_of(db)->backup_dir;
    wanted.arena = codedb_arena_create(sync_allocator(db));
    code = sync_read_wanted(&wanted, definition_json, say);
    for (int attempt = 0; code == CODEDB_SUCCESS && attempt < SYNC_ATTEMPTS; attempt++) {
        codedb_free(made);
        code = sync_once(db, &wanted, backup_dir, &made, say);
        if (code != CODEDB_CONFLICT)
            break;
        code = attempt + 1 < SYNC_ATTEMPTS ? CODEDB_SUCCESS : code;
    }
    codedb_arena_destroy(wanted.arena);
    codedb_result_clear(&own);
    if (report != NULL)
        *report = made;
    else
        codedb_free(made);
    return code;
}

/* ---- 4. One table -------------------------------------------------------------------------------------------------- */

typedef codedb_code (*sync_planner)(sync_plan *plan, const void *wanted);

/* Plans by `planner` and runs, and does so again when somebody else changed the schema meanwhile. */
static codedb_code sync_one(codedb *db, sync_planner planner, const void *wanted, codedb_result *result)
{
    codedb_code code = CODEDB_CONFLICT;
    for (int attempt = 0; code == CODEDB_CONFLICT && attempt < SYNC_ATTEMPTS; attempt++) {
        sync_plan plan;
        code = sync_start(&plan, db, result);
        if (code == CODEDB_SUCCESS)
            code = planner(&plan, wanted);
        if (code == CODEDB_SUCCESS)
            code = sync_run(&plan, NULL);
        sync_end(&plan);
    }
    return code;
}

static codedb_code sync_plan_create(sync_plan *plan, const void *wanted)
{
    const codedb_structure_table *table = wanted;
    if (codedb_structure_find_table(&plan->actual, table->name) != NULL)
        return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "there is a table or view %s already", table->name);
    for (size_t i = 0; i < table->index_count; i++) {
        const codedb_structure_index *found;
        const codedb_structure_table *owner = sync_find_index(&plan->actual, table->indexes[i].name, &found);
        if (owner != NULL)
            return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "table %s has an index %s already", owner->name, found->name);
    }
    return sync_create(plan, table);
}

CODEDB_API codedb_code codedb_table_create(codedb *db, const char *schema_json, codedb_result *result)
{
    codedb_structure wanted = {.arena = NULL};
    codedb_code code;
    if (db == NULL || schema_json == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_table_create: db or schema_json is NULL");
    wanted.arena = codedb_arena_create(sync_allocator(db));
    if (wanted.arena == NULL)
        return codedb_fail_no_memory(result);
    code = codedb_definition_read_table(&wanted, schema_json, result);
    if (code == CODEDB_SUCCESS)
        code = sync_one(db, sync_plan_create, &wanted.tables[0], result);
    codedb_arena_destroy(wanted.arena);
    return code;
}

/* The table to be changed; NULL when there is none, said in *code. */
static codedb_structure_table *sync_find(sync_plan *plan, const char *name, codedb_code *code)
{
    codedb_structure_table *table = codedb_structure_find_table(&plan->actual, name);
    *code = CODEDB_SUCCESS;
    if (table == NULL)
        *code = codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "no table %s", name);
    else if (table->kind == CODEDB_STRUCTURE_VIEW)
        *code = codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "%s is a view, expected a table", table->name);
    return *code == CODEDB_SUCCESS ? table : NULL;
}

static codedb_code sync_plan_drop(sync_plan *plan, const void *wanted)
{
    codedb_code code;
    const codedb_structure_table *table = sync_find(plan, wanted, &code);
    if (table == NULL)
        return code;
    sync_name(plan, "DROP TABLE ", table->name);
    return sync_add(plan, "%.100s: dropping the table", table->name);
}

CODEDB_API codedb_code codedb_table_drop(codedb *db, const char *name, codedb_result *result)
{
    if (db == NULL || name == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_table_drop: db or name is NULL");
    return sync_one(db, sync_plan_drop, name, result);
}

typedef struct sync_alterations {
    const char *table;
    const codedb_alteration *changes;
    size_t count;
} sync_alterations;

/* A column with a constraint of its own, which ALTER TABLE does not drop. */
static bool sync_is_bound(const codedb_structure_table *table, const char *column)
{
    for (size_t i = 0; i < table->constraint_count; i++)
        if (codedb_structure_has_name(&table->constraints[i].columns, column))
            return true;
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].sql == NULL && codedb_structure_has_name(&table->indexes[i].columns, column))
            return true;
    return false;
}

/* Columns and constraints that are added, and a bound column that goes, in one step. */
static codedb_code sync_alter_parts(sync_plan *plan, codedb_structure_table *table, const sync_alterations *wanted)
{
    codedb_ddl_rebuild changes = {.table = table};
    codedb_code code = CODEDB_SUCCESS;
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->count; i++) {
        const codedb_alteration *change = &wanted->changes[i];
        codedb_structure_column *columns;
        if (change->kind == CODEDB_ALTER_ADD_COLUMN) {
            columns = codedb_structure_grow(plan->actual.arena, changes.columns, changes.column_count, sizeof *columns);
            if (columns == NULL)
                return codedb_fail_no_memory(plan->result);
            changes.columns = columns;
            columns[changes.column_count++] = change->parts.columns[0];
        } else if (change->kind == CODEDB_ALTER_ADD_CONSTRAINT) {
            code = sync_add_constraint(plan, &changes, &change->parts.constraints[0]);
        } else if (change->kind == CODEDB_ALTER_DROP_COLUMN && sync_is_bound(table, change->name)) {
            if (changes.drop != NULL)
                return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR,
                                   "%s: columns %s and %s both have constraints; drop them one after the other", table->name,
                                   changes.drop, change->name);
            changes.drop = change->name;
        }
    }
    return code == CODEDB_SUCCESS ? sync_change_table(plan, &changes) : code;
}

/* Index `name` of the table: its DROP, and it is not made again when the table is built anew. */
static codedb_code sync_drop_index(sync_plan *plan, codedb_structure_table *table, const char *name)
{
    for (size_t i = 0; i < table->index_count; i++) {
        if (table->indexes[i].sql != NULL && codedb_text_equal_case(table->indexes[i].name, name)) {
            table->indexes[i].sql = NULL;
            sync_name(plan, "DROP INDEX ", table->indexes[i].name);
            return sync_add(plan, "%.100s: dropping index %.100s", table->name, name);
        }
    }
    return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "%s: the table has no index %s that was made for itself", table->name,
                       name);
}

/* What is left when columns and constraints are there. */
static codedb_code sync_alter_rest(sync_plan *plan, const codedb_structure_table *table, const codedb_alteration *change)
{
    const codedb_structure_index *found;
    switch (change->kind) {
    case CODEDB_ALTER_DROP_COLUMN:
        if (sync_is_bound(table, change->name))
            return CODEDB_SUCCESS;
        sync_name(plan, "ALTER TABLE ", table->name);
        sync_name(plan, " DROP COLUMN ", change->name);
        return sync_add(plan, "%.100s: dropping column %.100s", table->name, change->name);
    case CODEDB_ALTER_RENAME_COLUMN:
        sync_name(plan, "ALTER TABLE ", table->name);
        sync_name(plan, " RENAME COLUMN ", change->name);
        sync_name(plan, " TO ", change->new_name);
        return sync_add(plan, "%.100s: renaming column %.100s", table->name, change->name);
    case CODEDB_ALTER_ADD_INDEX:
        if (sync_find_index(&plan->actual, change->parts.indexes[0].name, &found) != NULL && found->sql != NULL)
            return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "there is an index %s already", found->name);
        return sync_create_index(plan, table->name, &change->parts.indexes[0]);
    case CODEDB_ALTER_RENAME:
        sync_name(plan, "ALTER TABLE ", table->name);
        sync_name(plan, " RENAME TO ", change->new_name);
        return sync_add(plan, "%.100s: renaming it to %.100s", table->name, change->new_name);
    default: return CODEDB_SUCCESS;
    }
}

/* Whatever their order in the list: a table that is built anew is built from what was found. */
static codedb_code sync_plan_alter(sync_plan *plan, const void *all)
{
    static const codedb_alteration_kind order[] = {CODEDB_ALTER_DROP_COLUMN, CODEDB_ALTER_RENAME_COLUMN, CODEDB_ALTER_ADD_INDEX,
                                                   CODEDB_ALTER_RENAME};
    const sync_alterations *wanted = all;
    codedb_code code;
    codedb_structure_table *table = sync_find(plan, wanted->table, &code);
    if (table == NULL)
        return code;
    for (size_t i = 0; table->kind == CODEDB_STRUCTURE_VIRTUAL && i < wanted->count; i++)
        if (wanted->changes[i].kind != CODEDB_ALTER_RENAME)
            return codedb_fail(plan->result, CODEDB_SCHEMA_ERROR, "%s is a virtual table, which can only be renamed",
                               table->name);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->count; i++)
        if (wanted->changes[i].kind == CODEDB_ALTER_DROP_INDEX)
            code = sync_drop_index(plan, table, wanted->changes[i].name);
    if (code == CODEDB_SUCCESS)
        code = sync_alter_parts(plan, table, wanted);
    for (size_t step = 0; step < sizeof order / sizeof order[0]; step++) {
        for (size_t i = 0; code == CODEDB_SUCCESS && i < wanted->count; i++)
            if (wanted->changes[i].kind == order[step])
                code = sync_alter_rest(plan, table, &wanted->changes[i]);
    }
    return code;
}

CODEDB_API codedb_code codedb_table_alter(codedb *db, const char *name, const char *changes_json, codedb_result *result)
{
    sync_alterations wanted = {.table = name};
    codedb_alteration *changes = NULL;
    codedb_arena *arena;
    codedb_code code;
    if (db == NULL || name == NULL || changes_json == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_table_alter: db, name or changes_json is NULL");
    arena = codedb_arena_create(sync_allocator(db));
    if (arena == NULL)
        return codedb_fail_no_memory(result);
    code = codedb_definition_read_changes(arena, changes_json, &changes, &wanted.count, result);
    wanted.changes = changes;
    if (code == CODEDB_SUCCESS)
        code = sync_one(db, sync_plan_alter, &wanted, result);
    codedb_arena_destroy(arena);
    return code;
}

#undef SYNC_ATTEMPTS
