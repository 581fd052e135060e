/* order: a model of the order of a lane's events (src/lane/events.c, worker.c), in SPIN's Promela.
 * README.md maps its names to the code's.
 *
 * A producer and a consumer transfer ITEMS items through a slot of capacity CAPACITY. Each puts a
 * completion of each transfer into a completion queue of its own, of capacity QUEUE. Either may
 * stop before any turn, and with CLOSE=1 the lane may be closed at any moment. With FAULTS=1 a
 * completion may be lost, and its worker ends. The loop delivers the events of both in an order
 * that keeps the occupancy invariant. With COALESCE=1 the loop may leave completions alone until a
 * timer expires or a worker that has filled half of its queue posts `look`. Every run is finite:
 * what never comes is an invalid end state.
 *
 * A critical section is one step (atomic). MUTANT_… breaks the protocol in one place. */

#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef QUEUE
#define QUEUE 1
#endif
#ifndef ITEMS
#define ITEMS 4
#endif
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef COALESCE
#define COALESCE 0
#endif
#ifndef CLOSE
#define CLOSE 1
#endif

#define PRODUCER 0
#define CONSUMER 1
#ifdef MUTANT_NO_ROOM_AT_0
#define ROOM CAPACITY
#else
#define ROOM (CAPACITY == 0 -> 1 : CAPACITY)
#endif

/* The properties: never true. They give each assertion the name that run.sh prints. */
bool occupancy_invariant, consecutive, all_handled, all_delivered, look_posted_once;
#define check(name, condition) assert((condition) || name)

/* The slot of items, and its waiters. */
byte count;
bool shut;
bool waits[2];
bool refused[2];

/* The completion queues: the number of the transfer, or 0 for the end; and the waiting putter. */
chan completions[2] = [QUEUE] of { byte };
bool is_reporting[2];
byte reporting[2];

/* `look`: its flag, and whether it is in the port's task queue. */
bool is_look_posted, is_look_linked;

byte transferred[2]; /* and reported */
bool has_failed;

/* A put by the producer or a get by the consumer, under the slot's locks. A wake clears `waits`. */
inline transfer(me) {
  if
  :: me == PRODUCER && shut -> refused[me] = true
  :: me == PRODUCER && !shut && waits[CONSUMER] -> waits[CONSUMER] = false
  :: me == PRODUCER && !shut && !waits[CONSUMER] && count < CAPACITY -> count++
  :: me == CONSUMER && count != 0 ->
    if
    :: waits[PRODUCER] -> waits[PRODUCER] = false
    :: else -> count--
    fi
  :: me == CONSUMER && count == 0 && waits[PRODUCER] -> waits[PRODUCER] = false
  :: me == CONSUMER && count == 0 && !waits[PRODUCER] && shut -> refused[me] = true
  :: else -> waits[me] = true
  fi
}

/* The exchange on the flag, and the post. */
inline post_look() {
  atomic {
    was_posted = is_look_posted;
#ifdef MUTANT_FLAG_IN_TWO
  };
  atomic {
#endif
    is_look_posted = true
  };
  atomic {
    if
    :: was_posted -> was_posted = false
    :: else -> check(look_posted_once, !is_look_linked); is_look_linked = true
    fi
  }
}

inline put_completion(me, what) {
  if
  :: len(completions[me]) < QUEUE -> completions[me]!what
#ifdef MUTANT_DISCARD_IF_FULL
  :: len(completions[me]) == QUEUE && what != 0
  :: len(completions[me]) == QUEUE && what == 0 -> is_reporting[me] = true
#else
  :: else -> is_reporting[me] = true; reporting[me] = what
#endif
  fi
}

/* With COALESCE, a worker that has filled half of its queue posts `look`. */
#ifdef MUTANT_LOOK_TOO_RARELY
#define LOOK_EVERY (QUEUE + 1)
#else
#define LOOK_EVERY (QUEUE < 2 -> 1 : QUEUE / 2)
#endif

inline report(me, what) {
  atomic { put_completion(me, what) };
  !is_reporting[me];
#if COALESCE
  if
  :: number % LOOK_EVERY == 0 -> post_look()
  :: else
  fi
#endif
}

proctype worker(byte me) {
  byte number;
  bool was_posted;

  do
  :: number == ITEMS || refused[me] -> break
  :: break /* stopped: by the application, or by an error of its callback */
  :: number != ITEMS && !refused[me] ->
    atomic { transfer(me) };
    atomic {
      !waits[me];
      if
      :: !refused[me] -> number++
      :: else
      fi
    };
    if
    :: refused[me]
    :: !refused[me] -> report(me, number); transferred[me] = number
    :: FAULTS && !refused[me] -> has_failed = true; break
#ifdef MUTANT_END_UNREPORTED
    :: !refused[me] -> break
#endif
    fi
  od;
  report(me, 0)
}

/* ------------------------------------------------------------------------------- the loop -- */

byte delivered[2];
bool has_ended[2];

/* The next completion of each side, if the loop has it. */
bool has_completion[2];
byte next[2];

bool is_coalescing; /* the timer is armed */
bool is_awaited[2]; /* a request is pending on the completion queue nevertheless */
bool has_handled;   /* completions have arrived since the last time */

#define IS_DELIVERABLE(side, number) \
  ((side == CONSUMER && number <= delivered[PRODUCER]) || \
   (side == PRODUCER && number <= delivered[CONSUMER] + ROOM))

#ifdef MUTANT_ANY_ORDER
#define CAN_HANDLE(side) has_completion[side]
#elif defined(MUTANT_WAIT_FOR_ENDED)
#define CAN_HANDLE(side) \
  (has_completion[side] && (next[side] == 0 || IS_DELIVERABLE(side, next[side])))
#elif defined(MUTANT_END_WAITS)
#define CAN_HANDLE(side) \
  (has_completion[side] && \
   ((next[side] == 0 && delivered[CONSUMER] == delivered[PRODUCER]) || \
    (next[side] != 0 && IS_DELIVERABLE(side, next[side]))))
#else
#define CAN_HANDLE(side) \
  (has_completion[side] && \
   (next[side] == 0 || has_ended[1 - side] || IS_DELIVERABLE(side, next[side])))
#endif
#ifdef MUTANT_TAKE_TWO
#define CAN_TAKE(side) (len(completions[side]) != 0)
#else
#define CAN_TAKE(side) (!has_completion[side] && len(completions[side]) != 0)
#endif

inline deliver(side) {
  delivered[side]++;
  check(consecutive, next[side] == delivered[side]);
  check(occupancy_invariant, delivered[CONSUMER] <= delivered[PRODUCER]);
  check(occupancy_invariant,
    delivered[PRODUCER] <= delivered[CONSUMER] + (CAPACITY == 0 -> 1 : CAPACITY))
}

inline shut_items() {
  shut = true;
  if
  :: waits[PRODUCER] -> waits[PRODUCER] = false; refused[PRODUCER] = true
  :: waits[CONSUMER] -> waits[CONSUMER] = false; refused[CONSUMER] = true
  :: else
  fi
}

/* handle_next, once it has a completion. */
inline handle(side) {
  has_completion[side] = false;
#if COALESCE
  has_handled = true;
#endif
  if
  :: next[side] == 0 -> has_ended[side] = true; shut_items() /* on_side_ended */
#ifdef MUTANT_ANY_ORDER
  :: next[side] != 0 -> deliver(side)
#else
  :: next[side] != 0 && IS_DELIVERABLE(side, next[side]) -> deliver(side)
  :: else -> check(all_handled, has_failed) /* the event before it will never come */
#endif
  fi;
  next[side] = 0
}

inline take(side) {
  completions[side]?next[side];
  has_completion[side] = true;
  is_awaited[side] = false;
  if
  :: is_reporting[side] ->
    completions[side]!reporting[side];
    reporting[side] = 0;
    is_reporting[side] = false
  :: else
  fi
}

/* Coalescing begins when a look at both queues, one after the other, has found nothing more. */
#define MAY_COALESCE (has_handled && !shut && !has_ended[PRODUCER] && !has_ended[CONSUMER])
#define IS_IDLE(side) (!CAN_TAKE(side) && !CAN_HANDLE(side))

/* The timer never expires in place of a look that is due: no worker waits for room that the loop
 * could make. */
#define IS_LOOK_DUE(side) (is_reporting[side] && (!has_completion[side] || CAN_HANDLE(side)))

proctype loop() {
  bool was_posted;
#ifdef MUTANT_CLEAR_FLAG_LATE
  bool must_clear;
#endif

  do
  :: has_ended[PRODUCER] && has_ended[CONSUMER] -> break
#if CLOSE
  :: atomic { !shut -> shut_items() }; /* handoff_lane_close */
#if COALESCE
    if
    :: post_look()
    :: !is_coalescing /* it was called while completions are handled */
    fi
#endif
#endif
  :: atomic { CAN_TAKE(PRODUCER) && (!is_coalescing || is_awaited[PRODUCER]) -> take(PRODUCER) }
  :: atomic { CAN_TAKE(CONSUMER) && (!is_coalescing || is_awaited[CONSUMER]) -> take(CONSUMER) }
  :: atomic { CAN_HANDLE(PRODUCER) && !is_coalescing -> handle(PRODUCER) }
  :: atomic { CAN_HANDLE(CONSUMER) && !is_coalescing -> handle(CONSUMER) }
#if COALESCE
  :: atomic { is_look_linked -> is_look_linked = false }; /* on_look */
#ifdef MUTANT_CLEAR_FLAG_LATE
    must_clear = true;
#else
    is_look_posted = false;
#endif
    is_coalescing = false
  :: atomic { !is_coalescing && MAY_COALESCE && IS_IDLE(PRODUCER) -> skip };
    atomic {
      if
      :: CAN_TAKE(CONSUMER) -> take(CONSUMER)
      :: CAN_HANDLE(CONSUMER) -> handle(CONSUMER)
      :: IS_IDLE(CONSUMER) ->
        is_coalescing = true;
        has_handled = false;
        if
        :: !has_completion[PRODUCER] -> is_awaited[PRODUCER] = true
        :: !has_completion[CONSUMER] -> is_awaited[CONSUMER] = true
        :: true
        fi
      fi
    }
#ifdef MUTANT_CLEAR_FLAG_LATE
    ;
    atomic {
      if
      :: must_clear -> is_look_posted = false; must_clear = false
      :: else
      fi
    }
#endif
  :: atomic {
       is_coalescing && !IS_LOOK_DUE(PRODUCER) && !IS_LOOK_DUE(CONSUMER) ->
       is_coalescing = false /* on_coalesced */
     }
#endif
  od;
  check(all_handled, !has_completion[PRODUCER] && !has_completion[CONSUMER]);
  check(all_delivered, has_failed ||
    (delivered[PRODUCER] == transferred[PRODUCER] && delivered[CONSUMER] == transferred[CONSUMER]))
}

init {
  atomic {
    run loop();
    run worker(PRODUCER);
    run worker(CONSUMER)
  }
}
