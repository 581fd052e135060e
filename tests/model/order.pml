/* order: a model of the order of a lane's events (src/worker.c, src/report.c), in SPIN's Promela. What stands
 * for what: README.md.
 *
 * A producer and a consumer hand ITEMS items over a slot of capacity CAPACITY and report each hand-off to the
 * loop over a slot of capacity REPORTS; either may stop before any turn,
 * and the lane may be closed at any moment. The loop puts the reports in order with
 * one place to set one aside. All runs are finite: what never comes is an invalid end state.
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

#define PRODUCER 0
#define CONSUMER 1
#ifdef MUTANT_NO_ROOM_AT_0
#define ROOM CAPACITY
#else
#define ROOM (CAPACITY == 0 -> 1 : CAPACITY)
#endif

/* The claims: never true. They give each assertion the name that run.sh prints. */
bool law_of_the_slot, one_is_early, consecutive, all_delivered;
#define claim(name, condition) assert((condition) || name)

/* The slot of items: what is in it, and who waits. */
byte count;
bool shut;
bool waits[2];
bool refused[2];

/* The slot of reports, and its waiting putters: the side, and the number of the hand-off, or 0 for the end. */
chan reports = [REPORTS] of { byte, byte };
chan reporters = [2] of { byte, byte };
bool is_reporting[2];

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
    :: len(reports) < REPORTS -> reports!me, what
    :: else -> is_reporting[me] = true; reporters!me, what
    fi
  };
  !is_reporting[me]
}

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
#ifdef MUTANT_REPORTED_LATER
    :: !refused[me] && number > 1 -> report(me, number - 1)
    :: !refused[me] && number == 1
#else
    :: !refused[me] -> report(me, number)
#endif
    fi
  od;
#ifdef MUTANT_REPORTED_LATER
  if
  :: number != 0 -> report(me, number)
  :: else
  fi;
#endif
  report(me, 0)
}

/* ---------------------------------------------------------------------------------- report.c -- */

byte delivered[2];

#define IS_LAWFUL(side, number) \
  ((side == CONSUMER && number <= delivered[PRODUCER]) || \
   (side == PRODUCER && number <= delivered[CONSUMER] + ROOM))

inline deliver(side, number) {
  delivered[side]++;
  claim(consecutive, number == delivered[side]);
  claim(law_of_the_slot, delivered[CONSUMER] <= delivered[PRODUCER]);
  claim(law_of_the_slot,
    delivered[PRODUCER] <= delivered[CONSUMER] + (CAPACITY == 0 -> 1 : CAPACITY))
}

inline deliver_in_order() {
  if
#ifndef MUTANT_NOT_SET_ASIDE
  :: !IS_LAWFUL(side, number) ->
    claim(one_is_early, !has_early);
    has_early = true; early_side = side; early_number = number
  :: else ->
#else
  :: true ->
#endif
    deliver(side, number);
    if
    :: has_early && IS_LAWFUL(early_side, early_number) ->
      has_early = false;
      deliver(early_side, early_number);
      early_side = 0; early_number = 0
    :: else
    fi
  fi
}

inline shut_items() {
  shut = true;
  if
  :: waits[PRODUCER] -> waits[PRODUCER] = false; refused[PRODUCER] = true
  :: waits[CONSUMER] -> waits[CONSUMER] = false; refused[CONSUMER] = true
  :: else
  fi
}

proctype loop() {
  byte side, number, early_side, early_number, waiting_side, waiting_number, ended;
  bool has_early;

  do
  :: ended == 2 -> break
  :: atomic { !shut -> shut_items() } /* handoff_lane_close, at any moment */
  :: atomic { len(reports) != 0 ->
       reports?side, number;
       if
       :: len(reporters) != 0 ->
         reporters?waiting_side, waiting_number;
         reports!waiting_side, waiting_number;
         is_reporting[waiting_side] = false;
         waiting_side = 0; waiting_number = 0
       :: else
       fi
     };
     atomic {
       if
       :: number == 0 -> ended++; shut_items() /* on_side_ended */
       :: else -> deliver_in_order()
       fi;
       side = 0; number = 0
     }
  od;
  claim(all_delivered, !has_early)
}

init {
  atomic {
    run loop();
    run worker(PRODUCER);
    run worker(CONSUMER)
  }
}
