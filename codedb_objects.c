/* codedb_objects.c -- the engine: struct <-> row, and the typed entry points over it.
 *
 * Called by the host in any thread; calls codedb_table_* and codedb_batch_* and never a connection. One engine serves all 21
 * kinds: it reads their descriptions (codedb_tables.c) and knows none by name, but for two rules that columns cannot say: a
 * file's default dataset, and a project's id file.
 *
 * Invariants:
 * 1. A struct of the host is written only after the database has said yes.
 * 2. Column names that go to the driver are the pointers of the descriptions.
 * 3. All that an answer points to lies in one arena, whose root the host frees.
 *
 * Contents: values of fields, complaints, checks, rows of objects, objects of rows, operations, files, trees, typed functions. */
#include "codedb_driver.h"
#include "codedb_objects.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX_FIELDS 32
#define OBJECTS_PROJECT_ID_FILE_SIZE 4096

CODEDB_PRIVATE const codedb_allocator *codedb_object_allocator(const codedb *db)
{
    return codedb_driver_allocator(db->thread);
}

CODEDB_PRIVATE uint64_t codedb_object_columns(codedb *db, codedb_kind kind)
{
    const codedb_schema *schema = codedb_schema_of(db);
    return schema->known ? schema->columns[kind] : UINT64_MAX;
}

CODEDB_PRIVATE bool codedb_object_has_table(codedb *db, codedb_kind kind)
{
    return codedb_object_columns(db, kind) != 0;
}

/* ---- values of fields --------------------------------------------------------------------------------------------- */

/* Every struct begins like this. */
typedef struct objects_head {
    size_t struct_size;
    uint64_t present;
    uint64_t nulls;
} objects_head;

static size_t objects_field_size(const codedb_field *field)
{
    switch (field->type) {
    case CODEDB_FIELD_KEY: return CODEDB_KEY_SIZE;
    case CODEDB_FIELD_BOOLEAN: return sizeof(int);
    case CODEDB_FIELD_LONG_TEXT: return sizeof(char *) + sizeof(size_t);
    default: return 8;
    }
}

/* Does a struct of this size, of an older or newer codedb.h, have the field? */
static bool objects_struct_has(const codedb_field *field, size_t struct_size)
{
    return field->offset + objects_field_size(field) <= struct_size;
}

/* A length of 0 stands for "up to the NUL". */
static codedb_value objects_long_text(const char *text, size_t length)
{
    return text != NULL && length > 0 ? codedb_value_text_of_length(text, length) : codedb_value_text(text);
}

/* The field's value, whatever the bits say. An empty KEY is NULL. */
static codedb_value objects_field_value(const void *object, const codedb_field *field)
{
    const char *member = (const char *)object + field->offset;
    codedb_value value = {.type = CODEDB_VALUE_NULL};
    switch (field->type) {
    case CODEDB_FIELD_TEXT: return codedb_value_text(*(const char *const *)(const void *)member);
    case CODEDB_FIELD_LONG_TEXT:
        return objects_long_text(*(const char *const *)(const void *)member,
                                 *(const size_t *)(const void *)((const char *)object + field->length_offset));
    case CODEDB_FIELD_KEY:
        return member[0] == '\0' ? value : codedb_value_text_of_length(member, strnlen(member, CODEDB_KEY_SIZE));
    case CODEDB_FIELD_INTEGER: return codedb_value_integer(*(const int64_t *)(const void *)member);
    case CODEDB_FIELD_REAL: return codedb_value_real(*(const double *)(const void *)member);
    case CODEDB_FIELD_BOOLEAN:
        value.type = CODEDB_VALUE_BOOLEAN;
        value.as.integer = *(const int *)(const void *)member;
        return value;
    }
    return value;
}

static bool objects_is_zero(const codedb_value *value)
{
    switch (value->type) {
    case CODEDB_VALUE_NULL: return true;
    case CODEDB_VALUE_REAL: return !(value->as.real < 0.0 || value->as.real > 0.0) && !isnan(value->as.real);
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: return value->as.integer == 0;
    default: return false;
    }
}

/* ---- complaints: all that is wrong with an object, as one error --------------------------------------------------- */

typedef struct objects_complaints {
    const codedb_description *description;
    codedb_buffer json;
    size_t count;
    char first[CODEDB_DESCRIPTION_SIZE];
} objects_complaints;

static void objects_complaints_init(objects_complaints *complaints, codedb *db, codedb_kind kind)
{
    complaints->description = codedb_description_of(kind);
    complaints->count = 0;
    codedb_buffer_init(&complaints->json, codedb_object_allocator(db));
}

CODEDB_PRINTF(3, 4)
static void objects_complain(objects_complaints *complaints, const codedb_field *field, const char *format, ...)
{
    char message[CODEDB_DESCRIPTION_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (complaints->count++ == 0) {
        snprintf(complaints->first, sizeof complaints->first, "%s.%s: %.400s", complaints->description->object, field->name,
                 message);
    }
    codedb_buffer_append_text(&complaints->json, complaints->count == 1 ? "{\"errors\": [{\"field\": " : ", {\"field\": ");
    codedb_buffer_append_json(&complaints->json, field->name, strlen(field->name));
    codedb_buffer_append_text(&complaints->json, ", \"message\": ");
    codedb_buffer_append_json(&complaints->json, message, strlen(message));
    codedb_buffer_append_byte(&complaints->json, '}');
}

/* Frees the complaints, and answers the error that they make: SUCCESS when there is none. */
static codedb_code objects_complaints_end(objects_complaints *complaints, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    if (complaints->count > 0) {
        codedb_buffer_append_text(&complaints->json, "]}");
        if (complaints->count == 1)
            code = codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s", complaints->first);
        else
            code = codedb_fail(result, CODEDB_VALIDATION_ERROR, "%s (and %zu more)", complaints->first, complaints->count - 1);
        codedb_result_take_data(result, &complaints->json);
    }
    codedb_buffer_free(&complaints->json);
    return code;
}

/* ---- checks ------------------------------------------------------------------------------------------------------- */

static const char *objects_type_name(const codedb_field *field)
{
    switch (field->type) {
    case CODEDB_FIELD_INTEGER: return "an integer";
    case CODEDB_FIELD_REAL: return "a number";
    case CODEDB_FIELD_BOOLEAN: return "0 or 1";
    default: return "a text";
    }
}

static void objects_check_words(objects_complaints *complaints, const codedb_field *field, const codedb_value *value)
{
    char expected[200] = "";
    for (size_t i = 0; field->words[i] != NULL; i++) {
        if (strcmp(value->as.text, field->words[i]) == 0)
            return;
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s%s", i == 0 ? "" : ", ", field->words[i]);
    }
    objects_complain(complaints, field, "found \"%.60s\", expected one of: %s", value->as.text, expected);
}

static void objects_check_json(objects_complaints *complaints, const codedb_field *field, const codedb_value *value)
{
    size_t offset;
    if (codedb_json_is_valid(value->as.text, value->length, &offset))
        return;
    if (offset == value->length) {
        objects_complain(complaints, field, "found the end of the text at byte %zu, expected more JSON", offset);
    } else {
        objects_complain(complaints, field, "found byte 0x%02X at byte %zu, expected JSON",
                         (unsigned)(unsigned char)value->as.text[offset], offset);
    }
}

static void objects_check_text(objects_complaints *complaints, const codedb_field *field, const codedb_value *value)
{
    size_t valid = codedb_utf8_valid_length(value->as.text, value->length);
    if (valid < value->length) {
        objects_complain(complaints, field, "found byte 0x%02X at byte %zu, expected UTF-8",
                         (unsigned)(unsigned char)value->as.text[valid], valid);
    } else if (field->type == CODEDB_FIELD_KEY && value->length == CODEDB_KEY_SIZE) {
        objects_complain(complaints, field, "found no NUL in %d bytes, expected a text that ends", CODEDB_KEY_SIZE);
    } else if (field->check == CODEDB_CHECK_JSON) {
        objects_check_json(complaints, field, value);
    } else if (field->check == CODEDB_CHECK_WORDS) {
        objects_check_words(complaints, field, value);
    } else if ((field->check == CODEDB_CHECK_ABSOLUTE_PATH || field->check == CODEDB_CHECK_NORMAL_PATH) &&
               value->as.text[0] != '/') {
        objects_complain(complaints, field, "found \"%.200s\", expected an absolute path", value->as.text);
    }
}

static void objects_check_number(objects_complaints *complaints, const codedb_field *field, const codedb_value *value)
{
    int64_t integer = value->type == CODEDB_VALUE_REAL ? 0 : value->as.integer;
    if (value->type == CODEDB_VALUE_REAL && isnan(value->as.real))
        objects_complain(complaints, field, "found not-a-number, expected a number");
    else if (value->type == CODEDB_VALUE_BOOLEAN && integer != 0 && integer != 1)
        objects_complain(complaints, field, "found %lld, expected 0 or 1", (long long)integer);
    else if (field->check == CODEDB_CHECK_UNIT && (value->as.real < 0.0 || value->as.real > 1.0))
        objects_complain(complaints, field, "found %g, expected 0.0 to 1.0", value->as.real);
    else if (field->check == CODEDB_CHECK_LINE && integer < 0)
        objects_complain(complaints, field, "found %lld, expected a line number", (long long)integer);
    else if (field->check == CODEDB_CHECK_POSITIVE && integer <= 0)
        objects_complain(complaints, field, "found %lld, expected a positive number", (long long)integer);
}

static void objects_check(objects_complaints *complaints, const codedb_field *field, const codedb_value *value)
{
    if (value->type == CODEDB_VALUE_NULL) {
        if (field->required)
            objects_complain(complaints, field, "found NULL, expected %s", objects_type_name(field));
    } else if (value->type == CODEDB_VALUE_TEXT) {
        objects_check_text(complaints, field, value);
    } else {
        objects_check_number(complaints, field, value);
    }
}

/* ---- rows of objects ---------------------------------------------------------------------------------------------- */

/* A row in the making, and what codedb has made for it. */
typedef struct objects_row {
    codedb *db;
    codedb_kind kind;
    const codedb_description *description;
    const void *object;
    size_t struct_size;
    codedb_column columns[OBJECTS_MAX_FIELDS];
    size_t count;
    double now;
    const codedb_field *made; /* the KEY field that was made, or NULL: no kind has two */
    char key[CODEDB_KEY_SIZE];
    char *normal_path;
    const char *remark; /* what the caller should hear although all went well, or NULL */
} objects_row;

static void objects_row_init(objects_row *row, codedb *db, codedb_kind kind, const void *object)
{
    row->db = db;
    row->kind = kind;
    row->description = codedb_description_of(kind);
    row->object = object;
    row->struct_size = ((const objects_head *)object)->struct_size;
    row->count = 0;
    row->now = codedb_julian_day_now();
    row->made = NULL;
    row->normal_path = NULL;
    row->remark = NULL;
}

static void objects_row_free(objects_row *row)
{
    if (row->normal_path != NULL)
        codedb_memory_release(codedb_object_allocator(row->db), row->normal_path);
}

static uint64_t objects_bit(const codedb_description *description, const codedb_field *field)
{
    return UINT64_C(1) << (size_t)(field - description->fields);
}

static bool objects_row_has_bit(const objects_row *row, const codedb_field *field, bool nulls)
{
    const objects_head *head = row->object;
    return ((nulls ? head->nulls : head->present) & objects_bit(row->description, field)) != 0;
}

/* Resolves "//", "/./" and "/../" and drops a slash at the end, by the letters alone: what it names may not be there. */
static void objects_normalize_path(char *path)
{
    size_t written = 0;
    for (const char *rest = path; *rest != '\0';) {
        const char *part = rest + 1;
        size_t length = strcspn(part, "/");
        rest = part + length;
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            while (written > 0 && path[--written] != '/') {
            }
        } else if (length > 0 && !(length == 1 && part[0] == '.')) {
            path[written] = '/';
            memmove(path + written + 1, part, length);
            written += length + 1;
        }
    }
    if (written == 0)
        path[written++] = '/';
    path[written] = '\0';
}

/* Adds a value to the row, unless the database has no such column. False without memory. */
static bool objects_row_add(objects_row *row, const codedb_field *field, codedb_value value)
{
    if ((codedb_object_columns(row->db, row->kind) & objects_bit(row->description, field)) == 0)
        return true;
    if (field->check == CODEDB_CHECK_NORMAL_PATH && value.type == CODEDB_VALUE_TEXT && value.as.text[0] == '/') {
        row->normal_path = codedb_memory_allocate(codedb_object_allocator(row->db), value.length + 1, 1);
        if (row->normal_path == NULL)
            return false;
        memcpy(row->normal_path, value.as.text, value.length);
        row->normal_path[value.length] = '\0';
        objects_normalize_path(row->normal_path);
        value = codedb_value_text(row->normal_path);
    }
    row->columns[row->count].name = field->name;
    row->columns[row->count].value = value;
    row->count++;
    return true;
}

/* Reads a UUID in lower case; false when `text` holds something else, white space around it aside. */
static bool objects_read_uuid(const char *text, size_t length, char uuid[CODEDB_KEY_SIZE])
{
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t\r\n", text[0]) != NULL) {
        text++;
        length--;
    }
    if (length != CODEDB_UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char byte = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (dash ? byte != '-' : byte == '\0' || strchr("0123456789abcdef", byte) == NULL)
            return false;
        uuid[i] = byte;
    }
    uuid[length] = '\0';
    return uuid[14] == '4' && strchr("89ab", uuid[19]) != NULL;
}

/* The id that the file `projectid` in the project's root holds. */
static bool objects_read_project_id(objects_row *row, char uuid[CODEDB_KEY_SIZE])
{
    char text[OBJECTS_PROJECT_ID_FILE_SIZE];
    const codedb_project *project = row->object;
    int length = project->root_path == NULL ? -1 : snprintf(text, sizeof text, "%s/projectid", project->root_path);
    FILE *file = length < 0 || (size_t)length >= sizeof text ? NULL : fopen(text, "rb");
    if (file == NULL)
        return false;
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    bool found = objects_read_uuid(text, size, uuid);
    if (!found) {
        size_t id_length;
        const char *id = codedb_json_text_member(text, size, "id", &id_length);
        found = id != NULL && objects_read_uuid(id, id_length, uuid);
    }
    if (!found)
        row->remark = "the file projectid in the project's root holds no UUID of version 4; a new id was made";
    return found;
}

static codedb_code objects_make_key(objects_row *row, const codedb_field *field, codedb_result *result)
{
    if (field->source == CODEDB_SOURCE_HASH) {
        codedb_value text = objects_field_value(row->object, field - 1);
        if (text.type != CODEDB_VALUE_TEXT)
            return CODEDB_SUCCESS;
        codedb_sha256_hex(text.as.text, text.length, row->key);
    } else if (field->source != CODEDB_SOURCE_PROJECT_ID || !objects_read_project_id(row, row->key)) {
        if (!codedb_uuid4(row->key)) {
            return codedb_fail(result, CODEDB_INTERNAL_ERROR, "the system gives no random bytes for %s.%s",
                               row->description->object, field->name);
        }
    }
    row->made = field;
    return CODEDB_SUCCESS;
}

static bool objects_struct_fits(const codedb_description *description, const void *object, codedb_result *result)
{
    size_t size = ((const objects_head *)object)->struct_size;
    const codedb_field *key = &description->fields[description->key];
    if (size >= sizeof(objects_head) && objects_struct_has(key, size))
        return true;
    codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_%s.struct_size: found %zu, expected %zu", description->object, size,
                description->struct_size);
    return false;
}

/* Is the field given, for an insert? Then *value is what it shall be. */
static bool objects_is_given(const objects_row *row, const codedb_field *field, codedb_value *value)
{
    static const codedb_value null = {.type = CODEDB_VALUE_NULL};
    *value = null;
    if (!objects_struct_has(field, row->struct_size))
        return false;
    if (objects_row_has_bit(row, field, true))
        return true;
    *value = objects_field_value(row->object, field);
    bool is_number = field->type == CODEDB_FIELD_INTEGER || field->type == CODEDB_FIELD_REAL;
    bool zero_counts = is_number && field->required && field->source == CODEDB_SOURCE_CALLER && field->references == NULL &&
                       field->default_value == NULL;
    return zero_counts || objects_row_has_bit(row, field, false) || !objects_is_zero(value);
}

/* Adds what codedb makes for a field that is not given. */
static codedb_code objects_row_make(objects_row *row, const codedb_field *field, objects_complaints *complaints,
                                    codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    bool added = true;
    switch (field->source) {
    case CODEDB_SOURCE_UUID:
    case CODEDB_SOURCE_PROJECT_ID:
    case CODEDB_SOURCE_HASH:
        code = objects_make_key(row, field, result);
        /* Without a text there is no hash: the text's own complaint is enough. */
        added = row->made != field || objects_row_add(row, field, codedb_value_text(row->key));
        break;
    case CODEDB_SOURCE_CREATED:
    case CODEDB_SOURCE_UPDATED: added = objects_row_add(row, field, codedb_value_real(row->now)); break;
    case CODEDB_SOURCE_CALLER:
        if (field->required && field->default_value == NULL)
            objects_complain(complaints, field, "found nothing, expected %s", objects_type_name(field));
        break;
    case CODEDB_SOURCE_DATABASE: break;
    }
    return added ? code : codedb_fail_no_memory(result);
}

/* The value that replaces a field's in a batch, or NULL. */
static const codedb_value *objects_override(const codedb_field *field, const codedb_column *row_ids, size_t row_id_count)
{
    for (size_t i = 0; i < row_id_count; i++)
        if (strcmp(row_ids[i].name, field->name) == 0)
            return &row_ids[i].value;
    return NULL;
}

static codedb_code objects_row_for_insert(objects_row *row, const codedb_column *row_ids, size_t row_id_count,
                                          codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    objects_complaints complaints;
    objects_complaints_init(&complaints, row->db, row->kind);
    for (size_t i = 0; i < row->description->field_count && code == CODEDB_SUCCESS; i++) {
        const codedb_field *field = &row->description->fields[i];
        const codedb_value *override = objects_override(field, row_ids, row_id_count);
        codedb_value value;
        if (override != NULL) {
            objects_row_add(row, field, *override);
        } else if (objects_is_given(row, field, &value)) {
            objects_check(&complaints, field, &value);
            code = objects_row_add(row, field, value) ? CODEDB_SUCCESS : codedb_fail_no_memory(result);
        } else {
            code = objects_row_make(row, field, &complaints, result);
        }
    }
    if (code == CODEDB_SUCCESS)
        code = objects_complaints_end(&complaints, result);
    codedb_buffer_free(&complaints.json);
    return code;
}

/* Adds a present field to an update, and the hash that follows from it. */
static bool objects_row_update_field(objects_row *row, const codedb_field *field, objects_complaints *complaints)
{
    codedb_value value = objects_field_value(row->object, field);
    if (objects_row_has_bit(row, field, true))
        value.type = CODEDB_VALUE_NULL;
    objects_check(complaints, field, &value);
    if (!objects_row_add(row, field, value))
        return false;
    const codedb_field *next = field + 1;
    bool has_hash = next < row->description->fields + row->description->field_count && next->source == CODEDB_SOURCE_HASH;
    if (has_hash && value.type == CODEDB_VALUE_TEXT && !objects_row_has_bit(row, next, false)) {
        codedb_sha256_hex(value.as.text, value.length, row->key);
        return objects_row_add(row, next, codedb_value_text(row->key));
    }
    return true;
}

static codedb_code objects_row_for_update(objects_row *row, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    objects_complaints complaints;
    size_t present = 0;
    objects_complaints_init(&complaints, row->db, row->kind);
    for (size_t i = 0; i < row->description->field_count && code == CODEDB_SUCCESS; i++) {
        const codedb_field *field = &row->description->fields[i];
        bool is_key = i == row->description->key || field->source == CODEDB_SOURCE_DATABASE;
        bool added = true;
        if (!is_key && objects_struct_has(field, row->struct_size) && objects_row_has_bit(row, field, false)) {
            present++;
            added = objects_row_update_field(row, field, &complaints);
        } else if (field->source == CODEDB_SOURCE_UPDATED) {
            added = objects_row_add(row, field, codedb_value_real(row->now));
        }
        code = added ? CODEDB_SUCCESS : codedb_fail_no_memory(result);
    }
    if (code == CODEDB_SUCCESS && present == 0) {
        code = codedb_fail(result, CODEDB_VALIDATION_ERROR,
                           "codedb_%s.present: found no field to update besides the id, expected one", row->description->object);
    }
    if (code == CODEDB_SUCCESS)
        code = objects_complaints_end(&complaints, result);
    codedb_buffer_free(&complaints.json);
    return code;
}

/* Invariant 1: the insert has happened; the host's struct learns what was made. */
static void objects_write_back(const objects_row *row, void *object, int64_t row_id)
{
    objects_head *head = object;
    for (size_t i = 0; i < row->count; i++) {
        for (size_t j = 0; j < row->description->field_count; j++) {
            const codedb_field *field = &row->description->fields[j];
            if (field->name != row->columns[i].name || !objects_struct_has(field, row->struct_size))
                continue;
            char *member = (char *)object + field->offset;
            head->present |= objects_bit(row->description, field);
            if (field == row->made)
                memcpy(member, row->key, CODEDB_KEY_SIZE);
            else if (field->source == CODEDB_SOURCE_CREATED || field->source == CODEDB_SOURCE_UPDATED)
                *(double *)(void *)member = row->columns[i].value.as.real;
        }
    }
    const codedb_field *first = &row->description->fields[0];
    if (first->source == CODEDB_SOURCE_DATABASE && (codedb_object_columns(row->db, row->kind) & 1) != 0) {
        head->present |= 1;
        *(int64_t *)(void *)((char *)object + first->offset) = row_id;
    }
}

/* ---- objects of rows ---------------------------------------------------------------------------------------------- */

static int64_t objects_to_integer(const codedb_value *value)
{
    switch (value->type) {
    case CODEDB_VALUE_REAL:
        /* What does not fit has no integer that would be right. */
        return value->as.real >= -9.2e18 && value->as.real <= 9.2e18 ? (int64_t)value->as.real : 0;
    case CODEDB_VALUE_TEXT: return strtoll(value->as.text, NULL, 10);
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: return value->as.integer;
    default: return 0;
    }
}

static double objects_to_real(const codedb_value *value)
{
    switch (value->type) {
    case CODEDB_VALUE_REAL: return value->as.real;
    case CODEDB_VALUE_TEXT: return strtod(value->as.text, NULL);
    case CODEDB_VALUE_INTEGER:
    case CODEDB_VALUE_BOOLEAN: return (double)value->as.integer;
    default: return 0.0;
    }
}

/* SQLite keeps any type in any column, and other programs write to the file: numbers are read as texts, too. */
static const char *objects_to_text(codedb_arena *arena, const codedb_value *value, size_t *length)
{
    const char *text;
    switch (value->type) {
    case CODEDB_VALUE_TEXT:
    case CODEDB_VALUE_BLOB: *length = value->length; return codedb_arena_copy(arena, value->as.text, value->length);
    case CODEDB_VALUE_REAL: text = codedb_arena_printf(arena, "%.17g", value->as.real); break;
    default: text = codedb_arena_printf(arena, "%lld", (long long)value->as.integer); break;
    }
    *length = text == NULL ? 0 : strlen(text);
    return text;
}

static codedb_code objects_read_key(const codedb_field *field, const codedb_value *value, char *member, codedb_result *result)
{
    if (value->type != CODEDB_VALUE_TEXT || value->length >= CODEDB_KEY_SIZE) {
        return codedb_fail(result, CODEDB_DATABASE_ERROR,
                           "%s: found a value of %zu bytes in the database, expected a text of at most %d", field->name,
                           value->length, CODEDB_KEY_SIZE - 1);
    }
    memcpy(member, value->as.text, value->length);
    member[value->length] = '\0';
    return CODEDB_SUCCESS;
}

static codedb_code objects_read_field(codedb_arena *arena, const codedb_field *field, const codedb_value *value, void *object,
                                      codedb_result *result)
{
    char *member = (char *)object + field->offset;
    size_t length;
    switch (field->type) {
    case CODEDB_FIELD_TEXT:
    case CODEDB_FIELD_LONG_TEXT: {
        const char *text = objects_to_text(arena, value, &length);
        *(const char **)(void *)member = text;
        if (field->type == CODEDB_FIELD_LONG_TEXT)
            *(size_t *)(void *)((char *)object + field->length_offset) = length;
        return text == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
    }
    case CODEDB_FIELD_KEY: return objects_read_key(field, value, member, result);
    case CODEDB_FIELD_INTEGER: *(int64_t *)(void *)member = objects_to_integer(value); return CODEDB_SUCCESS;
    case CODEDB_FIELD_REAL: *(double *)(void *)member = objects_to_real(value); return CODEDB_SUCCESS;
    case CODEDB_FIELD_BOOLEAN: *(int *)(void *)member = objects_to_integer(value) != 0; return CODEDB_SUCCESS;
    }
    return CODEDB_SUCCESS;
}

/* The kind's field of a column's name, or NULL. */
static const codedb_field *objects_find_field(const codedb_description *description, const char *name)
{
    for (size_t i = 0; i < description->field_count; i++)
        if (strcmp(description->fields[i].name, name) == 0)
            return &description->fields[i];
    return NULL;
}

static codedb_code objects_read_row(codedb_arena *arena, const codedb_description *description, const codedb_field *const *fields,
                                    const codedb_value *values, size_t column_count, void *object, codedb_result *result)
{
    codedb_code code = CODEDB_SUCCESS;
    objects_head *head = object;
    head->struct_size = description->struct_size;
    for (size_t i = 0; i < column_count && code == CODEDB_SUCCESS; i++) {
        if (fields[i] == NULL)
            continue;
        head->present |= objects_bit(description, fields[i]);
        if (values[i].type == CODEDB_VALUE_NULL)
            head->nulls |= objects_bit(description, fields[i]);
        else
            code = objects_read_field(arena, fields[i], &values[i], object, result);
    }
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_load(codedb_arena *arena, codedb_kind kind, const codedb_rows *rows, void *const **items,
                                              codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    const codedb_field **fields = codedb_arena_allocate(arena, rows->column_count, sizeof *fields);
    void **pointers = codedb_arena_allocate(arena, rows->row_count, sizeof *pointers);
    char *objects = codedb_arena_allocate(arena, rows->row_count, description->struct_size);
    codedb_code code = CODEDB_SUCCESS;
    *items = NULL;
    if (fields == NULL || pointers == NULL || objects == NULL)
        return codedb_fail_no_memory(result);
    for (size_t i = 0; i < rows->column_count; i++)
        fields[i] = objects_find_field(description, rows->column_names[i]);
    for (size_t i = 0; i < rows->row_count && code == CODEDB_SUCCESS; i++) {
        pointers[i] = objects + i * description->struct_size;
        code = objects_read_row(arena, description, fields, rows->values + i * rows->column_count, rows->column_count,
                                pointers[i], result);
    }
    *items = pointers;
    return code;
}

/* All lists look like this one; their items are read as pointers to the kind's struct. */
typedef struct objects_list {
    size_t count;
    void *const *items;
} objects_list;

CODEDB_PRIVATE codedb_code codedb_object_list_from_rows(codedb *db, codedb_kind kind, const codedb_rows *rows, void **list,
                                                        codedb_result *result)
{
    codedb_arena *arena = codedb_arena_create(codedb_object_allocator(db));
    objects_list *made = arena == NULL ? NULL : codedb_arena_allocate_root(arena, 1, sizeof *made);
    codedb_code code = made == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
    *list = NULL;
    if (code == CODEDB_SUCCESS) {
        made->count = rows->row_count;
        code = codedb_object_load(arena, kind, rows, &made->items, result);
    }
    if (code == CODEDB_SUCCESS)
        *list = made;
    else
        codedb_arena_destroy(arena);
    return code;
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

static codedb_code objects_check_arguments(codedb *db, const void *argument, const char *name, codedb_result *result)
{
    if (db == NULL || argument == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s: found NULL, expected a pointer", db == NULL ? "db" : name);
    return CODEDB_SUCCESS;
}

static codedb_code objects_check_key(codedb_kind kind, const codedb_value *key, codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    if (key->type == CODEDB_VALUE_NULL) {
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "%s.%s: found NULL, expected an id", description->object,
                           description->fields[description->key].name);
    }
    return CODEDB_SUCCESS;
}

static codedb_code objects_check_table(codedb *db, codedb_kind kind, codedb_result *result)
{
    if (codedb_object_has_table(db, kind))
        return CODEDB_SUCCESS;
    return codedb_fail(result, CODEDB_SCHEMA_ERROR, "the database has no table \"%s\"", codedb_description_of(kind)->table);
}

static codedb_code objects_fail_not_found(codedb_kind kind, const codedb_value *key, codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    const char *name = description->fields[description->key].name;
    if (key->type == CODEDB_VALUE_TEXT)
        return codedb_fail(result, CODEDB_NOT_FOUND, "no %s has the %s \"%.200s\"", description->object, name, key->as.text);
    return codedb_fail(result, CODEDB_NOT_FOUND, "no %s has the %s %lld", description->object, name, (long long)key->as.integer);
}

CODEDB_PRIVATE codedb_code codedb_object_create(codedb *db, codedb_kind kind, void *object, codedb_result *result)
{
    objects_row row;
    int64_t row_id = 0;
    codedb_code code = objects_check_arguments(db, object, "object", result);
    if (code != CODEDB_SUCCESS || !objects_struct_fits(codedb_description_of(kind), object, result))
        return CODEDB_INVALID_REQUEST;
    objects_row_init(&row, db, kind, object);
    code = objects_check_table(db, kind, result);
    if (code == CODEDB_SUCCESS)
        code = objects_row_for_insert(&row, NULL, 0, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_insert(db, row.description->table, row.columns, row.count, &row_id, result);
    if (code == CODEDB_SUCCESS)
        objects_write_back(&row, object, row_id);
    if (code == CODEDB_SUCCESS && row.remark != NULL)
        codedb_succeed_with(result, "%s", row.remark);
    objects_row_free(&row);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_check(codedb *db, codedb_kind kind, const void *object, codedb_result *result)
{
    objects_row row;
    if (!objects_struct_fits(codedb_description_of(kind), object, result))
        return CODEDB_INVALID_REQUEST;
    objects_row_init(&row, db, kind, object);
    codedb_code code = objects_row_for_insert(&row, NULL, 0, result);
    objects_row_free(&row);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_batch_insert(codedb *db, codedb_batch *batch, codedb_kind kind, void *object,
                                                      const codedb_column *row_ids, size_t row_id_count, int64_t *operation,
                                                      codedb_result *result)
{
    objects_row row;
    if (!objects_struct_fits(codedb_description_of(kind), object, result))
        return CODEDB_INVALID_REQUEST;
    objects_row_init(&row, db, kind, object);
    codedb_code code = objects_row_for_insert(&row, row_ids, row_id_count, result);
    if (code == CODEDB_SUCCESS)
        *operation = codedb_batch_insert(batch, row.description->table, row.columns, row.count);
    objects_row_free(&row);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_update(codedb *db, codedb_kind kind, const void *object, codedb_result *result)
{
    objects_row row;
    int64_t affected = 0;
    codedb_code code = objects_check_arguments(db, object, "object", result);
    if (code != CODEDB_SUCCESS || !objects_struct_fits(codedb_description_of(kind), object, result))
        return CODEDB_INVALID_REQUEST;
    objects_row_init(&row, db, kind, object);
    const codedb_field *key = &row.description->fields[row.description->key];
    codedb_column where = {key->name, objects_field_value(object, key)};
    code = objects_check_key(kind, &where.value, result);
    if (code == CODEDB_SUCCESS)
        code = objects_check_table(db, kind, result);
    if (code == CODEDB_SUCCESS)
        code = objects_row_for_update(&row, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_update(db, row.description->table, &where, 1, row.columns, row.count, &affected, result);
    if (code == CODEDB_SUCCESS && affected == 0)
        code = objects_fail_not_found(kind, &where.value, result);
    objects_row_free(&row);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_delete(codedb *db, codedb_kind kind, codedb_value key, codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    codedb_column where = {description->fields[description->key].name, key};
    int64_t affected = 0;
    codedb_code code = objects_check_arguments(db, db, "db", result);
    if (code == CODEDB_SUCCESS)
        code = objects_check_key(kind, &key, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_table_delete(db, description->table, &where, 1, &affected, result);
    if (code == CODEDB_SUCCESS && affected == 0)
        code = objects_fail_not_found(kind, &key, result);
    return code;
}

/* The columns to read: those of `fields` (0: all) that the database has, and the key. */
static size_t objects_choose_columns(codedb *db, codedb_kind kind, uint64_t fields, const char *names[OBJECTS_MAX_FIELDS])
{
    const codedb_description *description = codedb_description_of(kind);
    uint64_t wanted = fields == 0 ? UINT64_MAX : fields | UINT64_C(1) << description->key;
    size_t count = 0;
    wanted &= codedb_object_columns(db, kind);
    for (size_t i = 0; i < description->field_count; i++)
        if ((wanted >> i & 1) != 0)
            names[count++] = description->fields[i].name;
    return count;
}

static codedb_code objects_select(codedb *db, codedb_kind kind, const codedb_select *select, uint64_t fields, codedb_rows **rows,
                                  codedb_result *result)
{
    const char *names[OBJECTS_MAX_FIELDS];
    codedb_select chosen = *select;
    chosen.columns = names;
    chosen.column_count = objects_choose_columns(db, kind, fields, names);
    codedb_code code = objects_check_table(db, kind, result);
    if (code != CODEDB_SUCCESS)
        return code;
    return codedb_table_select(db, codedb_description_of(kind)->table, &chosen, rows, result);
}

/* The first of `rows` as an object (one block for codedb_free). */
static codedb_code objects_from_first_row(codedb *db, codedb_kind kind, const codedb_rows *rows, void **object,
                                          codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    const codedb_field *fields[OBJECTS_MAX_FIELDS] = {NULL};
    codedb_arena *arena = codedb_arena_create(codedb_object_allocator(db));
    void *made = arena == NULL ? NULL : codedb_arena_allocate_root(arena, 1, description->struct_size);
    codedb_code code = made == NULL ? codedb_fail_no_memory(result) : CODEDB_SUCCESS;
    for (size_t i = 0; i < rows->column_count; i++)
        fields[i] = objects_find_field(description, rows->column_names[i]);
    if (code == CODEDB_SUCCESS)
        code = objects_read_row(arena, description, fields, rows->values, rows->column_count, made, result);
    if (code == CODEDB_SUCCESS)
        *object = made;
    else
        codedb_arena_destroy(arena);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_get(codedb *db, codedb_kind kind, codedb_value key, void **object, codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    codedb_column where = {description->fields[description->key].name, key};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_rows *rows = NULL;
    codedb_code code = objects_check_arguments(db, object, "object", result);
    if (code != CODEDB_SUCCESS)
        return code;
    *object = NULL;
    select.where = &where;
    select.where_count = 1;
    code = objects_check_key(kind, &key, result);
    if (code == CODEDB_SUCCESS)
        code = objects_select(db, kind, &select, 0, &rows, result);
    if (code == CODEDB_SUCCESS && rows->row_count == 0)
        code = objects_fail_not_found(kind, &key, result);
    if (code == CODEDB_SUCCESS)
        code = objects_from_first_row(db, kind, rows, object, result);
    codedb_free(rows);
    return code;
}

CODEDB_PRIVATE codedb_code codedb_object_list(codedb *db, codedb_kind kind, const codedb_list_options *options, void **list,
                                              codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    codedb_order by_key = {description->fields[description->key].name, 0};
    codedb_select select = CODEDB_INIT(codedb_select);
    codedb_list_options own;
    codedb_rows *rows = NULL;
    codedb_code code = objects_check_arguments(db, list, "list", result);
    if (code == CODEDB_SUCCESS) {
        *list = NULL;
        code = codedb_struct_take(&own, sizeof own, options, "codedb_list_options", result);
    }
    if (code != CODEDB_SUCCESS)
        return code;
    select.where = own.where;
    select.where_count = own.where_count;
    select.limit = own.limit;
    select.offset = own.offset;
    select.order_by = own.order_by_count > 0 ? own.order_by : &by_key;
    select.order_by_count = own.order_by_count > 0 ? own.order_by_count : 1;
    code = objects_select(db, kind, &select, own.fields, &rows, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_object_list_from_rows(db, kind, rows, list, result);
    codedb_free(rows);
    return code;
}

/* ---- files: the default dataset ----------------------------------------------------------------------------------- */

/* Reads one column of the first row that matches; *rows owns the value, and is NULL when there is none or it is NULL. */
static codedb_code objects_read_value(codedb *db, codedb_kind kind, const codedb_column *where, size_t where_count, uint64_t bit,
                                      codedb_rows **rows, codedb_result *result)
{
    const char *column = codedb_column_name(kind, bit);
    codedb_select select = CODEDB_INIT(codedb_select);
    select.columns = &column;
    select.column_count = 1;
    select.where = where;
    select.where_count = where_count;
    select.limit = 1;
    codedb_code code = codedb_table_select(db, codedb_description_of(kind)->table, &select, rows, result);
    if (code == CODEDB_SUCCESS && ((*rows)->row_count == 0 || (*rows)->values[0].type == CODEDB_VALUE_NULL)) {
        codedb_free(*rows);
        *rows = NULL;
    }
    return code;
}

/* A file that is to be created in its project's default dataset. */
typedef struct objects_default {
    codedb_dataset dataset; /* the one that is there, or that is to be made */
    bool missing;
    codedb_rows *root; /* owns dataset.root_path */
} objects_default;

static codedb_code objects_default_find(objects_default *chosen, codedb *db, codedb_result *result)
{
    codedb_dataset *dataset = &chosen->dataset;
    codedb_column project = {codedb_column_name(CODEDB_KIND_PROJECT, CODEDB_PROJECT_ID), codedb_value_text(dataset->project_id)};
    codedb_rows *found = NULL;
    codedb_code code = objects_read_value(db, CODEDB_KIND_PROJECT, &project, 1, CODEDB_PROJECT_ROOT_PATH, &chosen->root, result);
    if (code != CODEDB_SUCCESS)
        return code;
    if (chosen->root == NULL) {
        return codedb_fail(result, CODEDB_VALIDATION_ERROR, "file.project_id: found \"%.80s\", expected the id of a project",
                           dataset->project_id);
    }
    dataset->root_path = chosen->root->values[0].as.text;
    codedb_column where[2] = {{codedb_column_name(CODEDB_KIND_DATASET, CODEDB_DATASET_PROJECT_ID), project.value},
                              {codedb_column_name(CODEDB_KIND_DATASET, CODEDB_DATASET_ROOT_PATH), chosen->root->values[0]}};
    code = objects_read_value(db, CODEDB_KIND_DATASET, where, 2, CODEDB_DATASET_ID, &found, result);
    chosen->missing = found == NULL;
    if (found != NULL)
        code = objects_read_key(&codedb_description_of(CODEDB_KIND_DATASET)->fields[0], &found->values[0], dataset->id, result);
    else if (code == CODEDB_SUCCESS && !codedb_uuid4(dataset->id))
        code = codedb_fail(result, CODEDB_INTERNAL_ERROR, "the system gives no random bytes for dataset.id");
    codedb_free(found);
    return code;
}

/* Inserts the file's row, and the dataset first if it is missing. */
static codedb_code objects_default_insert(objects_default *chosen, objects_row *row, int64_t *row_id, codedb_result *result)
{
    codedb_batch *batch = NULL;
    int64_t operation;
    codedb_code code = codedb_batch_create(row->db, &batch, result);
    if (code == CODEDB_SUCCESS && chosen->missing)
        code = codedb_object_batch_insert(row->db, batch, CODEDB_KIND_DATASET, &chosen->dataset, NULL, 0, &operation, result);
    if (code == CODEDB_SUCCESS) {
        operation = codedb_batch_insert(batch, row->description->table, row->columns, row->count);
        code = codedb_batch_run(batch, result);
        *row_id = codedb_batch_value(batch, operation);
    }
    codedb_batch_free(batch);
    return code;
}

/* *missing: the dataset had to be made. */
static codedb_code objects_create_file(codedb *db, codedb_file *file, bool *missing, codedb_result *result)
{
    objects_default chosen = {.dataset = CODEDB_INIT(codedb_dataset)};
    codedb_file complete;
    objects_row row;
    int64_t row_id = 0;
    codedb_struct_read(&complete, sizeof complete, file);
    chosen.dataset.project_id = file->project_id;
    complete.dataset_id = chosen.dataset.id;
    objects_row_init(&row, db, CODEDB_KIND_FILE, &complete);
    row.struct_size = file->struct_size; /* what codedb makes is written back to a host's smaller struct, too */
    codedb_code code = objects_default_find(&chosen, db, result);
    if (code == CODEDB_SUCCESS)
        code = objects_row_for_insert(&row, NULL, 0, result);
    if (code == CODEDB_SUCCESS)
        code = objects_default_insert(&chosen, &row, &row_id, result);
    if (code == CODEDB_SUCCESS) {
        uint64_t present = file->present;
        objects_write_back(&row, file, row_id);
        file->present &= present | ~(uint64_t)CODEDB_FILE_DATASET_ID;
    }
    *missing = chosen.missing;
    objects_row_free(&row);
    codedb_free(chosen.root);
    return code;
}

codedb_code codedb_file_create(codedb *db, codedb_file *object, codedb_result *result)
{
    bool missing = false;
    codedb_code code = objects_check_arguments(db, object, "object", result);
    if (code != CODEDB_SUCCESS)
        return code;
    bool has_dataset = object->struct_size >= offsetof(codedb_file, dataset_id) + sizeof object->dataset_id;
    if (!has_dataset || object->dataset_id != NULL || object->project_id == NULL)
        return codedb_object_create(db, CODEDB_KIND_FILE, object, result);
    code = objects_create_file(db, object, &missing, result);
    if (code == CODEDB_VALIDATION_ERROR && missing) {
        /* Another thread may have made the dataset between the look and the insert: then it is there now. */
        code = objects_create_file(db, object, &missing, result);
    }
    return code;
}

/* ---- trees -------------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_code codedb_object_current_tree(codedb *db, codedb_kind kind, int64_t file_id, codedb_rows **rows,
                                                      codedb_result *result)
{
    const codedb_description *description = codedb_description_of(kind);
    const codedb_field *fields = description->fields;
    /* Both kinds have the same fields in the same places. */
    _Static_assert((int)CODEDB_AST_TREE_UPDATED_AT == (int)CODEDB_CST_TREE_UPDATED_AT, "trees differ in their names only");
    const char *columns[3] = {fields[0].name, codedb_column_name(kind, CODEDB_CST_TREE_CST_HASH),
                              codedb_column_name(kind, CODEDB_CST_TREE_CST_CODE)};
    codedb_order order[2] = {{codedb_column_name(kind, CODEDB_CST_TREE_UPDATED_AT), 1}, {fields[0].name, 1}};
    bool has_updated = (codedb_object_columns(db, kind) & CODEDB_CST_TREE_UPDATED_AT) != 0;
    codedb_column where = {codedb_column_name(kind, CODEDB_CST_TREE_FILE_ID), codedb_value_integer(file_id)};
    codedb_select select = CODEDB_INIT(codedb_select);
    select.columns = columns;
    select.column_count = 3;
    select.where = &where;
    select.where_count = 1;
    select.order_by = has_updated ? order : order + 1;
    select.order_by_count = has_updated ? 2 : 1;
    select.limit = 1;
    *rows = NULL;
    codedb_code code = codedb_table_select(db, description->table, &select, rows, result);
    if (code == CODEDB_SUCCESS && (*rows)->row_count == 0) {
        codedb_free(*rows);
        *rows = NULL;
        code = codedb_fail(result, CODEDB_NOT_FOUND, "no %s is stored for file %lld", description->object, (long long)file_id);
    }
    return code;
}

/* Completes a new tree from its file's row. */
static codedb_code objects_read_file_of_tree(codedb *db, codedb_ast_tree *tree, codedb_file **file, codedb_result *result)
{
    void *object = NULL;
    codedb_code code = codedb_object_get(db, CODEDB_KIND_FILE, codedb_value_integer(tree->file_id), &object, result);
    *file = object;
    if (code == CODEDB_SUCCESS) {
        bool has_time = ((*file)->present & ~(*file)->nulls & CODEDB_FILE_LAST_MODIFIED) != 0;
        tree->project_id = (*file)->project_id;
        tree->file_mtime = has_time ? (*file)->last_modified : codedb_unix_time_now();
    }
    return code;
}

codedb_code codedb_ast_save(codedb *db, int64_t file_id, const char *json, size_t length, int64_t *tree_id, codedb_result *result)
{
    codedb_ast_tree tree = CODEDB_INIT(codedb_ast_tree);
    codedb_column where = {codedb_column_name(CODEDB_KIND_AST_TREE, CODEDB_AST_TREE_FILE_ID), codedb_value_integer(file_id)};
    codedb_file *file = NULL;
    codedb_batch *batch = NULL;
    int64_t operation = -1;
    if (tree_id != NULL)
        *tree_id = 0;
    codedb_code code = objects_check_arguments(db, json, "json", result);
    if (code != CODEDB_SUCCESS)
        return code;
    tree.file_id = file_id;
    tree.ast_json = length == 0 ? "" : json;
    tree.ast_json_length = length;
    code = objects_read_file_of_tree(db, &tree, &file, result);
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_create(db, &batch, result);
    if (code == CODEDB_SUCCESS) {
        codedb_batch_delete(batch, codedb_description_of(CODEDB_KIND_AST_TREE)->table, &where, 1);
        code = codedb_object_batch_insert(db, batch, CODEDB_KIND_AST_TREE, &tree, NULL, 0, &operation, result);
    }
    if (code == CODEDB_SUCCESS)
        code = codedb_batch_run(batch, result);
    if (code == CODEDB_SUCCESS && tree_id != NULL)
        *tree_id = codedb_batch_value(batch, operation);
    codedb_batch_free(batch);
    codedb_free(file);
    return code;
}

codedb_code codedb_ast_get(codedb *db, int64_t file_id, char **json, size_t *length, codedb_result *result)
{
    codedb_rows *rows = NULL;
    codedb_code code = objects_check_arguments(db, json, "json", result);
    if (code != CODEDB_SUCCESS)
        return code;
    *json = NULL;
    code = codedb_object_current_tree(db, CODEDB_KIND_AST_TREE, file_id, &rows, result);
    if (code == CODEDB_SUCCESS) {
        const codedb_value *text = &rows->values[2];
        *json = codedb_block_allocate(codedb_object_allocator(db), text->length + 1);
        if (*json == NULL) {
            code = codedb_fail_no_memory(result);
        } else {
            memcpy(*json, text->as.text, text->length);
            (*json)[text->length] = '\0';
        }
        if (length != NULL)
            *length = *json == NULL ? 0 : text->length;
    }
    codedb_free(rows);
    return code;
}

/* ---- typed functions: five a kind; codedb_file_create stands above ------------------------------------------------ */

#define OBJECTS_CREATE(object_name, kind)                                                                      \
    codedb_code codedb_##object_name##_create(codedb *db, codedb_##object_name *object, codedb_result *result) \
    {                                                                                                          \
        return codedb_object_create(db, CODEDB_KIND_##kind, object, result);                                   \
    }

/* `key_type` and `to_value`: what the key is, and what makes a value of it. */
#define OBJECTS_REST(object_name, list_name, kind, key_type, to_value)                                                      \
    codedb_code codedb_##object_name##_get(codedb *db, key_type key, codedb_##object_name **object, codedb_result *result)  \
    {                                                                                                                       \
        void *made = NULL;                                                                                                  \
        codedb_code code = codedb_object_get(db, CODEDB_KIND_##kind, to_value(key), object == NULL ? NULL : &made, result); \
        if (object != NULL)                                                                                                 \
            *object = made;                                                                                                 \
        return code;                                                                                                        \
    }                                                                                                                       \
    codedb_code codedb_##object_name##_update(codedb *db, const codedb_##object_name *object, codedb_result *result)        \
    {                                                                                                                       \
        return codedb_object_update(db, CODEDB_KIND_##kind, object, result);                                                \
    }                                                                                                                       \
    codedb_code codedb_##object_name##_delete(codedb *db, key_type key, codedb_result *result)                              \
    {                                                                                                                       \
        return codedb_object_delete(db, CODEDB_KIND_##kind, to_value(key), result);                                         \
    }                                                                                                                       \
    codedb_code codedb_##object_name##_list(codedb *db, const codedb_list_options *options, codedb_##list_name **list,      \
                                            codedb_result *result)                                                          \
    {                                                                                                                       \
        void *made = NULL;                                                                                                  \
        codedb_code code = codedb_object_list(db, CODEDB_KIND_##kind, options, list == NULL ? NULL : &made, result);        \
        if (list != NULL)                                                                                                   \
            *list = made;                                                                                                   \
        return code;                                                                                                        \
    }

#define OBJECTS_NUMBERED(object_name, list_name, kind) OBJECTS_REST(object_name, list_name, kind, int64_t, codedb_value_integer)
#define OBJECTS_NAMED(object_name, list_name, kind) OBJECTS_REST(object_name, list_name, kind, const char *, codedb_value_text)

OBJECTS_CREATE(project, PROJECT)
OBJECTS_CREATE(dataset, DATASET)
OBJECTS_CREATE(ast_tree, AST_TREE)
OBJECTS_CREATE(cst_tree, CST_TREE)
OBJECTS_CREATE(code_chunk, CODE_CHUNK)
OBJECTS_CREATE(vector_index, VECTOR_INDEX)
OBJECTS_CREATE(class, CLASS)
OBJECTS_CREATE(method, METHOD)
OBJECTS_CREATE(function, FUNCTION)
OBJECTS_CREATE(import, IMPORT)
OBJECTS_CREATE(issue, ISSUE)
OBJECTS_CREATE(usage, USAGE)
OBJECTS_CREATE(code_content, CODE_CONTENT)
OBJECTS_CREATE(code_duplicate, CODE_DUPLICATE)
OBJECTS_CREATE(duplicate_occurrence, DUPLICATE_OCCURRENCE)
OBJECTS_CREATE(watch_directory, WATCH_DIRECTORY)
OBJECTS_CREATE(watch_directory_path, WATCH_DIRECTORY_PATH)
OBJECTS_CREATE(vectorization_statistics, VECTORIZATION_STATISTICS)
OBJECTS_CREATE(file_watcher_statistics, FILE_WATCHER_STATISTICS)
OBJECTS_CREATE(analysis_results, ANALYSIS_RESULTS)

OBJECTS_NAMED(project, projects, PROJECT)
OBJECTS_NAMED(dataset, datasets, DATASET)
OBJECTS_NUMBERED(file, files, FILE)
OBJECTS_NUMBERED(ast_tree, ast_trees, AST_TREE)
OBJECTS_NUMBERED(cst_tree, cst_trees, CST_TREE)
OBJECTS_NUMBERED(code_chunk, code_chunks, CODE_CHUNK)
OBJECTS_NUMBERED(vector_index, vector_indexes, VECTOR_INDEX)
OBJECTS_NUMBERED(class, classes, CLASS)
OBJECTS_NUMBERED(method, methods, METHOD)
OBJECTS_NUMBERED(function, functions, FUNCTION)
OBJECTS_NUMBERED(import, imports, IMPORT)
OBJECTS_NUMBERED(issue, issues, ISSUE)
OBJECTS_NUMBERED(usage, usages, USAGE)
OBJECTS_NUMBERED(code_content, code_contents, CODE_CONTENT)
OBJECTS_NUMBERED(code_duplicate, code_duplicates, CODE_DUPLICATE)
OBJECTS_NUMBERED(duplicate_occurrence, duplicate_occurrences, DUPLICATE_OCCURRENCE)
OBJECTS_NAMED(watch_directory, watch_directories, WATCH_DIRECTORY)
OBJECTS_NAMED(watch_directory_path, watch_directory_paths, WATCH_DIRECTORY_PATH)
OBJECTS_NAMED(vectorization_statistics, vectorization_cycles, VECTORIZATION_STATISTICS)
OBJECTS_NAMED(file_watcher_statistics, file_watcher_cycles, FILE_WATCHER_STATISTICS)
OBJECTS_NUMBERED(analysis_results, analyses, ANALYSIS_RESULTS)

#undef OBJECTS_CREATE
#undef OBJECTS_REST
#undef OBJECTS_NUMBERED
#undef OBJECTS_NAMED
#undef OBJECTS_MAX_FIELDS
#undef OBJECTS_PROJECT_ID_FILE_SIZE
