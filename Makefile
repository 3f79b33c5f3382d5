# codedb: `make demo` shows it, `make test` tests it, `make install PREFIX=...` installs it.

# ---- settings --------------------------------------------------------------------------------------------------------
CC ?= cc
CXX ?= c++
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
LDFLAGS ?=
WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror
BUILD ?= build
# The project that `make demo` and `make bench` read; empty: the standard library of this machine's Python.
DIR ?=
# Where cJSON's header is, if not in a folder of its own: CJSON='-DCODEDB_CJSON_INCLUDE="<cJSON.h>"'
CJSON ?=
# The Python whose tokenizer `make oracle-tokens` compares with.
ORACLE_PYTHON ?= python3

# ---- nothing to set below --------------------------------------------------------------------------------------------
VERSION := $(shell awk '/define CODEDB_VERSION_(MAJOR|MINOR|PATCH)/ {printf "%s%s", dot, $$3; dot = "."}' codedb.h)
SONAME := libcodedb.so.$(firstword $(subst ., ,$(VERSION)))

# In reading order, which is the amalgamation's.
SRCS = $(wildcard \
  codedb.c codedb_config.c codedb_tables.c codedb_objects.c codedb_entities.c codedb_search.c codedb_schema.c \
  codedb_structure.c codedb_definition.c codedb_sync.c codedb_ddl.c codedb_image.c codedb_maintenance.c \
  codedb_transaction.c codedb_operation.c codedb_request.c codedb_collect.c codedb_pending.c codedb_wire.c codedb_wait.c codedb_queue.c \
  codedb_driver.c codedb_process.c codedb_channel.c codedb_worker.c codedb_loop.c codedb_whole.c \
  codedb_sql.c codedb_sqlite.c codedb_sqlite_rows.c codedb_sqlite_fulltext.c codedb_sqlite_schema.c codedb_sqlite_fork.c codedb_sqlite_copy.c \
  codedb_sqlite_maintenance.c \
  codedb_lexer.c codedb_unicode.c codedb_choice.c codedb_syntax.c codedb_hint.c codedb_hint_target.c codedb_expression.c codedb_fstring.c codedb_parameter.c codedb_target.c \
  codedb_statement.c codedb_pattern.c codedb_tree.c codedb_expand.c codedb_scope.c codedb_normal.c codedb_name.c \
  codedb_ast.c codedb_ast_nodes.c codedb_ast_fstring.c codedb_ast_literal.c \
  codedb_vocabulary.c codedb_selector.c codedb_reference.c codedb_regex.c codedb_view.c codedb_attributes.c codedb_emission.c \
  codedb_xpath.c codedb_capture.c codedb_trail.c codedb_nodes.c codedb_explain.c \
  codedb_ast_grammar.c codedb_ast_read.c codedb_ast_view.c codedb_ast_query.c codedb_ast_kept.c codedb_ast_edit.c \
  codedb_summary.c codedb_summary_form.c codedb_tree_cache.c \
  codedb_snippet.c codedb_operand.c codedb_list.c codedb_splice.c codedb_context.c codedb_role.c codedb_template.c \
  codedb_identity.c \
  codedb_edit_target.c codedb_edit_lines.c codedb_edit_block.c codedb_edit_suite.c codedb_edit_clause.c codedb_edit_comment.c \
  codedb_edit.c codedb_diff.c \
  codedb_string.c codedb_index.c \
  codedb_source.c codedb_source_ast.c codedb_source_ids.c codedb_source_summary.c \
  codedb_query.c codedb_query_part.c codedb_query_ast.c codedb_modify.c codedb_write.c codedb_walk.c \
  codedb_crawl.c codedb_match.c \
  codedb_encoding.c codedb_value.c codedb_result.c codedb_memory.c codedb_text.c codedb_json.c)
HEADERS = $(wildcard codedb_internal.h codedb_driver.h codedb_process.h codedb_tree.h codedb_parser.h codedb_hint.h codedb_lexer_tables.h codedb_objects.h codedb_structure.h \
  codedb_sqlite.h codedb_ast.h codedb_normal_tables.h codedb_name_tables.h codedb_name_pages.h codedb_selector.h codedb_matcher.h codedb_ast_read.h codedb_query.h codedb_edit.h codedb_write.h codedb_source.h codedb_query_job.h codedb_match.h)
SHELL_SRCS = $(filter-out shell/demo.c,$(wildcard shell/*.c))
# An archive for the demonstration, which needs only some of the command's files.
SHELL_PARTS = $(filter-out shell/main.c shell/demo.c,$(wildcard shell/*.c))
TEST_SRCS = $(wildcard tests/test_*.c)
EXAMPLES = $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
BENCHES = $(patsubst bench/%.c,$(BUILD)/%,$(wildcard bench/bench_*.c))

OBJS = $(SRCS:%.c=$(BUILD)/%.o)
TESTS = $(TEST_SRCS:tests/%.c=$(BUILD)/tests/%)
# Tests that see the public header only: they pass against the amalgamation, too.
PUBLIC_TESTS = $(patsubst tests/%.c,$(BUILD)/public/%,$(shell grep -L '^\#include "\(codedb_\|driver_fixture\|parsed\)' $(TEST_SRCS)))
SCRIPTS = $(wildcard tests/test_*.sh tests/test_*.py)

LIBRARIES = -lsqlite3 -lcjson -lpthread
FLAGS = -std=c11 -D_GNU_SOURCE $(WARNINGS) -fvisibility=hidden -fPIC -I. $(CJSON) $(CFLAGS) -MMD -MP

.DEFAULT_GOAL := all

build: $(OBJS)

all: build $(BUILD)/libcodedb.a $(BUILD)/libcodedb.so $(BUILD)/codedb

# ---- objects, one by one: what tests and checks use ----
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c $< -o $@

# An archive, so that a test links only what it needs.
$(BUILD)/objects.a: $(OBJS)
	@rm -f $@
	$(AR) rcs $@ $(OBJS)

$(BUILD)/tests/%: tests/%.c $(BUILD)/objects.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -Itests $< $(BUILD)/objects.a -o $@ $(LDFLAGS) $(LIBRARIES) -lcmocka -lm

# It runs the command.
$(BUILD)/tests/test_shell: | $(BUILD)/codedb

# ---- selectors for any SQLite: `.load build/codedb_match` in its shell ----
$(BUILD)/drivers/codedb_match.o: codedb_match.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -DCODEDB_LOADABLE -c $< -o $@

$(BUILD)/codedb_match.so: $(BUILD)/drivers/codedb_extension.o $(BUILD)/drivers/codedb_match.o $(BUILD)/objects.a
	$(CC) -shared -Wl,-z,defs -Wl,--exclude-libs,ALL $(CFLAGS) $^ -o $@ $(LDFLAGS) -lpthread

extension: $(BUILD)/codedb_match.so

.PHONY: extension

# ---- the amalgamation, and the libraries made from it ----
amalgamation/codedb.c: amalgamation/amalgamate.sh Makefile codedb.h $(HEADERS) $(SRCS)
	sh amalgamation/amalgamate.sh amalgamation "$(VERSION)" "$(HEADERS)" "$(SRCS)"

amalgamation: amalgamation/codedb.c

$(BUILD)/amalgamation.o: amalgamation/codedb.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -Wall -Wextra -Werror -fvisibility=hidden -fPIC $(CJSON) $(CFLAGS) -c $< -o $@

$(BUILD)/libcodedb.a: $(BUILD)/amalgamation.o
	@rm -f $@
	$(AR) rcs $@ $<

$(BUILD)/$(SONAME): $(BUILD)/amalgamation.o
	$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs $(CFLAGS) $< -o $@ $(LDFLAGS) $(LIBRARIES)

$(BUILD)/libcodedb.so: $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/codedb: $(SHELL_SRCS:%.c=$(BUILD)/%.o) $(BUILD)/libcodedb.a
	$(CC) $(CFLAGS) $^ -o $@ $(LDFLAGS) $(LIBRARIES)

$(BUILD)/shell/parts.a: $(SHELL_PARTS:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/codedb-demo: $(BUILD)/shell/demo.o $(BUILD)/shell/parts.a $(BUILD)/libcodedb.a
	$(CC) $(CFLAGS) $^ -o $@ $(LDFLAGS) $(LIBRARIES)

$(BUILD)/examples/%: examples/%.c $(BUILD)/libcodedb.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $< $(BUILD)/libcodedb.a -o $@ $(LDFLAGS) $(LIBRARIES)

$(BUILD)/bench_%: bench/bench_%.c $(BUILD)/libcodedb.a
	$(CC) $(FLAGS) $< $(BUILD)/libcodedb.a -o $@ $(LDFLAGS) $(LIBRARIES) -lm

$(BUILD)/public/%: tests/%.c $(BUILD)/libcodedb.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -Itests $< $(BUILD)/libcodedb.a -o $@ $(LDFLAGS) $(LIBRARIES) -lcmocka -lm

# ---- what one calls ----
NEED_BUILD = "command cc gcc" "header sqlite3.h libsqlite3-dev" "header cjson/cJSON.h libcjson-dev"

demo:
	@sh tools/need.sh "to build codedb and show its database file" $(NEED_BUILD) "command sqlite3 sqlite3"
	@$(MAKE) --no-print-directory $(BUILD)/codedb-demo
	@folder="$(DIR)"; [ -n "$$folder" ] || folder=$$(sh tools/standard-library.sh) || exit 1; \
	$(BUILD)/codedb-demo "$$folder" $(BUILD)/demo.db
	sqlite3 -header -column $(BUILD)/demo.db "PRAGMA integrity_check" \
	  "SELECT c.name, count(*) AS methods, f.relative_path FROM methods m JOIN classes c ON c.id = m.class_id JOIN files f ON f.id = c.file_id \
	  GROUP BY c.id ORDER BY methods DESC LIMIT 5"

test:
	@sh tools/need.sh "to build codedb and its tests" $(NEED_BUILD) "header cmocka.h libcmocka-dev" "command c++ g++" \
	  "command pkg-config pkg-config" "command sqlite3 sqlite3" "command git git" "command python3 python3" "python cffi python3-cffi"
	@$(MAKE) --no-print-directory test-programs

# Units and scripts in one run, so that its end sums up all of them.
test-programs: all $(TESTS) $(EXAMPLES)
	@BUILD="$(abspath $(BUILD))" CC="$(CC)" CXX="$(CXX)" CJSON='$(CJSON)' sh tools/run-tests.sh $(TESTS) $(SCRIPTS)

test-units: $(TESTS)
	@sh tools/run-tests.sh $(TESTS)

test-amalgamation: $(PUBLIC_TESTS)
	@sh tools/run-tests.sh $(PUBLIC_TESTS)

SANITIZED = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover
asan:
	@$(MAKE) --no-print-directory test-units BUILD=build-asan CFLAGS="$(SANITIZED) -fsanitize=address,undefined"

# Eight threads on one handle for half a minute under ThreadSanitizer: no report, no acknowledged row missing.
soak:
	@$(MAKE) --no-print-directory BUILD=build-tsan CFLAGS="$(SANITIZED) -fsanitize=thread" build-tsan/tests/test_driver
	CODEDB_SOAK=$${CODEDB_SOAK:-30} build-tsan/tests/test_driver

# ---- proofs: what is promised, against what can go wrong ----
# Each prints its seed and figures, and ends with sabotages: promises that are broken on purpose, which it must notice.
$(BUILD)/faults/%: tests/faults/%.c tests/faults/shim.c tests/faults/shim.h $(BUILD)/libcodedb.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $< tests/faults/shim.c $(BUILD)/libcodedb.a -o $@ $(LDFLAGS) $(LIBRARIES)

# A process that writes is killed so many times, and its power cut as often, with the driver as a thread and as a process: what was
# acknowledged is there, no half of anything is. PROOF_SEED repeats a run.
CRASH_ROUNDS ?= 1000
PROOF_SEED ?=
CRASH = $(BUILD)/faults/crash $(if $(PROOF_SEED),--seed $(PROOF_SEED))
crash: $(BUILD)/faults/crash
	$(CRASH) --rounds $(CRASH_ROUNDS)
	$(CRASH) --rounds $(CRASH_ROUNDS) --mode process
	$(CRASH) --rounds $(CRASH_ROUNDS) --power
	$(CRASH) --rounds $(CRASH_ROUNDS) --power --mode process
	$(CRASH) --rounds 60 --sabotage early
	$(CRASH) --rounds 60 --sabotage early --mode process
	$(CRASH) --rounds 60 --sabotage half
	$(CRASH) --rounds 60 --sabotage unsynced --power

# One scenario again and again: each time another call of the file system, or another allocation, fails. FAULTS_EVERY=20: one of them in 20
# by chance; of SQLite's own allocations, which are tens of thousands, fewer. Under the sanitizers, so that nothing leaks and nothing is
# read that may not be.
FAULTS_EVERY ?= 1
FAULTS = build-asan/faults/faults $(if $(PROOF_SEED),--seed $(PROOF_SEED))
faults:
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS="$(SANITIZED) -fsanitize=address,undefined" build-asan/faults/faults
	$(FAULTS) --every $(FAULTS_EVERY)
	$(FAULTS) --every 10 --sabotage swallow
	$(FAULTS) --every 10 --sabotage half
	$(FAULTS) --sabotage leak

# Random operations on a database and on plain arrays, which must agree. CODEDB_MODEL_SEED repeats a run.
MODEL_OPERATIONS ?= 1000000
model: $(BUILD)/tests/test_model
	CODEDB_MODEL_OPERATIONS=$(MODEL_OPERATIONS) $<
	@for sabotage in half lose; do \
	  ! CODEDB_MODEL_SABOTAGE=$$sabotage $< >$(BUILD)/model.log 2>&1 || { echo "model: the sabotage $$sabotage was NOT CAUGHT"; exit 1; }; \
	  grep -h "CODEDB_MODEL_SEED=.*ERROR" $(BUILD)/model.log | head -n 1; echo "model: the sabotage $$sabotage was caught"; done

# Sixteen threads do everything at once, in both modes, with cancels, kills and closes in the middle, under ThreadSanitizer.
RACES_SECONDS ?= 60
RACES = TSAN_OPTIONS="die_after_fork=0 $$TSAN_OPTIONS" build-tsan/faults/races $(if $(PROOF_SEED),--seed $(PROOF_SEED))
races:
	@$(MAKE) --no-print-directory BUILD=build-tsan CFLAGS="$(SANITIZED) -fsanitize=thread" build-tsan/faults/races
	$(RACES) --seconds $(RACES_SECONDS)
	$(RACES) --seconds $(RACES_SECONDS) --mode process
	$(RACES) --seconds 5 --sabotage lose
	@! $(RACES) --seconds 3 --sabotage race >build-tsan/races.log 2>&1 && grep -m 1 "data race" build-tsan/races.log && \
	  echo "races: the sabotage was caught"

.PHONY: crash faults model races

# The tests that start threads.
tsan:
	@$(MAKE) --no-print-directory test-units BUILD=build-tsan CFLAGS="$(SANITIZED) -fsanitize=thread" \
	  TEST_SRCS="$(shell grep -lE 'pthread_create|codedb_open|driver_fixture' $(TEST_SRCS))"

# Lines that the tests run, file by file; less than 90 % of any file is a failure.
coverage:
	@find build-coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) --no-print-directory test-units BUILD=build-coverage CFLAGS="-O0 -g --coverage -fprofile-update=atomic -DCODEDB_COVERAGE" LDFLAGS=--coverage
	@sh tools/coverage.sh build-coverage 90

check: check-layers check-headers check-symbols check-format

check-headers:
	@CC="$(CC)" CXX="$(CXX)" sh tools/check-headers.sh

check-layers:
	@sh tools/check-layers.sh

check-symbols: $(BUILD)/libcodedb.a $(BUILD)/libcodedb.so
	@sh tools/check-symbols.sh $(BUILD)

FORMATTED = $(SRCS) codedb.h $(HEADERS) $(wildcard tests/*.[ch] tests/faults/*.[ch] tests/fuzz/*.[ch] tests/oracle/*.c shell/*.[ch] examples/*.c bench/*.c)

check-format:
	clang-format --dry-run --Werror $(FORMATTED)

format:
	clang-format -i $(FORMATTED)

# One target a source, so that -j helps.
check-tidy: $(SRCS:%=tidy-%)

tidy-%: %
	@mkdir -p $(BUILD)
	@clang-tidy --quiet $< -- -std=c11 -D_GNU_SOURCE -I. $(CJSON) 2>$(BUILD)/$@.log || { cat $(BUILD)/$@.log; exit 1; }

check-cppcheck:
	cppcheck --quiet -j2 --std=c11 --enable=warning,performance,portability --inline-suppr --suppressions-list=tools/cppcheck.txt \
	  --error-exitcode=1 -D_GNU_SOURCE -D__x86_64__ -D__GNUC__=12 -I. $(SRCS)

bench: $(BENCHES) $(BUILD)/codedb
	@folder="$(DIR)"; [ -n "$$folder" ] || folder=$$(sh tools/standard-library.sh) || exit 1; \
	python3 bench/bench.py $(BUILD) "$$folder"

# The driver beside bare SQLite, with the bars that are set for each figure. FOLDER: where database files are put for it.
FOLDER ?= $(BUILD)
bench-driver: $(BUILD)/bench_driver
	@$(BUILD)/bench_driver $(FOLDER)

.PHONY: bench-driver

# The parser beside CPython's, tree-sitter's and LibCST's, in one run, and whether its time grows in proportion to the source.
bench-parse: $(BUILD)/bench_parse $(BUILD)/bench_growth
	-@sh tools/need.sh "to measure beside tree-sitter" "header tree_sitter/api.h libtree-sitter-dev"
	-@$(MAKE) --no-print-directory $(LIBCST_PYTHON)
	@folder="$(DIR)"; [ -n "$$folder" ] || folder=$$(sh tools/standard-library.sh) || exit 1; \
	python3 bench/parse_peers.py $(BUILD) "$$folder" $(LIBCST_PYTHON)
	@$(BUILD)/bench_growth

# What compiling a selector costs, and how a query's cost grows with what it finds.
bench-selector: $(BUILD)/bench_selector
	@$(BUILD)/bench_selector

# Selectors beside tree-sitter's queries over one file, and beside ast-grep over a project, in one run.
bench-query: $(BUILD)/bench_query $(BUILD)/codedb
	-@sh tools/need.sh "to measure beside tree-sitter" "header tree_sitter/api.h libtree-sitter-dev"
	@folder="$(DIR)"; [ -n "$$folder" ] || folder=$$(sh tools/standard-library.sh) || exit 1; \
	python3 bench/query_peers.py $(BUILD) "$$folder"

.PHONY: bench-parse bench-selector bench-query

# Tokens against those of a Python's own tokenizer, over its standard library.
$(BUILD)/oracle/%: tests/oracle/%.c $(BUILD)/objects.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $< $(BUILD)/objects.a -o $@ $(LDFLAGS) $(LIBRARIES)

oracle-tokens: $(BUILD)/oracle/dump_tokens
	$(ORACLE_PYTHON) tests/oracle/compare_tokens.py $< `$(ORACLE_PYTHON) -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`

# Random edits (ORACLE_EDITS of them; ORACLE_SEED repeats a run) against the same change made to CPython's ast, and the index against
# what ast says; needs `patch`.
ORACLE_EDITS ?= 4000
oracle-edits: $(BUILD)/oracle/edit_server
	$(ORACLE_PYTHON) tests/oracle/compare_edits.py $< `$(ORACLE_PYTHON) -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'` \
	  $(ORACLE_EDITS) $(ORACLE_SEED)

oracle-entities: $(BUILD)/codedb
	$(ORACLE_PYTHON) tests/oracle/compare_entities.py $< `$(ORACLE_PYTHON) -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`

.PHONY: oracle-edits oracle-entities

install: all
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 codedb.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/libcodedb.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/$(SONAME) $(DESTDIR)$(PREFIX)/lib/
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libcodedb.so
	sed -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@VERSION@|$(VERSION)|' tools/codedb.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/codedb.pc
	install -m 755 $(BUILD)/codedb $(DESTDIR)$(PREFIX)/bin/
	install -m 644 docs/codedb.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	@# The linker's cache: without it a program does not find a library that is new in /usr/local/lib. Root's own installation only.
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig 2>/dev/null || true

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/include/codedb.h $(DESTDIR)$(PREFIX)/lib/libcodedb.a $(DESTDIR)$(PREFIX)/lib/$(SONAME) \
	  $(DESTDIR)$(PREFIX)/lib/libcodedb.so $(DESTDIR)$(PREFIX)/lib/pkgconfig/codedb.pc $(DESTDIR)$(PREFIX)/bin/codedb \
	  $(DESTDIR)$(PREFIX)/share/man/man1/codedb.1

# What codedb accepts against what CPythons accept, over their standard libraries: those of every Python 3 on the machine.
ORACLE_PYTHONS ?= $(shell $(ORACLE_PYTHON) tests/oracle/corpora.py --pythons)
oracle-acceptance: $(BUILD)/oracle/dump_nodes
	@set -e; for python in $(ORACLE_PYTHONS); do \
	  $$python tests/oracle/compare_acceptance.py $< `$$python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`; done

# Where the errors of broken sources are, against CPythons from 3.6 on: ERROR_COUNT sources of each kind, from a seed that is printed.
ERROR_COUNT ?= 20000
oracle-errors: $(BUILD)/oracle/dump_nodes
	@seed=$(or $(ORACLE_SEED),$$$$); status=0; for python in $(ORACLE_PYTHONS); do \
	  $$python tests/oracle/compare_errors.py $< $$seed $(ERROR_COUNT) `$$python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'` \
	    || status=1; done; exit $$status

# Names of characters against those of each Python: all, and NAME_COUNT of them with a slip.
NAME_COUNT ?= 300000
oracle-names: $(BUILD)/oracle/look_up_names
	@seed=$(or $(ORACLE_SEED),$$$$); status=0; for python in $(ORACLE_PYTHONS); do \
	  $$python tests/oracle/compare_names.py $< $$seed $(NAME_COUNT) codedb_name_tables.h codedb_name_pages.h || status=1; done; exit $$status

# Identifiers of one code point and two, all of them.
oracle-identifiers: $(BUILD)/oracle/dump_nodes
	@status=0; for python in $(ORACLE_PYTHONS); do $$python tests/oracle/compare_identifiers.py $< || status=1; done; exit $$status

.PHONY: oracle-acceptance oracle-errors oracle-names oracle-identifiers

# Trees against LibCST's: over sources made at random, the standard libraries of this machine's Pythons and packages from PyPI, or
# over ORACLE_PATHS. ORACLE_SAMPLE=500: so many files by chance, as LibCST reads some 100 KB a second. ORACLE_SEED repeats a run.
# LibCST and lark are installed from PyPI into a virtual environment of their own, unless ORACLE_PYTHON is given: a Python that has them.
LIBCST_PYTHON = $(if $(filter command environment,$(origin ORACLE_PYTHON)),$(ORACLE_PYTHON),$(BUILD)/oracle/venv/bin/python)

$(BUILD)/oracle/venv/bin/python:
	@mkdir -p $(@D)
	python3 -m venv $(BUILD)/oracle/venv
	$@ -m pip --quiet --disable-pip-version-check install libcst==1.9.0 lark==1.3.1

oracle: $(BUILD)/oracle/dump_server $(LIBCST_PYTHON)
	$(LIBCST_PYTHON) tests/oracle/compare.py $< --packages $(BUILD)/oracle/packages --cache $(BUILD)/oracle/cache \
	  $(if $(ORACLE_SAMPLE),--sample $(ORACLE_SAMPLE)) $(if $(ORACLE_SEED),--seed $(ORACLE_SEED)) $(ORACLE_PATHS)

# The ast's JSON against the ast modules of AST_PYTHONS, over their standard libraries, or over ORACLE_PATHS.
AST_PYTHONS ?= $(ORACLE_PYTHON)
oracle-ast: $(BUILD)/oracle/dump_server
	@set -e; for python in $(AST_PYTHONS); do $$python tests/oracle/compare_ast.py $< $(ORACLE_PATHS); done

# Selectors over the ast, and edits of its JSON, against CPython's ast module (the Python that cffi is installed for).
oracle-ast-selectors: $(BUILD)/libcodedb.so
	BUILD=$(BUILD) /usr/bin/python3 tests/oracle/compare_ast_selectors.py $(if $(ORACLE_SEED),--seed $(ORACLE_SEED)) \
	  $(or $(ORACLE_PATHS),`/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`)

# Selectors against an evaluator over LibCST's trees, over files with every construct and some of the standard library, or over
# ORACLE_PATHS (ORACLE_SEED repeats a run).
ORACLE_MODULES = import contextlib, dataclasses, functools; print(contextlib.__file__, dataclasses.__file__, functools.__file__)
oracle-selectors: $(BUILD)/oracle/query_server $(LIBCST_PYTHON)
	$(LIBCST_PYTHON) tests/oracle/compare_selectors.py $< $(if $(ORACLE_SEED),--seed $(ORACLE_SEED)) \
	  $(or $(ORACLE_PATHS),tests/corpus/*.py `$(LIBCST_PYTHON) -c '$(ORACLE_MODULES)'`)

# The fuzzers (clang), each from the corpus' sources for FUZZ_SECONDS: make fuzz FUZZERS="parser tree" FUZZ_SECONDS=1800
FUZZERS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_FLAGS = $(FLAGS) -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJS = $(SRCS:%.c=$(BUILD)/fuzz/objects/%.o)
fuzz: $(FUZZERS:%=$(BUILD)/fuzz/fuzz_%)
	tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

$(BUILD)/fuzz/objects/%.o: %.c codedb.h $(HEADERS)
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -c $< -o $@

# An archive, so that what a fuzzer cannot reach is not counted among its edges.
$(BUILD)/fuzz/objects.a: $(FUZZ_OBJS)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(BUILD)/fuzz/objects.a
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer $< $(BUILD)/fuzz/objects.a -o $@ $(LIBRARIES)

# Which lines the inputs that they have learned so far reach, file by file.
FUZZ_PROFILE = $(FLAGS) -O1 -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping
fuzz-coverage: $(FUZZERS:%=$(BUILD)/fuzz/coverage_%)
	@set -e; for name in $(FUZZERS); do echo "fuzz_$$name:"; \
	  LLVM_PROFILE_FILE=$(BUILD)/fuzz/$$name.profraw $(BUILD)/fuzz/coverage_$$name -runs=0 $(BUILD)/fuzz/corpus_$$name 2>/dev/null; \
	  llvm-profdata merge -o $(BUILD)/fuzz/$$name.profdata $(BUILD)/fuzz/$$name.profraw; \
	  llvm-cov report $(BUILD)/fuzz/coverage_$$name -instr-profile=$(BUILD)/fuzz/$$name.profdata -show-region-summary=false \
	    -show-branch-summary=false $(SRCS) | awk '$$NF != "0.00%"'; done
$(BUILD)/fuzz/coverage_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(SRCS) $(HEADERS)
	@mkdir -p $(@D)
	clang $(FUZZ_PROFILE) $< $(SRCS) -o $@ $(LIBRARIES)

.PHONY: fuzz fuzz-coverage

clean:
	rm -rf $(BUILD) build-asan build-tsan build-coverage build-clang amalgamation/codedb.h amalgamation/codedb.c

.PHONY: build all amalgamation demo test test-programs test-units test-amalgamation asan tsan coverage check check-layers check-headers \
  check-symbols check-format format check-tidy check-cppcheck bench soak oracle oracle-ast oracle-ast-selectors oracle-tokens oracle-selectors install uninstall clean
.SECONDARY:

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d)
