/* codedb_ast_kept.c -- an ast together with the texts that it refers to: what a query over many files keeps of one.
 *
 * Called by codedb_query_ast.c, codedb_source_ast.c and codedb_tree_cache.c, from any thread. Calls the parser and the writer of the ast for
 * a source of which none is stored, and codedb_ast_read.c. Nothing of a kept ast changes until it is freed. */
#include "codedb_ast_read.h"

#include <string.h>

static int ast_kept_append(void *context, const char *bytes, size_t length)
{
    codedb_buffer *buffer = context;
    codedb_buffer_append(buffer, bytes, length);
    return buffer->failed;
}

CODEDB_PRIVATE bool codedb_ast_is_string(codedb_slice json)
{
    size_t at = codedb_ast_skip_space(json.text, 0, json.length);
    return at < json.length && json.text[at] == '"';
}

CODEDB_PRIVATE codedb_code codedb_ast_make(codedb_slice source, const codedb_parse_options *options, codedb_buffer *json,
                                           codedb_result *result)
{
    codedb_tree *tree;
    codedb_code code = codedb_tree_parse_text(source.text, source.length, options, &tree, result);
    if (code != CODEDB_SUCCESS)
        return code;
    code = codedb_ast_write(tree, ast_kept_append, json, result);
    codedb_tree_free(tree);
    return json->failed ? codedb_fail_no_memory(result) : code;
}

/* Both texts in one block of exactly their size, as it may be kept for long. False without memory. */
static bool ast_kept_copy(codedb_kept_ast *kept, codedb_slice json, codedb_slice source)
{
    char *block = codedb_memory_allocate(&kept->allocator, json.length + source.length + 1, 1);
    if (block == NULL)
        return false;
    memcpy(block, json.text, json.length);
    if (source.text != NULL) {
        memcpy(block + json.length, source.text, source.length);
        kept->document.source = (codedb_slice){block + json.length, source.length};
    }
    kept->json = (codedb_slice){block, json.length};
    kept->memory = sizeof *kept + json.length + source.length + 1;
    return true;
}

CODEDB_PRIVATE codedb_code codedb_kept_ast_create(codedb_slice json, codedb_slice source, const codedb_parse_options *options,
                                                  codedb_kept_ast **kept, codedb_result *result)
{
    codedb_ast_read_options reading = {.allocator = options->allocator, .trim = true};
    codedb_kept_ast *made = codedb_memory_allocate(options->allocator, 1, sizeof *made);
    codedb_code code = CODEDB_SUCCESS;
    codedb_buffer own;
    *kept = NULL;
    if (made == NULL)
        return codedb_fail_no_memory(result);
    *made = (codedb_kept_ast){.allocator = *options->allocator};
    codedb_buffer_init(&own, options->allocator);
    if (json.text == NULL) {
        code = codedb_ast_make(source, options, &own, result);
        json = (codedb_slice){own.data, own.length};
    }
    if (code == CODEDB_SUCCESS && !ast_kept_copy(made, json, source))
        code = codedb_fail_no_memory(result);
    codedb_buffer_free(&own);
    if (code == CODEDB_SUCCESS)
        code = codedb_ast_read(made->json.text, made->json.length, &reading, &made->document.ast, result);
    if (code != CODEDB_SUCCESS) {
        codedb_kept_ast_free(made);
        return code;
    }
    made->memory += codedb_ast_memory(made->document.ast);
    *kept = made;
    return code;
}

CODEDB_PRIVATE void codedb_kept_ast_free(codedb_kept_ast *kept)
{
    codedb_allocator allocator;
    if (kept == NULL)
        return;
    allocator = kept->allocator;
    codedb_ast_free(kept->document.ast);
    codedb_memory_release(&allocator, (char *)(uintptr_t)kept->json.text);
    codedb_memory_release(&allocator, kept);
}
