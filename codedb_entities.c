/* codedb_entities.c -- replaces the classes, methods, functions, imports and content of a file in one batch.
 *
 * Called by a bridge (codedb_source.c) in the host's thread; calls codedb_table_select to learn what is there,
 * and adds to a batch what is to change. A file that the batch itself inserts has nothing to learn: nothing is read.
 *
 * An entity that was there before keeps its id, or a class that is only read again would take its chunks, vectors and issues
 * away. Which one it was: entities of the same kind, class and name are a group. As many as before: they are the same in file
 * order. Otherwise those on the same line are the same, and the rest are in file order as far as they go.
 *
 * Invariants of the batch:
 * 1. What is gone is deleted before anything is written: (file, name, line) is unique.
 * 2. In a group of several, a row whose line changes is first parked on line -id, so that two may exchange their lines.
 * 3. A class is written before its methods, and an entity before its content, which refers to its id. */
#include "codedb_objects.h"

#include <stdlib.h>
#include <string.h>

#define ENTITIES_MAX_COLUMNS 16

/* What two entities are compared by. */
typedef struct entities_key {
    int64_t owner; /* of a method: its class's id; else 0 */
    const char *name;
    const char *module; /* of an import; else "" */
    int64_t line;
    size_t index; /* in the rows that are there, or in the caller's array */
} entities_key;

/* The rows of one kind that are there, and what becomes of them. */
typedef struct entities_old {
    codedb_rows *rows;
    entities_key *keys; /* sorted */
    size_t count;
    bool *kept; /* by index */
} entities_old;

typedef struct entities_plan {
    codedb *db;
    codedb_batch *batch;
    codedb_arena *arena;
    codedb_value file;
    const codedb_entities *entities;
    codedb_value *ids;        /* by entity: INTEGER when it was there, ROW_ID_OF when not, NULL when it has no row yet */
    codedb_value *import_ids; /* likewise */
    double now;
    codedb_column row[ENTITIES_MAX_COLUMNS];
    size_t row_count;
} entities_plan;

static const codedb_kind entities_table[] = {
    [CODEDB_ENTITY_CLASS] = CODEDB_KIND_CLASS,
    [CODEDB_ENTITY_METHOD] = CODEDB_KIND_METHOD,
    [CODEDB_ENTITY_FUNCTION] = CODEDB_KIND_FUNCTION,
};

/* ---- values ------------------------------------------------------------------------------------------------------- */

/* Adds a value to the row in the making, if the database has the column. */
static void entities_put(entities_plan *plan, codedb_kind kind, uint64_t bit, codedb_value value)
{
    if ((codedb_object_columns(plan->db, kind) & bit) != 0) {
        plan->row[plan->row_count].name = codedb_column_name(kind, bit);
        plan->row[plan->row_count].value = value;
        plan->row_count++;
    }
}

static int64_t entities_insert(entities_plan *plan, codedb_kind kind)
{
    return codedb_batch_insert(plan->batch, codedb_description_of(kind)->table, plan->row, plan->row_count);
}

static void entities_update(entities_plan *plan, codedb_kind kind, int64_t id)
{
    codedb_column where = {codedb_description_of(kind)->fields[0].name, codedb_value_integer(id)};
    codedb_batch_update(plan->batch, codedb_description_of(kind)->table, &where, 1, plan->row, plan->row_count);
}

/* ---- what is there ------------------------------------------------------------------------------------------------ */

static int entities_compare_groups(const entities_key *one, const entities_key *other)
{
    if (one->owner != other->owner)
        return one->owner < other->owner ? -1 : 1;
    int order = strcmp(one->name, other->name);
    return order != 0 ? order : strcmp(one->module, other->module);
}

static int entities_compare_keys(const void *left, const void *right)
{
    const entities_key *one = left;
    const entities_key *other = right;
    int order = entities_compare_groups(one, other);
    if (order == 0 && one->line != other->line)
        order = one->line < other->line ? -1 : 1;
    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

static const char *entities_text_at(const codedb_rows *rows, size_t row, size_t column)
{
    const codedb_value *value = &rows->values[row * rows->column_count + column];
    return value->type == CODEDB_VALUE_TEXT ? value->as.text : "";
}

static int64_t entities_integer_at(const codedb_rows *rows, size_t row, size_t column)
{
    const codedb_value *value = &rows->values[row * rows->column_count + column];
    return value->type == CODEDB_VALUE_INTEGER ? value->as.integer : 0;
}

/* Reads the rows of a kind: (id, owner, name, line, module). */
static codedb_code entities_read(entities_plan *plan, codedb_kind kind, entities_old *old, codedb_result *result)
{
    static const char *const statements[] = {
        [CODEDB_KIND_CLASS] = "SELECT id, 0, name, line, '' FROM classes WHERE file_id = ? ORDER BY id",
        [CODEDB_KIND_METHOD] = "SELECT m.id, m.class_id, m.name, m.line, '' FROM classes c JOIN methods m ON m.class_id = c.id "
                               "WHERE c.file_id = ? ORDER BY m.id",
        [CODEDB_KIND_FUNCTION] = "SELECT id, 0, name, line, '' FROM functions WHERE file_id = ? ORDER BY id",
        [CODEDB_KIND_IMPORT] =
            "SELECT id, import_type = 'from_import', name, line, module FROM imports WHERE file_id = ? ORDER BY id",
    };
    codedb_code code = CODEDB_SUCCESS;
    memset(old, 0, sizeof *old);
    if (plan->file.type == CODEDB_VALUE_ROW_ID_OF)
        return code;
    code = codedb_sql_execute(plan->db, statements[kind], &plan->file, 1, &old->rows, NULL, result);
    if (code != CODEDB_SUCCESS)
        return code;
    old->count = old->rows->row_count;
    old->keys = codedb_arena_allocate(plan->arena, old->count, sizeof *old->keys);
    old->kept = codedb_arena_allocate(plan->arena, old->count, sizeof *old->kept);
    if (old->keys == NULL || old->kept == NULL)
        return codedb_fail_no_memory(result);
    for (size_t i = 0; i < old->count; i++) {
        old->keys[i].owner = entities_integer_at(old->rows, i, 1);
        old->keys[i].name = entities_text_at(old->rows, i, 2);
        old->keys[i].line = entities_integer_at(old->rows, i, 3);
        old->keys[i].module = entities_text_at(old->rows, i, 4);
        old->keys[i].index = i;
    }
    qsort(old->keys, old->count, sizeof *old->keys, entities_compare_keys);
    return code;
}

/* ---- who is who --------------------------------------------------------------------------------------------------- */

static size_t entities_group_size(const entities_key *keys, size_t count)
{
    size_t size = 1;
    while (size < count && entities_compare_groups(keys, keys + size) == 0)
        size++;
    return size;
}

static void entities_keep(entities_old *old, const entities_key *was, const entities_key *is, codedb_value *ids)
{
    old->kept[was->index] = true;
    ids[is->index] = codedb_value_integer(entities_integer_at(old->rows, was->index, 0));
}

/* Pairs the members of one group on both sides; both are in line order. */
static void entities_match_group(entities_old *old, const entities_key *was, size_t was_count, const entities_key *is,
                                 size_t is_count, codedb_value *ids)
{
    size_t next = 0;
    for (size_t i = 0, j = 0; was_count != is_count && i < was_count && j < is_count;)
        if (was[i].line == is[j].line)
            entities_keep(old, &was[i++], &is[j++], ids);
        else if (was[i].line < is[j].line)
            i++;
        else
            j++;
    for (size_t j = 0; j < is_count; j++) {
        while (next < was_count && old->kept[was[next].index])
            next++;
        if (next < was_count && ids[is[j].index].type == CODEDB_VALUE_NULL)
            entities_keep(old, &was[next], &is[j], ids);
    }
}

/* Sorts the new keys and gives those that were there before their ids. */
static void entities_match(entities_old *old, entities_key *keys, size_t count, codedb_value *ids)
{
    size_t i = 0;
    qsort(keys, count, sizeof *keys, entities_compare_keys);
    for (size_t j = 0; j < count && i < old->count;) {
        size_t is_count = entities_group_size(keys + j, count - j);
        while (i < old->count && entities_compare_groups(&old->keys[i], &keys[j]) < 0)
            i++;
        if (i < old->count && entities_compare_groups(&old->keys[i], &keys[j]) == 0) {
            size_t was_count = entities_group_size(old->keys + i, old->count - i);
            entities_match_group(old, old->keys + i, was_count, keys + j, is_count, ids);
            i += was_count;
        }
        j += is_count;
    }
}

/* Invariant 1. */
static void entities_delete_gone(entities_plan *plan, codedb_kind kind, const entities_old *old)
{
    for (size_t i = 0; i < old->count; i++) {
        if (!old->kept[i]) {
            codedb_column where = {codedb_description_of(kind)->fields[0].name,
                                   codedb_value_integer(entities_integer_at(old->rows, i, 0))};
            codedb_batch_delete(plan->batch, codedb_description_of(kind)->table, &where, 1);
        }
    }
}

/* Invariant 2, for classes, methods and functions: the columns `name` and `line` are unique there. */
static void entities_park(entities_plan *plan, codedb_kind kind, const entities_key *keys, size_t count)
{
    uint64_t line_bit = kind == CODEDB_KIND_CLASS ? (uint64_t)CODEDB_CLASS_LINE : (uint64_t)CODEDB_METHOD_LINE;
    for (size_t i = 0, size = 0; i < count; i += size) {
        size = entities_group_size(keys + i, count - i);
        for (size_t j = i; size > 1 && j < i + size; j++) {
            const codedb_value *id = &plan->ids[keys[j].index];
            if (id->type == CODEDB_VALUE_INTEGER) {
                plan->row_count = 0;
                entities_put(plan, kind, line_bit, codedb_value_integer(-id->as.integer));
                entities_update(plan, kind, id->as.integer);
            }
        }
    }
}

/* The keys of all entities of a kind. NULL without memory. */
static entities_key *entities_new_keys(entities_plan *plan, codedb_entity_kind kind, size_t *count)
{
    const codedb_entity *items = plan->entities->items;
    entities_key *keys = codedb_arena_allocate(plan->arena, plan->entities->count, sizeof *keys);
    *count = 0;
    for (size_t i = 0; keys != NULL && i < plan->entities->count; i++) {
        if (items[i].kind != kind)
            continue;
        /* A class that is new has no old methods: owner 0 matches none. */
        const codedb_value *owner = kind == CODEDB_ENTITY_METHOD ? &plan->ids[items[i].parent] : NULL;
        entities_key *key = &keys[(*count)++];
        key->owner = owner != NULL && owner->type == CODEDB_VALUE_INTEGER ? owner->as.integer : 0;
        key->name = items[i].name;
        key->module = "";
        key->line = items[i].line;
        key->index = i;
    }
    return keys;
}

static codedb_code entities_replace_kind(entities_plan *plan, codedb_entity_kind entity_kind, codedb_result *result)
{
    codedb_kind kind = entities_table[entity_kind];
    entities_old old;
    size_t count;
    codedb_code code = entities_read(plan, kind, &old, result);
    if (code == CODEDB_SUCCESS && old.count > 0) {
        entities_key *keys = entities_new_keys(plan, entity_kind, &count);
        if (keys == NULL) {
            code = codedb_fail_no_memory(result);
        } else {
            entities_match(&old, keys, count, plan->ids);
            entities_delete_gone(plan, kind, &old);
            entities_park(plan, kind, keys, count);
        }
    }
    codedb_free(old.rows);
    return code;
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static void entities_put_class(entities_plan *plan, const codedb_entity *entity)
{
    entities_put(plan, CODEDB_KIND_CLASS, CODEDB_CLASS_LINE, codedb_value_integer(entity->line));
    entities_put(plan, CODEDB_KIND_CLASS, CODEDB_CLASS_DOCSTRING, codedb_value_text(entity->docstring));
    entities_put(plan, CODEDB_KIND_CLASS, CODEDB_CLASS_BASES, codedb_value_text(entity->detail));
}

static void entities_put_method(entities_plan *plan, const codedb_entity *entity)
{
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_LINE, codedb_value_integer(entity->line));
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_ARGS, codedb_value_text(entity->detail));
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_DOCSTRING, codedb_value_text(entity->docstring));
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_IS_ABSTRACT, codedb_value_integer(entity->is_abstract));
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_HAS_PASS, codedb_value_integer(entity->has_pass));
    entities_put(plan, CODEDB_KIND_METHOD, CODEDB_METHOD_HAS_NOT_IMPLEMENTED, codedb_value_integer(entity->has_not_implemented));
}

static void entities_put_function(entities_plan *plan, const codedb_entity *entity)
{
    entities_put(plan, CODEDB_KIND_FUNCTION, CODEDB_FUNCTION_LINE, codedb_value_integer(entity->line));
    entities_put(plan, CODEDB_KIND_FUNCTION, CODEDB_FUNCTION_ARGS, codedb_value_text(entity->detail));
    entities_put(plan, CODEDB_KIND_FUNCTION, CODEDB_FUNCTION_DOCSTRING, codedb_value_text(entity->docstring));
}

/* What only an insert writes: to whom it belongs, its name, and when. The three kinds have the bits in the same places, but the
 * last. */
static void entities_put_origin(entities_plan *plan, codedb_kind kind, codedb_value owner, const char *name, uint64_t created)
{
    entities_put(plan, kind, CODEDB_CLASS_FILE_ID, owner);
    entities_put(plan, kind, CODEDB_CLASS_NAME, codedb_value_text(name));
    entities_put(plan, kind, created, codedb_value_real(plan->now));
}

static void entities_write(entities_plan *plan, size_t i)
{
    const codedb_entity *entity = &plan->entities->items[i];
    codedb_kind kind = entities_table[entity->kind];
    codedb_value owner = plan->file;
    uint64_t created = CODEDB_CLASS_CREATED_AT;
    plan->row_count = 0;
    switch (entity->kind) {
    case CODEDB_ENTITY_CLASS: entities_put_class(plan, entity); break;
    case CODEDB_ENTITY_METHOD:
        entities_put_method(plan, entity);
        owner = plan->ids[entity->parent];
        created = CODEDB_METHOD_CREATED_AT;
        break;
    default:
        entities_put_function(plan, entity);
        created = CODEDB_FUNCTION_CREATED_AT;
        break;
    }
    if (plan->ids[i].type == CODEDB_VALUE_INTEGER) {
        entities_update(plan, kind, plan->ids[i].as.integer);
    } else {
        entities_put_origin(plan, kind, owner, entity->name, created);
        plan->ids[i] = codedb_value_row_id_of(entities_insert(plan, kind));
    }
}

static void entities_write_content(entities_plan *plan, size_t i)
{
    static const char *const types[] = {
        [CODEDB_ENTITY_CLASS] = "class", [CODEDB_ENTITY_METHOD] = "method", [CODEDB_ENTITY_FUNCTION] = "function"};
    const codedb_entity *entity = &plan->entities->items[i];
    const codedb_kind kind = CODEDB_KIND_CODE_CONTENT;
    const char *name = entity->qualified_name != NULL ? entity->qualified_name : entity->name;
    codedb_value content = {.type = CODEDB_VALUE_TEXT, .length = entity->content_length};
    content.as.text = entity->content;
    plan->row_count = 0;
    entities_put(plan, kind, CODEDB_CODE_CONTENT_FILE_ID, plan->file);
    entities_put(plan, kind, CODEDB_CODE_CONTENT_ENTITY_TYPE,
                 codedb_value_text(entity->kind == CODEDB_ENTITY_OTHER ? entity->other_type : types[entity->kind]));
    entities_put(plan, kind, CODEDB_CODE_CONTENT_ENTITY_ID, plan->ids[i]);
    entities_put(plan, kind, CODEDB_CODE_CONTENT_ENTITY_NAME, codedb_value_text(name));
    entities_put(plan, kind, CODEDB_CODE_CONTENT_CONTENT, content);
    entities_put(plan, kind, CODEDB_CODE_CONTENT_DOCSTRING, codedb_value_text(entity->docstring));
    entities_put(plan, kind, CODEDB_CODE_CONTENT_CREATED_AT, codedb_value_real(plan->now));
    entities_insert(plan, kind);
}

static void entities_write_import(entities_plan *plan, size_t i)
{
    const codedb_entity_import *import = &plan->entities->imports[i];
    const codedb_kind kind = CODEDB_KIND_IMPORT;
    plan->row_count = 0;
    entities_put(plan, kind, CODEDB_IMPORT_LINE, codedb_value_integer(import->line));
    if (plan->import_ids[i].type == CODEDB_VALUE_INTEGER) {
        entities_update(plan, kind, plan->import_ids[i].as.integer);
        return;
    }
    entities_put(plan, kind, CODEDB_IMPORT_FILE_ID, plan->file);
    entities_put(plan, kind, CODEDB_IMPORT_NAME, codedb_value_text(import->name));
    entities_put(plan, kind, CODEDB_IMPORT_MODULE, codedb_value_text(import->module));
    entities_put(plan, kind, CODEDB_IMPORT_IMPORT_TYPE, codedb_value_text(import->from ? "from_import" : "import"));
    entities_put(plan, kind, CODEDB_IMPORT_CREATED_AT, codedb_value_real(plan->now));
    entities_insert(plan, kind);
}

static codedb_code entities_replace_imports(entities_plan *plan, codedb_result *result)
{
    const codedb_entities *entities = plan->entities;
    entities_old old;
    codedb_code code = entities_read(plan, CODEDB_KIND_IMPORT, &old, result);
    entities_key *keys = codedb_arena_allocate(plan->arena, entities->import_count, sizeof *keys);
    if (code == CODEDB_SUCCESS && keys == NULL)
        code = codedb_fail_no_memory(result);
    if (code == CODEDB_SUCCESS && old.count > 0) {
        for (size_t i = 0; i < entities->import_count; i++) {
            const codedb_entity_import *import = &entities->imports[i];
            entities_key key = {import->from, import->name, import->module == NULL ? "" : import->module, import->line, i};
            keys[i] = key;
        }
        entities_match(&old, keys, entities->import_count, plan->import_ids);
        entities_delete_gone(plan, CODEDB_KIND_IMPORT, &old);
    }
    for (size_t i = 0; code == CODEDB_SUCCESS && i < entities->import_count; i++)
        entities_write_import(plan, i);
    codedb_free(old.rows);
    return code;
}

static void entities_replace_content(entities_plan *plan)
{
    const codedb_kind kind = CODEDB_KIND_CODE_CONTENT;
    codedb_column where = {codedb_column_name(kind, CODEDB_CODE_CONTENT_FILE_ID), plan->file};
    if (plan->file.type == CODEDB_VALUE_INTEGER)
        codedb_batch_delete(plan->batch, codedb_description_of(kind)->table, &where, 1);
    for (size_t i = 0; i < plan->entities->count; i++)
        if (plan->entities->items[i].content != NULL)
            entities_write_content(plan, i);
}

static codedb_code entities_prepare(entities_plan *plan, codedb_result *result)
{
    plan->arena = codedb_arena_create(codedb_object_allocator(plan->db));
    if (plan->arena == NULL)
        return codedb_fail_no_memory(result);
    plan->ids = codedb_arena_allocate(plan->arena, plan->entities->count, sizeof *plan->ids);
    plan->import_ids = codedb_arena_allocate(plan->arena, plan->entities->import_count, sizeof *plan->import_ids);
    return plan->ids == NULL || plan->import_ids == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
}

CODEDB_PRIVATE codedb_code codedb_entities_replace(codedb *db, codedb_batch *batch, codedb_value file,
                                                   const codedb_entities *entities, codedb_result *result)
{
    entities_plan plan = {.db = db, .batch = batch, .file = file, .entities = entities, .now = codedb_julian_day_now()};
    codedb_code code = entities_prepare(&plan, result);
    for (codedb_entity_kind kind = CODEDB_ENTITY_CLASS; code == CODEDB_SUCCESS && kind < CODEDB_ENTITY_OTHER; kind++)
        code = entities_replace_kind(&plan, kind, result);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < entities->count; i++)
        if (entities->items[i].kind != CODEDB_ENTITY_OTHER)
            entities_write(&plan, i);
    if (code == CODEDB_SUCCESS)
        code = entities_replace_imports(&plan, result);
    if (code == CODEDB_SUCCESS && codedb_object_has_table(db, CODEDB_KIND_CODE_CONTENT))
        entities_replace_content(&plan);
    codedb_arena_destroy(plan.arena);
    return code;
}

#undef ENTITIES_MAX_COLUMNS
