/* races: the scenarios between threads, for whatever channel is linked to them.
 *
 *   stream    one thread puts, another gets: ns per item
 *   pingpong  two threads, two channels, an item goes there and comes back: ns per round trip
 *   mpmc      four threads put, four get: ns per item
 *   blocked   one thread waits to get, another to put, both for NUMBER ms: ns of CPU meanwhile
 *
 * Every race counts what it got, so that a channel which loses items has no figure at all. */

#include <string.h>

#include "channel.h"
#include "course.h"

#define SIDES 4 /* threads on each side of mpmc */

static struct channel *new_channel(size_t capacity) {
  struct channel *channel = channel_new(capacity);

  if (channel == NULL) {
    course_fail(COURSE_UNKNOWN, "no such capacity");
  }
  return channel;
}

static void put_all(struct runner *self) {
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    channel_put(self->arg, item);
  }
}

static void get_all(struct runner *self) {
  uint64_t sum = 0;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    sum += channel_get(self->arg);
  }
  self->sum = sum;
}

static void stream(const struct course *course) {
  struct channel *channel = new_channel(course->number);
  struct runner runners[2] = {{.run = put_all, .arg = channel, .items = course->items},
                              {.run = get_all, .arg = channel, .items = course->items}};
  uint64_t ns = course_run(runners, 2);

  course_check(runners[1].sum, course->items);
  course_report(ns, course->items);
}

struct court {
  struct channel *there;
  struct channel *back;
};

static void serve(struct runner *self) {
  struct court *court = self->arg;
  uint64_t sum = 0;
  uint64_t item;

  for (item = 1; item <= self->items; item++) {
    channel_put(court->there, item);
    sum += channel_get(court->back);
  }
  self->sum = sum;
}

static void send_back(struct runner *self) {
  struct court *court = self->arg;
  uint64_t i;

  for (i = 0; i < self->items; i++) {
    channel_put(court->back, channel_get(court->there));
  }
}

static void pingpong(const struct course *course) {
  struct court court = {new_channel(course->number), new_channel(course->number)};
  struct runner runners[2] = {{.run = serve, .arg = &court, .items = course->items},
                              {.run = send_back, .arg = &court, .items = course->items}};
  uint64_t ns = course_run(runners, 2);

  course_check(runners[0].sum, course->items);
  course_report(ns, course->items);
}

static void mpmc(const struct course *course) {
  struct channel *channel = new_channel(course->number);
  uint64_t share = course->items / SIDES + 1;
  struct runner runners[SIDES * 2];
  uint64_t sum = 0;
  uint64_t ns;
  unsigned i;

  memset(runners, 0, sizeof runners);
  for (i = 0; i < SIDES * 2; i++) {
    runners[i].run = i % 2 == 0 ? put_all : get_all;
    runners[i].arg = channel;
    runners[i].items = share;
  }
  ns = course_run(runners, SIDES * 2);
  for (i = 0; i < SIDES * 2; i++) {
    sum += runners[i].sum;
  }
  if (sum != SIDES * (share * (share + 1) / 2)) {
    course_fail(1, "items were lost or came twice");
  }
  course_report(ns, share * SIDES);
}

static void get_one(struct runner *self) { self->sum = channel_get(self->arg); }
static void put_two(struct runner *self) {
  channel_put(self->arg, 1);
  channel_put(self->arg, 2); /* waits: the capacity is 1 */
}

/* Lets both block, and ends it; the CPU is counted between the two. */
struct watch {
  struct channel *empty;
  struct channel *full;
  unsigned ms;
  uint64_t cpu_ns;
};

static void watch(struct runner *self) {
  struct watch *watch = self->arg;

  uv_sleep(10); /* for the others to have blocked; one that comes late only counts more */
  watch->cpu_ns = course_cpu_ns();
  uv_sleep(watch->ms);
  watch->cpu_ns = course_cpu_ns() - watch->cpu_ns;
  channel_put(watch->empty, 1);
  self->sum = channel_get(watch->full) + channel_get(watch->full);
}

static void blocked(const struct course *course) {
  struct watch seen = {new_channel(1), new_channel(1), (unsigned)course->number, 0};
  struct runner runners[3] = {{.run = get_one, .arg = seen.empty},
                              {.run = put_two, .arg = seen.full},
                              {.run = watch, .arg = &seen}};

  (void)course_run(runners, 3);
  course_check(runners[2].sum, 2);
  course_report(seen.cpu_ns, 1);
}

int main(int argc, char **argv) {
  struct course course = course_read(argc, argv);

  if (strcmp(course.scenario, "stream") == 0) {
    stream(&course);
  } else if (strcmp(course.scenario, "pingpong") == 0) {
    pingpong(&course);
  } else if (strcmp(course.scenario, "mpmc") == 0) {
    mpmc(&course);
  } else if (strcmp(course.scenario, "blocked") == 0) {
    blocked(&course);
  } else {
    course_fail(COURSE_UNKNOWN, "no such scenario");
  }
  return 0;
}
