/* codedb_config.c -- the configuration: JSON text, file or path in, a checked struct out, every mistake named.
 *
 * Called by codedb_open in the host's thread; calls cJSON, codedb_memory.c, codedb_text.c and codedb_result.c. It knows how
 * every kind of database is configured, not whether a driver for it is there.
 *
 * Invariants:
 * 1. Every key is one row of a table (config_key): its type, range and place in the struct. No code names a key but for the
 *    shapes around the driver's own object.
 * 2. An error names the whole way to the key, what was found and what was expected; no value of a password gets into one.
 * 3. What belongs to others is left alone: the keys beside "code_analysis" and beside "database". */
#include "codedb_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where cJSON's header is: Debian and most others have it in its own folder. */
#ifdef CODEDB_CJSON_INCLUDE
#include CODEDB_CJSON_INCLUDE
#else
#include <cjson/cJSON.h>
#endif

#define CONFIG_FILE_LIMIT ((size_t)16 * 1024 * 1024)

typedef enum config_type {
    CONFIG_STRING,
    CONFIG_NUMBER,  /* a double in its range */
    CONFIG_INTEGER, /* an int64_t in its range */
    CONFIG_BOOLEAN,
    CONFIG_CHOICE,
    CONFIG_OBJECT
} config_type;

#define CONFIG_NOWHERE ((size_t)-1) /* checked here, and read by the driver from its JSON */

typedef struct config_key {
    const char *name;
    config_type type;
    bool required;
    double least, most;
    size_t offset;                  /* of the member of codedb_config that gets it */
    const char *const *choices;     /* CHOICE: NULL behind the last */
    const struct config_key *inner; /* OBJECT: its keys, one without a name behind the last */
} config_key;

/* What is being read, and where: the path of keys grows and shrinks with the recursion. */
typedef struct config_reader {
    codedb_config *config;
    codedb_result *result;
    codedb_buffer place;
    bool has_nul; /* an escape \u0000 is in the text, and stands there as CONFIG_NUL */
} config_reader;

/* ---- Keys ---------------------------------------------------------------------------------------------------------- */

#define CONFIG_PLACE(member) offsetof(codedb_config, member)
#define CONFIG_TEXT(name, required, place)                     \
    {                                                          \
        name, CONFIG_STRING, required, 0, 0, place, NULL, NULL \
    }
#define CONFIG_SECONDS(name, place)                               \
    {                                                             \
        name, CONFIG_NUMBER, false, 0.001, 1e9, place, NULL, NULL \
    }
#define CONFIG_COUNT(name, required, most, place)                  \
    {                                                              \
        name, CONFIG_INTEGER, required, 1, most, place, NULL, NULL \
    }
#define CONFIG_FLAG(name, place)                             \
    {                                                        \
        name, CONFIG_BOOLEAN, false, 0, 0, place, NULL, NULL \
    }
#define CONFIG_INNER(name, keys)                                     \
    {                                                                \
        name, CONFIG_OBJECT, false, 0, 0, CONFIG_NOWHERE, NULL, keys \
    }
#define CONFIG_END                                      \
    {                                                   \
        NULL, CONFIG_STRING, false, 0, 0, 0, NULL, NULL \
    }

static const char *const config_synchronous[] = {"off", "normal", "full", "extra", NULL};

static const config_key config_worker_keys[] = {
    CONFIG_SECONDS("command_timeout", CONFIG_PLACE(command_timeout)),
    CONFIG_SECONDS("poll_interval", CONFIG_PLACE(poll_interval)),
    CONFIG_TEXT("worker_log_path", false, CONFIG_PLACE(worker_log_path)),
    CONFIG_END,
};

/* Keys of codedb's own, good for every driver. */
#define CONFIG_COMMON_KEYS                                                                                         \
    CONFIG_TEXT("backup_dir", false, CONFIG_PLACE(backup_dir)), CONFIG_INNER("worker_config", config_worker_keys), \
        CONFIG_COUNT("queue_size", false, 1e6, CONFIG_PLACE(queue_size)),                                          \
        CONFIG_SECONDS("transaction_timeout", CONFIG_PLACE(transaction_timeout)),                                  \
        CONFIG_FLAG("read_only", CONFIG_PLACE(read_only))

#define CONFIG_SYNCHRONOUS                                                                             \
    {                                                                                                  \
        "synchronous", CONFIG_CHOICE, false, 0, 0, CONFIG_PLACE(synchronous), config_synchronous, NULL \
    }

#define CONFIG_SERVER_KEYS                                                                         \
    CONFIG_TEXT("host", true, CONFIG_NOWHERE), CONFIG_COUNT("port", false, 65535, CONFIG_NOWHERE), \
        CONFIG_TEXT("database", true, CONFIG_NOWHERE), CONFIG_TEXT("user", false, CONFIG_NOWHERE), \
        CONFIG_TEXT("password", false, CONFIG_NOWHERE), CONFIG_COUNT("connection_pool_size", false, 1e4, CONFIG_NOWHERE)

static const config_key config_sqlite_keys[] = {
    CONFIG_TEXT("path", true, CONFIG_PLACE(path)),
    CONFIG_COMMON_KEYS,
    CONFIG_SYNCHRONOUS,
    CONFIG_END,
};

static const config_key config_postgres_keys[] = {
    CONFIG_SERVER_KEYS,
    CONFIG_TEXT("ssl_mode", false, CONFIG_NOWHERE),
    CONFIG_SECONDS("connection_timeout", CONFIG_NOWHERE),
    CONFIG_COMMON_KEYS,
    CONFIG_END,
};

static const config_key config_mysql_keys[] = {
    CONFIG_SERVER_KEYS,
    CONFIG_TEXT("charset", false, CONFIG_NOWHERE),
    CONFIG_COMMON_KEYS,
    CONFIG_END,
};

/* A host's own driver: codedb's keys are checked, all others are the driver's. */
static const config_key config_other_keys[] = {
    CONFIG_TEXT("path", false, CONFIG_PLACE(path)),
    CONFIG_COMMON_KEYS,
    CONFIG_SYNCHRONOUS,
    CONFIG_END,
};

/* The older shape: {"type", "path", "worker": {...}}. There is always a worker thread, so `enabled` changes nothing. */
static const config_key config_old_worker_keys[] = {
    CONFIG_FLAG("enabled", CONFIG_NOWHERE),
    CONFIG_TEXT("log_path", false, CONFIG_PLACE(worker_log_path)),
    CONFIG_SECONDS("command_timeout", CONFIG_PLACE(command_timeout)),
    CONFIG_SECONDS("poll_interval", CONFIG_PLACE(poll_interval)),
    CONFIG_END,
};

static const config_key config_old_keys[] = {
    CONFIG_TEXT("type", true, CONFIG_PLACE(type)),
    CONFIG_TEXT("path", true, CONFIG_PLACE(path)),
    CONFIG_INNER("worker", config_old_worker_keys),
    CONFIG_COMMON_KEYS,
    CONFIG_SYNCHRONOUS,
    CONFIG_END,
};

static const struct {
    const char *type;
    const config_key *keys;
} config_types[] = {
    {"sqlite", config_sqlite_keys},
    {"sqlite_proxy", config_sqlite_keys},
    {"postgres", config_postgres_keys},
    {"mysql", config_mysql_keys},
};

/* ---- Errors -------------------------------------------------------------------------------------------------------- */

static codedb_code config_fail(config_reader *reader, const char *format, ...) CODEDB_PRINTF(2, 3);
static codedb_code config_fail(config_reader *reader, const char *format, ...)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    const char *place = reader->place.length > 0 ? reader->place.data : "configuration";
    codedb_buffer data;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (reader->place.failed)
        return codedb_fail_no_memory(reader->result);
    codedb_fail(reader->result, CODEDB_VALIDATION_ERROR, "%s: %s", place, message);
    codedb_buffer_init(&data, &reader->place.allocator);
    codedb_buffer_append_text(&data, "{\"errors\": [{\"field\": ");
    codedb_buffer_append_json(&data, place, strlen(place));
    codedb_buffer_append_text(&data, ", \"message\": ");
    codedb_buffer_append_json(&data, message, strlen(message));
    codedb_buffer_append_text(&data, "}]}");
    codedb_result_take_data(reader->result, &data);
    return CODEDB_VALIDATION_ERROR;
}

/* cJSON's strings end at a NUL, so that one in the text would cut a path silently. Each is read as U+FFFF instead, which is no character, and
 * then found. */
#define CONFIG_NUL "\xEF\xBF\xBF"

/* Goes one key down, giving what config_leave needs to come back. */
static size_t config_enter(config_reader *reader, const char *name)
{
    size_t length = reader->place.length;
    const char *nul;
    if (length > 0)
        codedb_buffer_append_byte(&reader->place, '.');
    while (reader->has_nul && (nul = strstr(name, CONFIG_NUL)) != NULL) {
        codedb_buffer_append(&reader->place, name, (size_t)(nul - name));
        codedb_buffer_append_text(&reader->place, "\\u0000");
        name = nul + strlen(CONFIG_NUL);
    }
    codedb_buffer_append_text(&reader->place, name);
    return length;
}

static void config_leave(config_reader *reader, size_t length)
{
    reader->place.length = length;
    if (reader->place.data != NULL)
        reader->place.data[length] = '\0';
}

/* What a value is, for "found ...": only its type, as a value may be a secret. */
static const char *config_describe(const cJSON *value)
{
    if (cJSON_IsString(value))
        return value->valuestring[0] == '\0' ? "an empty string" : "a string";
    if (cJSON_IsNumber(value))
        return "a number";
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value) ? "true" : "false";
    if (cJSON_IsNull(value))
        return "null";
    return cJSON_IsArray(value) ? "an array" : "an object";
}

#define CONFIG_MOST_KEYS 32

/* The keys' names joined for a message, and as a list for the nearest spelling. */
static void config_list(const config_key *keys, const char *names[CONFIG_MOST_KEYS], char *text, size_t size)
{
    size_t used = 0, count = 0;
    text[0] = '\0';
    for (; keys->name != NULL && count + 1 < CONFIG_MOST_KEYS; keys++) {
        int more = snprintf(text + used, size - used, "%s%s", count > 0 ? ", " : "", keys->name);
        used = more > 0 && (size_t)more < size - used ? used + (size_t)more : used;
        names[count++] = keys->name;
    }
    names[count] = NULL;
}

static codedb_code config_fail_unknown(config_reader *reader, const config_key *keys, const char *name)
{
    const char *names[CONFIG_MOST_KEYS];
    char list[300];
    const char *nearest;
    codedb_code code;
    size_t place = config_enter(reader, name);
    config_list(keys, names, list, sizeof list);
    nearest = codedb_text_nearest(name, strlen(name), names);
    if (nearest != NULL)
        code = config_fail(reader, "unknown key, did you mean \"%s\"? Known are %s", nearest, list);
    else
        code = config_fail(reader, "unknown key, expected one of %s", list);
    config_leave(reader, place);
    return code;
}

/* Says that a key is missing, and which of those that are there it may have been meant to be. */
static codedb_code config_fail_missing(config_reader *reader, const cJSON *object, const char *name)
{
    const char *names[CONFIG_MOST_KEYS];
    const char *nearest;
    const cJSON *child;
    codedb_code code;
    size_t count = 0;
    size_t place = config_enter(reader, name);
    cJSON_ArrayForEach(child, object)
    {
        if (count + 1 < CONFIG_MOST_KEYS)
            names[count++] = child->string;
    }
    names[count] = NULL;
    nearest = codedb_text_nearest(name, strlen(name), names);
    if (nearest != NULL)
        code = config_fail(reader, "missing key, found \"%.60s\" instead", nearest);
    else
        code = config_fail(reader, "missing key");
    config_leave(reader, place);
    return code;
}

/* ---- NULs ---------------------------------------------------------------------------------------------------------- */

/* The next escape \u0000 at or behind `at`, NULL when there is none. */
static const char *config_find_nul(const char *at)
{
    for (; (at = strchr(at, '\\')) != NULL && at[1] != '\0'; at += 2)
        if (strncmp(at + 1, "u0000", 5) == 0)
            return at;
    return NULL;
}

static bool config_text_has_nul(const config_reader *reader, const char *text)
{
    return reader->has_nul && text != NULL && strstr(text, CONFIG_NUL) != NULL;
}

static codedb_code config_fail_nul(config_reader *reader)
{
    return config_fail(reader, "found a string with a NUL (\\u0000), expected one without");
}

/* Looks through what only the driver reads, for keys as well as for strings. */
static codedb_code config_refuse_nuls(config_reader *reader, const cJSON *value)
{
    const cJSON *child;
    if (cJSON_IsString(value) && config_text_has_nul(reader, value->valuestring))
        return config_fail_nul(reader);
    cJSON_ArrayForEach(child, value)
    {
        size_t place = config_enter(reader, child->string != NULL ? child->string : "[]");
        codedb_code code =
            config_text_has_nul(reader, child->string) ? config_fail_nul(reader) : config_refuse_nuls(reader, child);
        config_leave(reader, place);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    return CODEDB_SUCCESS;
}

/* ---- Values -------------------------------------------------------------------------------------------------------- */

static void *config_target(config_reader *reader, const config_key *key)
{
    return (char *)reader->config + key->offset;
}

static codedb_code config_read_text(config_reader *reader, const config_key *key, const char *text)
{
    char *copy;
    if (key->offset == CONFIG_NOWHERE)
        return CODEDB_SUCCESS;
    copy = codedb_arena_copy(reader->config->arena, text, strlen(text));
    if (copy == NULL)
        return codedb_fail_no_memory(reader->result);
    memcpy(config_target(reader, key), &copy, sizeof copy);
    return CODEDB_SUCCESS;
}

static codedb_code config_read_number(config_reader *reader, const config_key *key, const cJSON *value)
{
    double number = value->valuedouble;
    bool whole = key->type == CONFIG_INTEGER;
    if (!(number >= key->least && number <= key->most) || (whole && (double)(int64_t)number != number))
        return config_fail(reader, "found %g, expected %s from %g to %.9g", number, whole ? "a whole number" : "a number",
                           key->least, key->most);
    if (key->offset != CONFIG_NOWHERE && whole)
        *(int64_t *)config_target(reader, key) = (int64_t)number;
    else if (key->offset != CONFIG_NOWHERE)
        *(double *)config_target(reader, key) = number;
    return CODEDB_SUCCESS;
}

static codedb_code config_read_choice(config_reader *reader, const config_key *key, const char *text)
{
    char list[200];
    size_t used = 0, i;
    for (i = 0; key->choices[i] != NULL; i++) {
        const char *choice = key->choices[i];
        if (codedb_text_equal_case(text, choice))
            return config_read_text(reader, key, choice);
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\"", i > 0 ? ", " : "", choice);
    }
    return config_fail(reader, "found \"%.40s\", expected one of %s", text, list);
}

static codedb_code config_read_object(config_reader *reader, const config_key *keys, const cJSON *object);

static codedb_code config_read_value(config_reader *reader, const config_key *key, const cJSON *value)
{
    static const char *const expected[] = {
        "a string that is not empty", "a number", "a number", "true or false", "a string", "an object"};
    bool fits = false;
    switch (key->type) {
    case CONFIG_STRING: fits = cJSON_IsString(value) && value->valuestring[0] != '\0'; break;
    case CONFIG_CHOICE: fits = cJSON_IsString(value); break;
    case CONFIG_NUMBER:
    case CONFIG_INTEGER: fits = cJSON_IsNumber(value); break;
    case CONFIG_BOOLEAN: fits = cJSON_IsBool(value); break;
    case CONFIG_OBJECT: fits = cJSON_IsObject(value); break;
    }
    if (cJSON_IsString(value) && config_text_has_nul(reader, value->valuestring))
        return config_fail_nul(reader);
    if (!fits)
        return config_fail(reader, "found %s, expected %s", config_describe(value), expected[key->type]);
    switch (key->type) {
    case CONFIG_STRING: return config_read_text(reader, key, value->valuestring);
    case CONFIG_CHOICE: return config_read_choice(reader, key, value->valuestring);
    case CONFIG_NUMBER:
    case CONFIG_INTEGER: return config_read_number(reader, key, value);
    case CONFIG_OBJECT: return config_read_object(reader, key->inner, value);
    case CONFIG_BOOLEAN: break;
    }
    if (key->offset != CONFIG_NOWHERE)
        *(bool *)config_target(reader, key) = cJSON_IsTrue(value) != 0;
    return CODEDB_SUCCESS;
}

static codedb_code config_read_key(config_reader *reader, const config_key *keys, const cJSON *object, const cJSON *child)
{
    const config_key *key = keys;
    codedb_code code = CODEDB_SUCCESS;
    size_t place;
    while (key->name != NULL && strcmp(key->name, child->string) != 0)
        key++;
    if (key->name == NULL && keys != config_other_keys)
        return config_fail_unknown(reader, keys, child->string);
    place = config_enter(reader, child->string);
    if (cJSON_GetObjectItemCaseSensitive(object, child->string) != child)
        code = config_fail(reader, "the key is there twice");
    else if (key->name != NULL)
        code = config_read_value(reader, key, child);
    else
        code = config_text_has_nul(reader, child->string) ? config_fail_nul(reader) : config_refuse_nuls(reader, child);
    config_leave(reader, place);
    return code;
}

/* Reads the keys of an object; those that are not in the table are an error unless it is the table of other drivers. */
static codedb_code config_read_object(config_reader *reader, const config_key *keys, const cJSON *object)
{
    const config_key *key;
    const cJSON *child;
    cJSON_ArrayForEach(child, object)
    {
        codedb_code code = config_read_key(reader, keys, object, child);
        if (code != CODEDB_SUCCESS)
            return code;
    }
    for (key = keys; key->name != NULL; key++)
        if (key->required && cJSON_GetObjectItemCaseSensitive(object, key->name) == NULL)
            return config_fail_missing(reader, object, key->name);
    return reader->place.failed ? codedb_fail_no_memory(reader->result) : CODEDB_SUCCESS;
}

/* ---- Shapes -------------------------------------------------------------------------------------------------------- */

/* Keeps the driver's object as text for the driver to read. */
static codedb_code config_keep_json(config_reader *reader, const cJSON *object)
{
    char *text;
    if (object == NULL)
        return CODEDB_SUCCESS;
    text = cJSON_PrintUnformatted(object);
    if (text == NULL)
        return codedb_fail_no_memory(reader->result);
    reader->config->driver_config = codedb_arena_copy(reader->config->arena, text, strlen(text));
    cJSON_free(text);
    return reader->config->driver_config != NULL ? CODEDB_SUCCESS : codedb_fail_no_memory(reader->result);
}

static const config_key *config_keys_of_type(const char *type)
{
    size_t i;
    for (i = 0; i < sizeof config_types / sizeof config_types[0]; i++)
        if (strcmp(config_types[i].type, type) == 0)
            return config_types[i].keys;
    return config_other_keys;
}

/* {"type": ..., "config": {...}} */
static codedb_code config_read_driver(config_reader *reader, const cJSON *driver)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(driver, "type");
    config_key keys[] = {
        CONFIG_TEXT("type", true, CONFIG_PLACE(type)),
        CONFIG_INNER("config", config_other_keys),
        CONFIG_END,
    };
    codedb_code code;
    if (cJSON_IsString(type))
        keys[1].inner = config_keys_of_type(type->valuestring);
    keys[1].required = keys[1].inner != config_other_keys;
    code = config_read_object(reader, keys, driver);
    if (code != CODEDB_SUCCESS)
        return code;
    return config_keep_json(reader, cJSON_GetObjectItemCaseSensitive(driver, "config"));
}

/* {"driver": {...}}, or the older {"type": ..., "path": ..., "worker": {...}} */
static codedb_code config_read_database(config_reader *reader, const cJSON *database)
{
    static const config_key keys[] = {CONFIG_INNER("driver", NULL), CONFIG_END};
    const cJSON *driver = cJSON_GetObjectItemCaseSensitive(database, "driver");
    const cJSON *child;
    size_t place;
    codedb_code code;
    if (driver == NULL && cJSON_GetObjectItemCaseSensitive(database, "type") != NULL) {
        code = config_read_object(reader, config_old_keys, database);
        return code == CODEDB_SUCCESS ? config_keep_json(reader, database) : code;
    }
    if (driver == NULL)
        return config_fail_missing(reader, database, "driver");
    cJSON_ArrayForEach(child, database)
    {
        if (strcmp(child->string, "driver") != 0)
            return config_fail_unknown(reader, keys, child->string);
    }
    place = config_enter(reader, "driver");
    if (cJSON_IsObject(driver))
        code = config_read_driver(reader, driver);
    else
        code = config_fail(reader, "found %s, expected an object", config_describe(driver));
    config_leave(reader, place);
    return code;
}

/* Finds the shape by the outermost key that is there, and says what is missing when there is none. */
static codedb_code config_read_root(config_reader *reader, const cJSON *root)
{
    static const char *const outer[] = {"code_analysis", "database", NULL};
    const cJSON *object = root;
    size_t start = reader->place.length;
    codedb_code code;
    int i;
    for (i = 0; outer[i] != NULL; i++) {
        const cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, outer[i]);
        if (inner == NULL && i == 0)
            continue;
        if (inner == NULL)
            break;
        config_enter(reader, outer[i]);
        if (!cJSON_IsObject(inner))
            return config_fail(reader, "found %s, expected an object", config_describe(inner));
        object = inner;
    }
    if (outer[i] == NULL)
        code = config_read_database(reader, object);
    else if (object != root)
        code = config_fail_missing(reader, object, "database");
    else if (cJSON_GetObjectItemCaseSensitive(root, "driver") != NULL)
        code = config_read_database(reader, root);
    else if (cJSON_GetObjectItemCaseSensitive(root, "type") != NULL)
        code = cJSON_GetObjectItemCaseSensitive(root, "path") != NULL ? config_read_database(reader, root)
                                                                      : config_read_driver(reader, root);
    else
        code = config_fail_missing(reader, root, "code_analysis");
    config_leave(reader, start);
    return code;
}

/* ---- Text, file, path ---------------------------------------------------------------------------------------------- */

static codedb_code config_parse_json(config_reader *reader, const char *text, size_t length)
{
    const char *stopped = text;
    size_t line, column;
    cJSON *root = cJSON_ParseWithOpts(text, &stopped, 1);
    codedb_code code;
    if (root == NULL || (size_t)(stopped - text) != length) {
        size_t offset = stopped >= text && (size_t)(stopped - text) <= length ? (size_t)(stopped - text) : length;
        cJSON_Delete(root);
        codedb_text_place(text, offset, &line, &column);
        return config_fail(reader, "not JSON at line %zu, column %zu", line, column);
    }
    if (cJSON_IsObject(root))
        code = config_read_root(reader, root);
    else
        code = config_fail(reader, "found %s, expected an object", config_describe(root));
    cJSON_Delete(root);
    return code;
}

static codedb_code config_read_json(config_reader *reader, const char *text, size_t length)
{
    const char *nul;
    codedb_buffer copy;
    codedb_code code;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    nul = config_find_nul(text);
    if (nul == NULL)
        return config_parse_json(reader, text, length);
    reader->has_nul = true;
    codedb_buffer_init(&copy, &reader->place.allocator);
    codedb_buffer_append(&copy, text, length);
    if (copy.failed)
        return codedb_fail_no_memory(reader->result);
    for (; nul != NULL; nul = config_find_nul(nul + 6))
        memset(copy.data + (nul - text) + 2, 'F', 4);
    code = config_parse_json(reader, copy.data, length);
    codedb_buffer_free(&copy);
    return code;
}

static codedb_code config_fail_file(config_reader *reader, const char *path, int error)
{
    codedb_code code = error == ENOENT || error == ENOTDIR ? CODEDB_NOT_FOUND : CODEDB_PERMISSION_DENIED;
    char reason[100];
    codedb_text_system_error(error, reason, sizeof reason);
    return codedb_fail(reader->result, code, "configuration file %s: %s", path, reason);
}

static codedb_code config_read_file(config_reader *reader, const char *path)
{
    codedb_buffer text;
    codedb_code code = CODEDB_SUCCESS;
    FILE *file = fopen(path, "rbe");
    codedb_buffer_init(&text, &reader->place.allocator);
    if (file == NULL)
        return config_fail_file(reader, path, errno);
    while (codedb_buffer_reserve(&text, 4096)) {
        size_t more = fread(text.data + text.length, 1, text.capacity - text.length, file);
        text.length += more;
        text.data[text.length] = '\0';
        if (more == 0 || text.length > CONFIG_FILE_LIMIT)
            break;
    }
    if (text.failed)
        code = codedb_fail_no_memory(reader->result);
    else if (ferror(file))
        code = config_fail_file(reader, path, errno);
    else if (text.length > CONFIG_FILE_LIMIT)
        code = codedb_fail(reader->result, CODEDB_VALIDATION_ERROR, "configuration file %s: more than %zu bytes", path,
                           CONFIG_FILE_LIMIT);
    else
        code = config_read_json(reader, text.data, text.length);
    fclose(file);
    codedb_buffer_free(&text);
    return code;
}

static codedb_code config_read_path(config_reader *reader, const char *path)
{
    reader->config->type = "sqlite";
    reader->config->path = codedb_arena_copy(reader->config->arena, path, strlen(path));
    return reader->config->path != NULL ? CODEDB_SUCCESS : codedb_fail_no_memory(reader->result);
}

static bool config_is_file(const char *text)
{
    size_t length = strlen(text);
    return length > 5 && strcmp(text + length - 5, ".json") == 0;
}

CODEDB_PRIVATE codedb_code codedb_config_read(codedb_config *config, const char *text, const codedb_allocator *allocator,
                                              codedb_result *result)
{
    config_reader reader = {config, result, {.data = NULL}, false};
    const char *start = text + strspn(text, " \t\r\n");
    codedb_code code;
    memset(config, 0, sizeof *config);
    if (*start == '\0')
        return codedb_fail(
            result, CODEDB_VALIDATION_ERROR,
            "the configuration is empty, expected JSON, the path of a .json file or of a database, or \":memory:\"");
    config->arena = codedb_arena_create(allocator);
    if (config->arena == NULL)
        return codedb_fail_no_memory(result);
    codedb_buffer_init(&reader.place, allocator);
    if (*start == '{')
        code = config_read_json(&reader, start, strlen(start));
    else if (config_is_file(text))
        code = config_read_file(&reader, text);
    else
        code = config_read_path(&reader, text);
    codedb_buffer_free(&reader.place);
    if (code != CODEDB_SUCCESS)
        codedb_config_free(config);
    return code;
}

CODEDB_PRIVATE void codedb_config_free(codedb_config *config)
{
    codedb_arena_destroy(config->arena);
    memset(config, 0, sizeof *config);
}
