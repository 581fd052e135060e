/* stress.destroy: the last user of a slot takes it down, and frees its memory, as soon as its own call has returned.
 * Sanitizers and valgrind see who touches it after that. */

#include <stdatomic.h>

#include "stress/jitter.h"
#include "stress/ways.h"

/* A slot for an item or two, on the heap, that the one who sent it by mail takes down as soon as its own call has
 * returned: the other one, who makes one call and then is done with it, may still be on its way out. */
enum { REPLY, QUESTION, PAIR, REFUSAL };

typedef struct letter_s {
  gated_t gated;
  int kind;
  uint64_t item;     /* the asker's */
  handoff_req_t req; /* if that is a loop */
} letter_t;

/* Without a deadline: a call that gives up has to look at the slot again. */
static void answer(void *arg) {
  handoff_slot_t *mail = arg;
  letter_t *letter;
  dice_t dice = dice_new(1000005);

  while (handoff_slot_get(mail, &letter) == 0) {
    uint64_t item = (uintptr_t)letter;
    dice_dawdle(&dice, 2000);
    switch (letter->kind) {
      case REPLY:
        CHECK(handoff_slot_put(&letter->gated.slot, &item) == 0);
        break;
      case QUESTION:
      case PAIR: /* the first of the two */
        CHECK(handoff_slot_get(&letter->gated.slot, &item) == 0);
        CHECK(item == (uintptr_t)letter);
        break;
      case REFUSAL:
        handoff_slot_shut(&letter->gated.slot);
        break;
    }
  }
}

static bool is_put(const letter_t *letter) {
  return letter->kind == QUESTION || letter->kind == PAIR;
}

static letter_t *send_letter(handoff_slot_t *mail, dice_t *dice) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  letter_t *letter = calloc(1, sizeof *letter);

  CHECK(letter != NULL);
  letter->item = (uintptr_t)letter;
  letter->kind = (int)dice_below(dice, 4);
  atomic_init(&letter->gated.is_shut, letter->kind == REFUSAL);
  /* A putter knows that an item has been taken when a put at capacity 0 has returned, or when there is room
   * for another one at capacity 1. */
  options.capacity = letter->kind == QUESTION ? 0 : letter->kind == PAIR ? 1 : dice_below(dice, 3);
  CHECK(handoff_slot_init(&letter->gated.slot, &options) == 0);
  CHECK(letter->kind != PAIR || handoff_slot_try_put(&letter->gated.slot, &letter->item) == 0);
  CHECK(handoff_slot_put(mail, &letter) == 0);
  return letter;
}

static void end_letter(letter_t *letter, int err) {
  CHECK(err == (letter->kind == REFUSAL ? UV_EOF : 0) && letter->item == (uintptr_t)letter);
  handoff_slot_destroy(&letter->gated.slot);
  free(letter);
}

static void ask(handoff_slot_t *mail, dice_t *dice) {
  letter_t *letter = send_letter(mail, dice);
  int err = UV_EAGAIN;

  dice_dawdle(dice, 2000);
  if (letter->kind ==
      PAIR) { /* who gives up, and then finds room, is who the other one is about to serve */
    err = handoff_slot_put_until(&letter->gated.slot, &letter->item,
                                 uv_hrtime() + dice_below(dice, 5000));
  }
  while (err == UV_EAGAIN || err == UV_ETIMEDOUT) {
    err = is_put(letter) ? ways_put(&letter->gated, dice, ANY, &letter->item)
                         : ways_get(&letter->gated, dice, ANY, &letter->item);
  }
  end_letter(letter, err);
}

static void test_the_asker_destroys(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(letter_t *));
  dice_t dice = dice_new(1000006);
  size_t rounds = dice_scaled(20000);
  handoff_slot_t mail;
  uv_thread_t thread;
  (void)state;

  options.capacity = 4;
  assert_int_equal(handoff_slot_init(&mail, &options), 0);
  assert_int_equal(uv_thread_create(&thread, answer, &mail), 0);
  while (rounds-- != 0) {
    ask(&mail, &dice);
  }
  handoff_slot_shut(&mail);
  assert_int_equal(uv_thread_join(&thread), 0);
  handoff_slot_destroy(&mail);
}

/* ------------------------------------------------------------------------------ a loop asks -- */

/* In the callback the request is the loop's again, and the slot with it. */
static void on_answered(handoff_req_t *req, int status) { end_letter(req->data, status); }

static void ask_by_request(handoff_slot_t *mail, dice_t *dice, handoff_port_t *port) {
  letter_t *letter = send_letter(mail, dice);
  int err;

  letter->req.data = letter;
  dice_dawdle(dice, 2000);
  err = is_put(letter)
            ? handoff_port_put(port, &letter->req, &letter->gated.slot, &letter->item, on_answered)
            : handoff_port_get(port, &letter->req, &letter->gated.slot, &letter->item, on_answered);
  CHECK(err == 0);
}

static void test_the_asking_loop_destroys(void **state) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(letter_t *));
  dice_t dice = dice_new(1000008);
  size_t rounds = dice_scaled(5000);
  handoff_slot_t mail;
  handoff_port_t port;
  uv_thread_t thread;
  uv_loop_t loop;
  (void)state;

  options.capacity = 4;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(handoff_port_init(&loop, &port), 0);
  assert_int_equal(handoff_slot_init(&mail, &options), 0);
  assert_int_equal(uv_thread_create(&thread, answer, &mail), 0);
  while (rounds-- != 0) {
    size_t letters = 1 + dice_below(&dice, 4);
    while (letters-- != 0) {
      ask_by_request(&mail, &dice, &port);
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0); /* until all are answered */
  }
  handoff_slot_shut(&mail);
  assert_int_equal(uv_thread_join(&thread), 0);
  handoff_slot_destroy(&mail);
  assert_int_equal(handoff_port_close(&port, NULL), 0);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* ------------------------------------------------------------------------------ the last user -- */

/* Two or three users, each of which makes one call; who finds itself the last one takes the slot down. */
typedef struct shared_s {
  handoff_slot_t slot;
  atomic_size_t users;
} shared_t;

typedef struct user_s {
  uv_thread_t thread;
  handoff_slot_t inbox; /* of shared_t * */
  dice_t dice;
} user_t;

static void use_once(shared_t *shared, dice_t *dice) {
  uint64_t item = 0;
  int err = 0;

  switch (dice_below(dice, 5)) {
    case 0:
      err = handoff_slot_put_until(&shared->slot, &item, ways_deadline(dice));
      break;
    case 1:
      err = handoff_slot_get_until(&shared->slot, &item, ways_deadline(dice));
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

static void use_many(void *arg) {
  user_t *user = arg;
  shared_t *shared;
  while (handoff_slot_get(&user->inbox, &shared) == 0) {
    use_once(shared, &user->dice);
  }
}

static void test_the_last_user_destroys(void **state) {
  enum { USERS = 3 };
  handoff_slot_options_t options = handoff_slot_options(sizeof(shared_t *));
  size_t rounds = dice_scaled(5000);
  dice_t dice = dice_new(1000007);
  user_t users[USERS];
  size_t i;
  (void)state;

  options.capacity = 2;
  for (i = 0; i < USERS; i++) {
    users[i].dice = dice_new(1000010 + i);
    assert_int_equal(handoff_slot_init(&users[i].inbox, &options), 0);
    assert_int_equal(uv_thread_create(&users[i].thread, use_many, &users[i]), 0);
  }
  while (rounds-- != 0) {
    handoff_slot_options_t small = handoff_slot_options(sizeof(uint64_t));
    shared_t *shared = malloc(sizeof *shared);
    assert_non_null(shared);
    small.capacity = dice_below(&dice, 2);
    assert_int_equal(handoff_slot_init(&shared->slot, &small), 0);
    atomic_init(&shared->users, USERS);
    for (i = 0; i < USERS; i++) {
      assert_int_equal(handoff_slot_put(&users[i].inbox, &shared), 0);
    }
  }
  for (i = 0; i < USERS; i++) {
    handoff_slot_shut(&users[i].inbox);
    assert_int_equal(uv_thread_join(&users[i].thread), 0);
    handoff_slot_destroy(&users[i].inbox);
  }
}

static int set_up(void **state) {
  (void)state;
  jitter_odds = 3; /* on the way out of a call, too, when the slot may be gone any moment */
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_the_asker_destroys, set_up),
      cmocka_unit_test_setup(test_the_asking_loop_destroys, set_up),
      cmocka_unit_test_setup(test_the_last_user_destroys, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.destroy", tests, NULL, NULL);
}
