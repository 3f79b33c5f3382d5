/* test_wait.c -- accuses codedb_wait.c. */
#include "codedb_driver.h"

#include "support.h"

#include <signal.h>

typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_come;
} meeting;

static void *come(void *context)
{
    meeting *here = context;
    pthread_mutex_lock(&here->lock);
    here->has_come = true;
    pthread_cond_signal(&here->changed);
    pthread_mutex_unlock(&here->lock);
    return NULL;
}

static void meet(double deadline)
{
    meeting here = {.has_come = false};
    pthread_t other;
    assert_int_equal(pthread_mutex_init(&here.lock, NULL), 0);
    assert_true(codedb_condition_init(&here.changed));
    pthread_mutex_lock(&here.lock);
    assert_int_equal(pthread_create(&other, NULL, come, &here), 0);
    while (!here.has_come)
        assert_true(codedb_condition_wait(&here.changed, &here.lock, deadline));
    pthread_mutex_unlock(&here.lock);
    pthread_join(other, NULL);
    pthread_cond_destroy(&here.changed);
    pthread_mutex_destroy(&here.lock);
}

static void who_waits_is_woken_however_far_the_deadline_is(void **state)
{
    (void)state;
    meet(0);
    meet(codedb_monotonic_now() + 3600);
    meet(1e300);
}

static void a_deadline_that_has_passed_ends_the_wait(void **state)
{
    pthread_mutex_t lock;
    pthread_cond_t condition;
    (void)state;
    assert_int_equal(pthread_mutex_init(&lock, NULL), 0);
    assert_true(codedb_condition_init(&condition));
    pthread_mutex_lock(&lock);
    while (codedb_condition_wait(&condition, &lock, codedb_monotonic_now() - 1))
        continue; /* woken for no reason, as POSIX allows */
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&condition);
    pthread_mutex_destroy(&lock);
}

static void *note_mask(void *mask)
{
    pthread_sigmask(SIG_BLOCK, NULL, mask);
    return mask;
}

static void a_thread_blocks_all_signals_but_those_of_its_own_faults(void **state)
{
    sigset_t mask, before, after;
    pthread_t thread;
    (void)state;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_true(codedb_thread_start(&thread, note_mask, &mask));
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&mask, SIGTERM), 1);
    assert_int_equal(sigismember(&mask, SIGCHLD), 1);
    assert_int_equal(sigismember(&mask, SIGSEGV), 0);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_is_woken_however_far_the_deadline_is),
        cmocka_unit_test(a_deadline_that_has_passed_ends_the_wait),
        cmocka_unit_test(a_thread_blocks_all_signals_but_those_of_its_own_faults),
    };
    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
