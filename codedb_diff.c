/* codedb_diff.c -- the unified diff of two texts, as `diff -u` writes it and `git apply` and `patch` take it.
 *
 * Called by codedb_splice.c for the report of an edit. Calls memory and buffer only. Any thread; holds no state.
 *
 * Lines are numbered so that equal lines have equal numbers; what both texts begin and end with is cut off; lines that the
 * other text does not have at all are marked at once; the rest is compared by E. Myers' O(ND) algorithm in linear space ("An O(ND)
 * Difference Algorithm and Its Variations", 1986).
 *
 * Invariants
 * 1. Only "\n" ends a line, as for diff and git: a CRLF line ends in "\r\n", and a lone "\r" is a byte like any other.
 * 2. Time is at most lines * DIFF_COST_LIMIT: beyond that limit a search takes the best split so far, so that two texts that
 *    have little in common give a longer diff, not a longer wait.
 * 3. Recursion goes into the smaller half only, so its depth is at most log2(lines). */
#include "codedb_tree.h"

#include <string.h>

#define DIFF_CONTEXT 3
#define DIFF_COST_LIMIT 512

/* One text as lines. */
typedef struct diff_side {
    const char *text;
    size_t length;
    size_t *starts;    /* count + 1 byte offsets */
    uint32_t *numbers; /* equal lines of both sides have equal ones */
    bool *changed;
    uint32_t count;
    uint32_t *kept; /* lines that are compared: not trimmed, and the other side has the like */
    uint32_t kept_count;
} diff_side;

typedef struct diff_job {
    diff_side sides[2];
    codedb_arena *arena;
    int64_t *forward; /* furthest x on each diagonal, both with an offset so that negative diagonals are legal */
    int64_t *backward;
} diff_job;

/* A part of both sides' kept lines: [a, a_end) against [b, b_end). */
typedef struct diff_box {
    int64_t a, a_end, b, b_end;
} diff_box;

/* ---- Lines and their numbers -------------------------------------------------------------------------------------- */

static bool diff_split_lines(diff_side *side, codedb_arena *arena)
{
    size_t count = 0;
    const char *end = side->text + side->length;
    for (const char *at = side->text; at < end; count++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    side->starts = codedb_arena_allocate(arena, count + 1, sizeof *side->starts);
    side->numbers = codedb_arena_allocate(arena, count, sizeof *side->numbers);
    side->changed = codedb_arena_allocate(arena, count, sizeof *side->changed);
    side->kept = codedb_arena_allocate(arena, count, sizeof *side->kept);
    if (!side->starts || !side->numbers || !side->changed || !side->kept)
        return false;
    const char *at = side->text;
    for (side->count = 0; at < end; side->count++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        side->starts[side->count] = (size_t)(at - side->text);
        at = next ? next + 1 : end;
    }
    side->starts[side->count] = side->length;
    return true;
}

static uint64_t diff_hash(const char *text, size_t length)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    return hash ^ hash >> 32;
}

/* A line that stands for all lines that are equal to it. */
typedef struct diff_slot {
    const char *text; /* NULL: a free slot */
    size_t length;
    uint32_t number;
} diff_slot;

static uint32_t diff_number_line(diff_slot *slots, size_t mask, const char *text, size_t length, uint32_t *next_number)
{
    size_t at = diff_hash(text, length) & mask;
    for (; slots[at].text; at = (at + 1) & mask)
        if (slots[at].length == length && !memcmp(slots[at].text, text, length))
            return slots[at].number;
    slots[at] = (diff_slot){text, length, (*next_number)++};
    return slots[at].number;
}

static bool diff_number_lines(diff_job *job)
{
    size_t size = 8;
    while (size < 2 * ((size_t)job->sides[0].count + job->sides[1].count))
        size *= 2;
    diff_slot *slots = codedb_arena_allocate(job->arena, size, sizeof *slots);
    if (!slots)
        return false;
    uint32_t next_number = 0;
    for (int i = 0; i < 2; i++) {
        diff_side *side = &job->sides[i];
        for (uint32_t line = 0; line < side->count; line++) {
            size_t start = side->starts[line];
            side->numbers[line] =
                diff_number_line(slots, size - 1, side->text + start, side->starts[line + 1] - start, &next_number);
        }
    }
    return true;
}

/* Marks lines that the other side has not, and keeps the others; common lines at both ends are neither. */
static bool diff_choose_lines(diff_job *job)
{
    diff_side *a = &job->sides[0], *b = &job->sides[1];
    uint32_t prefix = 0, suffix = 0;
    uint32_t shorter = a->count < b->count ? a->count : b->count;
    while (prefix < shorter && a->numbers[prefix] == b->numbers[prefix])
        prefix++;
    while (suffix < shorter - prefix && a->numbers[a->count - 1 - suffix] == b->numbers[b->count - 1 - suffix])
        suffix++;
    bool *seen[2];
    for (int i = 0; i < 2; i++) {
        seen[i] = codedb_arena_allocate(job->arena, (size_t)a->count + b->count, sizeof **seen);
        if (!seen[i])
            return false;
        for (uint32_t line = prefix; line < job->sides[i].count - suffix; line++)
            seen[i][job->sides[i].numbers[line]] = true;
    }
    for (int i = 0; i < 2; i++) {
        diff_side *side = &job->sides[i];
        for (uint32_t line = prefix; line < side->count - suffix; line++)
            if (seen[1 - i][side->numbers[line]])
                side->kept[side->kept_count++] = line;
            else
                side->changed[line] = true;
    }
    return true;
}

/* ---- Myers -------------------------------------------------------------------------------------------------------- */

/* How far one direction of the search got: on each diagonal k = x - y from `low` to `high`, every other one. */
typedef struct diff_front {
    int64_t *reach; /* x by k; the neighbours of the range hold `outside` */
    int64_t low;
    int64_t high;
    int64_t outside; /* worse than any x */
} diff_front;

static bool diff_equal(const diff_job *job, int64_t x, int64_t y)
{
    const diff_side *a = &job->sides[0], *b = &job->sides[1];
    return a->numbers[a->kept[x]] == b->numbers[b->kept[y]];
}

/* One more edit: the range grows by a diagonal on each side, or shrinks by one where the box ends. */
static void diff_widen(diff_front *front, const diff_box *box)
{
    if (front->low > box->a - box->b_end)
        front->reach[--front->low - 1] = front->outside;
    else
        front->low++;
    if (front->high < box->a_end - box->b)
        front->reach[++front->high + 1] = front->outside;
    else
        front->high--;
}

/* Advances the forward search by one edit. True when it meets the backward one: then *x, *y is where. */
static bool diff_search_forward(const diff_job *job, const diff_box *box, diff_front *front, const diff_front *other, bool meets,
                                int64_t *x_out, int64_t *y_out)
{
    diff_widen(front, box);
    for (int64_t k = front->high; k >= front->low; k -= 2) {
        int64_t below = front->reach[k - 1], above = front->reach[k + 1];
        int64_t x = below < above ? above : below + 1;
        for (; x < box->a_end && x - k < box->b_end && diff_equal(job, x, x - k); x++) {
        }
        front->reach[k] = x;
        if (meets && k >= other->low && k <= other->high && other->reach[k] <= x) {
            *x_out = x;
            *y_out = x - k;
            return true;
        }
    }
    return false;
}

static bool diff_search_backward(const diff_job *job, const diff_box *box, diff_front *front, const diff_front *other, bool meets,
                                 int64_t *x_out, int64_t *y_out)
{
    diff_widen(front, box);
    for (int64_t k = front->high; k >= front->low; k -= 2) {
        int64_t below = front->reach[k - 1], above = front->reach[k + 1];
        int64_t x = below < above ? below : above - 1;
        for (; x > box->a && x - k > box->b && diff_equal(job, x - 1, x - k - 1); x--) {
        }
        front->reach[k] = x;
        if (meets && k >= other->low && k <= other->high && x <= other->reach[k]) {
            *x_out = x;
            *y_out = x - k;
            return true;
        }
    }
    return false;
}

/* The point inside the box that the forward search got furthest to. */
static void diff_take_furthest(const diff_box *box, const diff_front *front, int64_t *x_out, int64_t *y_out)
{
    int64_t best = -1;
    for (int64_t k = front->high; k >= front->low; k -= 2) {
        int64_t x = front->reach[k] < box->a_end ? front->reach[k] : box->a_end;
        if (x - k > box->b_end)
            x = box->b_end + k;
        if (2 * x - k > best) {
            best = 2 * x - k;
            *x_out = x;
            *y_out = x - k;
        }
    }
}

/* Where an edit script that is (nearly) the shortest crosses the middle. Not a corner of the box, as its sides are not empty and
 * differ in their first and in their last line. */
static void diff_find_middle(const diff_job *job, const diff_box *box, int64_t *x, int64_t *y)
{
    int64_t first = box->a - box->b, last = box->a_end - box->b_end;
    diff_front forward = {job->forward, first, first, -1};
    diff_front backward = {job->backward, last, last, INT64_MAX};
    bool odd = ((first - last) & 1) != 0;
    forward.reach[first] = box->a;
    backward.reach[last] = box->a_end;
    for (int cost = 0; cost < DIFF_COST_LIMIT; cost++)
        if (diff_search_forward(job, box, &forward, &backward, odd, x, y) ||
            diff_search_backward(job, box, &backward, &forward, !odd, x, y))
            return;
    diff_take_furthest(box, &forward, x, y);
}

static void diff_mark(diff_side *side, int64_t from, int64_t end)
{
    for (; from < end; from++)
        side->changed[side->kept[from]] = true;
}

static void diff_compare(diff_job *job, diff_box box)
{
    for (;;) {
        for (; box.a < box.a_end && box.b < box.b_end && diff_equal(job, box.a, box.b); box.a++, box.b++) {
        }
        for (; box.a < box.a_end && box.b < box.b_end && diff_equal(job, box.a_end - 1, box.b_end - 1);
             box.a_end--, box.b_end--) {
        }
        if (box.a == box.a_end || box.b == box.b_end) {
            diff_mark(&job->sides[0], box.a, box.a_end);
            diff_mark(&job->sides[1], box.b, box.b_end);
            return;
        }
        int64_t x = box.a, y = box.b;
        diff_find_middle(job, &box, &x, &y);
        diff_box before = {box.a, x, box.b, y}, behind = {x, box.a_end, y, box.b_end};
        bool before_is_smaller = x + y - box.a - box.b < box.a_end + box.b_end - x - y;
        diff_compare(job, before_is_smaller ? before : behind);
        box = before_is_smaller ? behind : before;
    }
}

static bool diff_find_changes(diff_job *job)
{
    int64_t n = job->sides[0].kept_count, m = job->sides[1].kept_count;
    int64_t *reach = codedb_arena_allocate(job->arena, (size_t)(2 * (n + m + 3)), sizeof *reach);
    if (!reach)
        return false;
    job->forward = reach + m + 1;
    job->backward = job->forward + n + m + 3;
    diff_compare(job, (diff_box){0, n, 0, m});
    return true;
}

/* ---- Output ------------------------------------------------------------------------------------------------------- */

/* The next change: lines [a, a_end) of the old text became [b, b_end) of the new one. False when there is no more. */
static bool diff_next_change(const diff_job *job, uint32_t a, uint32_t b, diff_box *change)
{
    const diff_side *old_side = &job->sides[0], *new_side = &job->sides[1];
    while (a < old_side->count && b < new_side->count && !old_side->changed[a] && !new_side->changed[b]) {
        a++;
        b++;
    }
    *change = (diff_box){a, a, b, b};
    while (change->a_end < old_side->count && old_side->changed[change->a_end])
        change->a_end++;
    while (change->b_end < new_side->count && new_side->changed[change->b_end])
        change->b_end++;
    return change->a_end > a || change->b_end > b;
}

static void diff_write_lines(codedb_buffer *out, char sign, const diff_side *side, int64_t from, int64_t end)
{
    for (; from < end; from++) {
        size_t start = side->starts[from], length = side->starts[from + 1] - start;
        codedb_buffer_append_byte(out, sign);
        codedb_buffer_append(out, side->text + start, length);
        if (side->text[start + length - 1] != '\n')
            codedb_buffer_append_text(out, "\n\\ No newline at end of file\n");
    }
}

/* "12,3"; one line has no count, and no lines stand behind the line before them. */
static void diff_write_range(codedb_buffer *out, int64_t from, int64_t end)
{
    codedb_buffer_append_integer(out, end > from ? from + 1 : from);
    if (end - from != 1) {
        codedb_buffer_append_byte(out, ',');
        codedb_buffer_append_integer(out, end - from);
    }
}

/* Writes the hunk that begins with `change`, and takes in later ones whose context would touch; `change` is then the last one. */
static void diff_write_hunk(codedb_buffer *out, const diff_job *job, diff_box *change)
{
    const diff_side *old_side = &job->sides[0], *new_side = &job->sides[1];
    int64_t lead = change->a < DIFF_CONTEXT ? change->a : DIFF_CONTEXT;
    diff_box hunk = {change->a - lead, 0, change->b - lead, 0}, next, last = *change;
    while (diff_next_change(job, (uint32_t)last.a_end, (uint32_t)last.b_end, &next) && next.a - last.a_end <= 2 * DIFF_CONTEXT)
        last = next;
    int64_t rest = old_side->count - last.a_end;
    int64_t trail = rest < DIFF_CONTEXT ? rest : DIFF_CONTEXT;
    hunk.a_end = last.a_end + trail;
    hunk.b_end = last.b_end + trail;
    codedb_buffer_append_text(out, "@@ -");
    diff_write_range(out, hunk.a, hunk.a_end);
    codedb_buffer_append_text(out, " +");
    diff_write_range(out, hunk.b, hunk.b_end);
    codedb_buffer_append_text(out, " @@\n");
    int64_t at = hunk.a;
    for (next = *change;; diff_next_change(job, (uint32_t)next.a_end, (uint32_t)next.b_end, &next)) {
        diff_write_lines(out, ' ', old_side, at, next.a);
        diff_write_lines(out, '-', old_side, next.a, next.a_end);
        diff_write_lines(out, '+', new_side, next.b, next.b_end);
        at = next.a_end;
        if (next.a_end == last.a_end && next.b_end == last.b_end)
            break;
    }
    diff_write_lines(out, ' ', old_side, at, hunk.a_end);
    *change = last;
}

/* A path without what git does not take in a name: `/` at its beginning, and `.` and nothing between slashes. `at` is behind a slash
 * or at the beginning. */
static const char *diff_skip_dots(const char *at)
{
    while (*at == '/' || (at[0] == '.' && at[1] == '/'))
        at += *at == '/' ? 1 : 2;
    return at;
}

/* "--- a/path", quoted as git does where the path holds what would end or fake the line. */
static void diff_write_header(codedb_buffer *out, const char *sign, const char *prefix, const char *path)
{
    bool quoted = false, blank = false;
    path = diff_skip_dots(path);
    for (const char *at = path; *at; at++) {
        quoted |= (unsigned char)*at < 0x20 || *at == '"' || *at == '\\' || *at == 0x7F;
        blank |= *at == ' ';
    }
    codedb_buffer_printf(out, "%s %s%s/", sign, quoted ? "\"" : "", prefix);
    for (const char *at = path; *at; at = *at == '/' ? diff_skip_dots(at + 1) : at + 1)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            codedb_buffer_printf(out, "\\%03o", (unsigned)(unsigned char)*at);
        else if (*at == '"' || *at == '\\')
            codedb_buffer_printf(out, "\\%c", *at);
        else
            codedb_buffer_append_byte(out, *at);
    /* A tab ends a name with blanks, as GNU diff and git have it. */
    codedb_buffer_append_text(out, quoted ? "\"\n" : blank ? "\t\n" : "\n");
}

static void diff_write(codedb_buffer *out, const diff_job *job, const char *path)
{
    diff_box change;
    if (!diff_next_change(job, 0, 0, &change))
        return;
    diff_write_header(out, "---", "a", path);
    diff_write_header(out, "+++", "b", path);
    do {
        diff_write_hunk(out, job, &change);
    } while (diff_next_change(job, (uint32_t)change.a_end, (uint32_t)change.b_end, &change));
}

static bool diff_begin(diff_job *job)
{
    return diff_split_lines(&job->sides[0], job->arena) && diff_split_lines(&job->sides[1], job->arena) &&
           diff_number_lines(job) && diff_choose_lines(job) && diff_find_changes(job);
}

/* Takes from both ends of a changed range what is the same in both texts. */
static void diff_trim(const diff_job *job, size_t *old_range, size_t *new_range)
{
    const char *old_text = job->sides[0].text, *new_text = job->sides[1].text;
    while (old_range[0] < old_range[1] && new_range[0] < new_range[1] && old_text[old_range[0]] == new_text[new_range[0]]) {
        old_range[0]++;
        new_range[0]++;
    }
    while (old_range[0] < old_range[1] && new_range[0] < new_range[1] &&
           old_text[old_range[1] - 1] == new_text[new_range[1] - 1]) {
        old_range[1]--;
        new_range[1]--;
    }
}

CODEDB_PRIVATE bool codedb_diff_ranges(const char *old_text, size_t old_length, const char *new_text, size_t new_length,
                                       codedb_arena *arena, codedb_changed_ranges *ranges)
{
    diff_job job = {.sides = {{.text = old_text, .length = old_length}, {.text = new_text, .length = new_length}},
                    .arena = arena};
    diff_box change;
    size_t count = 0;
    if (!diff_begin(&job))
        return false;
    uint32_t a = 0, b = 0;
    for (; diff_next_change(&job, a, b, &change); a = (uint32_t)change.a_end, b = (uint32_t)change.b_end)
        count++;
    size_t *old_ranges = codedb_arena_allocate(arena, 2 * count, sizeof *old_ranges);
    size_t *new_ranges = codedb_arena_allocate(arena, 2 * count, sizeof *new_ranges);
    if (!old_ranges || !new_ranges)
        return false;
    *ranges = (codedb_changed_ranges){old_ranges, new_ranges, count};
    a = b = 0;
    for (size_t i = 0; i < count; i++, a = (uint32_t)change.a_end, b = (uint32_t)change.b_end) {
        diff_next_change(&job, a, b, &change);
        old_ranges[2 * i] = job.sides[0].starts[change.a];
        old_ranges[2 * i + 1] = job.sides[0].starts[change.a_end];
        new_ranges[2 * i] = job.sides[1].starts[change.b];
        new_ranges[2 * i + 1] = job.sides[1].starts[change.b_end];
        diff_trim(&job, &old_ranges[2 * i], &new_ranges[2 * i]);
    }
    return true;
}

CODEDB_PRIVATE bool codedb_diff_append(const char *old_text, size_t old_length, const char *new_text, size_t new_length,
                                       const char *path, codedb_buffer *out)
{
    bool done = false;
    diff_job job = {.sides = {{.text = old_text, .length = old_length}, {.text = new_text, .length = new_length}}};
    job.arena = codedb_arena_create(&out->allocator);
    if (!job.arena)
        goto cleanup;
    if (!diff_begin(&job))
        goto cleanup;
    diff_write(out, &job, path);
    done = !out->failed;

cleanup:
    codedb_arena_destroy(job.arena);
    return done;
}
