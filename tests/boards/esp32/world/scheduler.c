/* FreeRTOS on virtual time: each task has a context of its own and runs by priority until they
 * block. Time passes when no task is ready. Interrupts and events are served between two tasks, and
 * in world_spend(). */
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "world.h"

#define TASKS 8u
#define STACK_BYTES 262144u
#define TICK_US 10000u

struct idf_task {
    ucontext_t context;
    TaskFunction_t run;
    void *argument;
    const char *name;
    UBaseType_t priority;
    bool ready, notified, gone;
    uint64_t wake;
    uint32_t value, turn;
};

static struct idf_task tasks[TASKS];
static uint32_t count, turns;
static struct idf_task *current;
static ucontext_t scheduler;

static void start(void) {
    current->run(current->argument);
    current->gone = true;
    current->ready = false;
    (void)setcontext(&scheduler);
}

static void to_scheduler(void) {
    struct idf_task *self = current;
    (void)swapcontext(&self->context, &scheduler);
}

static void preempt(const struct idf_task *by) {
    if (current != NULL && by->ready && by->priority > current->priority) to_scheduler();
}

static struct idf_task *create(TaskFunction_t run, const char *name, void *argument,
                               UBaseType_t priority) {
    if (count == TASKS) abort();
    struct idf_task *task = &tasks[count++];
    *task = (struct idf_task){.run = run, .argument = argument, .name = name, .priority = priority};
    task->ready = true;
    task->wake = WORLD_NEVER;
    (void)getcontext(&task->context);
    void *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) abort();
    task->context.uc_stack.ss_sp = stack;
    task->context.uc_stack.ss_size = STACK_BYTES;
    task->context.uc_link = &scheduler;
    makecontext(&task->context, start, 0);
    return task;
}

BaseType_t xTaskCreate(TaskFunction_t run, const char *name, uint32_t stack, void *argument,
                       UBaseType_t priority, TaskHandle_t *handle) {
    (void)stack;
    struct idf_task *task = create(run, name, argument, priority);
    if (handle != NULL) *handle = task;
    preempt(task);
    return pdTRUE;
}

TaskHandle_t xTaskCreateStatic(TaskFunction_t run, const char *name, uint32_t stack, void *argument,
                               UBaseType_t priority, StackType_t *bytes, StaticTask_t *state) {
    (void)stack, (void)bytes, (void)state;
    struct idf_task *task = create(run, name, argument, priority);
    preempt(task);
    return task;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void) { return current; }

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task) {
    (void)task;
    return 7000;
}

TickType_t xTaskGetTickCount(void) { return (TickType_t)(world->now / TICK_US); }

static void block(TickType_t ticks) {
    current->ready = false;
    current->wake = ticks == portMAX_DELAY ? WORLD_NEVER : world->now + (uint64_t)ticks * TICK_US;
    to_scheduler();
}

void vTaskDelay(TickType_t ticks) {
    const uint64_t end = world->now + (uint64_t)ticks * TICK_US;
    do block(ticks);
    while (world->now < end);
}

static void notify(struct idf_task *task) {
    task->notified = true;
    task->ready = true;
}

void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken) {
    task->value++;
    notify(task);
    *woken = pdTRUE;
}

BaseType_t xTaskNotifyGive(TaskHandle_t task) {
    task->value++;
    notify(task);
    preempt(task);
    return pdTRUE;
}

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks) {
    (void)clear;
    const uint64_t end =
        ticks == portMAX_DELAY ? WORLD_NEVER : world->now + (uint64_t)ticks * TICK_US;
    while (current->value == 0 && world->now < end) block(ticks);
    const uint32_t value = current->value;
    current->value = 0;
    current->notified = false;
    return value;
}

BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action) {
    if (action == eSetBits) task->value |= value;
    notify(task);
    preempt(task);
    return pdTRUE;
}

BaseType_t xTaskNotifyWait(uint32_t before, uint32_t after, uint32_t *value, TickType_t ticks) {
    if (!current->notified) current->value &= ~before;
    const uint64_t end =
        ticks == portMAX_DELAY ? WORLD_NEVER : world->now + (uint64_t)ticks * TICK_US;
    while (!current->notified && world->now < end) block(ticks);
    *value = current->value;
    current->value &= ~after;
    const BaseType_t was = current->notified ? pdTRUE : pdFALSE;
    current->notified = false;
    return was;
}

void portENTER_CRITICAL(portMUX_TYPE *lock) { (void)lock; }
void portEXIT_CRITICAL(portMUX_TYPE *lock) { (void)lock; }
void portENTER_CRITICAL_SAFE(portMUX_TYPE *lock) { (void)lock; }
void portEXIT_CRITICAL_SAFE(portMUX_TYPE *lock) { (void)lock; }
/* Both take effect when the interrupt has returned: the scheduler looks for the highest priority
 * anyway. */
void portYIELD_FROM_ISR(BaseType_t woken) { (void)woken; }

/* --- time --- */

static uint64_t script_due(void) {
    return world->next_line < world->lines ? world->line_at[world->next_line] : WORLD_NEVER;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Moves to the next event, at most to `end`, and serves it. False if nothing is left. */
static bool serve_next(uint64_t end) {
    uint64_t due = least(least(script_due(), timer_due()), least(wifi_due(), mqtt_due()));
    for (uint32_t i = 0; i < count; i++)
        if (!tasks[i].ready && !tasks[i].gone) due = least(due, tasks[i].wake);
    if (due > end) {
        if (end == WORLD_NEVER) return false;
        world->now = end;
        return true;
    }
    if (due > world->now) world->now = due;
    if (script_due() <= world->now) script_run(world->line[world->next_line++]);
    if (timer_due() <= world->now) timer_fire();
    if (wifi_due() <= world->now) wifi_fire();
    if (mqtt_due() <= world->now) mqtt_fire();
    for (uint32_t i = 0; i < count; i++) {
        if (tasks[i].ready || tasks[i].gone || tasks[i].wake > world->now) continue;
        tasks[i].ready = true;
        tasks[i].wake = WORLD_NEVER;
    }
    return true;
}

void world_spend(uint64_t us) {
    const uint64_t end = world->now + us;
    while (world->now < end) (void)serve_next(end);
}

static struct idf_task *highest(void) {
    struct idf_task *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct idf_task *task = &tasks[i];
        if (!task->ready) continue;
        if (best == NULL || task->priority > best->priority ||
            (task->priority == best->priority && task->turn < best->turn))
            best = task;
    }
    return best;
}

void app_main(void);

static void run_main(void *unused) {
    (void)unused;
    app_main();
}

void world_boot(void) {
    (void)create(run_main, "main", NULL, 1);
    for (;;) {
        struct idf_task *task = highest();
        if (task != NULL) {
            task->turn = ++turns;
            current = task;
            (void)swapcontext(&scheduler, &task->context);
            current = NULL;
        } else if (!serve_next(WORLD_NEVER)) {
            world_say("world stopped: nothing will ever happen");
            world->finished = true;
        }
        if (world->finished) exit(0);
    }
}
