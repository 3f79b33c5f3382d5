/* codedb_ddl.c -- SQL that makes and changes tables, in the dialect of a database, and the query that shows what there is.
 *
 * Called by the schema's files in the host's thread; calls the growable buffer and codedb_sql.c's names. Names are quoted, texts are
 * literals, and the types, defaults and conditions that were given were checked by codedb_definition.c.
 *
 * Rebuilding keeps a table's own SQL: what a structure does not know (CHECK, COLLATE, generated columns, comments) stays, and only the new
 * parts are put between its parts. */
#include "codedb_driver.h"
#include "codedb_structure.h"

#include <string.h>

/* ---- What there is ------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE const char *codedb_ddl_structure_query(codedb_sql_dialect dialect)
{
    /* (kind, table, name, place, number, flag, first, second, third). Virtual tables whose module is not there have no columns. */
    static const char sqlite[] =
        "WITH t AS MATERIALIZED (SELECT l.name, l.type, l.ncol, l.wr, m.sql FROM pragma_table_list l JOIN main.sqlite_schema m ON m.type "
        "IN ('table', 'view') AND m.name = l.name WHERE l.schema = 'main' AND l.type <> 'shadow' AND l.name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\')"
        " SELECT 0 AS kind, '' AS \"table\", '' AS name, 0 AS place, schema_version AS number, 0 AS flag, '' AS first, '' AS second, '' "
        "AS third FROM pragma_schema_version"
        " UNION ALL SELECT 1, name, type, 0, 0, wr, sql, '', '' FROM t"
        " UNION ALL SELECT 2, t.name, c.name, c.cid, c.pk, c.\"notnull\", c.type, c.dflt_value, c.hidden || '' FROM t JOIN "
        "pragma_table_xinfo(t.name) c WHERE t.type <> 'view' AND t.ncol > 0 AND c.hidden <> 1"
        " UNION ALL SELECT 3, t.name, i.name, 0, i.partial, i.\"unique\", i.origin, m.sql, '' FROM t JOIN pragma_index_list(t.name) i "
        "LEFT JOIN main.sqlite_schema m ON m.type = 'index' AND m.name = i.name WHERE t.type = 'table'"
        " UNION ALL SELECT 4, t.name, i.name, x.seqno, 0, 0, x.name, '', '' FROM t JOIN pragma_index_list(t.name) i JOIN "
        "pragma_index_info(i.name) x WHERE t.type = 'table'"
        " UNION ALL SELECT 5, t.name, f.\"table\", f.id * 1000 + f.seq, f.seq, 0, f.\"from\", f.\"to\", f.on_delete || '/' || f.on_update FROM t JOIN "
        "pragma_foreign_key_list(t.name) f WHERE t.type = 'table'"
        " UNION ALL SELECT 6, tbl_name, name, 0, 0, 0, sql, '', '' FROM main.sqlite_schema WHERE type = 'trigger'"
        " ORDER BY 1, 2, 4, 3";
    return dialect == CODEDB_SQL_SQLITE ? sqlite : NULL;
}

/* ---- What is wanted ------------------------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_ddl_text(codedb_buffer *sql, const char *text)
{
    codedb_buffer_append_byte(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            codedb_buffer_append_byte(sql, '\'');
        codedb_buffer_append_byte(sql, *text);
    }
    codedb_buffer_append_byte(sql, '\'');
}

static void ddl_names(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_names *names)
{
    codedb_buffer_append_byte(sql, '(');
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            codedb_buffer_append_text(sql, ", ");
        codedb_sql_write_name(sql, dialect, names->items[i]);
    }
    codedb_buffer_append_byte(sql, ')');
}

static void ddl_clause(codedb_buffer *sql, const char *word, const char *rest)
{
    codedb_buffer_append_text(sql, word);
    codedb_buffer_append_text(sql, rest);
}

CODEDB_PRIVATE void codedb_ddl_column(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_column *column)
{
    codedb_sql_write_name(sql, dialect, column->name);
    if (column->type[0] != '\0')
        ddl_clause(sql, " ", column->type);
    if (!column->nullable)
        codedb_buffer_append_text(sql, " NOT NULL");
    if (column->default_value != NULL)
        ddl_clause(sql, " DEFAULT ", column->default_value);
}

/* The key's column of a table whose primary key is one column; NULL when it has none or several. */
static const codedb_structure_column *ddl_single_key(const codedb_structure_table *table)
{
    const codedb_structure_column *key = NULL;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].primary_key == 0)
            continue;
        if (key != NULL)
            return NULL;
        key = &table->columns[i];
    }
    return key;
}

/* A primary key of several columns, in its own order. */
static void ddl_key(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_table *table)
{
    int64_t place = 0;
    bool found = true;
    for (int64_t next = 1; found; next++) {
        found = false;
        for (size_t i = 0; i < table->column_count; i++) {
            if (table->columns[i].primary_key != next)
                continue;
            codedb_buffer_append_text(sql, place == 0 ? ",\n    PRIMARY KEY (" : ", ");
            codedb_sql_write_name(sql, dialect, table->columns[i].name);
            place = next;
            found = true;
        }
    }
    if (place > 0)
        codedb_buffer_append_byte(sql, ')');
}

CODEDB_PRIVATE void codedb_ddl_constraint(codedb_buffer *sql, codedb_sql_dialect dialect,
                                          const codedb_structure_constraint *constraint)
{
    codedb_buffer_append_text(sql, constraint->parent != NULL ? "FOREIGN KEY " : "UNIQUE ");
    ddl_names(sql, dialect, &constraint->columns);
    if (constraint->parent == NULL)
        return;
    codedb_buffer_append_text(sql, " REFERENCES ");
    codedb_sql_write_name(sql, dialect, constraint->parent);
    if (constraint->parent_columns.count > 0) {
        codedb_buffer_append_byte(sql, ' ');
        ddl_names(sql, dialect, &constraint->parent_columns);
    }
    if (constraint->on_delete != NULL)
        ddl_clause(sql, " ON DELETE ", constraint->on_delete);
    if (constraint->on_update != NULL)
        ddl_clause(sql, " ON UPDATE ", constraint->on_update);
}

static void ddl_create_virtual(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_table *table)
{
    codedb_buffer_append_text(sql, "CREATE VIRTUAL TABLE IF NOT EXISTS ");
    codedb_sql_write_name(sql, dialect, table->name);
    codedb_buffer_printf(sql, " USING %s(", table->module);
    for (size_t i = 0; i < table->column_count; i++) {
        if (i > 0)
            codedb_buffer_append_text(sql, ", ");
        codedb_sql_write_name(sql, dialect, table->columns[i].name);
    }
    for (size_t i = 0; i < table->option_count; i++) {
        codedb_buffer_printf(sql, "%s%s=", table->column_count + i > 0 ? ", " : "", table->options[i].name);
        codedb_ddl_text(sql, table->options[i].value);
    }
    codedb_buffer_append_byte(sql, ')');
}

CODEDB_PRIVATE void codedb_ddl_create_table(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_table *table)
{
    const codedb_structure_column *key = ddl_single_key(table);
    if (table->kind == CODEDB_STRUCTURE_VIRTUAL) {
        ddl_create_virtual(sql, dialect, table);
        return;
    }
    codedb_buffer_append_text(sql, "CREATE TABLE IF NOT EXISTS ");
    codedb_sql_write_name(sql, dialect, table->name);
    codedb_buffer_append_text(sql, " (");
    for (size_t i = 0; i < table->column_count; i++) {
        codedb_buffer_append_text(sql, i > 0 ? ",\n    " : "\n    ");
        codedb_ddl_column(sql, dialect, &table->columns[i]);
        if (&table->columns[i] == key)
            codedb_buffer_append_text(sql, key->autoincrement ? " PRIMARY KEY AUTOINCREMENT" : " PRIMARY KEY");
    }
    if (key == NULL)
        ddl_key(sql, dialect, table);
    for (size_t i = 0; i < table->constraint_count; i++) {
        codedb_buffer_append_text(sql, ",\n    ");
        codedb_ddl_constraint(sql, dialect, &table->constraints[i]);
    }
    codedb_buffer_append_text(sql, "\n)");
}

CODEDB_PRIVATE void codedb_ddl_create_index(codedb_buffer *sql, codedb_sql_dialect dialect, const char *table,
                                            const codedb_structure_index *index)
{
    codedb_buffer_append_text(sql, index->unique ? "CREATE UNIQUE INDEX IF NOT EXISTS " : "CREATE INDEX IF NOT EXISTS ");
    codedb_sql_write_name(sql, dialect, index->name);
    codedb_buffer_append_text(sql, " ON ");
    codedb_sql_write_name(sql, dialect, table);
    ddl_names(sql, dialect, &index->columns);
    if (index->where != NULL)
        ddl_clause(sql, " WHERE ", index->where);
}

/* ---- Built anew ---------------------------------------------------------------------------------------------------- */

/* The places in a CREATE TABLE where something is put in or taken out. */
typedef struct ddl_parts {
    const char *open;        /* its parenthesis */
    const char *columns_end; /* the comma or parenthesis behind the last column */
    const char *close;
    const char *dropped;     /* the column that goes, from here */
    const char *dropped_end; /* to here */
} ddl_parts;

static bool ddl_is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte == '$' || (unsigned char)byte >= 0x80;
}

/* The end of a quoted name or text, in which a doubled quote stands for one. */
static const char *ddl_skip_quoted(const char *at)
{
    char quote = *at == '[' ? ']' : *at;
    for (at++; *at != '\0'; at++) {
        if (*at != quote)
            continue;
        if (quote == ']' || at[1] != quote)
            return at + 1;
        at++;
    }
    return at;
}

/* The end of the token, blank or comment at `at`, which is not the end of the text. */
static const char *ddl_skip(const char *at)
{
    if (*at == '\'' || *at == '"' || *at == '`' || *at == '[')
        return ddl_skip_quoted(at);
    if (at[0] == '-' && at[1] == '-')
        return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end != NULL ? end + 2 : at + strlen(at);
    }
    if (!ddl_is_word(*at))
        return at + 1;
    while (ddl_is_word(*at))
        at++;
    return at;
}

static bool ddl_is_blank(const char *at)
{
    return *at == ' ' || (*at >= '\t' && *at <= '\r') || (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

static const char *ddl_skip_blank(const char *at)
{
    while (*at != '\0' && ddl_is_blank(at))
        at = ddl_skip(at);
    return at;
}

/* Whether the token at `at` is the word, in any case. */
static bool ddl_token_is(const char *at, const char *word)
{
    size_t length = (size_t)(ddl_skip(at) - at);
    size_t i;
    for (i = 0; i < length && word[i] != '\0'; i++) {
        char byte = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + ('a' - 'A')) : at[i];
        char wanted = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + ('a' - 'A')) : word[i];
        if (byte != wanted)
            return false;
    }
    return i == length && word[i] == '\0';
}

/* The same for a name, which may be quoted. */
static bool ddl_token_names(const char *at, const char *name)
{
    char quote = *at == '[' ? ']' : *at;
    if (quote != '\'' && quote != '"' && quote != '`' && quote != ']')
        return ddl_token_is(at, name);
    for (at++; *at != '\0'; at++, name++) {
        char byte = *at;
        if (byte == quote) {
            if (quote == ']' || at[1] != quote)
                return *name == '\0';
            at++;
        }
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte + ('a' - 'A'));
        if (byte != (*name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name))
            return false;
    }
    return false;
}

/* Takes up what stands between two commas, from `start` to `end`. */
static void ddl_see_part(ddl_parts *parts, const char *start, const char *end, const char *drop)
{
    static const char *const constraints[] = {"constraint", "primary", "unique", "check", "foreign"};
    const char *first = ddl_skip_blank(start);
    for (size_t i = 0; i < sizeof constraints / sizeof constraints[0]; i++)
        if (ddl_token_is(first, constraints[i]))
            return;
    parts->columns_end = end;
    if (drop == NULL || !ddl_token_names(first, drop))
        return;
    parts->dropped = start[-1] == ',' ? start - 1 : start;
    parts->dropped_end = start[-1] == ',' || *end != ',' ? end : end + 1;
}

/* Finds the parts of a CREATE TABLE; false when it is not made as expected. */
static bool ddl_find_parts(const char *sql, const char *drop, ddl_parts *parts)
{
    const char *start, *at = sql;
    int depth = 1;
    memset(parts, 0, sizeof *parts);
    while (*at != '\0' && *at != '(')
        at = ddl_skip(at);
    if (*at == '\0')
        return false;
    parts->open = at;
    start = at + 1;
    for (at = start; *at != '\0'; at = ddl_skip(at)) {
        if (*at == '(')
            depth++;
        else if (*at == ')')
            depth--;
        if (depth == 0 || (depth == 1 && *at == ',')) {
            ddl_see_part(parts, start, at, drop);
            start = at + 1;
        }
        if (depth == 0) {
            parts->close = at;
            return parts->columns_end != NULL && (drop == NULL || parts->dropped != NULL);
        }
    }
    return false;
}

/* Whether the table's SQL has the word outside of quotes and comments. */
static bool ddl_has_word(const char *sql, const char *word)
{
    for (; *sql != '\0'; sql = ddl_skip(sql))
        if (ddl_token_is(sql, word))
            return true;
    return false;
}

#define DDL_NEW "codedb_new_"

static void ddl_new_name(codedb_buffer *sql, const codedb_structure_table *table)
{
    codedb_buffer name;
    codedb_buffer_init(&name, &sql->allocator);
    codedb_buffer_printf(&name, DDL_NEW "%s", table->name);
    if (name.failed)
        sql->failed = true;
    else
        codedb_sql_write_name(sql, CODEDB_SQL_SQLITE, name.data);
    codedb_buffer_free(&name);
}

/* Copies the text from `from` to `to` without the column that goes. */
static void ddl_copy(codedb_buffer *sql, const ddl_parts *parts, const char *from, const char *to)
{
    if (parts->dropped != NULL && parts->dropped >= from && parts->dropped < to) {
        codedb_buffer_append(sql, from, (size_t)(parts->dropped - from));
        from = parts->dropped_end;
    }
    if (from < to)
        codedb_buffer_append(sql, from, (size_t)(to - from));
}

static void ddl_write_new(codedb_buffer *sql, const codedb_ddl_rebuild *rebuild, const ddl_parts *parts)
{
    codedb_buffer_append_text(sql, "CREATE TABLE ");
    ddl_new_name(sql, rebuild->table);
    ddl_copy(sql, parts, parts->open, parts->columns_end);
    for (size_t i = 0; i < rebuild->column_count; i++) {
        codedb_buffer_append_text(sql, ",\n    ");
        codedb_ddl_column(sql, CODEDB_SQL_SQLITE, &rebuild->columns[i]);
        if (rebuild->columns[i].primary_key != 0)
            codedb_buffer_append_text(sql, " PRIMARY KEY");
    }
    ddl_copy(sql, parts, parts->columns_end, parts->close);
    for (size_t i = 0; i < rebuild->constraint_count; i++) {
        codedb_buffer_append_text(sql, ",\n    ");
        codedb_ddl_constraint(sql, CODEDB_SQL_SQLITE, &rebuild->constraints[i]);
    }
    codedb_buffer_append_text(sql, parts->close);
    codedb_buffer_append_text(sql, ";\n");
}

/* The name of the row id that is to be copied as well, because no column holds it; NULL when there is none. */
static const char *ddl_rowid(const codedb_structure_table *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    const codedb_structure_column *key = ddl_single_key(table);
    if (table->without_rowid || (key != NULL && codedb_text_equal_case(key->type, "INTEGER")))
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (codedb_structure_find_column(table, names[i]) == NULL)
            return names[i];
    return NULL;
}

/* The columns that are copied, joined by commas. */
static void ddl_write_copied(codedb_buffer *sql, const codedb_ddl_rebuild *rebuild, const char *rowid)
{
    const char *joint = "";
    if (rowid != NULL) {
        codedb_buffer_append_text(sql, rowid);
        joint = ", ";
    }
    for (size_t i = 0; i < rebuild->table->column_count; i++) {
        const codedb_structure_column *column = &rebuild->table->columns[i];
        if (column->generated || (rebuild->drop != NULL && codedb_text_equal_case(column->name, rebuild->drop)))
            continue;
        codedb_buffer_append_text(sql, joint);
        codedb_sql_write_name(sql, CODEDB_SQL_SQLITE, column->name);
        joint = ", ";
    }
}

static void ddl_write_copy(codedb_buffer *sql, const codedb_ddl_rebuild *rebuild)
{
    const char *rowid = ddl_rowid(rebuild->table);
    codedb_buffer_append_text(sql, "INSERT INTO ");
    ddl_new_name(sql, rebuild->table);
    codedb_buffer_append_text(sql, " (");
    ddl_write_copied(sql, rebuild, rowid);
    codedb_buffer_append_text(sql, ") SELECT ");
    ddl_write_copied(sql, rebuild, rowid);
    codedb_buffer_append_text(sql, " FROM ");
    codedb_sql_write_name(sql, CODEDB_SQL_SQLITE, rebuild->table->name);
    codedb_buffer_append_text(sql, ";\n");
}

/* Ids that were given once are not given again. */
static void ddl_write_sequence(codedb_buffer *sql, const codedb_structure_table *table)
{
    codedb_buffer_append_text(sql, "DELETE FROM sqlite_sequence WHERE name = '" DDL_NEW "' || ");
    codedb_ddl_text(sql, table->name);
    codedb_buffer_append_text(sql, ";\nINSERT INTO sqlite_sequence(name, seq) SELECT '" DDL_NEW
                                   "' || name, seq FROM sqlite_sequence WHERE name = ");
    codedb_ddl_text(sql, table->name);
    codedb_buffer_append_text(sql, ";\n");
}

CODEDB_PRIVATE bool codedb_ddl_rebuild_table(codedb_buffer *sql, const codedb_ddl_rebuild *rebuild)
{
    const codedb_structure_table *table = rebuild->table;
    ddl_parts parts;
    if (!ddl_find_parts(table->sql, rebuild->drop, &parts))
        return false;
    ddl_write_new(sql, rebuild, &parts);
    ddl_write_copy(sql, rebuild);
    if (ddl_has_word(table->sql, "autoincrement"))
        ddl_write_sequence(sql, table);
    codedb_buffer_append_text(sql, "DROP TABLE ");
    codedb_sql_write_name(sql, CODEDB_SQL_SQLITE, table->name);
    /* Otherwise SQLite looks at every view and trigger, and some refer to the table that is not there at the moment. */
    codedb_buffer_append_text(sql, ";\nPRAGMA legacy_alter_table = ON;\nALTER TABLE ");
    ddl_new_name(sql, table);
    codedb_buffer_append_text(sql, " RENAME TO ");
    codedb_sql_write_name(sql, CODEDB_SQL_SQLITE, table->name);
    codedb_buffer_append_text(sql, ";\nPRAGMA legacy_alter_table = OFF;\n");
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].sql != NULL)
            codedb_buffer_printf(sql, "%s\n;\n", table->indexes[i].sql);
    for (size_t i = 0; i < table->trigger_count; i++)
        codedb_buffer_printf(sql, "%s\n;\n", table->triggers[i].sql);
    return true;
}

#undef DDL_NEW
