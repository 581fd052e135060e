/* unit.loop_task_queue: tasks run once each, in the order of their posts; they leave the loop's
 * other handles their turns; and no wake-up is lost. */

#include "loop/task_queue.h"

#include <limits.h>
#include <string.h>

#include "lib/bounded.h"

#define TASKS 2000

typedef struct {
  struct handoff__task task; /* first: a task is converted to its counter */
  unsigned runs;
} counter_t;

static uv_loop_t loop;
static struct handoff__task_queue queue;
static counter_t counters[TASKS];
static unsigned runs;
static size_t order[TASKS]; /* which task ran when */
static unsigned posted;     /* tasks that on_drained expects to have run */
static unsigned drains;
static bool is_posting; /* handoff__task_queue_post is running: no task may run */

static void on_drained(struct handoff__task_queue *drained) {
  assert_ptr_equal(drained, &queue);
  assert_int_equal(runs, posted);
  drains++;
}

static void on_task(struct handoff__task *task) {
  counter_t *counter = (counter_t *)task;
  assert_false(is_posting);
  counter->runs++;
  order[runs++] = (size_t)(counter - counters);
}

static int set_up(void **state) {
  size_t i;
  (void)state;
  bounded_start();
  memset(counters, 0, sizeof counters);
  for (i = 0; i < TASKS; i++) {
    counters[i].task.run = on_task;
  }
  runs = 0;
  posted = 0;
  drains = 0;
  return uv_loop_init(&loop) != 0 || handoff__task_queue_init(&loop, &queue, on_drained) != 0;
}

static int tear_down(void **state) {
  (void)state;
  uv_close((uv_handle_t *)&queue.async, NULL);
  if (uv_run(&loop, UV_RUN_DEFAULT) != 0) {
    return -1;
  }
  handoff__task_queue_destroy(&queue);
  return uv_loop_close(&loop);
}

static void post(size_t i) {
  is_posting = true;
  posted++;
  handoff__task_queue_post(&queue, &counters[i].task);
  is_posting = false;
}

static void run_until(const unsigned *count, unsigned wanted) {
  while (*count < wanted) {
    uv_run(&loop, UV_RUN_ONCE);
  }
}

static void assert_order(const size_t *expected, size_t count) {
  assert_int_equal(runs, count);
  assert_memory_equal(order, expected, count * sizeof *expected);
}

/* ------------------------------------------------------------------------------------- order -- */

static void tasks_run_once_each_in_the_order_of_their_posts(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < TASKS; i++) {
    post(i);
  }
  assert_int_equal(runs, 0); /* not inside the call */
  run_until(&runs, TASKS);
  for (i = 0; i < TASKS; i++) {
    assert_int_equal(order[i], i);
    assert_int_equal(counters[i].runs, 1);
  }
}

static void on_drained_runs_when_all_tasks_have_run(void **state) {
  (void)state;
  post(0);
  post(1);
  run_until(&drains, 1); /* on_drained has checked */
  assert_int_equal(runs, 2);
}

static void a_wake_runs_on_drained_without_a_task(void **state) {
  (void)state;
  handoff__task_queue_wake(&queue);
  assert_int_equal(drains, 0);
  run_until(&drains, 1);
}

static void run_post(void *task) { handoff__task_queue_post(&queue, task); }

static void post_from_another_thread(size_t i) {
  uv_thread_t thread;
  posted++;
  assert_int_equal(uv_thread_create(&thread, run_post, &counters[i].task), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void on_task_post_1_2_3(struct handoff__task *task) {
  on_task(task);
  post(1);
  post_from_another_thread(2);
  post(3);
}

static void posts_of_the_loop_and_of_threads_keep_their_order(void **state) {
  static const size_t expected[] = {0, 1, 2, 3};
  (void)state;
  counters[0].task.run = on_task_post_1_2_3;
  post(0);
  run_until(&runs, 4);
  assert_order(expected, 4);
}

/* Task 2 is the cause of task 1, which was posted while the loop was still at work on the cause. */
static void on_task_post_2_after(struct handoff__task *task) {
  struct handoff__link *last = queue.run_list.prev;
  on_task(task);
  post(1);
  posted++;
  handoff__task_queue_post_after(&queue, last, &counters[2].task);
}

static void a_task_posted_after_a_link_runs_before_what_the_loop_has_posted_since(void **state) {
  static const size_t expected[] = {0, 3, 2, 1};
  (void)state;
  counters[0].task.run = on_task_post_2_after;
  post(0);
  post(3); /* in the run list before `last` was read */
  run_until(&runs, 4);
  assert_order(expected, 4);
}

static void on_task_post_2_after_a_thread(struct handoff__task *task) {
  struct handoff__link *last = queue.run_list.prev;
  on_task(task);
  post(1);
  post_from_another_thread(3);
  posted++;
  handoff__task_queue_post_after(&queue, last, &counters[2].task);
}

static void a_task_posted_after_a_link_does_not_overtake_another_threads(void **state) {
  static const size_t expected[] = {0, 1, 3, 2};
  (void)state;
  counters[0].task.run = on_task_post_2_after_a_thread;
  post(0);
  run_until(&runs, 4);
  assert_order(expected, 4);
}

/* ----------------------------------------------------------------------- the dispatch budget -- */

static uint64_t task_ns; /* that a task takes at least */
static unsigned turns;   /* of the idle handle */
static unsigned runs_before_turn;
static unsigned most_in_a_turn;

static void on_task_busy(struct handoff__task *task) {
  const uint64_t end_ns = uv_hrtime() + task_ns;
  while (uv_hrtime() < end_ns) {
  }
  on_task(task);
}

static void on_idle(uv_idle_t *idle) {
  const unsigned in_this_turn = runs - runs_before_turn;
  (void)idle;
  most_in_a_turn = in_this_turn > most_in_a_turn ? in_this_turn : most_in_a_turn;
  runs_before_turn = runs;
  turns++;
}

static void start_idle(uv_idle_t *idle) {
  turns = 0;
  runs_before_turn = 0;
  most_in_a_turn = 0;
  assert_int_equal(uv_idle_init(&loop, idle), 0);
  assert_int_equal(uv_idle_start(idle, on_idle), 0);
}

/* However slow the machine is, the budget of 100 us, which starts after the first task, is used up
 * once the following tasks have taken that long. */
static void run_busy(uint64_t ns, unsigned most) {
  static uv_idle_t idle; /* tear-down runs the loop until it is closed */
  size_t i;
  task_ns = ns;
  for (i = 0; i < 200; i++) {
    counters[i].task.run = on_task_busy;
    post(i);
  }
  start_idle(&idle);
  run_until(&runs, 200);
  uv_run(&loop, UV_RUN_NOWAIT); /* on_idle counts the last turn */
  assert_in_range(most_in_a_turn, 1, most);
  uv_close((uv_handle_t *)&idle, NULL);
}

static void tasks_of_20_us_run_6_in_a_turn_of_the_loop_at_most(void **state) {
  (void)state;
  run_busy(20000, 6);
}

static void tasks_of_100_us_run_2_in_a_turn_of_the_loop_at_most(void **state) {
  (void)state;
  run_busy(100000, 2);
}

static bool posts_itself;

static void on_task_again(struct handoff__task *task) {
  runs++;
  if (posts_itself) {
    posted++;
    handoff__task_queue_post(&queue, task);
  }
}

static void a_task_that_always_posts_itself_does_not_starve_the_loop(void **state) {
  static uv_idle_t idle; /* tear-down runs the loop until it is closed */
  (void)state;
  start_idle(&idle);
  counters[0].task.run = on_task_again;
  posts_itself = true;
  post(0);
  run_until(&turns, 10);
  assert_in_range(runs, 9, UINT_MAX); /* the task runs in every turn, too */
  posts_itself = false;
  run_until(&drains, 1);
  uv_close((uv_handle_t *)&idle, NULL);
}

/* ----------------------------------------------------------------------------------- threads -- */

#define POSTERS 4
#define POSTS 500

typedef struct {
  struct handoff__task task; /* first: a task is converted to its poster */
  uv_thread_t thread;
  uv_sem_t has_run;
  unsigned runs;
} poster_t;

static void on_poster_task(struct handoff__task *task) {
  poster_t *poster = (poster_t *)task;
  poster->runs++;
  runs++;
  uv_sem_post(&poster->has_run);
}

static void run_poster(void *arg) {
  poster_t *poster = arg;
  unsigned i;
  for (i = 0; i < POSTS; i++) {
    handoff__task_queue_post(&queue, &poster->task);
    uv_sem_wait(&poster->has_run);
  }
}

static void on_drained_ignore(struct handoff__task_queue *drained) { (void)drained; }

/* Each thread posts its task again once it has run, so the loop blocks and wakes up all the time.
 * If a wake-up were lost, the loop would block for ever. */
static void no_wake_up_is_lost(void **state) {
  static poster_t posters[POSTERS];
  size_t i;
  (void)state;
  memset(posters, 0, sizeof posters);
  queue.on_drained = on_drained_ignore;
  for (i = 0; i < POSTERS; i++) {
    posters[i].task.run = on_poster_task;
    assert_int_equal(uv_sem_init(&posters[i].has_run, 0), 0);
    assert_int_equal(uv_thread_create(&posters[i].thread, run_poster, &posters[i]), 0);
  }
  run_until(&runs, POSTERS * POSTS);
  for (i = 0; i < POSTERS; i++) {
    assert_int_equal(uv_thread_join(&posters[i].thread), 0);
    assert_int_equal(posters[i].runs, POSTS);
    uv_sem_destroy(&posters[i].has_run);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
#define QUEUE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
      QUEUE_TEST(tasks_run_once_each_in_the_order_of_their_posts),
      QUEUE_TEST(on_drained_runs_when_all_tasks_have_run),
      QUEUE_TEST(a_wake_runs_on_drained_without_a_task),
      QUEUE_TEST(posts_of_the_loop_and_of_threads_keep_their_order),
      QUEUE_TEST(a_task_posted_after_a_link_runs_before_what_the_loop_has_posted_since),
      QUEUE_TEST(a_task_posted_after_a_link_does_not_overtake_another_threads),
      QUEUE_TEST(tasks_of_20_us_run_6_in_a_turn_of_the_loop_at_most),
      QUEUE_TEST(tasks_of_100_us_run_2_in_a_turn_of_the_loop_at_most),
      QUEUE_TEST(a_task_that_always_posts_itself_does_not_starve_the_loop),
      QUEUE_TEST(no_wake_up_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
