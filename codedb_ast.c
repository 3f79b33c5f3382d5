/* codedb_ast.c -- a tree as CPython's ast in JSON.
 *
 * Called by codedb_tree_dump. */
#include "codedb_tree.h"

CODEDB_PRIVATE codedb_code codedb_ast_write(const codedb_tree *tree, codedb_write_function write, void *context,
                                            codedb_result *result)
{
    (void)tree;
    (void)write;
    (void)context;
    return codedb_fail(result, CODEDB_INVALID_REQUEST, "this version has no AST output, expected CODEDB_DUMP_CST");
}
