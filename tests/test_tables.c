/* tests/test_tables.c -- codedb_tables.c: the invariants of the descriptions. Their contents are tested in test_schema.c. */
#include "support.h"

#include "codedb_objects.h"

/* The last bit of each kind as codedb.h has it: with the number of fields it proves that neither list lacks one. */
static const struct {
    const char *object;
    uint64_t last_bit;
} last_bits[] = {
    {"project", CODEDB_PROJECT_UPDATED_AT},
    {"dataset", CODEDB_DATASET_UPDATED_AT},
    {"file", CODEDB_FILE_UPDATED_AT},
    {"ast_tree", CODEDB_AST_TREE_UPDATED_AT},
    {"cst_tree", CODEDB_CST_TREE_UPDATED_AT},
    {"code_chunk", CODEDB_CODE_CHUNK_UPDATED_AT},
    {"vector_index", CODEDB_VECTOR_INDEX_CREATED_AT},
    {"class", CODEDB_CLASS_CREATED_AT},
    {"method", CODEDB_METHOD_CREATED_AT},
    {"function", CODEDB_FUNCTION_CREATED_AT},
    {"import", CODEDB_IMPORT_CREATED_AT},
    {"issue", CODEDB_ISSUE_CREATED_AT},
    {"usage", CODEDB_USAGE_CREATED_AT},
    {"code_content", CODEDB_CODE_CONTENT_CREATED_AT},
    {"code_duplicate", CODEDB_CODE_DUPLICATE_CREATED_AT},
    {"duplicate_occurrence", CODEDB_DUPLICATE_OCCURRENCE_CREATED_AT},
    {"watch_directory", CODEDB_WATCH_DIRECTORY_UPDATED_AT},
    {"watch_directory_path", CODEDB_WATCH_DIRECTORY_PATH_UPDATED_AT},
    {"vectorization_statistics", CODEDB_VECTORIZATION_STATISTICS_LAST_UPDATED},
    {"file_watcher_statistics", CODEDB_FILE_WATCHER_STATISTICS_LAST_UPDATED},
    {"analysis_results", CODEDB_ANALYSIS_RESULTS_UPDATED_AT},
};

static void every_field_has_its_bit(void **state)
{
    (void)state;
    assert_int_equal(sizeof last_bits / sizeof last_bits[0], CODEDB_TABLE_COUNT);
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        assert_string_equal(description->object, last_bits[kind].object);
        assert_int_equal(UINT64_C(1) << (description->field_count - 1), last_bits[kind].last_bit);
        assert_ptr_equal(codedb_column_name((codedb_kind)kind, last_bits[kind].last_bit),
                         description->fields[description->field_count - 1].name);
    }
    assert_string_equal(codedb_column_name(CODEDB_KIND_FILE, CODEDB_FILE_RELATIVE_PATH), "relative_path");
    assert_string_equal(codedb_column_name(CODEDB_KIND_CODE_CHUNK, CODEDB_CODE_CHUNK_METHOD_ID), "method_id");
    assert_string_equal(codedb_column_name(CODEDB_KIND_USAGE, CODEDB_USAGE_TARGET_NAME), "target_name");
}

static void fields_lie_in_their_struct_one_behind_the_other(void **state)
{
    (void)state;
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        size_t end = sizeof(size_t) + 2 * sizeof(uint64_t);
        for (size_t i = 0; i < description->field_count; i++) {
            const codedb_field *field = &description->fields[i];
            assert_true(field->offset >= end && field->offset < description->struct_size);
            end = field->offset + (field->type == CODEDB_FIELD_KEY ? CODEDB_KEY_SIZE : sizeof(int));
            assert_true(field->type != CODEDB_FIELD_LONG_TEXT || field->length_offset == field->offset + sizeof(char *));
            assert_true(field->source != CODEDB_SOURCE_HASH || field[-1].type == CODEDB_FIELD_LONG_TEXT);
        }
    }
}

static bool has_column(const codedb_description *description, const char *name, size_t length)
{
    for (size_t i = 0; i < description->field_count; i++)
        if (strlen(description->fields[i].name) == length && strncmp(description->fields[i].name, name, length) == 0)
            return true;
    return false;
}

static void assert_columns(const codedb_description *description, const char *columns)
{
    while (columns != NULL && *columns != '\0') {
        size_t length = strcspn(columns, ",");
        if (!has_column(description, columns, length))
            fail_msg("%s has no column %s", description->table, columns);
        columns += length + strspn(columns + length, ", ");
    }
}

static void indexes_and_uniques_are_over_fields(void **state)
{
    (void)state;
    for (int kind = 0; kind < CODEDB_TABLE_COUNT; kind++) {
        const codedb_description *description = codedb_description_of((codedb_kind)kind);
        assert_columns(description, description->unique);
        for (size_t i = 0; i < description->index_count; i++) {
            const codedb_index_description *index = &description->indexes[i];
            assert_columns(description, index->columns);
            assert_true(strncmp(index->name, "idx_", 4) == 0);
            assert_true(strncmp(index->name + 4, description->table, strlen(description->table)) == 0);
            assert_true(index->where == NULL || has_column(description, index->where, strcspn(index->where, " ")));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_has_its_bit),
        cmocka_unit_test(fields_lie_in_their_struct_one_behind_the_other),
        cmocka_unit_test(indexes_and_uniques_are_over_fields),
    };
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
