/* codedb_objects.h -- the objects inside: descriptions, the engine, and how a file's entities are replaced.
 *
 * Included by the object files and by the bridges (codedb_source.c, codedb_crawl.c); never by driver or tree files. */
#ifndef CODEDB_OBJECTS_H
#define CODEDB_OBJECTS_H

#include "codedb_internal.h"

/* ---- codedb_tables.c: descriptions -------------------------------------------------------------------------------- */

/* How a field lies in its struct. In the database the first three are TEXT. */
typedef enum codedb_field_type {
    CODEDB_FIELD_TEXT,      /* const char * */
    CODEDB_FIELD_LONG_TEXT, /* const char *, and a size_t */
    CODEDB_FIELD_KEY,       /* char[CODEDB_KEY_SIZE] */
    CODEDB_FIELD_INTEGER,   /* int64_t */
    CODEDB_FIELD_REAL,      /* double */
    CODEDB_FIELD_BOOLEAN    /* int */
} codedb_field_type;

/* What codedb puts into a field that the caller leaves unset. */
typedef enum codedb_field_source {
    CODEDB_SOURCE_CALLER,     /* nothing */
    CODEDB_SOURCE_DATABASE,   /* the row id */
    CODEDB_SOURCE_UUID,       /* a new UUID */
    CODEDB_SOURCE_PROJECT_ID, /* the UUID of the project's projectid file, or a new one */
    CODEDB_SOURCE_HASH,       /* SHA-256 of the field before it */
    CODEDB_SOURCE_CREATED,    /* now, when the row is created */
    CODEDB_SOURCE_UPDATED     /* now, whenever the row is written */
} codedb_field_source;

/* What a value must be besides its type. */
typedef enum codedb_field_check {
    CODEDB_CHECK_NONE,
    CODEDB_CHECK_JSON,
    CODEDB_CHECK_LINE, /* not negative */
    CODEDB_CHECK_POSITIVE,
    CODEDB_CHECK_UNIT, /* 0.0 to 1.0 */
    CODEDB_CHECK_ABSOLUTE_PATH,
    CODEDB_CHECK_NORMAL_PATH, /* absolute; normalized when it is written */
    CODEDB_CHECK_WORDS        /* one of `words` */
} codedb_field_check;

typedef struct codedb_field {
    const char *name; /* of the column; always this pointer in calls of the driver, which knows it again */
    codedb_field_type type;
    size_t offset;
    size_t length_offset; /* of a LONG_TEXT */
    codedb_field_source source;
    codedb_field_check check;
    const char *const *words;  /* ends with NULL */
    const char *references;    /* table whose id it holds, or NULL */
    const char *default_value; /* as SQL, or NULL */
    bool required;             /* NOT NULL */
    bool set_null;             /* what deleting the row it refers to does; otherwise it deletes this one */
    bool unique;
} codedb_field;

typedef struct codedb_index_description {
    const char *name;
    const char *columns; /* as SQL: "a, b" */
    const char *where;   /* NULL, or the condition of a partial index */
} codedb_index_description;

/* The 21 objects, in the order of docs/schema.md. */
typedef enum codedb_kind {
    CODEDB_KIND_PROJECT,
    CODEDB_KIND_DATASET,
    CODEDB_KIND_FILE,
    CODEDB_KIND_AST_TREE,
    CODEDB_KIND_CST_TREE,
    CODEDB_KIND_CODE_CHUNK,
    CODEDB_KIND_VECTOR_INDEX,
    CODEDB_KIND_CLASS,
    CODEDB_KIND_METHOD,
    CODEDB_KIND_FUNCTION,
    CODEDB_KIND_IMPORT,
    CODEDB_KIND_ISSUE,
    CODEDB_KIND_USAGE,
    CODEDB_KIND_CODE_CONTENT,
    CODEDB_KIND_CODE_DUPLICATE,
    CODEDB_KIND_DUPLICATE_OCCURRENCE,
    CODEDB_KIND_WATCH_DIRECTORY,
    CODEDB_KIND_WATCH_DIRECTORY_PATH,
    CODEDB_KIND_VECTORIZATION_STATISTICS,
    CODEDB_KIND_FILE_WATCHER_STATISTICS,
    CODEDB_KIND_ANALYSIS_RESULTS
} codedb_kind;

typedef struct codedb_description {
    const char *table;
    const char *object; /* "project": its struct is codedb_project */
    size_t struct_size;
    const codedb_field *fields; /* field i has bit 1 << i in `present` and `nulls` */
    size_t field_count;
    size_t key;         /* number of the field by which a row is addressed */
    const char *unique; /* "a, b": columns that are unique together, or NULL */
    const codedb_index_description *indexes;
    size_t index_count;
} codedb_description;

CODEDB_PRIVATE const codedb_description *codedb_description_of(codedb_kind kind);
/* The name of the column with this bit: codedb_column_name(CODEDB_KIND_FILE, CODEDB_FILE_PATH). */
CODEDB_PRIVATE const char *codedb_column_name(codedb_kind kind, uint64_t bit);

/* The full-text index: columns of a table, in which the text itself stays (external content). */
typedef struct codedb_text_index_description {
    const char *name;
    const char *columns; /* "a, b" */
    const char *content; /* the table */
    const char *content_rowid;
} codedb_text_index_description;
CODEDB_PRIVATE const codedb_text_index_description *codedb_text_index(void);

/* ---- codedb_json.c ------------------------------------------------------------------------------------------------ */

/* Is `text` one JSON value (RFC 8259; up to 65,536 levels; UTF-8 is not checked)? If not, *offset says where it goes wrong. */
CODEDB_PRIVATE bool codedb_json_is_valid(const char *text, size_t length, size_t *offset);
/* The text of the top-level member `name` of a JSON object, when it is a string without escapes; else NULL. */
CODEDB_PRIVATE const char *codedb_json_text_member(const char *text, size_t length, const char *name, size_t *member_length);

/* ---- codedb_objects.c: the engine --------------------------------------------------------------------------------- */

/* `object` is the struct of `kind`. */
CODEDB_PRIVATE codedb_code codedb_object_create(codedb *db, codedb_kind kind, void *object, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_object_update(codedb *db, codedb_kind kind, const void *object, codedb_result *result);
/* Deletes what `key` addresses, and reads it: INTEGER or TEXT as the kind has it. */
CODEDB_PRIVATE codedb_code codedb_object_delete(codedb *db, codedb_kind kind, codedb_value key, codedb_result *result);
CODEDB_PRIVATE codedb_code codedb_object_get(codedb *db, codedb_kind kind, codedb_value key, void **object,
                                             codedb_result *result);
/* *list is a codedb_Xs of the kind. */
CODEDB_PRIVATE codedb_code codedb_object_list(codedb *db, codedb_kind kind, const codedb_list_options *options, void **list,
                                              codedb_result *result);
/* Makes a list (one block for codedb_free) of rows: a column that the kind has not is left out. */
CODEDB_PRIVATE codedb_code codedb_object_list_from_rows(codedb *db, codedb_kind kind, const codedb_rows *rows, void **list,
                                                        codedb_result *result);
/* The same inside an arena, for answers that hold several kinds: an array of rows->row_count pointers. */
CODEDB_PRIVATE codedb_code codedb_object_load(codedb_arena *arena, codedb_kind kind, const codedb_rows *rows, void *const **items,
                                              codedb_result *result);
/* The memory that answers are made of. */
CODEDB_PRIVATE const codedb_allocator *codedb_object_allocator(const codedb *db);
/* Which of the kind's columns the database has, by their bits. */
CODEDB_PRIVATE uint64_t codedb_object_columns(codedb *db, codedb_kind kind);
/* Does the database have the kind's table? */
CODEDB_PRIVATE bool codedb_object_has_table(codedb *db, codedb_kind kind);
/* Checks the object as codedb_object_create does, and writes nothing. */
CODEDB_PRIVATE codedb_code codedb_object_check(codedb *db, codedb_kind kind, const void *object, codedb_result *result);
/* Checks the object, completes it as codedb_object_create does, and adds its insert to the batch; *operation is its number.
 * Fields for which `row_ids` holds a value (CODEDB_VALUE_ROW_ID_OF) take that instead of the struct's; it may be NULL. */
CODEDB_PRIVATE codedb_code codedb_object_batch_insert(codedb *db, codedb_batch *batch, codedb_kind kind, void *object,
                                                      const codedb_column *row_ids, size_t row_id_count, int64_t *operation,
                                                      codedb_result *result);
/* The file's current row in ast_trees or cst_trees, the one that was written last: one row of (id, hash, text), which is freed
 * with codedb_free. NOT_FOUND when there is no such file, or it has no tree. */
CODEDB_PRIVATE codedb_code codedb_object_current_tree(codedb *db, codedb_kind kind, int64_t file_id, codedb_rows **rows,
                                                      codedb_result *result);

/* ---- codedb_entities.c: what stands in a file --------------------------------------------------------------------- */

typedef enum codedb_entity_kind {
    CODEDB_ENTITY_CLASS,
    CODEDB_ENTITY_METHOD,
    CODEDB_ENTITY_FUNCTION,
    CODEDB_ENTITY_OTHER /* only content: entity_type is `other_type` */
} codedb_entity_kind;

/* One class, method or function, or another piece of content. Nothing is copied until the batch copies it. */
typedef struct codedb_entity {
    codedb_entity_kind kind;
    size_t parent; /* of a method: the number of its class in the array, which stands before it */
    const char *name;
    const char *qualified_name; /* becomes code_content.entity_name; NULL: name */
    int64_t line;
    const char *docstring; /* NULL: none */
    const char *detail;    /* JSON: bases of a class, args of the others; NULL: none */
    bool is_abstract;      /* this and the next two: of a method */
    bool has_pass;
    bool has_not_implemented;
    const char *content; /* source text for the full-text search; NULL: no row in code_content */
    size_t content_length;
    const char *other_type;
} codedb_entity;

typedef struct codedb_entity_import {
    const char *name;
    const char *module; /* NULL: none */
    bool from;          /* from_import, else import */
    int64_t line;
} codedb_entity_import;

typedef struct codedb_entities {
    const codedb_entity *items; /* in file order */
    size_t count;
    const codedb_entity_import *imports;
    size_t import_count;
} codedb_entities;

/* Adds to `batch` what makes the classes, methods, functions, imports and content of a file those of `entities`. Entities that
 * are still there (same kind, class and name) keep their ids. `file` is INTEGER, an id, or ROW_ID_OF in the same batch: then the
 * file is new and nothing is read.
 * Reading and running are two steps: guard the batch with codedb_batch_require, or let nobody else write the file meanwhile. */
CODEDB_PRIVATE codedb_code codedb_entities_replace(codedb *db, codedb_batch *batch, codedb_value file,
                                                   const codedb_entities *entities, codedb_result *result);

#endif
