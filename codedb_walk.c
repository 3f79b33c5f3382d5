/* codedb_walk.c -- a folder in, the paths of its Python files out, in a stable order.
 *
 * Called by the index job (codedb_crawl.c) and by hosts that work on files without a database. Runs in the caller's thread and
 * calls back there. Knows neither trees nor databases.
 *
 * 1. A folder's entries are visited sorted by their bytes: two walks of the same folder see the same order.
 * 2. No file descriptor stays open while the walk is deeper down, so depth costs memory only.
 * 3. Links to folders are not followed: a walk therefore ends. Links to files are files.
 * 4. What cannot be read is told to the callback and does not end the walk. */
#include "codedb_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Folders that hold no source of the project itself. Virtual environments are known by the pyvenv.cfg in them. */
static const char *const walk_version_control[] = {".git", ".hg", ".svn", ".bzr", ".jj", "CVS", "_darcs", NULL};
static const char *const walk_suffixes[] = {".py", ".pyi", ".pyw", NULL};

#define WALK_MAX_DEPTH 512

typedef struct walk_state {
    codedb_allocator allocator;
    const codedb_walk_options *options;
    codedb_walk_function visit;
    void *context;
    codedb_buffer path; /* the entry in hand, from the root folder on */
    size_t root_length; /* bytes of `path` in front of the relative path */
    codedb_result *result;
} walk_state;

static bool walk_text_in(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

static bool walk_is_python_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *const *suffix = walk_suffixes; *suffix != NULL; suffix++) {
        size_t suffix_length = strlen(*suffix);
        if (length > suffix_length && strcmp(name + length - suffix_length, *suffix) == 0)
            return true;
    }
    return false;
}

/* A pattern with a slash is held against the relative path, one without against the name alone. */
static bool walk_is_excluded(const walk_state *state, const char *relative, const char *name)
{
    for (size_t i = 0; i < state->options->exclude_count; i++) {
        const char *pattern = state->options->excludes[i];
        const char *subject = strchr(pattern, '/') != NULL ? relative : name;
        if (fnmatch(pattern, subject, 0) == 0)
            return true;
    }
    return false;
}

static codedb_code walk_report(walk_state *state, const char *problem)
{
    codedb_walk_entry entry = {sizeof entry, state->path.data, state->path.data + state->root_length, problem};
    if (state->visit(state->context, &entry) != 0)
        return codedb_fail(state->result, CODEDB_CANCELLED, "the walk was stopped by its callback at %s", state->path.data);
    return CODEDB_SUCCESS;
}

static codedb_code walk_report_errno(walk_state *state, int error)
{
    char text[128];
    return walk_report(state, strerror_r(error, text, sizeof text));
}

static int walk_compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The names of a folder's entries, sorted, in `arena`. An unreadable folder is reported through *error (an errno). */
static codedb_code walk_read_names(const char *path, codedb_arena *arena, char ***names, size_t *count, int *error)
{
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        *error = errno;
        return CODEDB_SUCCESS;
    }
    codedb_code code = CODEDB_SUCCESS;
    const codedb_allocator *allocator = codedb_arena_allocator(arena);
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            *error = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*count == capacity) {
            size_t larger = capacity == 0 ? 64 : capacity * 2;
            char **grown = *names == NULL ? codedb_memory_allocate(allocator, larger, sizeof *grown)
                                          : codedb_memory_reallocate(allocator, *names, capacity, larger, sizeof *grown);
            if (grown == NULL) {
                code = CODEDB_NO_MEMORY;
                break;
            }
            *names = grown;
            capacity = larger;
        }
        char *copy = codedb_arena_copy(arena, entry->d_name, strlen(entry->d_name));
        if (copy == NULL) {
            code = CODEDB_NO_MEMORY;
            break;
        }
        (*names)[(*count)++] = copy;
    }
    closedir(folder);
    if (code == CODEDB_SUCCESS && *count > 0)
        qsort(*names, *count, sizeof **names, walk_compare_names);
    return code;
}

/* True when the folder in hand is one that a project does not own: version control, a virtual environment. */
static bool walk_is_left_out(walk_state *state, const char *name)
{
    if (state->options->no_default_excludes)
        return false;
    if (walk_text_in(name, walk_version_control))
        return true;
    size_t length = state->path.length;
    codedb_buffer_append_text(&state->path, "/pyvenv.cfg");
    struct stat status;
    bool found = !state->path.failed && stat(state->path.data, &status) == 0;
    if (!state->path.failed) {
        state->path.length = length;
        state->path.data[length] = '\0';
    }
    return found;
}

static codedb_code walk_folder(walk_state *state, int depth);

/* Visits the entry whose path stands in state->path. */
static codedb_code walk_entry(walk_state *state, const char *name, int depth)
{
    if (walk_is_excluded(state, state->path.data + state->root_length, name))
        return CODEDB_SUCCESS;
    struct stat status;
    if (lstat(state->path.data, &status) != 0)
        return errno == ENOENT ? CODEDB_SUCCESS : walk_report_errno(state, errno);
    bool link = S_ISLNK(status.st_mode);
    if (link && stat(state->path.data, &status) != 0) {
        /* A link that leads nowhere or round in circles matters only where a source file was to be expected. */
        return errno == ELOOP || walk_is_python_name(name) ? walk_report_errno(state, errno) : CODEDB_SUCCESS;
    }
    if (S_ISDIR(status.st_mode)) {
        if (link || walk_is_left_out(state, name))
            return state->path.failed ? codedb_fail_no_memory(state->result) : CODEDB_SUCCESS;
        return depth < WALK_MAX_DEPTH ? walk_folder(state, depth + 1) : walk_report(state, "folders nest too deep");
    }
    if (!walk_is_python_name(name))
        return CODEDB_SUCCESS;
    return walk_report(state, S_ISREG(status.st_mode) ? NULL : "not a regular file");
}

/* Visits all entries of the folder whose path stands in state->path, which is restored. */
static codedb_code walk_folder(walk_state *state, int depth)
{
    codedb_arena *arena = codedb_arena_create(&state->allocator);
    if (arena == NULL)
        return codedb_fail_no_memory(state->result);
    size_t length = state->path.length;
    char **names = NULL;
    size_t count = 0;
    int error = 0;
    codedb_code code = walk_read_names(state->path.data, arena, &names, &count, &error);
    if (code != CODEDB_SUCCESS)
        code = codedb_fail_no_memory(state->result);
    else if (error != 0)
        code = walk_report_errno(state, error);
    for (size_t i = 0; code == CODEDB_SUCCESS && i < count; i++) {
        if (length == 0 || state->path.data[length - 1] != '/')
            codedb_buffer_append_byte(&state->path, '/');
        codedb_buffer_append_text(&state->path, names[i]);
        code = state->path.failed ? codedb_fail_no_memory(state->result) : walk_entry(state, names[i], depth);
        if (!state->path.failed) {
            state->path.length = length;
            state->path.data[length] = '\0';
        }
    }
    codedb_memory_release(&state->allocator, names);
    codedb_arena_destroy(arena);
    return code;
}

codedb_code codedb_folder_walk(const char *folder, const codedb_walk_options *options, codedb_walk_function visit, void *context,
                               codedb_result *result)
{
    codedb_succeed(result);
    codedb_walk_options own;
    if (folder == NULL || visit == NULL)
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_folder_walk: folder and visit must not be NULL");
    codedb_code code = codedb_struct_take(&own, sizeof own, options, "codedb_walk_options", result);
    if (code != CODEDB_SUCCESS)
        return code;
    walk_state state = {.options = &own, .visit = visit, .context = context, .result = result};
    state.allocator = codedb_allocator_or_default(state.options->allocator);
    struct stat status;
    if (stat(folder, &status) != 0) {
        code = errno == EACCES ? CODEDB_PERMISSION_DENIED : CODEDB_NOT_FOUND;
        return codedb_fail(result, code, "%s: no folder can be read there", folder);
    }
    if (!S_ISDIR(status.st_mode))
        return codedb_fail(result, CODEDB_NOT_FOUND, "%s: found a file, expected a folder", folder);
    codedb_buffer_init(&state.path, &state.allocator);
    codedb_buffer_append_text(&state.path, folder);
    while (state.path.length > 1 && state.path.data[state.path.length - 1] == '/')
        state.path.data[--state.path.length] = '\0';
    state.root_length = state.path.length + (strcmp(folder, "/") == 0 ? 0 : 1);
    code = state.path.failed ? codedb_fail_no_memory(result) : walk_folder(&state, 0);
    codedb_buffer_free(&state.path);
    return code;
}
