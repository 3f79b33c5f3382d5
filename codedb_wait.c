/* codedb_wait.c -- starting a thread, and waiting for another one, until a time of the monotonic clock at the longest.
 *
 * Called by whatever starts a thread, by the queue, by what a host has submitted, and by the host's side of process mode. Any thread. */
#include "codedb_driver.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* A signal to the host's process goes to any thread that does not block it: here its handler would run in a thread that the host does
 * not know, and one that the host has blocked everywhere, to fetch it with sigwait, would end the process. Those that tell of a fault of the
 * thread itself are not blocked: the host may have a handler that writes a report. */
CODEDB_PRIVATE bool codedb_thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t blocked, before;
    bool started;
    size_t i;
    sigfillset(&blocked);
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    started = pthread_create(thread, NULL, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

CODEDB_PRIVATE bool codedb_lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    bool done;
    if (pthread_mutexattr_init(&attributes) != 0)
        return false;
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
    done = pthread_mutex_init(lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return done;
}

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
