/* A process as a board's machine: signals are its interrupts, execve is its reset. A doorbell is a
 * byte on standard input, an answer is a byte on standard output. The process ends with its
 * standard input. Called as: board PAGE GUEST. */
#define _GNU_SOURCE /* O_ASYNC, F_SETOWN */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench.h"

/* What a guest's calls may take of the native stack, in bytes. Sanitizers make frames large. */
#ifndef STACK_BYTES
#define STACK_BYTES (2u * 1024u * 1024u)
#endif
#define SIGNAL_STACK_BYTES (256u * 1024u)
/* Processor time between two looks at the guest. */
#define TIMER_MS 20

const struct page_in *page_in;
struct page_out *page_out;

static char **arguments;
static sigset_t interrupts;
static _Alignas(16) uint8_t signal_stack[SIGNAL_STACK_BYTES];

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "board: %s: %s\n", what, strerror(errno));
    _exit(1);
}

void machine_answer(uint8_t answer) {
    while (write(STDOUT_FILENO, &answer, 1) != 1)
        if (errno != EINTR) _exit(1);
}

bool machine_interrupts(bool on) {
    sigset_t before;
    sigprocmask(on ? SIG_UNBLOCK : SIG_BLOCK, &interrupts, &before);
    return sigismember(&before, SIGIO) == 0;
}

void machine_wait(void) {
    sigset_t open;
    sigemptyset(&open);
    sigsuspend(&open);
}

_Noreturn void machine_reset(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    execv("/proc/self/exe", arguments);
    fail("restart");
}

uint32_t machine_count(void) { return 0; }

static void on_doorbell(int signal) {
    uint8_t byte;
    (void)signal;
    const ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got == 0) _exit(0);
    if (got == 1) bench_doorbell(0);
}

static void on_timer(int signal) {
    (void)signal;
    bench_timer(TIMER_MS);
}

static void *map(const char *path, int flags, int protection, off_t offset, size_t len) {
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0) fail(path);
    void *at = mmap(NULL, len, protection, MAP_SHARED, file, offset);
    if (at == MAP_FAILED) fail(path);
    close(file);
    return at;
}

static void handle(int signal, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    /* The doorbell enters a timer interrupt that waits for it, by name; nothing else nests. */
    action.sa_mask = interrupts;
    if (sigaction(signal, &action, NULL) != 0) fail("sigaction");
}

static void interrupts_begin(void) {
    const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    const struct timeval period = {.tv_usec = TIMER_MS * 1000};
    const struct itimerval timer = {period, period};
    if (sigaltstack(&stack, NULL) != 0) fail("sigaltstack");
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGIO);
    sigaddset(&interrupts, SIGVTALRM);
    sigprocmask(SIG_SETMASK, &interrupts, NULL);
    handle(SIGIO, on_doorbell);
    handle(SIGVTALRM, on_timer);
    if (setitimer(ITIMER_VIRTUAL, &timer, NULL) != 0) fail("setitimer");
    const int flags = fcntl(STDIN_FILENO, F_GETFL);
    if (fcntl(STDIN_FILENO, F_SETOWN, getpid()) != 0) fail("F_SETOWN");
    if (fcntl(STDIN_FILENO, F_SETFL, flags | O_ASYNC | O_NONBLOCK) != 0) fail("O_ASYNC");
}

int main(int count, char **argv) {
    struct stat guest;
    if (count != 3) {
        fprintf(stderr, "usage: %s PAGE GUEST\n", argv[0]);
        return 2;
    }
    arguments = argv;
    page_in = map(argv[1], O_RDONLY, PROT_READ, 0, sizeof *page_in);
    page_out = map(argv[1], O_RDWR, PROT_READ | PROT_WRITE, PAGE_IN_BYTES, sizeof *page_out);
    if (stat(argv[2], &guest) != 0) fail(argv[2]);
    /* An empty file cannot be mapped; a pointer and the length 0 stand for it. */
    const void *bytes = "";
    if (guest.st_size > 0) bytes = map(argv[2], O_RDONLY, PROT_READ, 0, (size_t)guest.st_size);
    interrupts_begin();
    bench_main(bytes, (uintptr_t)__builtin_frame_address(0) - STACK_BYTES);
}
