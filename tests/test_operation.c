/* test_operation.c -- codedb_operation.c: what is asked again and again is known, and never mistaken for something else. */
#include "driver_fixture.h"

#include <stdio.h>

static codedb_known_operations *known;

static int make_known(void **state)
{
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    (void)state;
    known = codedb_known_operations_create(&allocator);
    return known != NULL ? 0 : -1;
}

static int end_known(void **state)
{
    (void)state;
    codedb_known_operations_destroy(known);
    return 0;
}

/* A select of one column by another one. */
typedef struct question {
    const char *column, *where;
    unsigned char where_is_null;
    codedb_operation operation;
} question;

static question *ask(question *self, const char *table, const char *column, const char *where)
{
    memset(self, 0, sizeof *self);
    self->column = column;
    self->where = where;
    self->operation.struct_size = sizeof self->operation;
    self->operation.kind = CODEDB_OPERATION_SELECT;
    self->operation.table = table;
    self->operation.columns = &self->column;
    self->operation.column_count = 1;
    self->operation.where = &self->where;
    self->operation.where_is_null = &self->where_is_null;
    self->operation.where_count = 1;
    self->operation.value_count = 1;
    return self;
}

static codedb_operation *find(const char *table, const char *column, const char *where)
{
    question self;
    return codedb_known_operations_find(known, &ask(&self, table, column, where)->operation);
}

static void what_is_asked_a_third_time_is_known(void **state)
{
    codedb_operation *found;
    (void)state;
    assert_null(find("people", "name", "id"));
    assert_null(find("people", "name", "id"));
    found = find("people", "name", "id");
    assert_non_null(found);
    assert_string_equal(found->table, "people");
    assert_string_equal(found->columns[0], "name");
    assert_string_equal(found->where[0], "id");
    assert_null(found->memo);
    assert_ptr_equal(find("people", "name", "id"), found);
}

static void one_that_is_not_known_has_its_hash(void **state)
{
    question self;
    (void)state;
    assert_null(codedb_known_operations_find(known, &ask(&self, "people", "name", "id")->operation));
    assert_true(self.operation.hash == codedb_operation_hash(&self.operation));
    assert_true(self.operation.hash != 0);
}

/* A hint is taken from where the names lie. Other words in the same place are another question. */
static void words_that_change_in_their_place_are_noticed(void **state)
{
    char table[8] = "ab", column[8] = "c", where[8] = "d";
    codedb_operation *first, *second;
    int i;
    (void)state;
    for (i = 0; i < 3; i++)
        first = find(table, column, where);
    table[1] = 'x';
    for (i = 0; i < 3; i++)
        second = find(table, column, where);
    assert_string_equal(first->table, "ab");
    assert_string_equal(second->table, "ax");
    table[1] = 'b';
    assert_ptr_equal(find(table, column, where), first);
    where[0] = 'e';
    assert_null(find(table, column, where));
}

static void a_null_condition_or_another_count_of_values_is_another_question(void **state)
{
    question self;
    codedb_operation sql = {.struct_size = sizeof sql, .kind = CODEDB_OPERATION_EXECUTE, .sql = "SELECT ?", .sql_length = 8};
    int i;
    (void)state;
    for (i = 0; i < 3; i++)
        find("people", "name", "id");
    ask(&self, "people", "name", "id")->where_is_null = 1;
    assert_null(codedb_known_operations_find(known, &self.operation));
    for (i = 0; i < 3; i++)
        codedb_known_operations_find(known, &sql);
    assert_int_equal(codedb_known_operations_find(known, &sql)->value_count, 0);
    sql.value_count = 1;
    assert_null(codedb_known_operations_find(known, &sql));
}

/* More than there are places, and more text than there is room. */
static void when_all_is_full_the_first_are_still_known(void **state)
{
    char tables[400][16], text[900];
    codedb_operation *found[400];
    codedb_operation sql = {.struct_size = sizeof sql, .kind = CODEDB_OPERATION_EXECUTE, .sql = text, .sql_length = sizeof text};
    int i, round, count = 0;
    (void)state;
    for (i = 0; i < 400; i++) {
        snprintf(tables[i], sizeof tables[i], "t%d", i);
        for (round = 0; round < 3; round++)
            found[i] = find(tables[i], "name", "id");
        count += found[i] != NULL;
    }
    assert_in_range(count, 100, 399);
    for (i = 0; i < 400; i++)
        assert_ptr_equal(find(tables[i], "name", "id"), found[i]);
    for (i = 0; i < 100; i++) {
        memset(text, 'a' + i % 26, sizeof text);
        text[0] = (char)('A' + i / 26);
        for (round = 0; round < 3; round++)
            codedb_known_operations_find(known, &sql);
    }
    assert_ptr_equal(find(tables[0], "name", "id"), found[0]);
}

static void *ask_many(void *argument)
{
    static const char *const tables[] = {"one", "two", "three", "four"};
    codedb_operation **found = argument;
    int i;
    for (i = 0; i < 4000; i++) {
        codedb_operation *operation = find(tables[i % 4], "name", "id");
        if (operation != NULL && strcmp(operation->table, tables[i % 4]) != 0)
            return argument;
        found[i % 4] = operation;
    }
    return NULL;
}

static void threads_agree_on_what_is_known(void **state)
{
    pthread_t threads[4];
    codedb_operation *found[4][4] = {{NULL}};
    void *mistaken;
    size_t i, k;
    (void)state;
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, found[i]), 0);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], &mistaken);
        assert_null(mistaken);
    }
    for (i = 0; i < 4; i++)
        for (k = 0; k < 4; k++) {
            assert_non_null(found[i][k]);
            assert_ptr_equal(found[i][k], found[0][k]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_asked_a_third_time_is_known, make_known, end_known),
        cmocka_unit_test_setup_teardown(one_that_is_not_known_has_its_hash, make_known, end_known),
        cmocka_unit_test_setup_teardown(words_that_change_in_their_place_are_noticed, make_known, end_known),
        cmocka_unit_test_setup_teardown(a_null_condition_or_another_count_of_values_is_another_question, make_known, end_known),
        cmocka_unit_test_setup_teardown(when_all_is_full_the_first_are_still_known, make_known, end_known),
        cmocka_unit_test_setup_teardown(threads_agree_on_what_is_known, make_known, end_known),
    };
    return cmocka_run_group_tests_name("operation", tests, NULL, NULL);
}
