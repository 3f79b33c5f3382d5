/* projects.c -- which projects of a database --project names: by id, by name, or by folder. */
#include "shell.h"

#include <stdlib.h>
#include <string.h>

void shell_projects_free(shell_projects *found)
{
    free(found->ids);
    codedb_free(found->all);
    *found = (shell_projects){NULL, NULL, 0};
}

static bool projects_is(const codedb_project *project, const char *wanted, const char *folder)
{
    return strcmp(project->id, wanted) == 0 || (project->name != NULL && strcmp(project->name, wanted) == 0) ||
           strcmp(project->root_path, folder != NULL ? folder : wanted) == 0;
}

/* Adds the ids of the projects with that id, name or folder; false when there are none. */
static bool projects_add(shell_projects *found, const char *wanted)
{
    size_t before = found->count;
    char *folder = realpath(wanted, NULL);
    for (size_t i = 0; i < found->all->count; i++)
        if (projects_is(found->all->items[i], wanted, folder))
            found->ids[found->count++] = found->all->items[i]->id;
    free(folder);
    return found->count > before;
}

bool shell_projects_find(const shell_options *options, codedb *db, shell_projects *found)
{
    codedb_result result = CODEDB_INIT(codedb_result);
    bool is_found = true;
    *found = (shell_projects){NULL, NULL, 0};
    if (codedb_project_list(db, NULL, &found->all, &result) != CODEDB_SUCCESS) {
        shell_fail_result(options, options->db, &result);
        codedb_result_clear(&result);
        return false;
    }
    codedb_result_clear(&result);
    found->ids = malloc((options->project_count * found->all->count + 1) * sizeof *found->ids);
    if (found->ids == NULL)
        is_found = shell_fail("out of memory") != SHELL_ERROR;
    for (size_t i = 0; is_found && i < options->project_count; i++) {
        is_found = projects_add(found, options->projects[i]);
        if (!is_found)
            shell_fail("--project: the database has no project '%s'; `codedb show projects` lists them", options->projects[i]);
    }
    if (!is_found)
        shell_projects_free(found);
    return is_found;
}
