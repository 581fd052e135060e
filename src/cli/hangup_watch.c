/* hangup_watch: see hangup_watch.h. */

#include "hangup_watch.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void wait_for_hangup(void *arg) {
  struct hangup_watch *watch = arg;
  struct pollfd pollers[2] = {{.fd = watch->wake_pipe[0], .events = POLLIN},
                              {.fd = watch->fd, .events = 0}};

  while (poll(pollers, 2, -1) == -1 && errno == EINTR) {
  }
  if (pollers[0].revents == 0 && (pollers[1].revents & (POLLERR | POLLHUP)) != 0) {
    (void)uv_async_send(&watch->async);
  }
}

static void on_async(uv_async_t *async) {
  struct hangup_watch *watch = async->data;
  watch->on_hangup(watch);
}

static int start_thread(struct hangup_watch *watch) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                 .stack_size = (size_t)256 * 1024};
  int err = uv_pipe(watch->wake_pipe, 0, 0);

  if (err != 0) {
    return err;
  }
  err = uv_thread_create_ex(&watch->thread, &options, wait_for_hangup, watch);
  if (err != 0) {
    (void)close(watch->wake_pipe[0]);
    (void)close(watch->wake_pipe[1]);
  }
  return err;
}

int hangup_watch_start(struct hangup_watch *watch, uv_loop_t *loop, int fd,
                       void (*on_hangup)(struct hangup_watch *)) {
  int err = uv_async_init(loop, &watch->async, on_async);

  if (err != 0) {
    return err;
  }
  watch->async.data = watch;
  watch->on_hangup = on_hangup;
  watch->fd = fd;
  uv_unref((uv_handle_t *)&watch->async);
  err = start_thread(watch);
  if (err != 0) {
    uv_close((uv_handle_t *)&watch->async, NULL);
  }
  return err;
}

void hangup_watch_close(struct hangup_watch *watch) {
  (void)close(watch->wake_pipe[1]); /* ends the thread's wait */
  (void)uv_thread_join(&watch->thread);
  (void)close(watch->wake_pipe[0]);
  uv_close((uv_handle_t *)&watch->async, NULL);
}
