/* look_up_names.c -- looks up names of characters, for compare_names.py.
 *
 *   look_up_names VERSION
 *
 * Reads a name a line, and writes for each of them the code point in hexadecimal that a Python of this version has for it, or "-". */
#include "codedb_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while (argc == 2 && (length = getline(&line, &capacity, stdin)) > 0) {
        uint32_t code_point;
        size_t name = (size_t)length - (line[length - 1] == '\n');
        if (codedb_character_by_name(line, name, atoi(argv[1]), &code_point))
            printf("%lX\n", (unsigned long)code_point);
        else
            puts("-");
    }
    free(line);
    return argc == 2 ? 0 : 2;
}
