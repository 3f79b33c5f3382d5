/* codedb_selector.h -- what selectors offer to the rest of codedb.
 *
 *   selector text -> codedb_selector.c -> steps -> codedb_xpath.c (asks codedb_attributes.c) -> matched nodes */
#ifndef CODEDB_SELECTOR_H
#define CODEDB_SELECTOR_H

#include "codedb_tree.h"

/* Finds the stored nodes (indexes in tree->nodes, ascending, distinct) that `filter` asks for. *nodes comes from tree->allocator
 * and is released with codedb_memory_release(&tree->allocator, *nodes); it is a valid pointer when *count is 0. No match is
 * success. Errors: those of codedb_tree_query; VALIDATION_ERROR when the selector matches white space or punctuation, which
 * has no stored node. */
CODEDB_PRIVATE codedb_code codedb_xpath_select(const codedb_tree *tree, const codedb_filter *filter, uint32_t **nodes,
                                               uint32_t *count, codedb_result *result);

#endif
