"""The public header as a Python binding sees it (binding.py): a database in memory makes one real round trip. Run by `make test`."""
import cffi

from binding import ffi, library, new, text_of

result = new("codedb_result")


def check(code):
    assert code == library.CODEDB_SUCCESS, text_of(result.description)


assert text_of(library.codedb_version()).count(".") == 2
db = ffi.new("codedb **")
check(library.codedb_open(b":memory:", ffi.NULL, db, result))

# A row goes in and comes out.
value = ffi.new("char[]", "caf\u00e9".encode())
name = ffi.new("char[]", b"name")
identifier = ffi.new("char[]", b"id")
row = ffi.new("codedb_column[2]")
row[0].name, row[1].name = identifier, name
for column in row:
    column.value.type = library.CODEDB_VALUE_TEXT
    setattr(getattr(column.value, "as"), "text", value)
    column.value.length = 5
check(library.codedb_table_insert(db[0], b"watch_dirs", row, 2, ffi.NULL, result))
rows = ffi.new("codedb_rows **")
check(library.codedb_table_select(db[0], b"watch_dirs", ffi.NULL, rows, result))
assert rows[0].row_count == 1
names = [text_of(rows[0].column_names[i]) for i in range(rows[0].column_count)]
cell = rows[0].values[names.index("name")]
assert ffi.buffer(getattr(cell, "as").text, cell.length)[:].decode() == "caf\u00e9"
library.codedb_free(rows[0])

# An error has its words.
assert library.codedb_table_select(db[0], b"watchdirs", ffi.NULL, rows, result) == library.CODEDB_SCHEMA_ERROR
assert "watchdirs" in text_of(result.description)
library.codedb_close(db[0])
library.codedb_result_clear(result)
print("cffi %s: declared, opened, written, read" % cffi.__version__)
