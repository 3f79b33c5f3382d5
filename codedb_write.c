/* codedb_write.c -- files written back: new content beside the old, synced, with its mode and owner, then renamed over it.
 *
 * Called by the host (codedb_files_write) and by codedb_modify.c. Knows neither trees nor rows. Any thread; a writer belongs to one call.
 *
 * A file system has no transaction over several files, so the work is ordered such that little is left to go wrong at the end: every
 * file is checked and every new content is on the disk before the first old file is touched; then there are only renames. When
 * one of these fails, the files before it get their old content again, in the same way.
 *
 * Invariants
 * 1. A file is replaced whole or not at all: whoever reads it sees the old content or the new one.
 * 2. A file that does not hold what was read is not replaced: its bytes are compared when it is staged, its size, times and number
 *    (inode) again directly before the rename.
 * 3. A link stays a link: what it leads to is replaced. A file that is given by several names, all with the same new content, is written
 *    once; its hard links among the names stay links to one file. */
#include "codedb_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_PROBLEM_SIZE 160

typedef struct write_file {
    char *path;      /* as given */
    char *real;      /* what the path leads to; NULL: not staged */
    char *temporary; /* NULL: none is there */
    const char *old;
    size_t old_length;
    struct stat status;                /* of the old file when it was read */
    char hash[CODEDB_SHA256_HEX_SIZE]; /* of the new content */
    const struct write_file *twin;     /* the one that is written for this one, too, as both paths lead to it; NULL: none */
    codedb_write_outcome outcome;
    char problem[WRITE_PROBLEM_SIZE];
} write_file;

struct codedb_writer {
    const codedb_allocator *allocator;
    codedb_arena *arena;
    write_file *files;
    size_t count;
    size_t capacity;
};

static codedb_code write_fail(write_file *file, codedb_code code, codedb_result *result, const char *problem)
{
    file->outcome = CODEDB_WRITE_REFUSED;
    snprintf(file->problem, sizeof file->problem, "%s", problem);
    return codedb_fail(result, code, "%s: %s", file->path, file->problem);
}

static codedb_code write_fail_system(write_file *file, int error, codedb_result *result)
{
    char text[WRITE_PROBLEM_SIZE];
    codedb_text_system_error(error, text, sizeof text);
    codedb_code code = CODEDB_DATABASE_ERROR;
    if (error == ENOENT || error == ENOTDIR || error == ELOOP)
        code = CODEDB_NOT_FOUND;
    else if (error == EACCES || error == EPERM || error == EROFS)
        code = CODEDB_PERMISSION_DENIED;
    return write_fail(file, code, result, text);
}

/* ---- The old file ------------------------------------------------------------------------------------------------- */

/* Whether the descriptor gives exactly these bytes; -1 with errno when it cannot be read. */
static int write_holds(int descriptor, const char *bytes, size_t length)
{
    char block[16384];
    size_t at = 0;
    for (;;) {
        ssize_t got = read(descriptor, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            return at == length;
        if ((size_t)got > length - at || memcmp(block, bytes + at, (size_t)got) != 0)
            return 0;
        at += (size_t)got;
    }
}

static codedb_code write_check_old(write_file *file, codedb_result *result)
{
    int descriptor = open(file->real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    codedb_code code = CODEDB_SUCCESS;
    if (descriptor < 0 || fstat(descriptor, &file->status) != 0) {
        code = write_fail_system(file, errno, result);
    } else if (!S_ISREG(file->status.st_mode)) {
        code = write_fail(file, CODEDB_PERMISSION_DENIED, result, "it is no regular file");
    } else if (!(file->status.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) || access(file->real, W_OK) != 0) {
        code = write_fail(file, CODEDB_PERMISSION_DENIED, result, "it is read-only");
    } else {
        int holds = write_holds(descriptor, file->old, file->old_length);
        if (holds < 0)
            code = write_fail_system(file, errno, result);
        else if (!holds)
            code = write_fail(file, CODEDB_CONFLICT, result, "the file has changed since it was read");
    }
    if (descriptor >= 0)
        close(descriptor);
    return code;
}

static bool write_is_unchanged(const write_file *file)
{
    struct stat now;
    return stat(file->real, &now) == 0 && now.st_dev == file->status.st_dev && now.st_ino == file->status.st_ino &&
           now.st_size == file->status.st_size && now.st_mtim.tv_sec == file->status.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->status.st_mtim.tv_nsec;
}

/* ---- The new file ------------------------------------------------------------------------------------------------- */

static bool write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Mode and owner of the old file, the content, and all of it on the disk. */
static bool write_fill(int descriptor, const struct stat *status, const char *bytes, size_t length)
{
    /* Only root may give a file away; for others the owner is their own anyway. */
    if (fchown(descriptor, status->st_uid, status->st_gid) != 0 && errno != EPERM)
        return false;
    return fchmod(descriptor, status->st_mode & 07777) == 0 && write_all(descriptor, bytes, length) && fsync(descriptor) == 0;
}

/* Makes the file's temporary one. Errno tells what went wrong. */
static bool write_beside(codedb_writer *writer, write_file *file, const char *bytes, size_t length)
{
    static const char suffix[] = ".codedb-XXXXXX";
    size_t real_length = strlen(file->real);
    char *name = codedb_arena_allocate(writer->arena, real_length + sizeof suffix, 1);
    if (!name) {
        errno = ENOMEM;
        return false;
    }
    memcpy(name, file->real, real_length);
    memcpy(name + real_length, suffix, sizeof suffix);
    int descriptor = mkostemp(name, O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool filled = write_fill(descriptor, &file->status, bytes, length);
    int error = errno;
    filled = close(descriptor) == 0 && filled;
    if (filled) {
        file->temporary = name;
        return true;
    }
    unlink(name);
    errno = error;
    return false;
}

/* What is renamed in a folder is on the disk when the folder is. */
static void write_sync_folder(const char *real)
{
    char folder[4096];
    const char *slash = strrchr(real, '/');
    size_t length = slash ? (size_t)(slash - real) : 0;
    if (!length || length >= sizeof folder)
        return;
    memcpy(folder, real, length);
    folder[length] = '\0';
    int descriptor = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

/* ---- The writer --------------------------------------------------------------------------------------------------- */

CODEDB_PRIVATE codedb_writer *codedb_writer_create(const codedb_allocator *allocator, size_t count)
{
    codedb_arena *arena = codedb_arena_create(allocator);
    codedb_writer *writer = arena ? codedb_arena_allocate(arena, 1, sizeof *writer) : NULL;
    write_file *files = arena ? codedb_arena_allocate(arena, count, sizeof *files) : NULL;
    if (!writer || !files) {
        codedb_arena_destroy(arena);
        return NULL;
    }
    *writer = (codedb_writer){.allocator = allocator, .arena = arena, .files = files, .capacity = count};
    return writer;
}

CODEDB_PRIVATE codedb_code codedb_writer_stage(codedb_writer *writer, const char *path, const char *old, size_t old_length,
                                               const char *bytes, size_t length, codedb_result *result)
{
    write_file *file = &writer->files[writer->count++];
    *file = (write_file){.old = old, .old_length = old_length};
    file->path = codedb_arena_copy(writer->arena, path, strlen(path));
    if (!file->path)
        return codedb_fail_no_memory(result);
    char real[PATH_MAX];
    if (!realpath(path, real))
        return write_fail_system(file, errno, result);
    file->real = codedb_arena_copy(writer->arena, real, strlen(real));
    if (!file->real)
        return codedb_fail_no_memory(result);
    codedb_code code = write_check_old(file, result);
    if (code == CODEDB_SUCCESS && !write_beside(writer, file, bytes, length))
        code = write_fail_system(file, errno, result);
    codedb_sha256_hex(bytes, length, file->hash);
    return code;
}

static codedb_code write_rename(write_file *file, codedb_result *result)
{
    if (!write_is_unchanged(file))
        return write_fail(file, CODEDB_CONFLICT, result, "the file has changed since it was read");
    if (rename(file->temporary, file->real) != 0)
        return write_fail_system(file, errno, result);
    file->temporary = NULL;
    file->outcome = CODEDB_WRITE_WRITTEN;
    write_sync_folder(file->real);
    return CODEDB_SUCCESS;
}

/* By file, the names of one together and in their order. */
static int write_compare_files(const void *left, const void *right)
{
    const write_file *a = *(const write_file *const *)left, *b = *(const write_file *const *)right;
    if (a->status.st_dev != b->status.st_dev)
        return a->status.st_dev < b->status.st_dev ? -1 : 1;
    if (a->status.st_ino != b->status.st_ino)
        return a->status.st_ino < b->status.st_ino ? -1 : 1;
    int names = strcmp(a->real, b->real);
    return names ? names : (a > b) - (a < b);
}

/* `file` is a hard link to `first`, and stays one: to its new content. */
static codedb_code write_join_link(const write_file *first, write_file *file, codedb_result *result)
{
    char *name = file->temporary;
    unlink(name);
    file->temporary = NULL;
    if (link(first->temporary, name) != 0)
        return write_fail_system(file, errno, result);
    file->temporary = name;
    return CODEDB_SUCCESS;
}

/* What the path of `file` leads to is written for `first` already. */
static void write_join_name(const write_file *first, write_file *file)
{
    unlink(file->temporary);
    file->temporary = NULL;
    file->twin = first;
}

/* Joins what leads to one file: written twice, its second name would not find what it has read. */
static codedb_code write_join_twins(const codedb_writer *writer, codedb_result *result)
{
    write_file **sorted = codedb_arena_allocate(writer->arena, writer->count, sizeof *sorted);
    codedb_code code = sorted ? CODEDB_SUCCESS : codedb_fail_no_memory(result);
    for (size_t i = 0; i < writer->count && sorted; i++)
        sorted[i] = &writer->files[i];
    if (writer->count && sorted)
        qsort(sorted, writer->count, sizeof *sorted, write_compare_files);
    size_t file = 0, name = 0; /* the first of the same file, and of the same path to it */
    for (size_t i = 1; i < writer->count && code == CODEDB_SUCCESS; i++) {
        bool is_same =
            sorted[i]->status.st_dev == sorted[file]->status.st_dev && sorted[i]->status.st_ino == sorted[file]->status.st_ino;
        if (!is_same)
            file = name = i;
        else if (strcmp(sorted[i]->hash, sorted[file]->hash) != 0)
            code = write_fail(sorted[i], CODEDB_INVALID_REQUEST, result,
                              "two of the paths lead to this file, and their new contents differ");
        else if (strcmp(sorted[i]->real, sorted[name]->real) == 0)
            write_join_name(sorted[name], sorted[i]);
        else
            code = write_join_link(sorted[file], sorted[name = i], result);
    }
    return code;
}

CODEDB_PRIVATE codedb_code codedb_writer_commit(codedb_writer *writer, codedb_result *result)
{
    codedb_code code = write_join_twins(writer, result);
    for (size_t i = 0; i < writer->count && code == CODEDB_SUCCESS; i++)
        if (writer->files[i].temporary)
            code = write_rename(&writer->files[i], result);
    if (code != CODEDB_SUCCESS)
        codedb_writer_undo(writer);
    return code;
}

CODEDB_PRIVATE void codedb_writer_undo(codedb_writer *writer)
{
    for (size_t i = 0; i < writer->count; i++) {
        write_file *file = &writer->files[i];
        if (file->outcome != CODEDB_WRITE_WRITTEN)
            continue;
        if (write_beside(writer, file, file->old, file->old_length) && rename(file->temporary, file->real) == 0) {
            file->temporary = NULL;
            file->outcome = CODEDB_WRITE_RESTORED;
            write_sync_folder(file->real);
        } else {
            codedb_text_system_error(errno, file->problem, sizeof file->problem);
            file->outcome = CODEDB_WRITE_STUCK;
        }
    }
}

static const write_file *write_told(const write_file *file)
{
    return file->twin ? file->twin : file;
}

CODEDB_PRIVATE codedb_write_outcome codedb_writer_outcome(const codedb_writer *writer, size_t number, const char **problem)
{
    const write_file *told = number < writer->count ? write_told(&writer->files[number]) : NULL;
    *problem = told ? told->problem : "";
    return told ? told->outcome : CODEDB_WRITE_UNTOUCHED;
}

CODEDB_PRIVATE void codedb_writer_describe(const codedb_writer *writer, codedb_buffer *out)
{
    static const char *const words[] = {"untouched", "written", "refused", "restored", "stuck"};
    codedb_buffer_append_byte(out, '[');
    for (size_t i = 0; i < writer->count; i++) {
        const write_file *file = &writer->files[i], *told = write_told(file);
        codedb_buffer_append_text(out, i ? ", {\"path\": " : "{\"path\": ");
        codedb_buffer_append_json(out, file->path ? file->path : "", file->path ? strlen(file->path) : 0);
        codedb_buffer_printf(out, ", \"outcome\": \"%s\"", words[told->outcome]);
        if (*told->problem) {
            codedb_buffer_append_text(out, ", \"message\": ");
            codedb_buffer_append_json(out, told->problem, strlen(told->problem));
        }
        codedb_buffer_append_byte(out, '}');
    }
    codedb_buffer_append_byte(out, ']');
}

CODEDB_PRIVATE void codedb_writer_free(codedb_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; i < writer->count; i++)
        if (writer->files[i].temporary)
            unlink(writer->files[i].temporary);
    codedb_arena_destroy(writer->arena);
}

/* ---- The host's call ---------------------------------------------------------------------------------------------- */

/* File i of the host, whose struct may be of another version. */
static codedb_file_write *write_of_host(codedb_file_write *files, size_t index)
{
    return (codedb_file_write *)(void *)((char *)files + index * files->struct_size);
}

static codedb_code write_read(codedb_file_write *files, size_t index, codedb_file_write *file, codedb_result *result)
{
    const codedb_file_write *given = write_of_host(files, index);
    if (given->struct_size != files->struct_size || !codedb_struct_read(file, sizeof *file, given))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_files_write: struct_size of file %zu is %zu, expected %zu",
                           index, given->struct_size, sizeof *file);
    if (!file->path || (!file->old_bytes && file->old_length) || (!file->bytes && file->length))
        return codedb_fail(result, CODEDB_INVALID_REQUEST,
                           "codedb_files_write: file %zu lacks its path, its old bytes or its new ones", index);
    return CODEDB_SUCCESS;
}

static void write_tell(const codedb_writer *writer, codedb_file_write *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codedb_file_write *given = write_of_host(files, i), file;
        const char *problem;
        if (!codedb_struct_read(&file, sizeof file, given))
            continue;
        file.outcome = codedb_writer_outcome(writer, i, &problem);
        snprintf(file.problem, sizeof file.problem, "%s", problem);
        codedb_struct_give(given, &file, sizeof file);
    }
}

CODEDB_API codedb_code codedb_files_write(codedb_file_write *files, size_t count, codedb_result *result)
{
    if ((!files && count) || (count && !files->struct_size))
        return codedb_fail(result, CODEDB_INVALID_REQUEST, "codedb_files_write needs files whose struct_size is set");
    codedb_allocator allocator = codedb_allocator_or_default(NULL);
    codedb_writer *writer = codedb_writer_create(&allocator, count);
    codedb_buffer data;
    if (!writer)
        return codedb_fail_no_memory(result);
    codedb_code code = codedb_succeed(result);
    bool is_readable = true;
    for (size_t i = 0; i < count && code == CODEDB_SUCCESS; i++) {
        codedb_file_write file = CODEDB_INIT(codedb_file_write);
        code = write_read(files, i, &file, result);
        is_readable = code == CODEDB_SUCCESS;
        if (is_readable)
            code = codedb_writer_stage(writer, file.path, file.old_bytes ? file.old_bytes : "", file.old_length,
                                       file.bytes ? file.bytes : "", file.length, result);
    }
    if (code == CODEDB_SUCCESS)
        code = codedb_writer_commit(writer, result);
    if (is_readable)
        write_tell(writer, files, count);
    codedb_buffer_init(&data, &allocator);
    codedb_writer_describe(writer, &data);
    codedb_result_take_data(result, &data);
    codedb_writer_free(writer);
    return code;
}
