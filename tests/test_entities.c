/* tests/test_entities.c -- codedb_entities.c: a file's entities replaced, and who keeps the id. */
#include "objects_world.h"

#include "codedb_objects.h"

static int set_up(void **state)
{
    world *w = malloc(sizeof *w);
    world_create(w, false);
    world_execute(w, "DELETE FROM classes");
    world_execute(w, "DELETE FROM functions");
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world_destroy(*state);
    free(*state);
    return 0;
}

static codedb_value file_value(const world *w)
{
    codedb_value value = {.type = CODEDB_VALUE_INTEGER};
    value.as.integer = w->file.id;
    return value;
}

static void replace(world *w, const codedb_entity *items, size_t count, const codedb_entity_import *imports, size_t import_count)
{
    codedb_entities entities = {items, count, imports, import_count};
    codedb_batch *batch;
    assert_success(codedb_batch_create(w->db, &batch, &w->result), w->result);
    assert_success(codedb_entities_replace(w->db, batch, file_value(w), &entities, &w->result), w->result);
    assert_success(codedb_batch_run(batch, &w->result), w->result);
    codedb_batch_free(batch);
}

static codedb_entity class_at(const char *name, int64_t line)
{
    codedb_entity entity = {.kind = CODEDB_ENTITY_CLASS, .name = name, .line = line};
    return entity;
}

static codedb_entity method_at(size_t parent, const char *name, int64_t line)
{
    codedb_entity entity = {.kind = CODEDB_ENTITY_METHOD, .parent = parent, .name = name, .line = line};
    return entity;
}

static codedb_entity function_at(const char *name, int64_t line)
{
    codedb_entity entity = {.kind = CODEDB_ENTITY_FUNCTION, .name = name, .line = line};
    return entity;
}

/* "id:line" of a table's rows in id order, as one text to be compared. */
static void assert_rows(world *w, const char *table, const char *expected)
{
    char sql[200];
    codedb_rows *rows;
    snprintf(sql, sizeof sql,
             "SELECT ifnull(group_concat(v, ' '), '') FROM (SELECT name || '@' || line || '#' || "
             "(id - (SELECT min(id) FROM %s)) AS v FROM %s ORDER BY line, id)",
             table, table);
    assert_success(codedb_sql_execute(w->db, sql, NULL, 0, &rows, NULL, &w->result), w->result);
    assert_string_equal(rows->values[0].as.text, expected);
    codedb_free(rows);
}

static void a_file_gets_all_its_entities(void **state)
{
    world *w = *state;
    codedb_entity items[4] = {class_at("A", 1), method_at(0, "m", 2), function_at("f", 9), {0}};
    codedb_entity_import imports[] = {{"os", NULL, false, 1}, {"join", "os.path", true, 2}};
    items[0].detail = "[\"B\"]";
    items[0].docstring = "A class.";
    items[0].content = "class A(B): ...";
    items[0].content_length = 7;
    items[1].is_abstract = true;
    items[1].detail = "[\"self\"]";
    items[1].qualified_name = "A.m";
    items[1].content = "def m(self): grumble";
    items[1].content_length = strlen(items[1].content);
    items[3].kind = CODEDB_ENTITY_OTHER;
    items[3].other_type = "module";
    items[3].content = "docstring of the module";
    items[3].content_length = strlen(items[3].content);
    replace(w, items, 4, imports, 2);
    assert_int_equal(world_ask(w,
                               "SELECT count(*) FROM classes WHERE name = 'A' AND bases = '[\"B\"]' AND docstring = 'A class.' "
                               "AND created_at > 2460000"),
                     1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM methods m JOIN classes c ON c.id = m.class_id WHERE m.is_abstract = 1 "
                                  "AND m.has_pass = 0 AND m.args = '[\"self\"]'"),
                     1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM imports WHERE module = 'os.path' AND import_type = 'from_import'"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content x JOIN classes c ON c.id = x.entity_id "
                                  "WHERE x.entity_type = 'class' AND x.content = 'class A' AND x.entity_name = 'A'"),
                     1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content x JOIN methods m ON m.id = x.entity_id "
                                  "WHERE x.entity_type = 'method' AND x.entity_name = 'A.m'"),
                     1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM code_content WHERE entity_type = 'module' AND entity_id IS NULL"), 1);
    world_check_text_index(w);
}

static void what_is_read_again_keeps_its_id(void **state)
{
    world *w = *state;
    codedb_entity before[] = {class_at("A", 1), method_at(0, "m", 2), method_at(0, "n", 4), function_at("f", 9)};
    codedb_entity after[] = {class_at("New", 1), class_at("A", 11), method_at(1, "n", 12), method_at(1, "m", 15),
                             function_at("f", 20)};
    codedb_entity_import imports[] = {{"os", NULL, false, 1}, {"sys", NULL, false, 2}};
    codedb_entity_import changed[] = {{"sys", NULL, false, 1}, {"os", NULL, false, 7}, {"os", "x", true, 8}};
    after[3].docstring = "new";
    replace(w, before, 4, imports, 2);
    world_execute(w,
                  "INSERT INTO issues(class_id, method_id, issue_type) SELECT c.id, m.id, 'kept' FROM classes c JOIN methods m "
                  "ON m.class_id = c.id WHERE m.name = 'm'");
    replace(w, after, 5, changed, 3);
    assert_rows(w, "classes", "New@1#1 A@11#0");
    assert_rows(w, "methods", "n@12#1 m@15#0");
    assert_rows(w, "functions", "f@20#0");
    assert_rows(w, "imports", "sys@1#1 os@7#0 os@8#2");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM issues"), 1);
    assert_int_equal(world_ask(w, "SELECT count(*) FROM methods WHERE docstring = 'new'"), 1);
}

static void what_is_gone_is_deleted_with_all_that_is_its(void **state)
{
    world *w = *state;
    codedb_entity before[] = {class_at("A", 1), method_at(0, "m", 2), class_at("B", 5), method_at(2, "m", 6),
                              function_at("f", 9)};
    codedb_entity after[] = {class_at("B", 5), method_at(0, "m", 6)};
    codedb_entity_import import = {"os", NULL, false, 1};
    replace(w, before, 5, &import, 1);
    world_execute(w, "INSERT INTO issues(class_id, issue_type) SELECT id, 'gone' FROM classes WHERE name = 'A'");
    replace(w, after, 2, NULL, 0);
    assert_rows(w, "classes", "B@5#0");
    assert_rows(w, "methods", "m@6#0");
    assert_rows(w, "functions", "");
    assert_rows(w, "imports", "");
    assert_int_equal(world_ask(w, "SELECT count(*) FROM issues"), 0);
    replace(w, NULL, 0, NULL, 0);
    assert_rows(w, "classes", "");
}

/* Getter and setter have one name: a shift by their distance must not swap them, nor hurt (class, name, line). */
static void entities_of_one_name_keep_their_order(void **state)
{
    world *w = *state;
    codedb_entity before[] = {function_at("x", 10), function_at("x", 20), function_at("x", 30)};
    codedb_entity shifted[] = {function_at("x", 20), function_at("x", 30), function_at("x", 40)};
    codedb_entity back[] = {function_at("x", 10), function_at("x", 20), function_at("x", 30)};
    codedb_entity fewer[] = {function_at("x", 20), function_at("x", 35)};
    codedb_entity more[] = {function_at("x", 5), function_at("x", 20), function_at("x", 35)};
    replace(w, before, 3, NULL, 0);
    assert_rows(w, "functions", "x@10#0 x@20#1 x@30#2");
    replace(w, shifted, 3, NULL, 0);
    assert_rows(w, "functions", "x@20#0 x@30#1 x@40#2");
    replace(w, back, 3, NULL, 0);
    assert_rows(w, "functions", "x@10#0 x@20#1 x@30#2");
    replace(w, fewer, 2, NULL, 0); /* 20 is the same line; 35 is the first of the others */
    assert_int_equal(world_ask(w, "SELECT count(*) FROM functions"), 2);
    replace(w, more, 3, NULL, 0); /* 20 and 35 are the same lines, 5 is new */
    assert_int_equal(world_ask(w, "SELECT id = (SELECT max(id) FROM functions) FROM functions WHERE line = 5"), 1);
}

static void a_file_of_the_same_batch_needs_no_reading(void **state)
{
    world *w = *state;
    codedb_file file = CODEDB_INIT(codedb_file);
    codedb_entity items[] = {class_at("A", 1), method_at(0, "m", 2)};
    codedb_entities entities = {items, 2, NULL, 0};
    codedb_value value = {.type = CODEDB_VALUE_ROW_ID_OF};
    codedb_statistics before = CODEDB_INIT(codedb_statistics);
    codedb_statistics after = CODEDB_INIT(codedb_statistics);
    codedb_batch *batch;
    file.project_id = w->project.id;
    file.dataset_id = w->dataset.id;
    file.path = "/world/new.py";
    assert_success(codedb_statistics_get(w->db, &before, &w->result), w->result);
    assert_success(codedb_batch_create(w->db, &batch, &w->result), w->result);
    assert_success(codedb_object_batch_insert(w->db, batch, CODEDB_KIND_FILE, &file, NULL, 0, &value.as.integer, &w->result),
                   w->result);
    assert_success(codedb_entities_replace(w->db, batch, value, &entities, &w->result), w->result);
    assert_success(codedb_batch_run(batch, &w->result), w->result);
    assert_success(codedb_statistics_get(w->db, &after, &w->result), w->result);
    assert_int_equal(after.total - before.total, 1);
    assert_int_equal(
        world_ask(w, "SELECT count(*) FROM methods m JOIN classes c ON c.id = m.class_id JOIN files f ON f.id = c.file_id "
                     "WHERE f.path = '/world/new.py'"),
        1);
    codedb_batch_free(batch);
}

/* The same again from random files: rows are what was given, and as many ids as possible are kept. */
static void random_files_are_replaced_rightly(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    world *w = *state;
    unsigned seed = (unsigned)getpid();
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 150; round++) {
        codedb_entity items[12];
        size_t count = (size_t)(rand() % 12);
        int64_t line = 1;
        for (size_t i = 0; i < count; i++) {
            items[i] = function_at(names[rand() % 3], line);
            line += 1 + rand() % 3;
        }
        int64_t newest = world_ask(w, "SELECT ifnull(max(id), 0) FROM functions");
        int64_t kept = 0;
        for (size_t n = 0; n < 3; n++) {
            char sql[100];
            int64_t now = 0;
            for (size_t i = 0; i < count; i++)
                now += items[i].name == names[n];
            snprintf(sql, sizeof sql, "SELECT count(*) FROM functions WHERE name = '%s'", names[n]);
            int64_t was = world_ask(w, sql);
            kept += was < now ? was : now;
        }
        replace(w, items, count, NULL, 0);
        assert_int_equal(world_ask(w, "SELECT count(*) FROM functions"), count);
        for (size_t i = 0; i < count; i++) {
            char sql[100];
            snprintf(sql, sizeof sql, "SELECT count(*) FROM functions WHERE name = '%s' AND line = %d", items[i].name,
                     (int)items[i].line);
            assert_int_equal(world_ask(w, sql), 1);
        }
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM functions WHERE id <= %lld", (long long)newest);
        assert_int_equal(world_ask(w, sql), kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_gets_all_its_entities, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_read_again_keeps_its_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_gone_is_deleted_with_all_that_is_its, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entities_of_one_name_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_the_same_batch_needs_no_reading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_files_are_replaced_rightly, set_up, tear_down),
    };
    return support_run_both("entities", tests);
}
