/* stress.destroy: the last user of a slot takes it down, and frees its memory, as soon as its own call has returned.
 * Sanitizers and valgrind see who touches it after that. */

#include <stdatomic.h>

#include "stress/ways.h"

/* A slot for an item or two, on the heap, that the one who sent it by mail takes down as soon as its own call has
 * returned: the other one, who makes one call and then is done with it, may still be on its way out. */
enum { REPLY, QUESTION, PAIR, REFUSAL };

typedef struct letter_s {
  gated_t gated;
  int kind;
} letter_t;

/* Without a deadline: a call that gives up has to look at the slot again. */
static void answer(void *arg) {
  handoff_slot_t *mail = arg;
  letter_t *letter;
  dice_t dice = dice_new(1000005);

  while (handoff_get(mail, &letter) == 0) {
    uint64_t item = (uintptr_t)letter;
    dice_dawdle(&dice, 2000);
    switch (letter->kind) {
      case REPLY:
        CHECK(handoff_put(&letter->gated.slot, &item) == 0);
        break;
      case QUESTION:
      case PAIR: /* the first of the two */
        CHECK(handoff_get(&letter->gated.slot, &item) == 0);
        CHECK(item == (uintptr_t)letter);
        break;
      case REFUSAL:
        handoff_slot_shut(&letter->gated.slot);
        break;
    }
  }
}

static void ask(handoff_slot_t *mail, dice_t *dice) {
  handoff_slot_options_t options = handoff_slot_options(sizeof(uint64_t));
  letter_t *letter = malloc(sizeof *letter);
  uint64_t item;
  bool is_put;
  int err;

  CHECK(letter != NULL);
  item = (uintptr_t)letter;
  letter->kind = (int)dice_below(dice, 4);
  is_put = letter->kind == QUESTION || letter->kind == PAIR;
  atomic_init(&letter->gated.is_shut, letter->kind == REFUSAL);
  /* A putter knows that an item has been taken when a put at capacity 0 has returned, or when there is room
   * for another one at capacity 1. */
  options.capacity = letter->kind == QUESTION ? 0 : letter->kind == PAIR ? 1 : dice_below(dice, 3);
  CHECK(handoff_slot_init(&letter->gated.slot, &options) == 0);
  CHECK(letter->kind != PAIR || handoff_try_put(&letter->gated.slot, &item) == 0);
  CHECK(handoff_put(mail, &letter) == 0);
  dice_dawdle(dice, 2000);
  do {
    err = is_put ? ways_put(&letter->gated, dice, ANY, &item)
                 : ways_get(&letter->gated, dice, ANY, &item);
  } while (err == UV_EAGAIN || err == UV_ETIMEDOUT);
  CHECK(err == (letter->kind == REFUSAL ? UV_EOF : 0) && item == (uintptr_t)letter);
  handoff_slot_destroy(&letter->gated.slot);
  free(letter);
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
      err = handoff_put_until(&shared->slot, &item, ways_deadline(dice));
      break;
    case 1:
      err = handoff_get_until(&shared->slot, &item, ways_deadline(dice));
      break;
    case 2:
      err = handoff_try_put(&shared->slot, &item);
      break;
    case 3:
      err = handoff_try_get(&shared->slot, &item);
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
  while (handoff_get(&user->inbox, &shared) == 0) {
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
      assert_int_equal(handoff_put(&users[i].inbox, &shared), 0);
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
  bounded_start();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_the_asker_destroys, set_up),
      cmocka_unit_test_setup(test_the_last_user_destroys, set_up),
  };
  dice_start();
  return cmocka_run_group_tests_name("stress.destroy", tests, NULL, NULL);
}
