/* Prints the classes of a Python project whose names end in "Error". */
#include <codedb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    codedb_name_search search = {.struct_size = sizeof search, .name = "*Error"};
    codedb_classes *classes = NULL;
    codedb *db = NULL;
    if (codedb_open(":memory:", NULL, &db, &result) || codedb_index_run(db, argc > 1 ? argv[1] : ".", NULL, NULL, &result) ||
        codedb_class_find(db, &search, &classes, &result))
        fprintf(stderr, "%s\n", result.description);
    for (size_t i = 0; classes != NULL && i < classes->count; i++)
        printf("%s, line %lld\n", classes->items[i]->name, (long long)classes->items[i]->line);
    codedb_free(classes);
    codedb_close(db);
    codedb_result_clear(&result);
}
