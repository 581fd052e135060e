/* embed.app: an application of ours. Its loop has a timer, and a TCP server and client that exchange messages all
 * the while; on the same loop run two lanes and two slots to a thread, over one port. */

#include <stdio.h>
#include <string.h>

#include "handoff.h"
#include "lib/bounded.h"

/* For any thread: cmocka's assertions are for the one that runs the tests. */
#define CHECK(condition) ((condition) ? (void)0 : fail_at(__LINE__, #condition))

static _Noreturn void fail_at(int line, const char *condition) {
  print_error("test_app.c:%d: not so: %s\n", line, condition);
  abort();
}

#define ITEMS 300   /* through each slot */
#define CLOSE_AT 20 /* the first lane is closed inside this event */
#define LAST_AT 30  /* the second lane comes to its end by itself */
#define MESSAGES_MIN 10

typedef struct app_s {
  uv_loop_t loop;
  uv_run_mode mode;
  unsigned parts; /* still at work, beside the timer and the echo */

  uv_timer_t timer;
  unsigned ticks;

  uv_tcp_t server;
  uv_tcp_t client;
  uv_tcp_t accepted;
  uv_connect_t connect;
  uv_write_t question;
  uv_write_t answer;
  char asked[32];
  char heard[64];
  char echoed[64];
  unsigned messages;
  bool is_hanging_up;

  handoff_port_t port;
  handoff_lane_t lanes[2];
  int made[2]; /* by the producers */
  int last[2]; /* what the consumers had last */
  unsigned events[2][2];
  bool has_ended[2];
  bool is_closed[2];
  int end_status[2];

  handoff_slot_t to_loop;
  handoff_slot_t to_thread;
  handoff_req_t get;
  handoff_req_t put;
  uv_thread_t thread;
  int got;
  int next_got;
  int given;

  unsigned handles_closed;
  bool is_port_closed;
} app_t;

/* ------------------------------------------------------------------------------- the closing -- */

static void on_handle_closed(uv_handle_t *handle) { ((app_t *)handle->data)->handles_closed++; }

static void on_port_closed(handoff_port_t *port) {
  app_t *app = port->data;
  CHECK(!app->is_port_closed && app->is_closed[0] && app->is_closed[1]);
  app->is_port_closed = true;
}

/* When all are done, and the echo has gone round often enough, the timer closes everything. */
static void finish_part(app_t *app) { app->parts--; }

static void hang_up(app_t *app) {
  app->is_hanging_up = true;
  uv_close((uv_handle_t *)&app->timer, on_handle_closed);
  uv_close((uv_handle_t *)&app->client, on_handle_closed);
  uv_close((uv_handle_t *)&app->accepted, on_handle_closed);
  uv_close((uv_handle_t *)&app->server, on_handle_closed);
  CHECK(handoff_port_close(&app->port, on_port_closed) == 0);
}

/* ------------------------------------------------------------------------ the timer and echo -- */

static void on_timer(uv_timer_t *timer) {
  app_t *app = timer->data;
  app->ticks++;
  if (app->parts == 0 && app->messages >= MESSAGES_MIN) {
    hang_up(app);
  }
}

static void on_written(uv_write_t *write, int status) {
  CHECK(status == 0 || (status == UV_ECANCELED && ((app_t *)write->data)->is_hanging_up));
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  app_t *app = handle->data;
  bool is_client = handle == (uv_handle_t *)&app->client;
  (void)size;
  *buffer = is_client ? uv_buf_init(app->heard, sizeof app->heard)
                      : uv_buf_init(app->echoed, sizeof app->echoed);
}

static void ask(app_t *app) {
  uv_buf_t buffer;
  (void)snprintf(app->asked, sizeof app->asked, "message %u", app->messages + 1);
  buffer = uv_buf_init(app->asked, (unsigned)strlen(app->asked));
  app->question.data = app;
  CHECK(uv_write(&app->question, (uv_stream_t *)&app->client, &buffer, 1, on_written) == 0);
}

/* So short a message comes in one piece over the loopback. */
static void on_heard(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  app_t *app = stream->data;
  CHECK(size == (ssize_t)strlen(app->asked) && memcmp(buffer->base, app->asked, (size_t)size) == 0);
  app->messages++;
  ask(app);
}

static void on_server_heard(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  app_t *app = stream->data;
  uv_buf_t back = uv_buf_init(buffer->base, (unsigned)size);
  CHECK(size > 0);
  app->answer.data = app;
  CHECK(uv_write(&app->answer, stream, &back, 1, on_written) == 0);
}

static void on_connection(uv_stream_t *server, int status) {
  app_t *app = server->data;
  CHECK(status == 0);
  CHECK(uv_accept(server, (uv_stream_t *)&app->accepted) == 0);
  CHECK(uv_read_start((uv_stream_t *)&app->accepted, on_alloc, on_server_heard) == 0);
}

static void on_connected(uv_connect_t *connect, int status) {
  app_t *app = connect->handle->data;
  CHECK(status == 0);
  CHECK(uv_read_start((uv_stream_t *)&app->client, on_alloc, on_heard) == 0);
  ask(app);
}

static void start_echo(app_t *app) {
  struct sockaddr_in address;
  int size = sizeof address;

  CHECK(uv_ip4_addr("127.0.0.1", 0, &address) == 0);
  CHECK(uv_tcp_init(&app->loop, &app->server) == 0);
  CHECK(uv_tcp_init(&app->loop, &app->client) == 0);
  CHECK(uv_tcp_init(&app->loop, &app->accepted) == 0);
  app->server.data = app->client.data = app->accepted.data = app;
  CHECK(uv_tcp_bind(&app->server, (const struct sockaddr *)&address, 0) == 0);
  CHECK(uv_listen((uv_stream_t *)&app->server, 1, on_connection) == 0);
  CHECK(uv_tcp_getsockname(&app->server, (struct sockaddr *)&address, &size) == 0);
  CHECK(uv_tcp_connect(&app->connect, &app->client, (const struct sockaddr *)&address,
                       on_connected) == 0);
}

/* --------------------------------------------------------------------------------- the lanes -- */

static size_t index_of(const app_t *app, const handoff_lane_t *lane) {
  return (size_t)(lane - app->lanes);
}

static int produce(handoff_lane_t *lane, void *item) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  int number = ++app->made[i];
  memcpy(item, &number, sizeof number);
  return i == 1 && number == LAST_AT ? HANDOFF_LAST : 0;
}

static int consume(handoff_lane_t *lane, void *item) {
  app_t *app = lane->data;
  int number;
  memcpy(&number, item, sizeof number);
  return number == ++app->last[index_of(app, lane)] ? 0 : UV_EPROTO;
}

static void on_lane_closed(handoff_lane_t *lane) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  CHECK(app->has_ended[i] && !app->is_closed[i]);
  app->is_closed[i] = true;
  memset(lane, 0xdd, sizeof *lane); /* ours again */
  finish_part(app);
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  unsigned *events = app->events[i];

  CHECK(!app->has_ended[i] && !app->is_closed[i] && !app->is_port_closed);
  events[event->side]++;
  CHECK(event->number == events[event->side]);
  CHECK(events[HANDOFF_PRODUCER] - events[HANDOFF_CONSUMER] <= 1); /* they take turns */
  if (i == 0 && event->side == HANDOFF_CONSUMER && event->number == CLOSE_AT) {
    CHECK(handoff_lane_close(lane, on_lane_closed) == 0);
  }
}

static void on_end(handoff_lane_t *lane, int status) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  CHECK(!app->has_ended[i] && !app->is_closed[i]);
  app->has_ended[i] = true;
  app->end_status[i] = status;
  if (i == 1) {
    CHECK(handoff_lane_close(lane, on_lane_closed) == 0);
  }
}

static void start_lanes(app_t *app) {
  handoff_lane_options_t options = handoff_lane_options(sizeof(int), produce, consume);
  size_t i;

  options.on_event = on_event;
  options.on_end = on_end;
  options.producer.interval_ns = 1000000;
  for (i = 0; i < 2; i++) {
    app->lanes[i].data = app;
    CHECK(handoff_lane_init(&app->port, &app->lanes[i], &options) == 0);
    CHECK(handoff_lane_start(&app->lanes[i]) == 0);
  }
}

/* ----------------------------------------------------------- the slots, to and from a thread -- */

/* What the loop sends comes back. */
static void send_back(void *arg) {
  app_t *app = arg;
  int number;
  while (handoff_slot_get(&app->to_thread, &number) == 0) {
    CHECK(handoff_slot_put(&app->to_loop, &number) == 0);
  }
  handoff_slot_shut(&app->to_loop);
}

static void on_put(handoff_req_t *req, int status) {
  app_t *app = req->data;
  CHECK(status == 0 && !app->is_port_closed);
  if (app->given == ITEMS) {
    handoff_slot_shut(&app->to_thread);
    finish_part(app);
    return;
  }
  app->given++;
  CHECK(handoff_port_put(&app->port, req, &app->to_thread, &app->given, on_put) == 0);
}

static void on_got(handoff_req_t *req, int status) {
  app_t *app = req->data;
  CHECK(!app->is_port_closed);
  if (status != 0) {
    CHECK(status == UV_EOF && app->next_got == ITEMS);
    finish_part(app);
    return;
  }
  CHECK(app->got == ++app->next_got);
  CHECK(handoff_port_get(&app->port, req, &app->to_loop, &app->got, on_got) == 0);
}

static void start_slots(app_t *app) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  options.capacity = 4;
  CHECK(handoff_slot_init(&app->to_loop, &options) == 0);
  CHECK(handoff_slot_init(&app->to_thread, &options) == 0);
  app->get.data = app->put.data = app;
  app->given = 1;
  CHECK(handoff_port_put(&app->port, &app->put, &app->to_thread, &app->given, on_put) == 0);
  CHECK(handoff_port_get(&app->port, &app->get, &app->to_loop, &app->got, on_got) == 0);
  CHECK(uv_thread_create(&app->thread, send_back, app) == 0);
}

/* ----------------------------------------------------------------------------------- the app -- */

static void run_app(void *arg) {
  app_t *app = arg;

  app->parts = 4;
  CHECK(uv_loop_init(&app->loop) == 0);
  CHECK(uv_timer_init(&app->loop, &app->timer) == 0);
  CHECK(uv_timer_start(&app->timer, on_timer, 1, 1) == 0);
  app->timer.data = app->port.data = app;
  start_echo(app);
  CHECK(handoff_port_init(&app->loop, &app->port) == 0);
  start_lanes(app);
  start_slots(app);

  while (uv_run(&app->loop, app->mode) != 0) {
  }

  CHECK(uv_thread_join(&app->thread) == 0);
  handoff_slot_destroy(&app->to_loop);
  handoff_slot_destroy(&app->to_thread);
  CHECK(app->is_port_closed && app->handles_closed == 4);
  CHECK(app->ticks > 0 && app->messages >= MESSAGES_MIN);
  CHECK(app->events[0][HANDOFF_CONSUMER] >= CLOSE_AT && app->end_status[0] == UV_ECANCELED);
  CHECK(app->events[1][HANDOFF_CONSUMER] == LAST_AT && app->end_status[1] == 0);
  CHECK(uv_loop_close(&app->loop) == 0);
}

static void run_in_mode(uv_run_mode mode) {
  app_t *app = calloc(1, sizeof *app);
  CHECK(app != NULL);
  app->mode = mode;
  run_app(app);
  free(app);
}

static void test_run_default(void **state) {
  (void)state;
  run_in_mode(UV_RUN_DEFAULT);
}

static void test_run_once(void **state) {
  (void)state;
  run_in_mode(UV_RUN_ONCE);
}

static void test_run_nowait(void **state) {
  (void)state;
  run_in_mode(UV_RUN_NOWAIT);
}

static void test_two_loops_in_two_threads(void **state) {
  app_t *apps = calloc(2, sizeof *apps);
  uv_thread_t thread;
  (void)state;

  CHECK(apps != NULL);
  apps[1].mode = UV_RUN_ONCE;
  CHECK(uv_thread_create(&thread, run_app, &apps[0]) == 0);
  run_app(&apps[1]);
  CHECK(uv_thread_join(&thread) == 0);
  free(apps);
}

/* ------------------------------------------------------------------- what keeps a loop alive -- */

static void on_never(handoff_req_t *req, int status) { *(int *)req->data = status; }

static void close_all(uv_loop_t *loop, handoff_port_t *port) {
  assert_int_equal(handoff_port_close(port, NULL), 0);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(loop), 0);
}

static void test_idle_does_not_keep_the_loop(void **state) {
  handoff_lane_options_t options = handoff_lane_options(sizeof(int), produce, consume);
  handoff_port_t port;
  handoff_lane_t lane;
  uv_loop_t loop;
  (void)state;

  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(handoff_lane_init(&port, &lane, &options), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_false(uv_loop_alive(&loop));
  assert_int_equal(handoff_lane_close(&lane, NULL), 0);
  close_all(&loop, &port);
}

static void test_unreferenced_does_not_keep_the_loop(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  int status = 1;
  handoff_req_t req = {.data = &status};
  handoff_slot_t slot;
  handoff_port_t port;
  uv_loop_t loop;
  int item;
  (void)state;

  assert_int_equal(handoff_slot_init(&slot, &options), 0);
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  assert_int_equal(handoff_port_get(&port, &req, &slot, &item, on_never), 0);
  assert_true(uv_loop_alive(&loop));
  handoff_port_unref(&port);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(status, 1); /* it is pending still */
  handoff_port_ref(&port);
  assert_true(uv_loop_alive(&loop));
  close_all(&loop, &port);
  assert_int_equal(status, UV_ECANCELED);
  handoff_slot_destroy(&slot);
}

static int set_up(void **state) {
  (void)state;
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_run_default, set_up),
      cmocka_unit_test_setup(test_run_once, set_up),
      cmocka_unit_test_setup(test_run_nowait, set_up),
      cmocka_unit_test_setup(test_two_loops_in_two_threads, set_up),
      cmocka_unit_test_setup(test_idle_does_not_keep_the_loop, set_up),
      cmocka_unit_test_setup(test_unreferenced_does_not_keep_the_loop, set_up),
  };
  return cmocka_run_group_tests_name("embed.app", tests, NULL, NULL);
}
