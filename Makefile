# codedb -- see README.md. `make demo`, `make test`.

# ---- settings ----
CC ?= gcc
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror
BUILD ?= build

# ---- nothing to set below ----
# In reading order: the list of DESIGN, and the order of the amalgamation.
SRCS = $(wildcard codedb.c codedb_config.c codedb_tables.c codedb_objects.c codedb_entities.c codedb_search.c codedb_schema.c codedb_request.c \
  codedb_queue.c codedb_driver.c codedb_sql.c codedb_sqlite.c codedb_lexer.c codedb_unicode.c codedb_expression.c codedb_statement.c codedb_tree.c codedb_expand.c codedb_scope.c \
  codedb_ast.c codedb_selector.c codedb_reference.c codedb_attributes.c codedb_xpath.c codedb_snippet.c codedb_splice.c codedb_edit.c codedb_diff.c \
  codedb_string.c codedb_index.c codedb_source.c codedb_walk.c codedb_crawl.c codedb_encoding.c codedb_result.c codedb_memory.c codedb_text.c codedb_json.c)
HEADERS = codedb.h codedb_internal.h $(wildcard codedb_driver.h codedb_tree.h codedb_parser.h codedb_objects.h codedb_selector.h codedb_source.h)
OBJS = $(SRCS:%.c=$(BUILD)/%.o)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) -fvisibility=hidden -fPIC -I. $(CFLAGS)
LIBS = -lsqlite3 -lcjson -lpthread

build: $(OBJS)

$(BUILD)/%.o: %.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

TEST_SRCS = $(wildcard tests/test_*.c)
TESTS = $(TEST_SRCS:tests/%.c=$(BUILD)/tests/%)

# An archive, so that a test links only what it needs.
$(BUILD)/objects.a: $(OBJS)
	@rm -f $@
	$(AR) rcs $@ $(OBJS)

$(BUILD)/tests/%: tests/%.c tests/support.h $(BUILD)/objects.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< $(BUILD)/objects.a -o $@ $(LIBS) -lcmocka -lm

test: $(TESTS)
	@for t in $(TESTS); do $$t || exit 1; done

# Tokens against those of a Python's own tokenizer, over its standard library.
ORACLE_PYTHON ?= python3
$(BUILD)/oracle/dump_tokens: tests/oracle/dump_tokens.c $(BUILD)/objects.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< $(BUILD)/objects.a -o $@ $(LIBS)

oracle-tokens: $(BUILD)/oracle/dump_tokens
	$(ORACLE_PYTHON) tests/oracle/compare_tokens.py $< `$(ORACLE_PYTHON) -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`

.PHONY: oracle-tokens

clean:
	rm -rf $(BUILD)

.PHONY: build test clean
