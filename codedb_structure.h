/* codedb_structure.h -- the structure of a database as data: tables, columns, constraints and indexes, wanted or found.
 *
 * Everything lies in one arena. Included by the schema's files and by those that write its SQL; knows neither objects nor drivers. */
#ifndef CODEDB_STRUCTURE_H
#define CODEDB_STRUCTURE_H

#include "codedb_internal.h"

typedef struct codedb_structure_names {
    const char **items; /* NULL for an expression of an index that was found */
    size_t count;
} codedb_structure_names;

typedef struct codedb_structure_column {
    const char *name;
    const char *type;          /* "": none */
    const char *default_value; /* SQL, or NULL */
    bool nullable;
    bool generated; /* found only: its values are computed */
    bool autoincrement;
    int64_t primary_key; /* its place in the key from 1; 0: none */
} codedb_structure_column;

typedef struct codedb_structure_constraint {
    codedb_structure_names columns;
    const char *parent;                    /* the table that a foreign key refers to; NULL: the columns are unique together */
    codedb_structure_names parent_columns; /* none: its primary key */
    const char *on_delete;                 /* "CASCADE", ...; NULL: NO ACTION */
    const char *on_update;
} codedb_structure_constraint;

typedef struct codedb_structure_index {
    const char *name;
    codedb_structure_names columns;
    bool unique;
    bool partial;
    const char *where; /* wanted: the condition of a partial index; NULL: none */
    const char *sql;   /* found: what made it */
} codedb_structure_index;

typedef struct codedb_structure_option {
    const char *name;
    const char *value;
} codedb_structure_option;

typedef struct codedb_structure_trigger {
    const char *name;
    const char *sql;
} codedb_structure_trigger;

typedef enum codedb_structure_kind {
    CODEDB_STRUCTURE_TABLE,
    CODEDB_STRUCTURE_VIRTUAL,
    CODEDB_STRUCTURE_VIEW
} codedb_structure_kind;

typedef struct codedb_structure_table {
    const char *name;
    codedb_structure_kind kind;
    bool without_rowid;
    const char *sql; /* found: what made it */
    codedb_structure_column *columns;
    size_t column_count;
    codedb_structure_constraint *constraints;
    size_t constraint_count;
    codedb_structure_index *indexes;
    size_t index_count;
    codedb_structure_trigger *triggers; /* found only */
    size_t trigger_count;
    const char *module; /* wanted, of a virtual table; so are its options */
    codedb_structure_option *options;
    size_t option_count;
} codedb_structure_table;

typedef struct codedb_structure {
    codedb_arena *arena;
    codedb_structure_table *tables;
    size_t table_count;
    int64_t stamp; /* found: another when the structure has changed */
} codedb_structure;

/* ---- codedb_structure.c: what is there ---------------------------------------------------------------------------- */

/* Makes room for one more at the end of an array of `count`, zeroed; NULL without memory. */
CODEDB_PRIVATE void *codedb_structure_grow(codedb_arena *arena, void *items, size_t count, size_t size);
/* Adds a name; false without memory. The name is not copied. */
CODEDB_PRIVATE bool codedb_structure_add_name(codedb_arena *arena, codedb_structure_names *names, const char *name);
/* Names of tables, columns and indexes are the same in upper and lower case. NULL when there is none. */
CODEDB_PRIVATE codedb_structure_table *codedb_structure_find_table(const codedb_structure *structure, const char *name);
CODEDB_PRIVATE const codedb_structure_column *codedb_structure_find_column(const codedb_structure_table *table, const char *name);
CODEDB_PRIVATE bool codedb_structure_has_name(const codedb_structure_names *names, const char *name);
/* Whether two lists hold the same names; in the same order if `ordered`. */
CODEDB_PRIVATE bool codedb_structure_same_names(const codedb_structure_names *one, const codedb_structure_names *other,
                                                bool ordered);
/* Whether the table sees to it already that the constraint holds. */
CODEDB_PRIVATE bool codedb_structure_has_constraint(const codedb_structure_table *table,
                                                    const codedb_structure_constraint *constraint);
/* Reads the structure of the database that `db` is. Its memory is structure->arena, NULL on an error. */
CODEDB_PRIVATE codedb_code codedb_structure_read(codedb *db, codedb_structure *structure, codedb_result *result);

/* ---- codedb_definition.c: what is wanted -------------------------------------------------------------------------- */

/* Reads a definition from JSON into structure->arena, which the caller has made. SCHEMA_ERROR names each mistake's place. */
CODEDB_PRIVATE codedb_code codedb_definition_read(codedb_structure *structure, const char *json, codedb_result *result);
/* Reads one table of it. */
CODEDB_PRIVATE codedb_code codedb_definition_read_table(codedb_structure *structure, const char *json, codedb_result *result);

/* Whether SQL is a constant that a column may have as its default when it is added to a table with rows. */
CODEDB_PRIVATE bool codedb_definition_is_literal(const char *sql);

typedef enum codedb_alteration_kind {
    CODEDB_ALTER_ADD_COLUMN,     /* column */
    CODEDB_ALTER_DROP_COLUMN,    /* name */
    CODEDB_ALTER_RENAME_COLUMN,  /* name, new_name */
    CODEDB_ALTER_ADD_CONSTRAINT, /* constraint */
    CODEDB_ALTER_ADD_INDEX,      /* index */
    CODEDB_ALTER_DROP_INDEX,     /* name */
    CODEDB_ALTER_RENAME          /* new_name */
} codedb_alteration_kind;

/* One change of a table that a host asks for. */
typedef struct codedb_alteration {
    codedb_alteration_kind kind;
    const char *name;
    const char *new_name;
    codedb_structure_table parts; /* holds the column, constraint or index */
} codedb_alteration;

CODEDB_PRIVATE codedb_code codedb_definition_read_changes(codedb_arena *arena, const char *json, codedb_alteration **changes,
                                                          size_t *count, codedb_result *result);

/* ---- codedb_schema.c ----------------------------------------------------------------------------------------------- */

/* codedb's own definition, in structure->arena; false without memory. */
CODEDB_PRIVATE bool codedb_schema_define(codedb_structure *structure);

/* ---- codedb_image.c ------------------------------------------------------------------------------------------------ */

/* What a database with the structure's tables begins with, in structure->arena; NULL without memory. */
CODEDB_PRIVATE struct codedb_beginning *codedb_image_create(const codedb_structure *structure);

/* ---- codedb_ddl.c: SQL of a structure ------------------------------------------------------------------------------ */

CODEDB_PRIVATE void codedb_ddl_create_table(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_table *table);
CODEDB_PRIVATE void codedb_ddl_create_index(codedb_buffer *sql, codedb_sql_dialect dialect, const char *table,
                                            const codedb_structure_index *index);
/* The column as it stands in CREATE TABLE and ADD COLUMN. */
CODEDB_PRIVATE void codedb_ddl_column(codedb_buffer *sql, codedb_sql_dialect dialect, const codedb_structure_column *column);
CODEDB_PRIVATE void codedb_ddl_constraint(codedb_buffer *sql, codedb_sql_dialect dialect,
                                          const codedb_structure_constraint *constraint);
/* A literal text. */
CODEDB_PRIVATE void codedb_ddl_text(codedb_buffer *sql, const char *text);
/* The query that answers a database's structure in rows that codedb_structure_read knows; NULL for a dialect that has none. */
CODEDB_PRIVATE const char *codedb_ddl_structure_query(codedb_sql_dialect dialect);

/* What a table that is built anew gets and loses. */
typedef struct codedb_ddl_rebuild {
    const codedb_structure_table *table; /* as it was found */
    codedb_structure_column *columns;    /* to be added */
    size_t column_count;
    codedb_structure_constraint *constraints; /* likewise */
    size_t constraint_count;
    const char *drop; /* a column; NULL: none */
} codedb_ddl_rebuild;

/* SQLite's ALTER TABLE does little: writes the statements that make the table anew with all that it has and the changes, by the procedure
 * that SQLite documents. False when the table's own SQL is not understood. */
CODEDB_PRIVATE bool codedb_ddl_rebuild_table(codedb_buffer *sql, const codedb_ddl_rebuild *rebuild);

#endif
