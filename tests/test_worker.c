/* tests/test_worker.c -- codedb_worker.c from the side of its socket: what a host may send, and what none should. */
#include "support.h"

#include "codedb_process.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

static codedb_result result = CODEDB_INIT(codedb_result);

/* The system's, as codedb calls it: there is none, so that frames cross the socket, where they are seen here. */
int memfd_create(const char *name, unsigned flags)
{
    (void)name;
    (void)flags;
    errno = ENOSYS;
    return -1;
}

/* A worker and its supervisor, without codedb_process.c between. */
typedef struct line {
    codedb_worker_options options;
    int control;
    int socket;
    codedb_worker_notice notice;
} line;

static void receive_worker(line *l)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } passed;
    struct iovec bytes = {.iov_base = &l->notice, .iov_len = sizeof l->notice};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = passed.room, .msg_controllen = sizeof passed.room};
    assert_int_equal(recvmsg(l->control, &message, 0), sizeof l->notice);
    assert_non_null(CMSG_FIRSTHDR(&message));
    memcpy(&l->socket, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof l->socket);
}

/* Reads a frame of at most 4000 bytes; false at the end of the connection. */
static bool receive_frame(line *l, codedb_wire_header *header, unsigned char bytes[4000])
{
    unsigned char head[CODEDB_WIRE_HEADER];
    const char *wrong;
    if (recv(l->socket, head, sizeof head, MSG_WAITALL) != (ssize_t)sizeof head)
        return false;
    assert_true(codedb_wire_read_header(head, header, &wrong));
    assert_true(header->length == header->total && header->length <= 4000);
    return recv(l->socket, bytes, header->length, MSG_WAITALL) == (ssize_t)header->length;
}

/* Reads the answer with a tag, or the greeting (0), into a result; gives its code. */
static codedb_code receive_answer(line *l, uint64_t tag, codedb_request *request)
{
    codedb_allocator library = codedb_allocator_or_default(NULL);
    unsigned char bytes[4000];
    codedb_wire_header header;
    assert_true(receive_frame(l, &header, bytes));
    assert_int_equal(header.kind, tag == 0 ? CODEDB_WIRE_HELLO : CODEDB_WIRE_ANSWER);
    assert_int_equal(header.tag, tag);
    request->result = &result;
    assert_int_equal(codedb_wire_read_answer(request, &library, bytes, header.length), CODEDB_SUCCESS);
    return request->code;
}

static void greet(line *l)
{
    codedb_request request = {.kind = CODEDB_REQUEST_CONNECT};
    receive_worker(l);
    assert_code(receive_answer(l, 0, &request), CODEDB_SUCCESS, result);
}

static int set_up(void **state)
{
    line *l = calloc(1, sizeof *l);
    codedb_driver_settings *settings = &l->options.driver.settings;
    l->options.driver.driver = codedb_sqlite_driver();
    l->options.driver.queue_size = 1;
    l->options.driver.command_timeout = 10;
    l->options.driver.transaction_timeout = 10;
    l->options.restart = true;
    settings->struct_size = sizeof *settings;
    settings->path = ":memory:";
    settings->busy_timeout = 1;
    assert_success(codedb_worker_spawn(&l->options, &l->control, &result), result);
    greet(l);
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    line *l = *state;
    close(l->socket);
    close(l->control);
    codedb_result_clear(&result);
    free(l);
    return 0;
}

static void send_bytes(line *l, const void *bytes, size_t length)
{
    assert_int_equal(send(l->socket, bytes, length, MSG_NOSIGNAL), length);
}

static void send_frame(line *l, codedb_wire_kind kind, uint64_t tag, uint64_t total, const void *bytes, uint32_t length)
{
    codedb_wire_header header = {.kind = kind, .length = length, .tag = tag, .total = total};
    unsigned char head[CODEDB_WIRE_HEADER];
    codedb_wire_write_header(head, &header);
    send_bytes(l, head, sizeof head);
    if (length > 0)
        send_bytes(l, bytes, length);
}

/* Writes a request's only frame, which has room for the largest; gives its size. */
static size_t write_request(unsigned char *frame, uint64_t tag, const codedb_request *request)
{
    codedb_allocator library = codedb_allocator_or_default(NULL);
    codedb_wire_message message;
    size_t size;
    codedb_wire_message_init(&message, &library);
    codedb_wire_write_request(&message, request);
    size = codedb_wire_message_take_frame(&message, CODEDB_WIRE_REQUEST, tag, frame);
    codedb_wire_message_free(&message);
    return size;
}

static void send_request(line *l, uint64_t tag, codedb_request *request)
{
    unsigned char *frame = malloc(CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME);
    send_bytes(l, frame, write_request(frame, tag, request));
    free(frame);
}

static codedb_request sql_request(const char *sql)
{
    codedb_request request = {.kind = CODEDB_REQUEST_RUN, .timeout = 10};
    request.operation.kind = CODEDB_OPERATION_EXECUTE;
    request.operation.sql = sql;
    request.operation.sql_length = strlen(sql);
    return request;
}

static void send_sql(line *l, uint64_t tag, const char *sql)
{
    codedb_request request = sql_request(sql);
    send_request(l, tag, &request);
}

/* ---- What none should send ---- */

static void a_worker_leaves_who_sends_what_cannot_be(void **state)
{
    static const unsigned char wrong[][CODEDB_WIRE_HEADER] = {
        {0, 0, 0, 0, CODEDB_WIRE_VERSION + 1, CODEDB_WIRE_REQUEST},                              /* version */
        {0, 0, 0, 0, CODEDB_WIRE_VERSION, CODEDB_WIRE_KINDS},                                    /* kind */
        {0, 0, 0, 1, CODEDB_WIRE_VERSION, CODEDB_WIRE_REQUEST},                                  /* length */
        {9, 0, 0, 0, CODEDB_WIRE_VERSION, CODEDB_WIRE_REQUEST, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8}, /* more than the total */
        {0, 0, 0, 0, CODEDB_WIRE_VERSION, CODEDB_WIRE_ANSWER, 0, 0, 1},                          /* a worker's own kind */
        {0, 0, 0, 0, CODEDB_WIRE_VERSION, CODEDB_WIRE_REQUEST, 0, 0, 0},                         /* the greeting's tag */
    };
    line *l = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsigned char bytes[4000];
        codedb_wire_header header;
        send_bytes(l, wrong[i], sizeof wrong[i]);
        assert_false(receive_frame(l, &header, bytes));
        close(l->socket);
        greet(l);
    }
}

static void frames_of_one_message_must_go_together(void **state)
{
    line *l = *state;
    unsigned char bytes[4000];
    codedb_wire_header header;
    send_frame(l, CODEDB_WIRE_REQUEST, 5, 100, "0123456789", 10);
    send_frame(l, CODEDB_WIRE_REQUEST, 5, 101, "0123456789", 10);
    assert_false(receive_frame(l, &header, bytes));
}

static void a_request_that_is_none_is_refused_and_the_next_one_runs(void **state)
{
    line *l = *state;
    codedb_request connect = {.kind = CODEDB_REQUEST_CONNECT, .timeout = 1}, answer = {.kind = CODEDB_REQUEST_RUN};
    send_frame(l, CODEDB_WIRE_REQUEST, 7, 5, "\0\0\0\0\0", 5);
    assert_int_equal(receive_answer(l, 7, &answer), CODEDB_INVALID_REQUEST);
    assert_contains(result.description, "a request that cannot be read");
    send_request(l, 8, &connect);
    assert_int_equal(receive_answer(l, 8, &answer), CODEDB_INVALID_REQUEST);
    send_sql(l, 9, "CREATE TABLE t (a)");
    assert_int_equal(receive_answer(l, 9, &answer), CODEDB_SUCCESS);
}

static void random_bytes_do_no_harm(void **state)
{
    line *l = *state;
    unsigned seed = 20260103;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 300; i++) {
        codedb_request answer = {.kind = CODEDB_REQUEST_RUN};
        unsigned char bytes[200];
        uint32_t length = 1 + seed % (uint32_t)sizeof bytes;
        codedb_code code;
        for (size_t at = 0; at < length; at++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[at] = (unsigned char)(seed >> 24);
        }
        bytes[0] = 0; /* a RUN of normal priority, to come further */
        if (length > 1)
            bytes[1] = 0;
        send_frame(l, CODEDB_WIRE_REQUEST, 100, length, bytes, length);
        code = receive_answer(l, 100, &answer);
        assert_int_not_equal(code, CODEDB_INTERNAL_ERROR);
    }
}

/* ---- What a host may ---- */

static void a_request_may_be_given_up_before_it_is_whole(void **state)
{
    line *l = *state;
    codedb_request answer = {.kind = CODEDB_REQUEST_RUN};
    send_frame(l, CODEDB_WIRE_REQUEST, 5, 100, "0123456789", 10);
    send_frame(l, CODEDB_WIRE_REQUEST, 6, 100, "0123456789", 10);
    send_frame(l, CODEDB_WIRE_CANCEL, 6, 0, NULL, 0);
    send_frame(l, CODEDB_WIRE_CANCEL, 5, 0, NULL, 0);
    send_frame(l, CODEDB_WIRE_CANCEL, 99, 0, NULL, 0); /* of which it knows nothing */
    send_sql(l, 5, "CREATE TABLE t (a)");
    assert_int_equal(receive_answer(l, 5, &answer), CODEDB_SUCCESS);
}

static void who_finds_no_room_in_the_queue_waits_until_his_time_is_over(void **state)
{
    line *l = *state;
    codedb_request begin = {.kind = CODEDB_REQUEST_BEGIN, .timeout = 10}, commit = {.kind = CODEDB_REQUEST_COMMIT, .timeout = 10};
    codedb_request answer = {.kind = CODEDB_REQUEST_RUN}, late = sql_request("INSERT INTO t VALUES (3)"), hasty;
    send_sql(l, 1, "CREATE TABLE t (a)");
    assert_int_equal(receive_answer(l, 1, &answer), CODEDB_SUCCESS);
    begin.caller = 1;
    send_request(l, 2, &begin);
    assert_int_equal(receive_answer(l, 2, &answer), CODEDB_SUCCESS);
    commit.transaction = answer.transaction;
    send_sql(l, 3, "INSERT INTO t VALUES (1)"); /* is the queue's only one */
    send_sql(l, 4, "INSERT INTO t VALUES (2)"); /* waits for room, like the next ones */
    late.deadline = codedb_monotonic_now() + 0.05;
    late.timeout = 0.05;
    send_request(l, 5, &late);
    send_sql(l, 6, "INSERT INTO t VALUES (4)");
    send_frame(l, CODEDB_WIRE_CANCEL, 6, 0, NULL, 0);
    hasty = sql_request("INSERT INTO t VALUES (5)");
    hasty.do_not_wait = true;
    send_request(l, 7, &hasty);
    assert_int_equal(receive_answer(l, 6, &answer), CODEDB_CANCELLED);
    assert_int_equal(receive_answer(l, 7, &answer), CODEDB_QUEUE_FULL);
    assert_int_equal(receive_answer(l, 5, &answer), CODEDB_TIMEOUT);
    assert_contains(result.description, "waited 0.050 seconds");
    send_request(l, 8, &commit);
    assert_int_equal(receive_answer(l, 8, &answer), CODEDB_SUCCESS);
    assert_int_equal(receive_answer(l, 3, &answer), CODEDB_SUCCESS);
    assert_int_equal(receive_answer(l, 4, &answer), CODEDB_SUCCESS);
}

/* All in one piece, so that the worker has read everything before it runs anything. */
static void who_waits_for_room_runs_when_a_cancel_has_made_it(void **state)
{
    line *l = *state;
    codedb_request first = sql_request("CREATE TABLE t (a)"), second = first, answer = {.kind = CODEDB_REQUEST_RUN};
    codedb_wire_header cancel = {.kind = CODEDB_WIRE_CANCEL, .tag = 3};
    unsigned char *bytes = malloc(2 * (CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME));
    size_t length;
    second.deadline = codedb_monotonic_now() + second.timeout;
    length = write_request(bytes, 3, &first);
    length += write_request(bytes + length, 4, &second);
    codedb_wire_write_header(bytes + length, &cancel);
    send_bytes(l, bytes, length + CODEDB_WIRE_HEADER);
    assert_int_equal(receive_answer(l, 3, &answer), CODEDB_CANCELLED);
    assert_int_equal(receive_answer(l, 4, &answer), CODEDB_SUCCESS);
    free(bytes);
}

/* The second of two that a thread submitted finds room that the first one waits for. One that may not wait is refused then: it would be
 * before what its own thread has asked for. */
static void second_finds_room(line *l, bool do_not_wait)
{
    codedb_request begin = {.kind = CODEDB_REQUEST_BEGIN, .timeout = 10}, commit = {.kind = CODEDB_REQUEST_COMMIT, .timeout = 10};
    codedb_request answer = {.kind = CODEDB_REQUEST_RUN}, last = sql_request("INSERT INTO t VALUES (3)");
    codedb_wire_header cancel = {.kind = CODEDB_WIRE_CANCEL, .tag = 3};
    unsigned char *bytes = malloc(2 * (CODEDB_WIRE_HEADER + CODEDB_WIRE_FRAME));
    last.do_not_wait = do_not_wait;
    send_sql(l, 1, "CREATE TABLE t (a)");
    assert_int_equal(receive_answer(l, 1, &answer), CODEDB_SUCCESS);
    begin.caller = 1;
    send_request(l, 2, &begin);
    assert_int_equal(receive_answer(l, 2, &answer), CODEDB_SUCCESS);
    commit.transaction = answer.transaction;
    send_sql(l, 3, "INSERT INTO t VALUES (1)"); /* is the queue's only one */
    send_sql(l, 4, "INSERT INTO t VALUES (2)"); /* waits for room */
    codedb_wire_write_header(bytes, &cancel);   /* in one piece, so that the worker does nothing in between */
    send_bytes(l, bytes, CODEDB_WIRE_HEADER + write_request(bytes + CODEDB_WIRE_HEADER, 5, &last));
    assert_int_equal(receive_answer(l, 3, &answer), CODEDB_CANCELLED);
    if (do_not_wait)
        assert_code(receive_answer(l, 5, &answer), CODEDB_QUEUE_FULL, result);
    send_request(l, 6, &commit);
    assert_int_equal(receive_answer(l, 6, &answer), CODEDB_SUCCESS);
    assert_int_equal(receive_answer(l, 4, &answer), CODEDB_SUCCESS);
    if (!do_not_wait)
        assert_int_equal(receive_answer(l, 5, &answer), CODEDB_SUCCESS);
    free(bytes);
}

static void who_waits_for_room_is_not_overtaken(void **state)
{
    second_finds_room(*state, false);
}

static void who_does_not_wait_overtakes_nobody_who_does(void **state)
{
    second_finds_room(*state, true);
}

static void who_is_too_late_already_is_told_so(void **state)
{
    line *l = *state;
    codedb_request late = sql_request("CREATE TABLE t (a)"), answer = {.kind = CODEDB_REQUEST_RUN};
    late.deadline = codedb_monotonic_now() - 1;
    send_request(l, 3, &late);
    assert_int_equal(receive_answer(l, 3, &answer), CODEDB_TIMEOUT);
}

static void a_worker_ends_with_its_socket_and_the_next_one_is_there(void **state)
{
    line *l = *state;
    codedb_worker_order order = {l->notice.number};
    close(l->socket); /* the supervisor has a copy of it: this end alone is not the end */
    assert_int_equal(send(l->control, &order, sizeof order, 0), sizeof order);
    greet(l);
    assert_int_equal(l->notice.number, order.number + 1);
}

static void an_order_about_an_earlier_worker_is_none(void **state)
{
    line *l = *state;
    codedb_worker_order order = {l->notice.number}, earlier = order;
    close(l->socket);
    assert_int_equal(send(l->control, &order, sizeof order, 0), sizeof order);
    greet(l);
    close(l->socket);
    order.number = l->notice.number;
    assert_int_equal(send(l->control, &earlier, sizeof earlier, 0), sizeof earlier);
    assert_int_equal(send(l->control, &order, sizeof order, 0), sizeof order);
    greet(l);
    assert_int_equal(l->notice.number, order.number + 1); /* one has ended, and not two */
}

#define LINE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE_TEST(a_worker_leaves_who_sends_what_cannot_be),
        LINE_TEST(frames_of_one_message_must_go_together),
        LINE_TEST(a_request_that_is_none_is_refused_and_the_next_one_runs),
        LINE_TEST(random_bytes_do_no_harm),
        LINE_TEST(a_request_may_be_given_up_before_it_is_whole),
        LINE_TEST(who_finds_no_room_in_the_queue_waits_until_his_time_is_over),
        LINE_TEST(who_waits_for_room_runs_when_a_cancel_has_made_it),
        LINE_TEST(who_waits_for_room_is_not_overtaken),
        LINE_TEST(who_does_not_wait_overtakes_nobody_who_does),
        LINE_TEST(who_is_too_late_already_is_told_so),
        LINE_TEST(a_worker_ends_with_its_socket_and_the_next_one_is_there),
        LINE_TEST(an_order_about_an_earlier_worker_is_none),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
