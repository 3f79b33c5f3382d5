/* codedb_definition.c -- a schema definition in JSON, and changes of a table, read into a codedb_structure; every mistake is named.
 *
 * Called by codedb_sync.c in the host's thread; calls cJSON. Whatever becomes SQL without quotes (types, defaults, conditions, module and
 * option names) is checked here so that it cannot end the place where it stands. An error names the way to the mistake, what was found
 * and what was expected. */
#include "codedb_structure.h"

#include <stdio.h>
#include <string.h>

#ifdef CODEDB_CJSON_INCLUDE
#include CODEDB_CJSON_INCLUDE
#else
#include <cjson/cJSON.h>
#endif

#define DEFINITION_LIMIT ((size_t)16 * 1024 * 1024)

typedef struct definition_reader {
    codedb_arena *arena;
    codedb_structure *structure; /* NULL while changes are read */
    codedb_buffer place;         /* the way to what is being read */
    codedb_result *result;
} definition_reader;

typedef codedb_code (*definition_read_item)(definition_reader *reader, codedb_structure_table *table, const cJSON *item);

/* ---- Mistakes ------------------------------------------------------------------------------------------------------ */

CODEDB_PRINTF(2, 3)
static codedb_code definition_fail(definition_reader *reader, const char *format, ...)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (reader->place.failed)
        return codedb_fail_no_memory(reader->result);
    return codedb_fail(reader->result, CODEDB_SCHEMA_ERROR, "%s: %s", reader->place.length > 0 ? reader->place.data : "schema",
                       message);
}

/* Goes to a key (or, when that is NULL, an item) of what is being read; the answer takes one back. */
static size_t definition_enter(definition_reader *reader, const char *key, size_t item)
{
    size_t start = reader->place.length;
    if (key == NULL)
        codedb_buffer_printf(&reader->place, "[%zu]", item);
    else
        codedb_buffer_printf(&reader->place, "%s%.100s", start > 0 ? "." : "", key);
    return start;
}

static void definition_leave(definition_reader *reader, size_t start)
{
    if (reader->place.data != NULL) {
        reader->place.length = start;
        reader->place.data[start] = '\0';
    }
}

static const char *definition_describe(const cJSON *value)
{
    if (value == NULL)
        return "nothing";
    if (cJSON_IsString(value))
        return value->valuestring[0] != '\0' ? "a text" : "an empty text";
    if (cJSON_IsNumber(value))
        return "a number";
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value) ? "true" : "false";
    if (cJSON_IsNull(value))
        return "null";
    return cJSON_IsArray(value) ? "an array" : "an object";
}

/* The item must be an object without other keys than the known ones, and none twice. */
static codedb_code definition_check_keys(definition_reader *reader, const cJSON *object, const char *const *known)
{
    const cJSON *child;
    if (!cJSON_IsObject(object))
        return definition_fail(reader, "found %s, expected an object", definition_describe(object));
    cJSON_ArrayForEach(child, object)
    {
        const char *const *name = known;
        while (*name != NULL && strcmp(*name, child->string) != 0)
            name++;
        if (*name == NULL) {
            const char *nearest = codedb_text_nearest(child->string, strlen(child->string), known);
            return definition_fail(reader, "unknown key \"%.60s\"%s%s%s", child->string,
                                   nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
                                   nearest != NULL ? "\"?" : "");
        }
        if (cJSON_GetObjectItemCaseSensitive(object, child->string) != child)
            return definition_fail(reader, "\"%.60s\" is given twice", child->string);
    }
    return CODEDB_SUCCESS;
}

/* ---- Values -------------------------------------------------------------------------------------------------------- */

/* Copies a text that must not be empty. */
static codedb_code definition_copy(definition_reader *reader, const cJSON *value, const char **text)
{
    if (!cJSON_IsString(value) || value->valuestring[0] == '\0')
        return definition_fail(reader, "found %s, expected a text", definition_describe(value));
    *text = codedb_arena_copy(reader->arena, value->valuestring, strlen(value->valuestring));
    return *text != NULL ? CODEDB_SUCCESS : codedb_fail_no_memory(reader->result);
}

static codedb_code definition_read_text(definition_reader *reader, const cJSON *object, const char *key, bool required,
                                        const char **text)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    size_t start = definition_enter(reader, key, 0);
    codedb_code code = value != NULL || required ? definition_copy(reader, value, text) : CODEDB_SUCCESS;
    definition_leave(reader, start);
    return code;
}

/* A name that is to be made: SQLite keeps some for itself. */
static codedb_code definition_read_name(definition_reader *reader, const cJSON *object, const char *key, const char **name)
{
    codedb_code code = definition_read_text(reader, object, key, true, name);
    if (code == CODEDB_SUCCESS && strlen(*name) >= 7) {
        char start[8];
        memcpy(start, *name, 7);
        start[7] = '\0';
        if (codedb_text_equal_case(start, "sqlite_"))
            return definition_fail(reader, "the name %.60s is reserved: it begins with sqlite_", *name);
    }
    return code;
}

static codedb_code definition_read_flag(definition_reader *reader, const cJSON *object, const char *key, bool *flag)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    if (value == NULL)
        return CODEDB_SUCCESS;
    if (!cJSON_IsBool(value))
        return definition_fail(reader, "%s: found %s, expected true or false", key, definition_describe(value));
    *flag = cJSON_IsTrue(value) != 0;
    return CODEDB_SUCCESS;
}

static codedb_code definition_read_names(definition_reader *reader, const cJSON *object, const char *key, bool required,
                                         codedb_structure_names *names)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key);
    const cJSON *item;
    size_t start = definition_enter(reader, key, 0);
    codedb_code code = CODEDB_SUCCESS;
    if ((array != NULL || required) && (!cJSON_IsArray(array) || array->child == NULL))
        code = definition_fail(reader, "found %s, expected an array of names",
                               cJSON_IsArray(array) ? "an empty array" : definition_describe(array));
    cJSON_ArrayForEach(item, array)
    {
        const char *name = NULL;
        if (code == CODEDB_SUCCESS)
            code = definition_copy(reader, item, &name);
        if (code == CODEDB_SUCCESS && codedb_structure_has_name(names, name))
            code = definition_fail(reader, "%.60s is given twice", name);
        if (code == CODEDB_SUCCESS && !codedb_structure_add_name(reader->arena, names, name))
            code = codedb_fail_no_memory(reader->result);
    }
    definition_leave(reader, start);
    return code;
}

/* Calls `read` for each item of an array, which may be missing. */
static codedb_code definition_each(definition_reader *reader, codedb_structure_table *table, const cJSON *object, const char *key,
                                   definition_read_item read)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key);
    const cJSON *item;
    size_t number = 0;
    size_t start = definition_enter(reader, key, 0);
    codedb_code code = CODEDB_SUCCESS;
    if (array != NULL && !cJSON_IsArray(array))
        code = definition_fail(reader, "found %s, expected an array", definition_describe(array));
    for (item = array != NULL ? array->child : NULL; code == CODEDB_SUCCESS && item != NULL; item = item->next) {
        size_t inside = definition_enter(reader, NULL, number++);
        code = read(reader, table, item);
        definition_leave(reader, inside);
    }
    definition_leave(reader, start);
    return code;
}

/* ---- What becomes SQL ---------------------------------------------------------------------------------------------- */

static bool definition_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool definition_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool definition_is_word(const char *text)
{
    if (!definition_is_letter(*text))
        return false;
    while (definition_is_letter(*text) || definition_is_digit(*text))
        text++;
    return *text == '\0';
}

/* Words that would begin something else behind a type. */
static bool definition_word_ends_type(const char *word, size_t length)
{
    static const char *const words[] = {"constraint", "primary",    "not",       "null", "unique",        "check", "default",
                                        "collate",    "references", "generated", "as",   "autoincrement", "on"};
    char copy[16];
    if (length >= sizeof copy)
        return false;
    memcpy(copy, word, length);
    copy[length] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (codedb_text_equal_case(copy, words[i]))
            return true;
    return false;
}

/* Words, and perhaps one or two numbers in parentheses: "VARCHAR(20)". */
static bool definition_is_type(const char *type)
{
    if (!definition_is_letter(*type))
        return false;
    while (definition_is_letter(*type) || *type == ' ') {
        const char *word = type;
        while (definition_is_letter(*type) || definition_is_digit(*type))
            type++;
        if (definition_word_ends_type(word, (size_t)(type - word)))
            return false;
        type += strspn(type, " ");
    }
    if (*type == '(') {
        size_t digits = strspn(type + 1, "0123456789, ");
        if (digits == 0 || type[1 + digits] != ')')
            return false;
        type += digits + 2;
    }
    return *type == '\0';
}

/* Whether an expression stays inside the place where it is put: quotes and parentheses are closed, no statement ends, and no comment
 * begins. */
static bool definition_is_expression(const char *sql)
{
    int depth = 0;
    for (; *sql != '\0'; sql++) {
        if (*sql == '\'' || *sql == '"' || *sql == '`' || *sql == '[') {
            sql = strchr(sql + 1, *sql == '[' ? ']' : *sql);
            if (sql == NULL)
                return false;
        } else if (*sql == '(') {
            depth++;
        } else if (*sql == ')') {
            if (--depth < 0)
                return false;
        } else if (*sql == ';' || (sql[0] == '-' && sql[1] == '-') || (sql[0] == '/' && sql[1] == '*')) {
            return false;
        }
    }
    return depth == 0;
}

/* A number, a text, TRUE, FALSE or NULL: what a column may have as its default when it is added to a table with rows. */
CODEDB_PRIVATE bool codedb_definition_is_literal(const char *sql)
{
    if (codedb_text_equal_case(sql, "null") || codedb_text_equal_case(sql, "true") || codedb_text_equal_case(sql, "false"))
        return true;
    if (*sql == '\'') {
        for (sql++; *sql != '\0' && (*sql != '\'' || sql[1] == '\''); sql++)
            sql += *sql == '\'';
        return strcmp(sql, "'") == 0;
    }
    if (*sql == '-' || *sql == '+')
        sql++;
    return definition_is_digit(*sql) && sql[strspn(sql, "0123456789.")] == '\0';
}

/* "(...)" as a whole. */
static bool definition_is_enclosed(const char *sql)
{
    int depth = 0;
    if (*sql != '(')
        return false;
    for (; *sql != '\0'; sql++)
        if (*sql == '\'' || *sql == '"' || *sql == '`' || *sql == '[')
            sql = strchr(sql + 1, *sql == '[' ? ']' : *sql);
        else if (*sql == '(')
            depth++;
        else if (*sql == ')' && --depth == 0)
            return sql[1] == '\0';
    return false;
}

static codedb_code definition_read_default(definition_reader *reader, const cJSON *object, const char **sql)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, "default");
    double number = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (value == NULL || cJSON_IsNull(value))
        return CODEDB_SUCCESS;
    if (cJSON_IsBool(value))
        *sql = cJSON_IsTrue(value) ? "1" : "0";
    else if (cJSON_IsNumber(value) && number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
             number == (double)(int64_t)number)
        *sql = codedb_arena_printf(reader->arena, "%lld", (long long)number);
    else if (cJSON_IsNumber(value))
        *sql = codedb_arena_printf(reader->arena, "(%.17g)", number);
    else if (!cJSON_IsString(value) || value->valuestring[0] == '\0' || !definition_is_expression(value->valuestring))
        return definition_fail(reader,
                               "default: found %s, expected a number, true, false, null, or a text with an SQL expression",
                               cJSON_IsString(value) ? "a text that is none" : definition_describe(value));
    else if (codedb_definition_is_literal(value->valuestring) || definition_is_enclosed(value->valuestring))
        *sql = codedb_arena_copy(reader->arena, value->valuestring, strlen(value->valuestring));
    else
        *sql = codedb_arena_printf(reader->arena, "(%s)", value->valuestring);
    return *sql != NULL ? CODEDB_SUCCESS : codedb_fail_no_memory(reader->result);
}

/* ---- Columns ------------------------------------------------------------------------------------------------------- */

static codedb_code definition_read_key(definition_reader *reader, const codedb_structure_table *table, const cJSON *item,
                                       codedb_structure_column *column)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, "primary_key");
    if (cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= 1000) {
        column->primary_key = (int64_t)value->valuedouble;
    } else if (cJSON_IsTrue(value)) {
        column->primary_key = 1;
        for (size_t i = 0; i + 1 < table->column_count; i++)
            column->primary_key += table->columns[i].primary_key != 0;
    } else if (value != NULL && !cJSON_IsFalse(value)) {
        return definition_fail(reader, "primary_key: found %s, expected true, false, or the column's place in the key",
                               definition_describe(value));
    }
    column->nullable = column->primary_key == 0;
    return CODEDB_SUCCESS;
}

static codedb_code definition_check_column(definition_reader *reader, const codedb_structure_table *table,
                                           const codedb_structure_column *column)
{
    if (codedb_structure_find_column(table, column->name) != column)
        return definition_fail(reader, "the table has two columns %.60s", column->name);
    if (!definition_is_type(column->type))
        return definition_fail(reader, "type: found \"%.60s\", expected a type such as TEXT or VARCHAR(20)", column->type);
    if (column->autoincrement && (column->primary_key == 0 || !codedb_text_equal_case(column->type, "INTEGER")))
        return definition_fail(reader, "autoincrement: only an INTEGER primary key can have it");
    return CODEDB_SUCCESS;
}

static codedb_code definition_read_column(definition_reader *reader, codedb_structure_table *table, const cJSON *item)
{
    static const char *const keys[] = {"name", "type", "nullable", "default", "primary_key", "autoincrement", NULL};
    codedb_structure_column *columns = codedb_structure_grow(reader->arena, table->columns, table->column_count, sizeof *columns);
    codedb_structure_column *column;
    codedb_code code = definition_check_keys(reader, item, keys);
    if (columns == NULL)
        return codedb_fail_no_memory(reader->result);
    table->columns = columns;
    column = &columns[table->column_count];
    memset(column, 0, sizeof *column);
    if (code == CODEDB_SUCCESS)
        code = definition_read_name(reader, item, "name", &column->name);
    if (code != CODEDB_SUCCESS)
        return code;
    table->column_count++;
    code = definition_read_text(reader, item, "type", true, &column->type);
    if (code == CODEDB_SUCCESS)
        code = definition_read_key(reader, table, item, column);
    if (code == CODEDB_SUCCESS)
        code = definition_read_flag(reader, item, "nullable", &column->nullable);
    if (code == CODEDB_SUCCESS)
        code = definition_read_flag(reader, item, "autoincrement", &column->autoincrement);
    if (code == CODEDB_SUCCESS)
        code = definition_read_default(reader, item, &column->default_value);
    return code == CODEDB_SUCCESS ? definition_check_column(reader, table, column) : code;
}

/* Names of columns that the table must have, if it is known which. */
static codedb_code definition_check_names(definition_reader *reader, const codedb_structure_table *table,
                                          const codedb_structure_names *names)
{
    for (size_t i = 0; reader->structure != NULL && i < names->count; i++)
        if (codedb_structure_find_column(table, names->items[i]) == NULL)
            return definition_fail(reader, "columns: the table has no column %.60s", names->items[i]);
    return CODEDB_SUCCESS;
}

/* ---- Constraints and indexes --------------------------------------------------------------------------------------- */

static codedb_code definition_read_action(definition_reader *reader, const cJSON *item, const char *key, const char **action)
{
    static const char *const actions[] = {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"};
    const char *text = NULL;
    codedb_code code = definition_read_text(reader, item, key, false, &text);
    if (code != CODEDB_SUCCESS || text == NULL)
        return code;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (codedb_text_equal_case(text, actions[i])) {
            *action = actions[i];
            return CODEDB_SUCCESS;
        }
    }
    return definition_fail(reader, "%s: found \"%.60s\", expected CASCADE, SET NULL, SET DEFAULT, RESTRICT or NO ACTION", key,
                           text);
}

static codedb_code definition_read_foreign_key(definition_reader *reader, const cJSON *item,
                                               codedb_structure_constraint *constraint)
{
    static const char *const keys[] = {"type",      "columns", "references_table", "references_columns", "on_delete",
                                       "on_update", NULL};
    codedb_code code = definition_check_keys(reader, item, keys);
    if (code == CODEDB_SUCCESS)
        code = definition_read_text(reader, item, "references_table", true, &constraint->parent);
    if (code == CODEDB_SUCCESS)
        code = definition_read_names(reader, item, "references_columns", false, &constraint->parent_columns);
    if (code == CODEDB_SUCCESS)
        code = definition_read_action(reader, item, "on_delete", &constraint->on_delete);
    if (code == CODEDB_SUCCESS)
        code = definition_read_action(reader, item, "on_update", &constraint->on_update);
    if (code == CODEDB_SUCCESS && constraint->parent_columns.count > 0 &&
        constraint->parent_columns.count != constraint->columns.count)
        code = definition_fail(reader, "references_columns: found %zu, expected %zu as in columns",
                               constraint->parent_columns.count, constraint->columns.count);
    return code;
}

static codedb_code definition_read_constraint(definition_reader *reader, codedb_structure_table *table, const cJSON *item)
{
    static const char *const keys[] = {"type", "columns", NULL};
    codedb_structure_constraint *constraints =
        codedb_structure_grow(reader->arena, table->constraints, table->constraint_count, sizeof *constraints);
    codedb_structure_constraint *constraint;
    const char *type = NULL;
    codedb_code code;
    if (constraints == NULL)
        return codedb_fail_no_memory(reader->result);
    table->constraints = constraints;
    constraint = &constraints[table->constraint_count++];
    memset(constraint, 0, sizeof *constraint);
    if (!cJSON_IsObject(item))
        return definition_fail(reader, "found %s, expected an object", definition_describe(item));
    code = definition_read_text(reader, item, "type", true, &type);
    if (code == CODEDB_SUCCESS)
        code = definition_read_names(reader, item, "columns", true, &constraint->columns);
    if (code != CODEDB_SUCCESS)
        return code;
    if (strcmp(type, "foreign_key") == 0)
        code = definition_read_foreign_key(reader, item, constraint);
    else if (strcmp(type, "unique") == 0)
        code = definition_check_keys(reader, item, keys);
    else
        code = definition_fail(reader, "type: found \"%.60s\", expected foreign_key or unique", type);
    return code == CODEDB_SUCCESS ? definition_check_names(reader, table, &constraint->columns) : code;
}

static codedb_code definition_read_index(definition_reader *reader, codedb_structure_table *table, const cJSON *item)
{
    static const char *const keys[] = {"name", "columns", "unique", "where", NULL};
    codedb_structure_index *indexes = codedb_structure_grow(reader->arena, table->indexes, table->index_count, sizeof *indexes);
    codedb_structure_index *index;
    codedb_code code = definition_check_keys(reader, item, keys);
    if (indexes == NULL)
        return codedb_fail_no_memory(reader->result);
    table->indexes = indexes;
    index = &indexes[table->index_count++];
    memset(index, 0, sizeof *index);
    if (code == CODEDB_SUCCESS)
        code = definition_read_name(reader, item, "name", &index->name);
    if (code == CODEDB_SUCCESS)
        code = definition_read_names(reader, item, "columns", true, &index->columns);
    if (code == CODEDB_SUCCESS)
        code = definition_read_flag(reader, item, "unique", &index->unique);
    if (code == CODEDB_SUCCESS)
        code = definition_read_text(reader, item, "where", false, &index->where);
    if (code != CODEDB_SUCCESS)
        return code;
    if (index->where != NULL && !definition_is_expression(index->where))
        return definition_fail(reader, "where: \"%.60s\" is no SQL expression", index->where);
    index->partial = index->where != NULL;
    return definition_check_names(reader, table, &index->columns);
}

/* ---- Tables -------------------------------------------------------------------------------------------------------- */

/* A new table at the end of the structure, with its name; NULL on an error, which *code has. */
static codedb_structure_table *definition_add_table(definition_reader *reader, const cJSON *item, codedb_code *code)
{
    codedb_structure *structure = reader->structure;
    codedb_structure_table *tables =
        codedb_structure_grow(reader->arena, structure->tables, structure->table_count, sizeof *tables);
    const char *name = NULL;
    *code = tables != NULL ? definition_read_name(reader, item, "name", &name) : codedb_fail_no_memory(reader->result);
    if (*code != CODEDB_SUCCESS)
        return NULL;
    structure->tables = tables;
    if (codedb_structure_find_table(structure, name) != NULL) {
        *code = definition_fail(reader, "there are two tables %.60s", name);
        return NULL;
    }
    memset(&tables[structure->table_count], 0, sizeof *tables);
    tables[structure->table_count].name = name;
    return &tables[structure->table_count++];
}

static codedb_code definition_read_table(definition_reader *reader, codedb_structure_table *unused, const cJSON *item)
{
    static const char *const keys[] = {"name", "columns", "constraints", "indexes", NULL};
    codedb_structure_table *table = NULL;
    codedb_code code = definition_check_keys(reader, item, keys);
    (void)unused;
    if (code == CODEDB_SUCCESS)
        table = definition_add_table(reader, item, &code);
    if (table == NULL)
        return code;
    code = definition_each(reader, table, item, "columns", definition_read_column);
    if (code == CODEDB_SUCCESS && table->column_count == 0)
        code = definition_fail(reader, "columns: found none, expected at least one");
    if (code == CODEDB_SUCCESS)
        code = definition_each(reader, table, item, "constraints", definition_read_constraint);
    if (code == CODEDB_SUCCESS)
        code = definition_each(reader, table, item, "indexes", definition_read_index);
    return code;
}

static codedb_code definition_read_options(definition_reader *reader, codedb_structure_table *table, const cJSON *item)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(item, "options");
    const cJSON *child;
    if (object != NULL && !cJSON_IsObject(object))
        return definition_fail(reader, "options: found %s, expected an object", definition_describe(object));
    cJSON_ArrayForEach(child, object)
    {
        codedb_structure_option *options =
            codedb_structure_grow(reader->arena, table->options, table->option_count, sizeof *options);
        if (options == NULL)
            return codedb_fail_no_memory(reader->result);
        table->options = options;
        if (!cJSON_IsString(child) || !definition_is_word(child->string))
            return definition_fail(reader, "options: found %.60s: %s, expected a word and a text", child->string,
                                   definition_describe(child));
        options[table->option_count].name = codedb_arena_copy(reader->arena, child->string, strlen(child->string));
        options[table->option_count].value = codedb_arena_copy(reader->arena, child->valuestring, strlen(child->valuestring));
        if (options[table->option_count].name == NULL || options[table->option_count].value == NULL)
            return codedb_fail_no_memory(reader->result);
        table->option_count++;
    }
    return CODEDB_SUCCESS;
}

static codedb_code definition_read_virtual(definition_reader *reader, codedb_structure_table *unused, const cJSON *item)
{
    static const char *const keys[] = {"name", "using", "columns", "options", NULL};
    codedb_structure_names names = {NULL, 0};
    codedb_structure_table *table = NULL;
    codedb_code code = definition_check_keys(reader, item, keys);
    (void)unused;
    if (code == CODEDB_SUCCESS)
        table = definition_add_table(reader, item, &code);
    if (table == NULL)
        return code;
    table->kind = CODEDB_STRUCTURE_VIRTUAL;
    code = definition_read_text(reader, item, "using", true, &table->module);
    if (code == CODEDB_SUCCESS && !definition_is_word(table->module))
        code = definition_fail(reader, "using: found \"%.60s\", expected a module such as fts5", table->module);
    if (code == CODEDB_SUCCESS)
        code = definition_read_names(reader, item, "columns", true, &names);
    if (code != CODEDB_SUCCESS)
        return code;
    table->columns = codedb_arena_allocate(reader->arena, names.count, sizeof *table->columns);
    if (table->columns == NULL)
        return codedb_fail_no_memory(reader->result);
    for (; table->column_count < names.count; table->column_count++) {
        table->columns[table->column_count].name = names.items[table->column_count];
        table->columns[table->column_count].type = "";
    }
    return definition_read_options(reader, table, item);
}

/* ---- Whole texts --------------------------------------------------------------------------------------------------- */

/* Parses a text, which cJSON_Delete is to free; NULL on an error, which *code has. */
static cJSON *definition_parse(definition_reader *reader, const char *json, codedb_code *code)
{
    size_t length = strlen(json), line, column;
    const char *stopped = json;
    cJSON *root;
    *code = CODEDB_SUCCESS;
    if (length > DEFINITION_LIMIT) {
        *code = definition_fail(reader, "%zu bytes are more than %zu", length, DEFINITION_LIMIT);
        return NULL;
    }
    root = codedb_utf8_valid_length(json, length) == length ? cJSON_ParseWithOpts(json, &stopped, 1) : NULL;
    if (root == NULL) {
        size_t offset = codedb_utf8_valid_length(json, length);
        if (offset == length)
            offset = stopped >= json && (size_t)(stopped - json) <= length ? (size_t)(stopped - json) : length;
        codedb_text_place(json, offset, &line, &column);
        *code = definition_fail(reader, "not JSON at line %zu, column %zu", line, column);
    }
    return root;
}

CODEDB_PRIVATE codedb_code codedb_definition_read(codedb_structure *structure, const char *json, codedb_result *result)
{
    static const char *const keys[] = {"tables", "virtual_tables", NULL};
    definition_reader reader = {.arena = structure->arena, .structure = structure, .result = result};
    codedb_code code;
    cJSON *root;
    codedb_buffer_init(&reader.place, codedb_arena_allocator(structure->arena));
    root = definition_parse(&reader, json, &code);
    if (code == CODEDB_SUCCESS)
        code = definition_check_keys(&reader, root, keys);
    if (code == CODEDB_SUCCESS)
        code = definition_each(&reader, NULL, root, "tables", definition_read_table);
    if (code == CODEDB_SUCCESS)
        code = definition_each(&reader, NULL, root, "virtual_tables", definition_read_virtual);
    cJSON_Delete(root);
    codedb_buffer_free(&reader.place);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_definition_read_table(codedb_structure *structure, const char *json, codedb_result *result)
{
    definition_reader reader = {.arena = structure->arena, .structure = structure, .result = result};
    codedb_code code;
    cJSON *root;
    codedb_buffer_init(&reader.place, codedb_arena_allocator(structure->arena));
    root = definition_parse(&reader, json, &code);
    if (code == CODEDB_SUCCESS)
        code = cJSON_GetObjectItemCaseSensitive(root, "using") != NULL ? definition_read_virtual(&reader, NULL, root)
                                                                       : definition_read_table(&reader, NULL, root);
    cJSON_Delete(root);
    codedb_buffer_free(&reader.place);
    return code;
}

/* ---- Changes of a table -------------------------------------------------------------------------------------------- */

static codedb_code definition_read_renamed(definition_reader *reader, const cJSON *value, codedb_alteration *change)
{
    static const char *const keys[] = {"from", "to", NULL};
    codedb_code code = definition_check_keys(reader, value, keys);
    if (code == CODEDB_SUCCESS)
        code = definition_read_text(reader, value, "from", true, &change->name);
    return code == CODEDB_SUCCESS ? definition_read_name(reader, value, "to", &change->new_name) : code;
}

static codedb_code definition_read_change(definition_reader *reader, const cJSON *item, codedb_alteration *change)
{
    static const char *const keys[] = {"add_column", "drop_column", "rename_column", "add_constraint",
                                       "add_index",  "drop_index",  "rename",        NULL};
    static const codedb_alteration_kind kinds[] = {
        CODEDB_ALTER_ADD_COLUMN, CODEDB_ALTER_DROP_COLUMN, CODEDB_ALTER_RENAME_COLUMN, CODEDB_ALTER_ADD_CONSTRAINT,
        CODEDB_ALTER_ADD_INDEX,  CODEDB_ALTER_DROP_INDEX,  CODEDB_ALTER_RENAME};
    const cJSON *value;
    size_t key = 0, start;
    codedb_code code = definition_check_keys(reader, item, keys);
    if (code != CODEDB_SUCCESS)
        return code;
    value = item->child;
    if (value == NULL || value->next != NULL)
        return definition_fail(reader, "found %s, expected one change", value == NULL ? "an empty object" : "several keys");
    while (strcmp(keys[key], value->string) != 0)
        key++;
    change->kind = kinds[key];
    start = definition_enter(reader, keys[key], 0);
    switch (change->kind) {
    case CODEDB_ALTER_ADD_COLUMN: code = definition_read_column(reader, &change->parts, value); break;
    case CODEDB_ALTER_ADD_CONSTRAINT: code = definition_read_constraint(reader, &change->parts, value); break;
    case CODEDB_ALTER_ADD_INDEX: code = definition_read_index(reader, &change->parts, value); break;
    case CODEDB_ALTER_RENAME_COLUMN: code = definition_read_renamed(reader, value, change); break;
    case CODEDB_ALTER_RENAME:
        definition_leave(reader, start);
        return definition_read_name(reader, item, "rename", &change->new_name);
    case CODEDB_ALTER_DROP_COLUMN:
    case CODEDB_ALTER_DROP_INDEX: code = definition_copy(reader, value, &change->name); break;
    }
    definition_leave(reader, start);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_definition_read_changes(codedb_arena *arena, const char *json, codedb_alteration **changes,
                                                          size_t *count, codedb_result *result)
{
    definition_reader reader = {.arena = arena, .result = result};
    const cJSON *item;
    codedb_code code;
    cJSON *root;
    *changes = NULL;
    *count = 0;
    codedb_buffer_init(&reader.place, codedb_arena_allocator(arena));
    root = definition_parse(&reader, json, &code);
    if (code == CODEDB_SUCCESS && (!cJSON_IsArray(root) || root->child == NULL))
        code = definition_fail(&reader, "found %s, expected an array of changes",
                               cJSON_IsArray(root) ? "an empty array" : definition_describe(root));
    for (item = code == CODEDB_SUCCESS ? root->child : NULL; code == CODEDB_SUCCESS && item != NULL; item = item->next) {
        codedb_alteration *grown = codedb_structure_grow(arena, *changes, *count, sizeof *grown);
        size_t start = definition_enter(&reader, NULL, *count);
        if (grown == NULL) {
            code = codedb_fail_no_memory(result);
        } else {
            *changes = grown;
            memset(&grown[*count], 0, sizeof *grown);
            code = definition_read_change(&reader, item, &grown[(*count)++]);
        }
        definition_leave(&reader, start);
    }
    cJSON_Delete(root);
    codedb_buffer_free(&reader.place);
    return code;
}

#undef DEFINITION_LIMIT
