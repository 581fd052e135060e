/* stress.destroy: the last user of a slot destroys it and frees its memory as soon as its own call
 * has returned, while the other thread is still on its way out of the library. AddressSanitizer and
 * valgrind report any access after that. */

#include "stress/call_variants.h"
#include "stress/delay_injection.h"

/* -------------------------------------------------------------- the caller destroys the slot -- */

/* What the peer does with the slot: the one call that it makes. */
enum { PEER_PUTS, PEER_GETS, PEER_GETS_THE_FIRST_OF_TWO, PEER_SHUTS, PEER_CALLS };

/* A slot on the heap, for one transfer between its owner and the peer. */
typedef struct oneshot_s {
  tracked_slot_t tracked;
  int peer_call;
  uint64_t item;     /* the owner's */
  handoff_req_t req; /* if the owner is a loop */
} oneshot_t;

/* The peer's calls have no deadline: a call that times out has to lock the slot again. */
static void run_peer(void *arg) {
  handoff_slot_t *inbox = arg;
  rng_t rng = rng_new(1000005);
  oneshot_t *shared;

  while (handoff_slot_get(inbox, &shared) == 0) {
    uint64_t item = (uintptr_t)shared;
    rng_busy_wait(&rng, 2000);
    if (shared->peer_call == PEER_SHUTS) {
      handoff_slot_shut(&shared->tracked.slot);
    } else if (shared->peer_call == PEER_PUTS) {
      CHECK(handoff_slot_put(&shared->tracked.slot, &item) == 0);
    } else {
      CHECK(handoff_slot_get(&shared->tracked.slot, &item) == 0);
      CHECK(item == (uintptr_t)shared);
    }
  }
}

static bool owner_puts(const oneshot_t *shared) {
  return shared->peer_call == PEER_GETS || shared->peer_call == PEER_GETS_THE_FIRST_OF_TWO;
}

/* Creates a slot and sends it to the peer. A putting owner knows that the peer has got its item
 * when a put at capacity 0 returns, or when a second put at capacity 1 succeeds. */
static oneshot_t *send_to_peer(handoff_slot_t *inbox, rng_t *rng) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  oneshot_t *shared = calloc(1, sizeof *shared);

  CHECK(shared != NULL);
  shared->item = (uintptr_t)shared;
  shared->peer_call = (int)rng_below(rng, PEER_CALLS);
  atomic_init(&shared->tracked.is_shut, shared->peer_call == PEER_SHUTS);
  options.capacity = shared->peer_call == PEER_GETS                    ? 0
                     : shared->peer_call == PEER_GETS_THE_FIRST_OF_TWO ? 1
                                                                       : rng_below(rng, 3);
  delay_cpus = 1 + (unsigned)rng_below(rng, 2);
  CHECK(handoff_slot_init(&shared->tracked.slot, &options) == 0);
  if (shared->peer_call == PEER_GETS_THE_FIRST_OF_TWO) {
    CHECK(handoff_slot_try_put(&shared->tracked.slot, &shared->item) == 0);
  }
  CHECK(handoff_slot_put(inbox, &shared) == 0);
  return shared;
}

static void destroy_after(oneshot_t *shared, int err) {
  CHECK(err == (shared->peer_call == PEER_SHUTS ? UV_EOF : 0));
  CHECK(shared->item == (uintptr_t)shared);
  handoff_slot_destroy(&shared->tracked.slot);
  free(shared);
}

static void transfer_once(handoff_slot_t *inbox, rng_t *rng) {
  oneshot_t *shared = send_to_peer(inbox, rng);
  handoff_side_t side = owner_puts(shared) ? HANDOFF_PRODUCER : HANDOFF_CONSUMER;
  int err = UV_EAGAIN;

  rng_busy_wait(rng, 2000);
  if (shared->peer_call == PEER_GETS_THE_FIRST_OF_TWO) {
    /* A short deadline: the peer may be about to complete this wait when it is cancelled. */
    err = handoff_slot_put_until(&shared->tracked.slot, &shared->item,
                                 uv_hrtime() + rng_below(rng, 5000));
  }
  while (err == UV_EAGAIN || err == UV_ETIMEDOUT) {
    err = tracked_call(&shared->tracked, rng, ANY, side, &shared->item);
  }
  destroy_after(shared, err);
}

static void start_peer(handoff_slot_t *inbox, uv_thread_t *thread) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(oneshot_t *));
  options.capacity = 4;
  assert_int_equal(handoff_slot_init(inbox, &options), 0);
  assert_int_equal(uv_thread_create(thread, run_peer, inbox), 0);
}

static void end_peer(handoff_slot_t *inbox, uv_thread_t *thread) {
  handoff_slot_shut(inbox);
  assert_int_equal(uv_thread_join(thread), 0);
  handoff_slot_destroy(inbox);
}

static void test_a_thread_destroys_the_slot_after_its_call(void **state) {
  stress_series_t series = stress_series(20000);
  rng_t rng = rng_new(1000006);
  handoff_slot_t inbox;
  uv_thread_t thread;
  (void)state;

  start_peer(&inbox, &thread);
  while (stress_next(&series)) {
    transfer_once(&inbox, &rng);
  }
  end_peer(&inbox, &thread);
}

/* ------------------------------------------------------------------ a loop destroys the slot -- */

static void on_done(handoff_req_t *req, int status) { destroy_after(req->data, status); }

static void submit(handoff_slot_t *inbox, rng_t *rng, handoff_port_t *port) {
  oneshot_t *shared = send_to_peer(inbox, rng);
  handoff_slot_t *slot = &shared->tracked.slot;
  handoff_req_t *req = &shared->req;

  req->data = shared;
  rng_busy_wait(rng, 2000);
  CHECK((owner_puts(shared) ? handoff_port_put(port, req, slot, &shared->item, on_done)
                            : handoff_port_get(port, req, slot, &shared->item, on_done)) == 0);
}

static void test_a_loop_destroys_the_slot_in_the_callback(void **state) {
  stress_series_t series = stress_series(5000);
  rng_t rng = rng_new(1000008);
  handoff_slot_t inbox;
  handoff_port_t port;
  uv_thread_t thread;
  uv_loop_t loop;
  (void)state;

  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  start_peer(&inbox, &thread);
  while (stress_next(&series)) {
    size_t requests = 1 + rng_below(&rng, 4);
    while (requests-- != 0) {
      submit(&inbox, &rng, &port);
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* until all have completed */
  }
  end_peer(&inbox, &thread);
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* --------------------------------------------------------------- the last of several threads -- */

#define USERS 3

/* A slot on the heap that each user calls once. The last one destroys it. */
typedef struct shared_s {
  handoff_slot_t slot;
  atomic_size_t users;
} shared_t;

typedef struct user_s {
  uv_thread_t thread;
  handoff_slot_t inbox; /* of shared_t * */
  rng_t rng;
} user_t;

static void use_once(shared_t *shared, rng_t *rng) {
  uint64_t item = 0;
  int err = 0;

  switch (rng_below(rng, 5)) {
    case 0:
      err = handoff_slot_put_until(&shared->slot, &item, random_deadline(rng));
      break;
    case 1:
      err = handoff_slot_get_until(&shared->slot, &item, random_deadline(rng));
      break;
    case 2:
      err = handoff_slot_try_put(&shared->slot, &item);
      break;
    case 3:
      err = handoff_slot_try_get(&shared->slot, &item);
      break;
    default:
      handoff_slot_shut(&shared->slot);
      break;
  }
  CHECK(err <= 0);
  if (atomic_fetch_sub(&shared->users, 1) == 1) {
    handoff_slot_destroy(&shared->slot);
    free(shared);
  }
}

static void run_user(void *arg) {
  user_t *user = arg;
  shared_t *shared;
  while (handoff_slot_get(&user->inbox, &shared) == 0) {
    use_once(shared, &user->rng);
  }
}

static void share_new_slot(user_t *users, rng_t *rng) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  shared_t *shared = malloc(sizeof *shared);
  size_t i;

  assert_non_null(shared);
  options.capacity = rng_below(rng, 2);
  delay_cpus = 1 + (unsigned)rng_below(rng, 2);
  assert_int_equal(handoff_slot_init(&shared->slot, &options), 0);
  atomic_init(&shared->users, USERS);
  for (i = 0; i < USERS; i++) {
    assert_int_equal(handoff_slot_put(&users[i].inbox, &shared), 0);
  }
}

static void test_the_last_of_several_threads_destroys_the_slot(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(shared_t *));
  stress_series_t series = stress_series(5000);
  rng_t rng = rng_new(1000007);
  user_t users[USERS];
  size_t i;
  (void)state;

  options.capacity = 2;
  for (i = 0; i < USERS; i++) {
    users[i].rng = rng_new(1000010 + i);
    assert_int_equal(handoff_slot_init(&users[i].inbox, &options), 0);
    assert_int_equal(uv_thread_create(&users[i].thread, run_user, &users[i]), 0);
  }
  while (stress_next(&series)) {
    share_new_slot(users, &rng);
  }
  for (i = 0; i < USERS; i++) {
    handoff_slot_shut(&users[i].inbox);
    assert_int_equal(uv_thread_join(&users[i].thread), 0);
    handoff_slot_destroy(&users[i].inbox);
  }
}

static int set_up(void **state) {
  delay_odds = 3; /* also on the way out of a call, when the slot may be destroyed at any moment */
  return bounded_set_up(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_thread_destroys_the_slot_after_its_call, set_up),
      cmocka_unit_test_setup(test_a_loop_destroys_the_slot_in_the_callback, set_up),
      cmocka_unit_test_setup(test_the_last_of_several_threads_destroys_the_slot, set_up),
  };
  return stress_run("destroy", tests);
}
