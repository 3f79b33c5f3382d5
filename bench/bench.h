/* bench.h -- what the parsers' benchmarks share, so that codedb and its peers read and time alike: processor time, medians, files. */
#ifndef CODEDB_BENCH_H
#define CODEDB_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench_file {
    char *bytes;
    size_t length;
} bench_file;

/* Seconds of processor time of this process. */
static inline double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* For qsort over doubles. */
static inline int bench_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline bench_file bench_read(const char *path)
{
    bench_file file = {NULL, 0};
    FILE *in = fopen(path, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    file.length = (size_t)ftell(in);
    rewind(in);
    file.bytes = malloc(file.length + 1);
    if (file.bytes == NULL || fread(file.bytes, 1, file.length, in) != file.length) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(in);
    return file;
}

/* All files whose names stand on standard input, a line each. */
static inline bench_file *bench_read_all(size_t *count)
{
    size_t capacity = 0;
    bench_file *files = NULL;
    char path[4096];
    *count = 0;
    while (fgets(path, sizeof path, stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        if (*count == capacity) {
            capacity = capacity == 0 ? 1024 : capacity * 2;
            files = realloc(files, capacity * sizeof *files);
            if (files == NULL)
                exit(2);
        }
        files[(*count)++] = bench_read(path);
    }
    return files;
}

static inline void bench_free_all(bench_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(files[i].bytes);
    free(files);
}

#endif
