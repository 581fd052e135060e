/* sched.linear: the check of histories by itself: of each pair the first is to be explained, and the second,
 * in which one thing is different, is not. */

#include <string.h>

#include "lib/bounded.h"
#include "sched/linear.h"

static history_t h;

static void start(size_t capacity) {
  memset(&h, 0, sizeof h);
  h.capacity = capacity;
}

static call_t *add(call_way_t way, call_kind_t kind, int item, int result, uint64_t begun,
                   uint64_t ended) {
  call_t *call = &h.calls[h.count];
  call->way = way;
  call->kind = kind;
  call->thread = h.count++; /* another one each, unless said */
  call->item = item;
  call->result = result;
  call->begun = begun;
  call->queued = NOT_YET;
  call->ended = ended;
  return call;
}

static call_t *put(int item, uint64_t begun, uint64_t ended) {
  return add(CALL_PUT, BY_WAITING, item, 0, begun, ended);
}

static call_t *get(int item, uint64_t begun, uint64_t ended) {
  return add(CALL_GET, BY_WAITING, item, 0, begun, ended);
}

static call_t *refused(call_way_t way, int result, uint64_t begun, uint64_t ended) {
  return add(way, BY_TRYING, -1, result, begun, ended);
}

static call_t *shut(uint64_t begun, uint64_t ended) {
  return add(CALL_SHUT, BY_WAITING, -1, 0, begun, ended);
}

static void yes(void) { assert_int_equal(linear_check(&h), LINEAR_YES); }
static void no(void) { assert_int_equal(linear_check(&h), LINEAR_NO); }

static void items_come_first_in_first_out(void **state) {
  (void)state;
  start(2);
  put(0, 1, 2), put(1, 3, 4), get(0, 5, 6), get(1, 7, 8);
  yes();
  start(2);
  put(0, 1, 2), put(1, 3, 4), get(1, 5, 6), get(0, 7, 8);
  no();
  start(2); /* at once, in either order */
  put(0, 1, 10), put(1, 2, 9), get(1, 11, 12), get(0, 13, 14);
  yes();
}

static void nothing_is_got_before_it_is_put(void **state) {
  (void)state;
  start(1);
  put(0, 2, 4), get(0, 1, 3);
  yes();
  start(1);
  put(0, 3, 4), get(0, 1, 2);
  no();
}

static void no_more_fit_than_the_capacity(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), put(1, 3, 6), get(0, 4, 5), get(1, 7, 8);
  yes();
  start(1);
  put(0, 1, 2), put(1, 3, 4), get(0, 5, 6), get(1, 7, 8);
  no();
}

static void a_try_fails_only_where_it_must(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), refused(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  yes();
  start(2);
  put(0, 1, 2), refused(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  no();
  start(1);
  refused(CALL_GET, UV_EAGAIN, 1, 2), put(0, 3, 4), get(0, 5, 6);
  yes();
  start(1);
  put(0, 1, 2), refused(CALL_GET, UV_EAGAIN, 3, 4), get(0, 5, 6);
  no();
}

static void who_gives_up_found_it_so_before_it_slept(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), add(CALL_PUT, BY_DEADLINE, -1, UV_ETIMEDOUT, 3, 9)->queued = 4, get(0, 5, 6);
  yes();
  start(1);
  put(0, 4, 5), add(CALL_PUT, BY_DEADLINE, -1, UV_ETIMEDOUT, 1, 9)->queued = 2, get(0, 6, 7);
  no();
}

static void nobody_overtakes(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), put(1, 3, 15)->queued = 4, put(2, 5, 16), get(0, 6, 7), get(1, 8, 9),
                          get(2, 10, 11);
  yes();
  h.calls[1].queued = NOT_YET;
  yes();
  start(1);
  put(0, 1, 2), put(1, 3, 15)->queued = 4, put(2, 5, 16), get(0, 6, 7), get(2, 8, 9),
                          get(1, 10, 11);
  no();
  h.calls[1].queued = NOT_YET; /* it may have come later */
  yes();
}

static void the_loop_is_called_back_in_order(void **state) {
  int later;
  (void)state;
  for (later = 0; later < 2; later++) {
    start(2);
    put(0, 3, 4), put(1, 5, 6);
    get(0, 1, later == 1 ? 9u : 7u)->kind = BY_REQUEST;
    get(1, 2, 8)->kind = BY_REQUEST;
    h.calls[2].thread = h.calls[3].thread = 7;
    (later == 1 ? no : yes)();
    h.calls[3].thread = 8;
    yes();
  }
}

static void at_capacity_0_a_put_and_a_get_are_one(void **state) {
  (void)state;
  start(0);
  put(0, 1, 3), get(0, 2, 4);
  yes();
  start(0);
  put(0, 1, 2), get(0, 3, 4);
  no();
  start(0); /* one of them must wait for the other */
  put(0, 1, 3), get(0, 2, 4)->kind = BY_TRYING;
  yes();
  h.calls[0].kind = BY_TRYING;
  no();
  start(0);
  get(0, 1, 6)->queued = 4, refused(CALL_PUT, UV_EAGAIN, 2, 3), put(0, 5, 7);
  yes();
  start(0);
  get(0, 1, 6)->queued = 2, refused(CALL_PUT, UV_EAGAIN, 3, 4), put(0, 5, 7);
  no();
}

static void shut_is_for_good(void **state) {
  (void)state;
  start(1);
  shut(1, 2), refused(CALL_PUT, UV_EPIPE, 3, 4), refused(CALL_GET, UV_EOF, 5, 6);
  yes();
  h.calls[1].result = UV_EAGAIN;
  no();
  start(1);
  refused(CALL_PUT, UV_EPIPE, 1, 2), shut(3, 4);
  no();
  start(1);
  shut(1, 2), put(0, 3, 4), get(0, 5, 6);
  no();
}

static void what_is_in_it_can_still_be_got(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), shut(3, 4), get(0, 5, 6), refused(CALL_GET, UV_EOF, 7, 8);
  yes();
  start(1);
  put(0, 1, 2), shut(3, 4), refused(CALL_GET, UV_EOF, 5, 6), get(0, 7, 8);
  no();
}

static void shut_refuses_nobody_for_whom_there_is_room(void **state) {
  (void)state;
  start(1);
  put(0, 1, 2), refused(CALL_PUT, UV_EPIPE, 3, 9)->queued = 4, shut(5, 6), get(0, 7, 8);
  yes();
  start(1);
  put(0, 1, 2), refused(CALL_PUT, UV_EPIPE, 3, 9)->queued = 4, get(0, 5, 6), shut(7, 8);
  no();
  h.calls[1].queued = NOT_YET;
  yes();
}

static void what_is_left_is_what_is_dropped(void **state) {
  (void)state;
  start(2);
  put(3, 1, 2), put(5, 3, 4);
  h.left[0] = 3, h.left[1] = 5, h.left_count = 2;
  yes();
  h.left[0] = 5, h.left[1] = 3;
  no();
  h.left[0] = 3, h.left_count = 1;
  no();
}

static void latest_drops_the_oldest(void **state) {
  call_t *third;
  (void)state;
  start(2);
  h.is_latest = true;
  put(0, 1, 2), put(1, 3, 4), third = put(2, 5, 6), get(1, 7, 8), get(2, 9, 10);
  no();
  third->dropped_count = 1; /* item 0 */
  yes();
  third->dropped[0] = 1;
  no();
  start(2); /* there was room */
  h.is_latest = true;
  put(0, 1, 2), put(1, 3, 4)->dropped_count = 1, get(1, 5, 6);
  no();
  start(1);
  h.is_latest = true;
  put(0, 1, 2), refused(CALL_PUT, UV_EAGAIN, 3, 4), get(0, 5, 6);
  no();
}

static void abort_empties_it(void **state) {
  call_t *aborted;
  (void)state;
  start(1);
  put(0, 1, 2), aborted = add(CALL_ABORT, BY_WAITING, -1, 1, 3, 4);
  refused(CALL_GET, UV_EOF, 5, 6);
  no();
  aborted->dropped_count = 1;
  yes();
  aborted->dropped[0] = 1;
  no();
}

static void peek_sees_the_oldest(void **state) {
  (void)state;
  start(2);
  put(0, 1, 2), put(1, 3, 4), add(CALL_PEEK, BY_WAITING, 0, 0, 5, 6), get(0, 7, 8), get(1, 9, 10);
  yes();
  h.calls[2].item = 1;
  no();
  start(2); /* what is somebody's is not to be seen */
  get(0, 1, 7), put(0, 3, 4), add(CALL_PEEK, BY_WAITING, 0, 0, 5, 6);
  yes();
  h.calls[0].queued = 2;
  no();
}

static void stats_are_of_one_instant(void **state) {
  call_t *asked;
  (void)state;
  start(2);
  put(0, 1, 2), get(0, 3, 6), asked = add(CALL_STATS, BY_WAITING, -1, 0, 4, 5);
  asked->stats.puts = 1, asked->stats.count = 1;
  yes();
  asked->stats.gets = 1, asked->stats.count = 0;
  yes();
  asked->stats.count = 1;
  no();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_come_first_in_first_out),
      cmocka_unit_test(nothing_is_got_before_it_is_put),
      cmocka_unit_test(no_more_fit_than_the_capacity),
      cmocka_unit_test(a_try_fails_only_where_it_must),
      cmocka_unit_test(who_gives_up_found_it_so_before_it_slept),
      cmocka_unit_test(nobody_overtakes),
      cmocka_unit_test(the_loop_is_called_back_in_order),
      cmocka_unit_test(at_capacity_0_a_put_and_a_get_are_one),
      cmocka_unit_test(shut_is_for_good),
      cmocka_unit_test(what_is_in_it_can_still_be_got),
      cmocka_unit_test(shut_refuses_nobody_for_whom_there_is_room),
      cmocka_unit_test(what_is_left_is_what_is_dropped),
      cmocka_unit_test(latest_drops_the_oldest),
      cmocka_unit_test(abort_empties_it),
      cmocka_unit_test(peek_sees_the_oldest),
      cmocka_unit_test(stats_are_of_one_instant),
  };
  return cmocka_run_group_tests_name("sched.linear", tests, NULL, NULL);
}
