/* Preloaded into a process, this makes it wait before it locks a file, until another file (LATE_GO) is there; it says
   that it waits by making a third one (LATE_WAITING). So two openers meet in the one window that loses commits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_word(int command) {
    const char *go = getenv("LATE_GO"), *waiting = getenv("LATE_WAITING");
    if (command != F_SETLK || !go || !waiting) return;
    close(open(waiting, O_CREAT | O_WRONLY, 0600));
    for (int i = 0; i < 3000 && access(go, F_OK); i++) usleep(10000);
}

#define LATE(name)                                                  \
    int name(int file, int command, ...) {                          \
        va_list rest;                                               \
        va_start(rest, command);                                    \
        void *argument = va_arg(rest, void *);                      \
        va_end(rest);                                               \
        int (*real)(int, int, ...) = dlsym(RTLD_NEXT, #name);       \
        wait_for_word(command);                                     \
        return real(file, command, argument);                       \
    }

LATE(fcntl)
LATE(fcntl64)
