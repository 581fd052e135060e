/* embed.app: an application whose loop has a timer, and a TCP server and client that exchange
 * messages. Two lanes and two slots to a thread use the same loop over one port. */

#include <stdio.h>
#include <string.h>

#include "handoff.h"
#include "lib/bounded.h"

/* For any thread. cmocka's assertions work only on the thread that runs the tests. */
#define CHECK(condition) ((condition) ? (void)0 : fail_at(__LINE__, #condition))

static _Noreturn void fail_at(int line, const char *condition) {
  print_error("test_app.c:%d: check failed: %s\n", line, condition);
  abort();
}

#define ITEMS 300   /* through each slot */
#define CLOSE_AT 20 /* the event in which the first lane is closed */
#define LAST_AT 30  /* the second lane ends by itself, and its port closes it */
#define MESSAGES_MIN 10

typedef struct app_s {
  uv_loop_t loop;
  uv_run_mode mode;
  unsigned parts; /* of the application that still run, beside the timer and the echo */

  uv_timer_t timer;
  unsigned ticks;

  uv_tcp_t server;
  uv_tcp_t client;
  uv_tcp_t accepted;
  uv_connect_t connect;
  uv_write_t request;
  uv_write_t reply;
  char sent[32];
  char client_buffer[64];
  char server_buffer[64];
  unsigned messages;
  bool is_closing;

  handoff_port_t port;
  handoff_lane_t lanes[2];
  int produced[2]; /* each lane's latest item */
  int consumed[2];
  unsigned events[2][2];
  bool has_ended[2];
  bool is_closed[2];
  int end_status[2];

  handoff_slot_t to_loop;
  handoff_slot_t to_thread;
  handoff_req_t get;
  handoff_req_t put;
  uv_thread_t thread;
  int got;       /* the get's item */
  int got_count; /* the items are 1, 2, 3, … */
  int sent_item; /* the put's item */

  unsigned handles_closed;
  bool is_port_closed;
} app_t;

/* ----------------------------------------------------------------------------------- closing -- */

static void on_handle_closed(uv_handle_t *handle) { ((app_t *)handle->data)->handles_closed++; }

static void on_port_closed(handoff_port_t *port) {
  app_t *app = port->data;
  CHECK(!app->is_port_closed && app->is_closed[0] && app->has_ended[1]);
  app->is_port_closed = true;
}

/* Called by the timer once all parts have finished and enough messages were exchanged. The port
 * closes the second lane too. */
static void close_all_handles(app_t *app) {
  app->is_closing = true;
  uv_close((uv_handle_t *)&app->timer, on_handle_closed);
  uv_close((uv_handle_t *)&app->client, on_handle_closed);
  uv_close((uv_handle_t *)&app->accepted, on_handle_closed);
  uv_close((uv_handle_t *)&app->server, on_handle_closed);
  CHECK(handoff_port_close(&app->port, on_port_closed) == 0);
}

/* -------------------------------------------------------------------- the timer and the echo -- */

static void on_timer(uv_timer_t *timer) {
  app_t *app = timer->data;
  app->ticks++;
  if (app->parts == 0 && app->messages >= MESSAGES_MIN) {
    close_all_handles(app);
  }
}

static void on_written(uv_write_t *write, int status) {
  CHECK(status == 0 || (status == UV_ECANCELED && ((app_t *)write->data)->is_closing));
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  app_t *app = handle->data;
  bool is_client = handle == (uv_handle_t *)&app->client;
  (void)size;
  *buffer = is_client ? uv_buf_init(app->client_buffer, sizeof app->client_buffer)
                      : uv_buf_init(app->server_buffer, sizeof app->server_buffer);
}

static void send_message(app_t *app) {
  uv_buf_t buffer;
  (void)snprintf(app->sent, sizeof app->sent, "message %u", app->messages + 1);
  buffer = uv_buf_init(app->sent, (unsigned)strlen(app->sent));
  app->request.data = app;
  CHECK(uv_write(&app->request, (uv_stream_t *)&app->client, &buffer, 1, on_written) == 0);
}

/* A message this short arrives in one piece over the loopback interface. */
static void on_client_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  app_t *app = stream->data;
  CHECK(size == (ssize_t)strlen(app->sent) && memcmp(buffer->base, app->sent, (size_t)size) == 0);
  app->messages++;
  send_message(app);
}

static void on_server_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  app_t *app = stream->data;
  uv_buf_t back = uv_buf_init(buffer->base, (unsigned)size);
  CHECK(size > 0);
  app->reply.data = app;
  CHECK(uv_write(&app->reply, stream, &back, 1, on_written) == 0);
}

static void on_connection(uv_stream_t *server, int status) {
  app_t *app = server->data;
  CHECK(status == 0);
  CHECK(uv_accept(server, (uv_stream_t *)&app->accepted) == 0);
  CHECK(uv_read_start((uv_stream_t *)&app->accepted, on_alloc, on_server_read) == 0);
}

static void on_connected(uv_connect_t *connect, int status) {
  app_t *app = connect->handle->data;
  CHECK(status == 0);
  CHECK(uv_read_start((uv_stream_t *)&app->client, on_alloc, on_client_read) == 0);
  send_message(app);
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
  int number = ++app->produced[i];
  memcpy(item, &number, sizeof number);
  return i == 1 && number == LAST_AT ? HANDOFF_LAST : 0;
}

static int consume(handoff_lane_t *lane, void *item) {
  app_t *app = lane->data;
  int number;
  memcpy(&number, item, sizeof number);
  return number == ++app->consumed[index_of(app, lane)] ? 0 : UV_EPROTO;
}

static void on_lane_closed(handoff_lane_t *lane) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  CHECK(app->has_ended[i] && !app->is_closed[i]);
  app->is_closed[i] = true;
  memset(lane, 0xdd, sizeof *lane); /* the library no longer reads it */
  app->parts--;
}

static void on_event(handoff_lane_t *lane, const handoff_event_t *event) {
  app_t *app = lane->data;
  size_t i = index_of(app, lane);
  unsigned *events = app->events[i];

  CHECK(!app->has_ended[i] && !app->is_closed[i] && !app->is_port_closed);
  events[event->side]++;
  CHECK(event->number == events[event->side]);
  CHECK(events[HANDOFF_PRODUCER] - events[HANDOFF_CONSUMER] <= 1); /* strict alternation */
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
    app->parts--;
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

/* ------------------------------------------------------------ the slots to and from a thread -- */

/* Sends the loop's items back to it. */
static void echo_items(void *arg) {
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
  if (app->sent_item == ITEMS) {
    handoff_slot_shut(&app->to_thread);
    app->parts--;
    return;
  }
  app->sent_item++;
  CHECK(handoff_port_put(&app->port, req, &app->to_thread, &app->sent_item, on_put) == 0);
}

static void on_got(handoff_req_t *req, int status) {
  app_t *app = req->data;
  CHECK(!app->is_port_closed);
  if (status != 0) {
    CHECK(status == UV_EOF && app->got_count == ITEMS);
    app->parts--;
    return;
  }
  CHECK(app->got == ++app->got_count);
  CHECK(handoff_port_get(&app->port, req, &app->to_loop, &app->got, on_got) == 0);
}

static void start_slots(app_t *app) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(int));
  options.capacity = 4;
  CHECK(handoff_slot_init(&app->to_loop, &options) == 0);
  CHECK(handoff_slot_init(&app->to_thread, &options) == 0);
  app->get.data = app->put.data = app;
  app->sent_item = 1;
  CHECK(handoff_port_put(&app->port, &app->put, &app->to_thread, &app->sent_item, on_put) == 0);
  CHECK(handoff_port_get(&app->port, &app->get, &app->to_loop, &app->got, on_got) == 0);
  CHECK(uv_thread_create(&app->thread, echo_items, app) == 0);
}

/* --------------------------------------------------------------------------- the application -- */

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
  CHECK(!app->is_closed[1]);
  CHECK(uv_loop_close(&app->loop) == 0);
}

static void run_in_mode(uv_run_mode mode) {
  app_t *app = calloc(1, sizeof *app);
  CHECK(app != NULL);
  app->mode = mode;
  run_app(app);
  free(app);
}

static void test_an_application_runs_with_run_default(void **state) {
  (void)state;
  run_in_mode(UV_RUN_DEFAULT);
}

static void test_an_application_runs_with_run_once(void **state) {
  (void)state;
  run_in_mode(UV_RUN_ONCE);
}

static void test_an_application_runs_with_run_nowait(void **state) {
  (void)state;
  run_in_mode(UV_RUN_NOWAIT);
}

static void test_two_applications_run_in_two_threads(void **state) {
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

static void on_done(handoff_req_t *req, int status) { *(int *)req->data = status; }

static void close_loop(uv_loop_t *loop, handoff_port_t *port) {
  assert_int_equal(handoff_port_close(port, NULL), 0);
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(loop), 0);
}

static void test_an_idle_port_and_lane_do_not_keep_the_loop_alive(void **state) {
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
  close_loop(&loop, &port);
}

static void test_an_unreferenced_port_does_not_keep_the_loop_alive(void **state) {
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
  assert_int_equal(handoff_port_get(&port, &req, &slot, &item, on_done), 0);
  assert_true(uv_loop_alive(&loop));
  handoff_port_unref(&port);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(status, 1); /* it is still pending */
  handoff_port_ref(&port);
  assert_true(uv_loop_alive(&loop));
  close_loop(&loop, &port);
  assert_int_equal(status, UV_ECANCELED);
  handoff_slot_destroy(&slot);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      bounded_test(test_an_application_runs_with_run_default),
      bounded_test(test_an_application_runs_with_run_once),
      bounded_test(test_an_application_runs_with_run_nowait),
      bounded_test(test_two_applications_run_in_two_threads),
      bounded_test(test_an_idle_port_and_lane_do_not_keep_the_loop_alive),
      bounded_test(test_an_unreferenced_port_does_not_keep_the_loop_alive),
  };
  return cmocka_run_group_tests_name("embed.app", tests, NULL, NULL);
}
