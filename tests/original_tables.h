/* tests/original_tables.h -- tables and rows as the original system makes them, in SQL for sqlite3 itself. */
#ifndef CODEDB_TESTS_ORIGINAL_TABLES_H
#define CODEDB_TESTS_ORIGINAL_TABLES_H

#include "support.h"

/* The tables of the original system that the test needs, as an older version made them: no `deleted` and `original_path` in files,
 * no `binding_level` in code_chunks, no id in the statistics, issues of files only, no comprehensive_analysis_results; a column
 * and a table more than codedb knows. */
SUPPORT_UNUSED static const char original_tables[] =
    "CREATE TABLE watch_dirs (id TEXT PRIMARY KEY, name TEXT, created_at REAL DEFAULT (julianday('now')), updated_at REAL);"
    "CREATE TABLE watch_dir_paths (watch_dir_id TEXT PRIMARY KEY, absolute_path TEXT, created_at REAL, updated_at REAL,"
    " FOREIGN KEY (watch_dir_id) REFERENCES watch_dirs(id) ON DELETE CASCADE);"
    "CREATE TABLE projects (id TEXT PRIMARY KEY, root_path TEXT UNIQUE NOT NULL, name TEXT, comment TEXT, watch_dir_id TEXT,"
    " created_at REAL DEFAULT (julianday('now')), updated_at REAL, owner TEXT NOT NULL DEFAULT 'nobody');"
    "CREATE TABLE datasets (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, root_path TEXT NOT NULL, name TEXT, created_at REAL,"
    " updated_at REAL, FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE, UNIQUE(project_id, root_path));"
    "CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, project_id TEXT NOT NULL, dataset_id TEXT NOT NULL, path TEXT NOT NULL,"
    " lines INTEGER, last_modified REAL, has_docstring BOOLEAN, created_at REAL, updated_at REAL,"
    " FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,"
    " FOREIGN KEY (dataset_id) REFERENCES datasets(id) ON DELETE CASCADE, UNIQUE(project_id, dataset_id, path));"
    "CREATE TABLE classes (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL,"
    " docstring TEXT, bases TEXT, created_at REAL, FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE,"
    " UNIQUE(file_id, name, line));"
    "CREATE TABLE methods (id INTEGER PRIMARY KEY AUTOINCREMENT, class_id INTEGER NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL,"
    " args TEXT, docstring TEXT, is_abstract BOOLEAN DEFAULT 0, has_pass BOOLEAN DEFAULT 0, has_not_implemented BOOLEAN DEFAULT 0,"
    " created_at REAL, FOREIGN KEY (class_id) REFERENCES classes(id) ON DELETE CASCADE, UNIQUE(class_id, name, line));"
    "CREATE TABLE functions (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, name TEXT NOT NULL,"
    " line INTEGER NOT NULL, args TEXT, docstring TEXT, created_at REAL,"
    " FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE, UNIQUE(file_id, name, line));"
    "CREATE TABLE imports (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, name TEXT NOT NULL, module TEXT,"
    " import_type TEXT NOT NULL, line INTEGER NOT NULL, created_at REAL,"
    " FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE);"
    "CREATE TABLE issues (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER, issue_type TEXT NOT NULL, line INTEGER,"
    " description TEXT, metadata TEXT, created_at REAL, FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE);"
    "CREATE TABLE cst_trees (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, project_id TEXT NOT NULL,"
    " cst_code TEXT NOT NULL, cst_hash TEXT NOT NULL, file_mtime REAL NOT NULL, created_at REAL,"
    " FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE, UNIQUE(file_id, cst_hash));"
    "CREATE TABLE code_chunks (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, project_id TEXT NOT NULL,"
    " chunk_uuid TEXT UNIQUE NOT NULL, chunk_type TEXT NOT NULL, chunk_text TEXT NOT NULL, chunk_ordinal INTEGER, vector_id INTEGER,"
    " embedding_model TEXT, created_at REAL, FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE);"
    "CREATE TABLE settings (name TEXT, value TEXT);";

SUPPORT_UNUSED static const char original_text_tables[] =
    "CREATE TABLE code_content (id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, entity_type TEXT NOT NULL,"
    " entity_id INTEGER, entity_name TEXT, content TEXT NOT NULL, docstring TEXT, created_at REAL,"
    " FOREIGN KEY (file_id) REFERENCES files(id) ON DELETE CASCADE);"
    "CREATE VIRTUAL TABLE code_content_fts USING fts5(entity_type, entity_name, content, docstring, content='code_content',"
    " content_rowid='id');"
    "CREATE TABLE vectorization_stats (cycle_id TEXT PRIMARY KEY, cycle_start_time REAL NOT NULL, cycle_end_time REAL,"
    " chunks_total_at_start INTEGER NOT NULL DEFAULT 0, chunks_processed INTEGER NOT NULL DEFAULT 0,"
    " chunks_skipped INTEGER NOT NULL DEFAULT 0, chunks_failed INTEGER NOT NULL DEFAULT 0,"
    " files_total_at_start INTEGER NOT NULL DEFAULT 0, files_vectorized INTEGER NOT NULL DEFAULT 0,"
    " total_processing_time_seconds REAL NOT NULL DEFAULT 0.0, average_processing_time_seconds REAL,"
    " last_updated REAL DEFAULT (julianday('now')));";

/* Some versions of it kept full text by triggers. */
SUPPORT_UNUSED static const char original_triggers[] =
    "CREATE TRIGGER code_content_ai AFTER INSERT ON code_content BEGIN"
    " INSERT INTO code_content_fts(rowid, entity_type, entity_name, content, docstring)"
    " VALUES (new.id, new.entity_type, new.entity_name, new.content, new.docstring); END;"
    "CREATE TRIGGER code_content_ad AFTER DELETE ON code_content BEGIN"
    " INSERT INTO code_content_fts(code_content_fts, rowid, entity_type, entity_name, content, docstring)"
    " VALUES ('delete', old.id, old.entity_type, old.entity_name, old.content, old.docstring); END;"
    "CREATE TRIGGER code_content_au AFTER UPDATE ON code_content BEGIN"
    " INSERT INTO code_content_fts(code_content_fts, rowid, entity_type, entity_name, content, docstring)"
    " VALUES ('delete', old.id, old.entity_type, old.entity_name, old.content, old.docstring);"
    " INSERT INTO code_content_fts(rowid, entity_type, entity_name, content, docstring)"
    " VALUES (new.id, new.entity_type, new.entity_name, new.content, new.docstring); END;";

SUPPORT_UNUSED static const char original_rows[] =
    "INSERT INTO projects(id, root_path, name) VALUES ('0f8fad5b-d9cb-469f-a165-70867728950e', '/old', 'old');"
    "INSERT INTO datasets(id, project_id, root_path) VALUES ('d1', '0f8fad5b-d9cb-469f-a165-70867728950e', '/old');"
    "INSERT INTO files(id, project_id, dataset_id, path, lines) VALUES (5, '0f8fad5b-d9cb-469f-a165-70867728950e', 'd1', '/old/a.py', 9);"
    "INSERT INTO classes(id, file_id, name, line) VALUES (3, 5, 'Old', 1);"
    "INSERT INTO methods(class_id, name, line) VALUES (3, 'm', 2);"
    "INSERT INTO issues(file_id, issue_type) VALUES (5, 'long');"
    "INSERT INTO cst_trees(file_id, project_id, cst_code, cst_hash, file_mtime) VALUES "
    "(5, '0f8fad5b-d9cb-469f-a165-70867728950e', 'class Old: pass', 'abc', 1.0);"
    "INSERT INTO code_content(id, file_id, entity_type, content) VALUES (1, 5, 'class', 'an ancient class');"
    "INSERT INTO vectorization_stats(cycle_id, cycle_start_time) VALUES ('c1', 100.0);";

#endif
