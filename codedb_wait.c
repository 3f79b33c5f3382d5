/* codedb_wait.c -- waiting for another thread, until a time of the monotonic clock at the longest.
 *
 * Called by the queue, by what a host has submitted, and by the host's side of process mode. Any thread. */
#include "codedb_driver.h"

#include <errno.h>
#include <time.h>

CODEDB_PRIVATE bool codedb_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    bool done;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return done;
}

static struct timespec wait_timespec(double seconds)
{
    struct timespec time;
    if (seconds > 1e9) /* some thirty years of uptime: for ever */
        seconds = 1e9;
    time.tv_sec = (time_t)seconds;
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

CODEDB_PRIVATE bool codedb_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, double deadline)
{
    struct timespec until;
    if (deadline == 0) {
        pthread_cond_wait(condition, lock);
        return true;
    }
    until = wait_timespec(deadline);
    return pthread_cond_timedwait(condition, lock, &until) != ETIMEDOUT;
}
