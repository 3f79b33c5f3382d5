/* codedb_image.c -- empty tables as the bytes of the database file that SQLite would make of them.
 *
 * Called by codedb_schema.c in the host's thread; calls codedb_ddl.c. SQLite takes 200,000 instructions to make a table or an index, most
 * of them to read again what it has just written, and a tenth of that to read one from a file: so a database in memory is written here,
 * by the documented format (sqlite.org/fileformat2.html), and read there (codedb_sqlite_schema.c). Knows no SQLite: what it cannot write,
 * or SQLite does not take, is made by the same SQL. Virtual tables are always made by SQL: what is in them is their modules' affair.
 *
 * Invariants:
 * 1. Page 1 is the root of the schema's tree, and has no rows; pages from 2 on are the empty trees of its rows, in their order; the last
 *    ones have the rows.
 * 2. Rows stand in the order in which SQLite would have made them: a table, the indexes of its own constraints, sqlite_sequence behind
 *    the first table that needs it, the other indexes. */
#include "codedb_driver.h"
#include "codedb_structure.h"

#include <string.h>
#include <strings.h>

#define IMAGE_PAGE ((size_t)4096)
#define IMAGE_HEADER ((size_t)100)              /* of the file, at the start of page 1 */
#define IMAGE_LARGEST_PAYLOAD (IMAGE_PAGE - 35) /* of a row that lies in one page */
#define IMAGE_INTERIOR ((unsigned char)0x05)    /* pages of a tree, by their first byte */
#define IMAGE_TABLE_LEAF ((unsigned char)0x0D)  /* rows */
#define IMAGE_INDEX_LEAF ((unsigned char)0x0A)  /* entries of an index */
#define IMAGE_LEAF_ROOM (IMAGE_PAGE - 8)        /* behind the head of a leaf */
#define IMAGE_INTERIOR_ROOM (IMAGE_PAGE - 100 - 12)
#define IMAGE_INTERIOR_CELL ((size_t)(2 + 4 + 9)) /* at most */

/* A row of sqlite_schema. */
typedef struct image_row {
    size_t start; /* of its cell in image_writer.cells */
    size_t end;
    unsigned char root; /* what its own tree begins as */
} image_row;

typedef struct image_writer {
    codedb_arena *arena;
    codedb_buffer sql;
    codedb_buffer cells;
    image_row *rows;
    size_t count;
    bool has_sequence;
    bool refused; /* something that is not to be written here */
} image_writer;

/* ---- Numbers ------------------------------------------------------------------------------------------------------- */

static void image_put(unsigned char *at, size_t bytes, size_t number)
{
    while (bytes > 0) {
        at[--bytes] = (unsigned char)(number & 0xff);
        number >>= 8;
    }
}

/* A number of 7 bits a byte, the highest first, of less than 2^56; how many bytes. */
static size_t image_put_varint(unsigned char *at, size_t number)
{
    size_t bytes = 1;
    for (size_t rest = number >> 7; rest > 0; rest >>= 7)
        bytes++;
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(((number >> (7 * (bytes - 1 - i))) & 0x7f) | (i + 1 < bytes ? 0x80 : 0));
    return bytes;
}

/* ---- Rows of the schema -------------------------------------------------------------------------------------------- */

/* What SQLite keeps of a CREATE statement: IF NOT EXISTS, which stood between the two, is left out. */
typedef struct image_sql {
    const char *head;
    size_t head_length;
    const char *tail;
    size_t tail_length;
} image_sql;

static image_sql image_sql_of(const char *from, size_t length)
{
    static const char condition[] = "IF NOT EXISTS ";
    const char *found = strstr(from, condition);
    image_sql sql = {from, length, "", 0};
    if (found != NULL && found < from + length) {
        sql.head_length = (size_t)(found - from);
        sql.tail = found + sizeof condition - 1;
        sql.tail_length = (size_t)(from + length - sql.tail);
    }
    return sql;
}

/* The serial type of a text in a record. */
static size_t image_text_type(size_t length)
{
    return 13 + 2 * length;
}

/* Adds a row (type, name, table, root page, SQL), whose tree is the next page. */
static void image_add_row(image_writer *writer, const char *type, const char *name, const char *table, const image_sql *sql)
{
    image_row *row = &writer->rows[writer->count];
    size_t lengths[] = {strlen(type), strlen(name), strlen(table), sql != NULL ? sql->head_length + sql->tail_length : 0};
    size_t page = 2 + writer->count;
    unsigned char head[64], cell[32], root[2];
    size_t head_length = 1, payload, cell_length;
    for (size_t i = 0; i < 3; i++)
        head_length += image_put_varint(head + head_length, image_text_type(lengths[i]));
    head[head_length++] = 2; /* an integer of two bytes */
    head_length += image_put_varint(head + head_length, sql != NULL ? image_text_type(lengths[3]) : 0);
    head[0] = (unsigned char)head_length;
    payload = head_length + lengths[0] + lengths[1] + lengths[2] + sizeof root + lengths[3];
    cell_length = image_put_varint(cell, payload);
    cell_length += image_put_varint(cell + cell_length, writer->count + 1);
    image_put(root, sizeof root, page);
    writer->refused = writer->refused || payload > IMAGE_LARGEST_PAYLOAD || page > INT16_MAX;
    row->start = writer->cells.length;
    codedb_buffer_append(&writer->cells, cell, cell_length);
    codedb_buffer_append(&writer->cells, head, head_length);
    codedb_buffer_append(&writer->cells, type, lengths[0]);
    codedb_buffer_append(&writer->cells, name, lengths[1]);
    codedb_buffer_append(&writer->cells, table, lengths[2]);
    codedb_buffer_append(&writer->cells, root, sizeof root);
    if (sql != NULL) {
        codedb_buffer_append(&writer->cells, sql->head, sql->head_length);
        codedb_buffer_append(&writer->cells, sql->tail, sql->tail_length);
    }
    row->end = writer->cells.length;
    row->root = type[0] == 't' ? IMAGE_TABLE_LEAF : IMAGE_INDEX_LEAF;
    writer->count++;
}

/* The index that SQLite makes for constraint number `number` (from 1) of a table. */
static void image_add_own_index(image_writer *writer, const char *table, size_t number)
{
    char *name = codedb_arena_printf(writer->arena, "sqlite_autoindex_%s_%zu", table, number);
    if (name == NULL)
        writer->cells.failed = true;
    else
        image_add_row(writer, "index", name, table, NULL);
}

/* A key of one INTEGER column is the row id; every other key has an index. */
static bool image_key_has_index(const codedb_structure_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].primary_key > 1 ||
            (table->columns[i].primary_key == 1 && strcasecmp(table->columns[i].type, "INTEGER") != 0))
            return true;
    return false;
}

/* SQLite makes no index of its own for columns that have one: whether that may be so. */
static bool image_constraint_is_doubtful(const codedb_structure_table *table, size_t number)
{
    const codedb_structure_names *columns = &table->constraints[number].columns;
    bool is_in_key = true;
    for (size_t i = 0; i < number; i++)
        if (table->constraints[i].parent == NULL && codedb_structure_same_names(&table->constraints[i].columns, columns, false))
            return true;
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].primary_key == 0 && codedb_structure_has_name(columns, table->columns[i].name))
            is_in_key = false;
    return is_in_key;
}

static bool image_key_is_counted(const codedb_structure_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].autoincrement)
            return true;
    return false;
}

/* Behind a table's own row. */
static void image_add_constraints(image_writer *writer, const codedb_structure_table *table)
{
    size_t number = 0;
    writer->refused = writer->refused || table->without_rowid;
    if (image_key_has_index(table))
        image_add_own_index(writer, table->name, ++number);
    for (size_t i = 0; i < table->constraint_count; i++) {
        if (table->constraints[i].parent != NULL)
            continue;
        writer->refused = writer->refused || image_constraint_is_doubtful(table, i);
        image_add_own_index(writer, table->name, ++number);
    }
    if (image_key_is_counted(table) && !writer->has_sequence) {
        static const char sequence[] = "CREATE TABLE sqlite_sequence(name,seq)";
        image_sql sql = {sequence, sizeof sequence - 1, "", 0};
        image_add_row(writer, "table", "sqlite_sequence", "sqlite_sequence", &sql);
        writer->has_sequence = true;
    }
}

/* ---- SQL ----------------------------------------------------------------------------------------------------------- */

/* Ends the statement that began at `start`, and adds its row. */
static void image_end_statement(image_writer *writer, size_t start, const char *type, const char *name, const char *table)
{
    size_t end = writer->sql.length;
    codedb_buffer_append_text(&writer->sql, ";\n");
    if (!writer->sql.failed) {
        image_sql sql = image_sql_of(writer->sql.data + start, end - start);
        image_add_row(writer, type, name, table, &sql);
    }
}

static void image_add_table(image_writer *writer, const codedb_structure_table *table)
{
    size_t start = writer->sql.length;
    codedb_ddl_create_table(&writer->sql, CODEDB_SQL_SQLITE, table);
    image_end_statement(writer, start, "table", table->name, table->name);
    image_add_constraints(writer, table);
    for (size_t i = 0; i < table->index_count; i++) {
        start = writer->sql.length;
        codedb_ddl_create_index(&writer->sql, CODEDB_SQL_SQLITE, table->name, &table->indexes[i]);
        image_end_statement(writer, start, "index", table->indexes[i].name, table->name);
    }
}

/* At most so many: of each table its own row, one for its key, one for each constraint and index; and sqlite_sequence. */
static size_t image_count_rows(const codedb_structure *structure)
{
    size_t count = 1;
    for (size_t i = 0; i < structure->table_count; i++)
        count += 2 + structure->tables[i].constraint_count + structure->tables[i].index_count;
    return count;
}

/* Writes the SQL of all tables, and the rows of those that are in the image. Where the others begin is *rest. */
static void image_add_tables(image_writer *writer, const codedb_structure *structure, size_t *rest)
{
    for (size_t i = 0; i < structure->table_count; i++)
        if (structure->tables[i].kind == CODEDB_STRUCTURE_TABLE)
            image_add_table(writer, &structure->tables[i]);
    *rest = writer->sql.length;
    for (size_t i = 0; i < structure->table_count; i++) {
        if (structure->tables[i].kind == CODEDB_STRUCTURE_VIRTUAL) {
            codedb_ddl_create_table(&writer->sql, CODEDB_SQL_SQLITE, &structure->tables[i]);
            codedb_buffer_append_text(&writer->sql, ";\n");
        }
    }
}

/* ---- Pages --------------------------------------------------------------------------------------------------------- */

/* The rows from `row` on that fit on one leaf; the number of the first that does not. */
static size_t image_leaf_end(const image_writer *writer, size_t row)
{
    size_t room = IMAGE_LEAF_ROOM;
    while (row < writer->count && writer->rows[row].end - writer->rows[row].start + 2 <= room) {
        room -= writer->rows[row].end - writer->rows[row].start + 2;
        row++;
    }
    return row;
}

static size_t image_count_leaves(const image_writer *writer)
{
    size_t leaves = 0;
    for (size_t row = 0; row < writer->count; row = image_leaf_end(writer, row))
        leaves++;
    return leaves;
}

/* The head of a page of a tree: what it is, how many cells it has, and where the lowest of them begins. */
static void image_write_head(unsigned char *head, unsigned char kind, size_t cells, size_t lowest)
{
    head[0] = kind;
    image_put(head + 3, 2, cells);
    image_put(head + 5, 2, lowest);
}

/* Cells lie at the end of the page, the first one last, and their places behind the head. */
static void image_write_leaf(const image_writer *writer, unsigned char *page, size_t row, size_t end)
{
    unsigned char *place = page + 8;
    size_t lowest = IMAGE_PAGE;
    size_t first = row;
    for (; row < end; row++, place += 2) {
        size_t length = writer->rows[row].end - writer->rows[row].start;
        lowest -= length;
        memcpy(page + lowest, writer->cells.data + writer->rows[row].start, length);
        image_put(place, 2, lowest);
    }
    image_write_head(page, IMAGE_TABLE_LEAF, end - first, lowest);
}

/* The leaves, and above them the root: a cell for each leaf but the last one, with the number of its last row. */
static void image_write_schema(const image_writer *writer, unsigned char *image, size_t leaves)
{
    unsigned char *head = image + IMAGE_HEADER;
    size_t page = writer->count + 2;
    size_t lowest = IMAGE_PAGE;
    size_t row = 0;
    for (size_t leaf = 0; leaf < leaves; leaf++, page++) {
        size_t end = image_leaf_end(writer, row);
        unsigned char cell[16];
        image_write_leaf(writer, image + (page - 1) * IMAGE_PAGE, row, end);
        row = end;
        if (leaf + 1 < leaves) {
            size_t length = 4 + image_put_varint(cell + 4, end);
            image_put(cell, 4, page);
            lowest -= length;
            memcpy(image + lowest, cell, length);
            image_put(head + 12 + 2 * leaf, 2, lowest);
        }
    }
    image_write_head(head, IMAGE_INTERIOR, leaves - 1, lowest);
    image_put(head + 8, 4, page - 1);
}

/* The head of the file. The version of SQLite is the first that can read all of it. */
static void image_write_header(unsigned char *image, size_t pages)
{
    memcpy(image, "SQLite format 3", 16);
    image_put(image + 16, 2, IMAGE_PAGE);
    image[18] = image[19] = 1; /* a journal, no log */
    image[21] = 64;            /* these three never change */
    image[22] = image[23] = 32;
    image_put(image + 24, 4, 1); /* changes */
    image_put(image + 28, 4, pages);
    image_put(image + 40, 4, 1); /* the schema's stamp */
    image_put(image + 44, 4, 4); /* its format */
    image_put(image + 56, 4, 1); /* UTF-8 */
    image_put(image + 92, 4, 1); /* as of change number 1 */
    image_put(image + 96, 4, 3008000);
}

/* Makes the image of what was added; false without memory. Rows that need another tree than a root with leaves have none. */
static bool image_make(const image_writer *writer, codedb_beginning *beginning)
{
    size_t leaves = image_count_leaves(writer);
    size_t pages = 1 + writer->count + leaves;
    if (leaves < 2 || (leaves - 1) * IMAGE_INTERIOR_CELL > IMAGE_INTERIOR_ROOM)
        return true;
    beginning->image = codedb_arena_allocate(writer->arena, pages, IMAGE_PAGE);
    if (beginning->image == NULL)
        return false;
    beginning->image_size = pages * IMAGE_PAGE;
    image_write_header(beginning->image, pages);
    image_write_schema(writer, beginning->image, leaves);
    for (size_t row = 0; row < writer->count; row++)
        image_write_head(beginning->image + (1 + row) * IMAGE_PAGE, writer->rows[row].root, 0, IMAGE_PAGE);
    return true;
}

CODEDB_PRIVATE codedb_beginning *codedb_image_create(const codedb_structure *structure)
{
    codedb_arena *arena = structure->arena;
    codedb_beginning *beginning = codedb_arena_allocate(arena, 1, sizeof *beginning);
    image_writer writer = {.arena = arena};
    size_t rest = 0;
    bool made = false;
    codedb_buffer_init(&writer.sql, codedb_arena_allocator(arena));
    codedb_buffer_init(&writer.cells, codedb_arena_allocator(arena));
    writer.rows = codedb_arena_allocate(arena, image_count_rows(structure), sizeof *writer.rows);
    if (beginning != NULL && writer.rows != NULL) {
        image_add_tables(&writer, structure, &rest);
        if (!writer.sql.failed && !writer.cells.failed && writer.sql.data != NULL) {
            beginning->sql = codedb_arena_copy(arena, writer.sql.data, writer.sql.length);
            made = beginning->sql != NULL && (writer.refused || image_make(&writer, beginning));
        }
    }
    if (made)
        beginning->rest = beginning->sql + rest;
    codedb_buffer_free(&writer.sql);
    codedb_buffer_free(&writer.cells);
    return made ? beginning : NULL;
}

#undef IMAGE_PAGE
#undef IMAGE_HEADER
#undef IMAGE_LARGEST_PAYLOAD
#undef IMAGE_INTERIOR
#undef IMAGE_TABLE_LEAF
#undef IMAGE_INDEX_LEAF
#undef IMAGE_LEAF_ROOM
#undef IMAGE_INTERIOR_ROOM
#undef IMAGE_INTERIOR_CELL
