/* order: a model of the order of a lane's events (src/worker.c, src/report.c), in SPIN's Promela. What stands
 * for what: README.md.
 *
 * A producer and a consumer hand ITEMS items over a slot of capacity CAPACITY, and each reports its hand-offs to the
 * loop over a slot of its own, of capacity REPORTS; either may stop before any turn,
 * and the lane may be closed at any moment; with FAULTS=1 a report may fail, with which its worker ends. The loop takes
 * the reports of both in the order of the law. All runs are finite: what never comes is an invalid end state.
 *
 * A critical section is one step (d_step). MUTANT_… breaks the protocol in one place. */

#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef REPORTS
#define REPORTS 1
#endif
#ifndef ITEMS
#define ITEMS 4
#endif

#ifndef FAULTS
#define FAULTS 0
#endif

#define PRODUCER 0
#define CONSUMER 1
#ifdef MUTANT_NO_ROOM_AT_0
#define ROOM CAPACITY
#else
#define ROOM (CAPACITY == 0 -> 1 : CAPACITY)
#endif

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool law_of_the_slot, consecutive, all_handled, all_delivered;
#define claim(name, condition) assert((condition) || name)

/* The slot of items: what is in it, and who waits. */
byte count;
bool shut;
bool waits[2];
bool refused[2];

/* The slots of reports: the number of the hand-off, or 0 for the end; and the putter that waits. */
chan reports[2] = [REPORTS] of { byte };
bool is_reporting[2];
byte reporting[2];

/* A put by the producer or a get by the consumer, as far as uv_mutex_unlock; the wake is seen at `waits`. */
inline hand_off(me) {
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

inline report(me, what) {
  atomic {
    if
    :: len(reports[me]) < REPORTS -> reports[me]!what
    :: else -> is_reporting[me] = true; reporting[me] = what
    fi
  };
  !is_reporting[me]
}

byte handed_off[2]; /* and reported */
bool has_failed;

proctype worker(byte me) {
  byte number;

  do
  :: number == ITEMS || refused[me] -> break
  :: break /* stopped: by the application, or by an error of its callback */
  :: number != ITEMS && !refused[me] ->
    atomic { hand_off(me) };
    atomic {
      !waits[me];
      if
      :: !refused[me] -> number++
      :: else
      fi
    };
    if
    :: refused[me]
    :: !refused[me] -> report(me, number); handed_off[me] = number
    :: FAULTS && !refused[me] -> has_failed = true; break
    fi
  od;
  report(me, 0)
}

/* ---------------------------------------------------------------------------------- report.c -- */

byte delivered[2];
bool has_ended[2];

#define IS_LAWFUL(side, number) \
  ((side == CONSUMER && number <= delivered[PRODUCER]) || \
   (side == PRODUCER && number <= delivered[CONSUMER] + ROOM))

/* The next report of each side, when the loop has it. */
bool has_report[2];
byte next[2];

#ifdef MUTANT_OUT_OF_TURN
#define IS_IN_TURN(side) true
#elif defined(MUTANT_WAITS_FOR_THE_ENDED)
#define IS_IN_TURN(side) (next[side] == 0 || IS_LAWFUL(side, next[side]))
#elif defined(MUTANT_END_WAITS)
#define IS_IN_TURN(side) \
  ((next[side] == 0 && delivered[CONSUMER] == delivered[PRODUCER]) || \
   (next[side] != 0 && IS_LAWFUL(side, next[side])))
#else
#define IS_IN_TURN(side) (next[side] == 0 || has_ended[1 - side] || IS_LAWFUL(side, next[side]))
#endif

inline deliver(side) {
  delivered[side]++;
  claim(consecutive, next[side] == delivered[side]);
  claim(law_of_the_slot, delivered[CONSUMER] <= delivered[PRODUCER]);
  claim(law_of_the_slot,
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

inline handle(side) {
  has_report[side] = false;
  if
  :: next[side] == 0 -> has_ended[side] = true; shut_items() /* on_side_ended */
#ifdef MUTANT_OUT_OF_TURN
  :: next[side] != 0 -> deliver(side)
#else
  :: next[side] != 0 && IS_LAWFUL(side, next[side]) -> deliver(side)
  :: else -> claim(all_handled, has_failed) /* what it would have followed will never come */
#endif
  fi;
  next[side] = 0
}

#define CAN_TAKE(side) (!has_report[side] && len(reports[side]) != 0)

inline take(side) {
  reports[side]?next[side];
  has_report[side] = true;
  if
  :: is_reporting[side] ->
    reports[side]!reporting[side];
    reporting[side] = 0;
    is_reporting[side] = false
  :: else
  fi
}

proctype loop() {
  do
  :: has_ended[PRODUCER] && has_ended[CONSUMER] -> break
  :: atomic { !shut -> shut_items() } /* handoff_lane_close, at any moment */
  :: atomic { CAN_TAKE(PRODUCER) -> take(PRODUCER) }
  :: atomic { CAN_TAKE(CONSUMER) -> take(CONSUMER) }
  :: atomic { has_report[PRODUCER] && IS_IN_TURN(PRODUCER) -> handle(PRODUCER) }
  :: atomic { has_report[CONSUMER] && IS_IN_TURN(CONSUMER) -> handle(CONSUMER) }
  od;
  claim(all_handled, !has_report[PRODUCER] && !has_report[CONSUMER]);
  claim(all_delivered, has_failed ||
    (delivered[PRODUCER] == handed_off[PRODUCER] && delivered[CONSUMER] == handed_off[CONSUMER]))
}

init {
  atomic {
    run loop();
    run worker(PRODUCER);
    run worker(CONSUMER)
  }
}
